//! Whether a client has a response already, by its If-None-Match field.
//! The rules are RFC 9110 sections 8.8.3 and 13.1.2.

use super::Fields;

/// Whether a client has what this entity tag, quotes included, stands for. Compared weakly, as the
/// field demands. The tag holds no comma, so one within another's tag cannot lead to it.
#[must_use]
pub fn has_current(fields: &Fields, tag: &str) -> bool {
    fields.elements("if-none-match").any(|element| {
        let opaque = element.strip_prefix(b"W/").unwrap_or(element);
        element == b"*" || opaque == tag.as_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::super::{HeadParser, Limits, Progress};
    use super::*;

    #[test]
    fn tags_are_compared_weakly_with_each_of_the_list() {
        for (lines, expected) in [
            ("", false),
            ("If-None-Match:\r\n", false),
            ("If-None-Match: \"a\"\r\n", true),
            ("If-None-Match: W/\"a\"\r\n", true),
            ("If-None-Match: *\r\n", true),
            ("If-None-Match: \"b\", W/\"a\" ,\"c\"\r\n", true),
            ("If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", true),
            ("If-None-Match: \"x,y\", \"a\"\r\n", true),
            ("If-None-Match: a\r\n", false),
            ("If-None-Match: \"A\"\r\n", false),
            ("If-None-Match: w/\"a\"\r\n", false),
            ("If-None-Match: \"aa\", \"a-gzip\", \"\"\r\n", false),
            ("If-None-Match: \"x,a,y\"\r\n", false),
            ("If-Match: \"a\"\r\n", false),
        ] {
            let head = format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
            let read = HeadParser::default().advance(head.as_bytes(), &Limits::DEFAULT);
            let Ok(Progress::Complete(head, _)) = read else {
                panic!("{read:?}");
            };
            assert_eq!(has_current(&head.fields, "\"a\""), expected, "{lines:?}");
        }
    }
}

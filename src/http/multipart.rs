//! Values of forms that are sent as `multipart/form-data` (RFC 7578), as `FormData` in scripts and
//! arrays in PHP's curl are. Knows no request, and keeps nothing.

use super::class::{find, trim_blanks};

/// Longest boundary (RFC 2046 section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;

/// The last value of `name` in a body of this `Content-Type`, with U+FFFD for bytes that are not
/// UTF-8. None also where the type is another, or the body not as it should be.
#[must_use]
pub fn multipart_value(content_type: &[u8], body: &[u8], name: &str) -> Option<String> {
    let boundary = boundary(content_type)?;
    let delimiter = [b"\r\n--", boundary].concat();
    // The first delimiter stands at the start of a line too, so also at the start.
    let lines = [b"\r\n", body].concat();
    let mut value = None;
    let mut rest = after(&delimiter, &lines)?;
    // The last delimiter is followed by two hyphens.
    while !rest.starts_with(b"--") {
        let end = position(&delimiter, rest)?;
        let (part, next) = rest.split_at(end); // A place found in `rest`.
        if let Some(content) = content_of(part, name) {
            value = Some(String::from_utf8_lossy(content).into_owned());
        }
        rest = next.get(delimiter.len()..)?;
    }
    value
}

/// The content of a part, if it is the one of this name.
fn content_of<'a>(part: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let line_end = position(b"\r\n", part)?;
    // Behind its delimiter, a part begins with a line end; a part without fields, with two.
    let head = part.get(line_end..)?;
    let end = position(b"\r\n\r\n", head)?;
    let (fields, content) = head.split_at(end); // A place found in `head`.
    let is_of_name = lines(fields).any(|line| is_disposition(line, name));
    is_of_name.then(|| content.get(b"\r\n\r\n".len()..))?
}

/// ```text
/// Content-Disposition: form-data; name="NAME"                      ; RFC 7578 section 4.2
/// ```
fn is_disposition(line: &[u8], name: &str) -> bool {
    let colon = find(b':', line).unwrap_or(line.len());
    let (field, value) = line.split_at(colon); // A place found in `line`, or its end.
    field.eq_ignore_ascii_case(b"content-disposition")
        && parameter(value, b"name").is_some_and(|found| found == name.as_bytes())
}

fn boundary(content_type: &[u8]) -> Option<&[u8]> {
    let kind = b"multipart/form-data";
    let is_kind = content_type
        .get(..kind.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(kind));
    let boundary = parameter(content_type, b"boundary").filter(|_| is_kind)?;
    (1..=BOUNDARY_BYTES_MAX)
        .contains(&boundary.len())
        .then_some(boundary)
}

/// The value of a parameter, without its quotes. None of those that are looked for here hold a
/// semicolon or an escape.
fn parameter<'a>(value: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    value.split(|&byte| byte == b';').skip(1).find_map(|part| {
        let part = trim_blanks(part);
        let equals = find(b'=', part)?;
        let (found, text) = part.split_at(equals); // A place found in `part`.
        let text = text.get(1..)?;
        let quoted = text.strip_prefix(b"\"");
        let text = quoted
            .and_then(|text| text.strip_suffix(b"\""))
            .unwrap_or(text);
        found.eq_ignore_ascii_case(name).then_some(text)
    })
}

fn lines(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let start = bytes.strip_prefix(b"\r\n")?;
        let end = position(b"\r\n", start).unwrap_or(start.len());
        let (line, rest) = start.split_at(end); // A place found in `start`, or its end.
        bytes = rest;
        Some(line)
    })
}

fn after<'a>(needle: &[u8], haystack: &'a [u8]) -> Option<&'a [u8]> {
    haystack.get(position(needle, haystack)? + needle.len()..)
}

fn position(needle: &[u8], haystack: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=b";

    #[track_caller]
    fn check(content_type: &[u8], body: &str, expected: Option<&str>) {
        let found = multipart_value(content_type, body.as_bytes(), "a");
        assert_eq!(found.as_deref(), expected, "{body:?}");
    }

    fn part(head: &str, content: &str) -> String {
        format!("--b\r\n{head}\r\n\r\n{content}\r\n")
    }

    const A: &str = "Content-Disposition: form-data; name=\"a\"";

    #[test]
    fn the_last_value_of_the_name_is_found() {
        let body = |parts: &[String]| parts.concat() + "--b--\r\n";
        let other = part("Content-Disposition: form-data; name=\"b\"", "other");
        for (parts, expected) in [
            (vec![part(A, "x")], Some("x")),
            (vec![part(A, "")], Some("")),
            (vec![other.clone(), part(A, "x"), other.clone()], Some("x")),
            (vec![part(A, "x"), part(A, "y")], Some("y")),
            (
                vec![part(A, "x\r\n\r\n-- y --b")],
                Some("x\r\n\r\n-- y --b"),
            ),
            (
                vec![part(&format!("Content-Type: text/plain\r\n{A}"), "x")],
                Some("x"),
            ),
            (
                vec![part("content-disposition:form-data;NAME=a", "x")],
                Some("x"),
            ),
            (
                vec![part("Content-Disposition: form-data; filename=\"a\"", "x")],
                None,
            ),
            (vec![part("Content-Type: text/plain", "x")], None),
            (vec![other], None),
            (vec![], None),
        ] {
            check(TYPE, &body(&parts), expected);
        }
        let quoted = b"Multipart/Form-Data; charset=utf-8; Boundary=\"b\"";
        check(
            quoted,
            &format!("preamble\r\n{}--b--", part(A, "x")),
            Some("x"),
        );
    }

    #[test]
    fn what_is_no_such_form_has_no_values() {
        let whole = part(A, "x") + "--b--";
        for content_type in [
            &b""[..],
            b"multipart/form-data",
            b"multipart/form-data; boundary=",
            b"multipart/form-data; boundary=c",
            b"multipart/mixed; boundary=b",
            b"application/x-www-form-urlencoded",
        ] {
            check(content_type, &whole, None);
        }
        for cut in 0..whole.len() - 2 {
            check(TYPE, &whole[..cut], None);
        }
        let long = [b"multipart/form-data; boundary=".as_slice(), &[b'b'; 71]].concat();
        check(&long, &whole, None);
    }

    proptest! {
        #[test]
        fn no_body_is_too_odd(bytes in vec(any::<u8>(), 0..200)) {
            let body = [b"--b\r\n", bytes.as_slice(), b"\r\n--b--"].concat();
            let _ = multipart_value(TYPE, &body, "a");
            let _ = multipart_value(&bytes, &body, "a");
        }
    }
}

//! Typed texts, without characters that no picture shows.

use std::borrow::Cow;

/// A text without white space and invisible characters, and with ASCII characters in place of their
/// full-width forms. Phones add blanks, copied text has invisible marks, and keyboards for Chinese and
/// Japanese write full-width letters.
pub(super) fn forgive(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return text.into();
    }
    text.chars()
        .filter(|&c| !c.is_whitespace() && !is_invisible(c))
        .map(narrow)
        .collect::<String>()
        .into()
}

/// Zero-width space and joiners, the word joiner, and the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The ASCII character for one of U+FF01 to U+FF5E, the full-width forms.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_passed_over() {
        for text in [
            "aB3xY7",
            " aB3xY7",
            "aB3 xY7\n",
            "\ta\u{a0}B3\u{3000}x\u{2003}Y7\r\n",
            "\u{feff}aB3\u{200b}\u{200c}\u{200d}xY7\u{2060}",
            "ａＢ３ｘＹ７",
            "a B 3\u{85}x\u{2028}Y\u{b}7",
        ] {
            assert_eq!(forgive(text), "aB3xY7", "{text:?}");
        }
        assert_eq!(
            forgive("！～"),
            "!~",
            "the first and the last full-width form"
        );
    }

    #[test]
    fn all_else_stays() {
        for text in [
            "",
            "a\0b",
            "a\u{301}",
            "\u{17f}",
            "\u{ff00}\u{ff5f}",
            "а",
            "\u{ad}",
            "😀",
        ] {
            assert_eq!(forgive(text), text);
        }
    }
}

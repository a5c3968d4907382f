//! The text that solves a captcha, and how answers are compared with it.

use std::hint::black_box;

/// Longest solution in bytes. The longest text that is drawn has twelve characters, each of one
/// byte; with this bound the solution lies inside its captcha's entry.
pub const SOLUTION_BYTES_MAX: usize = 15;

/// A text of 1 to [`SOLUTION_BYTES_MAX`] bytes.
#[derive(Clone, Copy)]
pub struct Solution {
    bytes: [u8; SOLUTION_BYTES_MAX],
    len: u8,
}

impl Solution {
    /// A solution with this text; none if the text is empty or too long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; SOLUTION_BYTES_MAX];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).ok().filter(|len| 0 < *len)?;
        Some(Solution { bytes, len })
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> u8 {
        self.len
    }

    /// The text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The solution as [`Solution::form_of`] writes answers.
    #[must_use]
    pub fn form(&self) -> String {
        Self::form_of(&String::from_utf8_lossy(self.as_bytes()))
    }

    /// An answer in the form in which it is equal, byte for byte, to the solutions that it matches.
    #[must_use]
    pub fn form_of(answer: &str) -> String {
        answer.to_ascii_lowercase()
    }

    /// Whether an answer is right: ASCII letters are equal in either case, all else must be the
    /// same.
    ///
    /// Compares all bytes, so that the time taken does not reveal where a guess is wrong. It may
    /// reveal the length, which the picture shows anyway.
    #[must_use]
    pub fn matches(&self, answer: &str) -> bool {
        if usize::from(self.len) != answer.len() {
            return false;
        }
        let differences =
            self.bytes
                .iter()
                .zip(answer.as_bytes())
                .fold(0, |differences, (a, b)| {
                    black_box(differences | (a.to_ascii_lowercase() ^ b.to_ascii_lowercase()))
                });
        differences == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_to_fifteen_bytes() {
        for (text, fits) in [
            ("", false),
            ("a", true),
            ("123456789012345", true),
            ("1234567890123456", false),
            ("äöüäöüäö", false),
        ] {
            assert_eq!(Solution::new(text).is_some(), fits, "{text:?}");
        }
    }

    /// Two differences do not make up for each other.
    #[test]
    fn characters_in_another_order_are_wrong() {
        let solution = Solution::new("ab12").unwrap();
        for wrong in ["ba12", "ab21", "ba21", "12ab", "cd12"] {
            assert!(!solution.matches(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn only_the_case_of_ascii_letters_is_forgiven() {
        let solution = Solution::new("aBc4").unwrap();
        for right in ["aBc4", "ABC4", "abc4"] {
            assert!(solution.matches(right), "{right:?}");
            assert_eq!(solution.form(), Solution::form_of(right), "{right:?}");
        }
        for wrong in [
            "",
            "aBc",
            "aBc44",
            " aBc4",
            "aBc4 ",
            "aBc4\n",
            "aBc\0",
            "ａBc4",
            "aBc4\u{200b}",
            "xBc4",
            "aBcx",
        ] {
            assert!(!solution.matches(wrong), "{wrong:?}");
            assert_ne!(solution.form(), Solution::form_of(wrong), "{wrong:?}");
        }
        let k = Solution::new("k").unwrap();
        assert!(!k.matches("\u{212a}"), "the Kelvin sign");
        assert_ne!(k.form(), Solution::form_of("\u{212a}"), "the Kelvin sign");
    }
}

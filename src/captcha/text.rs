//! The text of a captcha: which characters it may hold and how they are chosen.
//!
//! Takes bytes from a source it does not know. The text is the secret of a captcha, so the caller
//! hands in bytes of the system's generator and never those of the one which decorates pictures.

/// The characters a text is drawn from: the ASCII letters and digits without those which are
/// mistaken for another once they are turned and hollow (`0 i j l o v B I O Q V`).
pub const ALPHABET: &[u8; 51] = b"123456789abcdefghkmnpqrstuwxyzACDEFGHJKLMNPRSTUWXYZ";

/// Most characters in a text, given or random. Nobody types longer ones willingly, and it bounds
/// what a picture holds.
pub const TEXT_CHARS_MAX: usize = 32;

/// Draws a text of `length` characters, each one independently and uniformly from the alphabet.
pub fn random(length: usize, source: &mut impl FnMut() -> u8) -> String {
    (0..length).map(|_| character(source)).collect()
}

/// Takes bytes until one of them stands for a character; one in 256 does not.
fn character(source: &mut impl FnMut() -> u8) -> char {
    loop {
        if let Some(letter) = letter(source()) {
            return char::from(letter);
        }
    }
}

/// The character for a random byte; none for bytes past the last whole multiple of the alphabet,
/// which would favour its first characters.
fn letter(byte: u8) -> Option<u8> {
    let fair = 256 / ALPHABET.len() * ALPHABET.len();
    (usize::from(byte) < fair).then(|| ALPHABET[usize::from(byte) % ALPHABET.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabet_leaves_out_the_look_alikes() {
        let mut expected: Vec<u8> = (b'0'..=b'9')
            .chain(b'a'..=b'z')
            .chain(b'A'..=b'Z')
            .filter(|letter| !b"0ijlovBIOQV".contains(letter))
            .collect();
        expected.sort_unstable();
        let mut alphabet = ALPHABET.to_vec();
        alphabet.sort_unstable();
        assert_eq!(alphabet, expected);
    }

    #[test]
    fn every_character_has_equally_many_bytes() {
        for letter_wanted in ALPHABET {
            let bytes = (0..=255).filter(|&byte| letter(byte) == Some(*letter_wanted));
            assert_eq!(bytes.count(), 5, "{}", char::from(*letter_wanted));
        }
    }

    #[test]
    fn bytes_without_a_character_are_passed_over() {
        let mut bytes = [255, 0, 255, 255, 50, 254].into_iter();
        assert_eq!(random(3, &mut || bytes.next().unwrap()), "1ZZ");
    }

    #[test]
    fn length_is_exact() {
        let mut rng = fastrand::Rng::with_seed(1);
        for length in 0..=TEXT_CHARS_MAX {
            assert_eq!(random(length, &mut || rng.u8(..)).len(), length);
        }
    }

    /// At each of the six places the characters must be uniform. With 50 degrees of freedom the
    /// statistic of fair draws passes 99.0 once in 20,000 times; a bias of the first character as
    /// small as that of a plain remainder (6 bytes against 5) gives several hundred here.
    #[test]
    fn characters_are_uniform_by_chi_squared() {
        const TEXTS: u32 = 100_000;
        let mut rng = fastrand::Rng::with_seed(2);
        let mut counts = [[0_u32; 256]; 6];
        for _ in 0..TEXTS {
            for (place, letter) in random(6, &mut || rng.u8(..)).bytes().enumerate() {
                counts[place][usize::from(letter)] += 1;
            }
        }
        let expected = f64::from(TEXTS) / 51.0;
        for place in counts {
            let chi_squared: f64 = ALPHABET
                .iter()
                .map(|&letter| {
                    (f64::from(place[usize::from(letter)]) - expected).powi(2) / expected
                })
                .sum();
            assert!(chi_squared < 99.0, "chi-squared is {chi_squared}");
        }
    }
}

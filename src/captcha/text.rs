//! The text of a captcha: which characters it may hold and how they are chosen.
//!
//! Takes bytes from a source it does not know. The text is the secret of a captcha, so the caller
//! hands in bytes of the system's generator and never those of the one which decorates pictures.

/// The characters a text is drawn from: 26 that differ when case is ignored, seven of them in two
/// forms. Left out is what is mistaken for another once it is turned, bent and crossed by lines.
///
/// - `0 O o Q` for each other, `1 I i l` for each other and for `7`, `4` for `A` and `L`, `5` for
///   `S`, `Z z` for `2`, `V v` for `U` and `Y`, `K k` for `H`, `R` and `X`;
/// - small forms alone: `b` for `6`, `c` for `e`, `d` for `a`, `g q` for `9`, `h n` for each other
///   and `m`, `f r` for `t`, `p` for `D`, `x y` for each other, and `j`, whose dot is lost among
///   dots.
pub const ALPHABET: &[u8; 33] = b"236789aemstuwABCDEFGHJLMNPRSTUWXY";

/// Most characters in a text, given or random. Nobody types longer ones willingly, and it bounds
/// what a picture holds.
pub const TEXT_CHARS_MAX: usize = 32;

/// Draws a text of `length` characters, each one independently and uniformly from the alphabet.
pub fn random(length: usize, source: &mut impl FnMut() -> u8) -> String {
    (0..length).map(|_| character(source)).collect()
}

/// Takes bytes until one of them stands for a character; one in ten does not.
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
            .filter(|letter| !b"0145bcdfghijklnopqrvxyzIKOQVZ".contains(letter))
            .collect();
        expected.sort_unstable();
        let mut alphabet = ALPHABET.to_vec();
        alphabet.sort_unstable();
        assert_eq!(alphabet, expected);
    }

    #[test]
    fn twenty_six_differ_when_case_is_ignored() {
        let mut classes = ALPHABET.map(|letter| letter.to_ascii_lowercase()).to_vec();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), 26);
    }

    #[test]
    fn every_character_has_equally_many_bytes() {
        for letter_wanted in ALPHABET {
            let bytes = (0..=255).filter(|&byte| letter(byte) == Some(*letter_wanted));
            assert_eq!(bytes.count(), 7, "{}", char::from(*letter_wanted));
        }
    }

    #[test]
    fn bytes_without_a_character_are_passed_over() {
        let mut bytes = [255, 0, 231, 255, 32, 230].into_iter();
        assert_eq!(random(3, &mut || bytes.next().unwrap()), "2YY");
    }

    #[test]
    fn length_is_exact() {
        let mut rng = fastrand::Rng::with_seed(1);
        for length in 0..=TEXT_CHARS_MAX {
            assert_eq!(random(length, &mut || rng.u8(..)).len(), length);
        }
    }

    /// At each of the six places the characters must be uniform. With 32 degrees of freedom the
    /// statistic of fair draws passes 73.1 once in 20,000 times; the bias of a plain remainder (8
    /// bytes against 7 for some) gives thousands here.
    #[test]
    fn characters_are_uniform_by_chi_squared() {
        const TEXTS: u32 = 1_000_000;
        let mut rng = fastrand::Rng::with_seed(2);
        let mut counts = [[0_u32; 256]; 6];
        for _ in 0..TEXTS {
            for (place, letter) in random(6, &mut || rng.u8(..)).bytes().enumerate() {
                counts[place][usize::from(letter)] += 1;
            }
        }
        let expected = f64::from(TEXTS) / ALPHABET.len() as f64;
        for place in counts {
            let chi_squared: f64 = ALPHABET
                .iter()
                .map(|&letter| {
                    (f64::from(place[usize::from(letter)]) - expected).powi(2) / expected
                })
                .sum();
            assert!(chi_squared < 73.1, "chi-squared is {chi_squared}");
        }
    }
}

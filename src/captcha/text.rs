//! The text of a captcha: which characters it may hold and how they are chosen.
//!
//! The text is the secret of a captcha, so it is drawn from the system's generator and from nothing
//! else: [`random`] takes an [`Entropy`], which only that can be. Pictures that guard nothing may
//! have a [`repeatable`] one.

use fastrand::Rng;

use crate::entropy::Entropy;

/// The classes of characters a text is drawn from. Those of a class are one character in upper and
/// lower case, or in one of them, and an answer may have either; two classes differ when case is
/// ignored. Left out is what is mistaken for another once it is turned, bent and crossed by lines.
///
/// - `0 O o Q` for each other, `1 I i l` for each other and for `7`, `4` for `A` and `L`, `5` for
///   `S`, `Z z` for `2`, `V v` for `U` and `Y`, `K k` for `H`, `R` and `X`;
/// - small forms alone: `b` for `6`, `c` for `e`, `d` for `a`, `g q` for `9`, `h n` for each other
///   and `m`, `f r` for `t`, `p` for `D`, `x y` for each other, and `j`, whose dot is lost among
///   dots.
pub const CLASSES: [&str; 21] = [
    "2", "3", "6", "7", "8", "9", "A", "C", "D", "eE", "F", "H", "L", "M", "R",
    "sS", "T", "uU", "wW", "X", "Y",
];

/// Most characters in a text, given or random. Nobody types longer ones willingly, and it bounds
/// what a picture holds.
pub const TEXT_CHARS_MAX: usize = 32;

/// Draws a text of `length` characters that nobody can foresee: each one from a class of its own,
/// all classes equally likely, so that of all answers none is better than another.
pub fn random(length: usize, entropy: &mut Entropy) -> String {
    draw(length, || entropy.byte())
}

/// Draws a text as [`random`] does, but from a generator that gives the same one again for the same
/// seed. For samples, tests and measurements.
pub fn repeatable(length: usize, rng: &mut Rng) -> String {
    draw(length, || rng.u8(..))
}

fn draw(length: usize, mut byte: impl FnMut() -> u8) -> String {
    (0..length).map(|_| character(&mut byte)).collect()
}

/// Takes bytes until one of them stands for a class (one in twelve does not), and one more for the
/// form where the class has several.
fn character(byte: &mut impl FnMut() -> u8) -> char {
    loop {
        let Some(class) = class(byte()) else {
            continue;
        };
        return match class.as_bytes() {
            [only] => char::from(*only),
            // A power of two, so each as often.
            forms => char::from(forms[usize::from(byte()) % forms.len()]),
        };
    }
}

/// The class for a random byte; none for bytes past the last whole multiple of their number, which
/// would favour the first.
fn class(byte: u8) -> Option<&'static str> {
    let fair = 256 / CLASSES.len() * CLASSES.len();
    (usize::from(byte) < fair).then(|| CLASSES[usize::from(byte) % CLASSES.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_leave_out_the_look_alikes() {
        let mut expected: Vec<u8> = (b'0'..=b'9')
            .chain(b'a'..=b'z')
            .chain(b'A'..=b'Z')
            .filter(|letter| !b"0145bcdfghijklnopqrvxyzIKOQVZ".contains(letter))
            .collect();
        expected.sort_unstable();
        let mut characters = CLASSES.concat().into_bytes();
        characters.sort_unstable();
        assert_eq!(characters, expected);
    }

    #[test]
    fn classes_differ_when_case_is_ignored_and_their_forms_do_not() {
        let mut names: Vec<String> = CLASSES.map(|forms| forms[..1].to_lowercase()).into();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CLASSES.len());
        for forms in CLASSES {
            assert!(forms.is_ascii() && forms.len().is_power_of_two(), "{forms}");
            for form in forms.chars() {
                assert!(form.eq_ignore_ascii_case(&forms.chars().next().unwrap()));
            }
        }
    }

    #[test]
    fn every_class_has_equally_many_bytes() {
        for wanted in CLASSES {
            let bytes = (0..=255).filter(|&byte| class(byte) == Some(wanted));
            assert_eq!(bytes.count(), 9, "{wanted}");
        }
    }

    #[test]
    fn bytes_without_a_class_are_passed_over() {
        let mut bytes = [255, 0, 233, 234, 6, 0, 32, 7].into_iter();
        assert_eq!(draw(4, || bytes.next().unwrap()), "2YaA");
    }

    #[test]
    fn length_is_exact() {
        let mut rng = Rng::with_seed(1);
        for length in 0..=TEXT_CHARS_MAX {
            assert_eq!(repeatable(length, &mut rng).len(), length);
        }
    }

    /// Of two million texts, as the service draws them: at each of the six places the classes must
    /// be uniform, and so must the forms of a class. With 25 degrees of freedom the statistic of
    /// fair draws passes 62 once in 20,000 times, for all six places together once in 3,000; the
    /// bias of a plain remainder (10 bytes against 9 for some) gives thousands. The best guess takes
    /// the most frequent class of each place: it is right hardly more often than any other.
    #[test]
    fn characters_are_uniform_by_chi_squared() {
        const TEXTS: u32 = 2_000_000;
        const PLACES: usize = 6;
        let mut entropy = Entropy::default();
        let mut counts = [[0_u32; 128]; PLACES];
        for _ in 0..TEXTS {
            for (place, letter) in random(PLACES, &mut entropy).bytes().enumerate() {
                counts[place][usize::from(letter)] += 1;
            }
        }
        let expected = f64::from(TEXTS) / CLASSES.len() as f64;
        let mut best_guess = 1.0;
        for place in counts {
            let count = |form: u8| f64::from(place[usize::from(form)]);
            let classes = CLASSES.map(|forms| forms.bytes().map(count).sum::<f64>());
            let chi_squared: f64 = classes
                .map(|n| (n - expected).powi(2) / expected)
                .iter()
                .sum();
            assert!(chi_squared < 62.0, "chi-squared is {chi_squared}");
            best_guess *= classes.iter().copied().fold(0.0, f64::max) / f64::from(TEXTS);
            for forms in CLASSES.iter().filter(|forms| forms.len() == 2) {
                let [one, other] = [0, 1].map(|form| count(forms.as_bytes()[form]));
                // Six standard deviations.
                assert!((one - other).abs() < 6.0 * (one + other).sqrt(), "{forms}");
            }
        }
        // Even of fair draws the most frequent classes of so many lie 0.8 % above the others each.
        let advantage = best_guess * (CLASSES.len() as f64).powi(PLACES as i32);
        assert!(
            advantage < 1.08,
            "the best guess is right {advantage} times as often as any"
        );
    }
}

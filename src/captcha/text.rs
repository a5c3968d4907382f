//! The text of a captcha: which characters it may hold, how they are chosen, and what typed
//! characters count as.
//!
//! The text is the secret of a captcha, so it is drawn from the system's generator and from nothing
//! else: [`Alphabet::random`] takes an [`Entropy`], which only that can be. Pictures that guard
//! nothing may have a [repeatable](Alphabet::repeatable) one.

use fastrand::Rng;

use crate::entropy::Entropy;

/// Most characters in a text, given or random. Nobody types longer ones willingly, and it bounds
/// what a picture holds.
pub const TEXT_CHARS_MAX: usize = 32;

/// Fewest classes of an alphabet. With fewer, even long texts are soon guessed.
pub const CLASSES_MIN: usize = 8;

/// What texts are drawn from if nobody chooses: 15 classes of characters that are seldom mistaken for
/// each other, or for any other character, once they are turned, bent and crossed by lines. A guess is
/// right once in 11 million.
///
/// What is mistaken for one of them is left out and counts as it, as [`Alphabet::form`] has it. So
/// are `M` and `N` for `H`, `7` for `T`, `P` for `R`, `F` for `E`, and all small letters. `D`, `6` and `9`
/// are left out because readers doubted whether they saw an `O`, a `b` or a `Q`.
pub const USUAL: &str = "238ACEHLRSTUWXY";

/// What a character that is in no text is taken for, the likeliest first. A text has one of these at
/// most: the first that is in its alphabet.
///
/// No digit counts as another, and no two digits count as the same letter, so that the ten of them
/// differ in every alphabet.
const TAKEN_FOR: [(u8, &[u8]); 24] = [
    (b'0', b"od"),
    (b'1', b"il"),
    (b'2', b"z"),
    (b'4', b"a"),
    (b'5', b"s"),
    (b'7', b"t"),
    (b'8', b"b"),
    (b'9', b"q"),
    (b'b', b"68"),
    (b'f', b"e"),
    (b'g', b"69"),
    (b'i', b"1l"),
    (b'j', b"7"),
    (b'k', b"x"),
    (b'l', b"1i"),
    (b'm', b"nh"),
    (b'n', b"mh"),
    (b'o', b"0d"),
    (b'p', b"r"),
    (b'q', b"9o0"),
    (b's', b"5"),
    (b'v', b"yu"),
    (b'y', b"v"),
    (b'z', b"2"),
];

/// The characters that texts are drawn from.
///
/// Those of a class are one character in upper and lower case, or in one of them, and an answer may
/// have either; two classes differ when case is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alphabet {
    /// The two forms of each class; where it has one only, that one twice.
    classes: Vec<[u8; 2]>,
    /// What each ASCII character counts as.
    counts_as: [u8; 128],
}

impl Default for Alphabet {
    fn default() -> Self {
        Self::new(USUAL).expect("the usual alphabet is one")
    }
}

impl Alphabet {
    /// The alphabet of these letters and digits, in any order. None if anything else is among them,
    /// or if they are of fewer than [`CLASSES_MIN`] classes.
    #[must_use]
    pub fn new(characters: &str) -> Option<Self> {
        let mut classes: Vec<[u8; 2]> = Vec::new();
        for form in characters.bytes() {
            if !form.is_ascii_alphanumeric() {
                return None;
            }
            let known = classes
                .iter_mut()
                .find(|[one, _]| one.eq_ignore_ascii_case(&form));
            match known {
                None => classes.push([form; 2]),
                Some([one, other]) if *one != form => *other = form,
                Some(_) => {}
            }
        }
        let counts_as = std::array::from_fn(|character| counts_as(character as u8, &classes));
        (CLASSES_MIN <= classes.len()).then_some(Self { classes, counts_as })
    }

    /// Whether all of its characters are digits.
    #[must_use]
    pub fn is_digits(&self) -> bool {
        self.classes.iter().flatten().all(u8::is_ascii_digit)
    }

    /// How many texts of a length there are if case is ignored, as far as that is a number; each is
    /// equally likely.
    #[must_use]
    pub fn texts(&self, length: usize) -> u64 {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        (self.classes.len() as u64).saturating_pow(length)
    }

    /// Draws a text of `length` characters that nobody can foresee: each one from a class of its own,
    /// all classes equally likely, so that no guess is better than another.
    pub fn random(&self, length: usize, entropy: &mut Entropy) -> String {
        self.draw(length, || entropy.byte())
    }

    /// Draws a text as [`random`](Self::random) does, but from a generator that gives the same one
    /// again for the same seed. For samples, tests and measurements: no route calls it.
    pub fn repeatable(&self, length: usize, rng: &mut Rng) -> String {
        self.draw(length, || rng.u8(..))
    }

    fn draw(&self, length: usize, mut byte: impl FnMut() -> u8) -> String {
        (0..length).map(|_| self.character(&mut byte)).collect()
    }

    /// Takes bytes until one of them stands for a class, and one more for the form.
    fn character(&self, byte: &mut impl FnMut() -> u8) -> char {
        loop {
            if let Some(forms) = self.class(byte()) {
                return char::from(forms[usize::from(byte() & 1)]);
            }
        }
    }

    /// The class for a random byte; none for bytes past the last whole multiple of their number, which
    /// would favour the first.
    fn class(&self, byte: u8) -> Option<[u8; 2]> {
        let count = self.classes.len();
        let fair = 256 / count * count;
        (usize::from(byte) < fair).then(|| self.classes[usize::from(byte) % count])
    }

    /// The one form of all texts that count as the same: in lower case, and with what is in no text of
    /// this alphabet as what it is taken for. Every character has one form alone, so that an answer
    /// is right for as many texts as without.
    #[must_use]
    pub fn form(&self, text: &str) -> String {
        let form_of = |character: char| {
            let form = self.counts_as.get(character as usize);
            form.map_or(character, |form| char::from(*form))
        };
        text.chars().map(form_of).collect()
    }
}

/// What a character counts as in texts of these classes: in lower case, itself or what it is taken for.
fn counts_as(character: u8, classes: &[[u8; 2]]) -> u8 {
    let is_in_texts = |character: u8| {
        let is = |[one, _]: &[u8; 2]| one.eq_ignore_ascii_case(&character);
        classes.iter().any(is)
    };
    let typed = character.to_ascii_lowercase();
    let taken_for = TAKEN_FOR.iter().find(|(other, _)| *other == typed);
    match taken_for {
        Some((_, meant)) if !is_in_texts(typed) => {
            let meant = meant.iter().find(|meant| is_in_texts(**meant));
            *meant.unwrap_or(&typed)
        }
        _ => typed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "0123456789";

    /// Alphabets of all kinds: the usual one, digits, letters, all there are, and eight of chance.
    fn alphabets() -> Vec<Alphabet> {
        let all: Vec<char> = (DIGITS.chars()).chain('a'..='z').chain('A'..='Z').collect();
        let mut rng = Rng::with_seed(1);
        let chosen = (0..500).map(|_| rng.choose_multiple(&all, 12).into_iter().collect());
        let letters = ('a'..='z').collect();
        [
            USUAL.to_owned(),
            DIGITS.to_owned(),
            letters,
            all.iter().collect(),
        ]
        .into_iter()
        .chain(chosen)
        .filter_map(|characters: String| Alphabet::new(&characters))
        .collect()
    }

    #[test]
    fn the_usual_alphabet_has_fifteen_classes() {
        assert_eq!(Alphabet::default().classes.len(), 15);
        assert_eq!(Alphabet::default().texts(6), 11_390_625);
    }

    #[test]
    fn alphabets_are_letters_and_digits_of_eight_classes() {
        for right in [USUAL, DIGITS, "abcdefgh", "01234567", "hgfedcbaHGabc"] {
            assert!(Alphabet::new(right).is_some(), "{right}");
        }
        for wrong in [
            "",
            "abcdefg",
            "aAbBcCdDeEfFgG",
            "abcdefgh ",
            "abcdefgh\u{e9}",
            "abc,efghij",
        ] {
            assert_eq!(Alphabet::new(wrong), None, "{wrong}");
        }
        let both = Alphabet::new("abcdefghAAa").unwrap();
        assert_eq!(both.classes[0], *b"aA");
        assert_eq!(both.classes[1], *b"bb");
    }

    #[test]
    fn digits_alone_are_digits() {
        assert!(Alphabet::new(DIGITS).unwrap().is_digits());
        assert!(!Alphabet::new("0123456789a").unwrap().is_digits());
        assert!(!Alphabet::default().is_digits());
    }

    #[test]
    fn texts_are_counted() {
        assert_eq!(Alphabet::new(DIGITS).unwrap().texts(4), 10_000);
        assert_eq!(Alphabet::new(DIGITS).unwrap().texts(400), u64::MAX);
    }

    #[test]
    fn every_class_has_equally_many_bytes() {
        for alphabet in alphabets() {
            let count = alphabet.classes.len();
            for wanted in &alphabet.classes {
                let bytes = (0..=255).filter(|&byte| alphabet.class(byte) == Some(*wanted));
                assert_eq!(bytes.count(), 256 / count, "{alphabet:?}");
            }
        }
    }

    #[test]
    fn bytes_without_a_class_are_passed_over() {
        let digits = Alphabet::new(DIGITS).unwrap();
        let mut bytes = [255, 0, 9, 252, 9, 2, 9, 3, 25, 7].into_iter();
        assert_eq!(digits.draw(4, || bytes.next().unwrap()), "0995");
    }

    #[test]
    fn length_is_exact() {
        let mut rng = Rng::with_seed(1);
        for length in 0..=TEXT_CHARS_MAX {
            let text = Alphabet::default().repeatable(length, &mut rng);
            assert_eq!(text.len(), length);
        }
    }

    #[test]
    fn what_is_in_no_text_counts_as_what_it_is_taken_for() {
        let usual = Alphabet::default();
        for pair in [
            "mH", "NH", "5S", "z2", "Z2", "vY", "kX", "pR", "fE", "7T", "b8",
        ] {
            let (typed, meant) = pair.split_at(1);
            assert_eq!(usual.form(typed), usual.form(meant), "{typed}");
        }
        let digits = Alphabet::new(DIGITS).unwrap();
        assert_eq!(digits.form("oIlZSbq"), "0112569");
    }

    /// What is in texts is what it is, in either case, and nothing else is changed.
    #[test]
    fn characters_of_texts_keep_their_class() {
        for alphabet in alphabets() {
            for [one, other] in &alphabet.classes {
                for form in [one, other] {
                    let text = char::from(*form).to_string();
                    assert_eq!(alphabet.form(&text), text.to_lowercase(), "{alphabet:?}");
                }
            }
            assert_eq!(alphabet.form("\u{e9}\u{1f600}!"), "\u{e9}\u{1f600}!");
        }
    }

    /// Spoken texts hold all ten, whatever the pictures' alphabet.
    #[test]
    fn the_ten_digits_have_ten_forms() {
        for alphabet in alphabets() {
            let mut forms: Vec<char> = alphabet.form(DIGITS).chars().collect();
            forms.sort_unstable();
            forms.dedup();
            assert_eq!(forms.len(), 10, "{alphabet:?}");
        }
    }

    #[test]
    fn a_form_is_its_own_form() {
        let all: String = (0..128_u8).map(char::from).collect();
        for alphabet in alphabets() {
            let form = alphabet.form(&all);
            assert_eq!(alphabet.form(&form), form);
        }
    }

    /// Of two million texts, as the service draws them: at each of the six places the classes must
    /// be uniform, and so must the forms of a class. With 19 degrees of freedom the statistic of
    /// fair draws passes 55 once in 20,000 times, for all six places together once in 3,000; the
    /// bias of a plain remainder (13 bytes against 12 for some) gives thousands. The best guess takes
    /// the most frequent class of each place: it is right hardly more often than any other.
    #[test]
    fn characters_are_uniform_by_chi_squared() {
        const TEXTS: u32 = 2_000_000;
        const PLACES: usize = 6;
        let alphabet = Alphabet::default();
        let mut entropy = Entropy::default();
        let mut counts = [[0_u32; 128]; PLACES];
        for _ in 0..TEXTS {
            for (place, letter) in alphabet.random(PLACES, &mut entropy).bytes().enumerate() {
                counts[place][usize::from(letter)] += 1;
            }
        }
        let classes = alphabet.classes.len() as f64;
        let expected = f64::from(TEXTS) / classes;
        let mut best_guess = 1.0;
        for place in counts {
            let count = |form: u8| f64::from(place[usize::from(form)]);
            let mut chi_squared = 0.0;
            let mut most = 0.0_f64;
            for [one, other] in &alphabet.classes {
                let both = if one == other {
                    count(*one)
                } else {
                    count(*one) + count(*other)
                };
                chi_squared += (both - expected).powi(2) / expected;
                most = most.max(both);
                // Six standard deviations.
                let apart = (count(*one) - count(*other)).abs();
                assert!(apart < 6.0 * both.sqrt(), "{}", char::from(*one));
            }
            assert!(chi_squared < 55.0, "chi-squared is {chi_squared}");
            best_guess *= most / f64::from(TEXTS);
        }
        // Even of fair draws the most frequent classes of so many lie 0.7 % above the others each.
        let advantage = best_guess * classes.powi(PLACES as i32);
        assert!(
            advantage < 1.08,
            "the best guess is right {advantage} times as often as any"
        );
    }
}

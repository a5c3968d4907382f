//! The two media of a captcha: a picture, and a sound for people who cannot see it. Each reads its
//! parameters from a request, draws its texts, and makes its file. Knows neither ids nor the store.

use std::iter;

use fastrand::Rng;

use super::error::{self, Detail, Input, Place};
use super::{AppWorker, Request, Settings};
use crate::captcha::{Style, ThemeChoice};
use crate::entropy::Entropy;
use crate::http::{self, Response};
use crate::sound::{DEFAULT_LANGUAGE, Voices};

/// Room for a picture of the usual size, so that its buffer need not grow.
const PNG_BYTES_USUAL: usize = 16 * 1024;

/// Room for a sound of the usual length.
const WAV_BYTES_USUAL: usize = 128 * 1024;

const THEMES: &str = "'light', 'dark' or 'random'";

/// A medium with the parameters of its request.
#[derive(Clone, Copy)]
pub(super) enum Medium {
    Picture(ThemeChoice),
    /// In the language of this tag.
    Sound(&'static str),
}

impl Medium {
    /// A picture in the theme of the query, or in the default one; an error response if there is no
    /// such theme.
    pub(super) fn picture(usual: ThemeChoice, request: &Request) -> Result<Self, Response> {
        match request.head.target.query_value("theme") {
            None => Ok(Medium::Picture(usual)),
            Some(name) => ThemeChoice::parse(&name)
                .map(Medium::Picture)
                .ok_or_else(|| unknown_theme(&name)),
        }
    }

    /// A sound in the language of the query, else in the one that `Accept-Language` prefers, else in
    /// the default one. A language without a voice is not an error: pages name their own language, and
    /// visitors may understand another.
    pub(super) fn sound(voices: &Voices, request: &Request) -> Self {
        let languages = voices.languages();
        let named = request.head.target.query_value("lang");
        let language = named
            .and_then(|tag| http::lookup_language(tag.as_bytes(), languages.clone()))
            .or_else(|| http::preferred_language(&request.head.fields, &languages));
        Medium::Sound(language.unwrap_or(DEFAULT_LANGUAGE))
    }

    /// A random text.
    pub(super) fn random_text(self, settings: &Settings, entropy: &mut Entropy) -> String {
        match self {
            Medium::Picture(_) => {
                let captcha = &settings.captcha;
                captcha.alphabet.random(captcha.length, entropy)
            }
            Medium::Sound(_) => digits(settings.audio_length, entropy),
        }
    }

    /// The file of a text, decorated with this generator.
    pub(super) fn make(
        self,
        worker: &mut AppWorker,
        text: &str,
        rng: &mut Rng,
    ) -> Result<Vec<u8>, String> {
        match self {
            Medium::Picture(theme) => {
                let style = Style {
                    theme: theme.pick(rng),
                    ..worker.app.settings.captcha.style
                };
                let mut png = Vec::with_capacity(PNG_BYTES_USUAL);
                let painted = worker.painter.paint(text, &style, rng, &mut png);
                painted.map(|()| png).map_err(|error| error.to_string())
            }
            Medium::Sound(language) => {
                let speaker = worker.speaker.as_mut().ok_or("there are no voices")?;
                let mut wav = Vec::with_capacity(WAV_BYTES_USUAL);
                let spoken = speaker.speak(text, language, rng, &mut wav);
                spoken.map(|()| wav).map_err(|error| error.to_string())
            }
        }
    }
}

/// Random digits, all ten equally likely. Bytes from the last whole multiple of ten on are skipped, since
/// they would favour the first digits.
fn digits(length: usize, entropy: &mut Entropy) -> String {
    iter::repeat_with(|| entropy.byte())
        .filter(|byte| *byte < 250)
        .map(|byte| char::from(b'0' + byte % 10))
        .take(length)
        .collect()
}

fn unknown_theme(name: &str) -> Response {
    error::unprocessable(&[Detail {
        kind: "enum",
        place: Place::Query("theme"),
        message: "Input should be 'light', 'dark' or 'random'",
        input: Input::Text(name),
        context: Some(("expected", THEMES)),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captcha::text::Alphabet;

    #[test]
    fn a_text_has_as_many_characters_as_the_operator_says_of_those_that_the_operator_chose() {
        let mut settings = Settings::default();
        settings.captcha.alphabet = Alphabet::new("01234567").unwrap();
        (settings.captcha.length, settings.audio_length) = (40, 30);
        let mut entropy = Entropy::default();
        let text = Medium::Picture(settings.captcha.theme).random_text(&settings, &mut entropy);
        assert_eq!(text.len(), 40);
        assert!(text.chars().all(|char| char.is_digit(8)), "{text}");
        let text = Medium::Sound(DEFAULT_LANGUAGE).random_text(&settings, &mut entropy);
        assert_eq!(text.len(), 30);
    }

    #[test]
    fn a_sound_has_as_many_digits_as_are_asked_for() {
        let mut entropy = Entropy::default();
        for length in 0..=10 {
            let text = digits(length, &mut entropy);
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
        }
    }

    /// With 9 degrees of freedom the statistic of fair draws passes 42 once in 300,000 times for each
    /// place; the bias of a plain remainder (26 bytes against 25) gives three hundred.
    #[test]
    fn digits_are_uniform_by_chi_squared() {
        const TEXTS: u32 = 200_000;
        const PLACES: usize = 6;
        let mut entropy = Entropy::default();
        let mut counts = [[0_u32; 10]; PLACES];
        for _ in 0..TEXTS {
            for (place, digit) in digits(PLACES, &mut entropy).bytes().enumerate() {
                counts[place][usize::from(digit - b'0')] += 1;
            }
        }
        let expected = f64::from(TEXTS) / 10.0;
        for place in counts {
            let terms = place.map(|count| (f64::from(count) - expected).powi(2) / expected);
            let chi_squared: f64 = terms.iter().sum();
            assert!(chi_squared < 42.0, "chi-squared is {chi_squared}");
        }
    }
}

//! Digits to the bytes of a WAV file: a captcha for those who cannot see a picture.
//!
//! The words of the digits come from a [`voice`](Voices) that all share. Each worker has a
//! [`Speaker`] with buffers that are used again for every sound.
//!
//! Nothing here knows of requests, of pictures or of the captchas alive. Chance comes in through
//! parameters: the same generator makes the same sound, and none of it chooses a text.

// Sounds end after some hundred thousand samples, which every type here holds.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod adpcm;
mod voice;
mod wav;

use std::fmt;
use std::sync::Arc;

pub use self::voice::{DEFAULT_LANGUAGE, Voices};

/// Samples a second of all voices and sounds.
const SAMPLES_PER_SEC: u32 = 16_000;

/// Most digits of a sound, of which nobody remembers more.
pub const DIGITS_MAX: usize = 10;

/// Why there is no sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The text has no digits, or something other than ASCII digits, or more than [`DIGITS_MAX`].
    NoDigits,
    /// There is no voice in this language.
    UnknownLanguage,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoDigits => write!(formatter, "expected 1 to {DIGITS_MAX} digits"),
            Error::UnknownLanguage => write!(formatter, "there is no voice in this language"),
        }
    }
}

impl std::error::Error for Error {}

/// Whether a text can be spoken: 1 to [`DIGITS_MAX`] ASCII digits.
#[must_use]
pub fn is_speakable(text: &str) -> bool {
    (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Speaks texts one after the other, with buffers that are used again.
pub struct Speaker {
    voices: Arc<Voices>,
    samples: Vec<f32>,
}

impl Speaker {
    /// A speaker with these voices.
    #[must_use]
    pub fn new(voices: Arc<Voices>) -> Self {
        Self {
            voices,
            samples: Vec::new(),
        }
    }

    /// Speaks digits in a language and appends the WAV file to `wav`. The same digits, language and
    /// generator give the same bytes.
    ///
    /// # Errors
    ///
    /// When the text is no row of 1 to [`DIGITS_MAX`] ASCII digits, or the language is none of
    /// [`Voices::languages`].
    pub fn speak(
        &mut self,
        digits: &str,
        language: &str,
        rng: &mut fastrand::Rng,
        wav: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if !is_speakable(digits) {
            return Err(Error::NoDigits);
        }
        let voice = self.voices.voice(language).ok_or(Error::UnknownLanguage)?;
        self.samples.clear();
        self.samples.resize(12_000, 0.0);
        for digit in digits.bytes() {
            self.samples.extend(voice.digit(usize::from(digit - b'0')));
            let pause = self.samples.len() + rng.usize(4_000..10_000);
            self.samples.resize(pause, 0.0);
        }
        wav::write(&self.samples, SAMPLES_PER_SEC, wav);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_alone_are_spoken() {
        let mut speaker = Speaker::new(Arc::new(Voices::new()));
        let mut speak = |digits: &str, language: &str| {
            speaker.speak(
                digits,
                language,
                &mut fastrand::Rng::with_seed(1),
                &mut Vec::new(),
            )
        };
        assert_eq!(speak("0123456789", "en"), Ok(()));
        for text in ["", " 1", "12a", "٣", "12345678901"] {
            assert_eq!(speak(text, "en"), Err(Error::NoDigits), "{text:?}");
        }
        assert_eq!(speak("1", "tlh"), Err(Error::UnknownLanguage));
    }

    #[test]
    fn the_first_language_is_english() {
        assert_eq!(Voices::new().languages().next(), Some("en"));
    }
}

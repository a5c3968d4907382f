//! The voices: in each language the ten digits, decoded once at the start and shared by all who
//! speak.
//!
//! `voice/build.rs` lists them, and `voice/README.md` says where they are from.

use super::adpcm;

/// A language and the files of its digits.
type Files = (&'static str, [&'static [u8]; 10]);

const FILES: &[Files] = include!(concat!(env!("OUT_DIR"), "/voices.rs"));

/// What is spoken where nobody asks for anything else.
pub const DEFAULT_LANGUAGE: &str = "en";

/// All voices, ready to be used.
pub struct Voices {
    /// The default first.
    voices: Vec<Voice>,
}

/// The digits in a language.
pub(super) struct Voice {
    language: &'static str,
    digits: [Vec<f32>; 10],
}

impl Voices {
    /// Decodes the embedded voices, which takes a few milliseconds.
    ///
    /// # Panics
    ///
    /// Never: the voices are part of the program, and every test speaks with them.
    #[must_use]
    pub fn new() -> Self {
        let mut voices: Vec<Voice> = FILES.iter().map(Voice::new).collect();
        voices.sort_by_key(|voice| voice.language != DEFAULT_LANGUAGE);
        Self { voices }
    }

    /// The tags of all languages (RFC 5646), in small letters, the default first.
    pub fn languages(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.voices.iter().map(|voice| voice.language)
    }

    /// The voice of a language.
    pub(super) fn voice(&self, language: &str) -> Option<&Voice> {
        self.voices.iter().find(|voice| voice.language == language)
    }
}

impl Default for Voices {
    fn default() -> Self {
        Self::new()
    }
}

impl Voice {
    fn new((language, files): &Files) -> Self {
        let digits = files.map(|file| {
            let samples = adpcm::decode(file).expect("the embedded voices are sound");
            samples
                .into_iter()
                .map(|sample| f32::from(sample) / 32_768.0)
                .collect()
        });
        Self { language, digits }
    }

    /// The samples of a digit from 0 to 9.
    pub(super) fn digit(&self, digit: usize) -> &[f32] {
        &self.digits[digit]
    }
}

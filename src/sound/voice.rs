//! The voices: ten digits in each language, decoded once at the start and shared by all speakers.
//!
//! `voice/build.rs` lists them, and `voice/README.md` says where they are from.

use super::adpcm;
use super::loudness;

/// A language and the files of its digits.
type Files = (&'static str, [&'static [u8]; 10]);

const FILES: &[Files] = include!(concat!(env!("OUT_DIR"), "/voices.rs"));

/// The language of requests that ask for none.
pub const DEFAULT_LANGUAGE: &str = "en";

/// Most samples of a word: two seconds.
const WORD_SAMPLES_MAX: usize = 32_000;

/// How loud every word is, as [`loudness::of`] has it: so that the peaks of all just fit.
pub(super) const LOUDNESS: f32 = 0.12;

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
        let is_default = |files: &&Files| files.0 == DEFAULT_LANGUAGE;
        let others = FILES.iter().filter(|files| !is_default(files));
        let voices = FILES.iter().filter(is_default).chain(others);
        Self {
            voices: voices.map(Voice::new).collect(),
        }
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
            assert!(samples.len() <= WORD_SAMPLES_MAX, "a word of {language}");
            let mut word: Vec<f32> = samples.into_iter().map(f32::from).collect();
            let gain = LOUDNESS / loudness::of(&word);
            for sample in &mut word {
                *sample *= gain;
            }
            word
        });
        Self { language, digits }
    }

    /// Samples of the longest word.
    pub(super) fn longest(&self) -> usize {
        self.digits.iter().map(Vec::len).max().unwrap_or_default()
    }

    /// The samples of a digit from 0 to 9.
    pub(super) fn digit(&self, digit: usize) -> &[f32] {
        &self.digits[digit]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_of_a_language_is_a_voice_and_the_default_is_first() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("voice");
        let entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap());
        let folders = entries
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .count();
        let voices = Voices::new();
        let languages: Vec<&str> = voices.languages().collect();
        assert_eq!(languages.len(), folders);
        assert_eq!(languages[0], DEFAULT_LANGUAGE);
    }

    #[test]
    fn words_are_equally_loud_and_take_a_fair_time() {
        for voice in Voices::new().voices {
            for word in voice.digits {
                assert!((loudness::of(&word) / LOUDNESS - 1.0).abs() < 1e-3);
                assert!((3_000..=WORD_SAMPLES_MAX).contains(&word.len()));
            }
        }
    }

    #[test]
    fn the_voices_take_at_most_45_kb() {
        let english = FILES[0].1.iter().map(|file| file.len()).sum::<usize>();
        assert!(english <= 45_000, "{english}");
    }
}

//! From digits to a WAV file: a captcha for people who cannot see a picture.
//!
//! The words of the digits come from [`Voices`] that all share. Each worker has a [`Speaker`] with
//! buffers that are used again for every sound: each `word` is given a speed and a pitch of its own,
//! they are put one after the other with pauses of uneven length, a `bed` of babble and noise is put
//! under them, and `wav` makes a file of the sum. `tuning` has the numbers for all of this.
//!
//! All words of a voice are made equally loud (`loudness`), so the loudness of a sound follows from
//! the gains of its digits, and nothing has to be measured afterwards.
//!
//! Nothing here knows requests, pictures or the store. Random generators are parameters: the same
//! generator makes the same sound, and it never chooses a text.

// Sounds end after some hundred thousand samples, which every type here holds; each cast from float
// is of a bounded value.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod adpcm;
mod bed;
mod loudness;
mod tuning;
mod voice;
mod wav;
mod word;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

pub use self::tuning::Bed;
pub use self::voice::{DEFAULT_LANGUAGE, Voices};

use self::tuning::{GAIN, LEAD_SECS, PAUSE_SECS, PITCH, SPEED};
use self::voice::Voice;

/// Samples a second of all voices and sounds.
pub const SAMPLES_PER_SEC: u32 = 16_000;

/// Most digits in a sound. People do not remember more.
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
    /// The word that is spoken, before its pitch is changed; then the bed.
    word: Vec<f32>,
    /// The sound that was made last.
    samples: Vec<f32>,
    /// Where its digits are.
    places: Vec<Range<usize>>,
}

impl Speaker {
    /// A speaker with these voices.
    #[must_use]
    pub fn new(voices: Arc<Voices>) -> Self {
        Self {
            voices,
            word: Vec::new(),
            samples: Vec::new(),
            places: Vec::with_capacity(DIGITS_MAX),
        }
    }

    /// Speaks digits in a language and appends the WAV file to `wav`. The same digits, language and
    /// generator give the same bytes.
    ///
    /// # Errors
    ///
    /// If the text is not 1 to [`DIGITS_MAX`] ASCII digits, or the language is not in
    /// [`Voices::languages`].
    pub fn speak(
        &mut self,
        digits: &str,
        language: &str,
        rng: &mut fastrand::Rng,
        wav: &mut Vec<u8>,
    ) -> Result<(), Error> {
        self.mix(digits, language, Bed::USUAL, rng)?;
        self.encode(wav);
        Ok(())
    }

    /// Mixes digits in a language with a random bed, in place of the last sound.
    ///
    /// # Errors
    ///
    /// As for [`speak`](Self::speak).
    pub fn mix(
        &mut self,
        digits: &str,
        language: &str,
        bed: Bed,
        rng: &mut fastrand::Rng,
    ) -> Result<(), Error> {
        if !is_speakable(digits) {
            return Err(Error::NoDigits);
        }
        let voices = Arc::clone(&self.voices);
        let voice = voices.voice(language).ok_or(Error::UnknownLanguage)?;
        self.reserve(digits.len(), voice);
        self.say(digits, voice, rng);
        bed::make(voice, bed, self.samples.len() / 2, rng, &mut self.word);
        bed::add(&self.word, &mut self.samples);
        Ok(())
    }

    /// Appends what was mixed last to `wav`.
    pub fn encode(&self, wav: &mut Vec<u8>) {
        wav::write(&self.samples, SAMPLES_PER_SEC, wav);
    }

    /// Where the digits of the last sound are, in samples.
    #[must_use]
    pub fn places(&self) -> &[Range<usize>] {
        &self.places
    }

    /// Makes room for the longest sound of so many digits, so that no draw needs more.
    fn reserve(&mut self, count: usize, voice: &Voice) {
        let word = (voice.longest() as f32 / SPEED[0]) as usize + SAMPLES_PER_SEC as usize / 10;
        let samples = samples(LEAD_SECS[1]) + count * (word + samples(PAUSE_SECS[1]));
        self.samples.clear();
        self.samples.reserve(samples);
        self.word.clear();
        self.word.reserve(samples / 2);
    }

    /// The lead-in and the digits, each with a pause after it.
    fn say(&mut self, digits: &str, voice: &Voice, rng: &mut fastrand::Rng) {
        let mut gains: [f32; DIGITS_MAX] = std::array::from_fn(|_| random(GAIN, rng));
        let gains = &mut gains[..digits.len()];
        // Their powers have the mean 1, so that every sound is equally loud.
        let power = gains.iter().map(|gain| gain * gain).sum::<f32>() / gains.len() as f32;
        self.places.clear();
        self.samples.resize(samples(random(LEAD_SECS, rng)), 0.0);
        for (digit, gain) in digits.bytes().zip(gains) {
            let word = voice.digit(usize::from(digit - b'0'));
            let pitch = random(PITCH, rng);
            self.word.clear();
            word::stretch(word, random(SPEED, rng) / pitch, &mut self.word);
            let begin = self.samples.len();
            word::pitch(&self.word, pitch, *gain / power.sqrt(), &mut self.samples);
            let end = self.samples.len();
            self.places.push(begin..end);
            let next = end + samples(random(PAUSE_SECS, rng));
            self.samples.resize(next.next_multiple_of(2), 0.0);
        }
    }
}

fn samples(secs: f32) -> usize {
    (secs * SAMPLES_PER_SEC as f32) as usize
}

/// A random number of a range, each equally likely.
fn random([lowest, highest]: [f32; 2], rng: &mut fastrand::Rng) -> f32 {
    lowest + rng.f32() * (highest - lowest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static VOICES: LazyLock<Arc<Voices>> = LazyLock::new(|| Arc::new(Voices::new()));

    fn wav(digits: &str, seed: u64) -> Vec<u8> {
        let mut wav = Vec::new();
        Speaker::new(Arc::clone(&VOICES))
            .speak(digits, "en", &mut fastrand::Rng::with_seed(seed), &mut wav)
            .unwrap();
        wav
    }

    /// As another program reads it: between -1 and 1.
    fn read(wav: &[u8]) -> Vec<f32> {
        let mut reader = hound::WavReader::new(wav).unwrap();
        let form = hound::WavSpec {
            channels: 1,
            sample_rate: SAMPLES_PER_SEC,
            bits_per_sample: 8,
            sample_format: hound::SampleFormat::Int,
        };
        assert_eq!(reader.spec(), form);
        let samples = reader.samples::<i8>();
        samples
            .map(|sample| f32::from(sample.unwrap()) / 128.0)
            .collect()
    }

    #[test]
    fn digits_alone_are_spoken() {
        let mut speaker = Speaker::new(Arc::clone(&VOICES));
        let mut speak = |digits: &str, language: &str| {
            let mut rng = fastrand::Rng::with_seed(1);
            speaker.speak(digits, language, &mut rng, &mut Vec::new())
        };
        assert_eq!(speak("0123456789", "en"), Ok(()));
        for text in ["", " 1", "12a", "\u{663}", "12345678901"] {
            assert_eq!(speak(text, "en"), Err(Error::NoDigits), "{text:?}");
        }
        assert_eq!(speak("1", "tlh"), Err(Error::UnknownLanguage));
    }

    /// The shortest and the longest digits as well as mixed ones.
    #[test]
    fn six_digits_take_4_to_9_seconds_and_160_kb_and_never_clip() {
        for seed in 0..50 {
            for digits in ["111111", "666666", "000000", "123456", "907854"] {
                let wav = wav(digits, seed);
                assert!(wav.len() <= 160_000, "{}", wav.len());
                let samples = read(&wav);
                let secs = samples.len() as f32 / SAMPLES_PER_SEC as f32;
                assert!(
                    (4.0..=9.0).contains(&secs),
                    "{digits}, seed {seed}: {secs} s"
                );
                let peak = samples
                    .iter()
                    .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
                assert!((0.3..0.98).contains(&peak), "{digits}, seed {seed}: {peak}");
            }
        }
    }

    /// EBU R 128, by another program.
    #[test]
    fn sounds_are_equally_loud_within_2_lu() {
        let mut rng = fastrand::Rng::with_seed(1);
        let loudness = (0..200).map(|seed| {
            let digits: String = (0..6).map(|_| rng.digit(10)).collect();
            let samples = read(&wav(&digits, seed));
            let mut meter = ebur128::EbuR128::new(1, SAMPLES_PER_SEC, ebur128::Mode::I).unwrap();
            meter.add_frames_f32(&samples).unwrap();
            meter.loudness_global().unwrap()
        });
        let (lowest, highest) = loudness.fold((0.0_f64, -99.0_f64), |(lowest, highest), lufs| {
            (lowest.min(lufs), highest.max(lufs))
        });
        assert!(highest - lowest < 2.0, "{lowest} to {highest} LUFS");
        assert!(
            -24.0 < lowest && highest < -19.0,
            "{lowest} to {highest} LUFS"
        );
    }

    #[test]
    fn a_seed_always_makes_the_same_sound_and_another_one_another() {
        let mut speaker = Speaker::new(Arc::clone(&VOICES));
        for digits in ["7", "123456", "0123456789", "42"] {
            let mut again = b"before".to_vec();
            let mut rng = fastrand::Rng::with_seed(5);
            speaker.speak(digits, "en", &mut rng, &mut again).unwrap();
            assert_eq!(again[6..], wav(digits, 5), "{digits}");
            assert_ne!(wav(digits, 5), wav(digits, 6), "{digits}");
        }
    }

    #[test]
    fn digits_are_where_they_are_said_to_be_and_louder_than_the_bed() {
        let mut speaker = Speaker::new(Arc::clone(&VOICES));
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..20 {
            speaker.mix("123456", "en", Bed::USUAL, &mut rng).unwrap();
            assert_eq!(speaker.places().len(), 6);
            let mut before = 0;
            for place in speaker.places() {
                let pause = before..place.start;
                assert!(samples(PAUSE_SECS[0]) <= pause.len());
                let power = |range: Range<usize>| {
                    let samples = &speaker.samples[range];
                    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
                };
                assert!(power(pause) * 10.0 < power(place.clone()));
                before = place.end;
            }
        }
    }

    #[test]
    fn there_is_no_silence() {
        let samples = read(&wav("123456", 1));
        let quiet = samples.chunks(SAMPLES_PER_SEC as usize / 5);
        for fifth_sec in quiet.filter(|part| 1_000 < part.len()) {
            assert!(fifth_sec.iter().any(|sample| 0.01 < sample.abs()));
        }
    }
}

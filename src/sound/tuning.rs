//! The numbers for sounds: to change how fast, high, even or noisy they are, change a number here. Where
//! there are two numbers, each value is drawn between them.
//!
//! Listeners come first: there are pauses to remember a digit in, and digits are well above the bed.
//! `docs/strength.md` says how well machines understand sounds with other numbers.

/// The bed alone, before the first digit: time to leave the button and to listen.
pub(super) const LEAD_SECS: [f32; 2] = [0.8, 1.0];

/// After each digit, also the last one.
pub(super) const PAUSE_SECS: [f32; 2] = [0.3, 0.65];

/// Pitch of a digit, where 1 is that of the voice. Recognisers hear a low voice worse than a high one.
pub(super) const PITCH: [f32; 2] = [0.97, 1.13];

/// Speed of a digit, where 1 is that of the voice.
pub(super) const SPEED: [f32; 2] = [0.9, 1.1];

/// Loudness of a digit beside that of the others: 2.4 dB between the softest and the loudest.
pub(super) const GAIN: [f32; 2] = [0.86, 1.14];

/// Speed of a word of the babble, whose pitch goes along.
pub(super) const BABBLE_SPEED: [f32; 2] = [0.8, 1.25];

/// How many words of the babble sound at once.
pub(super) const BABBLE_VOICES: u8 = 2;

/// What lies under the digits. Numbers are shares of their amplitude.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bed {
    /// The same voice backwards.
    pub babble: f32,
    /// Noise that is the softer the higher it is.
    pub noise: f32,
}

impl Bed {
    /// What all sounds have.
    pub const USUAL: Bed = Bed {
        babble: 0.15,
        noise: 0.03,
    };
}

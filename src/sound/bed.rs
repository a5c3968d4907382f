//! What lies under the digits: noise, and babble of the same voice backwards.
//!
//! A bed has half the samples of a sound, so it reaches up to 4 kHz: what is above, by which f, s
//! and t are told apart, is left to the digits.

use super::manner::{BABBLE_SPEED, BABBLE_VOICES, Bed};
use super::random;
use super::voice::{LOUDNESS, Voice};

/// How far the noise goes towards each new random number: a low-pass filter of the first order,
/// whose half-power frequency is 370 Hz.
const NOISE_SMOOTHING: f32 = 0.25;

/// Amplitude of that noise, if random numbers lie between -1 and 1.
const NOISE_AMPLITUDE: f32 = 0.218;

/// Fractions of a place in a word: 16 bits of it.
const FRACTION: f32 = 65_536.0;

/// Makes the bed of a sound over whatever is in `samples`.
pub(super) fn make(voice: &Voice, bed: Bed, rng: &mut fastrand::Rng, samples: &mut [f32]) {
    noise(bed.noise * LOUDNESS / NOISE_AMPLITUDE, rng, samples);
    if bed.babble == 0.0 {
        return;
    }
    let gain = bed.babble / f32::from(BABBLE_VOICES).sqrt();
    for _ in 0..BABBLE_VOICES {
        let mut rest = &mut *samples;
        while !rest.is_empty() {
            let word = voice.digit(rng.usize(0..10));
            // Not from its end always, so that no two voices begin together.
            let end = rng.usize(word.len() / 2..word.len());
            let count = backwards(&word[..end], 2.0 * random(BABBLE_SPEED, rng), gain, rest);
            rest = &mut rest[count..];
        }
    }
}

fn noise(gain: f32, rng: &mut fastrand::Rng, samples: &mut [f32]) {
    let mut level = 0.0;
    for four in samples.chunks_mut(4) {
        let bits = rng.u64(..);
        for (i, sample) in four.iter_mut().enumerate() {
            let white = f32::from((bits >> (16 * i)) as i16) / 32_768.0;
            level += NOISE_SMOOTHING * (white - level);
            *sample = gain * level;
        }
    }
}

/// Adds a word backwards, `step` of its samples at a time, and returns how many samples it took.
fn backwards(word: &[f32], step: f32, gain: f32, out: &mut [f32]) -> usize {
    let step = (FRACTION * step) as u32;
    let mut place = (word.len() as u32 - 2) << 16;
    let count = out.len().min((place / step) as usize + 1);
    for sample in &mut out[..count] {
        let Some(&[one, next, ..]) = word.get((place >> 16) as usize..) else {
            break;
        };
        let share = (place & 0xffff) as f32 / FRACTION;
        *sample += gain * (one + share * (next - one));
        place = place.wrapping_sub(step); // below 0 only after the last
    }
    count
}

/// Adds a bed to a sound of twice as many samples, with those between in the middle.
pub(super) fn add(bed: &[f32], samples: &mut [f32]) {
    let mut last = 0.0;
    for (pair, &next) in samples.as_chunks_mut::<2>().0.iter_mut().zip(bed) {
        pair[0] += 0.5 * (last + next);
        pair[1] += next;
        last = next;
    }
}

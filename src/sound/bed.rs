//! The bed, which is the background of a sound: noise, and babble of the same voice played backwards.
//!
//! A bed has half the samples of a sound, so hardly any of it is above 4 kHz. These frequencies are left
//! to the digits, since they distinguish f, s and t.

use super::random;
use super::tuning::{BABBLE_SPEED, BABBLE_VOICES, Bed};
use super::voice::{LOUDNESS, Voice};

/// How far the noise goes towards each new random number: a low-pass filter of the first order,
/// whose half-power frequency is 370 Hz.
const NOISE_SMOOTHING: f32 = 0.25;

/// Amplitude of that noise, if random numbers lie between -1 and 1.
const NOISE_AMPLITUDE: f32 = 0.218;

/// Fractions of a place in a word: 16 bits of it.
const FRACTION: f32 = 65_536.0;

/// Makes a bed of so many samples in place of what is in `samples`.
pub(super) fn make(
    voice: &Voice,
    bed: Bed,
    count: usize,
    rng: &mut fastrand::Rng,
    samples: &mut Vec<f32>,
) {
    samples.clear();
    noise(bed.noise * LOUDNESS / NOISE_AMPLITUDE, count, rng, samples);
    if bed.babble == 0.0 {
        return;
    }
    let gain = bed.babble / f32::from(BABBLE_VOICES).sqrt();
    for _ in 0..BABBLE_VOICES {
        let mut rest = &mut samples[..];
        while !rest.is_empty() {
            let word = voice.digit(rng.usize(0..10));
            // Each begins at a random place of its word, so that voices do not begin together.
            let end = rng.usize(word.len() / 2..word.len());
            let count = backwards(&word[..end], 2.0 * random(BABBLE_SPEED, rng), gain, rest);
            rest = &mut rest[count..];
        }
    }
}

fn noise(gain: f32, count: usize, rng: &mut fastrand::Rng, samples: &mut Vec<f32>) {
    let (mut seed, mut level) = (rng.u32(..), 0.0);
    samples.extend((0..count).map(|_| {
        // A linear congruential generator (Knuth, "The Art of Computer Programming", 3.3.4): noise
        // needs no better one.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = seed.cast_signed() as f32 / 2_147_483_648.0;
        level += NOISE_SMOOTHING * (white - level);
        gain * level
    }));
}

/// Adds a word backwards, at a `step` through its samples, and returns how many samples it took. There
/// is no interpolation, which would be twice the work; the babble is a little rougher without it.
fn backwards(word: &[f32], step: f32, gain: f32, out: &mut [f32]) -> usize {
    let step = (FRACTION * step) as u32;
    let mut place = (word.len() as u32 - 1) << 16;
    let count = out.len().min((place / step) as usize + 1);
    for sample in &mut out[..count] {
        *sample += gain * word[(place >> 16) as usize];
        place = place.wrapping_sub(step); // below 0 only after the last
    }
    count
}

/// Adds a bed to a sound of twice as many samples; those in between are interpolated.
pub(super) fn add(bed: &[f32], samples: &mut [f32]) {
    let mut last = 0.0;
    for (pair, &next) in samples.as_chunks_mut::<2>().0.iter_mut().zip(bed) {
        pair[0] += 0.5 * (last + next);
        pair[1] += next;
        last = next;
    }
}

#[cfg(test)]
mod tests {
    use super::super::voice::Voices;
    use super::*;

    fn amplitude(babble: f32, noise: f32) -> f32 {
        let (voices, mut rng) = (Voices::new(), fastrand::Rng::with_seed(1));
        let voice = voices.voice("en").unwrap();
        let mut samples = Vec::new();
        make(voice, Bed { babble, noise }, 80_000, &mut rng, &mut samples);
        assert_eq!(samples.len(), 80_000);
        let power = samples.iter().map(|sample| sample * sample).sum::<f32>();
        (power / samples.len() as f32).sqrt() / LOUDNESS
    }

    #[test]
    fn babble_and_noise_have_their_shares() {
        assert!((amplitude(0.0, 0.1) - 0.1).abs() < 0.01);
        // The loudness of words is weighted as ears do it; power is not.
        let babble = amplitude(0.1, 0.0);
        assert!((0.07..0.14).contains(&babble), "{babble}");
        let both = amplitude(0.1, 0.1);
        assert!((both - babble.hypot(0.1)).abs() < 0.02, "{both}");
    }

    #[test]
    #[allow(clippy::float_cmp)] // exact here
    fn a_bed_is_drawn_out_to_twice_as_many_samples() {
        let mut samples = [1.0; 6];
        add(&[2.0, 4.0, -4.0], &mut samples);
        assert_eq!(samples, [2.0, 3.0, 4.0, 5.0, 1.0, -3.0]);
    }
}

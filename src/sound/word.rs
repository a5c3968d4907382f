//! One word at a speed and pitch of its own.
//!
//! Speed is changed by repeating or leaving out whole waves: WSOLA, by Verhelst and Roelands, "An
//! overlap-add technique based on waveform similarity for high quality time-scale modification of
//! speech" (1993). Pitch is changed by reading the samples faster or slower, along a cubic curve
//! through them.

/// How many samples are put out at once: 10 ms, about one wave of a low voice.
const HOP: usize = 160;

/// How far a hop may be moved to either side, so that it goes on where the last one ended; together
/// the longest wave there is.
const REACH: usize = 88;

/// A place is tried every so many samples.
const TRIAL_STEP: usize = 8;

/// How many samples of a place are compared with what is wanted there.
const COMPARED: usize = 80;

/// Fractions of a place in a word: 16 bits of it.
const FRACTION: f32 = 65_536.0;

/// Appends the word, `speed` times as fast and of the same pitch.
pub(super) fn stretch(word: &[f32], speed: f32, out: &mut Vec<f32>) {
    // Where the word would go on after what was put out last.
    let mut follow = 0;
    let mut ideal = 0.0;
    loop {
        let first = (ideal as usize).saturating_sub(REACH);
        let around = word.get(first..first + 2 * REACH + HOP);
        let (Some(around), Some(wanted)) = (around, word.get(follow..follow + HOP)) else {
            break;
        };
        let offset = most_alike(around, wanted);
        let next = &around[offset..offset + HOP];
        let faded = wanted.iter().zip(next).enumerate();
        out.extend(faded.map(|(i, (old, new))| old + i as f32 / HOP as f32 * (new - old)));
        follow = first + offset + HOP;
        ideal += HOP as f32 * speed;
    }
    out.extend(&word[follow.min(word.len())..]);
}

/// Where in `around` there is what is most like the beginning of `wanted`.
fn most_alike(around: &[f32], wanted: &[f32]) -> usize {
    let mut best = (f32::INFINITY, 0);
    for offset in (0..=2 * REACH).step_by(TRIAL_STEP) {
        let difference = difference(&around[offset..offset + COMPARED], &wanted[..COMPARED]);
        if difference < best.0 {
            best = (difference, offset);
        }
    }
    best.1
}

/// The sum of the squares of the differences, as eight sums, since one instruction adds to several.
fn difference(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let (one, other) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    for (one, other) in one.iter().zip(other) {
        for i in 0..8 {
            sums[i] += (one[i] - other[i]) * (one[i] - other[i]);
        }
    }
    sums.iter().sum()
}

/// Appends the word at a pitch and a gain.
pub(super) fn pitch(word: &[f32], pitch: f32, gain: f32, out: &mut Vec<f32>) {
    let step = (FRACTION * pitch) as u32;
    let count = ((word.len() as u32 - 3) << 16) / step;
    out.extend((0..count).map(|i| {
        let place = i * step;
        let share = (place & 0xffff) as f32 / FRACTION;
        match word.get((place >> 16) as usize..) {
            Some(&[a, b, c, d, ..]) => gain * between(a, b, c, d, share),
            _ => 0.0,
        }
    }));
}

/// The value at a share of the way from `b` to `c`, on a Catmull-Rom curve.
fn between(a: f32, b: f32, c: f32, d: f32, share: f32) -> f32 {
    let cubic = 3.0 * (b - c) + d - a;
    let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
    b + 0.5 * share * (c - a + share * (square + share * cubic))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLES_PER_SEC: f32 = 16_000.0;

    fn tone(hz: f32) -> Vec<f32> {
        let turns = (0..16_000_u16).map(|i| f32::from(i) * hz / SAMPLES_PER_SEC);
        turns
            .map(|turns| (turns * std::f32::consts::TAU).sin())
            .collect()
    }

    /// How high a tone is, by how often it rises through zero.
    fn hz(tone: &[f32]) -> f32 {
        let rises = tone
            .windows(2)
            .filter(|pair| pair[0] < 0.0 && 0.0 <= pair[1]);
        rises.count() as f32 * SAMPLES_PER_SEC / tone.len() as f32
    }

    #[test]
    fn speed_leaves_the_pitch_as_it_is() {
        for speed in [0.8, 0.9, 1.0, 1.1, 1.25] {
            let mut faster = Vec::new();
            stretch(&tone(130.0), speed, &mut faster);
            let secs = faster.len() as f32 / SAMPLES_PER_SEC;
            assert!((secs * speed - 1.0).abs() < 0.03, "{speed}: {secs} s");
            assert!(
                (hz(&faster) - 130.0).abs() < 4.0,
                "{speed}: {} Hz",
                hz(&faster)
            );
            let steps = faster.windows(2).map(|pair| (pair[1] - pair[0]).abs());
            let steepest = steps.fold(0.0, f32::max);
            assert!(steepest < 0.1, "{speed}: a step of {steepest}");
        }
    }

    #[test]
    fn a_word_at_its_own_speed_is_itself() {
        let word = tone(130.0);
        let mut same = Vec::new();
        stretch(&word, 1.0, &mut same);
        assert!(
            same.iter()
                .zip(&word)
                .all(|(one, other)| (one - other).abs() < 0.05)
        );
    }

    #[test]
    fn pitch_and_gain_change_together_with_the_time() {
        for (change, gain) in [(0.9, 1.0), (1.0, 0.5), (1.13, 0.25)] {
            let mut higher = Vec::new();
            pitch(&tone(400.0), change, gain, &mut higher);
            let secs = higher.len() as f32 / SAMPLES_PER_SEC;
            assert!((secs * change - 1.0).abs() < 0.001, "{change}: {secs} s");
            assert!((hz(&higher) / 400.0 - change).abs() < 0.01, "{change}");
            let peak = higher
                .iter()
                .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((peak - gain).abs() < 0.01, "{change}: {peak}");
        }
    }

    #[test]
    #[allow(clippy::float_cmp)] // exact here
    fn curves_go_through_the_samples_and_follow_lines_and_parabolas() {
        assert_eq!(between(9.0, 2.0, 7.0, 1.0, 0.0), 2.0);
        assert_eq!(between(9.0, 2.0, 7.0, 1.0, 1.0), 7.0);
        assert_eq!(between(1.0, 2.0, 3.0, 4.0, 0.25), 2.25);
        assert_eq!(between(1.0, 0.0, 1.0, 4.0, 0.5), 0.25);
    }
}

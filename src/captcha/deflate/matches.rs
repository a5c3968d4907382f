//! Finds what a picture repeats of itself: from where, and for how long.
//!
//! Knows nothing of codes but what they cost, roughly. Four places are looked at for every token:
//! the byte to the left, whose match is a run; the row above, straight and a pixel to the right,
//! which is how slanted edges go on; and where the next eight bytes were met last, which finds what
//! is common to this kind of picture, and most of what goes on from a pixel to the left above. All
//! four are compared by their first eight bytes, without a branch, and only the best goes on: to
//! follow the others as well takes half as long again and saves a hundredth.

/// Shortest and longest match that can be told (RFC 1951, section 3.2.5).
pub(super) const LENGTH_MIN: usize = 3;
pub(super) const LENGTH_MAX: usize = 258;

/// How far back a match can be (section 2).
pub(super) const DISTANCE_MAX: usize = 32_768;

/// By how many bits less counts what differs at a place, since a match from there takes less than
/// one from anywhere: about a byte less from the row above, and two from the left.
const ABOVE_BITS: u32 = 8;
const LEFT_BITS: u32 = 16;

/// What differs in the fifth byte: a match from anywhere takes as much as the four before it. So
/// three bytes to the left are the shortest that is worth its bits, and the shortest that can be
/// told.
const NOTHING_SAVED: u64 = 1 << 24;
const _: () = assert!(NOTHING_SAVED << LEFT_BITS == 1 << (u64::BITS as usize - 8 * LENGTH_MIN));

/// Bytes that are looked up, and compared at every place.
const WORD_BYTES: usize = size_of::<u64>();

/// Bytes by which the best place is followed.
const STEP_BYTES: usize = size_of::<u128>();

/// Words are remembered by so many bits of their hash: 16 KB, which stay in the nearest cache.
const HASH_BITS: u32 = 12;

/// How many places at the end of a match are remembered: those where something begins to differ.
/// Two save no time, since there are more tokens then, and take 1 % more bytes.
const ENDS: usize = 4;

/// What repeats: so many bytes, from so far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// From [`LENGTH_MIN`] to [`LENGTH_MAX`].
    pub(super) length: usize,
    /// From 1 to [`DISTANCE_MAX`].
    pub(super) distance: usize,
}

/// Takes a picture apart.
pub(super) struct Matcher {
    row_bytes: usize,
    /// Where a word of each hash was met last. A place from before is as good as any: what counts
    /// is whether bytes are alike.
    latest: Box<[u32; 1 << HASH_BITS]>,
}

impl Matcher {
    pub(super) fn new() -> Self {
        Self {
            row_bytes: 1,
            latest: Box::new([0; 1 << HASH_BITS]),
        }
    }

    /// Begins a picture with rows of so many bytes.
    pub(super) fn begin(&mut self, row_bytes: usize) {
        self.row_bytes = row_bytes.clamp(2, DISTANCE_MAX - 1);
        self.latest.fill(0);
    }

    /// The match at a place that follows what was found before, if one saves anything. At the
    /// beginning there is none, nor where less than [`STEP_BYTES`] is left.
    pub(super) fn find(&mut self, data: &[u8], at: usize) -> Option<Match> {
        let left = at.checked_sub(1)?;
        let here = data.get(at..)?;
        let word = u64::from_be_bytes(*here.first_chunk::<STEP_BYTES>()?.first_chunk()?);
        // The first row has none above it, and looks at the beginning instead.
        let above = at.saturating_sub(self.row_bytes);
        let latest = self.remember(*here.first_chunk()?, at);
        let latest = latest.max((at as u32).saturating_sub(DISTANCE_MAX as u32)) as usize;
        let (mut least, mut from) = (NOTHING_SAVED, at);
        // A pixel to the left of the one above would take 5 % more steps and 0.6 % fewer bytes.
        for (place, bits) in [
            (left, LEFT_BITS),
            (above, ABOVE_BITS),
            (above + 1, ABOVE_BITS),
            (latest, 0),
        ] {
            let differing = differing(word, data, place)? >> bits;
            if differing < least {
                (least, from) = (differing, place);
            }
        }
        if from == at {
            return None;
        }
        let length = alike_length(here, &data[from..]);
        let end = at + length - ENDS;
        if let Some(ends) = data.get(end..)?.first_chunk::<{ ENDS - 1 + WORD_BYTES }>() {
            for (place, word) in ends.windows(WORD_BYTES).enumerate() {
                self.remember(*word.first_chunk()?, end + place);
            }
        }
        Some(Match {
            length,
            distance: at - from,
        })
    }

    /// Notes where a word is, and tells where one of its hash was before.
    fn remember(&mut self, word: [u8; WORD_BYTES], at: usize) -> u32 {
        // The golden ratio spreads what differs in any byte over the highest bits.
        let hash =
            u64::from_le_bytes(word).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - HASH_BITS);
        std::mem::replace(&mut self.latest[hash as usize], at as u32)
    }
}

/// In what a word differs from the one at a place, the first byte highest: the less it is, the longer
/// both are alike.
fn differing(word: u64, data: &[u8], at: usize) -> Option<u64> {
    let other = data.get(at..at + WORD_BYTES)?;
    Some(word ^ u64::from_be_bytes(other.try_into().ok()?))
}

/// For how long two texts are alike, up to the longest match, but for what is less than a step at
/// the end.
fn alike_length(one: &[u8], other: &[u8]) -> usize {
    let one = &one[..one.len().min(LENGTH_MAX.next_multiple_of(STEP_BYTES))];
    let steps = one.as_chunks().0.iter().zip(other.as_chunks().0);
    let mut length = 0;
    for (one, other) in steps {
        let differing = u128::from_le_bytes(*one) ^ u128::from_le_bytes(*other);
        if differing != 0 {
            length += differing.trailing_zeros() as usize / 8;
            break;
        }
        length += STEP_BYTES;
    }
    length.min(LENGTH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matches that are found.
    fn matches(data: &[u8], row_bytes: usize) -> Vec<Match> {
        let mut matcher = Matcher::new();
        matcher.begin(row_bytes);
        let mut at = 0;
        let mut all = Vec::new();
        while at < data.len() {
            let found = matcher.find(data, at);
            at += found.map_or(1, |found| found.length);
            all.extend(found);
        }
        assert_eq!(at, data.len());
        all
    }

    /// The lengths and distances that are found, where a few bytes of no interest follow.
    fn check(data: &[u8], row_bytes: usize, expected: &[(usize, usize)]) {
        let after: Vec<u8> = (80..).take(STEP_BYTES).collect();
        let found = matches(&[data, &after].concat(), row_bytes);
        let found: Vec<_> = found.iter().map(|it| (it.length, it.distance)).collect();
        assert_eq!(found, expected);
    }

    /// Different bytes, so that nothing in them repeats.
    fn distinct(count: u8) -> Vec<u8> {
        (100..100 + count).collect()
    }

    #[test]
    fn repetitions_are_found_in_all_places() {
        let row = &distinct(40)[..];
        let end = &distinct(60)[40..];
        let shifted =
            |range: std::ops::Range<usize>, other: &[u8]| [row, other, &row[range], end].concat();
        check(&[row, end].concat(), 40, &[]);
        check(&[end, &[7; 30], end].concat(), 80, &[(29, 1), (20, 50)]);
        check(&shifted(0..20, &[]), 40, &[(20, 40)]);
        check(&shifted(0..20, &[1]), 40, &[(20, 41)]);
        check(&shifted(1..20, &[]), 40, &[(19, 39)]);
        check(&shifted(20..30, &[1, 2, 3]), 90, &[(10, 23)]);
        check(&shifted(5..15, &[1, 2, 3]), 90, &[(10, 38)]);
    }

    #[test]
    fn what_saves_nothing_is_no_match() {
        let end = &distinct(20)[..];
        check(&[end, &[7; 3], end].concat(), 90, &[(20, 23)]);
        check(&[end, &[7; 4], end].concat(), 90, &[(3, 1), (20, 24)]);
        let row = &distinct(60)[20..];
        check(&[row, &row[..3], end].concat(), 40, &[]);
        check(&[row, &row[..4], end].concat(), 40, &[(4, 40)]);
    }

    /// What a match passes over is not remembered, but for where it ends.
    #[test]
    fn the_ends_of_matches_are_remembered() {
        let (one, other) = (&distinct(40)[..], &distinct(60)[40..]);
        let data = [one, other, one, &[1], other, &[2], &one[38..], &[1], other].concat();
        check(&data, 500, &[(40, 60), (20, 61), (23, 24)]);
    }

    #[test]
    fn matches_are_within_reach() {
        let ends = &distinct(20)[..];
        for (between, found) in [(DISTANCE_MAX - 20, true), (DISTANCE_MAX - 19, false)] {
            let data = [ends, &vec![0; between], ends, &[1; STEP_BYTES]].concat();
            let last = Match {
                length: 20,
                distance: DISTANCE_MAX,
            };
            for row_bytes in [90, between + 20, DISTANCE_MAX] {
                let matches = matches(&data, row_bytes);
                assert_eq!(matches.contains(&last), found, "{between} {row_bytes}");
            }
        }
        check(&[5; 600], 90, &[(258, 1), (258, 1), (83, 1)]);
    }
}

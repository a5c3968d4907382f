//! The match finder: looks for the longest earlier stretch of the data that equals what comes next.
//!
//! Of Huffman codes it knows only roughly what a match costs. Four candidates are looked at for every token:
//!
//! - the byte to the left, whose match is a run of one byte;
//! - the byte straight above and the one to the right of that, which is how slanted edges go on;
//! - the latest position where the hash table met the next eight bytes.
//!
//! The first eight bytes of all four are compared, without a branch, and only the best candidate is
//! followed further. To follow the others as well takes half as long again and saves a hundredth of
//! the bytes.

/// Shortest and longest match that can be encoded (RFC 1951, section 3.2.5).
pub(super) const LENGTH_MIN: usize = 3;
pub(super) const LENGTH_MAX: usize = 258;

/// How far back a match can be (section 2).
pub(super) const DISTANCE_MAX: usize = 32_768;

/// Bytes that are hashed, and compared at every candidate.
const WORD_BYTES: usize = size_of::<u64>();

/// Bytes compared at once when the best candidate is followed.
const STEP_BYTES: usize = size_of::<u128>();

/// By how many bits the difference at a candidate is shifted down before candidates are compared.
/// Distances that occur often have short codewords: a match from the row above takes about a byte
/// less than one from anywhere, a run two bytes less.
const ABOVE_SHIFT: u32 = 8;
const LEFT_SHIFT: u32 = 16;

/// A match has to differ by less than this, that is in its sixth byte or later: one from anywhere
/// takes as many bits as four literals. For a run, three equal bytes are then enough, the shortest
/// match there is.
const DIFFERENCE_MAX: u64 = 1 << 24;
const _: () = assert!(DIFFERENCE_MAX << LEFT_SHIFT == 1 << (u64::BITS as usize - 8 * LENGTH_MIN));

/// Bits of a hash. The table takes 16 KB, which stay in the nearest cache.
const HASH_BITS: u32 = 12;

/// How many positions at the end of a match enter the hash table: there something begins to differ.
/// With two, more tokens are needed, which takes as long, and 1 % more bytes.
const END_POSITIONS: usize = 4;

/// A stretch of data that equals an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// Bytes that are equal, from [`LENGTH_MIN`] to [`LENGTH_MAX`].
    pub(super) length: usize,
    /// Bytes back to the earlier stretch, from 1 to [`DISTANCE_MAX`].
    pub(super) distance: usize,
}

/// Finds matches in rows of bytes.
pub(super) struct MatchFinder {
    row_bytes: usize,
    /// The latest position of a word with each hash. Another word may have the same hash, and a hash
    /// that was not met yet has position 0: a candidate is always compared.
    hash_table: Box<[u32; 1 << HASH_BITS]>,
}

impl MatchFinder {
    pub(super) fn new() -> Self {
        Self {
            row_bytes: 1,
            hash_table: Box::new([0; 1 << HASH_BITS]),
        }
    }

    /// Forgets all positions, and takes the length of the rows to come.
    pub(super) fn clear(&mut self, row_bytes: usize) {
        self.row_bytes = row_bytes.clamp(2, DISTANCE_MAX - 1);
        self.hash_table.fill(0);
    }

    /// The match at a position, if one saves anything. There is none at position 0, nor where less
    /// than [`STEP_BYTES`] are left. Positions must be asked for in order.
    #[inline]
    pub(super) fn find(&mut self, data: &[u8], at: usize) -> Option<Match> {
        let left = at.checked_sub(1)?;
        let here = data.get(at..)?;
        let word = u64::from_be_bytes(*here.first_chunk::<STEP_BYTES>()?.first_chunk()?);
        // The first row has none above it, and looks at the beginning instead.
        let above = at.saturating_sub(self.row_bytes);
        let met = self.insert(*here.first_chunk()?, at);
        let met = met.max((at as u32).saturating_sub(DISTANCE_MAX as u32)) as usize;
        let (mut least, mut from) = (DIFFERENCE_MAX, at);
        // The byte to the left of the one above would take 5 % more instructions and 0.6 % fewer bytes.
        for (candidate, shift) in [
            (left, LEFT_SHIFT),
            (above, ABOVE_SHIFT),
            (above + 1, ABOVE_SHIFT),
            (met, 0),
        ] {
            let difference = difference(word, data, candidate)? >> shift;
            if difference < least {
                (least, from) = (difference, candidate);
            }
        }
        if from == at {
            return None;
        }
        let length = equal_bytes(here, &data[from..]);
        let end = at + length - END_POSITIONS;
        if let Some(words) = data
            .get(end..)?
            .first_chunk::<{ END_POSITIONS - 1 + WORD_BYTES }>()
        {
            for (position, word) in words.windows(WORD_BYTES).enumerate() {
                self.insert(*word.first_chunk()?, end + position);
            }
        }
        Some(Match {
            length,
            distance: at - from,
        })
    }

    /// Enters the position of a word, and returns the one that the table had for its hash.
    #[inline]
    fn insert(&mut self, word: [u8; WORD_BYTES], at: usize) -> u32 {
        // Multiplied by the golden ratio, a difference in any byte changes the highest bits.
        let hash =
            u64::from_le_bytes(word).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - HASH_BITS);
        std::mem::replace(&mut self.hash_table[hash as usize], at as u32)
    }
}

/// How a word differs from the one at a candidate. The first byte counts most: the less the number,
/// the longer both are equal.
#[inline]
fn difference(word: u64, data: &[u8], candidate: usize) -> Option<u64> {
    let other = data.get(candidate..candidate + WORD_BYTES)?;
    Some(word ^ u64::from_be_bytes(other.try_into().ok()?))
}

/// How many bytes at the beginning of both are equal, up to [`LENGTH_MAX`]. The last bytes of `one`,
/// fewer than [`STEP_BYTES`], are not looked at.
#[inline]
fn equal_bytes(one: &[u8], other: &[u8]) -> usize {
    let one = &one[..one.len().min(LENGTH_MAX.next_multiple_of(STEP_BYTES))];
    let steps = one.as_chunks().0.iter().zip(other.as_chunks().0);
    let mut length = 0;
    for (one, other) in steps {
        let difference = u128::from_le_bytes(*one) ^ u128::from_le_bytes(*other);
        if difference != 0 {
            length += difference.trailing_zeros() as usize / 8;
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
        let mut finder = MatchFinder::new();
        finder.clear(row_bytes);
        let mut at = 0;
        let mut all = Vec::new();
        while at < data.len() {
            let found = finder.find(data, at);
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
    fn repetitions_are_found_at_all_candidates() {
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

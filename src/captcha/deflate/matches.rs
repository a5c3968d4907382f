//! Finds what a picture repeats of itself: from where, and for how long.
//!
//! Knows nothing of codes but what they cost, roughly. Five places are looked at for every token:
//! the byte to the left, whose match is a run; the row above, straight and a pixel to either side,
//! which is how slanted edges go on; and where the next eight bytes were met last, which finds what
//! is common to this kind of picture. All five are compared by their first eight bytes, without a
//! branch, and only the best goes on: to follow the others as well takes half as long again and
//! saves a hundredth.

/// Longest match that can be told (RFC 1951, section 3.2.5).
pub(super) const LENGTH_MAX: usize = 258;

/// How far back a match can be (section 2).
pub(super) const DISTANCE_MAX: usize = 32_768;

/// About how many bits a literal takes, and a match from each of the places, in the pictures of
/// this service. A match that takes more than what it replaces is none; three bytes to the left are
/// the shortest that is worth its bits, and the shortest that can be told.
const LITERAL_BITS: u32 = 5;
const LEFT_BITS: u32 = 11;
const ABOVE_BITS: u32 = 18;
const ANYWHERE_BITS: u32 = 24;
/// What is added to savings, so that they are never negative.
const BIAS: u32 = ANYWHERE_BITS;
const _: () = assert!(2 * LITERAL_BITS < LEFT_BITS && LEFT_BITS < 3 * LITERAL_BITS);

/// Bytes that are compared, and looked up, at once.
const WORD_BYTES: usize = 8;

/// Words are remembered by so many bits of their hash: 16 KB, which stay in the nearest cache.
const HASH_BITS: u32 = 12;

/// How many places at the end of a match are remembered: those where something begins to differ.
const ENDS: usize = 4;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// This byte.
    Literal(u8),
    /// So many bytes, from so far back.
    Match {
        /// From 3 to [`LENGTH_MAX`].
        length: u16,
        /// From 1 to [`DISTANCE_MAX`].
        distance: u16,
    },
}

impl Token {
    /// How many bytes it stands for.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Literal(_) => 1,
            Self::Match { length, .. } => length.into(),
        }
    }
}

/// Takes a picture apart.
pub(super) struct Matcher {
    row_bytes: usize,
    /// Where a word of each hash was met last. A place from before is as good as any: what counts
    /// is whether bytes are alike.
    latest: Box<[u32]>,
}

impl Matcher {
    pub(super) fn new() -> Self {
        Self {
            row_bytes: 1,
            latest: vec![0; 1 << HASH_BITS].into(),
        }
    }

    /// Begins a picture with rows of so many bytes.
    pub(super) fn begin(&mut self, row_bytes: usize) {
        self.row_bytes = row_bytes.clamp(2, DISTANCE_MAX - 1);
        self.latest.fill(0);
    }

    /// The token at a place, where there must be a byte, which follows that before.
    pub(super) fn token(&mut self, data: &[u8], at: usize) -> Token {
        // Too few bytes for a word are left at the very end only.
        let (Some(word), 1..) = (word(data, at), at) else {
            return Token::Literal(data[at]);
        };
        let far = at - self.remember(word, at);
        let mut best = 0;
        for (distance, bits) in [
            (1, LEFT_BITS),
            (self.row_bytes, ABOVE_BITS),
            (self.row_bytes + 1, ABOVE_BITS),
            (self.row_bytes - 1, ABOVE_BITS),
            (far, ANYWHERE_BITS),
        ] {
            let distance = if distance <= at.min(DISTANCE_MAX) {
                distance
            } else {
                1
            };
            let alike = self::word(data, at - distance).map_or(0, |other| alike(word, other));
            // The bits saved above, the distance below, so that comparing is choosing.
            let saved = BIAS + LITERAL_BITS * alike as u32 - bits;
            best = best.max(saved << 16 | distance as u32);
        }
        if best >> 16 <= BIAS {
            return Token::Literal(data[at]);
        }
        let distance = (best & 0xffff) as usize;
        let length = match_length(&data[at..], &data[at - distance..]);
        for end in 1..=ENDS {
            let end = at + length - end;
            if let Some(word) = self::word(data, end) {
                self.remember(word, end);
            }
        }
        Token::Match {
            length: length as u16,
            distance: distance as u16,
        }
    }

    /// Notes where a word is, and tells where one of its hash was before.
    fn remember(&mut self, word: u64, at: usize) -> usize {
        // The golden ratio spreads what differs in any byte over the highest bits.
        let hash = word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - HASH_BITS);
        std::mem::replace(&mut self.latest[hash as usize], at as u32) as usize
    }
}

/// The bytes from a place on, the first lowest.
#[inline]
fn word(data: &[u8], at: usize) -> Option<u64> {
    let bytes = data.get(at..at + WORD_BYTES)?;
    bytes.try_into().map(u64::from_le_bytes).ok()
}

/// How many bytes of two words are alike before the first that is not.
#[inline]
fn alike(one: u64, other: u64) -> usize {
    (one ^ other).trailing_zeros() as usize / 8
}

/// For how long two texts are alike, but for what is less than a word at the end of one.
#[inline]
fn match_length(one: &[u8], other: &[u8]) -> usize {
    let words = one.as_chunks().0.iter().zip(other.as_chunks().0);
    let mut length = 0;
    for (one, other) in words.take(LENGTH_MAX.div_ceil(WORD_BYTES)) {
        length += alike(u64::from_le_bytes(*one), u64::from_le_bytes(*other));
        if one != other {
            break;
        }
    }
    length.min(LENGTH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(data: &[u8], row_bytes: usize) -> Vec<Token> {
        let mut matcher = Matcher::new();
        matcher.begin(row_bytes);
        let mut at = 0;
        std::iter::from_fn(|| {
            let token = (at < data.len()).then(|| matcher.token(data, at))?;
            at += token.length();
            Some(token)
        })
        .collect()
    }

    /// The lengths and distances that are found, where a few bytes of no interest follow.
    fn check(data: &[u8], row_bytes: usize, matches: &[(u16, u16)]) {
        let data = &[data, &[90, 91, 92, 93, 94, 95, 96, 97]].concat();
        let found: Vec<(u16, u16)> = tokens(data, row_bytes)
            .iter()
            .filter_map(|token| match *token {
                Token::Match { length, distance } => Some((length, distance)),
                Token::Literal(_) => None,
            })
            .collect();
        assert_eq!(found, matches);
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

    #[test]
    fn matches_are_within_reach() {
        let end = &distinct(20)[..];
        let mut rng = fastrand::Rng::with_seed(1);
        let mut apart = |between: usize| -> Vec<u8> {
            let noise = std::iter::repeat_with(|| rng.u8(..100)).take(between);
            end.iter()
                .copied()
                .chain(noise)
                .chain(end.iter().copied())
                .chain(90..98)
                .collect()
        };
        for (between, far) in [(DISTANCE_MAX - 20, true), (DISTANCE_MAX - 19, false)] {
            for row_bytes in [DISTANCE_MAX, between + 20] {
                let data = apart(between);
                let last = tokens(&data, row_bytes);
                let found = last.iter().any(|token| token.length() == 20);
                assert_eq!(found, far, "{between} {row_bytes}");
            }
        }
        check(&[5; 600], 90, &[(258, 1), (258, 1), (83, 1)]);
    }
}

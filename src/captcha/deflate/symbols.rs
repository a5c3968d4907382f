//! Tokens by the symbols that tell them (RFC 1951, section 3.2.5), and how often each occurs.
//!
//! Knows nothing of the words that stand for symbols, but makes of a token what it takes to look
//! them up at once.

use super::bits::Bits;
use super::matches::{LENGTH_MAX, LENGTH_MIN, Match};

/// Literals, the end of a block, and lengths.
pub(super) const LITERAL_SYMBOLS: usize = 286;
/// Distances, and [`NO_DISTANCE`].
pub(super) const DISTANCE_SYMBOLS: usize = 31;

/// The end of a block.
pub(super) const END: usize = 256;
/// The first of the lengths, and the last, which stands for one alone.
pub(super) const LENGTH_FIRST: usize = 257;
const LENGTH_LAST: usize = 285;

/// The symbol of a literal's distance. It is never counted, so that no code has a word for it, and
/// writing it writes nothing.
const NO_DISTANCE: u8 = 30;

/// Literals and lengths one by one: every byte, and then every length from the shortest.
pub(super) const LETTERS: usize = LITERALS + LENGTH_MAX - LENGTH_MIN + 1;
const LITERALS: usize = 256;

/// The symbol, counted from the first of its kind, of a value that shares it with all that are alike
/// in their highest bit and so many more, and how many bits follow it to tell these apart.
fn symbol_of(value: usize, more_bits: u32) -> (usize, u32) {
    let rest_bits = (value | 1 << more_bits).ilog2() - more_bits;
    let symbol = ((rest_bits as usize) << more_bits) + (value >> rest_bits);
    (symbol, rest_bits)
}

/// The symbol of a letter, and the bits that follow its word.
pub(super) fn of_letter(letter: usize) -> (usize, Bits) {
    match letter.checked_sub(LITERALS) {
        None => (letter, Bits::default()),
        Some(length) if length == LENGTH_MAX - LENGTH_MIN => (LENGTH_LAST, Bits::default()),
        Some(length) => {
            let (symbol, rest_bits) = symbol_of(length, 2);
            let rest = length & ((1 << rest_bits) - 1);
            (LENGTH_FIRST + symbol, Bits::new(rest, rest_bits))
        }
    }
}

/// The first of the distances that share a symbol, counted from nothing, and how many bits follow it
/// to tell these apart; nothing of either for [`NO_DISTANCE`].
pub(super) fn distances_of(symbol: usize) -> (u64, u32) {
    if symbol == usize::from(NO_DISTANCE) {
        return (0, 0);
    }
    // The first two are alone, and below where there is a highest bit and one more.
    let rest_bits = (symbol as u32 / 2).saturating_sub(1);
    let highest = if symbol < 2 { symbol } else { 2 + symbol % 2 };
    ((highest as u64) << rest_bits, rest_bits)
}

/// A token, ready to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    letter: u16,
    symbol: u8,
    /// The distance, counted from nothing.
    pub(super) distance: u16,
}

impl Piece {
    /// Any, for where none is yet.
    pub(super) const ANY: Self = Self {
        letter: 0,
        symbol: NO_DISTANCE,
        distance: 0,
    };

    /// One of [`LETTERS`].
    pub(super) fn letter(self) -> usize {
        self.letter.into()
    }

    /// The symbol of the distance.
    pub(super) fn symbol(self) -> usize {
        self.symbol.into()
    }
}

/// How often everything occurs in a block.
pub(super) struct Counts {
    letters: [u32; LETTERS],
    distances: [u32; DISTANCE_SYMBOLS],
}

impl Counts {
    pub(super) fn new() -> Self {
        Self {
            letters: [0; LETTERS],
            distances: [0; DISTANCE_SYMBOLS],
        }
    }

    /// Counts a literal.
    pub(super) fn literal(&mut self, byte: u8) -> Piece {
        self.letters[usize::from(byte)] += 1;
        Piece {
            letter: byte.into(),
            ..Piece::ANY
        }
    }

    /// Counts a match.
    pub(super) fn repeated(&mut self, found: Match) -> Piece {
        let letter = LITERALS + found.length - LENGTH_MIN;
        let distance = found.distance - 1;
        let (symbol, _) = symbol_of(distance, 1);
        self.letters[letter] += 1;
        self.distances[symbol] += 1;
        Piece {
            letter: letter as u16,
            symbol: symbol as u8,
            distance: distance as u16,
        }
    }

    /// How often each symbol of literals and lengths occurs, with one end.
    pub(super) fn literals(&self) -> [u32; LITERAL_SYMBOLS] {
        let mut counts = [0; LITERAL_SYMBOLS];
        for (letter, count) in self.letters.iter().enumerate() {
            counts[of_letter(letter).0] += count;
        }
        counts[END] = 1;
        counts
    }

    /// How often each distance occurs.
    pub(super) fn distances(&self) -> &[u32; DISTANCE_SYMBOLS] {
        &self.distances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of RFC 1951, section 3.2.5: where each symbol begins, and with how many bits more.
    #[test]
    fn symbols_are_those_of_the_standard() {
        for (length, symbol, rest, rest_bits) in [
            (3, 257, 0, 0),
            (10, 264, 0, 0),
            (11, 265, 0, 1),
            (12, 265, 1, 1),
            (18, 268, 1, 1),
            (19, 269, 0, 2),
            (35, 273, 0, 3),
            (114, 279, 15, 4),
            (115, 280, 0, 4),
            (131, 281, 0, 5),
            (257, 284, 30, 5),
            (258, 285, 0, 0),
        ] {
            let letter = LITERALS + length - LENGTH_MIN;
            assert_eq!(of_letter(letter), (symbol, Bits::new(rest, rest_bits)));
        }
        assert_eq!(of_letter(255), (255, Bits::default()));
        for (distance, symbol, rest, rest_bits) in [
            (1, 0, 0, 0),
            (2, 1, 0, 0),
            (4, 3, 0, 0),
            (5, 4, 0, 1),
            (6, 4, 1, 1),
            (7, 5, 0, 1),
            (9, 6, 0, 2),
            (601, 18, 88, 8),
            (24_576, 28, 8_191, 13),
            (24_577, 29, 0, 13),
            (32_768, 29, 8_191, 13),
        ] {
            let (length, distance) = (LENGTH_MIN, distance);
            let piece = Counts::new().repeated(Match { length, distance });
            assert_eq!(piece.symbol(), symbol);
            let first = u64::from(piece.distance) - rest;
            assert_eq!(distances_of(symbol), (first, rest_bits));
        }
    }

    #[test]
    fn literals_have_no_distance() {
        let mut counts = Counts::new();
        let literal = counts.literal(7);
        let repeated = counts.repeated(Match {
            length: 258,
            distance: 5,
        });
        assert_eq!(literal.letter(), 7);
        assert_eq!(literal.symbol(), usize::from(NO_DISTANCE));
        assert_eq!(repeated.letter(), LETTERS - 1);
        let occurring = |counts: &[u32]| -> Vec<usize> {
            (0..counts.len()).filter(|&at| counts[at] != 0).collect()
        };
        assert_eq!(occurring(&counts.literals()), [7, END, LENGTH_LAST]);
        assert_eq!(occurring(counts.distances()), [4]);
    }
}

//! Tokens, the symbols and extra bits that encode them (RFC 1951, section 3.2.5), and how often each
//! symbol occurs in a block.
//!
//! Knows nothing of codewords.

use super::bits::Bits;
use super::match_finder::{LENGTH_MAX, LENGTH_MIN, Match};

/// Symbols of the code for literals and lengths: 256 literals, the end of a block, 29 lengths.
pub(super) const LITERAL_LENGTH_SYMBOLS: usize = 286;
/// Symbols of the code for distances, and [`NO_DISTANCE`].
pub(super) const DISTANCE_SYMBOLS: usize = 31;

/// The symbol that ends a block.
pub(super) const END_OF_BLOCK: usize = 256;
/// The symbol of the shortest length.
pub(super) const LENGTH_SYMBOL_FIRST: usize = 257;
/// The symbol of the longest length, which it shares with none.
const LENGTH_SYMBOL_LAST: usize = 285;

/// The symbol that a literal has in place of a distance. It is never counted. So its codeword has no
/// bits, and a literal is written by the same steps as a match, without a branch.
const NO_DISTANCE: u8 = 30;

/// Values of [`Token::literal_or_length`]: the 256 literals, then every length from the shortest.
pub(super) const LITERALS_AND_LENGTHS: usize = LITERALS + LENGTH_MAX - LENGTH_MIN + 1;
const LITERALS: usize = 256;

/// What a stretch of the data is encoded as: a byte as it is (a literal), or a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    literal_or_length: u16,
    distance_symbol: u8,
    /// The distance less one; 0 for a literal.
    distance: u16,
}

impl Token {
    /// The literal 0.
    pub(super) const ZERO: Self = Self {
        literal_or_length: 0,
        distance_symbol: NO_DISTANCE,
        distance: 0,
    };

    #[inline]
    pub(super) fn literal(byte: u8) -> Self {
        Self {
            literal_or_length: byte.into(),
            ..Self::ZERO
        }
    }

    #[inline]
    pub(super) fn of_match(found: Match) -> Self {
        let distance = found.distance - 1;
        let (slot, _) = slot(distance, 1);
        Self {
            literal_or_length: (LITERALS + found.length - LENGTH_MIN) as u16,
            distance_symbol: slot as u8,
            distance: distance as u16,
        }
    }

    /// The byte of a literal, or 256 and how much longer a match is than [`LENGTH_MIN`].
    pub(super) fn literal_or_length(self) -> usize {
        self.literal_or_length.into()
    }

    pub(super) fn distance_symbol(self) -> usize {
        self.distance_symbol.into()
    }

    /// The bits that follow the codeword of the distance; none for a literal.
    #[inline]
    pub(super) fn distance_extra_bits(self) -> Bits {
        let (base, extra_bits) = DISTANCE_SLOTS[self.distance_symbol()];
        Bits {
            value: u64::from(self.distance - base),
            count: extra_bits,
        }
    }
}

/// The least distance of each slot, counted from 0, and how many extra bits tell the distances of the
/// slot apart. The first two slots have none, and then every two slots have one more than the two
/// before. [`NO_DISTANCE`] has neither.
const DISTANCE_SLOTS: [(u16, u32); DISTANCE_SYMBOLS] = {
    let mut slots = [(0, 0); DISTANCE_SYMBOLS];
    let (mut slot, mut base) = (0, 0_u16);
    while slot < NO_DISTANCE as usize {
        let extra_bits = (slot as u32 / 2).saturating_sub(1);
        slots[slot] = (base, extra_bits);
        base = base.wrapping_add(1 << extra_bits);
        slot += 1;
    }
    slots
};

/// The symbol of a literal or length, and the extra bits that follow its codeword.
pub(super) fn literal_length_symbol(literal_or_length: usize) -> (usize, Bits) {
    match literal_or_length.checked_sub(LITERALS) {
        None => (literal_or_length, Bits::default()),
        Some(length) if length == LENGTH_MAX - LENGTH_MIN => (LENGTH_SYMBOL_LAST, Bits::default()),
        Some(length) => {
            let (slot, extra_bits) = slot(length, 2);
            let extra = Bits::new(length & ((1 << extra_bits) - 1), extra_bits);
            (LENGTH_SYMBOL_FIRST + slot, extra)
        }
    }
}

/// The slot of a length or distance, and how many extra bits tell the values of the slot apart.
/// Lengths are counted from [`LENGTH_MIN`] and distances from 1. The values of a slot agree in their
/// highest bit and in `mantissa_bits` below it: 2 bits for lengths and 1 for distances.
#[inline]
fn slot(value: usize, mantissa_bits: u32) -> (usize, u32) {
    let extra_bits = (value | 1 << mantissa_bits).ilog2() - mantissa_bits;
    let slot = ((extra_bits as usize) << mantissa_bits) + (value >> extra_bits);
    (slot, extra_bits)
}

/// How often everything occurs in the tokens of a block.
pub(super) struct Counts {
    literals_and_lengths: [u32; LITERALS_AND_LENGTHS],
    distances: [u32; DISTANCE_SYMBOLS],
}

impl Counts {
    pub(super) fn new() -> Self {
        Self {
            literals_and_lengths: [0; LITERALS_AND_LENGTHS],
            distances: [0; DISTANCE_SYMBOLS],
        }
    }

    #[inline]
    pub(super) fn add_literal(&mut self, token: Token) {
        self.literals_and_lengths[token.literal_or_length()] += 1;
    }

    #[inline]
    pub(super) fn add_match(&mut self, token: Token) {
        self.literals_and_lengths[token.literal_or_length()] += 1;
        self.distances[token.distance_symbol()] += 1;
    }

    /// How often each symbol for literals and lengths occurs, the end of the block included.
    pub(super) fn literal_length_symbols(&self) -> [u32; LITERAL_LENGTH_SYMBOLS] {
        let mut counts = [0; LITERAL_LENGTH_SYMBOLS];
        for (value, count) in self.literals_and_lengths.iter().enumerate() {
            counts[literal_length_symbol(value).0] += count;
        }
        counts[END_OF_BLOCK] = 1;
        counts
    }

    /// How often each symbol for distances occurs.
    pub(super) fn distance_symbols(&self) -> &[u32; DISTANCE_SYMBOLS] {
        &self.distances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of RFC 1951, section 3.2.5: where each symbol begins, and with how many extra bits.
    #[test]
    fn symbols_are_those_of_the_standard() {
        for (length, symbol, extra, extra_bits) in [
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
            let found = Match {
                length,
                distance: 1,
            };
            let value = Token::of_match(found).literal_or_length();
            let expected = (symbol, Bits::new(extra, extra_bits));
            assert_eq!(literal_length_symbol(value), expected);
        }
        assert_eq!(literal_length_symbol(255), (255, Bits::default()));
        for (distance, symbol, extra, extra_bits) in [
            (1, 0, 0, 0),
            (2, 1, 0, 0),
            (3, 2, 0, 0),
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
            let length = LENGTH_MIN;
            let token = Token::of_match(Match { length, distance });
            assert_eq!(token.distance_symbol(), symbol);
            assert_eq!(token.distance_extra_bits(), Bits::new(extra, extra_bits));
        }
    }

    #[test]
    fn literals_have_no_distance() {
        let literal = Token::literal(7);
        let found = Token::of_match(Match {
            length: 258,
            distance: 5,
        });
        assert_eq!(literal.literal_or_length(), 7);
        assert_eq!(literal.distance_symbol(), usize::from(NO_DISTANCE));
        assert_eq!(literal.distance_extra_bits(), Bits::default());
        assert_eq!(found.literal_or_length(), LITERALS_AND_LENGTHS - 1);
        let mut counts = Counts::new();
        counts.add_literal(literal);
        counts.add_match(found);
        let occurring = |counts: &[u32]| -> Vec<usize> {
            (0..counts.len()).filter(|&at| counts[at] != 0).collect()
        };
        let literals = occurring(&counts.literal_length_symbols());
        assert_eq!(literals, [7, END_OF_BLOCK, LENGTH_SYMBOL_LAST]);
        assert_eq!(occurring(counts.distance_symbols()), [4]);
    }
}

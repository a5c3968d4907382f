//! Huffman codes (RFC 1951, section 3.2.2): the length of each symbol's codeword, and the codewords.
//!
//! Knows nothing of what the symbols stand for.

use super::bits::Bits;

/// Symbols of the largest alphabet.
const SYMBOLS_MAX: usize = super::symbols::LITERAL_LENGTH_SYMBOLS;

/// Longest codeword in bits (section 3.2.7).
pub(super) const CODEWORD_BITS_MAX: u8 = 15;

/// The length in bits of every symbol's codeword, at most `bits_max`, for symbols that occur so many
/// times. Symbols that do not occur have length 0. A symbol that occurs alone has length 1.
pub(super) fn code_lengths<const N: usize>(counts: &[u32; N], bits_max: u8) -> [u8; N] {
    let mut counts = *counts;
    loop {
        let lengths = unlimited_lengths(&counts);
        if lengths.iter().all(|&length| length <= bits_max) {
            return lengths;
        }
        // Rare symbols have the long codewords. Halving all counts brings them closer to each
        // other, which shortens the longest codewords. It ends at the latest with all counts alike.
        for count in counts.iter_mut().filter(|count| **count != 0) {
            *count = *count / 2 + 1;
        }
    }
}

/// The lengths without a limit, by Huffman's algorithm.
fn unlimited_lengths<const N: usize>(counts: &[u32; N]) -> [u8; N] {
    // Leaves of the tree, the rarest first.
    let mut leaves = [Leaf::default(); N];
    let mut used = 0;
    for (symbol, &count) in counts.iter().enumerate() {
        if count != 0 {
            leaves[used] = Leaf::new(count, symbol);
            used += 1;
        }
    }
    let leaves = &mut leaves[..used];
    leaves.sort_unstable();

    let mut lengths = [0; N];
    if let [leaf] = leaves {
        lengths[leaf.symbol()] = 1;
        return lengths;
    }
    let parents = parents(leaves);
    // A parent has a higher number than its children, and the root the highest.
    let mut depths = [0_u8; 2 * SYMBOLS_MAX];
    for node in (0..(2 * used).saturating_sub(2)).rev() {
        depths[node] = depths[usize::from(parents[node])] + 1;
    }
    for (leaf, &depth) in leaves.iter().zip(&depths) {
        lengths[leaf.symbol()] = depth;
    }
    lengths
}

/// A symbol and how often it occurs, as one number: those are compared and sorted by little code.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Leaf(u64);

impl Leaf {
    fn new(count: u32, symbol: usize) -> Self {
        Self(u64::from(count) << 32 | symbol as u64)
    }

    fn count(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn symbol(self) -> usize {
        self.0 as u32 as usize
    }
}

/// The parent of every node of the Huffman tree. Leaves are numbered first, in their order, then
/// the inner nodes in the order in which they are made.
fn parents(leaves: &[Leaf]) -> [u16; 2 * SYMBOLS_MAX] {
    // An inner node joins the two rarest nodes that have no parent yet. Counts of inner nodes only
    // grow, so that the rarest node is always the next leaf or the next inner node.
    let mut inner_counts = [0_u32; SYMBOLS_MAX];
    let mut parents = [0_u16; 2 * SYMBOLS_MAX];
    let (mut leaf, mut inner) = (0, 0);
    for made in 0..leaves.len().saturating_sub(1) {
        let mut count = 0;
        for _ in 0..2 {
            let is_leaf = leaf < leaves.len()
                && (inner == made || leaves[leaf].count() <= inner_counts[inner]);
            let node = if is_leaf {
                count += leaves[leaf].count();
                leaf += 1;
                leaf - 1
            } else {
                count += inner_counts[inner];
                inner += 1;
                leaves.len() + inner - 1
            };
            parents[node] = (leaves.len() + made) as u16;
        }
        inner_counts[made] = count;
    }
    parents
}

/// A code: the codeword of every symbol.
pub(super) struct Code<const N: usize> {
    codewords: [Bits; N],
}

impl<const N: usize> Code<N> {
    /// The canonical code with codewords of these lengths: shorter codewords come first, and among
    /// those of one length lower symbols (section 3.2.2).
    pub(super) fn new(lengths: &[u8; N]) -> Self {
        const LENGTHS: usize = CODEWORD_BITS_MAX as usize + 1;
        let mut counts = [0_u16; LENGTHS];
        for &length in lengths.iter().filter(|length| **length != 0) {
            counts[usize::from(length)] += 1;
        }
        let mut next = [0_u16; LENGTHS];
        for length in 1..LENGTHS {
            next[length] = (next[length - 1] + counts[length - 1]) << 1;
        }
        let codewords = lengths.map(|length| {
            if length == 0 {
                return Bits::default();
            }
            let codeword = &mut next[usize::from(length)];
            *codeword += 1;
            // Codewords are written with their highest bit first (section 3.1.1).
            let reversed = (*codeword - 1).reverse_bits() >> (16 - length);
            Bits::new(reversed.into(), length.into())
        });
        Self { codewords }
    }

    /// The codeword of a symbol, which has no bits if the symbol does not occur.
    pub(super) fn codeword(&self, symbol: usize) -> Bits {
        self.codewords[symbol]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Kraft's sum in parts of 2^-15: a code of which it is 2^15 can be decoded, and no codeword
    /// could be shorter.
    fn kraft_sum(lengths: &[u8]) -> u32 {
        lengths
            .iter()
            .filter(|length| **length != 0)
            .map(|length| 1 << (15 - length))
            .sum()
    }

    #[test]
    fn frequent_symbols_have_short_codewords() {
        assert_eq!(code_lengths(&[0; 5], 15), [0; 5]);
        assert_eq!(code_lengths(&[0, 9, 0], 15), [0, 1, 0]);
        assert_eq!(code_lengths(&[1, 0, 1000], 15), [1, 0, 1]);
        assert_eq!(code_lengths(&[1, 1, 1, 1], 15), [2; 4]);
        assert_eq!(code_lengths(&[1, 1, 2, 4, 8], 15), [4, 4, 3, 2, 1]);
        // The text of which Huffman codes are usually explained: 45, 13, 12, 16, 9, 5.
        assert_eq!(
            code_lengths(&[45, 13, 12, 16, 9, 5], 15),
            [1, 3, 3, 3, 4, 4]
        );
    }

    /// Counts that grow as the Fibonacci numbers make the longest codewords.
    #[test]
    fn codewords_are_never_too_long() {
        let mut counts = [1_u32; 30];
        for symbol in 2..counts.len() {
            counts[symbol] = counts[symbol - 1] + counts[symbol - 2];
        }
        assert_eq!(unlimited_lengths(&counts)[0], 29);
        for bits_max in [5, 7, 15] {
            let lengths = code_lengths(&counts, bits_max);
            assert!(lengths.iter().all(|length| (1..=bits_max).contains(length)));
            assert_eq!(kraft_sum(&lengths), 1 << 15);
        }
    }

    /// The example of RFC 1951, section 3.2.2.
    #[test]
    fn codewords_are_those_of_the_standard() {
        let code = Code::new(&[3, 3, 3, 3, 3, 2, 4, 4, 0]);
        let word = |symbol| {
            let Bits { value, count } = code.codeword(symbol);
            let digits = (0..count).map(|bit| char::from(b'0' + (value >> bit & 1) as u8));
            digits.collect::<String>()
        };
        let codewords = ["010", "011", "100", "101", "110", "00", "1110", "1111", ""];
        assert_eq!(std::array::from_fn(word), codewords);
    }

    proptest! {
        #[test]
        fn codes_are_complete(counts in prop::array::uniform32(0_u32..20_000)) {
            let lengths = code_lengths(&counts, 7);
            for (&length, &count) in lengths.iter().zip(&counts) {
                prop_assert_eq!(length != 0, count != 0);
                prop_assert!(length <= 7);
            }
            if 1 < counts.iter().filter(|count| **count != 0).count() {
                prop_assert_eq!(kraft_sum(&lengths), 1 << 15);
            }
        }
    }
}

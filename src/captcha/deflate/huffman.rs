//! Huffman codes: which symbols get words of how many bits, and these words.

use super::bits::Bits;

/// Symbols of the largest alphabet.
const SYMBOLS_MAX: usize = super::symbols::LITERAL_SYMBOLS;

/// Lengths of words from none to the longest (RFC 1951, section 3.2.7).
const LENGTHS: usize = 16;

/// How long the words are that make a text with these counts of symbols the shortest, with at most
/// `bits_max` bits each: 0 for symbols that do not occur. A single symbol gets a word of one bit.
pub(super) fn code_lengths<const N: usize>(counts: &[u32; N], bits_max: u8) -> [u8; N] {
    let mut counts = *counts;
    loop {
        let lengths = shortest(&counts);
        if lengths.iter().all(|&length| length <= bits_max) {
            return lengths;
        }
        // Rare symbols have the long words. Flatter counts shorten them, and end at all alike.
        for count in counts.iter_mut().filter(|count| **count != 0) {
            *count = *count / 2 + 1;
        }
    }
}

/// The lengths without a limit: the two rarest symbols become one that is as frequent as both, over
/// and over, and every time they do their words grow by a bit.
fn shortest<const N: usize>(counts: &[u32; N]) -> [u8; N] {
    let mut leaves = [(0_u32, 0_u16); N];
    let mut used = 0;
    for (symbol, &count) in counts.iter().enumerate() {
        if count != 0 {
            leaves[used] = (count, symbol as u16);
            used += 1;
        }
    }
    let leaves = &mut leaves[..used];
    leaves.sort_unstable();

    let mut lengths = [0; N];
    if let [(_, symbol)] = leaves {
        lengths[usize::from(*symbol)] = 1;
        return lengths;
    }
    // Joined symbols come into being in the order of their counts, so that the rarest of all is
    // the first of one queue or of the other. Nodes are numbered, the leaves first.
    let mut joined = [0_u32; SYMBOLS_MAX];
    let mut parents = [0_u16; 2 * SYMBOLS_MAX];
    let (mut leaf, mut inner) = (0, 0);
    for made in 0..used.saturating_sub(1) {
        let mut count = 0;
        for _ in 0..2 {
            let node = if leaf < used && (inner == made || leaves[leaf].0 <= joined[inner]) {
                count += leaves[leaf].0;
                leaf += 1;
                leaf - 1
            } else {
                count += joined[inner];
                inner += 1;
                used + inner - 1
            };
            parents[node] = (used + made) as u16;
        }
        joined[made] = count;
    }
    // A parent has a higher number than its children, and the root the highest.
    let mut depths = [0_u8; 2 * SYMBOLS_MAX];
    for node in (0..(2 * used).saturating_sub(2)).rev() {
        depths[node] = depths[usize::from(parents[node])] + 1;
    }
    for (&(_, symbol), &depth) in leaves.iter().zip(&depths) {
        lengths[usize::from(symbol)] = depth;
    }
    lengths
}

/// The words of a code.
pub(super) struct Code<const N: usize> {
    words: [Bits; N],
}

impl<const N: usize> Code<N> {
    /// The code with words of these lengths (RFC 1951, section 3.2.2): shorter words come first,
    /// and among those of one length lower symbols.
    pub(super) fn new(lengths: &[u8; N]) -> Self {
        let mut counts = [0_u16; LENGTHS];
        for &length in lengths.iter().filter(|length| **length != 0) {
            counts[usize::from(length)] += 1;
        }
        let mut next = [0_u16; LENGTHS];
        for length in 1..LENGTHS {
            next[length] = (next[length - 1] + counts[length - 1]) << 1;
        }
        let words = lengths.map(|length| {
            if length == 0 {
                return Bits::default();
            }
            let word = &mut next[usize::from(length)];
            *word += 1;
            // Words are written with their highest bit first.
            let reversed = (*word - 1).reverse_bits() >> (16 - length);
            Bits::new(reversed.into(), length.into())
        });
        Self { words }
    }

    /// The word of a symbol: no bits if it has none.
    pub(super) fn word(&self, symbol: usize) -> Bits {
        self.words[symbol]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Of all words of a length a shorter one uses up as many as begin with it. A code that uses up
    /// exactly all can be read, and none could be shorter.
    fn used_up(lengths: &[u8]) -> u32 {
        lengths
            .iter()
            .filter(|length| **length != 0)
            .map(|length| 1 << (15 - length))
            .sum()
    }

    #[test]
    fn frequent_symbols_have_short_words() {
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

    /// Counts that grow as the Fibonacci numbers make the longest words.
    #[test]
    fn words_are_never_too_long() {
        let mut counts = [1_u32; 30];
        for symbol in 2..counts.len() {
            counts[symbol] = counts[symbol - 1] + counts[symbol - 2];
        }
        assert_eq!(shortest(&counts)[0], 29);
        for bits_max in [5, 7, 15] {
            let lengths = code_lengths(&counts, bits_max);
            assert!(lengths.iter().all(|length| (1..=bits_max).contains(length)));
            assert_eq!(used_up(&lengths), 1 << 15);
        }
    }

    /// The example of RFC 1951, section 3.2.2.
    #[test]
    fn words_are_those_of_the_standard() {
        let code = Code::new(&[3, 3, 3, 3, 3, 2, 4, 4, 0]);
        let word = |symbol| {
            let Bits { value, count } = code.word(symbol);
            let digits = (0..count).map(|bit| char::from(b'0' + (value >> bit & 1) as u8));
            digits.collect::<String>()
        };
        let words = ["010", "011", "100", "101", "110", "00", "1110", "1111", ""];
        assert_eq!(std::array::from_fn(word), words);
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
                prop_assert_eq!(used_up(&lengths), 1 << 15);
            }
        }
    }
}

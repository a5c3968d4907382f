//! Bytes of a picture to a zlib stream (RFC 1950) of DEFLATE blocks (RFC 1951).
//!
//! Knows rows of bytes and nothing of PNG. Made for pictures of few colours, which consist of runs
//! and of rows that are like the one above but for edges that moved a little: [`mod@matches`] looks
//! there and at one more place, and [`huffman`] makes codes for each picture anew. That is several
//! times faster than an encoder for everything, and little larger in what it writes.

mod bits;
mod huffman;
mod matches;
mod symbols;

use self::bits::{BITS_MAX, BitWriter, Bits};
use self::huffman::{Code, code_lengths};
use self::matches::Matcher;
use self::symbols::{Counts, DISTANCE_SYMBOLS, END, LENGTH_FIRST, LETTERS, Piece};

/// Tokens of a block, after which new codes begin: twice as many as the usual picture has. They are
/// what bounds the memory between finding and writing, to 96 KB.
const BLOCK_TOKENS_MAX: usize = 1 << 14;

/// Bytes of a block: six of every token, and a kilobyte for its codes, of whose 316 lengths none
/// takes more than 14 bits, and for what is before and after all blocks.
const BLOCK_BYTES_MAX: usize = 6 * BLOCK_TOKENS_MAX + 1024;

/// Lengths of words, and runs of them (RFC 1951, section 3.2.7).
const LENGTH_SYMBOLS: usize = 19;

/// Longest words of literals and distances, and of lengths of words (section 3.2.7).
const WORD_BITS_MAX: u8 = 15;
const LENGTH_WORD_BITS_MAX: u8 = 7;
// The longest match: two words, with 5 more bits for its length and 13 for its distance.
const MATCH_BITS_MAX: u32 = 2 * WORD_BITS_MAX as u32 + 5 + 13;
const _: () = assert!(MATCH_BITS_MAX <= BITS_MAX && MATCH_BITS_MAX <= 6 * u8::BITS);

/// The order in which words of lengths tell their own length (section 3.2.7).
const LENGTH_ORDER: [usize; LENGTH_SYMBOLS] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// What is compressed, to the room that is taken for it at once: twice as much as a picture full of
/// noise needs, so that no picture takes more memory than the first of its size.
const ROOM_PER_BYTE: usize = 4;

/// Deflate with a window of 32 KB, by the fastest algorithm (RFC 1950, section 2.2).
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];

/// Compresses pictures one after the other, with buffers that are used again.
pub(super) struct Deflater {
    matcher: Matcher,
    pieces: Box<[Piece]>,
    writer: BitWriter,
}

impl Deflater {
    pub(super) fn new() -> Self {
        Self {
            matcher: Matcher::new(),
            pieces: vec![Piece::ANY; BLOCK_TOKENS_MAX].into(),
            writer: BitWriter::new(),
        }
    }

    /// The zlib stream of rows that are `row_bytes` long each.
    pub(super) fn compress(&mut self, data: &[u8], row_bytes: usize) -> &[u8] {
        let writer = &mut self.writer;
        writer.begin();
        writer.reserve(data.len() / ROOM_PER_BYTE + BLOCK_BYTES_MAX);
        writer.put_bytes(&ZLIB_HEADER);
        self.matcher.begin(row_bytes);
        let mut at = 0;
        loop {
            let mut counts = Counts::new();
            let mut count = 0;
            for piece in &mut *self.pieces {
                let Some(&byte) = data.get(at) else {
                    break;
                };
                (*piece, at) = match self.matcher.find(data, at) {
                    Some(found) => (counts.repeated(found), at + found.length),
                    None => (counts.literal(byte), at + 1),
                };
                count += 1;
            }
            let last = at == data.len();
            writer.reserve(BLOCK_BYTES_MAX);
            write_block(&self.pieces[..count], &counts, last, writer);
            if last {
                break;
            }
        }
        writer.align();
        writer.put_bytes(&adler32(data).to_be_bytes());
        writer.bytes()
    }
}

/// Writes tokens in a block with codes of its own (RFC 1951, section 3.2.7).
fn write_block(pieces: &[Piece], counts: &Counts, last: bool, writer: &mut BitWriter) {
    let literals = code_lengths(&counts.literals(), WORD_BITS_MAX);
    let distances = code_lengths(counts.distances(), WORD_BITS_MAX);

    writer.put(Bits::new(last.into(), 1).then(Bits::new(0b10, 2)));
    write_code_lengths(&literals, &distances, writer);

    let literals = Code::new(&literals);
    let distances = Code::new(&distances);
    // Letters are looked up with the bits that follow their word.
    let letters: [Bits; LETTERS] = std::array::from_fn(|letter| {
        let (symbol, rest) = symbols::of_letter(letter);
        literals.word(symbol).then(rest)
    });
    let distances = Distances::new(&distances);
    for piece in pieces {
        writer.put(letters[piece.letter()].then(distances.word(*piece)));
    }
    writer.put(literals.word(END));
}

/// The words of distances.
struct Distances([DistanceWord; DISTANCE_SYMBOLS]);

/// The word of a distance with the bits that follow it: a distance is added above the word, from
/// which the first of those that share it was taken off there. So nothing has to be worked out of a
/// distance but its symbol.
#[derive(Clone, Copy)]
struct DistanceWord {
    value: u64,
    word_bits: u32,
    count: u32,
}

impl Distances {
    fn new(code: &Code<DISTANCE_SYMBOLS>) -> Self {
        Self(std::array::from_fn(|symbol| {
            let Bits { value, count } = code.word(symbol);
            let (first, rest_bits) = symbols::distances_of(symbol);
            DistanceWord {
                value: value.wrapping_sub(first << count),
                word_bits: count,
                count: count + rest_bits,
            }
        }))
    }

    fn word(&self, piece: Piece) -> Bits {
        let DistanceWord {
            value,
            word_bits,
            count,
        } = self.0[piece.symbol()];
        let value = value.wrapping_add(u64::from(piece.distance) << word_bits);
        Bits { value, count }
    }
}

/// Tells two codes by the lengths of their words (section 3.2.7). These are a text with a code of
/// its own; of its runs only those of symbols without a word are told as such, since others are
/// rare.
fn write_code_lengths(literals: &[u8], distances: &[u8], writer: &mut BitWriter) {
    let literals = without_end(literals, LENGTH_FIRST);
    let distances = without_end(distances, 1);
    let all = || runs(literals).chain(runs(distances));
    let mut counts = [0; LENGTH_SYMBOLS];
    all().for_each(|(symbol, _)| counts[symbol] += 1);
    let lengths = code_lengths(&counts, LENGTH_WORD_BITS_MAX);
    let ordered = LENGTH_ORDER.map(|symbol| lengths[symbol]);
    let ordered = without_end(&ordered, 4);

    writer.put(Bits::new(literals.len() - LENGTH_FIRST, 5));
    writer.put(Bits::new(distances.len() - 1, 5));
    writer.put(Bits::new(ordered.len() - 4, 4));
    for &length in ordered {
        writer.put(Bits::new(length.into(), 3));
    }
    let code = Code::new(&lengths);
    all().for_each(|(symbol, rest)| writer.put(code.word(symbol).then(rest)));
}

/// Lengths but for the zeros at their end. At least so many are left.
fn without_end(lengths: &[u8], count_min: usize) -> &[u8] {
    let last = lengths.iter().rposition(|&length| length != 0);
    &lengths[..last.map_or(0, |last| last + 1).max(count_min)]
}

/// The symbols that tell lengths of words, and the bits that follow each.
fn runs(mut lengths: &[u8]) -> impl Iterator<Item = (usize, Bits)> {
    std::iter::from_fn(move || {
        let first = *lengths.first()?;
        let zeros = lengths.iter().take(138).take_while(|&&length| length == 0);
        let (count, symbol, rest) = match zeros.count() {
            zeros @ 11.. => (zeros, 18, Bits::new(zeros - 11, 7)),
            zeros @ 3.. => (zeros, 17, Bits::new(zeros - 3, 3)),
            _ => (1, first.into(), Bits::default()),
        };
        lengths = &lengths[count..];
        Some((symbol, rest))
    })
}

/// The checksum of a zlib stream (RFC 1950, section 8.2): the sum of all bytes, and the sum of that
/// sum after each of them.
///
/// Bytes are added up in lanes of 16 bits, as many in each as the sum of its sums holds. All lanes
/// are added to at once, which a processor has instructions for.
fn adler32(data: &[u8]) -> u32 {
    const LANES: usize = 32;
    const TURNS: usize = 22;
    const _: () = assert!(255 * TURNS * (TURNS + 1) / 2 <= u16::MAX as usize);
    const PRIME: u64 = 65_521;

    // Within four megabytes, and within as many more, neither sum leaves its 64 bits.
    let (mut sum, mut sums) = (1_u64, 0_u64);
    let (chunks, rest) = data.as_chunks::<{ LANES * TURNS }>();
    for chunk in chunks {
        let (mut lanes, mut lane_sums) = ([0_u16; LANES], [0_u16; LANES]);
        for bytes in chunk.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                lanes[lane] += u16::from(bytes[lane]);
                lane_sums[lane] += lanes[lane];
            }
        }
        sums += chunk.len() as u64 * sum;
        for (lane, (&lane_sum, &sum_of_sums)) in lanes.iter().zip(&lane_sums).enumerate() {
            let lane_sum = u64::from(lane_sum);
            sum += lane_sum;
            // A byte is in all sums of its turn but those of the lanes before its own.
            sums += LANES as u64 * u64::from(sum_of_sums) - lane as u64 * lane_sum;
        }
    }
    for &byte in rest {
        sum += u64::from(byte);
        sums += sum;
    }
    (((sums % PRIME) << 16) | (sum % PRIME)) as u32
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::read::ZlibDecoder;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;

    use super::matches::{DISTANCE_MAX, LENGTH_MIN, Match};
    use super::*;

    /// What comes out of a stream again, which must have nothing after it. The checksum is compared
    /// by the library.
    fn check(deflater: &mut Deflater, data: &[u8], row_bytes: usize) -> usize {
        let stream = deflater.compress(data, row_bytes);
        let mut decoder = ZlibDecoder::new(stream);
        let mut inflated = Vec::new();
        decoder.read_to_end(&mut inflated).unwrap();
        assert!(inflated == data);
        assert_eq!(
            decoder.total_in(),
            stream.len() as u64,
            "bytes after the end"
        );
        stream.len()
    }

    /// A picture with what ours have: bare ground, discs in few codes, and rows that are alike.
    fn picture(width: usize, height: usize, seed: u64) -> Vec<u8> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut data = vec![0; width * height];
        for _ in 0..width * height / 800 {
            let (code, middle) = (rng.u8(1..40), [rng.usize(..width), rng.usize(..height)]);
            let radius = rng.usize(1..12);
            for (at, byte) in data.iter_mut().enumerate() {
                let right = (at % width).abs_diff(middle[0]);
                let down = (at / width).abs_diff(middle[1]);
                if right * right + down * down < radius * radius {
                    *byte = code;
                }
            }
        }
        data
    }

    #[test]
    fn what_is_compressed_comes_out_again() {
        let mut deflater = Deflater::new();
        let every_byte: Vec<u8> = (0..=255).collect();
        let long = [vec![7; 300], vec![0; 40_000], vec![7; 300]].concat();
        for (data, row_bytes) in [
            (&b""[..], 1),
            (b"a", 1),
            (b"abcdefg", 7),
            (b"abcdefgh", 3),
            (&[0; 8], 4),
            (&vec![9; 100_000], 601),
            (&every_byte.repeat(3), 256),
            (&every_byte.repeat(300), 256),
            (&long, DISTANCE_MAX),
            (&long, 40_300),
            (&long, 0),
            (&picture(601, 200, 1), 601),
            (&picture(601, 200, 1), 600),
            (&picture(43, 28, 2), 43),
        ] {
            check(&mut deflater, data, row_bytes);
        }
    }

    /// Nothing of a picture is left in the stream of the next.
    #[test]
    fn a_stream_does_not_depend_on_those_before() {
        let mut deflater = Deflater::new();
        let (one, other) = (picture(120, 80, 3), picture(200, 70, 4));
        let first = deflater.compress(&one, 120).to_vec();
        deflater.compress(&other, 200);
        assert_eq!(deflater.compress(&one, 120), first);
    }

    /// The library at its best level looks everywhere, and for long.
    #[test]
    fn pictures_get_nearly_as_small_as_they_can() {
        let mut deflater = Deflater::new();
        for seed in 0..4 {
            let data = picture(601, 200, seed);
            let ours = check(&mut deflater, &data, 601);
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&data).unwrap();
            let best = encoder.finish().unwrap().len();
            assert!(ours < best * 6 / 5, "{ours}, {best}");
        }
        // 465 matches of the longest, of two bits each, in a block whose codes take 20 bytes.
        assert!(check(&mut deflater, &vec![0; 120_000], 601) < 160);
    }

    /// Bytes without any order, more of them than fit a block, take little more than they are.
    #[test]
    fn noise_grows_by_a_hundredth_at_most() {
        let mut rng = fastrand::Rng::with_seed(5);
        let data: Vec<u8> = (0..5 * BLOCK_TOKENS_MAX).map(|_| rng.u8(..)).collect();
        let bytes = check(&mut Deflater::new(), &data, 100);
        assert!(bytes < data.len() + data.len() / 100, "{bytes}");
    }

    #[test]
    fn the_largest_picture_is_compressed() {
        let data: Vec<u8> = picture(2001, 250, 6).repeat(8);
        check(&mut Deflater::new(), &data, 2001);
    }

    proptest! {
        #[test]
        fn any_bytes_come_out_again(
            parts in prop::collection::vec((any::<u8>(), 1_usize..600), 0..60),
            noise in prop::collection::vec(any::<u8>(), 0..200),
            repeats in 1_usize..6,
            row_bytes in 0_usize..700,
        ) {
            let runs = parts.iter().flat_map(|&(byte, count)| std::iter::repeat_n(byte, count));
            let data = runs.chain(noise).collect::<Vec<u8>>().repeat(repeats);
            check(&mut Deflater::new(), &data, row_bytes);
        }
    }

    /// Every distance, with words as long as they can be.
    #[test]
    fn distances_follow_their_word() {
        let code = Code::new(&[WORD_BITS_MAX; _]);
        let distances = Distances::new(&code);
        for distance in 1..=DISTANCE_MAX {
            let length = LENGTH_MIN;
            let piece = Counts::new().repeated(Match { length, distance });
            let (first, rest_bits) = symbols::distances_of(piece.symbol());
            let rest = distance - 1 - first as usize;
            let expected = code.word(piece.symbol()).then(Bits::new(rest, rest_bits));
            assert_eq!(distances.word(piece), expected, "{distance}");
        }
        let none = Distances::new(&Code::new(&[0; _])).word(Piece::ANY);
        assert_eq!(none, Bits::default());
    }

    #[test]
    fn lengths_of_words_are_told_in_runs_of_zeros() {
        let told = |lengths: &[u8]| -> Vec<(usize, u64)> {
            runs(lengths)
                .map(|(symbol, rest)| (symbol, rest.value))
                .collect()
        };
        assert_eq!(
            told(&[5, 5, 0, 0, 7]),
            [(5, 0), (5, 0), (0, 0), (0, 0), (7, 0)]
        );
        assert_eq!(told(&[0; 3]), [(17, 0)]);
        assert_eq!(told(&[0; 10]), [(17, 7)]);
        assert_eq!(told(&[0; 11]), [(18, 0)]);
        assert_eq!(told(&[0; 138]), [(18, 127)]);
        assert_eq!(told(&[0; 140]), [(18, 127), (0, 0), (0, 0)]);
    }

    #[test]
    fn checksums_are_those_of_the_definition() {
        let by_definition = |data: &[u8]| {
            data.iter().fold((1, 0), |(sum, sums), &byte| {
                let sum = (sum + u32::from(byte)) % 65_521;
                (sum, (sums + sum) % 65_521)
            })
        };
        let mut rng = fastrand::Rng::with_seed(7);
        let noise: Vec<u8> = (0..5_000).map(|_| rng.u8(..)).collect();
        for length in [0, 1, 31, 32, 33, 703, 704, 705, 4_999] {
            for data in [&noise[..length], &vec![255; length]] {
                let (sum, sums) = by_definition(data);
                assert_eq!(adler32(data), (sums << 16) | sum, "{length}");
            }
        }
        // The well-known one of this word.
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}

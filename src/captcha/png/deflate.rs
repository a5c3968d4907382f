//! Bytes of a picture to a zlib stream (RFC 1950) of DEFLATE blocks (RFC 1951).
//!
//! Knows rows of bytes and nothing of PNG. Made for pictures of few codes, which consist of runs and
//! of rows that are like the one above. [`match_finder`](super::match_finder) looks for these, and
//! [`huffman`](super::huffman) makes new codes for each block. The stream has about a quarter fewer
//! bytes than that of the library's encoder at the level that takes about the same time.

use super::adler32::adler32;
use super::bits::{BITS_MAX, BitWriter, Bits};
use super::huffman::{CODEWORD_BITS_MAX, Code, code_lengths};
use super::match_finder::MatchFinder;
use super::symbols::{
    Counts, DISTANCE_SYMBOLS, END_OF_BLOCK, LENGTH_SYMBOL_FIRST, LITERALS_AND_LENGTHS, Token,
    literal_length_symbol,
};

/// Most tokens of a block, twice as many as the usual picture has. They are kept until the codes of
/// the block are known, and take 96 KB.
const BLOCK_TOKENS_MAX: usize = 1 << 14;

/// Most bytes of a block: six for every token, and a kilobyte for the lengths of the codewords (at
/// most 316, of at most 14 bits each) and for what is before and after all blocks.
const BLOCK_BYTES_MAX: usize = 6 * BLOCK_TOKENS_MAX + 1024;

/// Most bits of a token: two codewords, with 5 extra bits for the length and 13 for the distance.
const TOKEN_BITS_MAX: u32 = 2 * CODEWORD_BITS_MAX as u32 + 5 + 13;
const _: () = assert!(TOKEN_BITS_MAX <= BITS_MAX && TOKEN_BITS_MAX <= 6 * u8::BITS);

/// Symbols of the code in which the lengths of codewords are written: lengths, and runs of them
/// (RFC 1951, section 3.2.7).
const LENGTH_CODE_SYMBOLS: usize = 19;

/// Longest codeword of that code, in bits.
const LENGTH_CODE_BITS_MAX: u8 = 7;

/// The order in which the lengths of its codewords are written.
const LENGTH_CODE_ORDER: [usize; LENGTH_CODE_SYMBOLS] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Bytes of data for each byte of room that is made for the stream at first. A picture full of noise
/// needs half of that room, so that no picture takes more memory than the first of its size.
const DATA_BYTES_PER_ROOM_BYTE: usize = 4;

/// Deflate with a window of 32 KB, by the fastest algorithm (RFC 1950, section 2.2).
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];

/// Compresses pictures one after the other, with buffers that are used again.
pub(super) struct Deflater {
    match_finder: MatchFinder,
    tokens: Box<[Token]>,
    writer: BitWriter,
}

impl Deflater {
    pub(super) fn new() -> Self {
        Self {
            match_finder: MatchFinder::new(),
            tokens: vec![Token::ZERO; BLOCK_TOKENS_MAX].into(),
            writer: BitWriter::new(),
        }
    }

    /// The zlib stream of rows that are `row_bytes` long each.
    pub(super) fn compress(&mut self, data: &[u8], row_bytes: usize) -> &[u8] {
        self.writer.clear();
        self.writer
            .reserve(data.len() / DATA_BYTES_PER_ROOM_BYTE + BLOCK_BYTES_MAX);
        self.writer.put_bytes(&ZLIB_HEADER);
        self.match_finder.clear(row_bytes);
        let mut at = 0;
        loop {
            let mut counts = Counts::new();
            let tokens = self.find_tokens(data, &mut at, &mut counts);
            let is_last = at == data.len();
            self.writer.reserve(BLOCK_BYTES_MAX);
            write_block(&self.tokens[..tokens], &counts, is_last, &mut self.writer);
            if is_last {
                break;
            }
        }
        self.writer.align();
        self.writer.put_bytes(&adler32(data).to_be_bytes());
        self.writer.bytes()
    }

    /// Fills `tokens` with those of a block, which begins at the position `at`. Counts them, moves
    /// the position to the block's end, and returns how many there are.
    ///
    /// In a function of its own, so that the loop has all registers of a processor.
    #[inline(never)]
    fn find_tokens(&mut self, data: &[u8], at: &mut usize, counts: &mut Counts) -> usize {
        for (count, token) in self.tokens.iter_mut().enumerate() {
            let Some(&byte) = data.get(*at) else {
                return count;
            };
            if let Some(found) = self.match_finder.find(data, *at) {
                *token = Token::of_match(found);
                counts.add_match(*token);
                *at += found.length;
            } else {
                *token = Token::literal(byte);
                counts.add_literal(*token);
                *at += 1;
            }
        }
        self.tokens.len()
    }
}

/// Writes tokens in a block with codes of its own (RFC 1951, section 3.2.7).
fn write_block(tokens: &[Token], counts: &Counts, is_last: bool, writer: &mut BitWriter) {
    const DYNAMIC_CODES: usize = 0b10;
    let literal_lengths = code_lengths(&counts.literal_length_symbols(), CODEWORD_BITS_MAX);
    let distances = code_lengths(counts.distance_symbols(), CODEWORD_BITS_MAX);

    writer.put(Bits::new(is_last.into(), 1).then(Bits::new(DYNAMIC_CODES, 2)));
    write_code_lengths(&literal_lengths, &distances, writer);

    let literal_lengths = Code::new(&literal_lengths);
    let distances: Code<DISTANCE_SYMBOLS> = Code::new(&distances);
    // Codewords of literals and lengths with their extra bits, so that a token takes one look-up.
    let encoded: [Bits; LITERALS_AND_LENGTHS] = std::array::from_fn(|literal_or_length| {
        let (symbol, extra) = literal_length_symbol(literal_or_length);
        literal_lengths.codeword(symbol).then(extra)
    });
    writer.put_all(tokens.iter().map(|token| {
        let distance = distances.codeword(token.distance_symbol());
        let distance = distance.then(token.distance_extra_bits());
        encoded[token.literal_or_length()].then(distance)
    }));
    writer.put(literal_lengths.codeword(END_OF_BLOCK));
}

/// Writes the lengths of the codewords of two codes (section 3.2.7), encoded by a code of their own.
/// Of runs only those of zeros are encoded as such, since others are rare.
fn write_code_lengths(literal_lengths: &[u8], distances: &[u8], writer: &mut BitWriter) {
    let literal_lengths = without_end(literal_lengths, LENGTH_SYMBOL_FIRST);
    let distances = without_end(distances, 1);
    let all = || runs(literal_lengths).chain(runs(distances));
    let mut counts = [0; LENGTH_CODE_SYMBOLS];
    all().for_each(|(symbol, _)| counts[symbol] += 1);
    let lengths = code_lengths(&counts, LENGTH_CODE_BITS_MAX);
    let ordered = LENGTH_CODE_ORDER.map(|symbol| lengths[symbol]);
    let ordered = without_end(&ordered, 4);

    writer.put(Bits::new(literal_lengths.len() - LENGTH_SYMBOL_FIRST, 5));
    writer.put(Bits::new(distances.len() - 1, 5));
    writer.put(Bits::new(ordered.len() - 4, 4));
    for &length in ordered {
        writer.put(Bits::new(length.into(), 3));
    }
    let code = Code::new(&lengths);
    all().for_each(|(symbol, extra)| writer.put(code.codeword(symbol).then(extra)));
}

/// Lengths without the zeros at their end. At least so many are left.
fn without_end(lengths: &[u8], count_min: usize) -> &[u8] {
    let last = lengths.iter().rposition(|&length| length != 0);
    &lengths[..last.map_or(0, |last| last + 1).max(count_min)]
}

/// The symbols that encode lengths of codewords, and the extra bits that follow each.
fn runs(mut lengths: &[u8]) -> impl Iterator<Item = (usize, Bits)> {
    std::iter::from_fn(move || {
        let first = *lengths.first()?;
        let zeros = lengths.iter().take(138).take_while(|&&length| length == 0);
        let (count, symbol, extra) = match zeros.count() {
            zeros @ 11.. => (zeros, 18, Bits::new(zeros - 11, 7)),
            zeros @ 3.. => (zeros, 17, Bits::new(zeros - 3, 3)),
            _ => (1, first.into(), Bits::default()),
        };
        lengths = &lengths[count..];
        Some((symbol, extra))
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::read::ZlibDecoder;
    use flate2::write::ZlibEncoder;
    use proptest::prelude::*;

    use super::super::match_finder::DISTANCE_MAX;
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

    /// A picture with what pictures of captchas have: bare ground, discs in few codes, and similar rows.
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

    #[test]
    fn lengths_of_codewords_are_encoded_in_runs_of_zeros() {
        let encoded = |lengths: &[u8]| -> Vec<(usize, u64)> {
            runs(lengths)
                .map(|(symbol, extra)| (symbol, extra.value))
                .collect()
        };
        assert_eq!(
            encoded(&[5, 5, 0, 0, 7]),
            [(5, 0), (5, 0), (0, 0), (0, 0), (7, 0)]
        );
        assert_eq!(encoded(&[0; 3]), [(17, 0)]);
        assert_eq!(encoded(&[0; 10]), [(17, 7)]);
        assert_eq!(encoded(&[0; 11]), [(18, 0)]);
        assert_eq!(encoded(&[0; 138]), [(18, 127)]);
        assert_eq!(encoded(&[0; 140]), [(18, 127), (0, 0), (0, 0)]);
    }
}

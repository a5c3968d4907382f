//! WAV files of IMA ADPCM to samples: 4 bits a sample, in blocks that begin with a whole one.
//!
//! Reads the files of `voice/`, which are part of the program, and trusts them. The format is that
//! of the IMA Digital Audio Focus and Technical Working Groups, "Recommended Practices for Enhancing
//! Digital Audio Compatibility in Multimedia Systems" (1992), as WAV files have it (format 0x11).

/// How far a step may reach, by its index.
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// What a code, but for its sign, adds to the index.
const INDEX_CHANGES: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

/// Bytes at the beginning of a block: its first sample, the index of its step, and one unused.
const BLOCK_HEAD_BYTES: usize = 4;

/// The samples of a file with one channel; none if it is no such file.
pub(super) fn decode(file: &[u8]) -> Option<Vec<i16>> {
    let format = chunk(file, *b"fmt ")?;
    let [0x11, 0, 1, 0, ..] = format else {
        return None;
    };
    let block_bytes = u16::from_le_bytes([*format.get(12)?, *format.get(13)?]);
    let data = chunk(file, *b"data")?;
    let mut samples = Vec::with_capacity(2 * data.len());
    for block in data.chunks(block_bytes.into()) {
        let (&[low, high, index, _], codes) = block.split_first_chunk::<BLOCK_HEAD_BYTES>()?;
        let mut predictor = Predictor {
            sample: i16::from_le_bytes([low, high]).into(),
            index: index.into(),
        };
        samples.push(predictor.sample as i16);
        for byte in codes {
            samples.push(predictor.next(byte & 15));
            samples.push(predictor.next(byte >> 4));
        }
    }
    let count = u32::from_le_bytes(*chunk(file, *b"fact")?.first_chunk()?);
    samples.truncate(count as usize);
    Some(samples)
}

/// What a chunk of a RIFF file holds.
fn chunk(file: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let (head, body) = rest.split_first_chunk::<8>()?;
        let bytes = u32::from_le_bytes(*head.last_chunk()?) as usize;
        if head.starts_with(&name) {
            return body.get(..bytes);
        }
        rest = body.get(bytes.next_multiple_of(2)..)?;
    }
}

/// The last sample, from which the next one is told, and how large a step that may be.
struct Predictor {
    sample: i32,
    index: usize,
}

impl Predictor {
    fn next(&mut self, code: u8) -> i16 {
        let step = STEPS[self.index];
        let mut change = step >> 3;
        for (bit, share) in [(4, step), (2, step >> 1), (1, step >> 2)] {
            if code & bit != 0 {
                change += share;
            }
        }
        if code & 8 != 0 {
            change = -change;
        }
        self.sample = (self.sample + change).clamp(i16::MIN.into(), i16::MAX.into());
        let index = self.index as i32 + INDEX_CHANGES[usize::from(code & 7)];
        self.index = index.clamp(0, STEPS.len() as i32 - 1) as usize;
        self.sample as i16
    }
}

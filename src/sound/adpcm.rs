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

/// The last sample, from which the next one is computed, and the size of the step.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one block with these bytes of codes, and `count` samples.
    fn file(first: i16, index: u8, codes: &[u8], count: u32) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x14\0\0\0\x11\0\x01\0".to_vec();
        file.extend([0; 8]);
        file.extend([0, 1, 4, 0, 2, 0, 0xf9, 1]);
        file.extend(b"fact\x04\0\0\0");
        file.extend(count.to_le_bytes());
        file.extend(b"data");
        file.extend((4 + codes.len() as u32).to_le_bytes());
        file.extend(first.to_le_bytes());
        file.extend([index, 0]);
        file.extend(codes);
        file
    }

    #[test]
    fn codes_are_steps_from_one_sample_to_the_next() {
        // Steps of 7, 7, 16 and 19; 1, 15, minus 9 and 5 eighths of them, each bit cut off by itself.
        let samples = decode(&file(100, 0, &[0x70, 0x2c], 5)).unwrap();
        assert_eq!(samples, [100, 100, 111, 93, 104]);
        assert_eq!(
            decode(&file(100, 0, &[0x70, 0x2c], 3)).unwrap(),
            [100, 100, 111]
        );
    }

    #[test]
    fn samples_stay_within_16_bits() {
        let samples = decode(&file(32_000, 88, &[0xf7, 0xff], 5)).unwrap();
        assert_eq!(samples, [32_000, 32_767, -28_669, -32_768, -32_768]);
    }

    #[test]
    fn what_is_no_such_file_is_none() {
        let good = file(0, 0, &[0; 8], 17);
        assert!(decode(&good).is_some());
        for end in 0..good.len() {
            assert_eq!(decode(&good[..end]), None, "{end}");
        }
        let mut plain = good.clone();
        plain[20] = 1;
        assert_eq!(decode(&plain), None);
    }
}

//! Samples to a WAV file of the plainest kind: one channel, 8 bits a sample, which every browser
//! plays. At 16,000 samples a second, f and s can be distinguished, which is not so with half as many
//! samples of twice the bits; the bed covers what 8 bits lack.

/// Bytes before the samples.
pub(super) const HEAD_BYTES: usize = 44;

/// A float next to this number has no bits for fractions, and its lowest bits are the integer.
const NO_FRACTIONS: f32 = 8_388_608.0;

/// Appends a file of samples that lie between -1 and 1, an even number of them.
pub(super) fn write(samples: &[f32], samples_per_sec: u32, wav: &mut Vec<u8>) {
    let count = samples.len() as u32;
    wav.extend(b"RIFF");
    wav.extend((HEAD_BYTES as u32 - 8 + count).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes()); // bytes of the format
    wav.extend(1_u16.to_le_bytes()); // samples are plain numbers
    wav.extend(1_u16.to_le_bytes()); // channels
    wav.extend(samples_per_sec.to_le_bytes());
    wav.extend(samples_per_sec.to_le_bytes()); // bytes a second
    wav.extend(1_u16.to_le_bytes()); // bytes of a sample
    wav.extend(8_u16.to_le_bytes()); // bits of a sample
    wav.extend(b"data");
    wav.extend(count.to_le_bytes());
    let codes = samples
        .iter()
        .map(|sample| 127.0 * sample.clamp(-1.0, 1.0) + 128.0);
    wav.extend(codes.map(|code| (code + NO_FRACTIONS).to_bits() as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_rounded_to_the_nearest_of_255_levels() {
        let mut wav = Vec::new();
        write(
            &[-1.0, -0.5, -0.003, 0.0, 0.003, 0.6, 1.0, 1.5],
            16_000,
            &mut wav,
        );
        assert_eq!(wav.len(), HEAD_BYTES + 8);
        assert_eq!(wav[HEAD_BYTES..], [1, 64, 128, 128, 128, 204, 255, 255]);
    }
}

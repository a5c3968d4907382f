//! Samples to a WAV file of the plainest kind: one channel, 8 bits a sample.

/// Bytes before the samples.
pub(super) const HEAD_BYTES: usize = 44;

/// Appends a file of samples that lie between -1 and 1 to `wav`.
pub(super) fn write(samples: &[f32], samples_per_sec: u32, wav: &mut Vec<u8>) {
    let count = samples.len() as u32;
    let padding = count % 2;
    wav.extend(b"RIFF");
    wav.extend((HEAD_BYTES as u32 - 8 + count + padding).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend(1_u16.to_le_bytes()); // plain numbers
    wav.extend(1_u16.to_le_bytes()); // channels
    wav.extend(samples_per_sec.to_le_bytes());
    wav.extend(samples_per_sec.to_le_bytes()); // bytes a second
    wav.extend(1_u16.to_le_bytes()); // bytes of a sample
    wav.extend(8_u16.to_le_bytes()); // bits of a sample
    wav.extend(b"data");
    wav.extend(count.to_le_bytes());
    wav.extend(samples.iter().map(|sample| (128.5 + 127.0 * sample) as u8));
    wav.extend(&[128][..padding as usize]);
}

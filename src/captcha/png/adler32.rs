//! Adler-32, the checksum of a zlib stream (RFC 1950, section 8.2).

/// The modulus of both sums, the largest prime below 65,536.
const MODULUS: u64 = 65_521;

/// Bytes added at once, each in a lane of its own. A lane holds 16 bits, for which processors have
/// vector instructions.
const LANES: usize = 32;

/// How many bytes a lane takes before its sums are moved to wider ones: the most for which the sum
/// of sums fits 16 bits.
const LANE_BYTES: usize = 22;
const _: () = assert!(255 * LANE_BYTES * (LANE_BYTES + 1) / 2 <= u16::MAX as usize);

/// The checksum of these bytes, of which there are at most a few megabytes.
///
/// It consists of two sums, which the standard calls s1 and s2: one more than the sum of all bytes,
/// and the sum of the values that s1 has after each byte. Up to 100 million bytes neither leaves its
/// 64 bits, so that the remainder is taken once, at the end.
pub(super) fn adler32(data: &[u8]) -> u32 {
    let (mut s1, mut s2) = (1_u64, 0_u64);
    let (chunks, tail) = data.as_chunks::<{ LANES * LANE_BYTES }>();
    for chunk in chunks {
        // The same two sums of the bytes of each lane.
        let (mut sums, mut totals) = ([0_u16; LANES], [0_u16; LANES]);
        for bytes in chunk.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                sums[lane] += u16::from(bytes[lane]);
                totals[lane] += sums[lane];
            }
        }
        s2 += chunk.len() as u64 * s1;
        for (lane, (&sum, &total)) in sums.iter().zip(&totals).enumerate() {
            let [sum, total] = [sum, total].map(u64::from);
            s1 += sum;
            // A lane's total counts a byte once for its own row of bytes and for each after it.
            // Each of these rows has LANES bytes, but in the first s2 counts only from the byte on.
            s2 += LANES as u64 * total - lane as u64 * sum;
        }
    }
    for &byte in tail {
        s1 += u64::from(byte);
        s2 += s1;
    }
    (((s2 % MODULUS) << 16) | (s1 % MODULUS)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_definition() {
        let by_definition = |data: &[u8]| {
            data.iter().fold((1, 0), |(s1, s2), &byte| {
                let s1 = (s1 + u32::from(byte)) % 65_521;
                (s1, (s2 + s1) % 65_521)
            })
        };
        let mut rng = fastrand::Rng::with_seed(7);
        let noise: Vec<u8> = (0..5_000).map(|_| rng.u8(..)).collect();
        for length in [0, 1, 31, 32, 33, 703, 704, 705, 4_999] {
            for data in [&noise[..length], &vec![255; length]] {
                let (s1, s2) = by_definition(data);
                assert_eq!(adler32(data), (s2 << 16) | s1, "{length}");
            }
        }
        // A well-known example.
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}

//! FNV-1a with 64 bits: a checksum that detects accidental changes. It does not detect deliberate ones.

/// The checksum of the bytes added so far. It changes whenever a single byte changes; of other changes
/// one in 2^64 is not detected.
#[derive(Clone, Copy, Debug)]
pub struct Fnv1a(u64);

impl Fnv1a {
    /// The checksum of no bytes.
    pub const EMPTY: Fnv1a = Fnv1a(0xcbf2_9ce4_8422_2325);

    /// The checksum with these bytes after the others.
    #[must_use]
    pub const fn with(self, bytes: &[u8]) -> Self {
        let mut sum = self.0;
        let mut index = 0;
        while index < bytes.len() {
            sum = (sum ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
            index += 1;
        }
        Fnv1a(sum)
    }

    /// The checksum.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that the authors of FNV publish.
    #[test]
    fn is_what_its_authors_say() {
        for (text, sum) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(Fnv1a::EMPTY.with(text.as_bytes()).value(), sum, "{text:?}");
        }
        let parts = Fnv1a::EMPTY.with(b"foo").with(b"").with(b"bar");
        assert_eq!(parts.value(), 0x8594_4171_f739_67e8);
    }
}

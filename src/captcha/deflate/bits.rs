//! Bits to bytes, in the order of RFC 1951, section 3.1.1: the first bit is the lowest of a byte.

/// A few bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    /// The first one lowest, and none above the last.
    pub(super) value: u64,
    /// How many, of which [`BITS_MAX`] can be written at once.
    pub(super) count: u32,
}

/// Most bits that can be written at once: with those of a byte begun they fit a word.
pub(super) const BITS_MAX: u32 = u64::BITS - 8;

impl Bits {
    pub(super) fn new(value: usize, count: u32) -> Self {
        let value = value as u64;
        Self { value, count }
    }

    /// These bits and then others.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            value: self.value | next.value << self.count,
            count: self.count + next.count,
        }
    }
}

/// Collects bits in bytes.
pub(super) struct BitWriter {
    /// What is written, and room for more.
    bytes: Vec<u8>,
    /// How many whole bytes are written.
    end: usize,
    /// A byte begun.
    begun: Bits,
}

impl BitWriter {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            end: 0,
            begun: Bits::default(),
        }
    }

    /// Begins anew. Memory is kept.
    pub(super) fn begin(&mut self) {
        self.end = 0;
        self.begun = Bits::default();
    }

    /// Makes room for so many bytes more.
    pub(super) fn reserve(&mut self, bytes: usize) {
        let len = self.end + bytes + size_of::<u64>();
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
    }

    /// Appends bits, for which there must be room.
    pub(super) fn put(&mut self, bits: Bits) {
        let Bits { value, count } = self.begun.then(bits);
        // A whole word, and then on by what is known of it, is quicker than to ask how much.
        self.bytes[self.end..][..size_of::<u64>()].copy_from_slice(&value.to_le_bytes());
        self.end += count as usize / 8;
        self.begun = Bits {
            value: value >> (count & !7),
            count: count & 7,
        };
    }

    /// Fills the byte begun with zeros.
    pub(super) fn align(&mut self) {
        self.put(Bits::new(0, self.begun.count.wrapping_neg() & 7));
    }

    /// Appends whole bytes, which must not follow a byte begun.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.end..][..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// All whole bytes so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_fill_bytes_from_the_lowest() {
        let mut writer = BitWriter::new();
        writer.reserve(5);
        writer.put_bytes(b"x");
        writer.put(Bits::new(1, 1));
        writer.put(Bits::new(0b10, 2).then(Bits::new(0b0110, 4)));
        assert_eq!(writer.bytes(), b"x", "no byte is whole yet");
        writer.put(Bits::new(0x7ff, 11));
        assert_eq!(writer.bytes(), [b'x', 0b1011_0101, 0xff]);
        writer.align();
        assert_eq!(writer.bytes(), [b'x', 0b1011_0101, 0xff, 0b11]);
        writer.align();
        writer.put_bytes(b"y");
        assert_eq!(writer.bytes(), [b'x', 0b1011_0101, 0xff, 0b11, b'y']);
        writer.begin();
        assert_eq!(writer.bytes(), b"");
    }

    #[test]
    fn any_number_of_bits_follows_any_other() {
        for count in 0..=BITS_MAX {
            for begun in 0..8 {
                let mut writer = BitWriter::new();
                writer.reserve(8);
                writer.put(Bits::new(0, begun));
                writer.put(Bits::new((1 << count) - 1, count));
                writer.align();
                let ones: u32 = writer.bytes().iter().map(|byte| byte.count_ones()).sum();
                assert_eq!(ones, count);
                assert_eq!(writer.bytes().len() as u32, (begun + count).div_ceil(8));
            }
        }
    }
}

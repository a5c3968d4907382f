//! Bits to bytes, in the order of RFC 1951, section 3.1.1: the first bit is the lowest of a byte.

/// A string of up to 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits {
    /// The bits, the first one lowest. Those above the last are zero.
    pub(super) value: u64,
    /// How many there are. [`BITS_MAX`] can be written at once.
    pub(super) count: u32,
}

/// Most bits that can be written at once. With the seven that may be pending they fit 64.
pub(super) const BITS_MAX: u32 = u64::BITS - 8;

impl Bits {
    pub(super) fn new(value: usize, count: u32) -> Self {
        let value = value as u64;
        Self { value, count }
    }

    /// These bits and then others.
    #[inline]
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            value: self.value | next.value << self.count,
            count: self.count + next.count,
        }
    }
}

/// Collects bits in bytes.
pub(super) struct BitWriter {
    /// The bytes written so far, followed by room for more.
    bytes: Vec<u8>,
    /// How many bytes are written.
    end: usize,
    /// Up to seven bits that do not fill a byte yet.
    pending: Bits,
}

impl BitWriter {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            end: 0,
            pending: Bits::default(),
        }
    }

    /// Forgets what was written. Memory is kept.
    pub(super) fn clear(&mut self) {
        self.end = 0;
        self.pending = Bits::default();
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
        self.put_all([bits]);
    }

    /// Appends strings of bits, for which there must be room.
    #[inline]
    pub(super) fn put_all(&mut self, strings: impl IntoIterator<Item = Bits>) {
        let (mut end, mut pending) = (self.end, self.pending);
        for bits in strings {
            let Bits { value, count } = pending.then(bits);
            // All eight bytes are written, and the position moves on by those that are full. This
            // takes no branch.
            self.bytes[end..][..size_of::<u64>()].copy_from_slice(&value.to_le_bytes());
            end += count as usize / 8;
            pending = Bits {
                value: value >> (count & !7),
                count: count & 7,
            };
        }
        (self.end, self.pending) = (end, pending);
    }

    /// Fills the pending bits up to a byte with zeros.
    pub(super) fn align(&mut self) {
        self.put(Bits::new(0, self.pending.count.wrapping_neg() & 7));
    }

    /// Appends whole bytes. No bits may be pending.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        self.bytes[self.end..][..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// All full bytes so far.
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
        writer.clear();
        assert_eq!(writer.bytes(), b"");
    }

    #[test]
    fn any_number_of_bits_follows_any_other() {
        for count in 0..=BITS_MAX {
            for pending in 0..8 {
                let mut writer = BitWriter::new();
                writer.reserve(8);
                writer.put(Bits::new(0, pending));
                writer.put(Bits::new((1 << count) - 1, count));
                writer.align();
                let ones: u32 = writer.bytes().iter().map(|byte| byte.count_ones()).sum();
                assert_eq!(ones, count);
                assert_eq!(writer.bytes().len() as u32, (pending + count).div_ceil(8));
            }
        }
    }
}

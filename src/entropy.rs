//! Random bytes from the operating system, through `uuid`. For secrets. Decoration uses a faster generator
//! that is seeded from here.

use uuid::Uuid;

/// The bytes of a version 4 UUID that are random throughout: all but bytes 6 and 8, which carry
/// version and variant (RFC 9562 section 5.4).
const RANDOM: [usize; 14] = [0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15];

/// An endless source of random bytes, 14 for each call to the system.
#[derive(Default)]
pub struct Entropy {
    drawn: [u8; 16],
    left: usize,
}

impl Entropy {
    /// The next byte, each of the 256 equally likely.
    pub fn byte(&mut self) -> u8 {
        if self.left == 0 {
            self.drawn = *Uuid::new_v4().as_bytes();
            self.left = RANDOM.len();
        }
        self.left -= 1;
        self.drawn[RANDOM[self.left]]
    }

    /// Eight bytes as a seed.
    pub fn seed(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_as_often_set_as_not() {
        const DRAWS: u32 = 20_000;
        let mut entropy = Entropy::default();
        let mut set = [0_u32; 64];
        for _ in 0..DRAWS {
            let seed = entropy.seed();
            for (bit, count) in set.iter_mut().enumerate() {
                *count += u32::from(seed >> bit & 1 == 1);
            }
        }
        // Six standard deviations (71 each) from the middle: a fixed bit is far outside, and chance
        // gets there once in ten million runs.
        for count in set {
            assert!(count.abs_diff(DRAWS / 2) < 430, "{set:?}");
        }
    }

    #[test]
    fn does_not_repeat_itself() {
        let mut entropy = Entropy::default();
        let mut seeds: Vec<u64> = (0..1_000).map(|_| entropy.seed()).collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 1_000);
    }
}

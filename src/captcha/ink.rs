//! The inks of a picture, and the byte that says which of them covers a pixel and how much.
//!
//! Knows no colours: those are the palette's.

/// Most inks of a picture. Enough for a colourful one, and so few that letters, noise and lines share
/// them: what shares an ink cannot be separated by colour. Twice as many take 5 % more bytes, half as
/// many save 1 %.
pub(super) const INKS_MAX: usize = 15;

/// Levels of coverage: an ink covers no part of a pixel, one third, two thirds or all of it. At the
/// size of a picture three levels, four and eight look the same. Four take 7 % more bytes; two take
/// 15 % less, and make thin lines rough.
pub(super) const LEVELS: u8 = 3;

/// Bits of a code that hold the level; those above hold the ink's number.
const LEVEL_BITS: u32 = 2;
/// The bits themselves.
pub(super) const LEVEL_MASK: u8 = (1 << LEVEL_BITS) - 1;

/// Codes there is room for: every ink at every level. Of those at level 0 only [`GROUND`] occurs.
pub(super) const CODES_MAX: usize = INKS_MAX << LEVEL_BITS;
const _: () = assert!(LEVELS <= LEVEL_MASK && CODES_MAX <= 256);

/// The code of a pixel without ink.
pub(super) const GROUND: u8 = 0;

/// One of a picture's inks, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ink(u8);

impl Ink {
    /// The code of a pixel that the ink covers at a level, over bare ground.
    pub(super) const fn code(self, level: u8) -> u8 {
        if level == 0 {
            GROUND
        } else {
            self.0 << LEVEL_BITS | level
        }
    }

    /// The bits of a code that hold the ink's number.
    #[inline(always)]
    pub(super) fn bits(self) -> u8 {
        self.0 << LEVEL_BITS
    }

    /// The ink of a code.
    #[cfg(test)]
    pub(super) fn of(code: u8) -> Self {
        Self(code >> LEVEL_BITS)
    }
}

/// The inks that a picture is drawn with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inks {
    count: usize,
}

impl Inks {
    /// All there are.
    pub(super) const ALL: Self = Self { count: INKS_MAX };

    /// As few as letters that cross can share with all else. With fewer, three letters in a row could
    /// not all differ.
    pub(super) const FEW: Self = Self { count: 4 };

    pub(super) fn count(self) -> usize {
        self.count
    }

    /// Any of them.
    pub(super) fn pick(self, rng: &mut fastrand::Rng) -> Ink {
        // From 64 bits also where a `usize` has fewer: a seed draws the same on every processor.
        Ink(rng.u64(..self.count as u64) as u8)
    }

    /// Any of them but two: an ink for a letter that may cross the two before it.
    pub(super) fn pick_other(self, than: [Ink; 2], rng: &mut fastrand::Rng) -> Ink {
        let mut ink = self.pick(rng);
        while than.contains(&ink) {
            ink = Ink((ink.0 + 1) % self.count as u8);
        }
        ink
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_inks_and_levels_apart() {
        let mut seen = [false; CODES_MAX];
        for ink in (0..INKS_MAX as u8).map(Ink) {
            assert_eq!(ink.code(0), GROUND);
            for level in 1..=LEVELS {
                let code = ink.code(level);
                assert_eq!((Ink::of(code), code & LEVEL_MASK), (ink, level));
                assert_eq!(code, ink.bits() | level);
                assert!(!std::mem::replace(&mut seen[usize::from(code)], true));
            }
        }
        assert!(!seen[usize::from(GROUND)]);
    }

    #[test]
    fn every_ink_is_picked() {
        let mut rng = fastrand::Rng::with_seed(1);
        for inks in [Inks::ALL, Inks::FEW] {
            let mut counts = vec![0; inks.count()];
            for _ in 0..1_000 {
                counts[usize::from(inks.pick(&mut rng).0)] += 1;
            }
            assert!(counts.iter().all(|&count| 30 < count), "{counts:?}");
        }
    }

    #[test]
    fn an_ink_after_two_others_is_neither() {
        let mut rng = fastrand::Rng::with_seed(1);
        for inks in [Inks::ALL, Inks::FEW] {
            let mut before = [inks.pick(&mut rng); 2];
            for _ in 0..1_000 {
                let ink = inks.pick_other(before, &mut rng);
                assert!(!before.contains(&ink));
                before = [before[1], ink];
            }
        }
    }
}

//! The inks of a picture, and the byte that says which of them covers a pixel and how much.
//!
//! Knows no colours: those are the palette's.

/// Inks of a picture: three for letters and one for lines, so that no line has the ink of a letter.
/// Small letters and dots share all of them: what shares an ink cannot be separated by colour.
pub(super) const INKS: usize = 4;

/// Levels of coverage: an ink covers no part of a pixel, one third, two thirds or all of it. At the
/// size of a picture three levels, four and eight look the same. Four take 7 % more bytes; two take
/// 15 % less, and make thin lines rough.
pub(super) const LEVELS: u8 = 3;

/// Bits of a code that hold the level; those above hold the ink's number.
const LEVEL_BITS: u32 = 2;
/// The bits themselves.
pub(super) const LEVEL_MASK: u8 = (1 << LEVEL_BITS) - 1;

/// Codes there are: every ink at every level. Of those at level 0 only [`GROUND`] occurs.
pub(super) const CODES: usize = INKS << LEVEL_BITS;
const _: () = assert!(LEVELS <= LEVEL_MASK && CODES <= 256);

/// The code of a pixel without ink.
pub(super) const GROUND: u8 = 0;

/// One of a picture's inks, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ink(u8);

impl Ink {
    pub(super) fn ground() -> Self { Self(255) }
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

/// Which ink is for lines and which are for letters, drawn anew for each picture: no number and no
/// colour tells the one from the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inks([Ink; INKS]);

impl Inks {
    /// Inks in an order of chance.
    pub(super) fn shuffled(rng: &mut fastrand::Rng) -> Self {
        let mut inks = std::array::from_fn(|number| Ink(number as u8));
        rng.shuffle(&mut inks);
        Self(inks)
    }

    /// That of all lines, and of no letter.
    pub(super) fn of_lines(self) -> Ink {
        self.0[INKS - 1]
    }

    /// That of a letter, by its place in the text. Letters that may cross differ: three in a row.
    pub(super) fn of_letter(self, place: usize) -> Ink {
        self.0[place % (INKS - 1)]
    }

    /// Any of those that are not `taken`; that of lines if all are.
    pub(super) fn pick_other(self, taken: impl Fn(Ink) -> bool, rng: &mut fastrand::Rng) -> Ink {
        // From 64 bits also where a `usize` has fewer: a seed draws the same on every processor.
        let first = rng.u64(..INKS as u64) as usize;
        let inks = (first..first + INKS).map(|place| self.0[place % INKS]);
        inks.into_iter().find(|ink| !taken(*ink)).unwrap_or(self.of_lines())
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

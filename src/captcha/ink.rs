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

    /// The ink of a number, for tests of what knows no pictures.
    #[cfg(test)]
    pub(super) fn numbered(number: u8) -> Self {
        Self(number)
    }

    /// The ink of a code.
    #[cfg(test)]
    pub(super) fn of(code: u8) -> Self {
        Self(code >> LEVEL_BITS)
    }
}

/// Which ink is for lines and which are for letters, drawn for each picture: no number and no
/// colour tells the one from the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inks([Ink; INKS]);

impl Inks {
    /// Inks in an order of chance.
    pub(super) fn shuffled(rng: &mut fastrand::Rng) -> Self {
        let mut inks = std::array::from_fn(|number| Ink(number as u8));
        // From 64 bits also where a `usize` has fewer: a seed draws the same on every processor.
        for place in 1..INKS {
            inks.swap(place, rng.u64(..=place as u64) as usize);
        }
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
        let mut inks = (first..first + INKS).map(|place| self.0[place % INKS]);
        inks.find(|ink| !taken(*ink)).unwrap_or(self.of_lines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_inks_and_levels_apart() {
        let mut seen = [false; CODES];
        for ink in (0..INKS as u8).map(Ink) {
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
    fn lines_have_an_ink_that_no_letter_has() {
        for seed in 0..100 {
            let inks = Inks::shuffled(&mut fastrand::Rng::with_seed(seed));
            for place in 0..32 {
                let three = [place, place + 1, place + 2].map(|place| inks.of_letter(place));
                assert!(!three.contains(&inks.of_lines()));
                assert!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2]);
            }
        }
    }

    /// Over many pictures each ink is that of lines as often as any.
    #[test]
    fn no_number_tells_the_ink_of_lines() {
        let mut counts = [0; INKS];
        for seed in 0..1_000 {
            let inks = Inks::shuffled(&mut fastrand::Rng::with_seed(seed));
            counts[usize::from(inks.of_lines().0)] += 1;
        }
        assert!(
            counts.iter().all(|count| (200..300).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn inks_that_are_not_taken_are_picked_evenly() {
        let mut rng = fastrand::Rng::with_seed(1);
        for taken in 0..=3 {
            let mut counts = [0_usize; INKS];
            for _ in 0..4_000 {
                let inks = Inks::shuffled(&mut rng);
                let ink = inks.pick_other(|ink| ink.0 < taken, &mut rng);
                counts[usize::from(ink.0)] += 1;
            }
            let (none, all) = counts.split_at(usize::from(taken));
            let fair = 4_000 / all.len();
            assert!(none.iter().all(|count| *count == 0));
            assert!(
                all.iter().all(|count| count.abs_diff(fair) < fair / 5),
                "{counts:?}"
            );
        }
    }

    #[test]
    fn where_all_inks_are_taken_there_is_that_of_lines() {
        let inks = Inks::shuffled(&mut fastrand::Rng::with_seed(1));
        let ink = inks.pick_other(|_| true, &mut fastrand::Rng::with_seed(1));
        assert_eq!(ink, inks.of_lines());
    }
}

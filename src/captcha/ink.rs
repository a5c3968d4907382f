//! The inks of a picture, what each is for, and the byte that says which of them covers a pixel and
//! how much.
//!
//! Knows no colours: those are the palette's.

/// Inks of letters. Neighbours that may cross differ: three in a row.
pub(super) const LETTER_INKS: usize = 3;
/// Inks of a picture: those of letters, and a grey one for lines, so that no line has the ink of a
/// letter. Small letters and dots share all of them: what shares an ink cannot be separated by colour.
pub(super) const INKS: usize = LETTER_INKS + 1;

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
    /// That of all lines, and of no letter of the text. It has number 0, so that its code is the level alone: where
    /// two lines meet, the greater code is the greater level.
    pub(super) const OF_LINES: Self = Self(0);

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

    /// That of a letter, by its place in the text.
    pub(super) fn of_letter(place: usize) -> Self {
        Self(1 + (place % LETTER_INKS) as u8)
    }

    /// Any that is not `taken`; that of lines if all are.
    pub(super) fn other_than(taken: impl Fn(Self) -> bool, rng: &mut fastrand::Rng) -> Self {
        let free = || (0..INKS as u8).map(Self).filter(|ink| !taken(*ink));
        // From 64 bits also where a `usize` has fewer: a seed draws the same on every processor.
        match free().count() as u64 {
            0 => Self::OF_LINES,
            count => free()
                .nth(rng.u64(..count) as usize)
                .unwrap_or(Self::OF_LINES),
        }
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
    fn lines_have_an_ink_that_no_letter_has_and_three_letters_in_a_row_differ() {
        for place in 0..32 {
            let [one, two, three] = [place, place + 1, place + 2].map(Ink::of_letter);
            assert!(![one, two, three].contains(&Ink::OF_LINES));
            assert!(one != two && two != three && one != three);
        }
    }

    #[test]
    fn inks_that_are_not_taken_are_picked_evenly() {
        let mut rng = fastrand::Rng::with_seed(1);
        for taken in 0..=3 {
            let mut counts = [0_usize; INKS];
            for _ in 0..4_000 {
                let ink = Ink::other_than(|ink| ink.0 < taken, &mut rng);
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
        let ink = Ink::other_than(|_| true, &mut fastrand::Rng::with_seed(1));
        assert_eq!(ink, Ink::OF_LINES);
    }
}

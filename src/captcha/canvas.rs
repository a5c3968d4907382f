//! The pixels of a picture, one byte each, and how an ink is laid over what is there already.
//!
//! Knows no colours: a byte says which ink covers a pixel and how much of it, and the palette says
//! what that looks like. A pixel has one ink only; where the edges of two meet, the one that covers
//! more gives its colour to both.

use std::ops::Range;

/// Inks of a picture. Enough for a colourful one, and so few that letters, noise and lines share
/// them: what shares an ink cannot be separated by colour. Twice as many take 5 % more bytes, half
/// as many save 1 %.
pub(super) const INKS: u8 = 15;

/// Parts by which an ink can cover a pixel. At the size of a picture four parts and eight look the
/// same, four take 7 % more bytes; two take 15 % less, and make thin lines rough.
pub(super) const STEPS: u8 = 3;

/// Codes a pixel can have: ground, and every ink in every step.
pub(super) const CODES_MAX: usize = 1 + INKS as usize * STEPS as usize;
const _: () = assert!(CODES_MAX <= 256);

/// Width in pixels of the ramp from bare to covered at an edge. The reference smooths its pictures
/// with a kernel that spreads an edge over about two and a half; a narrower ramp is clearer in
/// small letters and costs fewer bytes.
pub(super) const RAMP_PX: f32 = 1.5;

/// A pixel without ink.
pub(super) const GROUND: u8 = 0;

/// One of a picture's inks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(u8);

impl Ink {
    /// Any of the inks.
    pub(super) fn random(rng: &mut fastrand::Rng) -> Self {
        Self(rng.u8(..INKS))
    }

    /// The first so many of the inks.
    pub(super) fn first<const COUNT: usize>() -> [Self; COUNT] {
        const { assert!(COUNT <= INKS as usize) }
        std::array::from_fn(|number| Self(number as u8))
    }

    /// The code of a pixel that the ink covers in so many steps, over bare ground.
    pub(super) const fn code(self, step: u8) -> u8 {
        if step == 0 {
            GROUND
        } else {
            self.base() + step
        }
    }

    /// The code just below that of the ink's first step.
    const fn base(self) -> u8 {
        self.0 * STEPS
    }

    /// What becomes of pixels on which the ink is laid.
    pub(super) fn laid(self) -> &'static Laid {
        &LAID[usize::from(self.0)]
    }
}

/// What a shape does to a pixel, in parts of [`STEPS`]: how much of it the shape's ink covers, and
/// how much of what was there before is left. A hollow shape leaves less than it does not cover,
/// since its inside shows the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    pub(super) ink: u8,
    pub(super) kept: u8,
}

/// Side of the blocks of pixels that a canvas is made of.
pub(super) const BLOCK_PX: usize = 4;

/// A picture that is being drawn. To the right and below it has what is missing of whole blocks.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    /// Pixels from one row to the next.
    stride: usize,
    codes: Vec<u8>,
}

impl Canvas {
    /// A canvas without pixels.
    pub(super) fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            stride: 0,
            codes: Vec::new(),
        }
    }

    /// Takes a size and becomes bare ground. Memory is kept from one picture to the next.
    pub(super) fn clear(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.stride = width.next_multiple_of(BLOCK_PX);
        let rows = height.next_multiple_of(BLOCK_PX);
        self.codes.clear();
        self.codes.resize(self.stride * rows, GROUND);
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// The codes of a row's pixels.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.codes[y * self.stride..][..self.width]
    }

    /// A row to draw on.
    pub(super) fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.codes[y * self.stride..][..self.width]
    }

    /// The rows of a block, whose place is counted in blocks, to draw on.
    #[inline(always)]
    pub(super) fn block(
        &mut self,
        [column, row]: [usize; 2],
    ) -> impl Iterator<Item = &mut [u8; BLOCK_PX]> {
        let start = (row * self.stride + column) * BLOCK_PX;
        let rows = self.codes[start..].chunks_mut(self.stride);
        rows.take(BLOCK_PX).filter_map(<[u8]>::first_chunk_mut)
    }

    /// The codes of all pixels, row by row.
    #[cfg(test)]
    pub(super) fn codes(&self) -> Vec<u8> {
        (0..self.height)
            .flat_map(|y| self.row(y))
            .copied()
            .collect()
    }
}

/// Room for every code, as a power of two.
const CODES: usize = CODES_MAX.next_power_of_two();
/// As many numbers as a [`Cover`] can have.
const COVERS: usize = (STEPS as usize + 1) * (STEPS as usize + 1);

/// What becomes of every code when an ink is laid on it, for every cover.
pub(super) struct Laid([u8; COVERS * CODES]);

/// A cover by where in [`Laid`] its codes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Laying(u16);

impl Cover {
    /// Where its codes are, for inks that are laid over and over.
    #[inline]
    pub(super) const fn laying(self) -> Laying {
        Laying(self.number() * CODES as u16)
    }

    const fn number(self) -> u16 {
        (self.ink * (STEPS + 1) + self.kept) as u16
    }
}

impl Laid {
    /// Lays the ink on a pixel.
    #[inline(always)]
    pub(super) fn lay(&self, pixel: &mut u8, laying: Laying) {
        let at = usize::from(laying.0) + usize::from(*pixel);
        // The remainder is no change; it spares a check of the bounds.
        *pixel = self.0[at % self.0.len()];
    }
}

/// What laying does, by inks: looking it up has no branches, which on the edges of shapes would
/// mislead a processor as often as not.
static LAID: [Laid; INKS as usize] = {
    let mut inks = [const { Laid([GROUND; COVERS * CODES]) }; INKS as usize];
    let mut ink = 0;
    while ink < INKS {
        let mut cover = Cover { ink: 0, kept: 0 };
        while cover.ink <= STEPS {
            let mut code = 0;
            while code < CODES_MAX {
                let at = cover.number() as usize * CODES + code;
                inks[ink as usize].0[at] = blend(code as u8, Ink(ink), cover);
                code += 1;
            }
            cover.kept += 1;
            if STEPS < cover.ink + cover.kept {
                cover = Cover {
                    ink: cover.ink + 1,
                    kept: 0,
                };
            }
        }
        ink += 1;
    }
    inks
};

/// The code of a pixel after an ink was laid on it. What stays and what is laid never exceed a
/// whole pixel: `ink + kept <= STEPS` in every [`Cover`].
const fn blend(code: u8, ink: Ink, cover: Cover) -> u8 {
    let (base_old, step_old) = split(code);
    let kept = (cover.kept * step_old + STEPS / 2) / STEPS;
    let step = cover.ink + kept;
    if step == 0 {
        GROUND
    } else if kept <= cover.ink {
        ink.base() + step
    } else {
        base_old + step
    }
}

/// The base of a code's ink, and the step of its cover; for bare ground 0 and 0.
const fn split(code: u8) -> (u8, u8) {
    if code == GROUND {
        return (0, 0);
    }
    let step = (code - 1) % STEPS + 1;
    (code - step, step)
}

/// The pixels whose middles lie between two coordinates, of so many.
#[inline(always)]
pub(super) fn pixels(from: f32, to: f32, count: usize) -> Range<usize> {
    let [start, end] = [from, to].map(|side| whole(side.clamp(0.0, count as f32)) as usize);
    start..end.max(start)
}

/// The blocks that pixels of a row or a column lie in.
pub(super) fn blocks_of(pixels: &Range<usize>) -> Range<usize> {
    pixels.start / BLOCK_PX..pixels.end.div_ceil(BLOCK_PX)
}

/// The whole number nearest to one that is less than four million. Added to a number of which the
/// last bit stands for one, it has its own whole part there; a cast would look after infinities as
/// well, at several times the cost.
#[inline(always)]
pub(super) fn whole(number: f32) -> i32 {
    const ONES: f32 = 12_582_912.0;
    (number + ONES).to_bits() as i32 - ONES.to_bits() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Ink = Ink(3);
    const OTHER: Ink = Ink(INKS - 1);

    fn solid(ink: u8) -> Cover {
        Cover {
            ink,
            kept: STEPS - ink,
        }
    }

    fn laid(below: u8, ink: Ink, cover: Cover) -> u8 {
        let mut pixel = below;
        ink.laid().lay(&mut pixel, cover.laying());
        pixel
    }

    #[test]
    fn codes_tell_inks_and_steps_apart() {
        let mut seen = [false; CODES_MAX];
        seen[usize::from(GROUND)] = true;
        for ink in (0..INKS).map(Ink) {
            for step in 1..=STEPS {
                let code = ink.code(step);
                assert_eq!(split(code), (ink.base(), step));
                assert!(!std::mem::replace(&mut seen[usize::from(code)], true));
            }
        }
        assert_eq!(seen, [true; CODES_MAX]);
    }

    #[test]
    fn whole_ink_hides_what_was_there() {
        for below in [GROUND, ONE.code(1), ONE.code(STEPS), OTHER.code(STEPS)] {
            assert_eq!(laid(below, OTHER, solid(STEPS)), OTHER.code(STEPS));
        }
    }

    #[test]
    fn no_ink_changes_nothing() {
        for below in [GROUND, ONE.code(1), OTHER.code(STEPS)] {
            assert_eq!(laid(below, OTHER, solid(0)), below);
        }
    }

    #[test]
    fn filling_with_ground_hides_what_was_there() {
        let filling = Cover { ink: 0, kept: 0 };
        assert_eq!(laid(ONE.code(STEPS), OTHER, filling), GROUND);
    }

    #[test]
    fn the_ink_that_covers_more_gives_the_colour() {
        assert_eq!(laid(ONE.code(STEPS), OTHER, solid(1)), ONE.code(STEPS));
        assert_eq!(
            laid(ONE.code(STEPS), OTHER, solid(STEPS - 1)),
            OTHER.code(STEPS)
        );
        assert_eq!(laid(GROUND, OTHER, solid(1)), OTHER.code(1));
        let least_kept = Cover { ink: 0, kept: 1 };
        assert_eq!(laid(ONE.code(STEPS), OTHER, least_kept), ONE.code(1));
        assert_eq!(laid(ONE.code(1), OTHER, least_kept), GROUND);
    }

    /// Whatever is laid on whatever: no pixel is covered more than wholly, laying ink leaves none
    /// barer than the ink alone would, and the colour is one of the two.
    #[test]
    fn cover_stays_within_bounds() {
        let codes = std::iter::once(GROUND).chain((1..=STEPS).map(|step| ONE.code(step)));
        for below in codes {
            for kept in 0..=STEPS {
                for ink in 0..=STEPS - kept {
                    let code = laid(below, OTHER, Cover { ink, kept });
                    let (base, step) = split(code);
                    assert!((ink..=STEPS).contains(&step), "{below} {ink} {kept}");
                    assert!(step == 0 || base == ONE.base() || base == OTHER.base());
                }
            }
        }
    }

    #[test]
    fn clearing_leaves_bare_ground_of_the_size() {
        let mut canvas = Canvas::new();
        canvas.clear(4, 3);
        canvas.row_mut(2).fill(9);
        canvas.clear(5, 2);
        assert_eq!(canvas.codes(), [GROUND; 10]);
        assert_eq!((canvas.width(), canvas.height()), (5, 2));
    }
}

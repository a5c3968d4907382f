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

/// Parts by which an ink can cover a pixel. At the size of a picture three parts, four and eight
/// look the same, four take 7 % more bytes; two take 15 % less, and make thin lines rough.
pub(super) const STEPS: u8 = 3;

/// Bits of a code that tell the step; those above tell the ink.
const STEP_BITS: u32 = 2;
const STEP_MASK: u8 = (1 << STEP_BITS) - 1;

/// Codes there is room for: every ink in every step. Of those without a step only [`GROUND`] occurs.
pub(super) const CODES_MAX: usize = (INKS as usize) << STEP_BITS;
const _: () = assert!(STEPS <= STEP_MASK && CODES_MAX <= 256);

/// Width in pixels of the ramp from bare to covered at an edge. The reference smooths its pictures
/// with a kernel that spreads an edge over about two and a half; a narrower ramp is clearer in
/// small letters and costs fewer bytes.
pub(super) const RAMP_PX: f32 = 1.5;

/// A pixel without ink.
pub(super) const GROUND: u8 = 0;

/// One of a picture's inks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
            self.0 << STEP_BITS | step
        }
    }

    /// The ink of a code.
    #[cfg(test)]
    pub(super) fn of(code: u8) -> Self {
        Self(code >> STEP_BITS)
    }
}

/// Side of the blocks of pixels that a canvas is made of.
pub(super) const BLOCK_PX: usize = 4;

/// Something of every pixel of a block, row by row. What is done to such is done in plain steps,
/// without branches or tables, which a compiler makes into steps for all of them at once.
pub(super) type Block<T> = [T; BLOCK_PX * BLOCK_PX];

/// What a shape does to the pixels of a block, in parts of [`STEPS`]: how much of each the shape's
/// ink covers, and how much of what was there before is left, together at most the whole pixel. A
/// hollow shape leaves less than it does not cover, since its inside shows the ground.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover {
    pub(super) ink: Block<u8>,
    pub(super) kept: Block<u8>,
}

/// A picture that is being drawn. To the right and below it has what is missing of whole blocks.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    /// Pieces of [`BLOCK_PX`] pixels from one row of pixels to the next.
    stride: usize,
    /// Codes in such pieces, so that one bound is checked for all of a piece.
    codes: Vec<[u8; BLOCK_PX]>,
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
        self.stride = width.div_ceil(BLOCK_PX);
        let rows = height.next_multiple_of(BLOCK_PX);
        self.codes.clear();
        self.codes.resize(self.stride * rows, [GROUND; _]);
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// The codes of a row's pixels.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.codes[y * self.stride..].as_flattened()[..self.width]
    }

    /// A row to draw on.
    pub(super) fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.codes[y * self.stride..].as_flattened_mut()[..self.width]
    }

    /// Lays an ink on a block, whose place is counted in blocks.
    #[inline(always)]
    pub(super) fn lay(&mut self, [column, row]: [usize; 2], ink: Ink, cover: &Cover) {
        let first = row * BLOCK_PX * self.stride + column;
        let rows: [_; BLOCK_PX] = std::array::from_fn(|row| first + row * self.stride);
        let mut codes = [GROUND; _];
        for (codes, row) in codes.as_chunks_mut().0.iter_mut().zip(rows) {
            *codes = self.codes[row];
        }
        let codes = laid(&codes, ink, cover);
        for (codes, row) in codes.as_chunks().0.iter().zip(rows) {
            self.codes[row] = *codes;
        }
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

/// What becomes of the codes of a block when an ink is laid on it. Where two inks meet, the one that
/// covers more gives the colour, and of two that cover as much the one that is laid.
#[inline(always)]
fn laid(codes: &Block<u8>, ink: Ink, cover: &Cover) -> Block<u8> {
    let own = ink.0 << STEP_BITS;
    let mut after = [GROUND; _];
    for (i, after) in after.iter_mut().enumerate() {
        let (code, covered) = (codes[i], cover.ink[i]);
        let left = thirds(code & STEP_MASK, cover.kept[i]);
        let step = covered + left;
        let colour = if covered < left {
            code & !STEP_MASK
        } else {
            own
        };
        *after = if step == 0 { GROUND } else { colour | step };
    }
    after
}

/// So many thirds of up to three steps, to the nearest: one third is half of them, with what is
/// over cut off, two are the other half, and three are both.
#[inline(always)]
fn thirds(step: u8, count: u8) -> u8 {
    const { assert!(STEPS == 3) }
    let one = step / 2;
    let one_or_none = if count % 2 == 1 { one } else { 0 };
    let two_or_none = if 2 <= count { step - one } else { 0 };
    one_or_none + two_or_none
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

    /// The code of a pixel of which the ink covers some steps and leaves others.
    fn laid_on(below: u8, ink: Ink, [covered, kept]: [u8; 2]) -> u8 {
        let cover = Cover {
            ink: [covered; _],
            kept: [kept; _],
        };
        let codes = laid(&[below; _], ink, &cover);
        assert_eq!(codes, [codes[0]; _]);
        codes[0]
    }

    fn solid(covered: u8) -> [u8; 2] {
        [covered, STEPS - covered]
    }

    fn step(code: u8) -> u8 {
        code & STEP_MASK
    }

    #[test]
    fn codes_tell_inks_and_steps_apart() {
        let mut seen = [false; CODES_MAX];
        for ink in (0..INKS).map(Ink) {
            assert_eq!(ink.code(0), GROUND);
            for count in 1..=STEPS {
                let code = ink.code(count);
                assert_eq!((Ink::of(code), step(code)), (ink, count));
                assert!(!std::mem::replace(&mut seen[usize::from(code)], true));
            }
        }
        assert!(!seen[usize::from(GROUND)]);
    }

    #[test]
    fn whole_ink_hides_what_was_there() {
        for below in [GROUND, ONE.code(1), ONE.code(STEPS), OTHER.code(STEPS)] {
            assert_eq!(laid_on(below, OTHER, solid(STEPS)), OTHER.code(STEPS));
        }
    }

    #[test]
    fn no_ink_changes_nothing() {
        for below in [GROUND, ONE.code(1), OTHER.code(STEPS)] {
            assert_eq!(laid_on(below, OTHER, solid(0)), below);
        }
    }

    #[test]
    fn filling_with_ground_hides_what_was_there() {
        assert_eq!(laid_on(ONE.code(STEPS), OTHER, [0, 0]), GROUND);
    }

    #[test]
    fn the_ink_that_covers_more_gives_the_colour() {
        let whole = ONE.code(STEPS);
        assert_eq!(laid_on(whole, OTHER, solid(1)), whole);
        assert_eq!(laid_on(whole, OTHER, solid(STEPS - 1)), OTHER.code(STEPS));
        assert_eq!(laid_on(GROUND, OTHER, solid(1)), OTHER.code(1));
        assert_eq!(laid_on(ONE.code(2), OTHER, [1, 2]), OTHER.code(2));
        assert_eq!(laid_on(whole, OTHER, [0, 1]), ONE.code(1));
        assert_eq!(laid_on(ONE.code(1), OTHER, [0, 1]), GROUND);
    }

    /// Whatever is laid on whatever: what is kept is rounded, no pixel is covered more than wholly,
    /// and the colour is one of the two.
    #[test]
    fn what_is_kept_and_what_is_laid_add_up() {
        for below in (0..=STEPS).map(|step| ONE.code(step)) {
            for kept in 0..=STEPS {
                for covered in 0..=STEPS - kept {
                    let code = laid_on(below, OTHER, [covered, kept]);
                    let left = f32::from(kept * step(below)) / f32::from(STEPS);
                    let expected = covered + left.round() as u8;
                    assert_eq!(step(code), expected, "{below} {covered} {kept}");
                    assert!(step(code) <= STEPS);
                    assert!(step(code) == 0 || [ONE, OTHER].contains(&Ink::of(code)));
                }
            }
        }
    }

    #[test]
    fn a_block_is_laid_where_it_is() {
        let mut canvas = Canvas::new();
        canvas.clear(3 * BLOCK_PX - 1, 2 * BLOCK_PX - 2);
        let cover = Cover {
            ink: std::array::from_fn(|i| (i % BLOCK_PX) as u8),
            kept: [0; _],
        };
        canvas.lay([1, 1], ONE, &cover);
        canvas.lay([2, 0], ONE, &cover);
        for (y, row) in (0..canvas.height()).map(|y| (y, canvas.row(y))) {
            for (x, &code) in row.iter().enumerate() {
                let is_within = [[1, 1], [2, 0]].contains(&[x / BLOCK_PX, y / BLOCK_PX]);
                let step = if is_within { x % BLOCK_PX } else { 0 };
                assert_eq!(code, ONE.code(step as u8), "{x}, {y}");
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

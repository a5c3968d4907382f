//! The pixels of a picture, one byte each, and how an ink is laid over what is there already.
//!
//! Knows no colours and no shapes. A byte is a code of [`ink`](super::ink): which ink covers the
//! pixel and at which level. A pixel has one ink only; where the edges of two meet, the one that
//! covers more gives its colour to both.

use std::ops::Range;

use super::ink::{GROUND, Ink, LEVEL_MASK, LEVELS};
use super::number::round_within;

/// Side in pixels of the blocks that a canvas is drawn by.
pub(super) const BLOCK_PX: usize = 4;

/// A value for every pixel of a block, row by row. Loops over one have no branches and no tables, so
/// that a compiler makes vector instructions of them.
pub(super) type Block<T> = [T; BLOCK_PX * BLOCK_PX];

/// A picture that is being drawn. The last blocks may reach over its right and lower edge.
pub(super) struct Canvas {
    /// Width and height in pixels.
    width: usize,
    height: usize,
    /// Blocks in a row of blocks.
    columns: usize,
    /// Codes, a row of blocks after the other.
    blocks: Vec<Block<u8>>,
}

impl Canvas {
    /// A canvas without pixels.
    pub(super) fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            columns: 0,
            blocks: Vec::new(),
        }
    }

    /// Takes a size and becomes bare ground. Memory is kept from one picture to the next.
    pub(super) fn clear(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.columns = width.div_ceil(BLOCK_PX);
        let rows = height.div_ceil(BLOCK_PX);
        self.blocks.clear();
        self.blocks.resize(self.columns * rows, [GROUND; _]);
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Appends the codes of a row's pixels.
    pub(super) fn append_row(&self, y: usize, codes: &mut Vec<u8>) {
        let blocks = &self.blocks[y / BLOCK_PX * self.columns..][..self.columns];
        let start = codes.len();
        codes.resize(start + self.columns * BLOCK_PX, GROUND);
        for (codes, block) in codes[start..].as_chunks_mut().0.iter_mut().zip(blocks) {
            let rows: &[[u8; BLOCK_PX]] = block.as_chunks().0;
            *codes = rows[y % BLOCK_PX];
        }
        codes.truncate(start + self.width);
    }

    /// Gives some pixels of a row a code.
    pub(super) fn fill(&mut self, y: usize, columns: Range<usize>, code: u8) {
        let blocks = &mut self.blocks[y / BLOCK_PX * self.columns..][..self.columns];
        for x in columns {
            blocks[x / BLOCK_PX][y % BLOCK_PX * BLOCK_PX + x % BLOCK_PX] = code;
        }
    }

    /// Lays an ink on the block in this column and row of blocks, at these levels of coverage.
    #[inline(always)]
    pub(super) fn lay(&mut self, [column, row]: [usize; 2], ink: Ink, coverage: &Block<u8>) {
        let block = &mut self.blocks[row * self.columns + column];
        *block = laid(block, ink, coverage);
    }

    /// The codes of a row's pixels.
    #[cfg(test)]
    pub(super) fn row(&self, y: usize) -> Vec<u8> {
        let mut codes = Vec::new();
        self.append_row(y, &mut codes);
        codes
    }

    /// Gives the pixels of a row their codes.
    #[cfg(test)]
    pub(super) fn set_row(&mut self, y: usize, codes: &[u8]) {
        for (x, &code) in codes.iter().enumerate() {
            self.fill(y, x..x + 1, code);
        }
    }

    /// The codes of all pixels, row by row.
    #[cfg(test)]
    pub(super) fn codes(&self) -> Vec<u8> {
        (0..self.height).flat_map(|y| self.row(y)).collect()
    }
}

/// The codes of a block after an ink is laid on it. Where two inks meet, the one that covers more
/// gives the colour, and of two that cover as much the one that is laid. Coverage is at most
/// [`LEVELS`], and what is left of the ink below is at most the rest, so that their sum is a level too.
#[inline(always)]
fn laid(codes: &Block<u8>, ink: Ink, coverage: &Block<u8>) -> Block<u8> {
    let mut after = [GROUND; _];
    for (i, after) in after.iter_mut().enumerate() {
        let (code, covered) = (codes[i], coverage[i]);
        let left = thirds(code & LEVEL_MASK, LEVELS - covered);
        let level = covered + left;
        let ink_bits = if covered < left {
            code & !LEVEL_MASK
        } else {
            ink.bits()
        };
        *after = if level == 0 { GROUND } else { ink_bits | level };
    }
    after
}

/// So many thirds of a level, rounded: `level * count / 3` for a level and a count from 0 to 3. One
/// third of a level is half of it rounded down, and two thirds are the other half.
#[inline(always)]
fn thirds(level: u8, count: u8) -> u8 {
    const { assert!(LEVELS == 3) }
    let one = level / 2;
    let one_or_none = if count % 2 == 1 { one } else { 0 };
    let two_or_none = if 2 <= count { level - one } else { 0 };
    one_or_none + two_or_none
}

/// The columns or rows of blocks between two coordinates in pixels, on a side of so many pixels.
#[inline(always)]
pub(super) fn blocks_between(from_px: f32, to_px: f32, side_px: usize) -> Range<usize> {
    let [start, end] = [from_px, to_px].map(|at| round_within(at, side_px as f32) as usize);
    start / BLOCK_PX..end.max(start).div_ceil(BLOCK_PX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inks() -> [Ink; 2] {
        [1, 2].map(Ink::numbered)
    }

    /// The code of a pixel on which the ink is laid.
    fn laid_on(below: u8, ink: Ink, covered: u8) -> u8 {
        let codes = laid(&[below; _], ink, &[covered; _]);
        assert_eq!(codes, [codes[0]; _]);
        codes[0]
    }

    fn level(code: u8) -> u8 {
        code & LEVEL_MASK
    }

    #[test]
    fn whole_ink_hides_what_was_there() {
        let [one, other] = inks();
        for below in [GROUND, one.code(1), one.code(LEVELS), other.code(LEVELS)] {
            assert_eq!(laid_on(below, other, LEVELS), other.code(LEVELS));
        }
    }

    #[test]
    fn no_ink_changes_nothing() {
        let [one, other] = inks();
        for below in [GROUND, one.code(1), other.code(LEVELS)] {
            assert_eq!(laid_on(below, other, 0), below);
        }
    }

    /// Whatever is laid on whatever: what is kept is rounded, no pixel is covered more than wholly,
    /// and the ink that covers more gives the colour.
    #[test]
    fn what_is_kept_and_what_is_laid_add_up() {
        let [one, other] = inks();
        for below in (0..=LEVELS).map(|level| one.code(level)) {
            for covered in 0..=LEVELS {
                let kept = f32::from((LEVELS - covered) * level(below)) / f32::from(LEVELS);
                let kept = kept.round() as u8;
                let ink = if covered < kept { one } else { other };
                let code = laid_on(below, other, covered);
                assert_eq!(code, ink.code(covered + kept), "{below} {covered}");
                assert!(level(code) <= LEVELS);
            }
        }
    }

    #[test]
    fn a_block_is_changed_where_it_is() {
        let [one, _] = inks();
        let mut canvas = Canvas::new();
        canvas.clear(3 * BLOCK_PX - 1, 2 * BLOCK_PX - 2);
        let coverage = std::array::from_fn(|i| (i % BLOCK_PX) as u8);
        canvas.lay([1, 1], one, &coverage);
        canvas.lay([2, 0], one, &coverage);
        for (y, row) in (0..canvas.height()).map(|y| (y, canvas.row(y))) {
            for (x, code) in row.into_iter().enumerate() {
                let is_within = [[1, 1], [2, 0]].contains(&[x / BLOCK_PX, y / BLOCK_PX]);
                let level = if is_within { x % BLOCK_PX } else { 0 };
                assert_eq!(code, one.code(level as u8), "{x}, {y}");
            }
        }
    }

    #[test]
    fn clearing_leaves_bare_ground_of_the_size() {
        let mut canvas = Canvas::new();
        canvas.clear(4, 3);
        canvas.fill(2, 0..4, 9);
        canvas.clear(5, 2);
        assert_eq!(canvas.codes(), [GROUND; 10]);
        assert_eq!((canvas.width(), canvas.height()), (5, 2));
    }
}

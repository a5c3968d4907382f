//! The pixels of a picture, one byte each, and how an ink is laid over what is there already.
//!
//! Knows no colours and no shapes. A byte is a code of [`ink`](super::ink): which ink covers the
//! pixel and at which level. A pixel has one ink only; where the edges of two meet, the one that
//! covers more gives its colour to both.

use std::ops::Range;

use super::ink::{GROUND, Ink, LEVEL_MASK, LEVELS};
use super::number::round;

/// Side in pixels of the blocks that a canvas is drawn by.
pub(super) const BLOCK_PX: usize = 4;

/// A value for every pixel of a block, row by row. Loops over one have no branches and no tables, so
/// that a compiler makes vector instructions of them.
pub(super) type Block<T> = [T; BLOCK_PX * BLOCK_PX];

/// An ink, and whether it lies over what is there or under it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Paint {
    Over(Ink),
    Under(Ink),
}

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

    /// Replaces `bytes` by the codes of all pixels, row by row, each row after a byte of its own.
    pub(super) fn write_rows(&self, first: u8, bytes: &mut Vec<u8>) {
        let row_bytes = 1 + self.width;
        bytes.resize(self.height * row_bytes, 0);
        for (y, row) in bytes.chunks_exact_mut(row_bytes).enumerate() {
            row[0] = first;
            let blocks = &self.blocks[y / BLOCK_PX * self.columns..][..self.columns];
            let mut in_blocks = blocks.iter().map(|block| block.as_chunks().0[y % BLOCK_PX]);
            let (whole, rest) = row[1..].as_chunks_mut::<BLOCK_PX>();
            for (pixels, in_block) in whole.iter_mut().zip(&mut in_blocks) {
                *pixels = in_block;
            }
            if let Some(in_block) = in_blocks.next() {
                rest.copy_from_slice(&in_block[..rest.len()]);
            }
        }
    }

    /// Gives some pixels of a row a code.
    pub(super) fn fill(&mut self, y: usize, columns: Range<usize>, code: u8) {
        let blocks = &mut self.blocks[y / BLOCK_PX * self.columns..][..self.columns];
        for x in columns {
            blocks[x / BLOCK_PX][y % BLOCK_PX * BLOCK_PX + x % BLOCK_PX] = code;
        }
    }

    /// Lays paint on the block in a column and row of blocks, at these levels of coverage.
    #[inline(always)]
    pub(super) fn lay(&mut self, place: [usize; 2], paint: Paint, coverage: &Block<u8>) {
        let block = self.block(place);
        let of = |ink: Ink| coverage.map(|level| ink.bits() | level);
        *block = match paint {
            Paint::Over(ink) => composed(&of(ink), block),
            Paint::Under(ink) => composed(block, &of(ink)),
        };
    }

    /// Lays the ink of lines on a block that has no other ink. Lines become one shape: each pixel has
    /// the greatest level at which one of them covers it.
    #[inline(always)]
    pub(super) fn lay_line(&mut self, place: [usize; 2], coverage: &Block<u8>) {
        for (code, level) in self.block(place).iter_mut().zip(coverage) {
            *code = Ink::OF_LINES.code(*level).max(*code);
        }
    }

    /// The block in a column and row of blocks.
    #[inline(always)]
    fn block(&mut self, [column, row]: [usize; 2]) -> &mut Block<u8> {
        &mut self.blocks[row * self.columns + column]
    }

    /// The codes of a row's pixels.
    #[cfg(test)]
    pub(super) fn row(&self, y: usize) -> Vec<u8> {
        let blocks = &self.blocks[y / BLOCK_PX * self.columns..][..self.columns];
        let rows = blocks
            .iter()
            .map(|block| block.as_chunks::<BLOCK_PX>().0[y % BLOCK_PX]);
        rows.flatten().take(self.width).collect()
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

/// The codes of a block that lies on another. Where two inks meet, the lower one gives the colour if
/// what is left of it covers more than the upper one; else the upper one does. What is left of the lower ink is at most what
/// the upper one leaves bare, so that their sum is a level too.
#[inline(always)]
fn composed(upper: &Block<u8>, lower: &Block<u8>) -> Block<u8> {
    let mut codes = [GROUND; _];
    for (i, code) in codes.iter_mut().enumerate() {
        let covered = upper[i] & LEVEL_MASK;
        let left = thirds(lower[i] & LEVEL_MASK, LEVELS - covered);
        let ink = if covered < left { lower[i] } else { upper[i] };
        let level = covered + left;
        *code = if level == 0 {
            GROUND
        } else {
            ink & !LEVEL_MASK | level
        };
    }
    codes
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

/// From the side of a block to the middle of its last pixel, in blocks; less half a block, which
/// rounding adds.
const TO_LAST_PIXEL: f32 = 0.5 - 0.5 / BLOCK_PX as f32;

/// The columns or rows of blocks from a coordinate in pixels to the end of a side of so many pixels. A
/// block counts if the middle of one of its pixels does.
#[inline(always)]
pub(super) fn blocks_from(from_px: f32, side_px: usize) -> Range<usize> {
    let count = side_px.div_ceil(BLOCK_PX);
    let start = round(from_px / BLOCK_PX as f32 - TO_LAST_PIXEL);
    start.clamp(0, count as i32) as usize..count
}

/// Those between two coordinates.
#[inline(always)]
pub(super) fn blocks_between(from_px: f32, to_px: f32, side_px: usize) -> Range<usize> {
    let blocks = blocks_from(from_px, side_px);
    let end = round(to_px / BLOCK_PX as f32 + TO_LAST_PIXEL);
    blocks.start..end.clamp(0, blocks.end as i32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inks() -> [Ink; 2] {
        [1, 2].map(Ink::numbered)
    }

    /// The code of a pixel on which the ink is laid.
    fn laid_on(below: u8, ink: Ink, covered: u8) -> u8 {
        let codes = composed(&[ink.bits() | covered; _], &[below; _]);
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

    /// The codes of a block of two codes, whatever they are, after it is changed.
    fn changed(codes: [u8; 2], change: impl FnOnce(&mut Canvas)) -> Vec<u8> {
        let mut canvas = Canvas::new();
        canvas.clear(2, 1);
        canvas.set_row(0, &codes);
        change(&mut canvas);
        canvas.row(0)
    }

    #[test]
    fn what_lies_under_is_seen_where_the_other_covers_less() {
        let [one, other] = inks();
        let below = [GROUND, one.code(1)];
        for covered in 0..=LEVELS {
            let coverage = [covered; _];
            let under = changed(below, |canvas| {
                canvas.lay([0, 0], Paint::Under(other), &coverage);
            });
            // The same two the other way round.
            let over = changed([other.code(covered); 2], |canvas| {
                canvas.lay(
                    [0, 0],
                    Paint::Over(one),
                    &std::array::from_fn(|i| (i % 2) as u8),
                );
            });
            assert_eq!(under, over, "{covered}");
        }
    }

    #[test]
    fn lines_that_meet_do_not_add_up() {
        let line = |level| Ink::OF_LINES.code(level);
        for covered in 0..=LEVELS {
            let codes = changed([line(1), line(2)], |canvas| {
                canvas.lay_line([0, 0], &[covered; _]);
            });
            assert_eq!(codes, [line(covered.max(1)), line(covered.max(2))]);
        }
    }

    #[test]
    fn rows_are_written_each_after_a_byte() {
        for width in 1..=9 {
            let mut canvas = Canvas::new();
            canvas.clear(width, 5);
            let code = |x: usize, y: usize| (10 * y + x) as u8;
            for y in 0..5 {
                let row: Vec<u8> = (0..width).map(|x| code(x, y)).collect();
                canvas.set_row(y, &row);
            }
            let mut bytes = vec![1; 100];
            canvas.write_rows(99, &mut bytes);
            assert_eq!(bytes.len(), 5 * (1 + width));
            for (y, row) in bytes.chunks_exact(1 + width).enumerate() {
                assert_eq!(row[0], 99);
                assert!((0..width).all(|x| row[1 + x] == code(x, y)), "{row:?}");
            }
        }
    }

    #[test]
    fn a_block_is_changed_where_it_is() {
        let [one, _] = inks();
        let mut canvas = Canvas::new();
        canvas.clear(3 * BLOCK_PX - 1, 2 * BLOCK_PX - 2);
        let coverage = std::array::from_fn(|i| (i % BLOCK_PX) as u8);
        canvas.lay([1, 1], Paint::Over(one), &coverage);
        canvas.lay([2, 0], Paint::Over(one), &coverage);
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

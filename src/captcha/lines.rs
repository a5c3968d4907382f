//! Lines across the picture, behind the text.
//!
//! Knows of the text only at which height it stands. A line leads through a few points from the left
//! side to the right one, and is bent by the displacement map.

use std::ops::Range;

use super::canvas::{BLOCK_PX, Canvas, blocks_between, blocks_from};
use super::coverage::{LEVEL_AT_EDGE, LEVELS_PER_PX, PIXEL_SHARES, covered, depths};
use super::displacement::{Displacement, NODE_PX};
use super::frame::Frame;
use super::number::{least, lerp, random, round};

/// Points that a line leads through.
const POINTS: usize = 6;
/// Where a line begins, from the left side of the picture in base sizes [19 px].
const START_BASES: f32 = 0.253;
/// How far points are above or below the middle of the text at most, in base sizes [66 px]; never more
/// than a third of the picture's height.
const SWING_BASES: f32 = 0.89;
/// Least width of a line in pixels, below which it would be paler than its ink.
const WIDTH_PX_MIN: f32 = 1.0;

/// How far from its edge a line covers pixels: where it would cover less than half a level, it covers
/// none.
const REACH_PX: f32 = (LEVEL_AT_EDGE - 0.5) / LEVELS_PER_PX;

/// Blocks to a straight piece of a line. The displacement map bends a line over so few by less than a
/// fifth of a pixel. Only the corners at the line's points are cut off, and become softer.
const PIECE_BLOCKS: usize = 2;

/// Height of the picture in pixels for every line: on a lower one, more lines would hide the text.
const HEIGHT_PX_PER_LINE: f32 = 7.0;

/// Draws lines from one side of the picture to the other, around a height in pixels.
pub(super) fn draw(
    canvas: &mut Canvas,
    displacement: &Displacement,
    frame: &Frame,
    middle_px: f32,
    rng: &mut fastrand::Rng,
) {
    let room = (frame.height_px / HEIGHT_PX_PER_LINE) as usize;
    for _ in 0..frame.tuning.lines.min(room) {
        Line::random(frame, middle_px, rng).draw(canvas, displacement);
    }
}

/// A line through points from left to right, at equal distances but for the last.
struct Line {
    points: [[f32; 2]; POINTS],
    /// How much the line falls after each point for a pixel to the right.
    slopes: [f32; POINTS - 1],
    /// Points for a pixel to the right.
    points_per_px: f32,
    width_px: f32,
}

impl Line {
    /// A line from one side of the picture to the other.
    fn random(frame: &Frame, middle_px: f32, rng: &mut fastrand::Rng) -> Self {
        let start_px = START_BASES * frame.base_px;
        let step_px = frame.width_px / (POINTS - 1) as f32;
        let swing_px = (SWING_BASES * frame.base_px).min(frame.height_px / 3.0);
        let width_px = frame.base_px * random(frame.tuning.line_bases, rng);
        let points = std::array::from_fn(|i| {
            let x = (start_px + i as f32 * step_px).min(frame.width_px - frame.padding_px);
            [x, middle_px + random([-swing_px, swing_px], rng)]
        });
        Self::new(points, width_px.max(WIDTH_PX_MIN))
    }

    fn new(points: [[f32; 2]; POINTS], width_px: f32) -> Self {
        Self {
            points,
            slopes: std::array::from_fn(|i| {
                let [start, end] = [points[i], points[i + 1]];
                (end[1] - start[1]) / (end[0] - start[0])
            }),
            points_per_px: 1.0 / (points[1][0] - points[0][0]),
            width_px,
        }
    }

    /// Draws the line as the displacement map bends it. Its height is worked out at the ends of pieces,
    /// and between these it is straight.
    fn draw(&self, canvas: &mut Canvas, displacement: &Displacement) {
        let [start, end] = [self.points[0][0], self.points[POINTS - 1][0]];
        let columns = blocks_between(start, end, canvas.width());
        let mut left = self.displaced_height(displacement, columns.start);
        for start in columns.clone().step_by(PIECE_BLOCKS) {
            let end = columns.end.min(start + PIECE_BLOCKS);
            let right = self.displaced_height(displacement, end);
            self.draw_piece(canvas, start..end, [left, right]);
            left = right;
        }
    }

    /// Draws a straight piece over some columns of blocks, given its heights on the left and on the
    /// right of them.
    fn draw_piece(&self, canvas: &mut Canvas, columns: Range<usize>, [left, right]: [f32; 2]) {
        let rise = (right - left) / columns.len() as i32 as f32;
        // A slanted line is as thick as a level one. What is measured straight down is longer than
        // the distance by this much.
        let slope = rise / BLOCK_PX as f32;
        let px_per_distance = (1.0 + slope * slope).sqrt();
        let reach_px = (self.width_px / 2.0 + REACH_PX) * px_per_distance;
        // From here on distances are counted in the levels that an edge fades by over them.
        let levels_per_px = LEVELS_PER_PX / px_per_distance;
        let level_at_middle = LEVEL_AT_EDGE + self.width_px / 2.0 * LEVELS_PER_PX;
        let block_levels = BLOCK_PX as f32 * levels_per_px;
        // How far below the upper edge of a block its rows of pixels are.
        let rows_below = PIXEL_SHARES.map(|share| share * block_levels);
        // As many rows of blocks as the piece can reach into in a column. If their number followed its
        // height, a processor would often guess wrong how many there are.
        let count = round((2.0 * reach_px + rise.abs()) / BLOCK_PX as f32 + 1.5) as usize;
        let mut left = left;
        for column in columns {
            let right = left + rise;
            let top = least(left, right) - reach_px;
            let below = blocks_from(top, canvas.height());
            let rows = below.start..below.end.min(below.start + count);
            // How far below the upper edge of the block the middle of the line is in each column.
            let first_px = (rows.start * BLOCK_PX) as i32 as f32;
            let mut middles_below =
                PIXEL_SHARES.map(|share| (lerp(left, right, share) - first_px) * levels_per_px);
            for row in rows {
                let levels = std::array::from_fn(|i| {
                    let from_middle = middles_below[i % BLOCK_PX] - rows_below[i / BLOCK_PX];
                    level_at_middle - from_middle.abs()
                });
                canvas.lay_line([column, row], &covered(&depths(&levels)));
                middles_below = middles_below.map(|below| below - block_levels);
            }
            left = right;
        }
    }

    /// The height at which the line comes to lie in a column of the map's nodes.
    fn displaced_height(&self, displacement: &Displacement, column: usize) -> f32 {
        let x = (column * NODE_PX) as i32 as f32;
        let [right, down] = displacement.at_column(column, self.height(x));
        self.height(x + right) - down
    }

    /// The height of the line, which goes straight on beyond the first and the last point.
    fn height(&self, x: f32) -> f32 {
        let before = round((x - self.points[0][0]) * self.points_per_px - 0.5);
        let before = before.clamp(0, self.slopes.len() as i32 - 1) as usize;
        let [start, height] = self.points[before];
        height + (x - start) * self.slopes[before]
    }
}

#[cfg(test)]
mod tests {
    use super::super::ink::LEVELS;
    use super::super::tuning::{EASY, NORMAL, Tuning};
    use super::*;

    /// Lines alone on a picture for six letters, around its middle.
    fn drawn(width: u16, height: u16, tuning: &'static Tuning, seed: u64) -> (Canvas, Frame) {
        drawn_at(width, height, f32::from(height) / 2.0, tuning, seed)
    }

    /// The same around another height.
    fn drawn_at(
        width: u16,
        height: u16,
        middle_px: f32,
        tuning: &'static Tuning,
        seed: u64,
    ) -> (Canvas, Frame) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let frame = Frame::new(width, height, 6, tuning);
        let mut canvas = Canvas::new();
        canvas.clear(width.into(), height.into());
        let mut displacement = Displacement::new();
        displacement.prepare(&frame, &mut rng);
        draw(&mut canvas, &displacement, &frame, middle_px, &mut rng);
        (canvas, frame)
    }

    #[test]
    fn lines_cross_the_whole_width() {
        for (width, height) in [
            (600, 200),
            (200, 600),
            (300, 300),
            (112, 28),
            (112, 2000),
            (2000, 2000),
        ] {
            let (canvas, frame) = drawn(width, height, &NORMAL, 1);
            let first = (frame.base_px * START_BASES) as usize + 1;
            let last = (frame.width_px - frame.padding_px) as usize;
            let is_crossed = |x: usize| (0..canvas.height()).any(|y| canvas.row(y)[x] != 0);
            assert!((first..last).all(is_crossed), "{width}x{height}");
        }
    }

    #[test]
    fn lines_stay_around_their_height() {
        let (canvas, frame) = drawn_at(112, 600, 150.0, &NORMAL, 1);
        let reach_px = (SWING_BASES + NORMAL.push_bases + NORMAL.line_bases[1]) * frame.base_px;
        let inked = (0..600).filter(|&y| canvas.row(y).iter().any(|code| *code != 0));
        let inked: Vec<usize> = inked.collect();
        assert!(150.0 - reach_px < inked[0] as f32, "{inked:?}");
        assert!((inked[inked.len() - 1] as f32) < 150.0 + reach_px);
    }

    /// The share of ground between lines is about the same on a low picture.
    #[test]
    fn low_pictures_have_fewer_lines() {
        let share = |width, height| {
            let (canvas, _) = drawn(width, height, &NORMAL, 1);
            let codes = canvas.codes();
            codes.iter().filter(|code| **code != 0).count() as f32 / codes.len() as f32
        };
        assert!(share(112, 28) < 1.2 * share(600, 200));
    }

    /// Widths are 3 to 5 px in easy pictures, and 7 to 8 in the usual ones. A slanted line has a tenth
    /// more ink in a column than it is wide, and where lines cross they have less.
    #[test]
    fn lines_are_as_thick_as_their_tuning_says() {
        const SEEDS: u64 = 50;
        for (tuning, expected_px) in [(&EASY, 3.9..4.7), (&NORMAL, 5.5..7.5)] {
            let mut inked = 0.0;
            for seed in 0..SEEDS {
                let (canvas, _) = drawn(600, 200, tuning, seed);
                let levels = canvas
                    .codes()
                    .iter()
                    .map(|code| f32::from(code & 3))
                    .sum::<f32>();
                inked += levels / f32::from(LEVELS);
            }
            let length_px = (600.0 - 24.0) * (tuning.lines as u64 * SEEDS) as f32;
            let width_px = inked / length_px;
            assert!(expected_px.contains(&width_px), "{width_px}");
        }
    }
}

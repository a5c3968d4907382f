//! What is drawn to be in the way of machines: letters in the background, dots and lines.
//!
//! Knows nothing of the text. All measures follow the base size of the text's letters, so that
//! noise is as dense around them in a portrait or a banner as in the usual picture, to which the
//! numbers in brackets belong (600 x 200 pixels, six letters, base of 75 pixels).

use std::f32::consts::PI;
use std::ops::Range;

use super::canvas::{BLOCK_PX, Canvas, Ink, RAMP_PX, STEPS, blocks_of, pixels, whole};
use super::edges::{DEPTH_PER_PX, Edges, Fill, OUTLINE, depths_between};
use super::font::{CHARACTERS, Font};
use super::glyph::{self, Pose, turned};
use super::layout::{Frame, between};
use super::warp::{NODE_PX, Warp};
use super::{Inks, below};

/// Height of the cells of background letters, in base sizes [47 px].
const CELL_HEIGHT_BASES: f32 = 0.633;
/// Width of the cells [73 px].
const CELL_WIDTH_BASES: f32 = 0.98;
/// Largest background letter, in heights of a cell [35 px]; the smallest is half as large.
const CELL_LETTER_MAX: f32 = 0.75;
/// Thickest growth of a background letter, in its largest sizes [2 px].
const CELL_STROKE_MAX: f32 = 0.057;
/// Turns of background letters in radians to either side: 60 degrees.
const CELL_ANGLE_MAX: f32 = 60.0 * PI / 180.0;

/// Side of the cells of dots, in base sizes [19 px].
const DOT_CELL_BASES: f32 = 0.253;
/// Least side of these cells: closer dots would not be noise on a small picture but fog.
const DOT_CELL_PX_MIN: f32 = 8.0;
/// Diameters of dots in sides of a cell, before they are rounded to whole pixels [2 to 5], as which
/// those of the reference count: it draws diameters of 1 to 4 with both ends.
const DOT_DIAMETER: [f32; 2] = [0.08, 0.285];

/// Lines across the picture.
const LINES: usize = 2;
/// Corners of a line.
const LINE_POINTS: usize = 6;
/// Thickness of lines, in base sizes [3 to 5 px].
pub(super) const LINE_WIDTH_BASES: [f32; 2] = [1.0 / 25.0, 1.0 / 15.0];
/// The same where lines are to be as thick as the outlines of letters [4 to 6 px].
pub(super) const THICK_LINE_WIDTH_BASES: [f32; 2] = [0.053, 0.08];
/// Least thickness of a line, below which it would be a grey shade.
const LINE_WIDTH_PX_MIN: f32 = 1.0;
/// How far lines swing up and down, in base sizes [66 px]; never beyond a third of the height.
const LINE_SWING_BASES: f32 = 0.89;

/// Draws small solid letters all over the ground.
pub(super) fn letters(
    canvas: &mut Canvas,
    warp: &Warp,
    font: &Font,
    frame: &Frame,
    inks: &Inks,
    rng: &mut fastrand::Rng,
) {
    let cell_px = [CELL_WIDTH_BASES, CELL_HEIGHT_BASES].map(|bases| bases * frame.base);
    let grid = Grid::new(frame, cell_px);
    let size_px_max = CELL_LETTER_MAX * grid.cell_px[1];
    grid.for_each(|middle_px| {
        let letter = CHARACTERS[below(CHARACTERS.len(), rng)];
        let pose = Pose {
            middle_px: std::array::from_fn(|axis| {
                let jitter = grid.cell_px[axis] / 3.0;
                middle_px[axis] + between(-jitter, jitter, rng)
            }),
            size_px: between(size_px_max / 2.0, size_px_max, rng),
            lie: turned(between(-CELL_ANGLE_MAX, CELL_ANGLE_MAX, rng)),
            stroke_px: between(0.0, CELL_STROKE_MAX * size_px_max, rng),
        };
        if let Some(glyph) = font.glyph(char::from(letter)) {
            glyph::draw(canvas, warp, glyph, &pose, Fill::Ink, inks.pick(rng));
        }
    });
}

/// Strews dots over the picture.
pub(super) fn dots(canvas: &mut Canvas, frame: &Frame, inks: &Inks, rng: &mut fastrand::Rng) {
    let cell_px = (DOT_CELL_BASES * frame.base).max(DOT_CELL_PX_MIN);
    let grid = Grid::new(frame, [cell_px; 2]);
    grid.for_each(|middle_px| {
        let middle_px = std::array::from_fn(|axis| {
            middle_px[axis] + between(-grid.cell_px[axis], grid.cell_px[axis], rng)
        });
        let diameter = between(DOT_DIAMETER[0], DOT_DIAMETER[1], rng) * grid.cell_px[1];
        dot(canvas, middle_px, whole(diameter) as usize, inks.pick(rng));
    });
}

/// Draws lines from one side of the picture to the other.
pub(super) fn lines(
    canvas: &mut Canvas,
    warp: &Warp,
    frame: &Frame,
    width_bases: [f32; 2],
    inks: &Inks,
    rng: &mut fastrand::Rng,
) {
    let first_px = DOT_CELL_BASES * frame.base;
    let step_px = frame.width / (LINE_POINTS - 1) as f32;
    let swing_px = (LINE_SWING_BASES * frame.base).min(frame.height / 3.0);
    for _ in 0..LINES {
        let [thinnest, thickest] = width_bases.map(|bases| bases * frame.base);
        let width_px = between(thinnest, thickest, rng).max(LINE_WIDTH_PX_MIN);
        let ink = inks.pick(rng);
        let points: [[f32; 2]; LINE_POINTS] = std::array::from_fn(|i| {
            let x = (first_px + i as f32 * step_px).min(frame.width - frame.padding);
            [x, frame.height / 2.0 + between(-swing_px, swing_px, rng)]
        });
        Line::new(points).draw(canvas, warp, width_px, ink);
    }
}

/// A line through points from left to right, at equal distances but for the last.
struct Line {
    points: [[f32; 2]; LINE_POINTS],
    /// How much it falls after each point for a pixel to the right.
    slopes: [f32; LINE_POINTS - 1],
    /// Points for a pixel to the right.
    points_per_px: f32,
}

impl Line {
    fn new(points: [[f32; 2]; LINE_POINTS]) -> Self {
        Self {
            points,
            slopes: std::array::from_fn(|i| {
                let [start, end] = [points[i], points[i + 1]];
                (end[1] - start[1]) / (end[0] - start[0])
            }),
            points_per_px: 1.0 / (points[1][0] - points[0][0]),
        }
    }

    /// Draws it as the warp bends it: what lies between two heights, which are worked out at the
    /// sides of blocks. In a block it is straight.
    fn draw(&self, canvas: &mut Canvas, warp: &Warp, width_px: f32, ink: Ink) {
        // Like the stroke of a hollow shape that ends at the line's lower side.
        let edges = Edges::new(width_px, Fill::Nothing, ink);
        let columns = pixels(
            self.points[0][0],
            self.points[LINE_POINTS - 1][0],
            canvas.width(),
        );
        let columns = blocks_of(&columns);
        let mut left = self.bent_height(warp, columns.start);
        for column in columns {
            let right = self.bent_height(warp, column + 1);
            // Across a slope the line is as thick as along it.
            let rise = (right - left) / BLOCK_PX as f32;
            let share = 1.0 / (1.0 + rise * rise).sqrt();
            let reach_px = f32::midpoint(width_px, RAMP_PX) / share;
            let (top, bottom) = (left.min(right) - reach_px, left.max(right) + reach_px);
            let rows = blocks_of(&pixels(top, bottom, canvas.height()));
            let depth_per_px = share * DEPTH_PER_PX;
            let step = (BLOCK_PX as f32 * depth_per_px) as i32;
            let mut depths = [left, right].map(|height| {
                let below_px = (rows.start * BLOCK_PX) as f32 - height;
                let upper_side = OUTLINE + (width_px / 2.0 * DEPTH_PER_PX) as i32;
                upper_side + (below_px * depth_per_px) as i32
            });
            for row in rows {
                let above = depths.map(|depth| edges.bounded(depth));
                depths = depths.map(|depth| depth + step);
                let below = depths.map(|depth| edges.bounded(depth));
                let corners = [above[0], above[1], below[0], below[1]];
                edges.lay(canvas, [column, row], &depths_between(corners));
            }
            left = right;
        }
    }

    /// The height at which it comes to lie in a column of the warp's nodes.
    fn bent_height(&self, warp: &Warp, column: usize) -> f32 {
        let x = (column * NODE_PX) as f32;
        let [right, down] = warp.shift_in(column, self.height(x));
        self.height(x + right) - down
    }

    /// The height of the line, which goes straight on beyond the first and the last point.
    fn height(&self, x: f32) -> f32 {
        let before = whole((x - self.points[0][0]) * self.points_per_px - 0.5);
        let before = before.clamp(0, self.slopes.len() as i32 - 1) as usize;
        let [start, height] = self.points[before];
        height + (x - start) * self.slopes[before]
    }
}

/// Equal cells that fill the picture inside its padding.
struct Grid {
    origin_px: f32,
    cell_px: [f32; 2],
    counts: [usize; 2],
}

impl Grid {
    /// Whole cells, each about as large as asked.
    fn new(frame: &Frame, cell_px: [f32; 2]) -> Self {
        let sides = [frame.width, frame.height].map(|side| side - 2.0 * frame.padding);
        let counts = std::array::from_fn(|axis| {
            let cells: f32 = sides[axis] / cell_px[axis];
            (cells.round() as usize).max(1)
        });
        let cell_px = std::array::from_fn(|axis| sides[axis] / counts[axis] as f32);
        Self {
            origin_px: frame.padding,
            cell_px,
            counts,
        }
    }

    /// Hands out the middle of every cell, row by row.
    fn for_each(&self, mut cell: impl FnMut([f32; 2])) {
        for row in 0..self.counts[1] {
            for column in 0..self.counts[0] {
                let place = [column as f32 + 0.5, row as f32 + 0.5];
                cell(std::array::from_fn(|axis| {
                    self.origin_px + place[axis] * self.cell_px[axis]
                }));
            }
        }
    }
}

/// Widest dot that can be drawn; the largest pictures have dots of 52 pixels.
const DOT_DIAMETER_MAX: usize = 64;

/// Pixels of a disc that are missing on either side of each row, for every diameter.
///
/// A pixel is in it when its middle is, but for a quarter of a pixel, without which the corners of
/// the smallest would be in it, too. Everything is counted in halves of a pixel, from the middle.
static DISCS: [[u8; DOT_DIAMETER_MAX]; DOT_DIAMETER_MAX + 1] = {
    let mut discs = [[0; DOT_DIAMETER_MAX]; DOT_DIAMETER_MAX + 1];
    let mut diameter = 1;
    while diameter <= DOT_DIAMETER_MAX {
        let mut row = 0;
        while row < diameter {
            let down = (2 * row + 1).abs_diff(diameter);
            let mut missing = 0;
            // Four times the squares, since the quarter makes halves of halves.
            while 4 * ((diameter - 2 * missing - 1).pow(2) + down.pow(2))
                > (2 * diameter - 1).pow(2)
            {
                missing += 1;
            }
            discs[diameter][row] = missing as u8;
            row += 1;
        }
        diameter += 1;
    }
    discs
};

/// Draws a disc of whole pixels, so many across. A dot is too small for a soft edge, which would be
/// most of it, and rows that are alike take few bytes: soft dots took as many as all the rest.
fn dot(canvas: &mut Canvas, middle_px: [f32; 2], diameter: usize, ink: Ink) {
    let diameter = diameter.clamp(1, DOT_DIAMETER_MAX);
    let code = ink.code(STEPS);
    let [left, top] = middle_px.map(|middle| whole(middle - diameter as f32 / 2.0));
    for (missing, row) in DISCS[diameter][..diameter].iter().zip(top..) {
        let missing = i32::from(*missing);
        let [start, end] = [left + missing, left + diameter as i32 - missing]
            .map(|x| x.clamp(0, canvas.width() as i32) as usize);
        if (0..canvas.height() as i32).contains(&row) {
            fill(canvas.row_mut(row as usize), start..end, code);
        }
    }
}

/// Gives pixels of a row a code. A few are the usual case, which a call would take longer for than
/// the work.
fn fill(row: &mut [u8], span: Range<usize>, code: u8) {
    const FEW: usize = 8;
    match row[span.start..].first_chunk_mut::<FEW>() {
        Some(pixels) if span.len() <= FEW => {
            for (i, pixel) in pixels.iter_mut().enumerate() {
                *pixel = if i < span.len() { code } else { *pixel };
            }
        }
        _ => row[span].fill(code),
    }
}

#[cfg(test)]
mod tests {
    use super::super::font::TEST_FONT;
    use super::super::layout::{DISTORTED, UPRIGHT};
    use super::*;

    const SIZES: [(u16, u16); 6] = [
        (600, 200),
        (200, 600),
        (300, 300),
        (112, 28),
        (112, 2000),
        (2000, 2000),
    ];

    fn canvas(width: u16, height: u16) -> (Canvas, Frame) {
        let mut canvas = Canvas::new();
        canvas.clear(usize::from(width), usize::from(height));
        (canvas, Frame::new(width, height, 6, &DISTORTED))
    }

    /// A warp of that size, with bends.
    fn warp(frame: &Frame) -> Warp {
        let mut warp = Warp::new();
        let [width, height] = [frame.width, frame.height].map(|side| side as usize);
        warp.bend(width, height, frame, &mut fastrand::Rng::with_seed(4));
        warp
    }

    /// The share of pixels with ink in each quarter of a picture.
    fn inked(canvas: &Canvas) -> [f32; 4] {
        let (width, height) = (canvas.width(), canvas.height());
        let mut counts = [0; 4];
        for (pixel, _) in canvas
            .codes()
            .iter()
            .enumerate()
            .filter(|(_, code)| **code != 0)
        {
            let (right, down) = (pixel % width * 2 / width, pixel / width * 2 / height);
            counts[2 * down + right] += 1;
        }
        counts.map(|count| 4.0 * count as f32 / (width * height) as f32)
    }

    #[test]
    fn letters_are_all_over_the_ground_whatever_its_shape() {
        for (width, height) in SIZES {
            let (mut canvas, frame) = canvas(width, height);
            letters(
                &mut canvas,
                &warp(&frame),
                &TEST_FONT,
                &frame,
                &Inks::Any,
                &mut fastrand::Rng::with_seed(1),
            );
            for share in inked(&canvas) {
                assert!((0.02..0.2).contains(&share), "{share} of {width}x{height}");
            }
        }
    }

    #[test]
    fn dots_are_all_over_the_picture_whatever_its_shape() {
        for (width, height) in SIZES {
            let (mut canvas, frame) = canvas(width, height);
            dots(
                &mut canvas,
                &frame,
                &Inks::Any,
                &mut fastrand::Rng::with_seed(1),
            );
            for share in inked(&canvas) {
                assert!((0.01..0.15).contains(&share), "{share} of {width}x{height}");
            }
        }
    }

    #[test]
    fn the_usual_picture_has_the_numbers_of_the_reference() {
        let frame = Frame::new(600, 200, 6, &UPRIGHT);
        let sides = |bases: [f32; 2]| Grid::new(&frame, bases.map(|bases| bases * frame.base));
        assert_eq!(sides([CELL_WIDTH_BASES, CELL_HEIGHT_BASES]).counts, [8, 4]);
        assert_eq!(sides([DOT_CELL_BASES; 2]).counts, [31, 10]);
    }

    #[test]
    fn lines_cross_the_whole_width() {
        for (width, height) in SIZES {
            let (mut canvas, frame) = canvas(width, height);
            lines(
                &mut canvas,
                &warp(&frame),
                &frame,
                THICK_LINE_WIDTH_BASES,
                &Inks::Any,
                &mut fastrand::Rng::with_seed(1),
            );
            let column = |x: usize| {
                (0..canvas.height())
                    .filter(|&y| canvas.row(y)[x] != 0)
                    .count()
            };
            let first = (frame.base * DOT_CELL_BASES) as usize + 1;
            let last = (frame.width - frame.padding) as usize;
            assert!((first..last).all(|x| 0 < column(x)), "{width}x{height}");
        }
    }

    /// The reference draws dots as whole discs of 4, 5, 12 and 21 pixels.
    #[test]
    fn dots_have_the_pixels_of_the_reference() {
        let ink = Ink::random(&mut fastrand::Rng::with_seed(2));
        for (diameter, pixels) in [(1, 1), (2, 4), (3, 5), (4, 12), (5, 21)] {
            for middle_px in [[20.0, 30.0], [20.5, 29.5], [19.7, 30.2]] {
                let (mut canvas, _) = canvas(112, 60);
                dot(&mut canvas, middle_px, diameter, ink);
                let inked: Vec<[usize; 2]> = (0..112 * 60)
                    .filter(|&pixel| canvas.codes()[pixel] != 0)
                    .map(|pixel| [pixel % 112, pixel / 112])
                    .collect();
                assert_eq!(inked.len(), pixels, "{diameter} at {middle_px:?}");
                for axis in 0..2 {
                    let sides = inked.iter().map(|place| place[axis] as f32 + 0.5);
                    let middle = sides.sum::<f32>() / pixels as f32;
                    assert!((middle - middle_px[axis]).abs() <= 0.5, "{middle_px:?}");
                }
            }
        }
    }

    #[test]
    fn the_largest_dots_are_not_made_smaller() {
        for height in 1_000..=2_000 {
            let frame = Frame::new(2_000, height, 1, &UPRIGHT);
            let grid = Grid::new(&frame, [DOT_CELL_BASES * frame.base; 2]);
            let diameter = DOT_DIAMETER[1] * grid.cell_px[1];
            assert!(diameter < DOT_DIAMETER_MAX as f32, "{diameter} at {height}");
        }
    }

    #[test]
    fn dots_are_cut_at_the_edge() {
        let ink = Ink::random(&mut fastrand::Rng::with_seed(2));
        for (middle_px, pixels) in [
            ([0.5, 30.5], 3 + 5 + 5),
            ([111.5, 30.5], 3 + 5 + 5),
            ([50.5, 0.5], 3 + 5 + 5),
            ([50.5, 59.5], 3 + 5 + 5),
            ([0.5, 0.5], 8),
            ([-9.0, -9.0], 0),
            ([130.0, 90.0], 0),
        ] {
            let (mut canvas, _) = canvas(112, 60);
            dot(&mut canvas, middle_px, 5, ink);
            let inked = canvas.codes().iter().filter(|code| **code != 0).count();
            assert_eq!(inked, pixels, "{middle_px:?}");
        }
    }
}

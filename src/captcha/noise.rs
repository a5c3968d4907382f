//! What is drawn to be in the way of machines: letters in the background, dots and lines.
//!
//! Knows nothing of the text. All measures follow the base size of the text's letters, so that
//! noise is as dense around them in a portrait or a banner as in the usual picture, to which the
//! numbers in brackets belong (600 x 200 pixels, six letters, base of 75 pixels).

use std::f32::consts::PI;

use super::canvas::{Canvas, Cover, Ink, RAMP_PX, lay};
use super::font::{CHARACTERS, Font};
use super::glyph::{self, Fill, Pose};
use super::layout::{Frame, between};

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
/// Radii of dots in sides of a cell [1.1 to 2.6 px]: those of the reference as they appear, which
/// draws diameters of 1 to 4 on whole pixels that count at both ends.
const DOT_RADIUS: [f32; 2] = [0.058, 0.137];
/// Least radius of a dot, below which it would be a grey shade.
const DOT_RADIUS_PX_MIN: f32 = 0.6;

/// Lines across the picture.
const LINES: usize = 2;
/// Corners of a line.
const LINE_POINTS: usize = 6;
/// Thickness of lines, in base sizes [3 to 5 px].
const LINE_WIDTH_BASES: [f32; 2] = [1.0 / 25.0, 1.0 / 15.0];
/// Least thickness of a line, below which it would be a grey shade.
const LINE_WIDTH_PX_MIN: f32 = 1.0;
/// How far lines swing up and down, in base sizes [66 px]; never beyond a third of the height.
const LINE_SWING_BASES: f32 = 0.89;

/// Draws small solid letters all over the ground.
pub(super) fn letters(canvas: &mut Canvas, font: &Font, frame: &Frame, rng: &mut fastrand::Rng) {
    let grid = Grid::new(frame, [CELL_WIDTH_BASES, CELL_HEIGHT_BASES]);
    let size_px_max = CELL_LETTER_MAX * grid.cell_px[1];
    grid.for_each(|middle_px| {
        let letter = CHARACTERS[rng.usize(..CHARACTERS.len())];
        let pose = Pose {
            middle_px: std::array::from_fn(|axis| {
                let jitter = grid.cell_px[axis] / 3.0;
                middle_px[axis] + between(-jitter, jitter, rng)
            }),
            size_px: between(size_px_max / 2.0, size_px_max, rng),
            angle: between(-CELL_ANGLE_MAX, CELL_ANGLE_MAX, rng),
            stroke_px: between(0.0, CELL_STROKE_MAX * size_px_max, rng),
        };
        if let Some(glyph) = font.glyph(char::from(letter)) {
            glyph::draw(canvas, glyph, &pose, Fill::Ink, Ink::random(rng));
        }
    });
}

/// Strews dots over the picture.
pub(super) fn dots(canvas: &mut Canvas, frame: &Frame, rng: &mut fastrand::Rng) {
    let grid = Grid::new(frame, [DOT_CELL_BASES; 2]);
    grid.for_each(|middle_px| {
        let middle_px = std::array::from_fn(|axis| {
            middle_px[axis] + between(-grid.cell_px[axis], grid.cell_px[axis], rng)
        });
        let radius_px = between(DOT_RADIUS[0], DOT_RADIUS[1], rng) * grid.cell_px[1];
        dot(
            canvas,
            middle_px,
            radius_px.max(DOT_RADIUS_PX_MIN),
            Ink::random(rng),
        );
    });
}

/// Draws lines from one side of the picture to the other.
pub(super) fn lines(canvas: &mut Canvas, frame: &Frame, rng: &mut fastrand::Rng) {
    let first_px = DOT_CELL_BASES * frame.base;
    let step_px = frame.width / (LINE_POINTS - 1) as f32;
    let swing_px = (LINE_SWING_BASES * frame.base).min(frame.height / 3.0);
    for _ in 0..LINES {
        let [thinnest, thickest] = LINE_WIDTH_BASES.map(|bases| bases * frame.base);
        let width_px = between(thinnest, thickest, rng).max(LINE_WIDTH_PX_MIN);
        let ink = Ink::random(rng);
        let points: [[f32; 2]; LINE_POINTS] = std::array::from_fn(|i| {
            let x = (first_px + i as f32 * step_px).min(frame.width - frame.padding);
            [x, frame.height / 2.0 + between(-swing_px, swing_px, rng)]
        });
        for ends in points.windows(2) {
            line(canvas, [ends[0], ends[1]], width_px / 2.0, ink);
        }
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
    fn new(frame: &Frame, cell_bases: [f32; 2]) -> Self {
        let sides = [frame.width, frame.height].map(|side| side - 2.0 * frame.padding);
        let counts = std::array::from_fn(|axis| {
            let cells = sides[axis] / (cell_bases[axis] * frame.base);
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

/// Draws a disc.
fn dot(canvas: &mut Canvas, [x, y]: [f32; 2], radius_px: f32, ink: Ink) {
    line(canvas, [[x, y], [x, y]], radius_px, ink);
}

/// Draws all that is within a radius of a segment: a stroke with round ends.
fn line(canvas: &mut Canvas, [start, end]: [[f32; 2]; 2], radius_px: f32, ink: Ink) {
    let reach_px = radius_px + RAMP_PX / 2.0;
    let rows = glyph::pixels(
        start[1].min(end[1]) - reach_px,
        start[1].max(end[1]) + reach_px,
        canvas.height(),
    );
    let along = [end[0] - start[0], end[1] - start[1]];
    let length_squared = (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
    let width = canvas.width();
    for y in rows {
        let down = y as f32 + 0.5 - start[1];
        // The part of the segment that is near enough to this row bounds what it can touch there.
        let [first, last] = part(down, along[1], reach_px);
        let (one, other) = (start[0] + first * along[0], start[0] + last * along[0]);
        let span = glyph::pixels(one.min(other) - reach_px, one.max(other) + reach_px, width);
        let row = canvas.row(y);
        for x in span {
            let right = x as f32 + 0.5 - start[0];
            let share = ((right * along[0] + down * along[1]) / length_squared).clamp(0.0, 1.0);
            let away = [right - share * along[0], down - share * along[1]];
            let distance_px = (away[0] * away[0] + away[1] * away[1]).sqrt();
            lay(&mut row[x..=x], ink, Cover::solid(radius_px - distance_px));
        }
    }
}

/// From where to where along a segment, as shares of it, its height is within reach of a row.
fn part(down: f32, rise: f32, reach_px: f32) -> [f32; 2] {
    if rise.abs() < f32::EPSILON {
        return [0.0, 1.0];
    }
    let (one, other) = ((down - reach_px) / rise, (down + reach_px) / rise);
    [
        one.min(other).clamp(0.0, 1.0),
        one.max(other).clamp(0.0, 1.0),
    ]
}

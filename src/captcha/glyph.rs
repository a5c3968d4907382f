//! Draws prepared shapes at any place, size, angle and thickness, hollow or solid.
//!
//! Knows nothing of texts or of why a shape stands where it does. For every pixel that a shape may
//! touch it looks up, turned back, how far the outline is; thickness and softness are then a matter
//! of comparing distances. Since no pixel is nearer to the outline than the one before by more than
//! a pixel, a look-up far from any edge answers for a whole run of pixels.

use std::ops::Range;

use super::canvas::{Canvas, Cover, Ink, RAMP_PX, STEPS, lay};
use super::field::{MARGIN_CELLS, UNITS_PER_CELL};
use super::font::{CELLS_PER_EM, Glyph};

/// Thickest stroke, in ems of the shape's size, that the prepared distances reach to.
pub(super) const STROKE_EMS_MAX: f32 = 0.125;
const _: () = assert!(STROKE_EMS_MAX * (CELLS_PER_EM as f32) < (MARGIN_CELLS - 2) as f32);

/// What a shape is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// Bare ground, which hides what was drawn before: only the stroke shows.
    Ground,
    /// The ink of the stroke.
    Ink,
}

/// How a shape stands in the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    /// Where its middle is, from the picture's upper left corner.
    pub(super) middle_px: [f32; 2],
    /// Pixels per em.
    pub(super) size_px: f32,
    /// How far it is turned clockwise, in radians.
    pub(super) angle: f32,
    /// How far its outline is grown.
    pub(super) stroke_px: f32,
}

impl Pose {
    /// Half of the width and height that the turned shape takes, without the softness of its edge.
    pub(super) fn half_extent_px(&self, glyph: &Glyph) -> [f32; 2] {
        let px_per_cell = self.size_px / CELLS_PER_EM as f32;
        let [half_width, half_height] = glyph
            .half_size
            .map(|half| half * px_per_cell + self.stroke_px);
        let (sin, cos) = self.angle.sin_cos();
        let (sin, cos) = (sin.abs(), cos.abs());
        [
            half_width * cos + half_height * sin,
            half_width * sin + half_height * cos,
        ]
    }
}

/// Draws a shape. What lies outside the canvas is left out.
pub(super) fn draw(canvas: &mut Canvas, glyph: &Glyph, pose: &Pose, fill: Fill, ink: Ink) {
    let turned = Turned::new(glyph, pose);
    let edges = Edges::new(pose, fill);
    let (width, height) = (canvas.width(), canvas.height());
    for y in turned.rows(height) {
        let span = turned.span(y, width);
        if span.is_empty() {
            continue;
        }
        let [mut place, step] = turned.places(span.start, y);
        let row = canvas.row(y);
        let mut x = span.start;
        while x < span.end {
            let (cover, run_px) = edges.cover(glyph.field.at(place));
            let end = (x + run_px).min(span.end);
            lay(&mut row[x..end], ink, cover);
            let passed = (end - x) as i32;
            place = [place[0] + passed * step[0], place[1] + passed * step[1]];
            x = end;
        }
    }
}

/// The box around a shape, turned: which pixels are in it, and where in the field they are.
struct Turned {
    middle_px: [f32; 2],
    middle_cells: [f32; 2],
    half_size_cells: [f32; 2],
    /// Change of the place in the field for a pixel to the right.
    right: [f32; 2],
    /// Change of the place in the field for a pixel down.
    down: [f32; 2],
}

impl Turned {
    fn new(glyph: &Glyph, pose: &Pose) -> Self {
        let cells_per_px = CELLS_PER_EM as f32 / pose.size_px;
        let (sin, cos) = pose.angle.sin_cos();
        let (sin, cos) = (sin * cells_per_px, cos * cells_per_px);
        // Distances end at the margin; the outermost softness of tiny shapes may fall beyond it.
        let grown =
            ((pose.stroke_px + RAMP_PX / 2.0) * cells_per_px).min((MARGIN_CELLS - 2) as f32);
        Self {
            middle_px: pose.middle_px,
            middle_cells: glyph.middle,
            half_size_cells: glyph.half_size.map(|half| half + grown),
            right: [cos, -sin],
            down: [sin, cos],
        }
    }

    /// Rows of the picture that the box reaches into.
    fn rows(&self, height: usize) -> Range<usize> {
        let [half_width, half_height] = self.half_size_cells;
        let scale = self.right[0] * self.down[1] - self.right[1] * self.down[0];
        let half = (half_width * self.right[1].abs() + half_height * self.right[0].abs()) / scale;
        pixels(self.middle_px[1] - half, self.middle_px[1] + half, height)
    }

    /// Pixels of a row that are in the box.
    fn span(&self, y: usize, width: usize) -> Range<usize> {
        let down_px = y as f32 + 0.5 - self.middle_px[1];
        let (mut left, mut right) = (f32::NEG_INFINITY, f32::INFINITY);
        for axis in 0..2 {
            let (half, slope) = (self.half_size_cells[axis], self.right[axis]);
            let start = down_px * self.down[axis];
            if slope.abs() < SLOPE_MIN {
                // The row runs along this side of the box: all of it is within, or nothing.
                if half < start.abs() {
                    return 0..0;
                }
                continue;
            }
            let (one, other) = ((-half - start) / slope, (half - start) / slope);
            left = left.max(one.min(other));
            right = right.min(one.max(other));
        }
        pixels(self.middle_px[0] + left, self.middle_px[0] + right, width)
    }

    /// The place of a pixel's centre in the field, and its change for a pixel to the right.
    fn places(&self, x: usize, y: usize) -> [[i32; 2]; 2] {
        let right_px = x as f32 + 0.5 - self.middle_px[0];
        let down_px = y as f32 + 0.5 - self.middle_px[1];
        let place = std::array::from_fn(|axis| {
            self.middle_cells[axis] + right_px * self.right[axis] + down_px * self.down[axis]
        });
        [place, self.right].map(|point: [f32; 2]| point.map(|cells| (cells * 65_536.0) as i32))
    }
}

/// Below this slope, in cells a pixel, a row of the largest picture leaves the box by less than a
/// cell, which the field's margin holds.
const SLOPE_MIN: f32 = 1e-4;

/// The pixels whose centres lie between two coordinates.
pub(super) fn pixels(from: f32, to: f32, count: usize) -> Range<usize> {
    // Casts from float saturate: what lies left of the picture becomes its first pixel.
    let start = (from + 0.5) as usize;
    let end = ((to + 0.5) as usize).min(count);
    start.min(end)..end
}

/// The distances at which a shape begins and ends, in units of its field.
struct Edges {
    /// The outer edge of the stroke.
    outer: i32,
    /// The edge between stroke and filling.
    inner: i32,
    /// Half of the distance over which an edge fades.
    fade: i32,
    /// Steps of cover for a unit, in parts of 65,536.
    steps_per_unit: i32,
    /// Pixels for a unit, in parts of 65,536.
    px_per_unit: i32,
}

impl Edges {
    fn new(pose: &Pose, fill: Fill) -> Self {
        let units_per_px = (CELLS_PER_EM as i32 * UNITS_PER_CELL) as f32 / pose.size_px;
        let units = |px: f32| (px * units_per_px) as i32;
        let steps = f32::from(STEPS) * 65_536.0;
        Self {
            outer: units(pose.stroke_px),
            inner: match fill {
                Fill::Ground => 0,
                // No distance is as far inside as this.
                Fill::Ink => -i32::from(i16::MAX),
            },
            fade: units(RAMP_PX / 2.0),
            steps_per_unit: (steps / (RAMP_PX * units_per_px)) as i32,
            px_per_unit: (65_536.0 / units_per_px) as i32,
        }
    }

    /// What the shape does to a pixel at a distance from its outline, and for how many pixels on
    /// this is certain to stay so.
    #[inline]
    fn cover(&self, distance: i32) -> (Cover, usize) {
        let (grown, bare) = (self.outer - distance, self.inner - distance);
        let (grown_steps, bare_steps) = (self.steps(grown), self.steps(bare));
        let cover = Cover {
            ink: grown_steps - bare_steps,
            kept: STEPS - grown_steps,
        };
        let clear = grown.abs().min(bare.abs()) - self.fade;
        let run_px = 1 + ((clear.max(0) * self.px_per_unit) >> 16);
        (cover, run_px as usize)
    }

    /// Steps of cover for a pixel that lies so far inside an edge.
    #[inline]
    fn steps(&self, inside: i32) -> u8 {
        let above = (inside + self.fade).clamp(0, 2 * self.fade);
        ((above * self.steps_per_unit + (1 << 15)) >> 16) as u8
    }
}

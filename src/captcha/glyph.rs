//! Draws prepared shapes at any place, size, angle and thickness, hollow or solid.
//!
//! Knows nothing of texts or of why a shape stands where it does. For every pixel that a shape may
//! touch it looks up, turned back, how far the outline is; thickness and softness are then a matter
//! of comparing distances. Since no pixel is nearer to the outline than the one before by more than
//! a pixel, one look-up far from any edge answers for a whole run of pixels.

use std::ops::Range;

use super::canvas::{Canvas, Cover, Ink, RAMP_PX, STEPS, lay, lay_one};
use super::field::{MARGIN_CELLS, UNITS_PER_CELL};
use super::font::{CELLS_PER_EM, Glyph};

/// Thickest stroke, in ems of the shape's size, that the prepared distances reach to.
pub(super) const STROKE_EMS_MAX: f32 = 0.125;
const _: () = assert!(STROKE_EMS_MAX * (CELLS_PER_EM as f32) < (MARGIN_CELLS - 2) as f32);

/// Shortest run of pixels that is worth to be drawn as one.
const RUN_PX_MIN: i32 = 3;

/// Deeper than any pixel is in a shape, in steps of cover.
const DEPTH_MAX: i32 = 1 << 16;

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
        let row = &mut canvas.row(y)[span];
        let mut x = 0;
        while x < row.len() {
            let depth = edges.depth(glyph.field.at(place));
            let run_px = edges.run_px(depth);
            if run_px < RUN_PX_MIN {
                lay_one(&mut row[x], ink, edges.cover(depth));
                place = [place[0] + step[0], place[1] + step[1]];
                x += 1;
            } else {
                let end = (x + run_px as usize).min(row.len());
                lay(&mut row[x..end], ink, edges.cover(depth));
                place = [place[0] + run_px * step[0], place[1] + run_px * step[1]];
                x = end;
            }
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

/// The edges of a shape, by how deep a pixel lies in it. Depth is counted from where the outer
/// edge begins to fade in, by the steps of its cover; it goes on counting beyond.
struct Edges {
    /// The distance at which the outer edge begins to fade in, in units.
    outer: i32,
    /// Steps for a unit, in parts of 65,536.
    steps_per_unit: i32,
    /// The depth at which the inner edge begins to fade in.
    inner: i32,
    /// Pixels for a step, in parts of 65,536.
    px_per_step: i32,
}

impl Edges {
    fn new(pose: &Pose, fill: Fill) -> Self {
        let units_per_px = (CELLS_PER_EM as i32 * UNITS_PER_CELL) as f32 / pose.size_px;
        let steps_per_px = f32::from(STEPS) / RAMP_PX;
        Self {
            outer: ((pose.stroke_px + RAMP_PX / 2.0) * units_per_px) as i32,
            steps_per_unit: (65_536.0 * steps_per_px / units_per_px) as i32,
            inner: match fill {
                Fill::Ground => (pose.stroke_px * steps_per_px + 0.5) as i32,
                Fill::Ink => DEPTH_MAX,
            },
            px_per_step: (65_536.0 / steps_per_px) as i32,
        }
    }

    /// How deep in the shape a pixel lies at some distance from its outline.
    #[inline]
    fn depth(&self, distance: i32) -> i32 {
        ((self.outer - distance) * self.steps_per_unit + (1 << 15)) >> 16
    }

    /// What the shape does to a pixel at a depth.
    #[inline]
    fn cover(&self, depth: i32) -> Cover {
        let steps = i32::from(STEPS);
        let grown = depth.clamp(0, steps);
        let bare = (depth - self.inner).clamp(0, steps);
        Cover {
            ink: (grown - bare) as u8,
            kept: (steps - grown) as u8,
        }
    }

    /// For how many pixels on the cover of this depth is certain to stay.
    #[inline]
    fn run_px(&self, depth: i32) -> i32 {
        let half = i32::from(STEPS) / 2;
        let (outer, inner) = (depth - half, depth - half - self.inner);
        let clear_steps = outer.abs().min(inner.abs()) - half - 1;
        1 + ((clear_steps * self.px_per_step) >> 16)
    }
}

#[cfg(test)]
mod tests {
    use super::super::font::TEST_FONT;
    use super::*;

    const SIDE: usize = 120;

    fn canvas(code: u8) -> Canvas {
        let mut canvas = Canvas::new();
        canvas.clear(SIDE, SIDE);
        (0..SIDE).for_each(|y| canvas.row(y).fill(code));
        canvas
    }

    fn ink(seed: u64) -> Ink {
        Ink::random(&mut fastrand::Rng::with_seed(seed))
    }

    fn poses() -> impl Iterator<Item = Pose> {
        let mut rng = fastrand::Rng::with_seed(1);
        std::iter::repeat_with(move || {
            let size_px = 14.0 + 120.0 * rng.f32();
            Pose {
                middle_px: [0, 1].map(|_| SIDE as f32 * (1.4 * rng.f32() - 0.2)),
                size_px,
                angle: if rng.u8(..4) == 0 {
                    0.0
                } else {
                    2.0 * rng.f32() - 1.0
                },
                stroke_px: size_px * STROKE_EMS_MAX * rng.f32(),
            }
        })
    }

    /// Looks at every pixel of the canvas on its own, where drawing clips and takes runs together.
    #[test]
    fn agrees_with_looking_at_every_pixel() {
        let (below, ink) = (ink(1), ink(2));
        let mut background = canvas(0);
        (0..SIDE).for_each(|y| lay(&mut background.row(y)[y..], below, Cover::solid(9.0)));
        let letters = ['W', 'g', '8', '?', '1'].map(|letter| TEST_FONT.glyph(letter).unwrap());
        for ((pose, glyph), i) in poses().zip(letters.iter().cycle()).zip(0..40) {
            let fill = if i % 2 == 0 { Fill::Ground } else { Fill::Ink };
            let (mut drawn, mut expected) = (canvas(0), canvas(0));
            for y in 0..SIDE {
                drawn.row(y).copy_from_slice(background.row(y));
                expected.row(y).copy_from_slice(background.row(y));
            }
            draw(&mut drawn, glyph, &pose, fill, ink);
            let (turned, edges) = (Turned::new(glyph, &pose), Edges::new(&pose, fill));
            for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
                let [place, _] = turned.places(x, y);
                let within = (0..2).all(|axis| {
                    let from_middle = place[axis] as f32 / 65_536.0 - glyph.middle[axis];
                    from_middle.abs() <= turned.half_size_cells[axis]
                });
                if within {
                    let cover = edges.cover(edges.depth(glyph.field.at(place)));
                    lay_one(&mut expected.row(y)[x], ink, cover);
                }
            }
            // A place that is added up from pixel to pixel may round to the next step.
            let pairs = drawn.codes().iter().zip(expected.codes());
            let differing = pairs.filter(|(one, other)| one != other).count();
            assert!(differing <= 8, "{differing} differ in {pose:?}");
        }
    }

    /// A rectangle, of which every distance is known: 20 by 30 cells, at two pixels a cell.
    #[test]
    fn a_hollow_shape_is_a_stroke_around_ground() {
        let glyph = Glyph::of_bitmap(&[255; 40 * 60], 40);
        let (below, ink) = (ink(1), ink(2));
        let mut canvas = canvas(0);
        (0..SIDE).for_each(|y| lay(canvas.row(y), below, Cover::solid(9.0)));
        let full = canvas.codes()[0];
        let pose = Pose {
            middle_px: [60.0, 60.0],
            size_px: 2.0 * CELLS_PER_EM as f32,
            angle: 0.0,
            stroke_px: 6.0,
        };
        draw(&mut canvas, &glyph, &pose, Fill::Ground, ink);
        let whole = {
            let mut pixel = [0];
            lay(&mut pixel, ink, Cover::solid(9.0));
            pixel[0]
        };
        for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
            let right = (x as f32 + 0.5 - 60.0).abs() - 20.0;
            let down = (y as f32 + 0.5 - 60.0).abs() - 30.0;
            // Corners of the rectangle are round in the stroke.
            let outside = right.max(0.0).hypot(down.max(0.0)) + right.max(down).min(0.0);
            let code = canvas.codes()[y * SIDE + x];
            let soft = RAMP_PX / 2.0 + 0.25;
            if outside < -soft {
                assert_eq!(code, 0, "inside at {x}, {y}");
            } else if (soft..6.0 - soft).contains(&outside) {
                assert_eq!(code, whole, "stroke at {x}, {y}");
            } else if 6.0 + soft < outside {
                assert_eq!(code, full, "outside at {x}, {y}");
            }
        }
        draw(&mut canvas, &glyph, &pose, Fill::Ink, ink);
        assert_eq!(canvas.codes()[60 * SIDE + 60], whole);
    }

    #[test]
    fn ink_stays_within_the_extent() {
        for (pose, letter) in poses().zip("Wg8?1jMq".chars().cycle()).take(60) {
            let glyph = TEST_FONT.glyph(letter).unwrap();
            let mut canvas = canvas(0);
            draw(&mut canvas, glyph, &pose, Fill::Ground, ink(1));
            let half = pose.half_extent_px(glyph).map(|half| half + RAMP_PX / 2.0);
            for (pixel, _) in canvas
                .codes()
                .iter()
                .enumerate()
                .filter(|(_, code)| **code != 0)
            {
                let place = [pixel % SIDE, pixel / SIDE].map(|side| side as f32 + 0.5);
                let within =
                    |axis: usize| (place[axis] - pose.middle_px[axis]).abs() <= half[axis] + 0.3;
                assert!(within(0) && within(1), "{letter} in {pose:?} at {place:?}");
            }
        }
    }

    #[test]
    fn shapes_off_the_canvas_leave_it_alone() {
        let glyph = TEST_FONT.glyph('A').unwrap();
        for middle_px in [[-500.0, 60.0], [60.0, -500.0], [1e6, 60.0], [60.0, 1e6]] {
            let mut canvas = canvas(0);
            let pose = Pose {
                middle_px,
                size_px: 60.0,
                angle: 0.3,
                stroke_px: 4.0,
            };
            draw(&mut canvas, glyph, &pose, Fill::Ground, ink(1));
            assert!(canvas.codes().iter().all(|&code| code == 0));
        }
    }
}

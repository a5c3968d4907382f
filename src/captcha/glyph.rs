//! Draws glyphs at any place, size and angle, as thick and filled as asked, bent or not.
//!
//! Knows nothing of texts or of why a glyph stands where it does. For a place in the picture it looks
//! up the signed distance in the glyph's field; [`coverage`](super::coverage) makes pixels of
//! distances.
//!
//! Large glyphs are looked up at the nodes of the displacement map alone. Between four nodes, which
//! are the corners of a block of pixels, the distance runs evenly. That is true but at corners of
//! the outline, and these become round by less than a stroke is thick. Small glyphs are moved as a
//! whole, and looked up pixel by pixel.

use std::mem;
use std::ops::Range;

use super::canvas::{BLOCK_PX, Block, Canvas, Paint, blocks_between};
use super::coverage::{Fill, RAMP_PX, Stroke, interpolate};
use super::displacement::{Displacement, NODE_PX};
use super::field::{CELLS_PER_UNIT, Field, PARTS};
use super::font::{CELLS_PER_EM, Glyph};
use super::number::round;
use super::size::SIDE_PX_MAX;
use super::transform::Transform;

/// Least size in pixels per em of glyphs that are looked up at nodes. In smaller ones a bar is
/// thinner than nodes are apart.
pub(super) const LARGE_PX_MIN: f32 = 64.0;

/// How much narrower the stroke of a large glyph is inside. Between nodes, the middle of a thin bar
/// comes out shallower than it is: without this, the bars of a W would fill up.
const SLACK_PX: f32 = 0.5;

/// Largest size in pixels per em of glyphs for which the nearest cell of the field is exact enough:
/// cells are little more than half as far apart as pixels.
const NEAREST_PX_MAX: f32 = 36.0;

/// Place, size and angle of a glyph in the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    /// Where the glyph's middle is, from the picture's upper left corner.
    pub(super) middle_px: [f32; 2],
    /// Pixels per em.
    pub(super) size_px: f32,
    /// How the glyph is stretched, slanted and turned.
    pub(super) transform: Transform,
    /// Width of the stroke around the glyph's outline.
    pub(super) stroke_px: f32,
}

impl Pose {
    /// Half of the width and height that the glyph takes with its stroke, without the soft edge.
    pub(super) fn half_extent_px(&self, glyph: &Glyph) -> [f32; 2] {
        let half_size_px = glyph.half_size_cells.map(|half| half * self.px_per_cell());
        let glyph = self.transform.half_extent_of_rectangle(half_size_px);
        let stroke = self.transform.half_extent_of_disc(self.stroke_px);
        [0, 1].map(|axis| glyph[axis] + stroke[axis])
    }

    /// Whether the glyph is looked up at nodes.
    fn is_large(&self) -> bool {
        LARGE_PX_MIN <= self.size_px
    }

    /// Width of the stroke as it is drawn.
    fn stroke_width_px(&self) -> f32 {
        if self.is_large() {
            (self.stroke_px - SLACK_PX).max(RAMP_PX)
        } else {
            self.stroke_px
        }
    }

    /// From pixels of the picture, counted from the glyph's middle, to cells of its field.
    fn px_to_cells(&self) -> Transform {
        let cells_per_px = 1.0 / self.px_per_cell();
        self.transform
            .invert()
            .then(Transform::from_scale([cells_per_px; 2]))
    }

    fn px_per_cell(&self) -> f32 {
        self.size_px / CELLS_PER_EM as f32
    }
}

/// Draws a glyph as the displacement map bends it. What lies outside the canvas is left out.
pub(super) fn draw(
    canvas: &mut Canvas,
    displacement: &Displacement,
    glyph: &Glyph,
    pose: &Pose,
    fill: Fill,
    paint: Paint,
) {
    let stroke = Stroke::new(pose.stroke_width_px(), fill);
    if pose.is_large() {
        draw_large(canvas, displacement, glyph, pose, stroke, paint);
    } else {
        let [x, y] = pose.middle_px;
        let [right, down] = displacement.at(pose.middle_px);
        let middle_px = [x - right, y - down];
        draw_small(canvas, glyph, &Pose { middle_px, ..*pose }, stroke, paint);
    }
}

/// Nodes in a row of the largest picture.
const NODES_MAX: usize = SIDE_PX_MAX as usize / NODE_PX + 2;

/// Draws a large glyph, bent from node to node. What is done for all nodes of a row is done in loops
/// of its own, of which a compiler makes vector instructions.
fn draw_large(
    canvas: &mut Canvas,
    displacement: &Displacement,
    glyph: &Glyph,
    pose: &Pose,
    stroke: Stroke,
    paint: Paint,
) {
    let [columns, rows] = blocks(canvas, glyph, pose, displacement.reach_px());
    let px_to_cells = pose.px_to_cells();
    // Where the nodes of a row lie in the field, in cells.
    let mut places = [&mut [0.0; NODES_MAX], &mut [0.0; NODES_MAX]];
    let (mut above, mut below) = (&mut [0.0; NODES_MAX], &mut [0.0; NODES_MAX]);
    let nodes = columns.start..columns.end + 1;
    let left = (columns.start * NODE_PX) as f32 - pose.middle_px[0];
    for row in rows.start..=rows.end {
        let top = (row * NODE_PX) as f32 - pose.middle_px[1];
        let offsets = displacement.row(row, nodes.clone());
        place_nodes(glyph, px_to_cells, [left, top], offsets, &mut places);
        let [across, down] = &places;
        let places = across.iter().zip(&**down);
        for (distance, (&x, &y)) in below[..nodes.len()].iter_mut().zip(places) {
            *distance = glyph.field.at([x, y]) * pose.px_per_cell() - pose.stroke_px;
        }
        if rows.start < row {
            lay_row(canvas, row - 1, &columns, [above, below], stroke, paint);
        }
        mem::swap(&mut above, &mut below);
    }
}

/// Works out where the nodes of a row lie in a glyph's field, in cells: their places across and down.
/// Given are their offsets, and the place of the first one, in pixels from the glyph's middle.
#[inline(always)]
fn place_nodes(
    glyph: &Glyph,
    px_to_cells: Transform,
    [left, top]: [f32; 2],
    [rightward, downward]: [&[f32]; 2],
    [across, down]: &mut [&mut [f32; NODES_MAX]; 2],
) {
    let places = across.iter_mut().zip(&mut **down);
    let offsets = rightward.iter().zip(downward);
    for (node, ((across, down), offset)) in (0_i32..).zip(places.zip(offsets)) {
        let x = left + (node * NODE_PX as i32) as f32 + offset.0;
        let [x, y] = px_to_cells.apply([x, top + offset.1]);
        (*across, *down) = (x + glyph.middle_cells[0], y + glyph.middle_cells[1]);
    }
}

/// Lays the blocks of a row, given the distances at the nodes above and below them, from the left one
/// of the first column on.
#[inline(always)]
fn lay_row(
    canvas: &mut Canvas,
    row: usize,
    columns: &Range<usize>,
    [above, below]: [&[f32; NODES_MAX]; 2],
    stroke: Stroke,
    paint: Paint,
) {
    let is_touched = &mut [false; NODES_MAX][..columns.len()];
    let corners = |i: usize| [above[i], above[i + 1], below[i], below[i + 1]];
    for (i, is_touched) in is_touched.iter_mut().enumerate() {
        *is_touched = stroke.touches(corners(i));
    }
    for (i, column) in columns.clone().enumerate() {
        if is_touched[i] {
            let coverage = stroke.coverage(&interpolate(corners(i)));
            canvas.lay([column, row], paint, &coverage);
        }
    }
}

/// Columns and rows of the blocks that a glyph may reach into, if it is moved by so much at most.
fn blocks(
    canvas: &Canvas,
    glyph: &Glyph,
    pose: &Pose,
    displacement_px: [f32; 2],
) -> [Range<usize>; 2] {
    let half = pose.half_extent_px(glyph);
    let sides = [canvas.width(), canvas.height()];
    std::array::from_fn(|axis| {
        let reach = half[axis] + displacement_px[axis] + RAMP_PX;
        let middle = pose.middle_px[axis];
        blocks_between(middle - reach, middle + reach, sides[axis])
    })
}

/// Draws a small glyph, as it is: every pixel is looked up. Blocks beyond its box are left out.
fn draw_small(canvas: &mut Canvas, glyph: &Glyph, pose: &Pose, stroke: Stroke, paint: Paint) {
    // From the middle of a block to that of its last pixel.
    const LAST_PX: f32 = (BLOCK_PX - 1) as f32 / 2.0;
    let px_to_cells = pose.px_to_cells();
    let parts = |cells: f32| round(cells * PARTS as f32) as i16;
    let offsets: [Block<i16>; 2] = [0, 1].map(|axis| {
        std::array::from_fn(|i| {
            let pixel = [i % BLOCK_PX, i / BLOCK_PX].map(|at| at as f32 - LAST_PX);
            parts(px_to_cells.apply(pixel)[axis])
        })
    });
    let edge_cells = (pose.stroke_px + RAMP_PX / 2.0) / pose.px_per_cell();
    let block_cells = px_to_cells.half_extent_of_rectangle([LAST_PX; 2]);
    let reach_cells =
        [0, 1].map(|axis| glyph.half_size_cells[axis] + edge_cells + block_cells[axis]);
    let [columns, rows] = blocks(canvas, glyph, pose, [0.0; 2]);
    for row in rows {
        for column in columns.clone() {
            let middle_px = [column, row].map(|at| (at * BLOCK_PX + BLOCK_PX / 2) as f32);
            let middle =
                px_to_cells.apply([0, 1].map(|axis| middle_px[axis] - pose.middle_px[axis]));
            if reach_cells[0] < middle[0].abs() || reach_cells[1] < middle[1].abs() {
                continue;
            }
            // Within the box, these are at most 280 cells from the field's corner, even where a pixel
            // is 40 cells, so that their parts fit.
            let points = [0, 1].map(|axis| {
                let middle = parts(glyph.middle_cells[axis] + middle[axis]);
                offsets[axis].map(|offset| middle + offset)
            });
            let distances = distances_px(&glyph.field, pose, &points);
            canvas.lay([column, row], paint, &stroke.coverage(&distances));
        }
    }
}

/// The signed distances in pixels to the outer edge of the stroke of a small glyph, at places counted
/// in [`PARTS`] of a cell of its field.
#[inline(always)]
fn distances_px(field: &Field, pose: &Pose, points: &[Block<i16>; 2]) -> Block<f32> {
    let px_per_cell = pose.px_per_cell();
    if NEAREST_PX_MAX < pose.size_px {
        return std::array::from_fn(|i| {
            let place = [0, 1].map(|axis| f32::from(points[axis][i]) / PARTS as f32);
            field.at(place) * px_per_cell - pose.stroke_px
        });
    }
    // What is further than the field reaches counts as outside: how far away it is is not known, and
    // the ramp at the edge of a tiny glyph may be wider than the field reaches.
    let units = field.nearest(points);
    let units = units.map(|units| if units < Field::FAR { units } else { i16::MAX });
    units.map(|units| f32::from(units) * (px_per_cell * CELLS_PER_UNIT) - pose.stroke_px)
}

#[cfg(test)]
mod tests {
    use super::super::font::{CHARACTERS, FONT_FILE, STROKE_EMS_MAX, TEST_FONT};
    use super::super::frame::Frame;
    use super::super::ink::{GROUND, Ink, LEVEL_MASK, LEVELS};
    use super::super::tuning::{NORMAL, Tuning};
    use super::*;

    /// Not a multiple of the side of a block.
    const SIDE: usize = 123;

    fn canvas(code: u8) -> Canvas {
        let mut canvas = Canvas::new();
        canvas.clear(SIDE, SIDE);
        (0..SIDE).for_each(|y| canvas.fill(y, 0..SIDE, code));
        canvas
    }

    /// A displacement map for the canvas, with or without bends.
    fn displacement(is_bent: bool) -> Displacement {
        const STILL: Tuning = Tuning {
            push_bases: 0.0,
            ..NORMAL
        };
        let (side, tuning) = (SIDE as u16, if is_bent { &NORMAL } else { &STILL });
        let mut displacement = Displacement::new();
        let frame = Frame::new(3 * side, side, 3, tuning);
        displacement.prepare(&frame, &mut fastrand::Rng::with_seed(4));
        displacement
    }

    /// Two inks.
    fn inks() -> [Ink; 2] {
        [1, 2].map(Ink::numbered)
    }

    /// The code of a pixel at a signed distance, given what it was.
    fn laid_on(below: u8, stroke: Stroke, ink: Ink, distance_px: f32) -> u8 {
        let mut canvas = Canvas::new();
        canvas.clear(BLOCK_PX, BLOCK_PX);
        (0..BLOCK_PX).for_each(|y| canvas.fill(y, 0..BLOCK_PX, below));
        canvas.lay(
            [0, 0],
            Paint::Over(ink),
            &stroke.coverage(&[distance_px; _]),
        );
        canvas.row(0)[0]
    }

    fn poses() -> impl Iterator<Item = Pose> {
        let mut rng = fastrand::Rng::with_seed(1);
        std::iter::repeat_with(move || {
            let size_px = 14.0 + 120.0 * rng.f32();
            Pose {
                middle_px: [0, 1].map(|_| SIDE as f32 * (1.4 * rng.f32() - 0.2)),
                size_px,
                transform: Transform::from_scale([0.85 + 0.3 * rng.f32(), 1.0])
                    .then(Transform::from_skew(rng.f32() - 0.5))
                    .then(Transform::from_rotate(if rng.u8(..4) == 0 {
                        0.0
                    } else {
                        2.0 * rng.f32() - 1.0
                    })),
                stroke_px: size_px * STROKE_EMS_MAX * (0.2 + 0.8 * rng.f32()),
            }
        })
    }

    /// Looks at every pixel of the canvas on its own, where drawing clips, skips, and takes the
    /// distances between nodes from these.
    #[test]
    fn agrees_with_looking_at_every_pixel() {
        // Distances that are one level of coverage apart.
        const LEVEL_PX: f32 = RAMP_PX / LEVELS as f32;
        let [below, ink] = inks();
        let mut background = canvas(GROUND);
        (0..SIDE).for_each(|y| {
            background.fill(y, y..SIDE, below.code(LEVELS));
        });
        let letters = ['W', 'g', '8', '?', '1'].map(|letter| TEST_FONT.glyph(letter).unwrap());
        let fills = [Fill::Ink, Fill::Nothing];
        let maps = [displacement(false), displacement(true)];
        for ((pose, glyph), i) in poses().zip(letters.iter().cycle()).zip(0..60) {
            let (fill, map) = (fills[i % 2], &maps[i / 2 % 2]);
            let is_large = LARGE_PX_MIN <= pose.size_px;
            let (mut drawn, mut differing) = (canvas(GROUND), 0);
            for y in 0..SIDE {
                drawn.set_row(y, &background.row(y));
            }
            draw(&mut drawn, map, glyph, &pose, fill, Paint::Over(ink));
            let (stroke, px_to_cells) = (
                Stroke::new(pose.stroke_width_px(), fill),
                pose.px_to_cells(),
            );
            for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
                let pixel = [x as f32 + 0.5, y as f32 + 0.5];
                let offset = map.at(if is_large { pixel } else { pose.middle_px });
                let place = px_to_cells
                    .apply([0, 1].map(|axis| pixel[axis] + offset[axis] - pose.middle_px[axis]));
                let place = [0, 1].map(|axis| glyph.middle_cells[axis] + place[axis]);
                let px_per_cell = pose.size_px / CELLS_PER_EM as f32;
                let distance = glyph.field.at(place) * px_per_cell - pose.stroke_px;
                let lay_at = |distance| laid_on(background.row(y)[x], stroke, ink, distance);
                let code = drawn.row(y)[x];
                differing += usize::from(code != lay_at(distance));
                // How far corners are cut off, in levels.
                let cut = if is_large { 2 * i16::from(LEVELS) } else { 1 };
                let is_near =
                    (-cut..=cut).any(|cut| code == lay_at(distance + f32::from(cut) * LEVEL_PX));
                assert!(is_near, "{x}, {y} at {distance} in {pose:?}, {fill:?}");
            }
            let differing_max = SIDE * SIDE / if is_large { 25 } else { 100 };
            assert!(differing <= differing_max, "{differing} differ in {pose:?}");
        }
    }

    /// The share of what a letter's bitmap and its drawing have in common, if the drawing is looked at
    /// in a mirror or not.
    fn overlap(letter: char, outlines: &fontdue::Font, is_mirrored: bool) -> f32 {
        const SIZE_PX: f32 = 100.0;
        let (metrics, bitmap) = outlines.rasterize(letter, SIZE_PX);
        let pose = Pose {
            middle_px: [metrics.width as f32 / 2.0, metrics.height as f32 / 2.0],
            size_px: SIZE_PX,
            transform: Transform::from_rotate(0.0),
            stroke_px: 0.0,
        };
        let mut canvas = Canvas::new();
        canvas.clear(metrics.width, metrics.height);
        let glyph = TEST_FONT.glyph(letter).unwrap();
        let map = displacement(false);
        draw(
            &mut canvas,
            &map,
            glyph,
            &pose,
            Fill::Ink,
            Paint::Over(inks()[0]),
        );
        let (mut both, mut either) = (0.0, 0.0);
        for (y, row) in bitmap.chunks(metrics.width).enumerate() {
            for (x, &covered) in row.iter().enumerate() {
                let x = if is_mirrored { row.len() - 1 - x } else { x };
                let level = canvas.row(y)[x] & LEVEL_MASK;
                let drawn = f32::from(level) / f32::from(LEVELS);
                let covered = f32::from(covered) / 255.0;
                both += drawn.min(covered);
                either += drawn.max(covered);
            }
        }
        both / either
    }

    /// A letter that was upside down, mirrored or another one would not pass.
    #[test]
    fn letters_are_those_of_the_font() {
        let outlines = fontdue::Font::from_bytes(FONT_FILE, fontdue::FontSettings::default());
        let outlines = outlines.unwrap();
        for letter in CHARACTERS.iter().copied().map(char::from) {
            let found = overlap(letter, &outlines, false);
            assert!(0.85 < found, "{letter}: {found}");
        }
        for letter in ['2', '3', '7', 'F', 'L', 'P'] {
            let mirrored = overlap(letter, &outlines, true);
            assert!(mirrored < 0.6, "{letter}: {mirrored} in a mirror");
        }
    }

    /// A rectangle, of which every distance is known: 20 by 30 cells, at two pixels a cell.
    #[test]
    fn a_hollow_shape_is_a_stroke_around_what_fills_it() {
        const STROKE_PX: f32 = 12.0;
        let glyph = Glyph::of_bitmap(&[255; 40 * 60], 40);
        let [below, ink] = inks();
        let whole = |ink: Ink| ink.code(LEVELS);
        let pose = Pose {
            middle_px: [60.0, 60.0],
            size_px: 2.0 * CELLS_PER_EM as f32,
            transform: Transform::from_rotate(0.0),
            stroke_px: STROKE_PX,
        };
        for (fill, filling) in [(Fill::Ink, whole(ink)), (Fill::Nothing, whole(below))] {
            let mut canvas = canvas(whole(below));
            draw(
                &mut canvas,
                &displacement(false),
                &glyph,
                &pose,
                fill,
                Paint::Over(ink),
            );
            for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
                let right = (x as f32 + 0.5 - 60.0).abs() - 20.0;
                let down = (y as f32 + 0.5 - 60.0).abs() - 30.0;
                // Corners of the rectangle are round in the stroke.
                let outside = right.max(0.0).hypot(down.max(0.0)) + right.max(down).min(0.0);
                let code = canvas.row(y)[x];
                // Corners are cut off a little, the sharp ones inside the most.
                let soft = RAMP_PX / 2.0 + 2.0;
                if outside < -soft {
                    assert_eq!(code, filling, "inside at {x}, {y}, {fill:?}");
                } else if (soft..STROKE_PX - soft).contains(&outside) {
                    assert_eq!(code, whole(ink), "stroke at {x}, {y}, {fill:?}");
                } else if STROKE_PX + soft < outside {
                    assert_eq!(code, whole(below), "outside at {x}, {y}, {fill:?}");
                }
            }
        }
    }

    #[test]
    fn ink_stays_within_the_extent() {
        // Down to the smallest letter of the smallest picture.
        let tiny = poses().map(|pose| Pose {
            size_px: pose.size_px / 6.0,
            stroke_px: pose.stroke_px / 6.0,
            ..pose
        });
        let both = poses().take(60).chain(tiny.take(60));
        for (pose, letter) in both.zip("Wg8?1jMq".chars().cycle()) {
            let glyph = TEST_FONT.glyph(letter).unwrap();
            let mut canvas = canvas(GROUND);
            draw(
                &mut canvas,
                &displacement(false),
                glyph,
                &pose,
                Fill::Nothing,
                Paint::Over(inks()[0]),
            );
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
            let mut canvas = canvas(GROUND);
            let pose = Pose {
                middle_px,
                size_px: 60.0,
                transform: Transform::from_rotate(0.3),
                stroke_px: 4.0,
            };
            draw(
                &mut canvas,
                &displacement(false),
                glyph,
                &pose,
                Fill::Nothing,
                Paint::Over(inks()[0]),
            );
            assert!(canvas.codes().iter().all(|&code| code == 0));
        }
    }
}

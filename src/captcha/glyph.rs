//! Draws prepared shapes at any place, size, lie and thickness, hollow or solid, bent or not.
//!
//! Knows nothing of texts or of why a shape stands where it does. For places that a shape may touch
//! it looks up, taken back, how far the outline is; thickness and softness are then a matter of
//! comparing distances.
//!
//! Large shapes are looked up at the nodes of the warp's grid alone. Between four nodes the distance
//! runs evenly, which is true but at corners of the outline, and these become round by less than a
//! stroke is thick. Small ones are moved as a whole, and looked up pixel by pixel. Both are laid
//! block by block, and whatever can be is done for all pixels of a block at once.

use std::mem;
use std::ops::Range;

use super::SIDE_PX_MAX;
use super::canvas::{BLOCK_PX, Block, Canvas, Ink, RAMP_PX, blocks_of, pixels, whole};
use super::edges::{
    DEPTH_OUTLINE, DEPTH_PART_BITS, DEPTH_PER_PX, Depth, Edges, Fill, OUTLINE, STEP_PART_BITS,
    depths_between,
};
use super::field::{Field, MARGIN_CELLS, PARTS, UNITS_PER_CELL};
use super::font::{CELLS_PER_EM, Glyph};
use super::warp::{NODE_PX, Warp};

/// Thickest stroke, in ems of the shape's size, that the prepared distances reach to.
pub(super) const STROKE_EMS_MAX: f32 = 0.125;
const _: () = assert!(STROKE_EMS_MAX * (CELLS_PER_EM as f32) < (MARGIN_CELLS - 2) as f32);

/// Least size of shapes that are bent from node to node. In smaller ones a bar is thinner than the
/// nodes are apart.
const BENT_PX_MIN: f32 = 64.0;

/// Most size of shapes of which the nearest cell of the field says enough: cells are little more
/// than half as far apart as pixels.
const NEAREST_PX_MAX: f32 = 36.0;

/// Two columns: what becomes of a step to the right and of one down.
pub(super) type Matrix = [[f32; 2]; 2];

/// How a shape stands in the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    /// Where its middle is, from the picture's upper left corner.
    pub(super) middle_px: [f32; 2],
    /// Pixels per em.
    pub(super) size_px: f32,
    /// How it lies: turned, and perhaps sheared and squeezed.
    pub(super) lie: Matrix,
    /// How far its outline is grown.
    pub(super) stroke_px: f32,
}

/// How a shape lies that is turned clockwise, in radians.
pub(super) fn turned(angle: f32) -> Matrix {
    let (sin, cos) = angle.sin_cos();
    [[cos, sin], [-sin, cos]]
}

/// How a shape lies that does so in one way, and then in another.
pub(super) fn lying(first: Matrix, then: Matrix) -> Matrix {
    first.map(|[x, y]| [0, 1].map(|axis| x * then[0][axis] + y * then[1][axis]))
}

/// The matrix that takes back what another does.
fn inverse([[a, b], [c, d]]: Matrix) -> Matrix {
    let area = a * d - b * c;
    [[d / area, -b / area], [-c / area, a / area]]
}

impl Pose {
    /// Half of the width and height that the shape takes, without the softness of its edge.
    pub(super) fn half_extent_px(&self, glyph: &Glyph) -> [f32; 2] {
        let px_per_cell = self.size_px / CELLS_PER_EM as f32;
        let [half_width, half_height] = glyph.half_size.map(|half| half * px_per_cell);
        let [right, down] = self.lie;
        [0, 1].map(|axis| {
            // A round pen becomes an ellipse where the shape is sheared.
            let pen_px = self.stroke_px * right[axis].hypot(down[axis]);
            half_width * right[axis].abs() + half_height * down[axis].abs() + pen_px
        })
    }

    /// Cells of the field for a pixel to the right and for one down.
    fn cells(&self) -> Matrix {
        let cells_per_px = CELLS_PER_EM as f32 / self.size_px;
        inverse(self.lie).map(|side| side.map(|part| part * cells_per_px))
    }
}

/// Draws a shape as the warp bends it. What lies outside the canvas is left out.
pub(super) fn draw(
    canvas: &mut Canvas,
    warp: &Warp,
    glyph: &Glyph,
    pose: &Pose,
    fill: Fill,
    ink: Ink,
) {
    let edges = Edges::new(pose.stroke_px, fill, ink);
    if BENT_PX_MIN <= pose.size_px {
        draw_bent(canvas, warp, glyph, pose, &edges);
    } else {
        let [x, y] = pose.middle_px;
        let [right, down] = warp.shift(pose.middle_px);
        let middle_px = [x - right, y - down];
        draw_small(canvas, glyph, &Pose { middle_px, ..*pose }, &edges);
    }
}

/// Draws a large shape, bent from node to node. What is done for all nodes of a row is done in loops
/// of its own, which a compiler makes into steps for several at once.
fn draw_bent(canvas: &mut Canvas, warp: &Warp, glyph: &Glyph, pose: &Pose, edges: &Edges) {
    let [columns, rows] = blocks(canvas, glyph, pose, warp.reach_px());
    let depths = Depths::new(pose);
    let mut places = [[0; 2]; NODES_MAX];
    let mut reached = [false; NODES_MAX];
    let (mut above, mut below) = (&mut [0; NODES_MAX], &mut [0; NODES_MAX]);
    let nodes = columns.len() + 1;
    let [right, down] = pose
        .cells()
        .map(|step| step.map(|cells| cells * PARTS as f32));
    let middle = glyph.middle.map(|cells| cells * PARTS as f32);
    let first = (columns.start * NODE_PX) as f32 - pose.middle_px[0];
    for row in rows.start..=rows.end {
        let top = (row * NODE_PX) as f32 - pose.middle_px[1];
        let shifts = warp
            .row(row)
            .map(|shifts| &shifts[columns.start..][..nodes]);
        let shifts = shifts[0].iter().zip(shifts[1]);
        for (node, (place, (rightward, downward))) in (0_i32..).zip(places.iter_mut().zip(shifts)) {
            let x = first + (node * NODE_PX as i32) as f32 + rightward;
            let y = top + downward;
            *place = [0, 1].map(|axis| whole(x * right[axis] + y * down[axis] + middle[axis]));
        }
        for (depth, &place) in below.iter_mut().zip(&places[..nodes]) {
            *depth = edges.bounded(depths.at(glyph.field.at(place)));
        }
        if rows.start < row {
            let corners = |i: usize| [above[i], above[i + 1], below[i], below[i + 1]];
            for (i, reached) in reached[..columns.len()].iter_mut().enumerate() {
                *reached = edges.reach_into(corners(i));
            }
            for (i, column) in columns.clone().enumerate() {
                if reached[i] {
                    edges.lay(canvas, [column, row - 1], &depths_between(corners(i)));
                }
            }
        }
        mem::swap(&mut above, &mut below);
    }
}

/// Nodes in a row of the largest picture.
const NODES_MAX: usize = SIDE_PX_MAX as usize / NODE_PX + 2;

/// Columns and rows of the blocks that a shape may reach into.
fn blocks(canvas: &Canvas, glyph: &Glyph, pose: &Pose, moved: [f32; 2]) -> [Range<usize>; 2] {
    let half = pose.half_extent_px(glyph);
    let sides = [canvas.width(), canvas.height()];
    std::array::from_fn(|axis| {
        let reach = half[axis] + moved[axis] + RAMP_PX;
        let middle = pose.middle_px[axis];
        blocks_of(&pixels(middle - reach, middle + reach, sides[axis]))
    })
}

/// Draws a small shape, as it is: every pixel is looked up. Blocks beyond its box are left out.
fn draw_small(canvas: &mut Canvas, glyph: &Glyph, pose: &Pose, edges: &Edges) {
    // From the middle of a block to that of its last pixel.
    const LAST_PX: f32 = (BLOCK_PX - 1) as f32 / 2.0;
    let field = &glyph.field;
    let is_nearest_enough = pose.size_px <= NEAREST_PX_MAX;
    let by_distance = Depths::new(pose);
    let on_outline = edges.bounded(by_distance.outline);
    let [right, down] = pose.cells();
    let cells = |[x, y]: [f32; 2]| [0, 1].map(|axis| x * right[axis] + y * down[axis]);
    let parts = |cells: f32| whole(cells * PARTS as f32) as i16;
    let offsets: [Block<i16>; 2] = [0, 1].map(|axis| {
        std::array::from_fn(|i| {
            let pixel = [i % BLOCK_PX, i / BLOCK_PX].map(|at| at as f32 - LAST_PX);
            parts(cells(pixel)[axis])
        })
    });
    let cells_per_px = CELLS_PER_EM as f32 / pose.size_px;
    let reach_cells = [0, 1].map(|axis| {
        let edge = (pose.stroke_px + RAMP_PX / 2.0) * cells_per_px;
        glyph.half_size[axis] + edge + LAST_PX * (right[axis].abs() + down[axis].abs())
    });
    let [columns, rows] = blocks(canvas, glyph, pose, [0.0; 2]);
    for row in rows {
        for column in columns.clone() {
            let middle_px = [column, row].map(|at| (at * BLOCK_PX + BLOCK_PX / 2) as f32);
            let middle = cells([0, 1].map(|axis| middle_px[axis] - pose.middle_px[axis]));
            if reach_cells[0] < middle[0].abs() || reach_cells[1] < middle[1].abs() {
                continue;
            }
            // Within the box, these are at most 220 cells from the field's corner, even where a pixel
            // is 28 cells, so that their parts fit.
            let points = [0, 1].map(|axis| {
                let middle = parts(glyph.middle[axis] + middle[axis]);
                offsets[axis].map(|offset| middle + offset)
            });
            let distances = if is_nearest_enough {
                field.nearest(&points)
            } else {
                std::array::from_fn(|i| field.at(points.map(|axis| axis[i].into())) as i16)
            };
            let depths = small_depths(&distances, on_outline, by_distance.per_unit);
            edges.lay(canvas, [column, row], &depths);
        }
    }
}

/// Depths in a shape by the distances in its field.
struct Depths {
    /// Of what lies on the outline of the shape as it is prepared.
    outline: i32,
    /// For a unit of the field.
    per_unit: i32,
}

impl Depths {
    fn new(pose: &Pose) -> Self {
        let units_per_px = (CELLS_PER_EM as i32 * UNITS_PER_CELL) as f32 / pose.size_px;
        Self {
            outline: OUTLINE + (pose.stroke_px * DEPTH_PER_PX) as i32,
            per_unit: (DEPTH_PER_PX / units_per_px) as i32,
        }
    }

    /// The depth at some distance from the outline.
    #[inline(always)]
    fn at(&self, distance: i32) -> i32 {
        self.outline - distance * self.per_unit
    }
}

/// The depths at some distances in a shape smaller than [`BENT_PX_MIN`], given that on its outline
/// and how much it changes for a unit.
///
/// It is a function of its own for the sake of its loop, like the look-up of
/// [`Field::nearest`].
#[inline(never)]
fn small_depths(distances: &Block<i16>, outline: Depth, per_unit: i32) -> Block<Depth> {
    const FAR: i16 = Field::FAR;
    // The upper half of a product of two numbers of 16 bits is had in one step. The shifts of both
    // add up to what this drops too much.
    const DISTANCE_SHIFT: u32 = FAR.leading_zeros() - 1;
    const PER_UNIT_SHIFT: u32 = i16::BITS - (STEP_PART_BITS - DEPTH_PART_BITS) - DISTANCE_SHIFT;
    const PER_UNIT_MAX: f32 =
        DEPTH_PER_PX * BENT_PX_MIN / (CELLS_PER_EM * UNITS_PER_CELL as usize) as f32;
    // What is far from the largest shape is not so deep outside that it would come out inside.
    const FALL_MAX: f32 =
        FAR as f32 * PER_UNIT_MAX / (1 << (STEP_PART_BITS - DEPTH_PART_BITS)) as f32;
    const {
        assert!(PER_UNIT_MAX * (1 << PER_UNIT_SHIFT) as f32 <= i16::MAX as f32);
        assert!(FALL_MAX < DEPTH_OUTLINE as f32);
    }
    let per_unit = (per_unit << PER_UNIT_SHIFT) as i16;
    distances.map(|distance| {
        let product = i32::from(distance << DISTANCE_SHIFT) * i32::from(per_unit);
        // Inside the outline the product is less than nothing, and counts as such.
        let depth = outline.wrapping_sub((product >> i16::BITS) as Depth);
        // How far away it is beyond that is not known, and the edge of a tiny shape is wider.
        if distance < FAR { depth } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use super::super::canvas::STEPS;
    use super::super::edges::STEP;
    use super::super::font::TEST_FONT;
    use super::super::layout::{DISTORTED, Frame};
    use super::*;

    /// Not a multiple of the side of a block.
    const SIDE: usize = 123;

    fn canvas(code: u8) -> Canvas {
        let mut canvas = Canvas::new();
        canvas.clear(SIDE, SIDE);
        (0..SIDE).for_each(|y| canvas.row_mut(y).fill(code));
        canvas
    }

    /// A warp of the canvas's size, with or without bends.
    fn warp(is_bent: bool) -> Warp {
        let mut warp = Warp::new();
        if is_bent {
            let frame = Frame::new(SIDE as u16 * 3, SIDE as u16, 3, &DISTORTED);
            warp.bend(SIDE, SIDE, &frame, &mut fastrand::Rng::with_seed(4));
        } else {
            warp.rest(SIDE, SIDE);
        }
        warp
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
                lie: lying(
                    [[0.85 + 0.3 * rng.f32(), 0.0], [rng.f32() - 0.5, 1.0]],
                    turned(if rng.u8(..4) == 0 {
                        0.0
                    } else {
                        2.0 * rng.f32() - 1.0
                    }),
                ),
                stroke_px: size_px * STROKE_EMS_MAX * rng.f32(),
            }
        })
    }

    /// Looks at every pixel of the canvas on its own, where drawing clips, skips, and takes the
    /// distances between nodes from these.
    #[test]
    fn agrees_with_looking_at_every_pixel() {
        let (below, ink) = (ink(1), ink(2));
        let mut background = canvas(0);
        (0..SIDE).for_each(|y| {
            background.row_mut(y)[y..].fill(below.code(STEPS));
        });
        let letters = ['W', 'g', '8', '?', '1'].map(|letter| TEST_FONT.glyph(letter).unwrap());
        let fills = [Fill::Ground, Fill::Ink, Fill::Nothing];
        let warps = [warp(false), warp(true)];
        for ((pose, glyph), i) in poses().zip(letters.iter().cycle()).zip(0..60) {
            let (fill, warp) = (fills[i % 3], &warps[i % 2]);
            let (mut drawn, mut differing) = (canvas(0), 0);
            for y in 0..SIDE {
                drawn.row_mut(y).copy_from_slice(background.row(y));
            }
            draw(&mut drawn, warp, glyph, &pose, fill, ink);
            let (edges, depths) = (Edges::new(pose.stroke_px, fill, ink), Depths::new(&pose));
            let [right, down] = pose.cells();
            for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
                let pixel = [x as f32 + 0.5, y as f32 + 0.5];
                let is_bent = BENT_PX_MIN <= pose.size_px;
                let [right_px, down_px] = warp.shift(if is_bent { pixel } else { pose.middle_px });
                let right_px = pixel[0] + right_px - pose.middle_px[0];
                let down_px = pixel[1] + down_px - pose.middle_px[1];
                let place = std::array::from_fn(|axis| {
                    let cells = glyph.middle[axis] + right_px * right[axis] + down_px * down[axis];
                    (cells * PARTS as f32).floor() as i32
                });
                let depth = depths.at(glyph.field.at(place));
                let lay_at = |depth: i32| edges.laid_on(background.row(y)[x], depth);
                let code = drawn.row(y)[x];
                differing += usize::from(code != lay_at(depth));
                // What is cut off from a corner, in steps.
                let cut = if is_bent { 2 * i32::from(STEPS) } else { 1 };
                let is_near = (-cut..=cut).any(|cut| code == lay_at(depth + cut * STEP));
                assert!(is_near, "{x}, {y} at {depth} in {pose:?}, {fill:?}");
            }
            let is_bent = BENT_PX_MIN <= pose.size_px;
            let differing_max = SIDE * SIDE / if is_bent { 25 } else { 100 };
            assert!(differing <= differing_max, "{differing} differ in {pose:?}");
        }
    }

    /// A rectangle, of which every distance is known: 20 by 30 cells, at two pixels a cell.
    #[test]
    fn a_hollow_shape_is_a_stroke_around_what_fills_it() {
        const STROKE_PX: f32 = 12.0;
        let glyph = Glyph::of_bitmap(&[255; 40 * 60], 40);
        let (below, ink) = (ink(1), ink(2));
        let whole = |ink: Ink| ink.code(STEPS);
        let pose = Pose {
            middle_px: [60.0, 60.0],
            size_px: 2.0 * CELLS_PER_EM as f32,
            lie: turned(0.0),
            stroke_px: STROKE_PX,
        };
        for (fill, filling) in [
            (Fill::Ground, 0),
            (Fill::Ink, whole(ink)),
            (Fill::Nothing, whole(below)),
        ] {
            let mut canvas = canvas(whole(below));
            draw(&mut canvas, &warp(false), &glyph, &pose, fill, ink);
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
            let mut canvas = canvas(0);
            draw(
                &mut canvas,
                &warp(false),
                glyph,
                &pose,
                Fill::Ground,
                ink(1),
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
            let mut canvas = canvas(0);
            let pose = Pose {
                middle_px,
                size_px: 60.0,
                lie: turned(0.3),
                stroke_px: 4.0,
            };
            draw(
                &mut canvas,
                &warp(false),
                glyph,
                &pose,
                Fill::Ground,
                ink(1),
            );
            assert!(canvas.codes().iter().all(|&code| code == 0));
        }
    }
}

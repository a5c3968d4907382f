//! What a shape does to the pixels that it touches, by how deep in it they lie.
//!
//! Knows nothing of outlines. Depth is counted in steps of cover from where the outer edge begins
//! to fade in: it grows through that edge, the stroke and the edge inside, and then goes on. It has
//! parts of a step, so that it can be added up from pixel to pixel, and what is cut off rounds.

use super::canvas::{BLOCK_PX, Canvas, Cover, Ink, Laid, Laying, RAMP_PX, STEPS};

/// What a shape is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// Bare ground, which hides what was drawn before: only the stroke shows.
    Ground,
    /// The ink of the stroke.
    Ink,
    /// Nothing: between the strokes shows what was drawn before.
    Nothing,
}

/// Parts of a step.
pub(super) const STEP: i32 = 1 << STEP_BITS;
const STEP_BITS: u32 = 16;

/// Steps of cover for a pixel.
const STEPS_PER_PX: f32 = STEPS as f32 / RAMP_PX;

/// Depth for a pixel.
pub(super) const DEPTH_PER_PX: f32 = STEPS_PER_PX * STEP as f32;

/// The depth on the outline of the shape as it is grown, where its edge has faded in by half.
pub(super) const OUTLINE: i32 = (STEPS as i32 + 1) * STEP / 2;

/// Steps that are told apart: what a byte holds.
const TOLD_APART: usize = 1 << u8::BITS;

/// How many of these are outside the shape, and as many inside. If there is ink at one corner of a
/// block, the others are not further away: bending, shearing and squeezing together make distances
/// two and a half times as long at most.
const BEYOND: i32 = 32;
const _: () = assert!(2.5 * 1.42 * BLOCK_PX as f32 * STEPS_PER_PX < BEYOND as f32);

/// The thickest stroke that leaves room for its edges.
pub(super) const STROKE_PX_MAX: f32 =
    (TOLD_APART as i32 - 2 * BEYOND - STEPS as i32 - 1) as f32 / STEPS_PER_PX;

/// Bits of the side of a block.
const BLOCK_BITS: u32 = BLOCK_PX.trailing_zeros();

/// The edges of a shape.
pub(super) struct Edges {
    laid: &'static Laid,
    /// What is laid at every step, from the first outside.
    layings: [Laying; TOLD_APART],
    /// The bounded depth at which something begins to change.
    start: i32,
    /// The bounded depth from which nothing is changed any more.
    end: i32,
    /// The greatest of bounded depths.
    bound: i32,
}

impl Edges {
    /// The edges of a shape that is grown by a stroke of at most [`STROKE_PX_MAX`].
    pub(super) fn new(stroke_px: f32, fill: Fill, ink: Ink) -> Self {
        let steps = i32::from(STEPS);
        let inner = (stroke_px.min(STROKE_PX_MAX) * STEPS_PER_PX + 0.5) as i32;
        let last = inner + steps;
        let cover = |step: i32| {
            let grown = step.clamp(0, steps);
            let bare = (step - inner).clamp(0, steps);
            let (ink, kept) = match fill {
                Fill::Ground => (grown - bare, steps - grown),
                Fill::Ink => (grown, steps - grown),
                Fill::Nothing => (grown - bare, steps - grown + bare),
            };
            Cover {
                ink: ink as u8,
                kept: kept as u8,
            }
        };
        let mut layings = [cover(last).laying(); TOLD_APART];
        for (laying, step) in layings.iter_mut().zip(-BEYOND..last) {
            *laying = cover(step).laying();
        }
        let bounded = |step: i32| (BEYOND + step) * STEP;
        Self {
            laid: ink.laid(),
            layings,
            start: bounded(1),
            end: match fill {
                Fill::Ground | Fill::Ink => i32::MAX,
                Fill::Nothing => bounded(last),
            },
            bound: bounded(last + BEYOND),
        }
    }

    /// A depth within those that are told apart, counted from the first of them.
    #[inline(always)]
    pub(super) fn bounded(&self, depth: i32) -> i32 {
        (depth + BEYOND * STEP).clamp(0, self.bound)
    }

    /// Does to a pixel at a bounded depth what the shape does to it.
    #[inline(always)]
    pub(super) fn lay(&self, pixel: &mut u8, depth: i32) {
        let laying = self.layings[usize::from((depth >> STEP_BITS) as u8)];
        self.laid.lay(pixel, laying);
    }

    /// Does to a block of pixels what the shape does to them, by the bounded depths at its corners,
    /// row by row, between which depth runs evenly.
    #[inline(always)]
    pub(super) fn lay_block(&self, canvas: &mut Canvas, place: [usize; 2], corners: [i32; 4]) {
        let [left, right, left_below, right_below] = corners;
        let left_step = (left_below - left) >> BLOCK_BITS;
        let right_step = (right_below - right) >> BLOCK_BITS;
        // The middles of pixels lie half a step within the block.
        let (mut left, mut right) = (left + left_step / 2, right + right_step / 2);
        for row in canvas.block(place) {
            let step = (right - left) >> BLOCK_BITS;
            let mut depth = left + step / 2;
            for pixel in row {
                self.lay(pixel, depth);
                depth += step;
            }
            left += left_step;
            right += right_step;
        }
    }

    /// Whether the shape changes anything between such corners: not if all are outside, or inside
    /// where nothing changes any more. It looks at signs alone, which takes one branch.
    #[inline(always)]
    pub(super) fn reach_into(&self, corners: [i32; 4]) -> bool {
        let outside = corners.map(|corner| corner - self.start);
        let inside = corners.map(|corner| corner - self.end);
        let [outside, inside] = [
            outside[0] & outside[1] & outside[2] & outside[3],
            inside[0] | inside[1] | inside[2] | inside[3],
        ];
        !outside & inside < 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stroke with a good many steps between its edges.
    const STROKE_PX: f32 = 10.0;

    fn inks() -> [Ink; 2] {
        Ink::first()
    }

    fn edges(fill: Fill) -> Edges {
        Edges::new(STROKE_PX, fill, inks()[1])
    }

    #[test]
    fn depth_leads_through_the_edges_to_what_fills_a_shape() {
        let [below, ink] = inks().map(|ink| ink.code(STEPS));
        let stroke = (STROKE_PX * DEPTH_PER_PX) as i32;
        for (fill, inside) in [(Fill::Ground, 0), (Fill::Ink, ink), (Fill::Nothing, below)] {
            let edges = edges(fill);
            let laid = |depth: i32| {
                let mut pixel = below;
                edges.lay(&mut pixel, edges.bounded(depth));
                pixel
            };
            for (depth, expected) in [
                (-i32::MAX / 2, below),
                (0, below),
                (STEP - 1, below),
                (i32::from(STEPS) * STEP, ink),
                (stroke, ink),
                (stroke + (i32::from(STEPS) + 1) * STEP, inside),
                (i32::MAX / 2, inside),
            ] {
                assert_eq!(laid(depth), expected, "{fill:?} at {depth}");
            }
        }
    }

    /// The depths of pixels between corners, and what is laid at them one by one.
    #[test]
    fn a_block_is_laid_as_its_pixels_are() {
        let mut rng = fastrand::Rng::with_seed(1);
        let below = inks()[0].code(STEPS);
        let mut skipped = 0;
        for fill in [Fill::Ground, Fill::Ink, Fill::Nothing] {
            let edges = edges(fill);
            for _ in 0..1_000 {
                let (first, across, down) = (
                    rng.i32(-40 * STEP..60 * STEP),
                    rng.i32(-STEP..STEP),
                    rng.i32(-STEP..STEP),
                );
                // Places are counted in halves of a pixel.
                let depth = |x: i32, y: i32| first + x * across + y * down;
                let side = 2 * BLOCK_PX as i32;
                let corners = [(0, 0), (side, 0), (0, side), (side, side)]
                    .map(|(x, y)| edges.bounded(depth(x, y)));
                let mut canvas = Canvas::new();
                canvas.clear(BLOCK_PX, BLOCK_PX);
                for y in 0..BLOCK_PX {
                    canvas.row_mut(y).fill(below);
                }
                if edges.reach_into(corners) {
                    edges.lay_block(&mut canvas, [0, 0], corners);
                } else {
                    skipped += 1;
                }
                for (y, x) in (0..BLOCK_PX).flat_map(|y| (0..BLOCK_PX).map(move |x| (y, x))) {
                    let [x_halves, y_halves] = [x, y].map(|side| 2 * side as i32 + 1);
                    let near = [-STEP / 100, STEP / 100].map(|off| {
                        let mut pixel = below;
                        edges.lay(&mut pixel, edges.bounded(depth(x_halves, y_halves) + off));
                        pixel
                    });
                    let code = canvas.row(y)[x];
                    assert!(near.contains(&code), "{fill:?} {corners:?} at {x}, {y}");
                }
            }
        }
        assert!((500..2_000).contains(&skipped), "{skipped}");
    }
}

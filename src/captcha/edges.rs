//! What a shape does to the pixels that it touches, by how deep in it they lie.
//!
//! Knows nothing of outlines. Depth is counted in steps of cover from where the outer edge begins
//! to fade in: it grows through that edge, the stroke and the edge inside, and then goes on. It has
//! parts of a step, and what is cut off of them rounds.

use super::canvas::{BLOCK_PX, Block, Canvas, Cover, Ink, RAMP_PX, STEPS};

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

/// Parts of a step in which depths are worked out.
pub(super) const STEP: i32 = 1 << STEP_PART_BITS;
pub(super) const STEP_PART_BITS: u32 = 16;

/// Steps of cover for a pixel.
const STEPS_PER_PX: f32 = STEPS as f32 / RAMP_PX;

/// Depth for a pixel.
pub(super) const DEPTH_PER_PX: f32 = STEPS_PER_PX * STEP as f32;

/// The depth on the outline of the shape as it is grown, where its edge has faded in by half.
pub(super) const OUTLINE: i32 = (STEPS as i32 + 1) * STEP / 2;

/// Steps that are told apart: what a byte holds.
const TOLD_APART: i32 = 1 << u8::BITS;

/// How many of these are outside the shape, and as many inside. If there is ink at one corner of a
/// block, the others are not further away: bending, shearing and squeezing together make distances
/// two and a half times as long at most.
const BEYOND: u8 = 32;
const _: () = assert!(2.5 * 1.42 * BLOCK_PX as f32 * STEPS_PER_PX < BEYOND as f32);

/// The thickest stroke that leaves room for its edges.
pub(super) const STROKE_PX_MAX: f32 =
    (TOLD_APART - 2 * BEYOND as i32 - STEPS as i32 - 1) as f32 / STEPS_PER_PX;

/// A depth within those that are told apart, counted from the first of them, in 256ths of a step.
pub(super) type Depth = u16;
/// Bits of a [`Depth`] that are parts of a step; those above tell the step.
pub(super) const DEPTH_PART_BITS: u32 = Depth::BITS - u8::BITS;

/// The [`Depth`] on the outline of the shape before it is grown at all.
pub(super) const DEPTH_OUTLINE: i32 =
    ((BEYOND as i32) << DEPTH_PART_BITS) + (OUTLINE >> (STEP_PART_BITS - DEPTH_PART_BITS));

/// The least that depths are bounded to: more than is cut off from those between them, which would
/// else fall below nothing and come out as the greatest.
const DEPTH_MIN: i32 = 16;

/// The edges of a shape.
pub(super) struct Edges {
    ink: Ink,
    /// The step, of those told apart, at which the edge inside begins.
    inner: u8,
    /// All bits if what is inside the stroke is not inked, else none.
    hollow: u8,
    /// All bits if what is inside the stroke stays as it is, else none.
    open: u8,
    /// The [`Depth`] at which something begins to change.
    start: i32,
    /// The [`Depth`] from which nothing is changed any more.
    end: i32,
    /// The greatest [`Depth`].
    bound: i32,
}

impl Edges {
    /// The edges of a shape that is grown by a stroke of at most [`STROKE_PX_MAX`].
    pub(super) fn new(stroke_px: f32, fill: Fill, ink: Ink) -> Self {
        let inner = BEYOND + (stroke_px.min(STROKE_PX_MAX) * STEPS_PER_PX + 0.5) as u8;
        let last = inner + STEPS;
        let depth = |step: u8| i32::from(step) << DEPTH_PART_BITS;
        let all_if = |holds: bool| if holds { u8::MAX } else { 0 };
        Self {
            ink,
            inner,
            hollow: all_if(fill != Fill::Ink),
            open: all_if(fill == Fill::Nothing),
            start: depth(BEYOND + 1),
            end: match fill {
                Fill::Ground | Fill::Ink => i32::MAX,
                Fill::Nothing => depth(last),
            },
            bound: depth(last + BEYOND),
        }
    }

    /// A depth in parts of [`STEP`], brought within those that are told apart.
    #[inline(always)]
    pub(super) fn bounded(&self, depth: i32) -> Depth {
        let depth =
            (depth >> (STEP_PART_BITS - DEPTH_PART_BITS)) + (i32::from(BEYOND) << DEPTH_PART_BITS);
        depth.clamp(DEPTH_MIN, self.bound) as Depth
    }

    /// Does to a block of pixels what the shape does to them, by their depths.
    #[inline(always)]
    pub(super) fn lay(&self, canvas: &mut Canvas, place: [usize; 2], depths: &Block<Depth>) {
        let mut cover = Cover {
            ink: [0; _],
            kept: [0; _],
        };
        for (i, depth) in depths.iter().enumerate() {
            let step = (depth >> DEPTH_PART_BITS) as u8;
            let grown = step.saturating_sub(BEYOND).min(STEPS);
            let bare = step.saturating_sub(self.inner).min(STEPS);
            cover.ink[i] = grown - (bare & self.hollow);
            cover.kept[i] = STEPS - grown + (bare & self.open);
        }
        canvas.lay(place, self.ink, &cover);
    }

    /// The code of a pixel at some depth, given what it was.
    #[cfg(test)]
    pub(super) fn laid_on(&self, below: u8, depth: i32) -> u8 {
        let mut canvas = Canvas::new();
        canvas.clear(BLOCK_PX, BLOCK_PX);
        (0..BLOCK_PX).for_each(|y| canvas.row_mut(y).fill(below));
        self.lay(&mut canvas, [0, 0], &[self.bounded(depth); _]);
        canvas.row(0)[0]
    }

    /// Whether the shape changes anything between such corners: not if all are outside, or inside
    /// where nothing changes any more. It looks at signs alone, which takes one branch.
    #[inline(always)]
    pub(super) fn reach_into(&self, corners: [Depth; 4]) -> bool {
        let outside = corners.map(|corner| i32::from(corner) - self.start);
        let inside = corners.map(|corner| i32::from(corner) - self.end);
        let [outside, inside] = [
            outside[0] & outside[1] & outside[2] & outside[3],
            inside[0] | inside[1] | inside[2] | inside[3],
        ];
        !outside & inside < 0
    }
}

/// The depths of a block's pixels by those at its corners, row by row, between which depth runs
/// evenly.
#[inline(always)]
pub(super) fn depths_between([left, right, left_below, right_below]: [Depth; 4]) -> Block<Depth> {
    // Eighths of a block from its side to the middles of its pixels.
    const EIGHTHS: [u16; BLOCK_PX] = [1, 3, 5, 7];
    // Corners differ by fewer steps than BEYOND, so that differences fit with their sign.
    let eighth = |from: u16, to: u16| (to.wrapping_sub(from) as i16 >> 3) as u16;
    let (across, across_below) = (eighth(left, right), eighth(left_below, right_below));
    let mut depths = [0; _];
    for (i, depth) in depths.iter_mut().enumerate() {
        let (rightward, downward) = (EIGHTHS[i % BLOCK_PX], EIGHTHS[i / BLOCK_PX]);
        let above = left.wrapping_add(across.wrapping_mul(rightward));
        let below = left_below.wrapping_add(across_below.wrapping_mul(rightward));
        *depth = above.wrapping_add(eighth(above, below).wrapping_mul(downward));
    }
    depths
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
            for (depth, expected) in [
                (-i32::MAX / 2, below),
                (0, below),
                (STEP - 1, below),
                (i32::from(STEPS) * STEP, ink),
                (stroke, ink),
                (stroke + (i32::from(STEPS) + 1) * STEP, inside),
                (i32::MAX / 2, inside),
            ] {
                assert_eq!(edges.laid_on(below, depth), expected, "{fill:?} at {depth}");
            }
        }
    }

    /// The edge outside fades in, and the one inside out again.
    #[test]
    fn edges_fade_step_by_step() {
        let [below, ink] = inks();
        let edges = edges(Fill::Nothing);
        let half = STEP / 2;
        let stroke = (STROKE_PX * STEPS_PER_PX) as i32 * STEP;
        for step in 0..=STEPS {
            let grown = i32::from(step) * STEP + half;
            assert_eq!(edges.laid_on(0, grown), ink.code(step));
            assert_eq!(edges.laid_on(0, stroke + grown), ink.code(STEPS - step));
            let above = if 2 * step < STEPS { below } else { ink };
            assert_eq!(edges.laid_on(below.code(STEPS), grown), above.code(STEPS));
        }
    }

    /// What is cut off is less than eight parts on the way across, and as much on the way down.
    #[test]
    fn between_corners_depth_runs_evenly() {
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..1_000 {
            let first = rng.i32(0..50_000);
            let corners: [Depth; 4] =
                std::array::from_fn(|_| (first + rng.i32(-7_000..7_000)).max(DEPTH_MIN) as Depth);
            for (i, depth) in depths_between(corners).into_iter().enumerate() {
                let [right, down] =
                    [i % BLOCK_PX, i / BLOCK_PX].map(|at| (at as f32 + 0.5) / BLOCK_PX as f32);
                let mix = |one: f32, other: f32, share: f32| one + share * (other - one);
                let [above, below] = [[0, 1], [2, 3]]
                    .map(|[one, other]| mix(corners[one].into(), corners[other].into(), right));
                let cut_off = mix(above, below, down) - f32::from(depth);
                assert!(
                    (-0.1..DEPTH_MIN as f32).contains(&cut_off),
                    "{cut_off} in {corners:?}"
                );
            }
        }
    }

    /// What is not reached into would not be changed.
    #[test]
    fn shapes_reach_into_what_they_change() {
        let mut rng = fastrand::Rng::with_seed(1);
        let below = inks()[0].code(STEPS);
        let mut counts = [0; 2];
        for fill in [Fill::Ground, Fill::Ink, Fill::Nothing] {
            let edges = edges(fill);
            for _ in 0..1_000 {
                let first = rng.i32(-40 * STEP..60 * STEP);
                let corners = [0; 4].map(|_| edges.bounded(first + rng.i32(-4 * STEP..4 * STEP)));
                let mut canvas = Canvas::new();
                canvas.clear(BLOCK_PX, BLOCK_PX);
                (0..BLOCK_PX).for_each(|y| canvas.row_mut(y).fill(below));
                edges.lay(&mut canvas, [0, 0], &depths_between(corners));
                let is_changed = canvas.codes().iter().any(|&code| code != below);
                assert!(
                    !is_changed || edges.reach_into(corners),
                    "{fill:?} {corners:?}"
                );
                counts[usize::from(is_changed)] += 1;
            }
        }
        assert!(counts.iter().all(|&count| 500 < count), "{counts:?}");
    }
}

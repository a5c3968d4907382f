//! Signed distances to coverage: what a shape does to the pixels of a block.
//!
//! Knows nothing of outlines or pictures. A signed distance says how far a pixel's middle is from the
//! outer edge of a shape's stroke, in pixels: positive outside, negative inside. The inner edge of
//! the stroke lies where the distance is minus the stroke's width.

use super::canvas::{BLOCK_PX, Block};
use super::ink::LEVELS;
use super::number::{lerp, round};

/// Width in pixels of the antialiasing ramp, over which coverage rises from none to all at an edge.
/// The reference smooths its pictures with a kernel that spreads an edge over about two and a half
/// pixels; a narrower ramp is clearer in small letters and costs fewer bytes.
pub(super) const RAMP_PX: f32 = 1.5;

/// What is inside a shape's stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// The ink of the stroke.
    Ink,
    /// What was drawn before.
    Nothing,
}

/// Levels of coverage that an edge fades by from one pixel to the next across it.
pub(super) const LEVELS_PER_PX: f32 = LEVELS as f32 / RAMP_PX;

/// The level of coverage at an edge itself, where half of a pixel is covered.
pub(super) const LEVEL_AT_EDGE: f32 = LEVELS as f32 / 2.0;

/// Widest stroke in levels: the inner edge fades within the depths that are told apart. That is 126
/// pixels, which only a single letter in a picture of 2,000 pixels would go beyond.
const WIDTH_LEVELS_MAX: f32 = (DEPTH_MAX - LEVELS) as f32;

/// How the outline of a shape is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    /// Its width, in the levels that an edge would fade by over it.
    width_levels: u8,
    fill: Fill,
}

impl Stroke {
    /// A stroke of about this width. The inner edge is moved so far that both edges fade at the same
    /// distances. So the coverage of a stroke has the same sum wherever it lies between pixels.
    pub(super) fn new(width_px: f32, fill: Fill) -> Self {
        let width_levels = (width_px * LEVELS_PER_PX).round().min(WIDTH_LEVELS_MAX);
        Self {
            width_levels: width_levels as u8,
            fill,
        }
    }

    /// Whether the shape changes any pixel of a block whose corners have these signed distances:
    /// not if all are outside, nor if all are inside where nothing is changed.
    #[inline(always)]
    pub(super) fn touches(self, corners: [f32; 4]) -> bool {
        const HALF_RAMP_PX: f32 = RAMP_PX / 2.0;
        let innermost_px = match self.fill {
            Fill::Ink => f32::MIN,
            Fill::Nothing => -f32::from(self.width_levels) / LEVELS_PER_PX - HALF_RAMP_PX,
        };
        // All are compared, without a branch.
        let is_any = |[a, b, c, d]: [bool; 4]| a | b | c | d;
        let is_within = is_any(corners.map(|distance| distance < HALF_RAMP_PX));
        let is_changed = is_any(corners.map(|distance| innermost_px < distance));
        is_within & is_changed
    }

    /// The level at which the shape covers each pixel of a block with these signed distances.
    #[inline(always)]
    pub(super) fn coverage(self, distances_px: &Block<f32>) -> Block<u8> {
        let depths = depths(&distances_px.map(|px| LEVEL_AT_EDGE - px * LEVELS_PER_PX));
        // What the outer edge of the stroke encloses, and of that what the inner edge does.
        let outer = covered(&depths);
        match self.fill {
            Fill::Ink => outer,
            Fill::Nothing => {
                let inner = covered(&depths.map(|depth| depth.saturating_sub(self.width_levels)));
                std::array::from_fn(|i| outer[i] - inner[i])
            }
        }
    }
}

/// How deep a pixel is inside an edge, in levels: the level at which the edge covers it, and beyond
/// that further on as steeply as the edge fades; 0 outside.
type Depth = u8;
const DEPTH_MAX: Depth = Depth::MAX;

/// Depths as whole numbers, 0 to [`DEPTH_MAX`]. What is given is less than four million.
#[inline(always)]
pub(super) fn depths(levels: &Block<f32>) -> Block<Depth> {
    levels.map(|level| round(level).clamp(0, DEPTH_MAX.into()) as Depth)
}

/// The levels at which an edge covers pixels of these depths.
#[inline(always)]
pub(super) fn covered(depths: &Block<Depth>) -> Block<u8> {
    depths.map(|depth| depth.min(LEVELS))
}

/// How far the middles of a block's pixels are from its side, in sides.
pub(super) const PIXEL_SHARES: [f32; BLOCK_PX] = [0.125, 0.375, 0.625, 0.875];

/// The distances at the middles of a block's pixels, row by row, given those at its corners: upper
/// left, upper right, lower left, lower right. Between them distances run evenly.
#[inline(always)]
pub(super) fn interpolate([left, right, left_below, right_below]: [f32; 4]) -> Block<f32> {
    let above = PIXEL_SHARES.map(|share| lerp(left, right, share));
    let below = PIXEL_SHARES.map(|share| lerp(left_below, right_below, share));
    std::array::from_fn(|i| {
        let column = i % BLOCK_PX;
        lerp(above[column], below[column], PIXEL_SHARES[i / BLOCK_PX])
    })
}

#[cfg(test)]
mod tests {
    use super::super::canvas::{Canvas, Paint};
    use super::super::ink::{GROUND, Ink};
    use super::*;

    const WIDTH_PX: f32 = 10.0;
    const FILLS: [Fill; 2] = [Fill::Ink, Fill::Nothing];

    fn stroke(fill: Fill) -> Stroke {
        Stroke::new(WIDTH_PX, fill)
    }

    fn inks() -> [Ink; 2] {
        [1, 2].map(Ink::numbered)
    }

    /// A block of pixels, all with one code, after the second ink is laid on it.
    fn laid_on(below: u8, fill: Fill, distances: &Block<f32>) -> Vec<u8> {
        let mut canvas = Canvas::new();
        canvas.clear(BLOCK_PX, BLOCK_PX);
        (0..BLOCK_PX).for_each(|y| canvas.fill(y, 0..BLOCK_PX, below));
        canvas.lay(
            [0, 0],
            Paint::Over(inks()[1]),
            &stroke(fill).coverage(distances),
        );
        canvas.codes()
    }

    #[test]
    fn distance_leads_through_the_stroke_to_what_fills_a_shape() {
        let [below, ink] = inks().map(|ink| ink.code(LEVELS));
        for (fill, inside) in FILLS.into_iter().zip([ink, below]) {
            for (distance, expected) in [
                (1e6, below),
                (0.8, below),
                (-0.8, ink),
                (-WIDTH_PX + 0.8, ink),
                (-WIDTH_PX - 0.8, inside),
                (-1e6, inside),
            ] {
                let codes = laid_on(below, fill, &[distance; _]);
                assert_eq!(codes, [expected; 16], "{fill:?} at {distance}");
            }
        }
    }

    /// The outer edge fades in over the ramp, and the inner one out again.
    #[test]
    fn edges_fade_level_by_level() {
        let [below, ink] = inks();
        for level in 0..=LEVELS {
            let share = f32::from(level) / f32::from(LEVELS);
            let distance = RAMP_PX * (0.5 - share);
            let at = |below, distance| laid_on(below, Fill::Nothing, &[distance; _])[0];
            assert_eq!(at(GROUND, distance), ink.code(level));
            assert_eq!(at(GROUND, distance - WIDTH_PX), ink.code(LEVELS - level));
            let above = if 2 * level < LEVELS { below } else { ink };
            assert_eq!(at(below.code(LEVELS), distance), above.code(LEVELS));
        }
    }

    #[test]
    fn between_corners_distance_runs_evenly() {
        let corners = [3.0, -1.0, 7.0, 2.0];
        for (i, distance) in interpolate(corners).into_iter().enumerate() {
            let [right, down] =
                [i % BLOCK_PX, i / BLOCK_PX].map(|at| (at as f32 + 0.5) / BLOCK_PX as f32);
            let above = 3.0 - 4.0 * right;
            let below = 7.0 - 5.0 * right;
            assert!((above + down * (below - above) - distance).abs() < 1e-5);
        }
    }

    /// What is not touched would not be changed, and most of what is touched is changed.
    #[test]
    fn shapes_touch_what_they_change() {
        let mut rng = fastrand::Rng::with_seed(1);
        let below = inks()[0].code(LEVELS);
        let (mut changed, mut touched) = (0, 0);
        for fill in FILLS {
            for _ in 0..1_000 {
                let first = 30.0 * rng.f32() - 20.0;
                let corners = [0; 4].map(|_| first + 4.0 * rng.f32());
                let is_changed =
                    laid_on(below, fill, &interpolate(corners)) != [below; BLOCK_PX * BLOCK_PX];
                let is_touched = stroke(fill).touches(corners);
                assert!(!is_changed || is_touched, "{fill:?} {corners:?}");
                changed += usize::from(is_changed);
                touched += usize::from(is_touched);
            }
        }
        assert!(600 < changed && touched < 1_700, "{changed} {touched}");
        assert!(touched < changed * 9 / 8, "{changed} {touched}");
    }
}

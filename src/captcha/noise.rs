//! Noise behind the text and in front of it: small letters, and dots.
//!
//! Knows of the text only where its letters are, and in which inks. All measures follow the base size,
//! so that noise is as dense around them in a portrait or a banner as in the usual picture.

use super::canvas::{Canvas, Paint};
use super::coverage::Fill;
use super::displacement::Displacement;
use super::font::{CHARACTERS, Font};
use super::frame::Frame;
use super::glyph::{self, Pose};
use super::ink::{Ink, LEVELS};
use super::layout::Letter;
use super::number::{random, round};
use super::transform::Transform;

/// Width and height of the boxes that hold a small letter each, in base sizes [84 and 63 px].
const LETTER_BOX_BASES: [f32; 2] = [1.12, 0.84];
/// Thickest stroke of a small letter, in sizes of the largest [2 px].
const LETTER_STROKE_MAX: f32 = 0.057;
/// Angle by which a small letter is turned, to either side, in degrees.
const LETTER_ANGLE_MAX_DEGREES: f32 = 60.0;

/// Side of the boxes that hold a dot each, in base sizes [29 px].
const DOT_BOX_BASES: f32 = 0.38;
/// The same in pixels at least: closer dots would not be noise on a small picture but fog.
const DOT_BOX_PX_MIN: f32 = 8.0;
/// Diameters of dots in sides of a box, before they are rounded to whole pixels [1 to 5]. The
/// reference draws diameters of 1 to 4 with both ends, which count one more.
const DOT_MIN: f32 = 0.053;

/// Draws small solid letters all over the ground.
pub(super) fn letters(
    canvas: &mut Canvas,
    displacement: &Displacement,
    font: &Font,
    frame: &Frame,
    text: &[Letter],
    rng: &mut fastrand::Rng,
) {
    let grid = Grid::new(frame, LETTER_BOX_BASES.map(|bases| bases * frame.base_px));
    let size_px_max = frame.tuning.small_letter_max * grid.box_px[1];
    grid.for_each(|middle_px| {
        // From 64 bits also where a `usize` has fewer: a seed draws the same on every processor.
        let letter = CHARACTERS[rng.u64(..CHARACTERS.len() as u64) as usize];
        let middle_px = std::array::from_fn(|axis| {
            let jitter = grid.box_px[axis] / 3.0;
            middle_px[axis] + random([-jitter, jitter], rng)
        });
        let pose = random_pose(middle_px, size_px_max, rng);
        let reach_px =
            pose.size_px / 2.0 + displacement.reach_px()[0].max(displacement.reach_px()[1]);
        let is_taken = |ink| {
            text.iter()
                .any(|letter| letter.ink == ink && letter.is_near(pose.middle_px, reach_px))
        };
        let ink = Ink::other_than(is_taken, rng);
        if let Some(glyph) = font.glyph(char::from(letter)) {
            glyph::draw(
                canvas,
                displacement,
                glyph,
                &pose,
                Fill::Ink,
                Paint::Under(ink),
            );
        }
    });
}

/// The pose of a small letter, given its place and its greatest size.
fn random_pose(middle_px: [f32; 2], size_px_max: f32, rng: &mut fastrand::Rng) -> Pose {
    let angle_max = LETTER_ANGLE_MAX_DEGREES.to_radians();
    Pose {
        middle_px,
        size_px: random([size_px_max / 2.0, size_px_max], rng),
        transform: Transform::from_rotate(random([-angle_max, angle_max], rng)),
        stroke_px: random([0.0, LETTER_STROKE_MAX * size_px_max], rng),
    }
}

/// Strews dots over the picture.
pub(super) fn dots(canvas: &mut Canvas, frame: &Frame, rng: &mut fastrand::Rng) {
    let box_px = (DOT_BOX_BASES * frame.base_px).max(DOT_BOX_PX_MIN);
    let grid = Grid::new(frame, [box_px; 2]);
    grid.for_each(|middle_px| {
        let middle_px = std::array::from_fn(|axis| {
            middle_px[axis] + random([-grid.box_px[axis], grid.box_px[axis]], rng)
        });
        let diameter_px = random([DOT_MIN, frame.tuning.dot_max], rng) * grid.box_px[1];
        let ink = Ink::other_than(|_| false, rng);
        dot(canvas, middle_px, round(diameter_px) as usize, ink);
    });
}

/// Equal boxes that fill the picture inside its padding.
struct Grid {
    origin_px: f32,
    /// Width and height of a box.
    box_px: [f32; 2],
    /// Boxes in a row and in a column.
    counts: [usize; 2],
}

impl Grid {
    /// Whole boxes, each about as large as asked.
    fn new(frame: &Frame, box_px: [f32; 2]) -> Self {
        let sides = [frame.width_px, frame.height_px].map(|side| side - 2.0 * frame.padding_px);
        let counts = std::array::from_fn(|axis| {
            let boxes: f32 = sides[axis] / box_px[axis];
            (boxes.round() as usize).max(1)
        });
        Self {
            origin_px: frame.padding_px,
            box_px: std::array::from_fn(|axis| sides[axis] / counts[axis] as f32),
            counts,
        }
    }

    /// Hands out the middle of every box, row by row.
    fn for_each(&self, mut middle_px: impl FnMut([f32; 2])) {
        for row in 0..self.counts[1] {
            for column in 0..self.counts[0] {
                let place = [column as f32 + 0.5, row as f32 + 0.5];
                middle_px(std::array::from_fn(|axis| {
                    self.origin_px + place[axis] * self.box_px[axis]
                }));
            }
        }
    }
}

/// Widest dot that can be drawn; the largest pictures have dots of 46 pixels.
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
    let [left, top] = middle_px.map(|middle| round(middle - diameter as f32 / 2.0));
    for (missing, y) in DISCS[diameter][..diameter].iter().zip(top..) {
        let missing = i32::from(*missing);
        let [start, end] = [left + missing, left + diameter as i32 - missing]
            .map(|x| x.clamp(0, canvas.width() as i32) as usize);
        if (0..canvas.height() as i32).contains(&y) {
            canvas.fill(y as usize, start..end, ink.code(LEVELS));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::font::TEST_FONT;
    use super::super::tuning::NORMAL;
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
        (canvas, Frame::new(width, height, 6, &NORMAL))
    }

    fn displacement(frame: &Frame) -> Displacement {
        let mut displacement = Displacement::new();
        displacement.prepare(frame, &mut fastrand::Rng::with_seed(4));
        displacement
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
                &displacement(&frame),
                &TEST_FONT,
                &frame,
                &[],
                &mut fastrand::Rng::with_seed(1),
            );
            for share in inked(&canvas) {
                assert!((0.008..0.1).contains(&share), "{share} of {width}x{height}");
            }
        }
    }

    #[test]
    fn dots_are_all_over_the_picture_whatever_its_shape() {
        for (width, height) in SIZES {
            let (mut canvas, frame) = canvas(width, height);
            dots(&mut canvas, &frame, &mut fastrand::Rng::with_seed(1));
            for share in inked(&canvas) {
                assert!((0.003..0.1).contains(&share), "{share} of {width}x{height}");
            }
        }
    }

    #[test]
    fn the_usual_picture_has_less_noise_than_the_reference() {
        let frame = Frame::new(600, 200, 6, &NORMAL);
        let counts =
            |bases: [f32; 2]| Grid::new(&frame, bases.map(|bases| bases * frame.base_px)).counts;
        assert_eq!(counts(LETTER_BOX_BASES), [7, 3]);
        assert_eq!(counts([DOT_BOX_BASES; 2]), [21, 7]);
    }

    /// The reference draws dots as whole discs of 4, 5, 12 and 21 pixels.
    #[test]
    fn dots_have_the_pixels_of_the_reference() {
        let ink = Ink::numbered(1);
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
            let frame = Frame::new(2_000, height, 1, &NORMAL);
            let grid = Grid::new(&frame, [DOT_BOX_BASES * frame.base_px; 2]);
            let diameter = NORMAL.dot_max * grid.box_px[1];
            assert!(diameter < DOT_DIAMETER_MAX as f32, "{diameter} at {height}");
        }
    }

    #[test]
    fn dots_are_cut_at_the_edge() {
        let ink = Ink::numbered(1);
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

//! Where the letters of a text stand, and how large, turned and thick each of them is.
//!
//! Draws nothing. Letters follow each other from left to right, overlap by up to a third or leave
//! a gap, and hop up and down. What would not fit is scaled down as a whole, so that no letter is
//! ever cut.

use super::canvas::RAMP_PX;
use super::font::{ADVANCE_EMS, Font, Glyph};
use super::glyph::{Pose, STROKE_EMS_MAX};

/// Turns in radians to either side: 40 degrees.
const ANGLE_MAX: f32 = 40.0 * std::f32::consts::PI / 180.0;

/// The picture as the layout sees it, and the measures that all of the drawing is derived from,
/// in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) width: f32,
    pub(super) height: f32,
    /// Letters are drawn between once and twice this size.
    pub(super) base: f32,
    /// Least distance of letters from the edge.
    pub(super) padding: f32,
}

impl Frame {
    /// The measures of a picture that holds a text of so many characters.
    ///
    /// The reference derives its base from the width alone, by which wide pictures would have to be
    /// scaled down again; half the height is what a row of letters can use.
    pub(super) fn new(width: u16, height: u16, text_chars: usize) -> Self {
        let (width, height) = (f32::from(width), f32::from(height));
        let base = (width / (text_chars + 2) as f32).min(height / 2.0);
        let padding = (base * PADDING_BASES).max(PADDING_PX_MIN);
        Self {
            width,
            height,
            base,
            padding,
        }
    }
}

/// Five pixels in a picture of 600 x 200 with six letters.
const PADDING_BASES: f32 = 1.0 / 15.0;

/// Room for the soft edge of a letter and a pixel of bare ground.
const PADDING_PX_MIN: f32 = RAMP_PX / 2.0 + 1.0;

/// A letter in its place.
pub(super) struct Letter {
    pub(super) character: char,
    pub(super) pose: Pose,
}

/// Fills `letters` with those of a text, in reading order. Blanks take room and become none.
pub(super) fn arrange(
    text: &str,
    font: &Font,
    frame: &Frame,
    rng: &mut fastrand::Rng,
    letters: &mut Vec<Letter>,
) {
    letters.clear();
    let mut row = Row::default();
    for character in text.chars() {
        let size_px = between(frame.base, 2.0 * frame.base, rng);
        let Some(glyph) = font.glyph(character) else {
            row.skip(ADVANCE_EMS * size_px);
            continue;
        };
        let pose = row.append(glyph, size_px, frame.base, rng);
        letters.push(Letter { character, pose });
    }
    row.fit(frame, letters);
}

/// Letters put next to each other from the origin on, before their size is known to fit. In pixels.
#[derive(Default)]
struct Row {
    /// Where the letter before ends, and how wide it is.
    end: f32,
    last_width: f32,
    /// The furthest that letters reach to the right and down.
    extent: [f32; 2],
}

impl Row {
    /// Leaves room for a blank.
    fn skip(&mut self, width_px: f32) {
        self.end += width_px;
        self.last_width = 0.0;
        self.extent[0] = self.extent[0].max(self.end);
    }

    /// Chooses how a letter stands, next to those before.
    fn append(
        &mut self,
        glyph: &Glyph,
        size_px: f32,
        base_px: f32,
        rng: &mut fastrand::Rng,
    ) -> Pose {
        let mut pose = Pose {
            middle_px: [0.0; 2],
            size_px,
            angle: between(-ANGLE_MAX, ANGLE_MAX, rng),
            stroke_px: between(
                base_px * STROKE_EMS_MAX / 2.0,
                base_px * STROKE_EMS_MAX,
                rng,
            ),
        };
        let half = pose.half_extent_px(glyph);
        let [width_px, height_px] = [2.0 * half[0], 2.0 * half[1]];
        let left = self.end + gap_px(self.last_width, width_px, rng);
        let top = between(0.0, height_px / 2.0, rng);
        pose.middle_px = [left + half[0], top + half[1]];
        self.end = left + width_px;
        self.last_width = width_px;
        let [right, bottom] = &mut self.extent;
        (*right, *bottom) = (right.max(left + width_px), bottom.max(top + height_px));
        pose
    }

    /// Centres the letters in the picture, smaller if they must be.
    fn fit(&self, frame: &Frame, letters: &mut [Letter]) {
        let room_px = [frame.width, frame.height].map(|side| side - 2.0 * frame.padding);
        let scale = (room_px[0] / self.extent[0])
            .min(room_px[1] / self.extent[1])
            .min(1.0);
        let shift = [
            (frame.width - scale * self.extent[0]) / 2.0,
            (frame.height - scale * self.extent[1]) / 2.0,
        ];
        for Letter { pose, .. } in letters {
            pose.size_px *= scale;
            pose.stroke_px *= scale;
            pose.middle_px = std::array::from_fn(|axis| pose.middle_px[axis] * scale + shift[axis]);
        }
    }
}

/// The space between two neighbours, negative where they overlap: from a third of the one before,
/// or of the next if that is narrower and would else disappear, to a gap of a fifth. None before
/// the first letter and after a blank.
fn gap_px(width_before_px: f32, width_px: f32, rng: &mut fastrand::Rng) -> f32 {
    between(
        -width_before_px.min(width_px) / 3.0,
        width_before_px / 5.0,
        rng,
    )
}

/// A number between two others.
pub(super) fn between(lowest: f32, highest: f32, rng: &mut fastrand::Rng) -> f32 {
    lowest + (highest - lowest) * rng.f32()
}

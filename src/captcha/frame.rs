//! The size of a picture, and the measures from which all others derive.

use super::coverage::RAMP_PX;
use super::tuning::Tuning;

/// Least distance of letters from the edge, in base sizes [6 px].
const PADDING_BASES: f32 = 1.0 / 12.0;

/// The same in pixels at least: room for the soft edge of a letter and a pixel of bare ground.
const PADDING_PX_MIN: f32 = 1.5 * (RAMP_PX / 2.0 + 1.0);

/// The picture, and how it is drawn.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) width_px: f32,
    pub(super) height_px: f32,
    /// The base size: the unit of all that grows with the picture.
    pub(super) base_px: f32,
    /// Least distance of letters from the edge.
    pub(super) padding_px: f32,
    pub(super) tuning: &'static Tuning,
}

impl Frame {
    /// The picture for a text of so many characters.
    ///
    /// The base size is the width that a character has, if two more stand for the space around the
    /// text, but no more than a share of the height. The reference derives it from the width alone,
    /// so that letters of wide pictures have to be scaled down again, and noise is larger than they
    /// are.
    pub(super) fn new(width: u16, height: u16, text_chars: usize, tuning: &'static Tuning) -> Self {
        let (width_px, height_px) = (f32::from(width), f32::from(height));
        let base_px = (width_px / (text_chars + 2) as f32).min(height_px * tuning.base_heights);
        Self {
            width_px,
            height_px,
            base_px,
            padding_px: (base_px * PADDING_BASES).max(PADDING_PX_MIN),
            tuning,
        }
    }
}

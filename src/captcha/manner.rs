//! The two manners of drawing. Whatever depends on whether a picture is distorted is chosen here,
//! once: to change how thick, how large, how close, how turned or how coloured things are, change a
//! number here.
//!
//! Draws nothing. Numbers in brackets belong to the usual picture: 600 x 200 pixels, six letters.

use super::coverage::Fill;
use super::font::STROKE_EMS_MAX;
use super::ink::Inks;

/// How the things on a picture look and differ from each other. Where two numbers are given, or one
/// to either side, the value is drawn anew for every letter or line.
pub(super) struct Manner {
    /// Most that the base size is, in heights of the picture.
    pub(super) base_heights: f32,
    /// Size of a letter, in base sizes per em.
    pub(super) size_bases: [f32; 2],
    /// Angle by which a letter is turned, to either side, in degrees.
    pub(super) angle_max_degrees: f32,
    /// How far the top of a letter leans against its foot, to either side, in heights of the letter.
    pub(super) skew_max: f32,
    /// Share by which a letter is wider or narrower.
    pub(super) stretch_max: f32,
    /// Width of the stroke around a letter, in base sizes.
    pub(super) stroke_bases: [f32; 2],
    /// What is inside that stroke.
    pub(super) fill: Fill,
    /// How letters stand up and down.
    pub(super) standing: Standing,
    /// How much neighbours overlap at most, in widths of the narrower one.
    pub(super) overlap_max: f32,
    /// How far neighbours are apart at most, in widths of the first; negative where they always
    /// overlap.
    pub(super) gap_max: f32,
    /// How many times larger all letters become at most, where there is room.
    pub(super) growth_max: f32,
    /// The share of the room left over by which the text may stand off the middle.
    pub(super) drift: f32,
    /// How far the displacement map moves things to either side at most, in base sizes; none where
    /// it moves nothing.
    pub(super) amplitude_bases: Option<f32>,
    /// Width of the lines across the picture, in base sizes.
    pub(super) line_bases: [f32; 2],
    /// The inks that letters, noise and lines share.
    pub(super) inks: Inks,
    /// Which colours these have.
    pub(super) hues: Hues,
}

/// How letters stand up and down.
pub(super) enum Standing {
    /// Each hangs below a common line, by at most this share of its own height.
    Hopping(f32),
    /// Each stands anywhere in a band, which is as high as so many of the tallest one.
    Strewn(f32),
}

/// Which colours the inks of a picture have.
pub(super) enum Hues {
    /// Any.
    Random,
    /// Colours that differ in hue as much as they can.
    Apart,
}

/// The manner of the reference. It derives the stroke's width from the base size as well.
pub(super) const UPRIGHT: Manner = Manner {
    base_heights: 0.5,
    size_bases: [1.0, 2.0],
    angle_max_degrees: 40.0,
    skew_max: 0.0,
    stretch_max: 0.0,
    stroke_bases: [STROKE_EMS_MAX / 2.0, STROKE_EMS_MAX],
    fill: Fill::Ground,
    standing: Standing::Hopping(0.5),
    overlap_max: 1.0 / 3.0,
    gap_max: 1.0 / 5.0,
    growth_max: 1.0,
    drift: 0.0,
    amplitude_bases: None,
    // [3 to 5 px]
    line_bases: [1.0 / 25.0, 1.0 / 15.0],
    inks: Inks::ALL,
    hues: Hues::Random,
};

/// For letters that are bent and cross each other. What they lose by that to readers they win back
/// by being turned less, alike in size, thinner, and as large as there is room.
///
/// They are strewn over the height of the picture and always overlap, since machines look for a row
/// of letters next to each other. Readers follow them up and down, and tell those that cross by
/// their inks. A band of 1.5 letters is none to a machine, and one of 2 makes letters small.
///
/// Lines are as thick as strokes, and share the inks of the letters, so that neither width nor
/// colour tells them apart. Readers mind how steep the displacement map is more than how far it
/// moves things; machines mind both. Letters at different heights need less of it.
pub(super) const DISTORTED: Manner = Manner {
    base_heights: 0.375,
    size_bases: [1.55, 2.0],
    angle_max_degrees: 20.0,
    skew_max: 0.25,
    stretch_max: 0.15,
    // [3 to 6 px]
    stroke_bases: [0.04, 0.08],
    fill: Fill::Nothing,
    standing: Standing::Strewn(1.85),
    overlap_max: 1.0 / 3.0,
    gap_max: -0.15,
    growth_max: 1.4,
    drift: 1.0,
    // [18 px]
    amplitude_bases: Some(0.235),
    // [4 to 6 px]
    line_bases: [0.053, 0.08],
    inks: Inks::FEW,
    hues: Hues::Apart,
};

/// No stroke is thicker than the distance fields of the font reach.
const _: () = assert!(UPRIGHT.stroke_bases[1] <= STROKE_EMS_MAX * UPRIGHT.size_bases[0]);
const _: () = assert!(DISTORTED.stroke_bases[1] <= STROKE_EMS_MAX * DISTORTED.size_bases[0]);

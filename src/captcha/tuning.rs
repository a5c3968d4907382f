//! The numbers behind each difficulty: how thick, large, close and turned everything is drawn. To
//! change how hard pictures are to read, change a number here.
//!
//! Draws nothing. Numbers in brackets belong to the usual picture: 600 x 200 pixels, six letters.

use super::font::STROKE_EMS_MAX;

/// How hard a picture is to read, for machines and for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Difficulty {
    /// Letters in a row, hardly bent. For small audiences and internal forms.
    Easy,
    /// Letters all over the height, which are bent and cross each other.
    #[default]
    Normal,
    /// The same, to a higher degree. For sites under attack.
    Hard,
}

impl Difficulty {
    /// Reads `easy`, `normal` or `hard`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "easy" => Some(Difficulty::Easy),
            "normal" => Some(Difficulty::Normal),
            "hard" => Some(Difficulty::Hard),
            _ => None,
        }
    }
}

/// How the things on a picture look and differ from each other. Where two numbers are given, or one
/// to either side, the value is drawn for every letter or line.
pub(super) struct Tuning {
    /// Most that the base size is, in heights of the picture.
    pub(super) base_heights: f32,
    /// Size of a letter, in base sizes per em.
    pub(super) size_bases: [f32; 2],
    /// How many times wider letters are than the font has them.
    pub(super) width: f32,
    /// Angle by which a letter is turned, to either side, in degrees.
    pub(super) angle_max_degrees: f32,
    /// How far the top of a letter leans against its foot, to either side, in heights of the letter.
    pub(super) skew_max: f32,
    /// Share by which a letter is wider or narrower.
    pub(super) stretch_max: f32,
    /// Width of the stroke that outlines a letter, in base sizes. Letters whose counters would close
    /// have thinner ones (`bounds`).
    pub(super) stroke_bases: [f32; 2],
    /// Height of the band in which each letter stands anywhere, in heights of the tallest one.
    pub(super) band: f32,
    /// How far a letter stands from the height of the one before at least, in shares of the height
    /// that the band leaves it.
    pub(super) hop_min: f32,
    /// How much neighbours overlap at most where one stands above the other, in widths of the narrower
    /// one.
    pub(super) overlap_max: f32,
    /// How far neighbours at one height are apart at most, in widths of the narrower one. Negative where
    /// they overlap.
    pub(super) gap_max: f32,
    /// How many times larger all letters become at most, where there is room.
    pub(super) growth_max: f32,
    /// The share of the room left over in which the text stands, around the middle.
    pub(super) drift: f32,
    /// How far the displacement map moves things to either side at most, in base sizes.
    pub(super) push_bases: f32,
    /// Lines across the picture.
    pub(super) lines: usize,
    /// Their width, in base sizes.
    pub(super) line_bases: [f32; 2],
    /// Largest small letter behind the text, in heights of its box.
    pub(super) small_letter_max: f32,
    /// Largest dot, in sides of its box.
    pub(super) dot_max: f32,
}

impl Tuning {
    /// The tuning of a difficulty.
    pub(super) fn of(difficulty: Difficulty) -> &'static Self {
        match difficulty {
            Difficulty::Easy => &EASY,
            Difficulty::Normal => &NORMAL,
            Difficulty::Hard => &HARD,
        }
    }
}

/// The tuning of internal forms: a row of large letters, hardly bent.
pub(super) const EASY: Tuning = Tuning {
    base_heights: 0.5,
    size_bases: [1.5, 1.9],
    width: 1.1,
    angle_max_degrees: 15.0,
    skew_max: 0.1,
    stretch_max: 0.05,
    stroke_bases: [0.06, 0.095],
    band: 1.4,
    hop_min: 0.0,
    overlap_max: 0.0,
    gap_max: 0.1,
    growth_max: 1.5,
    drift: 0.2,
    push_bases: 0.22,
    lines: 3,
    // [3 to 5 px]
    line_bases: [0.045, 0.06],
    small_letter_max: 0.37,
    dot_max: 0.135,
};

/// For letters that are bent, and hop all over the height of the picture among thick lines.
///
/// Machines look for a row of letters next to each other, and for outlines. What costs them most are
/// lines that are as thick and as bright as outlines. Readers follow letters up and down, and do not
/// mind grey lines, as long as each letter is whole, bold, wide, and not turned or bent so far that it
/// could be another. A steep displacement map is harder for readers than one that moves things far; both are
/// hard for machines.
pub(super) const NORMAL: Tuning = Tuning {
    base_heights: 0.375,
    size_bases: [1.75, 2.0],
    width: 1.15,
    angle_max_degrees: 14.5,
    skew_max: 0.1,
    stretch_max: 0.06,
    // [6 to 8 px, before letters are scaled down to about two thirds]
    stroke_bases: [0.08, 0.1],
    band: 2.05,
    hop_min: 0.25,
    overlap_max: 0.35,
    gap_max: 0.0,
    growth_max: 2.0,
    drift: 0.4,
    // [25 px]
    push_bases: 0.34,
    lines: 8,
    // [7 to 8 px]
    line_bases: [0.095, 0.115],
    small_letter_max: 0.42,
    dot_max: 0.17,
};

/// What [`NORMAL`] is, but with letters that are bent and turned more, closer together, and less alike.
pub(super) const HARD: Tuning = Tuning {
    size_bases: [1.6, 2.0],
    angle_max_degrees: 22.0,
    skew_max: 0.2,
    stretch_max: 0.12,
    stroke_bases: [0.065, 0.1],
    overlap_max: 0.4,
    gap_max: -0.1,
    push_bases: 0.4,
    ..NORMAL
};

/// No stroke is thicker than the distance fields of the font reach: beyond that a letter would have a
/// rim without ink. The smallest letter has the thickest stroke in ems.
const _: () = assert!(EASY.stroke_bases[1] <= STROKE_EMS_MAX * EASY.size_bases[0]);
const _: () = assert!(NORMAL.stroke_bases[1] <= STROKE_EMS_MAX * NORMAL.size_bases[0]);
const _: () = assert!(HARD.stroke_bases[1] <= STROKE_EMS_MAX * HARD.size_bases[0]);

//! Where the letters of a text stand, and how large, turned and thick each of them is.
//!
//! Draws nothing. Letters follow each other from left to right, overlap or leave a gap, and hop up
//! and down or are strewn over a band; how much so is a [`Manner`]. What would not fit is scaled
//! down as a whole, so that no letter is ever cut.

use super::canvas::RAMP_PX;
use super::edges::STROKE_PX_MAX;
use super::font::{ADVANCE_EMS, Font, Glyph};
use super::glyph::{Pose, STROKE_EMS_MAX, lying, turned};
use super::{CHAR_PX_MIN, SIDE_PX_MAX};

/// Within which bounds letters differ from each other. Each value is drawn anew for every letter.
pub(super) struct Manner {
    /// The largest base size, in heights of the picture.
    base_heights: f32,
    /// Pixels per em, in base sizes.
    size_bases: [f32; 2],
    /// Turns in degrees to either side.
    angle_max: f32,
    /// How far the top of a letter leans against its foot to either side, in heights.
    shear_max: f32,
    /// Share by which a letter is wider or narrower.
    squeeze_max: f32,
    /// Thickness of the outline, in base sizes.
    stroke_bases: [f32; 2],
    /// How letters stand up and down.
    standing: Standing,
    /// By how much neighbours overlap at most, in widths of the narrower one.
    overlap_max: f32,
    /// How far they are apart at most, in widths of the first; negative where they always overlap.
    gap_max: f32,
    /// By how much all letters are enlarged at most, where there is room.
    growth_max: f32,
    /// The share of the room left over by which the text may stand off the middle.
    drift: f32,
}

/// How letters stand up and down.
enum Standing {
    /// Each hangs below a common line, by at most this share of its own height.
    Hopping(f32),
    /// Each stands anywhere in a band, which is as high as so many of the tallest one.
    Strewn(f32),
}

/// That of the reference. It derives the outline's thickness from the base size as well.
pub(super) const UPRIGHT: Manner = Manner {
    base_heights: 0.5,
    size_bases: [1.0, 2.0],
    angle_max: 40.0,
    shear_max: 0.0,
    squeeze_max: 0.0,
    stroke_bases: [STROKE_EMS_MAX / 2.0, STROKE_EMS_MAX],
    standing: Standing::Hopping(0.5),
    overlap_max: 1.0 / 3.0,
    gap_max: 1.0 / 5.0,
    growth_max: 1.0,
    drift: 0.0,
};

/// For letters that are bent as well and cross each other. What they lose by that to readers they
/// win back by being turned less, alike in size, thinner, and as large as there is room.
///
/// They are strewn over the height of the picture and always overlap, since machines look for a row
/// of letters next to each other; readers follow them up and down, and tell those that cross by
/// their inks. A band of 1.5 letters is none to a machine, and one of 2 makes letters small.
pub(super) const DISTORTED: Manner = Manner {
    base_heights: 0.375,
    size_bases: [1.55, 2.0],
    angle_max: 20.0,
    shear_max: 0.25,
    squeeze_max: 0.15,
    stroke_bases: [0.04, 0.08],
    standing: Standing::Strewn(1.85),
    overlap_max: 1.0 / 3.0,
    gap_max: -0.15,
    growth_max: 1.4,
    drift: 1.0,
};

/// The largest base size: that of a letter alone in the largest picture.
const BASE_PX_MAX: f32 = SIDE_PX_MAX as f32 / 3.0;
const _: () = assert!(UPRIGHT.stroke_bases[1] * UPRIGHT.growth_max * BASE_PX_MAX < STROKE_PX_MAX);
const _: () =
    assert!(DISTORTED.stroke_bases[1] * DISTORTED.growth_max * BASE_PX_MAX < STROKE_PX_MAX);

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
    /// How far bending may move letters to either side and up or down.
    pub(super) bend_px: [f32; 2],
}

impl Frame {
    /// The measures of a picture that holds a text of so many characters.
    ///
    /// The reference derives its base from the width alone, by which letters of wide pictures would
    /// have to be scaled down again, and noise would be larger than they are. Half the height is
    /// what a row of letters can use, and what letters that are strewn can use is as much of it as
    /// in the usual picture.
    pub(super) fn new(width: u16, height: u16, text_chars: usize, manner: &Manner) -> Self {
        let (width, height) = (f32::from(width), f32::from(height));
        let base = (width / (text_chars + 2) as f32).min(height * manner.base_heights);
        let padding = (base * PADDING_BASES).max(PADDING_PX_MIN);
        Self {
            width,
            height,
            base,
            padding,
            bend_px: [0.0; 2],
        }
    }
}

/// Five pixels in a picture of 600 x 200 with six letters.
const PADDING_BASES: f32 = 1.0 / 15.0;

/// Least thickness of an outline: a thinner one would be all edge and have little of its ink.
const STROKE_PX_MIN: f32 = RAMP_PX;
const _: () = assert!(STROKE_PX_MIN <= STROKE_EMS_MAX * CHAR_PX_MIN as f32);

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
    manner: &Manner,
    rng: &mut fastrand::Rng,
    letters: &mut Vec<Letter>,
) {
    letters.clear();
    let mut row = Row::default();
    for character in text.chars() {
        let [smallest, largest] = manner.size_bases;
        let size_px = frame.base * between(smallest, largest, rng);
        let Some(glyph) = font.glyph(character) else {
            row.skip(ADVANCE_EMS * size_px);
            continue;
        };
        let pose = row.append(glyph, size_px, frame.base, manner, rng);
        letters.push(Letter { character, pose });
    }
    row.fit(frame, manner, rng, letters);
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
        manner: &Manner,
        rng: &mut fastrand::Rng,
    ) -> Pose {
        let either_side = |most: f32, rng: &mut fastrand::Rng| between(-most, most, rng);
        let squeezed = 1.0 + either_side(manner.squeeze_max, rng);
        let sheared = either_side(manner.shear_max, rng);
        let angle = either_side(manner.angle_max, rng).to_radians();
        let [thinnest, thickest] = manner.stroke_bases;
        let mut pose = Pose {
            middle_px: [0.0; 2],
            size_px,
            lie: lying([[squeezed, 0.0], [sheared, 1.0]], turned(angle)),
            stroke_px: (base_px * between(thinnest, thickest, rng)).max(STROKE_PX_MIN),
        };
        let half = pose.half_extent_px(glyph);
        let [width_px, height_px] = [2.0 * half[0], 2.0 * half[1]];
        let left = self.end + gap_px(self.last_width, width_px, manner, rng);
        let top = match manner.standing {
            Standing::Hopping(share) => between(0.0, share * height_px, rng),
            Standing::Strewn(_) => 0.0,
        };
        pose.middle_px = [left + half[0], top + half[1]];
        self.end = left + width_px;
        self.last_width = width_px;
        let [right, bottom] = &mut self.extent;
        (*right, *bottom) = (right.max(left + width_px), bottom.max(top + height_px));
        pose
    }

    /// Puts the letters into the picture, smaller if they must be. Those that are to be strewn hang
    /// from a common line until then.
    fn fit(&self, frame: &Frame, manner: &Manner, rng: &mut fastrand::Rng, letters: &mut [Letter]) {
        let room_px: [f32; 2] = std::array::from_fn(|axis| {
            [frame.width, frame.height][axis] - 2.0 * (frame.padding + frame.bend_px[axis])
        });
        let mut extent = self.extent;
        if let Standing::Strewn(band) = manner.standing {
            extent[1] *= band;
        }
        let scale = (room_px[0] / extent[0])
            .min(room_px[1] / extent[1])
            .min(manner.growth_max);
        let shift: [f32; 2] = std::array::from_fn(|axis| {
            let left_over = room_px[axis] - scale * extent[axis];
            let share = 0.5 + manner.drift * (rng.f32() - 0.5);
            frame.padding + frame.bend_px[axis] + share * left_over
        });
        for Letter { pose, .. } in letters {
            pose.size_px *= scale;
            pose.stroke_px *= scale;
            let mut middle_px = pose.middle_px.map(|middle| middle * scale);
            if let Standing::Strewn(_) = manner.standing {
                // Its top is at the common line, so that its middle is half its height below.
                let half_px = middle_px[1];
                middle_px[1] = between(half_px, scale * extent[1] - half_px, rng);
            }
            pose.middle_px = std::array::from_fn(|axis| middle_px[axis] + shift[axis]);
        }
    }
}

/// The space between two neighbours, negative where they overlap: by a part of the one before, or
/// of the next if that is narrower and would else disappear. None before the first letter and after
/// a blank.
fn gap_px(width_before_px: f32, width_px: f32, manner: &Manner, rng: &mut fastrand::Rng) -> f32 {
    let closest = -manner.overlap_max * width_before_px.min(width_px);
    let widest = manner.gap_max * width_before_px;
    between(closest, closest.max(widest), rng)
}

/// A number between two others.
pub(super) fn between(lowest: f32, highest: f32, rng: &mut fastrand::Rng) -> f32 {
    lowest + (highest - lowest) * rng.f32()
}

#[cfg(test)]
mod tests {
    use super::super::font::TEST_FONT;
    use super::super::text;
    use super::*;

    /// Sizes from the smallest for their text to the largest, in all proportions.
    const SIZES: [(u16, u16, usize); 9] = [
        (600, 200, 6),
        (42, 28, 1),
        (112, 28, 6),
        (476, 28, 32),
        (2000, 28, 6),
        (112, 2000, 6),
        (2000, 2000, 1),
        (2000, 2000, 32),
        (200, 80, 12),
    ];

    const MANNERS: [&Manner; 2] = [&UPRIGHT, &DISTORTED];

    fn arranged(
        (width, height, length): (u16, u16, usize),
        manner: &Manner,
        seed: u64,
    ) -> (Frame, Vec<Letter>) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let text = text::repeatable(length, &mut rng);
        let frame = Frame::new(width, height, length, manner);
        let mut letters = Vec::new();
        arrange(&text, &TEST_FONT, &frame, manner, &mut rng, &mut letters);
        assert_eq!(
            letters
                .iter()
                .map(|letter| letter.character)
                .collect::<String>(),
            text
        );
        (frame, letters)
    }

    /// Left, top, right and bottom of a letter.
    fn bounds(letter: &Letter) -> [f32; 4] {
        let half = letter
            .pose
            .half_extent_px(TEST_FONT.glyph(letter.character).unwrap());
        let [x, y] = letter.pose.middle_px;
        [x - half[0], y - half[1], x + half[0], y + half[1]]
    }

    #[test]
    fn no_letter_is_cut() {
        for (size, manner) in SIZES
            .iter()
            .flat_map(|&size| MANNERS.map(|manner| (size, manner)))
        {
            for seed in 0..1_000 {
                let (frame, letters) = arranged(size, manner, seed);
                for letter in &letters {
                    let [left, top, right, bottom] = bounds(letter);
                    let padding = frame.padding - 0.01;
                    assert!(
                        padding <= left && right <= frame.width - padding,
                        "{size:?} {seed}"
                    );
                    assert!(
                        padding <= top && bottom <= frame.height - padding,
                        "{size:?} {seed}"
                    );
                }
            }
        }
    }

    #[test]
    fn letters_are_read_from_left_to_right() {
        for (size, manner) in SIZES
            .iter()
            .flat_map(|&size| MANNERS.map(|manner| (size, manner)))
        {
            for seed in 0..500 {
                let (_, letters) = arranged(size, manner, seed);
                let middles = letters.iter().map(|letter| letter.pose.middle_px[0]);
                assert!(
                    middles.is_sorted_by(|one, next| one < next),
                    "{size:?} {seed}"
                );
            }
        }
    }

    #[test]
    fn neighbours_overlap_by_a_third_at_most() {
        // Upright, gaps are drawn from minus a third to a fifth, so that most neighbours overlap.
        for (manner, expected) in MANNERS.into_iter().zip([1_250..1_800, 2_500..2_501]) {
            let mut overlapping = 0;
            for seed in 0..500 {
                let (_, letters) = arranged(SIZES[0], manner, seed);
                for pair in letters.windows(2) {
                    let (one, next) = (bounds(&pair[0]), bounds(&pair[1]));
                    let narrower = (one[2] - one[0]).min(next[2] - next[0]);
                    assert!(one[2] - next[0] <= narrower / 3.0 + 0.01, "{seed}");
                    overlapping += usize::from(next[0] < one[2]);
                }
            }
            assert!(expected.contains(&overlapping), "{overlapping} of 2,500");
        }
    }

    /// In the usual picture they stand all over its height; in a tall one they stay close enough to
    /// be read as a row.
    #[test]
    fn strewn_letters_stand_at_any_height() {
        for (size, span) in [(SIZES[0], 0.3..0.4), (SIZES[5], 0.0..0.02)] {
            let (mut spans, mut tops) = (0.0, Vec::new());
            for seed in 0..500 {
                let (frame, letters) = arranged(size, &DISTORTED, seed);
                let tops_here = letters
                    .iter()
                    .map(|letter| bounds(letter)[1] / frame.height);
                let (highest, lowest) = tops_here
                    .clone()
                    .fold((1.0_f32, 0.0_f32), |(a, b), top| (a.min(top), b.max(top)));
                spans += (lowest - highest) / 500.0;
                tops.extend(tops_here);
            }
            assert!(span.contains(&spans), "{size:?}: {spans}");
            let high = tops.iter().filter(|top| **top < 0.25).count();
            assert!(
                (tops.len() / 10..tops.len()).contains(&high),
                "{size:?}: {high}"
            );
        }
    }

    #[test]
    fn letters_differ_in_all_that_is_drawn_for_them() {
        let letters: Vec<Letter> = (0..300)
            .flat_map(|seed| arranged(SIZES[0], &UPRIGHT, seed).1)
            .collect();
        let check = |value: fn(&Pose) -> f32, lowest: f32, highest: f32| {
            let values = letters.iter().map(|letter| value(&letter.pose));
            let (least, most) = values.fold((f32::MAX, f32::MIN), |(least, most), value| {
                (least.min(value), most.max(value))
            });
            assert!(lowest <= least && most <= highest, "{least} to {most}");
            let span = highest - lowest;
            assert!(
                least < lowest + 0.2 * span && highest - 0.1 * span < most,
                "{least} to {most}"
            );
        };
        // Scaled down where a layout is too large.
        check(|pose| pose.size_px, 60.0, 150.0);
        check(
            |pose| pose.lie[0][1].atan2(pose.lie[0][0]).to_degrees(),
            -40.001,
            40.001,
        );
        check(|pose| pose.stroke_px, 3.4, 9.375);
    }

    #[test]
    fn blanks_take_room() {
        let frame = Frame::new(600, 200, 3, &UPRIGHT);
        let (mut close, mut apart) = (0.0, 0.0);
        for seed in 0..200 {
            let distance = |text| {
                let mut letters = Vec::new();
                let mut rng = fastrand::Rng::with_seed(seed);
                arrange(text, &TEST_FONT, &frame, &UPRIGHT, &mut rng, &mut letters);
                assert_eq!(letters.len(), 2);
                letters[1].pose.middle_px[0] - letters[0].pose.middle_px[0]
            };
            close += distance("ab");
            apart += distance("a b");
        }
        assert!(close * 1.3 < apart, "{close} and {apart}");
    }
}

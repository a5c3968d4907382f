//! Where the letters of a text stand, and how large, turned and thick each of them is.
//!
//! Draws nothing. Letters follow each other from left to right, overlap or leave a gap, and hop up
//! and down or are scattered over a band; the [`Tuning`] says how much. What would not fit is scaled down
//! as a whole, so that no letter is ever cut.

use super::bounds::Bounds;
use super::coverage::RAMP_PX;
use super::font::{ADVANCE_EMS, Font, Glyph, STROKE_EMS_MAX};
use super::frame::Frame;
use super::glyph::{LARGE_PX_MIN, Pose};
use super::ink::{Ink, Inks};
use super::number::random;
use super::size::CHAR_PX_MIN;
use super::transform::Transform;
use super::tuning::Tuning;

/// Least width of a stroke in pixels: a thinner one would be all edge and have little of its ink.
const STROKE_PX_MIN: f32 = RAMP_PX;
const _: () = assert!(STROKE_PX_MIN <= STROKE_EMS_MAX * CHAR_PX_MIN as f32);

/// A letter in its place.
pub(super) struct Letter {
    pub(super) character: char,
    pub(super) pose: Pose,
    pub(super) ink: Ink,
    /// Half of its width and height.
    half_extent_px: [f32; 2],
}

impl Letter {
    /// Whether the box around the letter is within a distance of a place, across and down.
    pub(super) fn is_near(&self, place_px: [f32; 2], distance_px: f32) -> bool {
        (0..2).all(|axis| {
            let away = (place_px[axis] - self.pose.middle_px[axis]).abs();
            away < self.half_extent_px[axis] + distance_px
        })
    }
}

/// Fills `letters` with those of a text, in reading order. Blanks take room and become none. Letters
/// keep a distance of `margin_px` from the sides, and from the top and bottom.
pub(super) fn arrange(
    text: &str,
    font: &Font,
    frame: &Frame,
    inks: Inks,
    rng: &mut fastrand::Rng,
    letters: &mut Vec<Letter>,
) {
    letters.clear();
    let mut row = Row::default();
    for character in text.chars() {
        let size_px = frame.base_px * random(frame.tuning.size_bases, rng);
        if let Some(glyph) = font.glyph(character) {
            let bounds = Bounds::of(character);
            let mut pose = random_pose(bounds, size_px, frame, rng);
            let half_extent_px = row.append(glyph, &mut pose, frame, rng);
            let ink = inks.of_letter(letters.len());
            letters.push(Letter {
                character,
                pose,
                ink,
                half_extent_px,
            });
        } else {
            row.skip(ADVANCE_EMS * size_px);
        }
    }
    row.fit(frame, rng, letters);
}

/// Letters put next to each other from the origin on, before their size is known to fit. In pixels.
#[derive(Default)]
struct Row {
    /// Where the letter before ends, and how wide it is.
    end: f32,
    last_width: f32,
    /// How far letters reach to the right and down.
    extent: [f32; 2],
    /// Pixels per em of the smallest.
    least_size: Option<f32>,
}

impl Row {
    /// Leaves room for a blank.
    fn skip(&mut self, width_px: f32) {
        self.end += width_px;
        self.last_width = 0.0;
        self.extent[0] = self.extent[0].max(self.end);
    }

    /// Puts a letter next to those before, hanging from a common line. Returns half of its width and
    /// height.
    fn append(
        &mut self,
        glyph: &Glyph,
        pose: &mut Pose,
        frame: &Frame,
        rng: &mut fastrand::Rng,
    ) -> [f32; 2] {
        let half = pose.half_extent_px(glyph);
        let [width_px, height_px] = [2.0 * half[0], 2.0 * half[1]];
        let left = self.end + gap_px(self.last_width, width_px, frame.tuning, rng);
        pose.middle_px = [left + half[0], half[1]];
        self.end = left + width_px;
        self.last_width = width_px;
        self.least_size = Some(
            self.least_size
                .map_or(pose.size_px, |size| size.min(pose.size_px)),
        );
        let [right, bottom] = &mut self.extent;
        (*right, *bottom) = (right.max(self.end), bottom.max(height_px));
        half
    }

    /// Puts the letters into the picture, as large as there is room, and each anywhere in the band.
    fn fit(&self, frame: &Frame, rng: &mut fastrand::Rng, letters: &mut [Letter]) {
        let tuning = frame.tuning;
        let extent = [self.extent[0], self.extent[1] * tuning.band];
        let sides_px = [frame.width_px, frame.height_px];
        let scale_within = |margin_px: f32| {
            let scales = [0, 1].map(|axis| (sides_px[axis] - 2.0 * margin_px) / extent[axis]);
            scales[0].min(scales[1]).min(tuning.growth_max)
        };
        let mut margin_px = frame.padding_px;
        let mut scale = scale_within(margin_px);
        if self
            .least_size
            .is_some_and(|size| scale * size < LARGE_PX_MIN)
        {
            // Small letters are pushed as a whole, over the edge as well.
            margin_px += tuning.push_bases * frame.base_px;
            scale = scale_within(margin_px);
        }
        let origin_px: [f32; 2] = std::array::from_fn(|axis| {
            let left_over = sides_px[axis] - 2.0 * margin_px - scale * extent[axis];
            let share = 0.5 + tuning.drift * (rng.f32() - 0.5);
            margin_px + share * left_over
        });
        for Letter {
            pose,
            half_extent_px,
            ..
        } in letters
        {
            pose.size_px *= scale;
            pose.stroke_px *= scale;
            *half_extent_px = half_extent_px.map(|half| half * scale);
            let half_px = half_extent_px[1];
            let middle_px = [
                scale * pose.middle_px[0],
                random([half_px, scale * extent[1] - half_px], rng),
            ];
            pose.middle_px = std::array::from_fn(|axis| middle_px[axis] + origin_px[axis]);
        }
    }
}

/// A pose at the origin, within what the tuning and the letter allow.
fn random_pose(bounds: Bounds, size_px: f32, frame: &Frame, rng: &mut fastrand::Rng) -> Pose {
    let tuning = frame.tuning;
    let either_side = |most: f32, rng: &mut fastrand::Rng| random([-most, most], rng);
    let stretch = tuning.width * bounds.width * (1.0 + either_side(tuning.stretch_max, rng));
    let skew = either_side(bounds.lean * tuning.skew_max, rng);
    let angle = either_side(bounds.lean * tuning.angle_max_degrees, rng).to_radians();
    let stroke_px =
        (frame.base_px * random(tuning.stroke_bases, rng)).min(bounds.stroke_ems * size_px);
    Pose {
        middle_px: [0.0; 2],
        size_px,
        transform: Transform::from_scale([stretch, 1.0])
            .then(Transform::from_skew(skew))
            .then(Transform::from_rotate(angle)),
        stroke_px: stroke_px.max(STROKE_PX_MIN),
    }
}

/// The space between two neighbours, negative where they overlap: by a part of the one before, or
/// of the next if that is narrower and would else disappear. None before the first letter and after
/// a blank.
fn gap_px(width_before_px: f32, width_px: f32, tuning: &Tuning, rng: &mut fastrand::Rng) -> f32 {
    let closest = -tuning.overlap_max * width_before_px.min(width_px);
    let widest = tuning.gap_max * width_before_px;
    random([closest, closest.max(widest)], rng)
}

#[cfg(test)]
mod tests {
    use super::super::font::TEST_FONT;
    use super::super::text::Alphabet;
    use super::super::tuning::{EASY, HARD, NORMAL};
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

    const TUNINGS: [&Tuning; 3] = [&EASY, &NORMAL, &HARD];

    fn arranged(
        (width, height, length): (u16, u16, usize),
        tuning: &'static Tuning,
        seed: u64,
    ) -> (Frame, Vec<Letter>) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let text = Alphabet::default().repeatable(length, &mut rng);
        let frame = Frame::new(width, height, length, tuning);
        let mut letters = Vec::new();
        let inks = Inks::shuffled(&mut rng);
        arrange(&text, &TEST_FONT, &frame, inks, &mut rng, &mut letters);
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
        for (size, tuning) in SIZES
            .iter()
            .flat_map(|&size| TUNINGS.map(|tuning| (size, tuning)))
        {
            for seed in 0..1_000 {
                let (frame, letters) = arranged(size, tuning, seed);
                for letter in &letters {
                    let [left, top, right, bottom] = bounds(letter);
                    let padding = frame.padding_px - 0.01;
                    assert!(
                        padding <= left && right <= frame.width_px - padding,
                        "{size:?} {seed}"
                    );
                    assert!(
                        padding <= top && bottom <= frame.height_px - padding,
                        "{size:?} {seed}"
                    );
                }
            }
        }
    }

    #[test]
    fn letters_are_read_from_left_to_right() {
        for (size, tuning) in SIZES
            .iter()
            .flat_map(|&size| TUNINGS.map(|tuning| (size, tuning)))
        {
            for seed in 0..500 {
                let (_, letters) = arranged(size, tuning, seed);
                let middles = letters.iter().map(|letter| letter.pose.middle_px[0]);
                assert!(
                    middles.is_sorted_by(|one, next| one < next),
                    "{size:?} {seed}"
                );
            }
        }
    }

    #[test]
    fn neighbours_overlap_and_gape_as_the_tuning_says() {
        for tuning in TUNINGS {
            for seed in 0..500 {
                let (_, letters) = arranged(SIZES[0], tuning, seed);
                for pair in letters.windows(2) {
                    let (one, next) = (bounds(&pair[0]), bounds(&pair[1]));
                    let width = one[2] - one[0];
                    let narrower = width.min(next[2] - next[0]);
                    let gap = next[0] - one[2];
                    assert!(-tuning.overlap_max * narrower <= gap + 0.01, "{seed}");
                    let widest = (tuning.gap_max * width).max(-tuning.overlap_max * narrower);
                    assert!(gap <= widest + 0.01, "{seed}");
                }
            }
        }
    }

    /// Of all pictures of the usual size; the median is 0.6 and more.
    #[test]
    fn the_text_fills_most_of_the_width_around_the_middle() {
        for (tuning, median) in [(&EASY, 0.75), (&NORMAL, 0.55)] {
            let mut shares = Vec::new();
            for seed in 0..1_000 {
                let (frame, letters) = arranged(SIZES[0], tuning, seed);
                let sides = letters.iter().map(bounds);
                let [left, right] = sides.fold([f32::MAX, 0.0_f32], |[left, right], side| {
                    [left.min(side[0]), right.max(side[2])]
                });
                let off = f32::midpoint(left, right) - frame.width_px / 2.0;
                assert!(off.abs() < 0.12 * frame.width_px, "{off}, seed {seed}");
                shares.push((right - left) / frame.width_px);
            }
            shares.sort_by(f32::total_cmp);
            assert!(median <= shares[500], "{}", shares[500]);
            assert!(0.45 <= shares[10], "{}", shares[10]);
        }
    }

    /// `T`, `7`, `J`, `Y`, `X` and `t` are turned and slanted by half of what others are.
    #[test]
    fn letters_that_tilt_makes_others_tilt_less() {
        for tuning in TUNINGS {
            let frame = Frame::new(600, 200, 6, tuning);
            let mut rng = fastrand::Rng::with_seed(1);
            let mut most = |character| {
                let tilt = |_| {
                    let pose = random_pose(Bounds::of(character), 100.0, &frame, &mut rng);
                    let [x, y] = pose.transform.x_axis;
                    y.atan2(x).to_degrees().abs()
                };
                (0..1_000).map(tilt).fold(0.0, f32::max)
            };
            for character in "T7JYXt".chars() {
                assert!(most(character) <= 0.501 * tuning.angle_max_degrees);
            }
            assert!(0.9 * tuning.angle_max_degrees < most('D'));
        }
    }

    /// In the usual picture they stand all over its height; in a tall one they stay close enough to
    /// be read as a row.
    #[test]
    fn strewn_letters_stand_at_any_height() {
        for (size, span, upper) in [(SIZES[0], 0.3..0.4, 0.25), (SIZES[5], 0.0..0.02, 0.45)] {
            let (mut spans, mut tops) = (0.0, Vec::new());
            for seed in 0..500 {
                let (frame, letters) = arranged(size, &NORMAL, seed);
                let tops_here = letters
                    .iter()
                    .map(|letter| bounds(letter)[1] / frame.height_px);
                let (highest, lowest) = tops_here
                    .clone()
                    .fold((1.0_f32, 0.0_f32), |(a, b), top| (a.min(top), b.max(top)));
                spans += (lowest - highest) / 500.0;
                tops.extend(tops_here);
            }
            assert!(span.contains(&spans), "{size:?}: {spans}");
            let high = tops.iter().filter(|top| **top < upper).count();
            assert!(
                (tops.len() / 10..tops.len()).contains(&high),
                "{size:?}: {high}"
            );
        }
    }

    #[test]
    fn letters_differ_in_all_that_is_drawn_for_them() {
        let letters: Vec<Letter> = (0..300)
            .flat_map(|seed| arranged(SIZES[0], &EASY, seed).1)
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
        check(|pose| pose.size_px, 97.0, 165.0);
        check(
            |pose| {
                let [x, y] = pose.transform.x_axis;
                y.atan2(x).to_degrees()
            },
            -15.001,
            15.001,
        );
        check(|pose| pose.stroke_px, 3.8, 8.4);
    }

    #[test]
    fn blanks_take_room() {
        let frame = Frame::new(600, 200, 3, &EASY);
        let (mut close, mut apart) = (0.0, 0.0);
        for seed in 0..200 {
            let distance = |text| {
                let mut letters = Vec::new();
                let mut rng = fastrand::Rng::with_seed(seed);
                let inks = Inks::shuffled(&mut rng);
                arrange(text, &TEST_FONT, &frame, inks, &mut rng, &mut letters);
                assert_eq!(letters.len(), 2);
                letters[1].pose.middle_px[0] - letters[0].pose.middle_px[0]
            };
            close += distance("ab");
            apart += distance("a b");
        }
        assert!(close * 1.3 < apart, "{close} and {apart}");
    }
}

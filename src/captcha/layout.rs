//! Where the letters of a text stand, and how large, turned and thick each of them is.
//!
//! Draws nothing. Letters follow each other from left to right, and hop up and down in a band. Those at
//! one height stand side by side; the further one is above the other, the more they may overlap. So
//! people see every letter whole, and a machine that looks for one letter after the other meets two at
//! once. The [`Tuning`] has the measures. What would not fit is scaled down as a whole, so that no
//! letter is ever cut.

use super::bounds::Bounds;
use super::coverage::RAMP_PX;
use super::font::{ADVANCE_EMS, Font, STROKE_EMS_MAX};
use super::frame::Frame;
use super::glyph::{LARGE_PX_MIN, Pose};
use super::ink::Ink;
use super::number::{lerp, random};
use super::size::CHAR_PX_MIN;
use super::transform::Transform;
use super::tuning::Tuning;

/// Least width of a stroke in pixels, before the row is scaled to fit: a thinner one would be all edge and have little of its ink.
const STROKE_PX_MIN: f32 = RAMP_PX;
const _: () = assert!(STROKE_PX_MIN <= STROKE_EMS_MAX * CHAR_PX_MIN as f32);

/// Size in pixels per em at which hollow letters fill up. Where letters all over the height would be
/// smaller, they stand closer to one height instead: in pictures of less than about 60 pixels.
const SIZE_PX_MIN: f32 = 24.0;

/// Least overlap of neighbours one of which stands above the other, as a share of the greatest.
const OVERLAP_SHARE_MIN: f32 = 0.7;

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

/// Fills `letters` with those of a text, in reading order, and returns the height of their middle in
/// pixels. Blanks take room and become none. Letters keep the padding of the frame from every side.
pub(super) fn arrange(
    text: &str,
    font: &Font,
    frame: &Frame,
    rng: &mut fastrand::Rng,
    letters: &mut Vec<Letter>,
) -> f32 {
    letters.clear();
    for character in text.chars() {
        if let Some(glyph) = font.glyph(character) {
            let size_px = frame.base_px * random(frame.tuning.size_bases, rng);
            let pose = random_pose(Bounds::of(character), size_px, frame, rng);
            letters.push(Letter {
                character,
                half_extent_px: pose.half_extent_px(glyph),
                pose,
                ink: Ink::of_letter(letters.len()),
            });
        }
    }
    let mut row = Row::new(letters, frame, rng);
    let mut rest = letters.iter_mut();
    for character in text.chars() {
        match font.glyph(character).and_then(|_| rest.next()) {
            Some(letter) => row.append(letter, frame.tuning, rng),
            None => row.skip(ADVANCE_EMS * frame.tuning.size_bases[0] * frame.base_px),
        }
    }
    row.fit(frame, rng, letters)
}

/// Letters put next to each other from the origin on, before their size is known to fit. In pixels.
struct Row {
    /// Height of the band that letters stand in.
    band: f32,
    /// Where the letter before ends.
    end: f32,
    /// Middle, from the top of the band, and half of the width and height of the letter before; none
    /// before the first and after a blank.
    last: Option<(f32, [f32; 2])>,
    /// Where in the band the letter before stands: from 0, at the top, to 1.
    place: f32,
}

impl Row {
    /// An empty row for these letters.
    fn new(letters: &[Letter], frame: &Frame, rng: &mut fastrand::Rng) -> Self {
        let heights = letters.iter().map(|letter| 2.0 * letter.half_extent_px[1]);
        let tallest = heights.fold(0.0, f32::max);
        let sizes = letters.iter().map(|letter| letter.pose.size_px);
        let largest = sizes.fold(0.0, f32::max);
        let height_px = frame.height_px - 2.0 * small_margin_px(frame);
        let readable = largest * height_px / SIZE_PX_MIN;
        Self {
            band: (frame.tuning.band * tallest).min(readable).max(tallest),
            end: 0.0,
            last: None,
            place: rng.f32(),
        }
    }

    /// Leaves room for a blank.
    fn skip(&mut self, width: f32) {
        self.end += width;
        self.last = None;
    }

    /// Puts a letter next to those before, somewhere else in the band than the last.
    fn append(&mut self, letter: &mut Letter, tuning: &Tuning, rng: &mut fastrand::Rng) {
        let half = letter.half_extent_px;
        let [width, height] = half.map(|half| 2.0 * half);
        self.place = (self.place + random([tuning.hop_min, 1.0 - tuning.hop_min], rng)).fract();
        let middle = half[1] + self.place * (self.band - height);
        if let Some((last_middle, last_half)) = self.last {
            // 0 at one height, and 1 where one stands above the other.
            let apart = ((middle - last_middle).abs() / (half[1] + last_half[1])).min(1.0);
            let gap = random([0.0, tuning.gap_max], rng);
            let overlap = tuning.overlap_max * random([OVERLAP_SHARE_MIN, 1.0], rng);
            self.end += width.min(2.0 * last_half[0]) * lerp(gap, -overlap, apart);
        }
        letter.pose.middle_px = [self.end + half[0], middle];
        self.end += width;
        self.last = Some((middle, half));
    }

    /// Puts the row into the picture, as large as there is room, and returns the height of its middle.
    fn fit(&self, frame: &Frame, rng: &mut fastrand::Rng, letters: &mut [Letter]) -> f32 {
        let tuning = frame.tuning;
        let right = |letter: &Letter| letter.pose.middle_px[0] + letter.half_extent_px[0];
        let extent = [
            letters.iter().map(right).fold(self.end, f32::max),
            self.band,
        ];
        let sides_px = [frame.width_px, frame.height_px];
        let scale_within = |margin_px: f32| {
            let scales = [0, 1].map(|axis| (sides_px[axis] - 2.0 * margin_px) / extent[axis]);
            scales[0].min(scales[1]).min(tuning.growth_max)
        };
        let mut margin_px = frame.padding_px;
        let mut scale = scale_within(margin_px);
        if letters
            .iter()
            .any(|letter| scale * letter.pose.size_px < LARGE_PX_MIN)
        {
            margin_px = small_margin_px(frame);
            scale = scale_within(margin_px);
        }
        let origin_px: [f32; 2] = std::array::from_fn(|axis| {
            let left_over = sides_px[axis] - 2.0 * margin_px - scale * extent[axis];
            let share = 0.5 + tuning.drift * (rng.f32() - 0.5);
            margin_px + share * left_over
        });
        for letter in letters {
            letter.pose.size_px *= scale;
            letter.pose.stroke_px *= scale;
            letter.half_extent_px = letter.half_extent_px.map(|half| half * scale);
            let middle_px = &mut letter.pose.middle_px;
            *middle_px = [0, 1].map(|axis| scale * middle_px[axis] + origin_px[axis]);
        }
        origin_px[1] + scale * self.band / 2.0
    }
}

/// Least distance of small letters from the edge. The displacement map pushes them as a whole, over the
/// edge as well.
fn small_margin_px(frame: &Frame) -> f32 {
    frame.padding_px + frame.tuning.push_bases * frame.base_px
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
        arrange(&text, &TEST_FONT, &frame, &mut rng, &mut letters);
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

    /// Where there is no room to hop, letters are large rather than far from each other.
    #[test]
    fn letters_of_low_pictures_are_large_enough_to_be_hollow() {
        for (size, least) in [
            ((112, 28, 6), 12.0),
            ((168, 42, 6), 18.0),
            ((42, 28, 1), 14.0),
        ] {
            let letters = (0..500).flat_map(|seed| arranged(size, &NORMAL, seed).1);
            let sizes_px = letters.map(|letter| letter.pose.size_px);
            let smallest = sizes_px.fold(f32::MAX, f32::min);
            assert!(least < smallest, "{smallest} in {size:?}");
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

    /// Neighbours share height, or width, or little of both: their boxes never cross in more than a
    /// corner.
    #[test]
    fn neighbours_overlap_as_far_as_one_is_above_the_other() {
        for (tuning, seed) in TUNINGS
            .iter()
            .flat_map(|tuning| (0..500).map(move |seed| (tuning, seed)))
        {
            let (_, letters) = arranged(SIZES[0], tuning, seed);
            for pair in letters.windows(2) {
                let [one, next] = [&pair[0], &pair[1]].map(bounds);
                let narrower = (one[2] - one[0]).min(next[2] - next[0]);
                let [one_px, next_px] = [one, next].map(|sides| sides[3] - sides[1]);
                let middles = f32::midpoint(one[1], one[3]) - f32::midpoint(next[1], next[3]);
                let apart = (2.0 * middles.abs() / (one_px + next_px)).min(1.0);
                let gap = (next[0] - one[2]) / narrower;
                let least = lerp(tuning.gap_max.min(0.0), -tuning.overlap_max, apart);
                let most = lerp(
                    tuning.gap_max.max(0.0),
                    -OVERLAP_SHARE_MIN * tuning.overlap_max,
                    apart,
                );
                assert!(
                    least - 0.01 < gap && gap < most + 0.01,
                    "{gap}, seed {seed}"
                );
            }
        }
    }

    #[test]
    fn neighbours_hop() {
        for seed in 0..500 {
            let (_, letters) = arranged(SIZES[0], &NORMAL, seed);
            let room = |letter: &Letter| {
                let tallest = letters.iter().map(|letter| letter.half_extent_px[1]);
                2.0 * (tallest.fold(0.0, f32::max) * NORMAL.band - letter.half_extent_px[1])
            };
            let tops = letters
                .iter()
                .map(|letter| bounds(letter)[1] / room(letter));
            let tops: Vec<f32> = tops.collect();
            for pair in tops.windows(2) {
                assert!(
                    0.8 * NORMAL.hop_min < (pair[0] - pair[1]).abs(),
                    "{tops:?}, seed {seed}"
                );
            }
        }
    }

    /// Of all pictures of the usual size.
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
        check(|pose| pose.size_px, 97.0, 170.0);
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
                arrange(text, &TEST_FONT, &frame, &mut rng, &mut letters);
                assert_eq!(letters.len(), 2);
                letters[1].pose.middle_px[0] - letters[0].pose.middle_px[0]
            };
            close += distance("ab");
            apart += distance("a b");
        }
        assert!(close * 1.3 < apart, "{close} and {apart}");
    }
}

//! The colours of a picture: one ground, and the inks that everything on it is drawn with.
//!
//! Knows nothing of shapes. Every ink is well visible on the ground: WCAG 2.1 asks 3:1 of
//! graphics that must be understood (section 1.4.11), and so do we of noise, which could be told
//! from letters otherwise.

use super::ink::{INKS_MAX, LEVELS};
use super::manner::{Hues, Manner};
use super::theme::Theme;

/// Red, green and blue.
type Colour = [u8; 3];

/// Least contrast between ground and ink.
const CONTRAST_MIN: f32 = 3.0;

/// How often a colour is drawn again before a safe one is taken. Half the draws are good in the
/// worst case, so that the safe colour is never seen; it only bounds the loop.
const TRIES_MAX: u32 = 64;

/// Brightest ground of the dark theme. Against a brighter one hardly a colour of medium
/// brightness has the contrast, and the inks would all be alike.
const DARK_LUMINANCE_MAX: f32 = 0.06;

/// The colours of one picture.
pub(super) struct Palette {
    ground: Colour,
    inks: [Colour; INKS_MAX],
    /// How many of these there are.
    count: usize,
}

impl Palette {
    /// Draws the colours of a picture of this theme and manner.
    pub(super) fn new(theme: Theme, manner: &Manner, rng: &mut fastrand::Rng) -> Self {
        let ground = ground(theme, rng);
        let count = manner.inks.count();
        let inks = match manner.hues {
            Hues::Random => std::array::from_fn(|_| ink(theme, ground, rng)),
            // Each hue is as far around the circle of hues from the one before. It helps readers,
            // who tell letters that cross by their colours, and no machine, which finds the inks
            // apart from each other in the picture's palette, whatever they look like.
            Hues::Apart => {
                let first = rng.f32();
                std::array::from_fn(|number| {
                    pure_ink(theme, ground, first + number as f32 / count as f32)
                })
            }
        };
        Self {
            ground,
            inks,
            count,
        }
    }

    /// Writes the colour of every code, in the order of the codes, as a PNG's PLTE chunk wants them,
    /// in place of what was there.
    pub(super) fn write(&self, entries: &mut Vec<u8>) {
        entries.clear();
        for &ink in &self.inks[..self.count] {
            for level in 0..=LEVELS {
                entries.extend(mix(self.ground, ink, level));
            }
        }
    }
}

/// The colour of a pixel that an ink covers at a level.
fn mix(ground: Colour, ink: Colour, level: u8) -> Colour {
    let (level, levels) = (u16::from(level), u16::from(LEVELS));
    std::array::from_fn(|channel| {
        let (below, above) = (u16::from(ground[channel]), u16::from(ink[channel]));
        ((below * (levels - level) + above * level + levels / 2) / levels) as u8
    })
}

fn ground(theme: Theme, rng: &mut fastrand::Rng) -> Colour {
    match theme {
        Theme::Light => colour(192, 255, rng),
        Theme::Dark => dark_ground(rng),
    }
}

fn dark_ground(rng: &mut fastrand::Rng) -> Colour {
    (0..TRIES_MAX)
        .map(|_| colour(0, 96, rng))
        .find(|&ground| luminance(ground) <= DARK_LUMINANCE_MAX)
        .unwrap_or([0, 0, 0])
}

fn ink(theme: Theme, ground: Colour, rng: &mut fastrand::Rng) -> Colour {
    let ([lowest, highest], safe) = ink_range(theme);
    (0..TRIES_MAX)
        .map(|_| colour(lowest, highest, rng))
        .find(|&ink| CONTRAST_MIN <= contrast(ground, ink))
        .unwrap_or(safe)
}

/// Lowest and highest value of an ink's channels, and an ink that every ground has the contrast to.
fn ink_range(theme: Theme) -> ([u8; 2], Colour) {
    match theme {
        Theme::Light => ([0, 96], [0, 0, 0]),
        Theme::Dark => ([128, 192], [192, 192, 192]),
    }
}

/// The ink of a hue, in turns around the circle from red, that is as pure as the ground allows.
fn pure_ink(theme: Theme, ground: Colour, hue: f32) -> Colour {
    let ([lowest, highest], safe) = ink_range(theme);
    let pure = std::array::from_fn(|channel| {
        let away = (hue - channel as f32 / 3.0).rem_euclid(1.0);
        let share = (2.0 - 6.0 * away.min(1.0 - away)).clamp(0.0, 1.0);
        lowest + (share * f32::from(highest - lowest)) as u8
    });
    (0..=LEVELS)
        .map(|level| mix(pure, safe, level))
        .find(|&ink| CONTRAST_MIN <= contrast(ground, ink))
        .unwrap_or(safe)
}

fn colour(lowest: u8, highest: u8, rng: &mut fastrand::Rng) -> Colour {
    std::array::from_fn(|_| rng.u8(lowest..=highest))
}

/// The ratio of WCAG 2.1, from 1 for equal colours to 21 for black and white.
fn contrast(one: Colour, other: Colour) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance of WCAG 2.1, from 0 for black to 1 for white.
fn luminance([red, green, blue]: Colour) -> f32 {
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/// A channel of sRGB as an amount of light.
fn linear(channel: u8) -> f32 {
    let value = f32::from(channel) / 255.0;
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ink::CODES_MAX;
    use super::super::manner::{DISTORTED, UPRIGHT};
    use super::*;

    const THEMES: [Theme; 2] = [Theme::Light, Theme::Dark];

    #[test]
    fn luminance_is_that_of_the_standard() {
        // Black, white, and the grey which is the lightest to have 4.5:1 on white.
        assert!(luminance([0, 0, 0]) < 1e-6);
        assert!((luminance([255, 255, 255]) - 1.0).abs() < 1e-6);
        assert!((contrast([118, 118, 118], [255, 255, 255]) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_ink_is_visible_on_its_ground() {
        for seed in 0..2_000 {
            for theme in THEMES {
                let mut rng = fastrand::Rng::with_seed(seed);
                let random = Palette::new(theme, &UPRIGHT, &mut rng);
                let apart = Palette::new(theme, &DISTORTED, &mut rng);
                for palette in [random, apart] {
                    for ink in palette.inks {
                        let contrast = contrast(palette.ground, ink);
                        assert!(3.0 <= contrast, "{contrast} in {theme:?}, seed {seed}");
                    }
                }
            }
        }
    }

    #[test]
    fn colours_are_within_the_theme() {
        for seed in 0..2_000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let light = Palette::new(Theme::Light, &UPRIGHT, &mut rng);
            assert!(
                light
                    .ground
                    .iter()
                    .all(|channel| (192..=255).contains(channel))
            );
            assert!(
                light
                    .inks
                    .iter()
                    .flatten()
                    .all(|channel| (0..=96).contains(channel))
            );
            let dark = Palette::new(Theme::Dark, &UPRIGHT, &mut rng);
            assert!(dark.ground.iter().all(|channel| (0..=96).contains(channel)));
            assert!(
                dark.inks
                    .iter()
                    .flatten()
                    .all(|channel| (128..=192).contains(channel))
            );
        }
    }

    /// Any two are as far from each other as a third of what the theme's inks have room for, in one
    /// channel at least; most are further. Random ones come closer in every other picture.
    #[test]
    fn few_inks_are_told_apart() {
        for seed in 0..2_000 {
            for theme in THEMES {
                let inks =
                    Palette::new(theme, &DISTORTED, &mut fastrand::Rng::with_seed(seed)).inks;
                let ([lowest, highest], _) = ink_range(theme);
                for (number, one) in inks[..4].iter().enumerate() {
                    assert!(
                        one.iter()
                            .all(|channel| (lowest..=highest).contains(channel))
                    );
                    for other in &inks[..number] {
                        let channels = one.iter().zip(other);
                        let away = channels.map(|(one, other)| one.abs_diff(*other)).max();
                        assert!(
                            Some((highest - lowest) / 3) <= away,
                            "{theme:?}, seed {seed}"
                        );
                    }
                }
            }
        }
    }

    /// The hue of the first ink is drawn anew for every picture, so that no colour tells which ink it
    /// is: over many pictures, each channel is the brightest of that ink in about a third of them.
    #[test]
    fn hues_differ_from_picture_to_picture() {
        for theme in THEMES {
            let mut brightest = [0; 3];
            for seed in 0..600 {
                let mut rng = fastrand::Rng::with_seed(seed);
                let ink = Palette::new(theme, &DISTORTED, &mut rng).inks[0];
                let most = ink.iter().max();
                let channel = ink.iter().position(|channel| Some(channel) == most);
                brightest[channel.unwrap()] += 1;
            }
            let is_third = |count: &i32| (120..280).contains(count);
            assert!(brightest.iter().all(is_third), "{brightest:?} in {theme:?}");
        }
    }

    /// The safe colours are there to bound the loops; if they showed, a picture would have fewer
    /// colours than it should.
    #[test]
    fn safe_colours_are_never_needed() {
        for seed in 0..500 {
            let mut rng = fastrand::Rng::with_seed(seed);
            for theme in THEMES {
                let palette = Palette::new(theme, &UPRIGHT, &mut rng);
                assert_ne!(palette.ground, [0, 0, 0]);
                let safe = |ink: &&Colour| **ink == [0, 0, 0] || **ink == [192, 192, 192];
                assert_eq!(palette.inks.iter().find(safe), None);
            }
        }
    }

    #[test]
    fn tones_run_from_ground_to_ink() {
        let palette = Palette::new(Theme::Light, &UPRIGHT, &mut fastrand::Rng::with_seed(3));
        let mut entries = vec![9; 9];
        palette.write(&mut entries);
        assert_eq!(entries.len(), 3 * CODES_MAX);
        assert_eq!(entries[..3], palette.ground);
        let last = 3 * usize::from(LEVELS);
        assert_eq!(entries[last..last + 3], palette.inks[0]);
        let end = 3 * CODES_MAX - 3;
        assert_eq!(entries[end..], palette.inks[INKS_MAX - 1]);
        // On a light ground each level is darker than the one before.
        let reds: Vec<u8> = (0..=usize::from(LEVELS))
            .map(|level| entries[3 * level])
            .collect();
        assert!(reds.is_sorted_by(|one, next| one > next), "{reds:?}");

        let few = Palette::new(Theme::Light, &DISTORTED, &mut fastrand::Rng::with_seed(3));
        few.write(&mut entries);
        assert_eq!(entries.len(), 3 * 4 * (1 + usize::from(LEVELS)));
        assert_eq!(entries[entries.len() - 3..], few.inks[3]);
    }
}

//! The colours of a picture: one ground, and the inks that everything on it is drawn with.
//!
//! Knows nothing of shapes. Every ink is well visible on the ground: WCAG 2.1 requires a contrast of
//! 3:1 for graphics that must be understood (section 1.4.11). Noise has it as well; otherwise machines
//! could distinguish it from letters.
//!
//! All inks of a picture are equally bright. Those of letters differ in hue as much as they can, and
//! that of lines is grey. So people see colourful letters in front of grey lines, and distinguish letters
//! that cross by their hues; to a machine that looks at shades of grey they are all one shape.

use std::ops::RangeInclusive;

use super::ink::{INKS, LETTER_INKS, LEVELS};
use super::theme::Theme;

/// Red, green and blue in sRGB.
type Colour = [u8; 3];
/// Red, green and blue as amounts of light, from 0 to 1.
type Light = [f32; 3];

/// The light without a hue.
const WHITE: Light = [1.0; 3];

/// Brightness of a theme: luminances of WCAG 2.1, from 0 for black to 1 for white.
struct Brightness {
    /// That of the ground.
    ground: f32,
    /// That of the inks.
    ink: f32,
}

impl Brightness {
    fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self {
                ground: 0.86,
                ink: 0.13,
            },
            Theme::Dark => Self {
                ground: 0.018,
                ink: 0.34,
            },
        }
    }
}

/// How far the ground is from grey, where 1 is as colourful as light can be.
const TINT: f32 = 0.12;
/// Least contrast between ground and ink, with room for channels that are rounded.
const CONTRAST_MIN: f32 = 3.1;
/// Luminances between which inks have hues that can be told apart.
const INK_LUMINANCES: RangeInclusive<f32> = 0.02..=0.6;

/// A ground that somebody chose, on which inks can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ground(Colour);

impl Ground {
    /// Reads a colour such as `#fffaf0`. None if it is no such colour, or if its brightness is so
    /// much in the middle that neither dark nor bright inks have enough contrast.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let colour = u32::from_str_radix(digits, 16)
            .ok()
            .filter(|_| is_hexadecimal)?;
        let [_, red, green, blue] = colour.to_be_bytes();
        let ground = Self([red, green, blue]);
        [Theme::Light, Theme::Dark]
            .iter()
            .any(|theme| ground.ink_luminance(*theme).is_some())
            .then_some(ground)
    }

    /// The luminance of a theme's inks on this ground; none if they would not stand out.
    fn ink_luminance(self, theme: Theme) -> Option<f32> {
        let usual = Brightness::of(theme).ink;
        let ground = luminance(self.0.map(decode)) + 0.05;
        let ink = match theme {
            Theme::Light => usual.min(ground / CONTRAST_MIN - 0.05),
            Theme::Dark => usual.max(ground * CONTRAST_MIN - 0.05),
        };
        Some(ink).filter(|ink| INK_LUMINANCES.contains(ink))
    }
}

/// The colours of one picture.
pub(super) struct Palette {
    ground: Colour,
    inks: [Colour; INKS],
}

impl Palette {
    /// Draws the colours of a picture of this theme.
    pub(super) fn new(theme: Theme, chosen: Option<Ground>, rng: &mut fastrand::Rng) -> Self {
        let mut brightness = Brightness::of(theme);
        let tint = pure(rng.f32()).map(|light| TINT * light + 1.0 - TINT);
        let mut ground = encode(with_luminance(tint, brightness.ground));
        if let Some((chosen, ink)) =
            chosen.and_then(|chosen| Some((chosen, chosen.ink_luminance(theme)?)))
        {
            (ground, brightness.ink) = (chosen.0, ink);
        }
        let first = rng.f32();
        Self {
            ground,
            inks: std::array::from_fn(|number| {
                // That of lines has number 0.
                let light = match number.checked_sub(1) {
                    Some(letter) => pure(first + letter as f32 / LETTER_INKS as f32),
                    None => WHITE,
                };
                encode(with_luminance(light, brightness.ink))
            }),
        }
    }

    /// Writes the colour of every code, in the order of the codes, as a PNG's PLTE chunk wants them,
    /// in place of what was there.
    pub(super) fn write(&self, entries: &mut Vec<u8>) {
        entries.clear();
        for &ink in &self.inks {
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

/// The purest light of a hue, in turns around the circle from red.
fn pure(hue: f32) -> Light {
    std::array::from_fn(|channel| {
        let away = (hue - channel as f32 / 3.0).rem_euclid(1.0);
        (2.0 - 6.0 * away.min(1.0 - away)).clamp(0.0, 1.0)
    })
}

/// The light of this hue that has a luminance: less of it where it is too bright, and mixed with
/// white where it is too dark.
fn with_luminance(light: Light, wanted: f32) -> Light {
    let found = luminance(light);
    if wanted < found {
        light.map(|channel| channel * wanted / found)
    } else {
        let white = (wanted - found) / (1.0 - found);
        light.map(|channel| channel + white * (1.0 - channel))
    }
}

/// Relative luminance of WCAG 2.1, from 0 for black to 1 for white.
fn luminance([red, green, blue]: Light) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The amount of light of a channel of sRGB.
fn decode(channel: u8) -> f32 {
    let value = f32::from(channel) / 255.0;
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// A light in sRGB.
fn encode(light: Light) -> Colour {
    light.map(|channel| {
        let value = if channel <= 0.003_130_8 {
            12.92 * channel
        } else {
            1.055 * channel.powf(1.0 / 2.4) - 0.055
        };
        (255.0 * value).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::super::ink::CODES;
    use super::*;

    const THEMES: [Theme; 2] = [Theme::Light, Theme::Dark];

    fn palette(theme: Theme, seed: u64) -> Palette {
        Palette::new(theme, None, &mut fastrand::Rng::with_seed(seed))
    }

    /// The ratio of WCAG 2.1, from 1 for equal colours to 21 for black and white.
    fn contrast(one: Colour, other: Colour) -> f32 {
        let [one, other] = [one, other].map(|colour| luminance(colour.map(decode)) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn luminance_is_that_of_the_standard() {
        // Black, white, and the grey which is the lightest to have 4.5:1 on white.
        assert!(luminance([0.0; 3]) < 1e-6);
        assert!((luminance([1.0; 3]) - 1.0).abs() < 1e-6);
        assert!((contrast([118, 118, 118], [255, 255, 255]) - 4.54).abs() < 0.01);
    }

    #[test]
    fn channels_are_encoded_and_decoded() {
        for channel in 0..=255 {
            assert_eq!(encode([decode(channel); 3]), [channel; 3]);
        }
    }

    #[test]
    fn every_ink_is_visible_on_its_ground() {
        for (seed, theme) in (0..5_000).flat_map(|seed| THEMES.map(|theme| (seed, theme))) {
            let palette = palette(theme, seed);
            for ink in palette.inks {
                let contrast = contrast(palette.ground, ink);
                assert!(5.0 < contrast, "{contrast} in {theme:?}, seed {seed}");
            }
        }
    }

    /// To a machine that looks at shades of grey they are one.
    #[test]
    fn inks_of_a_picture_are_equally_bright() {
        for (seed, theme) in (0..1_000).flat_map(|seed| THEMES.map(|theme| (seed, theme))) {
            let inks = palette(theme, seed).inks;
            for ink in inks {
                assert!(contrast(inks[0], ink) < 1.05, "{inks:?}");
            }
        }
    }

    /// Any two are at least 64 of 255 apart in one channel.
    #[test]
    fn inks_are_told_apart() {
        for (seed, theme) in (0..2_000).flat_map(|seed| THEMES.map(|theme| (seed, theme))) {
            let inks = palette(theme, seed).inks;
            for (number, one) in inks.iter().enumerate() {
                for other in &inks[..number] {
                    let channels = one.iter().zip(other);
                    let away = channels.map(|(one, other)| one.abs_diff(*other)).max();
                    assert!(Some(64) <= away, "{theme:?}, seed {seed}: {inks:?}");
                }
            }
        }
    }

    /// Grounds are tints of one brightness: no channel is far from another.
    #[test]
    fn grounds_are_calm() {
        for (seed, theme) in (0..2_000).flat_map(|seed| THEMES.map(|theme| (seed, theme))) {
            let ground = palette(theme, seed).ground;
            let (least, most) = (ground.iter().min().unwrap(), ground.iter().max().unwrap());
            assert!(most - least <= 24, "{ground:?}");
            let bright = luminance(ground.map(decode));
            assert!(
                (bright - Brightness::of(theme).ground).abs() < 0.01,
                "{ground:?}"
            );
        }
    }

    /// The hue of the first ink of letters is drawn for every picture, so that no colour tells which ink it
    /// is: over many pictures, each channel is the brightest of that ink in about a third of them.
    #[test]
    fn hues_differ_from_picture_to_picture() {
        for theme in THEMES {
            let mut brightest = [0; 3];
            for seed in 0..600 {
                let ink = palette(theme, seed).inks[1];
                let most = ink.iter().max();
                let channel = ink.iter().position(|channel| Some(channel) == most);
                brightest[channel.unwrap()] += 1;
            }
            let is_third = |count: &i32| (120..280).contains(count);
            assert!(brightest.iter().all(is_third), "{brightest:?} in {theme:?}");
        }
    }

    #[test]
    fn grounds_are_read_as_style_sheets_write_them() {
        for right in ["#ffffff", "#000000", "#FFfaF0", "#1e3a5f", "#ff8800"] {
            assert!(Ground::parse(right).is_some(), "{right}");
        }
        for wrong in [
            "",
            "#",
            "#fff",
            "ffffff",
            "#fffffff",
            "#ggffff",
            "#+fffff",
            "#\u{e9}ffff",
        ] {
            assert_eq!(Ground::parse(wrong), None, "{wrong}");
        }
    }

    /// Every ground that is accepted, of all greys and of many colours, is that of the pictures of its
    /// theme, and the other theme keeps its own.
    #[test]
    fn inks_are_visible_on_every_ground_that_is_accepted() {
        let mut rng = fastrand::Rng::with_seed(1);
        let greys = (0..=255).map(|grey| [grey; 3]);
        let colours = (0..3_000).map(|_| std::array::from_fn(|_| rng.u8(..)));
        let mut refused = 0;
        for (seed, colour) in (0..).zip(greys.chain(colours.collect::<Vec<_>>())) {
            let [red, green, blue] = colour;
            let Some(ground) = Ground::parse(&format!("#{red:02x}{green:02x}{blue:02x}")) else {
                refused += 1;
                continue;
            };
            let mut chosen = 0;
            for theme in THEMES {
                let rng = &mut fastrand::Rng::with_seed(seed);
                let palette = Palette::new(theme, Some(ground), rng);
                chosen += usize::from(palette.ground == colour);
                for ink in palette.inks {
                    assert!(3.0 <= contrast(palette.ground, ink), "{colour:?} {ink:?}");
                }
            }
            assert!(1 <= chosen, "{colour:?}");
        }
        assert!((1..200).contains(&refused), "{refused}");
    }

    #[test]
    fn tones_run_from_ground_to_ink() {
        let palette = palette(Theme::Light, 3);
        let mut entries = vec![9; 9];
        palette.write(&mut entries);
        assert_eq!(entries.len(), 3 * CODES);
        assert_eq!(entries[..3], palette.ground);
        let last = 3 * usize::from(LEVELS);
        assert_eq!(entries[last..last + 3], palette.inks[0]);
        assert_eq!(entries[3 * CODES - 3..], palette.inks[INKS - 1]);
        // On a light ground each level is darker than the one before.
        let greens: Vec<u8> = (0..=usize::from(LEVELS))
            .map(|level| entries[3 * level + 1])
            .collect();
        assert!(greens.is_sorted_by(|one, next| one > next), "{greens:?}");
    }
}

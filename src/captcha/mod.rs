//! Text to PNG bytes.
//!
//! The [`text`] module draws a text. `layout` puts its letters next to each other, each in its own
//! size, angle and thickness. Then `lines` cross the ground, and small letters cover what they leave of
//! it (`noise`). The text is drawn over both in hollow letters (`glyph`), and dots are scattered over all.
//! All inks are equally bright, and that of lines is grey: people tell letters from lines by their
//! colours, and a machine that looks at shades of grey cannot. A `displacement` map bends letters and
//! lines. What is drawn are bytes of a `canvas`, one a pixel: each says which `ink` covers the pixel and
//! at which level. A `palette` gives them colours, and `png` makes a file of both.
//!
//! `tuning` has the numbers for all of this, such as thickness and overlap; `ink` has
//! the number of inks, and `palette` the contrast.
//!
//! The shapes of the letters are prepared when they are first drawn, in a [`Font`] that all share. Each
//! worker has a [`Painter`] with buffers that are used again for every picture.
//!
//! Nothing here knows requests or the store. Random generators are parameters: the same generator
//! draws the same picture, and it never chooses a text.
//!
//! # Units
//!
//! Names end in the unit of their value.
//!
//! - `px`: a pixel of the picture. Places are counted from its upper left corner, x to the right and
//!   y down, so that the middle of the first pixel is at 0.5, 0.5.
//! - `bases`: the base size, which grows with the picture (`frame`); 75 px in the usual picture of
//!   600 x 200 px with six letters, to which all numbers in brackets belong.
//! - `ems`: the size of the font, in which glyphs are designed. A letter is drawn at so many px per em.
//! - `cells`: what the signed distance fields of glyphs are measured in (`field`), 64 to the em.
//! - Blocks of 4 x 4 px are what is drawn at once; nodes of the displacement map are their corners.
//! - Levels: how much of a pixel an ink covers, from 0 to 3.

// Sides end at 2,000 pixels and fields at some hundred cells, so that every coordinate and distance
// fits the types it is cast to; each cast from float is of a value clamped or bounded so.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]
// What is done for every pixel is put in place always: a call takes as long as the work.
#![allow(clippy::inline_always)]

pub mod text;

mod bounds;
mod canvas;
mod coverage;
mod displacement;
mod field;
mod font;
mod frame;
mod glyph;
mod ink;
mod layout;
mod lines;
mod noise;
mod number;
mod palette;
mod png;
mod size;
mod theme;
mod transform;
mod tuning;

use std::sync::Arc;

pub use self::font::{FONT_FILE, Font};
pub use self::palette::Ground;
pub use self::size::{CHAR_PX_MIN, SIDE_PX_MAX, SizeError, check};
pub use self::theme::{Theme, ThemeChoice};
pub use self::tuning::Difficulty;

use self::canvas::{Canvas, Paint};
use self::coverage::Fill;
use self::displacement::Displacement;
use self::frame::Frame;
use self::ink::CODES;
use self::layout::Letter;
use self::palette::Palette;
use self::text::{Alphabet, TEXT_CHARS_MAX};
use self::tuning::Tuning;

/// What an operator decides about captchas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Characters of a random text.
    pub length: usize,
    /// The characters it is drawn from.
    pub alphabet: Alphabet,
    /// The pictures, but for their theme.
    pub style: Style,
    /// The theme of pictures for requests that name none.
    pub theme: ThemeChoice,
}

/// What a picture is to look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Width in pixels, exactly.
    pub width: u16,
    /// Height in pixels, exactly.
    pub height: u16,
    /// Brightness of ground and inks.
    pub theme: Theme,
    /// Whether small letters are drawn behind the text.
    pub background_noise: bool,
    /// Whether there are lines behind the text and dots over it.
    pub foreground_noise: bool,
    /// How hard it is to read.
    pub difficulty: Difficulty,
    /// The ground of the theme that it belongs to; without one, each picture has its own.
    pub ground: Option<Ground>,
}

/// Paints pictures one after the other, with buffers that are used again: after the first of a size
/// nothing is allocated but the bytes of the answer, and the shapes of letters that are new to the font.
pub struct Painter {
    font: Arc<Font>,
    canvas: Canvas,
    /// Red, green and blue of every code.
    palette: Vec<u8>,
    displacement: Displacement,
    letters: Vec<Letter>,
    encoder: png::Encoder,
}

impl Painter {
    /// A painter who draws with this font.
    #[must_use]
    pub fn new(font: Arc<Font>) -> Self {
        Self {
            font,
            canvas: Canvas::new(),
            palette: Vec::with_capacity(3 * CODES),
            displacement: Displacement::new(),
            letters: Vec::with_capacity(TEXT_CHARS_MAX),
            encoder: png::Encoder::new(),
        }
    }

    /// Paints a text and appends the PNG to `png`: [`draw`](Self::draw), then
    /// [`encode`](Self::encode). The same text, style and generator give the same bytes. White
    /// space and control characters take room, and other characters than ASCII letters and digits
    /// show the font's shape for what is missing.
    ///
    /// # Errors
    ///
    /// When [`check`] refuses the text's length or the style's size.
    pub fn paint(
        &mut self,
        text: &str,
        style: &Style,
        rng: &mut fastrand::Rng,
        png: &mut Vec<u8>,
    ) -> Result<(), SizeError> {
        self.draw(text, style, rng)?;
        self.encode(png);
        Ok(())
    }

    /// Draws a text in colours of its own, in place of what was drawn before.
    ///
    /// # Errors
    ///
    /// When [`check`] refuses the text's length or the style's size.
    pub fn draw(
        &mut self,
        text: &str,
        style: &Style,
        rng: &mut fastrand::Rng,
    ) -> Result<(), SizeError> {
        check(text.chars().count(), style.width, style.height)?;
        Palette::new(style.theme, style.ground, rng).write(&mut self.palette);
        self.compose(text, *style, rng);
        Ok(())
    }

    /// Appends what was drawn last to `png`.
    ///
    /// # Panics
    ///
    /// When nothing was drawn yet.
    pub fn encode(&mut self, png: &mut Vec<u8>) {
        self.encoder.encode(&self.canvas, &self.palette, png);
    }

    /// Everything on the canvas.
    fn compose(&mut self, text: &str, style: Style, rng: &mut fastrand::Rng) {
        let (width, height) = (style.width, style.height);
        let tuning = Tuning::of(style.difficulty);
        let frame = Frame::new(width, height, text.chars().count(), tuning);
        let (canvas, displacement, font) = (&mut self.canvas, &mut self.displacement, &*self.font);
        let letters = &mut self.letters;
        canvas.clear(width.into(), height.into());
        displacement.prepare(&frame, rng);
        let middle_px = layout::arrange(text, font, &frame, rng, letters);
        // Lines come first: they are joined by the greater code, which holds while no other ink is there.
        // Small letters are laid under them.
        if style.foreground_noise {
            lines::draw(canvas, displacement, &frame, middle_px, rng);
        }
        if style.background_noise {
            noise::letters(canvas, displacement, font, &frame, letters, rng);
        }
        for letter in letters {
            if let Some(glyph) = font.glyph(letter.character) {
                glyph::draw(
                    canvas,
                    displacement,
                    glyph,
                    &letter.pose,
                    Fill::Nothing,
                    Paint::Over(letter.ink),
                );
            }
        }
        if style.foreground_noise {
            noise::dots(canvas, &frame, rng);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::font::TEST_FONT;
    use super::ink::Ink;
    use super::*;

    const USUAL: Style = Style {
        width: 600,
        height: 200,
        theme: Theme::Light,
        background_noise: true,
        foreground_noise: true,
        difficulty: Difficulty::Normal,
        ground: None,
    };
    const DIFFICULTIES: [Difficulty; 3] = [Difficulty::Easy, Difficulty::Normal, Difficulty::Hard];
    const BARE: Style = Style {
        background_noise: false,
        foreground_noise: false,
        ..USUAL
    };

    fn painter() -> Painter {
        Painter::new(Arc::clone(&TEST_FONT))
    }

    fn rng(seed: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(seed)
    }

    fn painted(text: &str, style: Style, seed: u64) -> Vec<u8> {
        let mut png = Vec::new();
        painter()
            .paint(text, &style, &mut rng(seed), &mut png)
            .unwrap();
        png
    }

    /// The canvas alone, which is quicker than a PNG and back.
    fn drawn(text: &str, style: Style, seed: u64) -> Canvas {
        let mut painter = painter();
        painter.compose(text, style, &mut rng(seed));
        painter.canvas
    }

    /// Palette and codes of a PNG, which must have the size and be indexed.
    fn decoded(png: &[u8], style: Style) -> (Vec<[u8; 3]>, Vec<u8>) {
        let mut decoder = ::png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(::png::Transformations::IDENTITY);
        let mut reader = decoder.read_info().unwrap();
        let info = reader.info();
        assert_eq!(
            (info.width, info.height),
            (style.width.into(), style.height.into())
        );
        assert_eq!(info.color_type, ::png::ColorType::Indexed);
        let palette = info.palette.as_ref().unwrap().as_chunks().0.to_vec();
        let mut codes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut codes).unwrap();
        (palette, codes)
    }

    fn inked(codes: &[u8]) -> usize {
        codes.iter().filter(|&&code| code != 0).count()
    }

    #[test]
    fn pictures_have_the_size_and_ink_of_every_length() {
        let sizes = [
            (600, 200),
            (601, 199),
            (196, 28),
            (200, 80),
            (250, 500),
            (2000, 40),
        ];
        for (width, height) in sizes {
            for length in 1..=12 {
                let text: String = "aB3dE6gH9kM2".chars().take(length).collect();
                let style = Style {
                    width,
                    height,
                    difficulty: DIFFICULTIES[length % 3],
                    ..USUAL
                };
                let (palette, codes) = decoded(&painted(&text, style, length as u64), style);
                assert!(
                    codes.len() / 50 < inked(&codes),
                    "{text} at {width}x{height}"
                );
                assert!(codes.iter().all(|&code| usize::from(code) < palette.len()));
            }
        }
    }

    #[test]
    fn the_smallest_and_the_largest_pictures_are_painted() {
        for (text, width, height) in [
            ("W", 42, 28),
            ("WWWWWW", 112, 28),
            (&"W".repeat(TEXT_CHARS_MAX), 476, 28),
            ("W", 2000, 2000),
            (&"W".repeat(TEXT_CHARS_MAX), 476, 2000),
        ] {
            for difficulty in DIFFICULTIES {
                let style = Style {
                    width,
                    height,
                    difficulty,
                    ..USUAL
                };
                decoded(&painted(text, style, 1), style);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (text_chars, width, height, message) in [
            (0, 600, 200, "expected at least 1 character, but found none"),
            (33, 600, 200, "expected at most 32 characters, but found 33"),
            (
                6,
                2001,
                200,
                "expected at most 2000x2000 pixels, but found 2001x200",
            ),
            (
                6,
                600,
                2001,
                "expected at most 2000x2000 pixels, but found 600x2001",
            ),
            (
                6,
                111,
                200,
                "expected at least 112x28 pixels for 6 characters, but found 111x200",
            ),
            (
                6,
                600,
                27,
                "expected at least 112x28 pixels for 6 characters, but found 600x27",
            ),
            (
                1,
                0,
                0,
                "expected at least 42x28 pixels for 1 characters, but found 0x0",
            ),
        ] {
            assert_eq!(
                check(text_chars, width, height).unwrap_err().to_string(),
                message
            );
            let style = Style {
                width,
                height,
                ..USUAL
            };
            let mut png = Vec::new();
            let error = painter().paint(&"a".repeat(text_chars), &style, &mut rng(1), &mut png);
            assert_eq!(error.unwrap_err().to_string(), message);
            assert!(png.is_empty());
        }
        for (text_chars, width, height) in
            [(6, 112, 28), (1, 42, 28), (32, 476, 28), (1, 2000, 2000)]
        {
            assert_eq!(check(text_chars, width, height), Ok(()));
        }
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        let style = Style {
            width: 42,
            height: 28,
            ..USUAL
        };
        painted("\u{1f600}", style, 1);
    }

    #[test]
    fn the_same_generator_paints_the_same_picture() {
        let first = painted("aB3dE6", USUAL, 7);
        assert_eq!(first, painted("aB3dE6", USUAL, 7));
        assert_ne!(first, painted("aB3dE6", USUAL, 8));
        assert_ne!(first, painted("aB3dE7", USUAL, 7));
        // Nor does it matter what the painter painted before.
        let (mut painter, mut png) = (painter(), Vec::new());
        let large = Style {
            width: 900,
            height: 300,
            ..USUAL
        };
        painter
            .paint("zzzz", &large, &mut rng(1), &mut png)
            .unwrap();
        png.clear();
        painter
            .paint("aB3dE6", &USUAL, &mut rng(7), &mut png)
            .unwrap();
        assert_eq!(first, png);
    }

    #[test]
    fn the_ground_is_that_of_the_theme() {
        for seed in 0..8 {
            for (theme, range) in [(Theme::Light, 192..=255), (Theme::Dark, 0..=96)] {
                let style = Style { theme, ..BARE };
                let (palette, codes) = decoded(&painted("aB3dE6", style, seed), style);
                let ground = palette[usize::from(codes[0])];
                assert!(
                    ground.iter().all(|channel| range.contains(channel)),
                    "{theme:?}"
                );
                assert!(
                    codes.len() * 2 / 3 < codes.len() - inked(&codes),
                    "ground is the most"
                );
            }
        }
    }

    /// No ink on the outermost pixels, over thousands of pictures: letters have at least a pixel
    /// of ground around them.
    #[test]
    fn no_letter_touches_the_edge() {
        for (width, height, text, seeds) in [
            (112, 28, "Wg8jQM", 1_500),
            (42, 28, "W", 1_500),
            (120, 40, "gW?jMq", 500),
            (600, 200, "Wg8jQM", 60),
            (112, 300, "MWMWMW", 200),
        ] {
            let mut painter = painter();
            for seed in 0..seeds {
                let style = Style {
                    width,
                    height,
                    difficulty: DIFFICULTIES[seed as usize % 3],
                    ..BARE
                };
                painter.compose(text, style, &mut rng(seed));
                let canvas = &mut painter.canvas;
                let last = canvas.height() - 1;
                let edge = [0, last].map(|y| inked(&canvas.row(y)));
                assert_eq!(edge, [0, 0], "{width}x{height}, seed {seed}");
                for y in 0..last {
                    let row = canvas.row(y);
                    assert_eq!(
                        (row[0], row[row.len() - 1]),
                        (0, 0),
                        "{width}x{height}, seed {seed}"
                    );
                }
                assert!(0 < inked(&canvas.codes()));
            }
        }
    }

    #[test]
    fn every_character_is_drawn_and_unlike_the_others() {
        let style = Style {
            width: 120,
            height: 120,
            ..BARE
        };
        let letters: Vec<char> = text::USUAL.chars().collect();
        let pictures: Vec<Vec<u8>> = letters
            .iter()
            .map(|letter| drawn(&letter.to_string(), style, 5).codes())
            .collect();
        for (i, picture) in pictures.iter().enumerate() {
            let letter = letters[i];
            assert!(250 < inked(picture), "{letter}: {}", inked(picture));
            for other in i + 1..pictures.len() {
                let pairs = picture.iter().zip(&pictures[other]);
                let differing = pairs
                    .filter(|(one, other)| (**one == 0) != (**other == 0))
                    .count();
                assert!(60 < differing, "{letter} and {}", letters[other]);
            }
        }
    }

    #[test]
    fn switches_of_noise_do_what_they_say() {
        let ink = |background_noise, foreground_noise| -> usize {
            let style = Style {
                background_noise,
                foreground_noise,
                ..USUAL
            };
            (0..10)
                .map(|seed| inked(&drawn("aB3dE6", style, seed).codes()))
                .sum()
        };
        let [bare, behind, before, both] = [
            ink(false, false),
            ink(true, false),
            ink(false, true),
            ink(true, true),
        ];
        assert!(bare * 11 / 10 < behind, "{bare} {behind}");
        assert!(bare * 11 / 10 < before, "{bare} {before}");
        assert!(behind < both && before < both, "{behind} {before} {both}");

        // Without any, letters are all there is: no ink in a text of blanks.
        assert_eq!(inked(&drawn(" \t\n", BARE, 1).codes()), 0);
    }

    /// Lines cross every column in the middle of the picture. What has another ink are dots.
    #[test]
    fn noise_in_front_is_dots_and_lines() {
        let style = Style {
            foreground_noise: true,
            ..BARE
        };
        for seed in 0..10 {
            let canvas = drawn("      ", style, seed);
            let rows: Vec<Vec<u8>> = (0..canvas.height()).map(|y| canvas.row(y)).collect();
            let middle = &rows[33..167];
            let is_dot = |code: &u8| *code != 0 && Ink::of(*code) != Ink::OF_LINES;
            let dots = canvas.codes().iter().filter(|code| is_dot(code)).count();
            assert!((500..1_500).contains(&dots), "{dots}, seed {seed}");
            let crossed = |x: &usize| middle.iter().any(|row| row[*x] != 0);
            assert_eq!((20..595).find(|x| !crossed(x)), None, "seed {seed}");
        }
    }

    /// The inks of a picture of so many letters, and of nothing else.
    fn inks_of_letters(letters: usize, style: Style, seed: u64) -> usize {
        let codes = drawn(&"W".repeat(letters), style, seed).codes();
        let mut inks: Vec<Ink> = codes
            .into_iter()
            .filter(|code| *code != 0)
            .map(Ink::of)
            .collect();
        inks.sort_unstable();
        inks.dedup();
        inks.len()
    }

    /// Letters that cross can be distinguished by their inks: a letter shares none with the two before.
    #[test]
    fn neighbours_never_share_an_ink() {
        for seed in 0..100 {
            for difficulty in DIFFICULTIES {
                let style = Style { difficulty, ..BARE };
                for letters in [2, 3] {
                    assert_eq!(
                        inks_of_letters(letters, style, seed),
                        letters,
                        "seed {seed}"
                    );
                }
            }
        }
    }

    /// What is drawn without the text is noise. Where it meets a letter, it has another ink: letters
    /// that were drawn with it inside and without it differ in no pixel of the letter's own ink.
    #[test]
    fn no_small_letter_has_the_ink_of_a_letter_that_it_touches() {
        for (seed, difficulty) in (0..40).flat_map(|seed| DIFFICULTIES.map(|level| (seed, level))) {
            let mut painter = painter();
            let style = Style {
                background_noise: true,
                difficulty,
                ..BARE
            };
            painter.compose("SWX3e8", style, &mut rng(seed));
            let frame = Frame::new(style.width, style.height, 6, Tuning::of(difficulty));
            let letters = std::mem::take(&mut painter.letters);
            let mut canvas = Canvas::new();
            for one in &letters {
                let alone = |canvas: &mut Canvas| {
                    canvas.clear(style.width.into(), style.height.into());
                    noise::letters(
                        canvas,
                        &painter.displacement,
                        &TEST_FONT,
                        &frame,
                        std::slice::from_ref(one),
                        &mut rng(seed),
                    );
                    canvas.codes()
                };
                let behind = alone(&mut canvas);
                canvas.clear(style.width.into(), style.height.into());
                let glyph = TEST_FONT.glyph(one.character).unwrap();
                let map = &painter.displacement;
                glyph::draw(
                    &mut canvas,
                    map,
                    glyph,
                    &one.pose,
                    Fill::Ink,
                    Paint::Over(one.ink),
                );
                for (letter, noise) in canvas.codes().into_iter().zip(behind) {
                    let is_met = letter != 0 && noise != 0;
                    assert!(!is_met || Ink::of(noise) != one.ink, "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn no_line_has_the_ink_of_a_letter() {
        for (seed, difficulty) in (0..40).flat_map(|seed| DIFFICULTIES.map(|level| (seed, level))) {
            let mut painter = painter();
            let style = Style {
                difficulty,
                ..USUAL
            };
            painter.compose("SWX3e8", style, &mut rng(seed));
            let lines = Ink::OF_LINES;
            assert!(
                painter.letters.iter().all(|letter| letter.ink != lines),
                "seed {seed}"
            );
            let codes = painter.canvas.codes();
            let crossing = codes
                .iter()
                .filter(|code| **code != 0 && Ink::of(**code) == lines);
            assert!(1_000 < crossing.count(), "seed {seed}");
        }
    }

    /// Text in reading order: blotting out the left half of a picture takes the first letters away.
    #[test]
    fn the_first_letter_is_on_the_left() {
        let (width, half) = (usize::from(BARE.width), usize::from(BARE.width) / 2);
        for seed in 0..10 {
            for (text, is_left) in [("W          ", true), ("          W", false)] {
                let canvas = drawn(text, BARE, seed);
                let left: usize = canvas
                    .codes()
                    .chunks(width)
                    .map(|row| inked(&row[..half]))
                    .sum();
                assert_eq!(
                    2 * left > inked(&canvas.codes()),
                    is_left,
                    "{text:?}, seed {seed}"
                );
            }
        }
    }

    #[test]
    fn missing_characters_are_drawn_as_a_box() {
        let style = Style {
            width: 120,
            height: 120,
            ..BARE
        };
        let missing = drawn("é", style, 3);
        assert_eq!(missing.codes(), drawn("!", style, 3).codes());
        assert!(300 < inked(&missing.codes()));
        assert_ne!(missing.codes(), drawn("e", style, 3).codes());
    }

    /// What is below imports nothing from what is above it: every file only from those before it here.
    #[test]
    fn files_import_in_one_direction() {
        const ORDER: &[&str] = &[
            "number",
            "text",
            "size",
            "theme",
            "transform",
            "ink",
            "canvas",
            "coverage",
            "field",
            "font",
            "tuning",
            "bounds",
            "frame",
            "displacement",
            "glyph",
            "layout",
            "noise",
            "lines",
            "palette",
            "png",
        ];
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/captcha");
        for (place, name) in ORDER.iter().enumerate() {
            let file = match *name {
                "png" => folder.join("png/mod.rs"),
                _ => folder.join(format!("{name}.rs")),
            };
            let source = std::fs::read_to_string(file).unwrap();
            let source = source.split("mod tests {").next().unwrap();
            for import in source
                .lines()
                .filter_map(|line| line.strip_prefix("use super::"))
            {
                let end = import
                    .find("::")
                    .expect("imports are from files beside this one");
                let imported = &import[..end];
                assert!(
                    ORDER[..place].contains(&imported),
                    "{name} imports {imported}"
                );
            }
        }
    }
}

//! Text to PNG bytes.
//!
//! A captcha begins as a text of the [`text`] module's choice. Its letters are laid out from left
//! to right, each in its own size, angle and thickness; then the ground is covered with small
//! letters, the text is drawn over them in hollow letters, and dots and lines are strewn over all.
//! What is drawn are bytes of a canvas, one a pixel, each saying which ink covers it and how much;
//! a palette gives them colours, and together they become the PNG.
//!
//! The shapes of the letters are prepared once, in a [`Font`] that all share. Each worker has a
//! [`Painter`] with buffers that are used again for every picture.
//!
//! Nothing here knows of requests or of the captchas alive. Chance comes in through parameters:
//! the same generator paints the same picture, and none of it chooses a text.

// Sides end at 2,000 pixels and fields at some hundred cells, so that every coordinate and
// distance fits the types it is cast to; each cast from float is of a value clamped or bounded so.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

pub mod text;

mod canvas;
mod field;
mod font;
mod glyph;
mod layout;
mod noise;
mod palette;
mod png;
mod theme;

use std::error;
use std::fmt;
use std::sync::Arc;

pub use self::font::Font;
pub use self::theme::{Theme, ThemeChoice};

use self::canvas::{Canvas, Ink};
use self::glyph::Fill;
use self::layout::{Frame, Letter};
use self::palette::Palette;
use self::text::TEXT_CHARS_MAX;

/// Longest side of a picture. More is of no use to a reader, and bounds what a picture costs: four
/// megabytes of canvas.
pub const SIDE_PX_MAX: u16 = 2000;

/// Least width for each character of a text and for two more, as which the space around them
/// counts; and half of the least height. Letters are then at least as large as small print.
pub const CHAR_PX_MIN: u16 = 12;

/// What a picture is to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Width in pixels, exactly.
    pub width: u16,
    /// Height in pixels, exactly.
    pub height: u16,
    /// Brightness of ground and inks.
    pub theme: Theme,
    /// Whether small letters are drawn behind the text.
    pub background_noise: bool,
    /// Whether dots and lines are drawn over the text.
    pub foreground_noise: bool,
}

/// Why a picture of some size cannot hold a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeError {
    /// The text has no characters.
    NoText,
    /// The text has more than [`TEXT_CHARS_MAX`] characters.
    TextTooLong {
        /// How many it has.
        text_chars: usize,
    },
    /// A side is longer than [`SIDE_PX_MAX`].
    TooLarge {
        /// Width that was asked for.
        width: u16,
        /// Height that was asked for.
        height: u16,
    },
    /// The letters could not be read any more.
    TooSmall {
        /// Width that was asked for.
        width: u16,
        /// Height that was asked for.
        height: u16,
        /// Characters of the text.
        text_chars: usize,
    },
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoText => write!(f, "expected at least 1 character, but found none"),
            Self::TextTooLong { text_chars } => {
                write!(
                    f,
                    "expected at most {TEXT_CHARS_MAX} characters, but found {text_chars}"
                )
            }
            Self::TooLarge { width, height } => {
                write!(
                    f,
                    "expected at most {SIDE_PX_MAX}x{SIDE_PX_MAX} pixels, but found {width}x{height}"
                )
            }
            Self::TooSmall {
                width,
                height,
                text_chars,
            } => {
                let [width_min, height_min] = smallest(text_chars);
                write!(
                    f,
                    "expected at least {width_min}x{height_min} pixels for {text_chars} characters, \
                     but found {width}x{height}"
                )
            }
        }
    }
}

impl error::Error for SizeError {}

/// Whether a picture can hold a text of so many characters. What is accepted here never fails to
/// be painted.
///
/// # Errors
///
/// When the text is empty or too long, or the picture too small for it or too large.
pub fn check(text_chars: usize, width: u16, height: u16) -> Result<(), SizeError> {
    if text_chars == 0 {
        return Err(SizeError::NoText);
    }
    if TEXT_CHARS_MAX < text_chars {
        return Err(SizeError::TextTooLong { text_chars });
    }
    if SIDE_PX_MAX < width || SIDE_PX_MAX < height {
        return Err(SizeError::TooLarge { width, height });
    }
    let [width_min, height_min] = smallest(text_chars);
    if usize::from(width) < width_min || usize::from(height) < height_min {
        return Err(SizeError::TooSmall {
            width,
            height,
            text_chars,
        });
    }
    Ok(())
}

/// Width and height of the smallest picture for a text of so many characters.
fn smallest(text_chars: usize) -> [usize; 2] {
    let char_px_min = usize::from(CHAR_PX_MIN);
    [char_px_min * (text_chars + 2), char_px_min * 2]
}

/// Why there is no picture.
#[derive(Debug)]
pub enum Error {
    /// The picture cannot hold the text.
    Size(SizeError),
    /// The encoder refused the canvas, which it has no reason to.
    Encoding(::png::EncodingError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(error) => error.fmt(f),
            Self::Encoding(error) => write!(f, "encoding the picture: {error}"),
        }
    }
}

impl error::Error for Error {}

/// Paints pictures one after the other, with buffers that are used again.
pub struct Painter {
    font: Arc<Font>,
    canvas: Canvas,
    letters: Vec<Letter>,
}

impl Painter {
    /// A painter who draws with this font.
    #[must_use]
    pub fn new(font: Arc<Font>) -> Self {
        Self {
            font,
            canvas: Canvas::new(),
            letters: Vec::with_capacity(TEXT_CHARS_MAX),
        }
    }

    /// Paints a text and appends the PNG to `png`. The same text, style and generator give the same
    /// bytes. White space and control characters take room, and other characters than ASCII letters
    /// and digits show the font's shape for what is missing.
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
    ) -> Result<(), Error> {
        check(text.chars().count(), style.width, style.height).map_err(Error::Size)?;
        let palette = Palette::random(style.theme, rng);
        self.draw(text, *style, rng);
        png::encode(&self.canvas, &palette.entries(), png).map_err(Error::Encoding)
    }

    /// Everything on the canvas, from the back to the front.
    fn draw(&mut self, text: &str, style: Style, rng: &mut fastrand::Rng) {
        let frame = Frame::new(style.width, style.height, text.chars().count());
        let (canvas, font) = (&mut self.canvas, &*self.font);
        canvas.clear(usize::from(style.width), usize::from(style.height));
        if style.background_noise {
            noise::letters(canvas, font, &frame, rng);
        }
        layout::arrange(text, font, &frame, rng, &mut self.letters);
        for letter in &self.letters {
            if let Some(glyph) = font.glyph(letter.character) {
                glyph::draw(canvas, glyph, &letter.pose, Fill::Ground, Ink::random(rng));
            }
        }
        if style.foreground_noise {
            noise::dots(canvas, &frame, rng);
            noise::lines(canvas, &frame, rng);
        }
    }
}

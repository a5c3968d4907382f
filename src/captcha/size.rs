//! Which sizes a picture may have, and for texts of how many characters.

use std::error;
use std::fmt;

use super::text::TEXT_CHARS_MAX;

/// Longest side of a picture. More is of no use to a reader, and bounds what a picture costs: four
/// megabytes of canvas.
pub const SIDE_PX_MAX: u16 = 2000;

/// Least width for each character of a text and for two more, as which the space around them
/// counts; and half of the least height. Letters are then at least as large as small print.
pub const CHAR_PX_MIN: u16 = 14;

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
        /// The requested width.
        width: u16,
        /// The requested height.
        height: u16,
    },
    /// The letters could not be read any more.
    TooSmall {
        /// The requested width.
        width: u16,
        /// The requested height.
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

//! A finished canvas and its palette as the bytes of a PNG.
//!
//! Knows nothing of what was drawn. Every option of the encoder that matters is named here, none
//! is left to its defaults, which may change.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, EncodingError, Filter};

use super::canvas::Canvas;

/// Appends a canvas to `png`. `palette` holds red, green and blue of every code.
pub(super) fn encode(
    canvas: &Canvas,
    palette: &[u8],
    png: &mut Vec<u8>,
) -> Result<(), EncodingError> {
    let highest = canvas.codes().iter().copied().max().unwrap_or(0);
    let used = &palette[..3 * (usize::from(highest) + 1)];
    let mut encoder = Encoder::new(png, canvas.width() as u32, canvas.height() as u32);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(used);
    encoder.set_deflate_compression(DeflateCompression::FdeflateUltraFast);
    encoder.set_filter(Filter::Up);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(canvas.codes())?;
    writer.finish()
}

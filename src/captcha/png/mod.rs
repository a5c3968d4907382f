//! A finished canvas and its palette as the bytes of a PNG file (third edition of the standard).
//!
//! Knows nothing of what was drawn. The `png` crate writes the file: signature, header, palette,
//! chunks and their checksums. The data of the image chunk comes from [`deflate`], which is several
//! times faster on these pictures than an encoder for everything.
//!
//! Rows are not filtered. Filters help where neighbouring values are close but unequal, as in a
//! photograph. Neighbouring codes of a canvas are mostly equal, and every filter made more bytes.

mod adler32;
mod bits;
mod deflate;
mod huffman;
mod match_finder;
mod symbols;

use png::{BitDepth, ColorType, EncodingError, chunk};

use self::deflate::Deflater;
use super::canvas::Canvas;

/// The filter type byte that each row begins with (section 9.2): no filter.
const NO_FILTER: u8 = 0;

/// Encodes pictures one after the other, with buffers that are used again.
pub(super) struct Encoder {
    /// The image data before compression: every row with its filter type byte.
    rows: Vec<u8>,
    deflater: Deflater,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self {
            rows: Vec::new(),
            deflater: Deflater::new(),
        }
    }

    /// Appends a canvas to `file`. `palette` holds red, green and blue of every code.
    ///
    /// # Panics
    ///
    /// When the canvas has no pixels.
    pub(super) fn encode(&mut self, canvas: &Canvas, palette: &[u8], file: &mut Vec<u8>) {
        canvas.write_rows(NO_FILTER, &mut self.rows);
        let image_data = self.deflater.compress(&self.rows, 1 + canvas.width());
        let size = [canvas.width(), canvas.height()].map(|side| side as u32);
        write_file(size, palette, image_data, file)
            .expect("a picture with pixels has a header, and memory takes every byte");
    }
}

/// Appends the file of an indexed picture whose compressed rows are given.
fn write_file(
    [width, height]: [u32; 2],
    palette: &[u8],
    image_data: &[u8],
    file: &mut Vec<u8>,
) -> Result<(), EncodingError> {
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    let mut writer = encoder.write_header()?;
    writer.write_chunk(chunk::IDAT, image_data)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let mut canvas = Canvas::new();
        canvas.clear(7, 3);
        canvas.set_row(1, &[0, 5, 2, 2, 0, 1, 4]);
        let palette: Vec<u8> = (0..90).collect();
        let mut bytes = b"before".to_vec();
        Encoder::new().encode(&canvas, &palette, &mut bytes);
        assert!(bytes.starts_with(b"before"), "what was there is kept");

        // The decoder compares the checksums.
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&bytes[6..]));
        decoder.set_transformations(png::Transformations::IDENTITY);
        let mut reader = decoder.read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height), (7, 3));
        assert_eq!(
            (info.color_type, info.bit_depth),
            (ColorType::Indexed, BitDepth::Eight)
        );
        assert_eq!(info.palette.as_deref().unwrap(), &palette);
        let mut codes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut codes).unwrap();
        assert_eq!(codes, canvas.codes());
        reader.finish().unwrap();
    }
}

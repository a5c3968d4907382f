//! A finished canvas and its palette as the bytes of a PNG.
//!
//! Knows nothing of what was drawn. The `png` crate writes the chunks; what is in the largest of
//! them, the rows, comes from [`deflate`](super::deflate), which is made for such a canvas.
//!
//! Rows are not filtered. Filters help an encoder to see what is alike in rows of a photograph;
//! codes of inks are alike as they are, and every filter made more bytes of them.

use png::{BitDepth, ColorType, EncodingError, chunk};

use super::canvas::Canvas;
use super::deflate::Deflater;

/// What a row without a filter begins with (PNG third edition, section 9.2).
const NO_FILTER: u8 = 0;

/// Encodes pictures one after the other, with buffers that are used again.
pub(super) struct Encoder {
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

    /// Appends a canvas to `png`. `palette` holds red, green and blue of every code.
    pub(super) fn encode(
        &mut self,
        canvas: &Canvas,
        palette: &[u8],
        png: &mut Vec<u8>,
    ) -> Result<(), EncodingError> {
        let mut header = png::Encoder::new(png, canvas.width() as u32, canvas.height() as u32);
        header.set_color(ColorType::Indexed);
        header.set_depth(BitDepth::Eight);
        header.set_palette(palette);
        let mut chunks = header.write_header()?;

        self.rows.clear();
        for row in canvas.codes().chunks_exact(canvas.width()) {
            self.rows.push(NO_FILTER);
            self.rows.extend_from_slice(row);
        }
        let compressed = self.deflater.compress(&self.rows, 1 + canvas.width());
        chunks.write_chunk(chunk::IDAT, compressed)?;
        chunks.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let mut canvas = Canvas::new();
        canvas.clear(7, 3);
        canvas.row(1).copy_from_slice(&[0, 5, 2, 2, 0, 1, 4]);
        let palette: Vec<u8> = (0..90).collect();
        let mut bytes = b"before".to_vec();
        Encoder::new()
            .encode(&canvas, &palette, &mut bytes)
            .unwrap();
        assert!(bytes.starts_with(b"before"), "what was there is kept");

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
    }
}

//! A finished canvas and its palette as the bytes of a PNG (third edition of the standard).
//!
//! Knows nothing of what was drawn. The chunks are four and all of a kind, so that they are written
//! here, under the names that the `png` crate has for them: its own writer brings an encoder along
//! for chunks that we have not. What is in the largest of them, the rows, comes from
//! [`deflate`](super::deflate).
//!
//! Rows are not filtered. Filters help an encoder to see what is alike in rows of a photograph;
//! codes of inks are alike as they are, and every filter made more bytes of them.

use png::chunk::{self, ChunkType};
use png::{BitDepth, ColorType};

use super::canvas::Canvas;
use super::crc::crc32;
use super::deflate::Deflater;

/// What a PNG begins with (section 5.2).
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Deflate, the five filters of rows, and rows in their order (section 11.2.1).
const METHODS: [u8; 3] = [0, 0, 0];

/// What a row without a filter begins with (section 9.2).
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
    pub(super) fn encode(&mut self, canvas: &Canvas, palette: &[u8], png: &mut Vec<u8>) {
        let (width, height) = (canvas.width(), canvas.height());
        let mut header = [0; 13];
        header[..4].copy_from_slice(&(width as u32).to_be_bytes());
        header[4..8].copy_from_slice(&(height as u32).to_be_bytes());
        header[8..10].copy_from_slice(&[BitDepth::Eight as u8, ColorType::Indexed as u8]);
        header[10..].copy_from_slice(&METHODS);

        self.rows.clear();
        for y in 0..height {
            self.rows.push(NO_FILTER);
            self.rows.extend_from_slice(canvas.row(y));
        }
        let compressed = self.deflater.compress(&self.rows, 1 + width);

        png.extend_from_slice(&SIGNATURE);
        put_chunk(chunk::IHDR, &header, png);
        put_chunk(chunk::PLTE, palette, png);
        put_chunk(chunk::IDAT, compressed, png);
        put_chunk(chunk::IEND, &[], png);
    }
}

/// Appends a chunk: how long it is, its name and its data, and the checksum of these two (section
/// 5.3).
fn put_chunk(name: ChunkType, data: &[u8], png: &mut Vec<u8>) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend_from_slice(&name.0);
    png.extend_from_slice(data);
    let sum = crc32(&png[start..]);
    png.extend_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let mut canvas = Canvas::new();
        canvas.clear(7, 3);
        canvas.row_mut(1).copy_from_slice(&[0, 5, 2, 2, 0, 1, 4]);
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

//! The embedded font: the shapes of all characters that can be drawn, each prepared when it is first
//! drawn, and shared by all painters.
//!
//! Knows no pictures. The font is cut to little more than ASCII; `font/README.md` names it and says
//! how.

use std::sync::OnceLock;

use super::field::{Field, MARGIN_CELLS, PIXELS_PER_CELL};

/// Cells per em of the prepared shapes. Enlarged to the letters of a 600 x 200 picture they are as
/// smooth as the outlines; finer ones would take longer to prepare, and more memory.
pub(super) const CELLS_PER_EM: usize = 64;

/// Thickest stroke in ems of its letter that the prepared distances reach to.
pub(super) const STROKE_EMS_MAX: f32 = 0.125;
const _: () = assert!(STROKE_EMS_MAX * (CELLS_PER_EM as f32) < (MARGIN_CELLS - 2) as f32);

/// Width of a blank in ems, the same as of all characters of this font.
pub(super) const ADVANCE_EMS: f32 = 0.6;

/// The letters and digits of the font, from which background noise is chosen.
pub(super) const CHARACTERS: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The font as a TrueType file, for whoever sets text in it.
pub static FONT_FILE: &[u8] = include_bytes!("../../font/JetBrainsMono-Regular-subset.ttf");

/// The missing-glyph shape of a font is its first.
const MISSING_INDEX: u16 = 0;

/// The shapes of all characters, to be drawn at any size.
pub struct Font {
    outlines: fontdue::Font,
    /// In the order of [`CHARACTERS`], and last what stands for all others. To prepare all of them
    /// takes as long as to draw twelve pictures, which nobody has to wait for at the start. A worker
    /// that needs one while another prepares it waits for that.
    glyphs: [OnceLock<Glyph>; CHARACTERS.len() + 1],
}

/// The shape of a character.
pub(super) struct Glyph {
    pub(super) field: Field,
    /// Middle of the shape, in cells of the field.
    pub(super) middle_cells: [f32; 2],
    /// Half of the shape's width and height, in cells of the field.
    pub(super) half_size_cells: [f32; 2],
}

impl Font {
    /// Reads the embedded font.
    ///
    /// # Panics
    ///
    /// Never: the font is part of the program, and every test draws with it.
    #[must_use]
    pub fn new() -> Self {
        let settings = fontdue::FontSettings {
            collection_index: 0,
            scale: PIXELS_PER_EM,
            load_substitutions: false,
        };
        Self {
            outlines: fontdue::Font::from_bytes(FONT_FILE, settings)
                .expect("the embedded font is sound"),
            glyphs: [const { OnceLock::new() }; _],
        }
    }

    /// The shape of a character; none for those that only take room.
    pub(super) fn glyph(&self, character: char) -> Option<&Glyph> {
        if character.is_whitespace() || character.is_control() {
            return None;
        }
        let position = match character {
            '0'..='9' => character as usize - '0' as usize,
            'A'..='Z' => character as usize - 'A' as usize + 10,
            'a'..='z' => character as usize - 'a' as usize + 36,
            _ => CHARACTERS.len(),
        };
        Some(self.glyphs[position].get_or_init(|| {
            let index = CHARACTERS.get(position).map_or(MISSING_INDEX, |&known| {
                self.outlines.lookup_glyph_index(known.into())
            });
            Glyph::new(&self.outlines, index)
        }))
    }
}

impl Default for Font {
    fn default() -> Self {
        Self::new()
    }
}

const PIXELS_PER_EM: f32 = (CELLS_PER_EM * PIXELS_PER_CELL) as f32;

impl Glyph {
    fn new(outlines: &fontdue::Font, index: u16) -> Self {
        let (metrics, coverage) = outlines.rasterize_indexed(index, PIXELS_PER_EM);
        Self::of_bitmap(&coverage, metrics.width)
    }

    /// The shape whose coverage is given, `width` pixels wide and without empty edges.
    pub(super) fn of_bitmap(coverage: &[u8], width: usize) -> Self {
        let height = coverage.len() / width.max(1);
        let half_size = [width, height].map(|pixels| pixels as f32 / (2 * PIXELS_PER_CELL) as f32);
        // Cells have their centres on those of pixels, half a pixel inside the bitmap's edge.
        let edge = MARGIN_CELLS as f32 - 0.5 / PIXELS_PER_CELL as f32;
        Self {
            field: Field::of_bitmap(coverage, width),
            middle_cells: half_size.map(|half| edge + half),
            half_size_cells: half_size,
        }
    }
}

/// The font for the tests of all of this module: prepared once, since that takes a while where
/// nothing is optimised.
#[cfg(test)]
pub(super) static TEST_FONT: std::sync::LazyLock<std::sync::Arc<Font>> =
    std::sync::LazyLock::new(|| std::sync::Arc::new(Font::new()));

#[cfg(test)]
mod tests {
    use super::*;

    fn glyph(character: char) -> &'static Glyph {
        TEST_FONT.glyph(character).unwrap()
    }

    #[test]
    fn every_character_has_its_own_shape() {
        let letters: Vec<char> = CHARACTERS.iter().copied().map(char::from).collect();
        for (i, &one) in letters.iter().enumerate() {
            assert!(glyph(one).field != glyph('?').field, "{one} is missing");
            for &other in &letters[i + 1..] {
                assert!(glyph(one).field != glyph(other).field, "{one} and {other}");
            }
        }
    }

    #[test]
    fn characters_have_the_proportions_of_the_font() {
        // Capitals of this font are 0.73 em high, an x 0.55, and all are narrower than an advance.
        let em = CELLS_PER_EM as f32;
        let check = |character, height_ems: f32| {
            let [half_width, half_height] = glyph(character).half_size_cells;
            assert!(
                (2.0 * half_height / em - height_ems).abs() < 0.02,
                "{character}"
            );
            assert!(2.0 * half_width < ADVANCE_EMS * em, "{character}");
        };
        check('H', 0.73);
        check('E', 0.73);
        check('x', 0.55);
        check('1', 0.73);
    }

    #[test]
    fn blanks_have_no_shape_and_strangers_a_common_one() {
        for blank in [' ', '\t', '\n', '\u{a0}', '\u{2003}', '\0', '\u{7f}'] {
            assert!(TEST_FONT.glyph(blank).is_none(), "{blank:?}");
        }
        let missing = glyph('?');
        assert!(1.0 < missing.half_size_cells[1]);
        for stranger in ['é', '/', ':', '@', '[', '`', '{', '\u{1f600}'] {
            assert!(glyph(stranger).field == missing.field, "{stranger:?}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let all = CHARACTERS.iter().copied().map(char::from).chain(['?']);
        let bytes: usize = all.map(|character| glyph(character).field.bytes()).sum();
        assert!(bytes < 800_000, "{bytes}");
    }
}

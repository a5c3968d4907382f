//! The pixels of a picture, one byte each, and how an ink is laid over what is there already.
//!
//! Knows no colours: a byte says which ink covers a pixel and how much of it, and the palette says
//! what that looks like. A pixel has one ink only; where the edges of two meet, the one that covers
//! more gives its colour to both.

/// Inks of a picture. As many as fit with their tones into a palette of 256, so that colours
/// repeat seldom; what shares one cannot be separated by colour.
pub(super) const INKS: u8 = 31;

/// Parts by which an ink can cover a pixel.
pub(super) const STEPS: u8 = 8;

/// Codes a pixel can have: ground, and every ink in every step.
pub(super) const CODES_MAX: usize = 1 + INKS as usize * STEPS as usize;
const _: () = assert!(CODES_MAX <= 256);

/// Width in pixels of the ramp from bare to covered at an edge. The reference smooths its pictures
/// with a kernel that spreads an edge over about two and a half; a narrower ramp is clearer in
/// small letters and costs fewer bytes.
pub(super) const RAMP_PX: f32 = 1.5;

/// A pixel without ink.
const GROUND: u8 = 0;

/// One of a picture's inks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(u8);

impl Ink {
    /// Any of the inks.
    pub(super) fn random(rng: &mut fastrand::Rng) -> Self {
        Self(rng.u8(..INKS))
    }

    /// The code just below that of the ink's first step.
    fn base(self) -> u8 {
        self.0 * STEPS
    }
}

/// What a shape does to a pixel, in parts of [`STEPS`]: how much of it the shape's ink covers, and
/// how much of what was there before is left. A hollow shape leaves less than it does not cover,
/// since its inside shows the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cover {
    pub(super) ink: u8,
    pub(super) kept: u8,
}

impl Cover {
    /// A pixel that the shape does not touch.
    pub(super) const NONE: Self = Self {
        ink: 0,
        kept: STEPS,
    };

    /// Part of a solid shape whose edge lies `inside_px` beyond the centre of the pixel.
    pub(super) fn solid(inside_px: f32) -> Self {
        let share = (inside_px / RAMP_PX + 0.5).clamp(0.0, 1.0);
        let ink = (share * f32::from(STEPS) + 0.5) as u8;
        Self {
            ink,
            kept: STEPS - ink,
        }
    }
}

/// A picture that is being drawn.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    codes: Vec<u8>,
}

impl Canvas {
    /// A canvas without pixels.
    pub(super) fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            codes: Vec::new(),
        }
    }

    /// Takes a size and becomes bare ground. Memory is kept from one picture to the next.
    pub(super) fn clear(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width, height);
        self.codes.clear();
        self.codes.resize(width * height, GROUND);
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// The codes of all pixels, row by row.
    pub(super) fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// A row to draw on.
    pub(super) fn row(&mut self, y: usize) -> &mut [u8] {
        &mut self.codes[y * self.width..][..self.width]
    }
}

/// Lays an ink on pixels that a shape all covers alike.
#[inline]
pub(super) fn lay(pixels: &mut [u8], ink: Ink, cover: Cover) {
    if cover == Cover::NONE {
        return;
    }
    if cover.kept == 0 {
        let code = if cover.ink == 0 {
            GROUND
        } else {
            ink.base() + cover.ink
        };
        pixels.fill(code);
        return;
    }
    for pixel in pixels {
        *pixel = blend(*pixel, ink, cover);
    }
}

/// The code of a pixel after an ink was laid on it.
#[inline]
fn blend(code: u8, ink: Ink, cover: Cover) -> u8 {
    let (base_old, step_old) = split(code);
    let kept = KEPT[usize::from(cover.kept)][usize::from(step_old)];
    // Shapes in one ink that touch are one shape, such as the pieces of a line.
    let step = if base_old == ink.base() {
        cover.ink.max(kept)
    } else {
        cover.ink + kept
    };
    match step {
        0 => GROUND,
        _ if kept <= cover.ink => ink.base() + step,
        _ => base_old + step,
    }
}

/// The base of a code's ink, and the step of its cover; for bare ground 0 and 0.
#[inline]
fn split(code: u8) -> (u8, u8) {
    match code {
        GROUND => (0, 0),
        _ => {
            let step = (code - 1) % STEPS + 1;
            (code - step, step)
        }
    }
}

/// How many steps stay of an older cover, by the parts of the pixel that are kept. What stays and
/// what is laid never exceed a whole pixel: `ink + kept <= STEPS` in every [`Cover`].
const KEPT: [[u8; STEPS as usize + 1]; STEPS as usize + 1] = {
    let mut table = [[0; STEPS as usize + 1]; STEPS as usize + 1];
    let mut kept = 0;
    while kept <= STEPS {
        let mut old = 0;
        while old <= STEPS {
            table[kept as usize][old as usize] = (kept * old + STEPS / 2) / STEPS;
            old += 1;
        }
        kept += 1;
    }
    table
};

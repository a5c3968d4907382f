//! The pixels of a picture, one byte each, and how an ink is laid over what is there already.
//!
//! Knows no colours: a byte says which ink covers a pixel and how much of it, and the palette says
//! what that looks like. A pixel has one ink only; where the edges of two meet, the one that covers
//! more gives its colour to both.

/// Inks of a picture. Enough for a colourful one, and so few that letters, noise and lines share
/// them: what shares an ink cannot be separated by colour. Twice as many take 5 % more bytes, half
/// as many save 1 %.
pub(super) const INKS: u8 = 15;

/// Parts by which an ink can cover a pixel. At the size of a picture four parts and eight look the
/// same, four take 7 % more bytes; two take 15 % less, and make thin lines rough.
pub(super) const STEPS: u8 = 3;

/// Codes a pixel can have: ground, and every ink in every step.
pub(super) const CODES_MAX: usize = 1 + INKS as usize * STEPS as usize;
const _: () = assert!(CODES_MAX <= 256);

/// Width in pixels of the ramp from bare to covered at an edge. The reference smooths its pictures
/// with a kernel that spreads an edge over about two and a half; a narrower ramp is clearer in
/// small letters and costs fewer bytes.
pub(super) const RAMP_PX: f32 = 1.5;

/// A pixel without ink.
pub(super) const GROUND: u8 = 0;

/// One of a picture's inks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(u8);

impl Ink {
    /// Any of the inks.
    pub(super) fn random(rng: &mut fastrand::Rng) -> Self {
        Self(rng.u8(..INKS))
    }

    /// The code of a pixel that the ink covers in so many steps, over bare ground.
    pub(super) fn code(self, step: u8) -> u8 {
        if step == 0 {
            GROUND
        } else {
            self.base() + step
        }
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
    /// A pixel that the shape covers wholly.
    #[cfg(test)]
    pub(super) const WHOLE: Self = Self {
        ink: STEPS,
        kept: 0,
    };

    /// Part of a solid shape whose edge lies `inside_px` beyond the centre of the pixel.
    pub(super) fn solid(inside_px: f32) -> Self {
        // A cast from float saturates, so that what is negative covers nothing.
        let depth = inside_px * (f32::from(STEPS) / RAMP_PX) + (f32::from(STEPS) / 2.0 + 0.5);
        let ink = (depth as u8).min(STEPS);
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

    /// So many pixels of a row, to draw on.
    #[inline(always)]
    pub(super) fn span(&mut self, x: usize, y: usize, count: usize) -> &mut [u8] {
        let start = y * self.width + x;
        &mut self.codes[start..start + count]
    }

    /// A row to draw on.
    pub(super) fn row(&mut self, y: usize) -> &mut [u8] {
        &mut self.codes[y * self.width..][..self.width]
    }
}

/// Lays an ink on a pixel.
#[inline]
pub(super) fn lay_one(pixel: &mut u8, ink: Ink, cover: Cover) {
    if cover.kept == 0 {
        *pixel = ink.code(cover.ink);
    } else if cover.kept != STEPS {
        *pixel = blend(*pixel, ink, cover);
    }
}

/// The code of a pixel after an ink was laid on it.
#[inline]
fn blend(code: u8, ink: Ink, cover: Cover) -> u8 {
    let (base_old, step_old) = split(code);
    let kept = KEPT[usize::from(cover.kept)][usize::from(step_old)];
    match cover.ink + kept {
        0 => GROUND,
        step if kept <= cover.ink => ink.base() + step,
        step => base_old + step,
    }
}

/// The base of a code's ink, and the step of its cover; for bare ground 0 and 0.
#[inline]
fn split(code: u8) -> (u8, u8) {
    if code == GROUND {
        return (0, 0);
    }
    let step = (code - 1) % STEPS + 1;
    (code - step, step)
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

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Ink = Ink(3);
    const OTHER: Ink = Ink(INKS - 1);

    fn solid(ink: u8) -> Cover {
        Cover {
            ink,
            kept: STEPS - ink,
        }
    }

    fn laid(below: u8, ink: Ink, cover: Cover) -> u8 {
        let mut pixel = below;
        lay_one(&mut pixel, ink, cover);
        pixel
    }

    #[test]
    fn codes_tell_inks_and_steps_apart() {
        let mut seen = [false; CODES_MAX];
        seen[usize::from(GROUND)] = true;
        for ink in (0..INKS).map(Ink) {
            for step in 1..=STEPS {
                let code = ink.code(step);
                assert_eq!(split(code), (ink.base(), step));
                assert!(!std::mem::replace(&mut seen[usize::from(code)], true));
            }
        }
        assert_eq!(seen, [true; CODES_MAX]);
    }

    #[test]
    fn whole_ink_hides_what_was_there() {
        for below in [GROUND, ONE.code(1), ONE.code(STEPS), OTHER.code(STEPS)] {
            assert_eq!(laid(below, OTHER, solid(STEPS)), OTHER.code(STEPS));
        }
    }

    #[test]
    fn no_ink_changes_nothing() {
        for below in [GROUND, ONE.code(1), OTHER.code(STEPS)] {
            assert_eq!(laid(below, OTHER, solid(0)), below);
        }
    }

    #[test]
    fn filling_with_ground_hides_what_was_there() {
        let filling = Cover { ink: 0, kept: 0 };
        assert_eq!(laid(ONE.code(STEPS), OTHER, filling), GROUND);
    }

    #[test]
    fn the_ink_that_covers_more_gives_the_colour() {
        assert_eq!(laid(ONE.code(STEPS), OTHER, solid(1)), ONE.code(STEPS));
        assert_eq!(
            laid(ONE.code(STEPS), OTHER, solid(STEPS - 1)),
            OTHER.code(STEPS)
        );
        assert_eq!(laid(GROUND, OTHER, solid(1)), OTHER.code(1));
        let least_kept = Cover { ink: 0, kept: 1 };
        assert_eq!(laid(ONE.code(STEPS), OTHER, least_kept), ONE.code(1));
        assert_eq!(laid(ONE.code(1), OTHER, least_kept), GROUND);
    }

    /// Whatever is laid on whatever: no pixel is covered more than wholly, laying ink leaves none
    /// barer than the ink alone would, and the colour is one of the two.
    #[test]
    fn cover_stays_within_bounds() {
        let codes = std::iter::once(GROUND).chain((1..=STEPS).map(|step| ONE.code(step)));
        for below in codes {
            for kept in 0..=STEPS {
                for ink in 0..=STEPS - kept {
                    let code = laid(below, OTHER, Cover { ink, kept });
                    let (base, step) = split(code);
                    assert!((ink..=STEPS).contains(&step), "{below} {ink} {kept}");
                    assert!(step == 0 || base == ONE.base() || base == OTHER.base());
                }
            }
        }
    }

    #[test]
    fn edges_fade_over_the_ramp() {
        assert_eq!(Cover::solid(-RAMP_PX).ink, 0);
        let half = Cover::solid(0.0).ink;
        assert!(half.abs_diff(STEPS - half) <= 1, "{half}");
        assert_eq!(Cover::solid(RAMP_PX), Cover::WHOLE);
        assert_eq!(Cover::solid(1e6), Cover::WHOLE);
    }

    #[test]
    fn clearing_leaves_bare_ground_of_the_size() {
        let mut canvas = Canvas::new();
        canvas.clear(4, 3);
        canvas.row(2).fill(9);
        canvas.clear(5, 2);
        assert_eq!(canvas.codes(), [GROUND; 10]);
        assert_eq!((canvas.width(), canvas.height()), (5, 2));
    }
}

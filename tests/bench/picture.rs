//! The time of a picture: to draw it, to encode it, and both, by size, theme and noise.
//!
//! `cargo bench --bench picture` runs all; with `-- 600x200`, those with that in their names.

use std::fmt;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use fastrand::Rng;
use minicap::captcha::text::Alphabet;
use minicap::captcha::{Difficulty, Font, Painter, Style, Theme};

/// A text of the default length.
const TEXT_CHARS: usize = 6;

fn main() {
    divan::main();
}

/// A style, and its name in the table.
struct Case(Style);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = &self.0;
        let theme = match style.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let noise = match (style.background_noise, style.foreground_noise) {
            (true, true) => "all noise",
            (true, false) => "background noise",
            (false, true) => "foreground noise",
            (false, false) => "no noise",
        };
        write!(f, "{}x{} {theme}, {noise}", style.width, style.height)
    }
}

/// Every size in both themes, and the default size with every kind of noise.
fn cases() -> Vec<Case> {
    let case = |width, height, theme, [background_noise, foreground_noise]: [bool; 2]| {
        Case(Style {
            width,
            height,
            theme,
            background_noise,
            foreground_noise,
            difficulty: Difficulty::Normal,
            ground: None,
        })
    };
    let mut cases = Vec::new();
    for (width, height) in [(200, 80), (600, 200), (1200, 400)] {
        for theme in [Theme::Light, Theme::Dark] {
            cases.push(case(width, height, theme, [true, true]));
        }
    }
    for noise in [[true, false], [false, true], [false, false]] {
        cases.push(case(600, 200, Theme::Light, noise));
    }
    cases
}

/// A painter, and a generator that makes every picture different.
struct Studio {
    painter: Painter,
    rng: Rng,
    png: Vec<u8>,
}

impl Studio {
    fn new() -> Self {
        Self {
            painter: Painter::new(Arc::new(Font::new())),
            rng: Rng::with_seed(1),
            png: Vec::new(),
        }
    }

    fn draw(&mut self, style: Style) {
        let text = Alphabet::default().repeatable(TEXT_CHARS, &mut self.rng);
        let drawn = self.painter.draw(&text, &style, &mut self.rng);
        drawn.expect("the style is good");
    }

    fn encode(&mut self) -> usize {
        self.png.clear();
        self.painter.encode(&mut self.png);
        self.png.len()
    }
}

#[divan::bench(args = cases())]
fn draw(bencher: Bencher, case: &Case) {
    let mut studio = Studio::new();
    bencher.bench_local(|| studio.draw(case.0));
}

/// The bytes are those of the canvas.
#[divan::bench(args = cases())]
fn encode(bencher: Bencher, case: &Case) {
    let Case(style) = *case;
    let mut studio = Studio::new();
    studio.draw(style);
    let pixels = usize::from(style.width) * usize::from(style.height);
    bencher
        .counter(BytesCount::new(pixels))
        .bench_local(|| studio.encode());
}

#[divan::bench(args = cases())]
fn draw_and_encode(bencher: Bencher, case: &Case) {
    let mut studio = Studio::new();
    bencher.bench_local(|| {
        studio.draw(case.0);
        studio.encode()
    });
}

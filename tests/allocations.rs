//! What pictures and sounds allocate: after the first one, only the bytes of the response.
//!
//! This is a program of its own, since its allocator counts.

use std::sync::Arc;

use allocation_counter::measure;
use fastrand::Rng;
use minicap::captcha::{Difficulty, Font, Painter, Style, Theme};
use minicap::sound::{Speaker, Voices};

/// Those that pictures have, in the text or behind it.
const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Many times the size of a response, so that the buffer need not grow.
const ANSWER_BYTES: usize = 1 << 20;

fn style(width: u16, height: u16, theme: Theme) -> Style {
    Style {
        width,
        height,
        theme,
        background_noise: true,
        foreground_noise: true,
        difficulty: Difficulty::Normal,
        ground: None,
    }
}

#[test]
fn nothing_but_the_answer_is_allocated_after_the_first_picture() {
    let font = Arc::new(Font::new());
    // The shapes of letters are prepared when they are first drawn.
    for letters in CHARACTERS.as_bytes().chunks(31) {
        let text = str::from_utf8(letters).expect("they are ASCII");
        Painter::new(Arc::clone(&font))
            .paint(
                text,
                &style(900, 100, Theme::Light),
                &mut Rng::with_seed(0),
                &mut Vec::new(),
            )
            .expect("the size is good");
    }
    for style in [
        style(600, 200, Theme::Light),
        style(600, 200, Theme::Dark),
        style(200, 80, Theme::Dark),
        style(1200, 400, Theme::Light),
    ] {
        let mut painter = Painter::new(Arc::clone(&font));
        let mut png = Vec::with_capacity(ANSWER_BYTES);
        let mut paint = |seed| {
            png.clear();
            painter
                .paint("aB3dE6", &style, &mut Rng::with_seed(seed), &mut png)
                .expect("the size is good");
            assert!(1_000 < png.len());
        };
        let first = measure(|| paint(0));
        assert!(0 < first.count_total, "the counter counts");
        for seed in 1..=100 {
            let next = measure(|| paint(seed));
            assert_eq!(next.count_total, 0, "{style:?}, seed {seed}: {next:?}");
        }
    }
}

#[test]
fn nothing_but_the_answer_is_allocated_after_the_first_sound() {
    let mut speaker = Speaker::new(Arc::new(Voices::new()));
    let mut wav = Vec::with_capacity(ANSWER_BYTES);
    let mut speak = |digits: &str, seed| {
        wav.clear();
        let spoken = speaker.speak(digits, "en", &mut Rng::with_seed(seed), &mut wav);
        spoken.expect("digits are spoken");
        assert!(50_000 < wav.len());
    };
    let first = measure(|| speak("123456", 0));
    assert!(0 < first.count_total, "the counter counts");
    for seed in 1..=100 {
        for digits in ["123456", "666666"] {
            let next = measure(|| speak(digits, seed));
            assert_eq!(next.count_total, 0, "{digits}, seed {seed}: {next:?}");
        }
    }
}

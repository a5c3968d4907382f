//! Golden pictures: the pictures of a few seeds hardly differ from those that were last accepted.
//!
//! A picture that differs is written beside the expected one, with a third that shows the difference in
//! white; the message of the test names the folder. `ACCEPT_PICTURES=1 cargo test --test golden`
//! replaces the expected pictures.

use std::env;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastrand::Rng;
use minicap::captcha::{Difficulty, Font, Painter, Style, Theme};

/// How much a channel of a pixel may differ: less than an ink differs from its ground, and more than
/// two levels of coverage next to each other.
const CHANNEL_DIFFERENCE_MAX: u8 = 64;

/// One pixel of so many may differ by more.
const PIXELS_FOR_ONE_DIFFERING: usize = 200;

struct Picture {
    width: u32,
    height: u32,
    /// Red, green and blue of every pixel.
    pixels: Vec<u8>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn painted(text: &str, style: Style, seed: u64) -> Vec<u8> {
    let mut png = Vec::new();
    Painter::new(Arc::new(Font::new()))
        .paint(text, &style, &mut Rng::with_seed(seed), &mut png)
        .expect("the size is good");
    png
}

fn decoded(png: &[u8]) -> Picture {
    let mut decoder = png::Decoder::new(Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("it is a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits memory")];
    let info = reader.next_frame(&mut pixels).expect("it is whole");
    Picture {
        width: info.width,
        height: info.height,
        pixels,
    }
}

/// White where two pictures of one size differ, black elsewhere.
fn difference(one: &Picture, other: &Picture) -> Vec<u8> {
    let pairs = one.pixels.chunks(3).zip(other.pixels.chunks(3));
    let differs = |(one, other): (&[u8], &[u8])| {
        let mut channels = one.iter().zip(other);
        channels.any(|(one, other)| CHANNEL_DIFFERENCE_MAX < one.abs_diff(*other))
    };
    pairs
        .map(|pair| if differs(pair) { 255 } else { 0 })
        .collect()
}

fn write_grey(path: &Path, picture: &Picture, grey: &[u8]) {
    let file = fs::File::create(path).expect("the folder is there");
    let mut encoder = png::Encoder::new(file, picture.width, picture.height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("the file can be written");
    writer
        .write_image_data(grey)
        .expect("the file can be written");
}

/// Paints a picture and compares it with the one of that name.
fn check(name: &str, text: &str, style: Style, seed: u64) {
    let expected_path = folder().join(format!("{name}.png"));
    let png = painted(text, style, seed);
    if env::var_os("ACCEPT_PICTURES").is_some() {
        fs::write(&expected_path, &png).expect("the folder is there");
        return;
    }
    let expected_png = fs::read(&expected_path).expect("the expected picture is there");
    let (expected, found) = (decoded(&expected_png), decoded(&png));
    assert_eq!(
        (found.width, found.height),
        (expected.width, expected.height),
        "{name}"
    );
    let difference = difference(&expected, &found);
    let differing = difference.iter().filter(|&&pixel| pixel != 0).count();
    if differing <= difference.len() / PIXELS_FOR_ONE_DIFFERING {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden");
    fs::create_dir_all(&folder).expect("the folder for tests is there");
    let path = |kind: &str| folder.join(format!("{name}-{kind}.png"));
    fs::write(path("expected"), &expected_png).expect("the folder is there");
    fs::write(path("found"), &png).expect("the folder is there");
    write_grey(&path("difference"), &expected, &difference);
    panic!(
        "{differing} of {} pixels of {name} differ: look at {}, and if the new picture is good, \
         run ACCEPT_PICTURES=1 cargo test --test golden",
        difference.len(),
        path("*").display()
    );
}

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
fn usual_pictures_are_as_they_were() {
    check("light", "aB3dE6", style(600, 200, Theme::Light), 1);
    check("dark", "WXY789", style(600, 200, Theme::Dark), 2);
}

#[test]
fn pictures_of_other_sizes_are_as_they_were() {
    check("small", "mNaPt2", style(200, 80, Theme::Light), 3);
    check("odd", "FGHJ", style(203, 301, Theme::Dark), 4);
    check("large", "3CUe", style(1200, 400, Theme::Light), 5);
}

#[test]
fn easy_and_hard_pictures_are_as_they_were() {
    let of = |difficulty, theme| Style {
        difficulty,
        ..style(600, 200, theme)
    };
    check(
        "easy-light",
        "sDuR27",
        of(Difficulty::Easy, Theme::Light),
        6,
    );
    check("easy-dark", "LTAe98", of(Difficulty::Easy, Theme::Dark), 7);
    check(
        "hard-light",
        "XYWw36",
        of(Difficulty::Hard, Theme::Light),
        9,
    );
    check("hard-dark", "HCEF82", of(Difficulty::Hard, Theme::Dark), 10);
}

#[test]
fn pictures_without_noise_are_as_they_were() {
    let bare = Style {
        background_noise: false,
        foreground_noise: false,
        ..style(600, 200, Theme::Light)
    };
    check("bare", "236789", bare, 8);
}

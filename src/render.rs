//! Writes pictures without a server: for samples, for trying options, for measurements.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use minicap::captcha::{Font, Painter, Style};
use minicap::config::{Output, Render};
use minicap::entropy::Entropy;

/// Time between two updates of the progress.
const PROGRESS_PERIOD: Duration = Duration::from_millis(200);

/// Writes one picture to a file, or many to a folder.
pub(crate) fn run(asked: &Render) -> Result<(), String> {
    let mut studio = Studio::new(asked);
    match &asked.output {
        Output::File(path) => one(&mut studio, path),
        Output::Folder { path, count } => many(&mut studio, path, *count),
    }
}

fn one(studio: &mut Studio, path: &Path) -> Result<(), String> {
    if path.is_dir() {
        let path = path.display();
        return Err(format!(
            "cannot write {path}: it is a folder; expected a file, or --count"
        ));
    }
    let (_, png) = studio.picture()?;
    write(path, &png)
}

fn many(studio: &mut Studio, folder: &Path, count: usize) -> Result<(), String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let mut progress = Progress::new(count);
    for number in 1..=count {
        let (text, png) = studio.picture()?;
        write(&folder.join(format!("{text}_{number}.png")), &png)?;
        progress.show(number);
    }
    Ok(())
}

/// A line on the terminal, if there is one, with the progress.
struct Progress {
    count: usize,
    /// When it was written last; none without a terminal.
    shown: Option<Instant>,
}

impl Progress {
    fn new(count: usize) -> Self {
        let shown = io::stderr().is_terminal().then(Instant::now);
        Progress { count, shown }
    }

    fn show(&mut self, number: usize) {
        let is_last = number == self.count;
        if self
            .shown
            .is_some_and(|shown| is_last || PROGRESS_PERIOD <= shown.elapsed())
        {
            self.shown = Some(Instant::now());
            let end = if is_last { "\n" } else { "" };
            // The pictures are what counts; this line may fail.
            let _ = write!(io::stderr(), "\r{number} of {} pictures{end}", self.count);
        }
    }
}

struct Studio<'a> {
    asked: &'a Render,
    painter: Painter,
    rng: Rng,
}

impl<'a> Studio<'a> {
    fn new(asked: &'a Render) -> Self {
        let seed = asked.seed.unwrap_or_else(|| Entropy::default().seed());
        Studio {
            asked,
            painter: Painter::new(Arc::new(Font::new())),
            rng: Rng::with_seed(seed),
        }
    }

    /// The next picture and its text. These pictures protect nothing, so the text comes from the same
    /// generator, and the same seed gives the same texts.
    fn picture(&mut self) -> Result<(String, Vec<u8>), String> {
        let Studio {
            asked,
            painter,
            rng,
        } = self;
        let text = asked
            .text
            .clone()
            .unwrap_or_else(|| asked.captcha.alphabet.repeatable(asked.captcha.length, rng));
        let style = Style {
            theme: asked.captcha.theme.pick(rng),
            ..asked.captcha.style
        };
        let mut png = Vec::new();
        painter
            .paint(&text, &style, rng, &mut png)
            .map_err(|error| format!("cannot draw: {error}"))?;
        Ok((text, png))
    }
}

fn write(path: &Path, png: &[u8]) -> Result<(), String> {
    fs::write(path, png).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

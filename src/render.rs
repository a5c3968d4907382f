//! Pictures without a server: for samples, for trying the options, for measuring solvers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fastrand::Rng;
use minicap::captcha::{self, Font, Painter, Style};
use minicap::config::Config;
use minicap::entropy::Entropy;

use crate::style;

/// Writes what is asked for: one picture to a file, or many to a folder.
pub(crate) fn run(config: &Config) -> Result<(), String> {
    let Some(out) = &config.out else {
        return Ok(());
    };
    let mut studio = Studio::new(config);
    let Some(count) = config.count else {
        let (_, png) = studio.picture()?;
        return write(out, &png);
    };
    fs::create_dir_all(out).map_err(|error| format!("cannot make {}: {error}", out.display()))?;
    for number in 1..=count {
        let (text, png) = studio.picture()?;
        write(
            &out.join(format!("{}_{number}.png", file_stem(&text))),
            &png,
        )?;
    }
    Ok(())
}

struct Studio<'a> {
    config: &'a Config,
    painter: Painter,
    rng: Rng,
}

impl<'a> Studio<'a> {
    fn new(config: &'a Config) -> Self {
        let seed = config.seed.unwrap_or_else(|| Entropy::default().seed());
        Studio {
            config,
            painter: Painter::new(Arc::new(Font::new())),
            rng: Rng::with_seed(seed),
        }
    }

    /// The next picture and its text. These guard nothing, so all is drawn from the one generator,
    /// and the same seed gives the same texts as well.
    fn picture(&mut self) -> Result<(String, Vec<u8>), String> {
        let Studio {
            config,
            painter,
            rng,
        } = self;
        let text = config
            .text
            .clone()
            .unwrap_or_else(|| captcha::text::repeatable(config.length, rng));
        let style = Style {
            theme: config.theme.pick(rng),
            ..style(config)
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

/// A text as the beginning of a file's name: what could lead out of the folder becomes `-`.
fn file_stem(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_stay_in_their_folder() {
        assert_eq!(file_stem("aB3xYz"), "aB3xYz");
        assert_eq!(file_stem("../a b\0\n"), "---a-b--");
        assert_eq!(file_stem("é猫"), "--");
    }
}

//! Light or dark, and who decides it.

use fastrand::Rng;

/// Whether the ground is light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark letters on a light ground.
    Light,
    /// Letters of medium brightness on a dark ground.
    Dark,
}

/// A wish for a theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThemeChoice {
    /// Always this one.
    Always(Theme),
    /// Either, anew for each picture.
    Random,
}

impl ThemeChoice {
    /// Reads `light`, `dark` or `random`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "light" => Some(ThemeChoice::Always(Theme::Light)),
            "dark" => Some(ThemeChoice::Always(Theme::Dark)),
            "random" => Some(ThemeChoice::Random),
            _ => None,
        }
    }

    /// The theme of one picture.
    pub fn pick(self, rng: &mut Rng) -> Theme {
        match self {
            ThemeChoice::Always(theme) => theme,
            ThemeChoice::Random if rng.bool() => Theme::Dark,
            ThemeChoice::Random => Theme::Light,
        }
    }
}

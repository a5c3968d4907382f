//! Light or dark, chosen by the operator or by a request.

use fastrand::Rng;

/// Whether a picture is drawn dark on light or light on dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark inks on a light ground.
    #[default]
    Light,
    /// Inks of medium brightness on a dark ground.
    Dark,
}

/// A choice of a theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// Always this one.
    Always(Theme),
    /// Either, for each picture.
    #[default]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_is_about_as_often_light_as_dark() {
        let mut rng = Rng::with_seed(1);
        let choice = ThemeChoice::parse("random").unwrap();
        let dark = (0..1_000)
            .filter(|_| choice.pick(&mut rng) == Theme::Dark)
            .count();
        assert!((400..600).contains(&dark), "{dark}");
    }

    #[test]
    fn a_fixed_theme_is_kept() {
        let mut rng = Rng::with_seed(1);
        for (name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
            assert_eq!(ThemeChoice::parse(name).unwrap().pick(&mut rng), theme);
        }
        for name in ["", "Light", "dark ", "auto"] {
            assert_eq!(ThemeChoice::parse(name), None);
        }
    }
}

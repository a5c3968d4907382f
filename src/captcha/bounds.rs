//! How far each letter can be changed before it looks like another.
//!
//! Draws nothing.

/// What a letter bears.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The share that it is turned and slanted of what others are.
    pub(super) lean: f32,
    /// How many times wider it is drawn than the font has it, which squeezes all into one width.
    pub(super) width: f32,
    /// Thickest stroke that leaves its counters open, in ems.
    pub(super) stroke_ems: f32,
}

impl Bounds {
    /// What a character bears.
    pub(super) fn of(character: char) -> Self {
        let usual = Self {
            lean: 1.0,
            width: 1.0,
            stroke_ems: 0.07,
        };
        match character {
            'T' | '7' | 'J' | 'Y' | 'X' | 't' | 'L' | '3' => Self { lean: 0.5, ..usual },
            'W' | 'w' => Self {
                lean: 0.7,
                width: 1.2,
                stroke_ems: 0.045,
            },
            'M' | 'N' => Self {
                width: 1.1,
                stroke_ems: 0.055,
                ..usual
            },
            'm' => Self {
                width: 1.4,
                stroke_ems: 0.03,
                ..usual
            },
            'A' | '8' | 'B' | 'e' | 'a' | 's' => Self {
                stroke_ems: 0.048,
                ..usual
            },
            _ => usual,
        }
    }
}

//! The id of a captcha: a random UUID, in one spelling only.

use std::fmt;

use uuid::fmt::Hyphenated;
use uuid::{Uuid, Variant, Version};

/// A version 4 UUID, drawn from the operating system's generator (122 random bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id([u8; 16]);

/// See [`Id::key`].
pub(super) type Key = [u8; 8];

impl Id {
    /// A new random id.
    #[must_use]
    pub fn random() -> Self {
        Id(*Uuid::new_v4().as_bytes())
    }

    /// The id of these bytes, if they are of a random UUID.
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let uuid = Uuid::from_bytes(bytes);
        let is_random =
            uuid.get_version() == Some(Version::Random) && uuid.get_variant() == Variant::RFC4122;
        is_random.then_some(Id(bytes))
    }

    /// The sixteen bytes of the UUID.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The key of the id in tables: half as many bits, all of them random. Two ids may have the same
    /// key, so a look-up compares the ids as well.
    pub(super) fn key(self) -> Key {
        // The fixed bits, of bytes 6 and 8 (RFC 9562 section 5.4), meet random ones of the other
        // half.
        std::array::from_fn(|place| self.0[place] ^ self.0[place + 8])
    }

    /// Parses the spelling that `Display` writes, in either case: 36 characters with hyphens. Other
    /// spellings of a UUID are no ids.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok()?;
        let mut spelling = [0; Hyphenated::LENGTH];
        let spelling = uuid.hyphenated().encode_lower(&mut spelling);
        let is_spelled_so = spelling.eq_ignore_ascii_case(text);
        is_spelled_so.then_some(Id(*uuid.as_bytes()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).as_hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let id = Id::random();
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_ne!(Id::random(), id);
    }

    #[test]
    fn writes_version_and_variant_of_a_random_uuid() {
        let text = Id::random().to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&text.as_bytes()[19]));
    }

    #[test]
    fn rejects_every_other_spelling() {
        let good = "3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10";
        assert!(Id::parse(good).is_some());
        assert_eq!(Id::parse(&good.to_uppercase()), Id::parse(good));
        for bad in [
            "",
            "3f0c1d0e6b0e4f2b9a530b6f6f2b7f10",
            "{3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10}",
            "urn:uuid:3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10",
            " 3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10",
            "3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f1",
            "3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f1g",
            "' OR 1=1 --",
            "🦀",
        ] {
            assert_eq!(Id::parse(bad), None, "{bad:?}");
        }
    }
}

//! A value to compact JSON text.
//! Knows how `CPython` spells things (`json.dumps` with `ensure_ascii=False` and no blanks) and
//! nothing of how they were read. What has no spelling in JSON, an infinite number, becomes `null`.

use std::fmt::{self, Write as _};

use super::document::{Content, Value};

/// The text would have been longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Text that is being written, and how much longer it may become.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    bytes_left: usize,
}

impl Value<'_> {
    /// Appends the value as compact JSON of at most `bytes_max` bytes. Writing stops where it would
    /// become longer, so that the bound holds for the work as well.
    ///
    /// # Errors
    ///
    /// If it is longer; nothing is appended then.
    pub fn write(self, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), TooLong> {
        within(bytes_max, out, |writer| writer.value(self))
    }
}

/// Appends the text in quotes, escaping what RFC 8259 section 7 demands and nothing else.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    // There is no end to what it may be.
    let _ = write_short_string(text, usize::MAX, out);
}

/// Appends the text as [`write_string`] does, if that takes at most `bytes_max` bytes.
///
/// # Errors
///
/// If it takes more; nothing is appended then.
pub fn write_short_string(text: &str, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), TooLong> {
    within(bytes_max, out, |writer| writer.string(text))
}

fn within(
    bytes_max: usize,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Writer) -> Result<(), TooLong>,
) -> Result<(), TooLong> {
    let start = out.len();
    let written = write(&mut Writer {
        out: &mut *out,
        bytes_left: bytes_max,
    });
    if written.is_err() {
        out.truncate(start);
    }
    written
}

impl Writer<'_> {
    fn value(&mut self, value: Value) -> Result<(), TooLong> {
        match value.content() {
            Content::Null => self.push(b"null"),
            Content::Bool(true) => self.push(b"true"),
            Content::Bool(false) => self.push(b"false"),
            Content::Number("-0") => self.push(b"0"),
            Content::Number(number) if number.contains(['.', 'e', 'E']) => self.float(number),
            Content::Number(digits) => self.push(digits.as_bytes()),
            Content::String(text) => self.string(&text.decode()),
            Content::Array(values) => {
                self.push(b"[")?;
                for (place, value) in values.enumerate() {
                    self.separate(place)?;
                    self.value(value)?;
                }
                self.push(b"]")
            }
            Content::Object(members) => {
                self.push(b"{")?;
                for (place, (name, value)) in members.enumerate() {
                    self.separate(place)?;
                    self.string(&name.decode())?;
                    self.push(b":")?;
                    self.value(value)?;
                }
                self.push(b"}")
            }
        }
    }

    fn separate(&mut self, place: usize) -> Result<(), TooLong> {
        if place == 0 { Ok(()) } else { self.push(b",") }
    }

    fn string(&mut self, text: &str) -> Result<(), TooLong> {
        self.push(b"\"")?;
        let mut rest = text.as_bytes();
        loop {
            let plain = rest.iter().take_while(|byte| !is_escaped(**byte)).count();
            let (before, from) = rest.split_at(plain);
            self.push(before)?;
            let Some((byte, after)) = from.split_first() else {
                return self.push(b"\"");
            };
            match byte {
                b'"' => self.push(b"\\\"")?,
                b'\\' => self.push(b"\\\\")?,
                b'\n' => self.push(b"\\n")?,
                b'\r' => self.push(b"\\r")?,
                b'\t' => self.push(b"\\t")?,
                0x08 => self.push(b"\\b")?,
                0x0c => self.push(b"\\f")?,
                control => self.formatted(format_args!("\\u{control:04x}"))?,
            }
            rest = after;
        }
    }

    /// Writes a number as Python's `repr` does: the fewest digits that give it back; with an exponent
    /// (of two digits at least) below 1e-4 and from 1e16 on, else with a point and a digit behind it.
    fn float(&mut self, number: &str) -> Result<(), TooLong> {
        // The grammar of JSON's numbers is a part of what Rust reads as a float.
        let Some(number) = number
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
        else {
            return self.push(b"null");
        };
        // Rust's `Debug` chooses the form as Python does; rows in `tests` hold it to that.
        let shortest = format!("{number:?}");
        let (mantissa, exponent) = split_exponent(&shortest);
        let decimals = mantissa
            .split_once('.')
            .map_or(0, |(_, decimals)| decimals.len());
        // Of two shortest spellings equally near, Rust takes the upper and Python the even one, as
        // rounding to that many digits does too. Rounding alone is not enough: at a power of two the
        // nearest spelling may be that of its neighbour below.
        let rounded = match exponent {
            None => format!("{number:.decimals$}"),
            Some(_) => format!("{number:.decimals$e}"),
        };
        let digits = if rounded.parse() == Ok(number) {
            &rounded
        } else {
            &shortest
        };
        match split_exponent(digits) {
            (mantissa, None) => self.push(mantissa.as_bytes()),
            (mantissa, Some(exponent)) => self.formatted(format_args!("{mantissa}e{exponent:+03}")),
        }
    }

    fn formatted(&mut self, text: fmt::Arguments) -> Result<(), TooLong> {
        self.write_fmt(text).map_err(|_| TooLong)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.bytes_left = self.bytes_left.checked_sub(bytes.len()).ok_or(TooLong)?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

fn split_exponent(digits: &str) -> (&str, Option<i16>) {
    match digits.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()),
        None => (digits, None),
    }
}

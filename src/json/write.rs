//! A value to compact JSON text, in the form of `CPython` (`json.dumps` with `ensure_ascii=False` and
//! no blanks). A number beyond the range of 64-bit floats becomes `null`, since JSON has no infinity.
//! It knows nothing of how values are read.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use super::document::{Content, Value};

/// Digits of a number that can be converted in some hundred instructions. With more digits, of which the
/// last decides between two floats, a conversion takes ten microseconds.
const QUICK_DIGITS_MAX: usize = 19;

/// Bytes that a number with more digits counts as, against the limit of the text.
pub const LONG_NUMBER_BYTES: usize = 512;

/// Least characters, the point included, of a shortest form to which another can be equally near. Two
/// shorter forms that differ in the last digit are further apart than a number is from the next ones;
/// among the smallest numbers, where that is not so, no decimal is halfway between two.
const TIE_BYTES_MIN: usize = 15;

/// The text is longer than its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// The text so far, and how many bytes it may still get.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    bytes_left: usize,
}

impl Value<'_> {
    /// Appends the value as compact JSON of at most `bytes_max` bytes. Writing stops at the limit, so no
    /// more values are read than fit. A number of many digits counts as `LONG_NUMBER_BYTES`, since it
    /// takes longer.
    ///
    /// # Errors
    ///
    /// If it is longer; nothing is appended then.
    pub fn write(self, bytes_max: usize, out: &mut Vec<u8>) -> Result<(), TooLong> {
        within(bytes_max, out, |writer| writer.value(self))
    }
}

/// Appends the text in quotes, and escapes only what RFC 8259 section 7 requires.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    // Without a limit.
    let _ = write_short_string(text, usize::MAX, out);
}

/// Appends the text as [`write_string`] does, in at most `bytes_max` bytes.
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

    /// Writes a number as Python's `repr` does: with the fewest digits that read as the same number;
    /// below 1e-4 and from 1e16 on with an exponent of at least two digits, else with a point and a digit
    /// after it.
    fn float(&mut self, number: &str) -> Result<(), TooLong> {
        let (mantissa, _) = number.split_once(['e', 'E']).unwrap_or((number, ""));
        if QUICK_DIGITS_MAX < mantissa.bytes().filter(u8::is_ascii_digit).count() {
            self.spend(LONG_NUMBER_BYTES)?;
        }
        // Rust reads every number of JSON's grammar as a float.
        let Some(number) = number
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
        else {
            return self.push(b"null");
        };
        // Rust's `Debug` chooses the form as Python does, which rows in `tests` check.
        let shortest = format!("{number:?}");
        let (mantissa, exponent) = split_exponent(&shortest);
        let decimals = mantissa
            .split_once('.')
            .map_or(0, |(_, decimals)| decimals.len());
        let spelling = if mantissa.len() < TIE_BYTES_MIN {
            Cow::Borrowed(&shortest)
        } else {
            Cow::Owned(nearest_even(
                number,
                decimals,
                exponent.is_some(),
                &shortest,
            ))
        };
        match split_exponent(&spelling) {
            (mantissa, None) => self.push(mantissa.as_bytes()),
            (mantissa, Some(exponent)) => self.formatted(format_args!("{mantissa}e{exponent:+03}")),
        }
    }

    fn formatted(&mut self, text: fmt::Arguments) -> Result<(), TooLong> {
        self.write_fmt(text).map_err(|_| TooLong)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.spend(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), TooLong> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(TooLong)?;
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

/// Of two shortest forms that are equally near, Rust chooses the greater and Python the even one, as
/// rounding to so many digits does too. Rounding alone is not enough: at a power of two the nearest form
/// may belong to the next smaller number.
fn nearest_even(number: f64, decimals: usize, has_exponent: bool, shortest: &str) -> String {
    let rounded = if has_exponent {
        format!("{number:.decimals$e}")
    } else {
        format!("{number:.decimals$}")
    };
    if rounded.parse() == Ok(number) {
        rounded
    } else {
        shortest.to_owned()
    }
}

fn split_exponent(digits: &str) -> (&str, Option<i16>) {
    match digits.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()),
        None => (digits, None),
    }
}

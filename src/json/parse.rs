//! Bytes to a value, by recursive descent over text already known to be UTF-8.
//! Knows the grammar and the order in which `CPython`'s scanner looks at things (`Modules/_json.c`),
//! which decides which of several errors is told and where. Nothing here writes.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{DEPTH_MAX, Error, ErrorKind, INTEGER_DIGITS_MAX, Value};

/// Reads one document, with nothing but blanks around it.
///
/// # Errors
/// The first thing wrong in reading order, except that bytes which are not UTF-8 are told before
/// anything else, wherever they are.
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| Error {
        kind: ErrorKind::NotUtf8,
        at: characters(bytes, error.valid_up_to()),
    })?;
    let mut parser = Parser { text, at: 0 };
    if text.starts_with('\u{feff}') {
        return Err(parser.error(ErrorKind::ByteOrderMark, 0));
    }
    parser.skip_blanks();
    let value = parser.value(0)?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.error(ErrorKind::ExtraData, parser.at)),
    }
}

/// Counts the characters that begin in the first `end` bytes of valid UTF-8.
fn characters(bytes: &[u8], end: usize) -> usize {
    // Every byte but those of the form 10xxxxxx begins a character.
    bytes
        .iter()
        .take(end)
        .filter(|&byte| byte & 0b1100_0000 != 0b1000_0000)
        .count()
}

/// The text, and the byte that is looked at next. Each method starts at the first byte of what it
/// is named after and leaves `at` behind its last; `at` never stands inside a character.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'{' | b'[') if depth == DEPTH_MAX => Err(self.error(ErrorKind::TooDeep, self.at)),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.literal(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.at += 1;
        self.skip_blanks();
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            members.push(self.member(depth)?);
            self.skip_blanks();
            if self.take(b'}') {
                return Ok(Value::Object(without_repeated_names(members)));
            }
            self.comma(b'}', ErrorKind::TrailingCommaInObject)?;
        }
    }

    fn member(&mut self, depth: usize) -> Result<(Cow<'a, str>, Value<'a>), Error> {
        if self.peek() != Some(b'"') {
            return Err(self.error(ErrorKind::ExpectedName, self.at));
        }
        let name = self.string()?;
        self.skip_blanks();
        if !self.take(b':') {
            return Err(self.error(ErrorKind::ExpectedColon, self.at));
        }
        self.skip_blanks();
        Ok((name, self.value(depth)?))
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Error> {
        self.at += 1;
        self.skip_blanks();
        let mut values = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(values));
        }
        loop {
            values.push(self.value(depth)?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Value::Array(values));
            }
            self.comma(b']', ErrorKind::TrailingCommaInArray)?;
        }
    }

    /// A comma and the blanks after it, up to what must not be the closing bracket.
    fn comma(&mut self, closing: u8, trailing: ErrorKind) -> Result<(), Error> {
        let comma = self.at;
        if !self.take(b',') {
            return Err(self.error(ErrorKind::ExpectedComma, comma));
        }
        self.skip_blanks();
        if self.peek() == Some(closing) {
            return Err(self.error(trailing, comma));
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<Value<'a>, Error> {
        let (word, value) = match self.peek() {
            Some(b'n') => ("null", Value::Null),
            Some(b't') => ("true", Value::Bool(true)),
            Some(b'f') => ("false", Value::Bool(false)),
            _ => return Err(self.error(ErrorKind::ExpectedValue, self.at)),
        };
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error(ErrorKind::ExpectedValue, self.at));
        }
        self.at += word.len();
        Ok(value)
    }

    /// A number ends where the grammar does: of `01` and `1.` the number is the first digit, and
    /// what follows is somebody else's error.
    fn number(&mut self) -> Result<Value<'a>, Error> {
        let start = self.at;
        self.take(b'-');
        let digits = match self.peek() {
            Some(b'0') => 1,
            _ => self.count_digits(0),
        };
        if digits == 0 {
            return Err(self.error(ErrorKind::ExpectedValue, start));
        }
        self.at += digits;
        let is_integer = !(self.fraction() | self.exponent());
        // Both ends stand beside ASCII characters, so on boundaries.
        let number = &self.text[start..self.at];
        if is_integer && INTEGER_DIGITS_MAX < digits {
            return Err(self.error(ErrorKind::IntegerTooLong, start));
        }
        Ok(Value::Number(number))
    }

    /// Takes a point and digits, and says whether they were there.
    fn fraction(&mut self) -> bool {
        if self.peek() != Some(b'.') {
            return false;
        }
        let digits = self.count_digits(1);
        if 0 < digits {
            self.at += 1 + digits;
        }
        0 < digits
    }

    /// Takes an `e`, a sign perhaps, and digits, and says whether they were there.
    fn exponent(&mut self) -> bool {
        let sign = match self.rest() {
            [b'e' | b'E', b'+' | b'-', ..] => 1,
            [b'e' | b'E', ..] => 0,
            _ => return false,
        };
        let digits = self.count_digits(1 + sign);
        if 0 < digits {
            self.at += 1 + sign + digits;
        }
        0 < digits
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        let open = self.at;
        self.at += 1;
        let mut decoded = String::new();
        loop {
            let plain = self.plain(open)?;
            if !self.take(b'"') {
                decoded.push_str(plain);
                decoded.push(self.escape(open)?);
            } else if decoded.is_empty() {
                // Every escape leaves a character, so there was none.
                return Ok(Cow::Borrowed(plain));
            } else {
                decoded.push_str(plain);
                return Ok(Cow::Owned(decoded));
            }
        }
    }

    /// The part of a string up to the next quote or backslash, which may be empty.
    fn plain(&mut self, open: usize) -> Result<&'a str, Error> {
        let start = self.at;
        let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
        let Some(length) = self.rest().iter().position(ends) else {
            return Err(self.error(ErrorKind::UnterminatedString, open));
        };
        self.at += length;
        if self.peek() < Some(b' ') {
            return Err(self.error(ErrorKind::ControlCharacter, self.at));
        }
        // It begins behind an ASCII character and ends before one, so on boundaries.
        Ok(&self.text[start..self.at])
    }

    fn escape(&mut self, open: usize) -> Result<char, Error> {
        let backslash = self.at;
        let Some(&letter) = self.rest().get(1) else {
            return Err(self.error(ErrorKind::UnterminatedString, open));
        };
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.error(ErrorKind::Escape, backslash)),
        };
        self.at += 2;
        Ok(character)
    }

    /// `\uXXXX`, or two of them where the first is a high surrogate. Half a pair is refused: no
    /// text that could be told to anyone has it.
    fn unicode_escape(&mut self) -> Result<char, Error> {
        let start = self.at;
        let first = self.code_unit()?;
        let character = if (0xd800..0xdc00).contains(&first) && self.rest().starts_with(b"\\u") {
            let second = self.code_unit()?;
            char::decode_utf16([first, second]).next()
        } else {
            char::decode_utf16([first]).next()
        };
        match character {
            Some(Ok(character)) => Ok(character),
            _ => Err(self.error(ErrorKind::UnicodeEscape, start + 1)),
        }
    }

    /// The four digits of `\uXXXX`. `CPython` wants a character after them (at least the closing
    /// quote) before it looks at them, so the end of the text right after is this error too.
    fn code_unit(&mut self) -> Result<u16, Error> {
        let unit = match self.rest() {
            [b'\\', b'u', a, b, c, d, _, ..] => [a, b, c, d]
                .into_iter()
                .try_fold(0, |unit, &digit| Some(unit << 4 | hex_digit(digit)?)),
            _ => None,
        };
        let unit = unit.ok_or_else(|| self.error(ErrorKind::UnicodeEscape, self.at + 1))?;
        self.at += "\\uXXXX".len();
        Ok(unit)
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// How many digits follow, from so many bytes ahead.
    fn count_digits(&self, ahead: usize) -> usize {
        self.rest()
            .iter()
            .skip(ahead)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    }

    fn error(&self, kind: ErrorKind, byte: usize) -> Error {
        Error {
            kind,
            at: characters(self.text.as_bytes(), byte),
        }
    }
}

fn hex_digit(byte: u8) -> Option<u16> {
    match byte {
        b'0'..=b'9' => Some(u16::from(byte - b'0')),
        b'a'..=b'f' => Some(u16::from(byte - b'a') + 10),
        b'A'..=b'F' => Some(u16::from(byte - b'A') + 10),
        _ => None,
    }
}

/// Gives the first of equal names the value of the last, and drops the others. Looks names up rather
/// than comparing each with each: a body may consist of thousands of short ones.
fn without_repeated_names<'a>(
    members: Vec<(Cow<'a, str>, Value<'a>)>,
) -> Vec<(Cow<'a, str>, Value<'a>)> {
    if members.len() < 2 {
        return members;
    }
    let mut places: HashMap<Cow<'a, str>, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        let first = places.get(&name).and_then(|place| kept.get_mut(*place));
        if let Some((_, last)) = first {
            *last = value;
        } else {
            places.insert(name.clone(), kept.len());
            kept.push((name, value));
        }
    }
    kept
}

//! Bytes to a document, by recursive descent over text already known to be UTF-8.
//! It knows the grammar and the order in which `CPython`'s scanner (`Modules/_json.c`) checks it, which
//! decides which of several errors is reported, and where. Nothing here writes.

use super::document::{Member, Node, Text, collapse_repeated_names, hex_digit};
use super::{DEPTH_MAX, Document, Error, ErrorKind, INTEGER_DIGITS_MAX};

/// Nodes of a typical document, an object of two members. The list is allocated once for so many; some
/// allocators give larger pieces back to the system each time.
const NODES_USUAL: usize = 5;

/// Reads one document, with nothing but blanks around it.
///
/// # Errors
/// The first error in the order of the text, except that bytes that are not UTF-8 are reported before
/// any other error.
pub fn parse(bytes: &[u8]) -> Result<Document<'_>, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| Error {
        kind: ErrorKind::NotUtf8,
        at: characters(bytes, error.valid_up_to()),
    })?;
    let mut parser = Parser {
        text,
        at: 0,
        nodes: Vec::with_capacity(NODES_USUAL),
    };
    if text.starts_with('\u{feff}') {
        return Err(parser.error(ErrorKind::ByteOrderMark, 0));
    }
    parser.skip_blanks();
    parser.value(0)?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(Document::new(parser.nodes)),
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

/// The text, the position of the next byte, and what was read. Each method starts at the first byte of
/// what it is named after and leaves `at` after the last one; `at` is never inside a character.
struct Parser<'a> {
    text: &'a str,
    at: usize,
    nodes: Vec<Node<'a>>,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Result<(), Error> {
        let node = match self.peek() {
            Some(b'"') => Node::String(self.string()?),
            Some(b'{' | b'[') if depth == DEPTH_MAX => {
                return Err(self.error(ErrorKind::TooDeep, self.at));
            }
            Some(b'{') => return self.object(depth + 1),
            Some(b'[') => return self.array(depth + 1),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.literal()?,
        };
        self.nodes.push(node);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), Error> {
        let place = self.open();
        let mut count = 0;
        if !self.take(b'}') {
            loop {
                self.member(depth)?;
                count += 1;
                self.skip_blanks();
                if self.take(b'}') {
                    break;
                }
                self.comma(b'}', ErrorKind::TrailingCommaInObject)?;
            }
        }
        collapse_repeated_names(&mut self.nodes, place + 1, count);
        let end = self.nodes.len();
        self.nodes[place] = Node::Object { end };
        Ok(())
    }

    fn member(&mut self, depth: usize) -> Result<(), Error> {
        if self.peek() != Some(b'"') {
            return Err(self.error(ErrorKind::ExpectedName, self.at));
        }
        let name = self.string()?;
        self.nodes.push(Node::Name(name, Member::Own));
        self.skip_blanks();
        if !self.take(b':') {
            return Err(self.error(ErrorKind::ExpectedColon, self.at));
        }
        self.skip_blanks();
        self.value(depth)
    }

    fn array(&mut self, depth: usize) -> Result<(), Error> {
        let place = self.open();
        if !self.take(b']') {
            loop {
                self.value(depth)?;
                self.skip_blanks();
                if self.take(b']') {
                    break;
                }
                self.comma(b']', ErrorKind::TrailingCommaInArray)?;
            }
        }
        let end = self.nodes.len();
        self.nodes[place] = Node::Array { end };
        Ok(())
    }

    /// Takes the opening bracket and the blanks after it, and returns the place that is reserved for
    /// the node.
    fn open(&mut self) -> usize {
        self.at += 1;
        self.skip_blanks();
        self.nodes.push(Node::Null);
        self.nodes.len() - 1
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

    fn literal(&mut self) -> Result<Node<'a>, Error> {
        let (word, value) = match self.peek() {
            Some(b'n') => ("null", Node::Null),
            Some(b't') => ("true", Node::Bool(true)),
            Some(b'f') => ("false", Node::Bool(false)),
            _ => return Err(self.error(ErrorKind::ExpectedValue, self.at)),
        };
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(self.error(ErrorKind::ExpectedValue, self.at));
        }
        self.at += word.len();
        Ok(value)
    }

    /// A number ends where the grammar ends it: in `01` and `1.` the number is the first digit, and the
    /// rest is an error of whatever should follow.
    fn number(&mut self) -> Result<Node<'a>, Error> {
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
        // Both ends are next to ASCII characters, so they are boundaries of characters.
        let number = &self.text[start..self.at];
        if is_integer && INTEGER_DIGITS_MAX < digits {
            return Err(self.error(ErrorKind::IntegerTooLong, start));
        }
        Ok(Node::Number(number))
    }

    /// Takes a point and digits. False if there are none.
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

    /// Takes an `e`, an optional sign, and digits. False if there are none.
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

    fn string(&mut self) -> Result<Text<'a>, Error> {
        let open = self.at;
        self.at += 1;
        let start = self.at;
        let mut has_escapes = false;
        loop {
            self.plain(open)?;
            // It begins after a quote and ends before a quote or a backslash, so at boundaries of characters.
            let raw = &self.text[start..self.at];
            if self.take(b'"') {
                return Ok(Text { raw, has_escapes });
            }
            self.escape(open)?;
            has_escapes = true;
        }
    }

    /// The part of a string up to the next quote or backslash, which may be empty.
    fn plain(&mut self, open: usize) -> Result<(), Error> {
        let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
        let Some(length) = self.rest().iter().position(ends) else {
            return Err(self.error(ErrorKind::UnterminatedString, open));
        };
        self.at += length;
        if self.peek() < Some(b' ') {
            return Err(self.error(ErrorKind::ControlCharacter, self.at));
        }
        Ok(())
    }

    fn escape(&mut self, open: usize) -> Result<(), Error> {
        let backslash = self.at;
        let Some(&letter) = self.rest().get(1) else {
            return Err(self.error(ErrorKind::UnterminatedString, open));
        };
        match letter {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 2;
                Ok(())
            }
            b'u' => self.unicode_escape(),
            _ => Err(self.error(ErrorKind::Escape, backslash)),
        }
    }

    /// `\uXXXX`, or two of them if the first is a high surrogate. Half of a pair is refused, since no
    /// UTF-8 text can have it.
    fn unicode_escape(&mut self) -> Result<(), Error> {
        let start = self.at;
        let first = self.code_unit()?;
        let character = if (0xd800..0xdc00).contains(&first) && self.rest().starts_with(b"\\u") {
            let second = self.code_unit()?;
            char::decode_utf16([first, second]).next()
        } else {
            char::decode_utf16([first]).next()
        };
        match character {
            Some(Ok(_)) => Ok(()),
            _ => Err(self.error(ErrorKind::UnicodeEscape, start + 1)),
        }
    }

    /// The four digits of `\uXXXX`. `CPython` checks first that a character follows them, so the end of
    /// the text right after them is this error too.
    fn code_unit(&mut self) -> Result<u16, Error> {
        let unit = match self.rest() {
            [b'\\', b'u', a, b, c, d, _, ..] => {
                [a, b, c, d].into_iter().try_fold(0, |unit, &digit| {
                    Some(unit << 4 | hex_digit(char::from(digit))?)
                })
            }
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

    /// How many digits follow, `ahead` bytes from here.
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

//! JSON (RFC 8259): bytes to a [`Document`] that borrows from them, and back to compact text.
//!
//! It knows nothing of requests, captchas or statuses: an error says what is wrong and where, and the
//! caller decides on the response.
//!
//! The grammar is RFC 8259. Texts and places of errors, the form of numbers and the escapes in strings
//! are those of `CPython` 3.13's `json` module, because clients of the service see them (`tests` has a
//! row for each rule). What `CPython` accepts beyond the RFC (`NaN`, `Infinity`, lone surrogates, byte
//! order marks, UTF-16, any depth) is refused here.

mod document;
mod parse;
mod write;

pub use document::{Document, Value};
pub use parse::parse;
pub use write::{LONG_NUMBER_BYTES, TooLong, write_short_string, write_string};

/// Deepest nesting of arrays and objects: enough for every body of a few fields, and little enough
/// that parsing and writing may recurse.
pub const DEPTH_MAX: usize = 64;

/// Most digits of an integer, without its sign: the limit of `CPython`.
pub const INTEGER_DIGITS_MAX: usize = 4300;

/// Why bytes are not a document, and at which place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// How many characters (code points, not bytes) come before the place.
    pub at: usize,
}

/// What can be wrong with a document; beside each, the place that [`Error::at`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Where a value had to begin, after blanks.
    ExpectedValue,
    /// The first non-blank after `{` or `,`.
    ExpectedName,
    /// The first non-blank after a name.
    ExpectedColon,
    /// The first non-blank after a value.
    ExpectedComma,
    /// The comma before `}`.
    TrailingCommaInObject,
    /// The comma before `]`.
    TrailingCommaInArray,
    /// The first non-blank after the document.
    ExtraData,
    /// The opening quote.
    UnterminatedString,
    /// The raw character below U+0020.
    ControlCharacter,
    /// The backslash.
    Escape,
    /// The `u` of the escape that is malformed, or that is half of a surrogate pair.
    UnicodeEscape,
    /// The first character of an integer of more than [`INTEGER_DIGITS_MAX`] digits.
    IntegerTooLong,
    /// The bracket that opens one level more than [`DEPTH_MAX`].
    TooDeep,
    /// The start, where U+FEFF is not allowed.
    ByteOrderMark,
    /// The first byte that is not UTF-8.
    NotUtf8,
}

impl ErrorKind {
    /// The text for the client: that of `CPython`, or one in its style for what only this codec refuses.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            ErrorKind::ExpectedValue => "Expecting value",
            ErrorKind::ExpectedName => "Expecting property name enclosed in double quotes",
            ErrorKind::ExpectedColon => "Expecting ':' delimiter",
            ErrorKind::ExpectedComma => "Expecting ',' delimiter",
            ErrorKind::TrailingCommaInObject => "Illegal trailing comma before end of object",
            ErrorKind::TrailingCommaInArray => "Illegal trailing comma before end of array",
            ErrorKind::ExtraData => "Extra data",
            ErrorKind::UnterminatedString => "Unterminated string starting at",
            ErrorKind::ControlCharacter => "Invalid control character at",
            ErrorKind::Escape => "Invalid \\escape",
            ErrorKind::UnicodeEscape => "Invalid \\uXXXX escape",
            ErrorKind::IntegerTooLong => "Integer too long",
            ErrorKind::TooDeep => "Nesting too deep",
            ErrorKind::ByteOrderMark => "Unexpected byte order mark",
            ErrorKind::NotUtf8 => "Invalid UTF-8",
        }
    }
}

#[cfg(test)]
mod tests;

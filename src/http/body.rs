//! Request bodies: how many bytes follow the head, in what form, and the bytes without the form.
//! Knows header fields and nothing of sockets; what a body means is not asked. The rules are RFC
//! 9112 sections 6 and 7; where they leave a choice we refuse.

use super::class::{TOKEN, is_blank, is_field_content, is_token, trim_blanks};
use super::fields::name_error;
use super::target::hex_digit;
use super::{Error, Fields, Limits, Version};

/// Most bytes of chunk extensions in one body, those of all chunks together. We know no extension
/// and drop them all; without a bound they would be a body without end. Signatures, the longest in
/// use, take some hundred bytes a chunk.
pub const CHUNK_EXTENSION_BYTES_MAX: usize = 4 * 1024;

/// Most bytes of trailer fields, line ends included. They are dropped as well.
pub const TRAILER_BYTES_MAX: usize = 4 * 1024;

/// Most digits of a chunk size: twice as many as a size of 64 bits has, for those who write leading
/// zeros.
pub const CHUNK_SIZE_DIGITS_MAX: u32 = 2 * u64::BITS / 4;

/// The form of a body (RFC 9112 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As many bytes as Content-Length says; none without it.
    Length(u64),
    /// Chunks, each with its size (RFC 9112 section 7.1).
    Chunked,
}

impl Framing {
    /// The form the fields announce (RFC 9112 section 6.3). Every request that a proxy might have
    /// framed in another way is refused.
    ///
    /// Of codings only the bare word `chunked` is known, in one field line: that is all that usual
    /// proxies know, and a list with anything else in it, even with nothing in it, is where
    /// readers differ.
    pub(super) fn of(fields: &Fields, version: Version) -> Result<Self, Error> {
        let mut codings = fields.all("transfer-encoding");
        let mut lengths = fields.all("content-length");
        match (codings.next(), lengths.next()) {
            (None, None) => Ok(Self::Length(0)),
            (Some(_), Some(_)) => Err(Error::LengthWithCoding),
            (Some(_), None) if version == Version::Http10 => Err(Error::CodingInHttp10),
            (Some(coding), None) => {
                if codings.next().is_none() && is_chunked(coding) {
                    return Ok(Self::Chunked);
                }
                Err(coding_error(fields))
            }
            (None, Some(length)) => {
                if lengths.next().is_some() || length.contains(&b',') {
                    return Err(Error::LengthRepeated);
                }
                Ok(Self::Length(parse_length(length)?))
            }
        }
    }
}

fn is_chunked(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"chunked")
}

/// What is wrong with codings other than `chunked` alone: that one is not known, where it is clear
/// in spite of it where the body ends (RFC 9112 section 6.1), and else that they are malformed.
fn coding_error(fields: &Fields) -> Error {
    let mut codings: Vec<&[u8]> = fields
        .all("transfer-encoding")
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(trim_blanks)
        .collect();
    let ends_well = codings.pop().is_some_and(is_chunked);
    let are_others = |coding: &&[u8]| is_token(coding) && !is_chunked(coding);
    if ends_well && !codings.is_empty() && codings.iter().all(are_others) {
        return Error::CodingUnknown;
    }
    Error::Coding
}

/// ```text
/// Content-Length = 1*DIGIT                                         ; RFC 9110 section 8.6
/// ```
fn parse_length(digits: &[u8]) -> Result<u64, Error> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::LengthMalformed);
    }
    digits
        .iter()
        .try_fold(0_u64, |length, digit| {
            length.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
        .ok_or(Error::LengthOverflow)
}

/// What a call of [`BodyDecoder::advance`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How many bytes at the start of the input belong to the body and are done with.
    pub bytes: usize,
    /// Whether that was the end of the body.
    pub finished: bool,
}

/// Takes the bytes of one body out of a stream, as they come.
#[derive(Debug)]
pub struct BodyDecoder {
    part: Part,
    /// Bytes of data that the announced length, or the chunk being read, still lacks.
    data_left: usize,
    /// Bytes of data that may still be announced.
    body_room: usize,
    extension_room: usize,
    trailer_room: usize,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Data of an announced length.
    Data,
    ChunkSize {
        size: u64,
        digits: u32,
    },
    ChunkExtension(Extension),
    ChunkSizeLf,
    ChunkData,
    ChunkDataCr,
    ChunkDataLf,
    /// The beginning of a trailer field, or of the empty line at the end.
    Trailer,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Finished,
}

/// What the next byte of a chunk's extensions belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
    /// Blanks before a semicolon, which must follow.
    Blank,
    /// A name, or blanks before it.
    Start,
    Name,
    /// Blanks between a name and what must follow: an equals sign or the next semicolon.
    NameBlank,
    /// A value, or blanks before it.
    Equals,
    Token,
    Quoted,
    /// What follows a backslash in quotes.
    Escaped,
    /// What follows the closing quote.
    QuotedEnd,
}

const CHUNK_START: Part = Part::ChunkSize { size: 0, digits: 0 };

impl BodyDecoder {
    /// A decoder for a body of this form.
    ///
    /// # Errors
    ///
    /// [`Error::BodyTooLarge`], before a byte of it has come, where the announced length is.
    pub fn new(framing: Framing, limits: &Limits) -> Result<Self, Error> {
        let mut decoder = Self {
            part: CHUNK_START,
            data_left: 0,
            body_room: limits.body_bytes_max,
            extension_room: CHUNK_EXTENSION_BYTES_MAX,
            trailer_room: TRAILER_BYTES_MAX,
        };
        if let Framing::Length(length) = framing {
            decoder.announce(length)?;
            decoder.part = if length == 0 {
                Part::Finished
            } else {
                Part::Data
            };
        }
        Ok(decoder)
    }

    /// Takes all of `input` that belongs to the body and appends the data in it to `body`, which
    /// grows by what has come and never by what was announced. Bytes that were taken must not be
    /// handed over again; none are left behind before the end of the body.
    ///
    /// # Errors
    ///
    /// The first broken rule; `body` then holds the data before it.
    pub fn advance(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<Taken, Error> {
        let mut rest = input;
        while let Some((&byte, after)) = rest.split_first()
            && self.part != Part::Finished
        {
            rest = match self.part {
                Part::Data => self.take_data(rest, body, Part::Finished),
                Part::ChunkData => self.take_data(rest, body, Part::ChunkDataCr),
                _ => {
                    self.part = self.read(byte)?;
                    after
                }
            };
        }
        Ok(Taken {
            bytes: input.len() - rest.len(),
            finished: self.part == Part::Finished,
        })
    }

    /// Moves data to `body`; `next` is what follows it. Returns what is left of the input.
    fn take_data<'input>(
        &mut self,
        input: &'input [u8],
        body: &mut Vec<u8>,
        next: Part,
    ) -> &'input [u8] {
        let (data, rest) = input
            .split_at_checked(self.data_left)
            .unwrap_or((input, &[]));
        body.extend_from_slice(data);
        self.data_left -= data.len(); // `data` is no longer than `data_left`.
        if self.data_left == 0 {
            self.part = next;
        }
        rest
    }

    /// Makes room for data that was announced.
    fn announce(&mut self, bytes: u64) -> Result<(), Error> {
        let bytes = usize::try_from(bytes).map_err(|_| Error::BodyTooLarge)?;
        self.body_room = self
            .body_room
            .checked_sub(bytes)
            .ok_or(Error::BodyTooLarge)?;
        self.data_left = bytes;
        Ok(())
    }

    /// The part after this byte.
    /// ```text
    /// chunked-body = *chunk last-chunk trailer-section CRLF        ; RFC 9112 section 7.1
    /// chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
    /// last-chunk   = 1*("0") [ chunk-ext ] CRLF
    /// ```
    fn read(&mut self, byte: u8) -> Result<Part, Error> {
        match self.part {
            Part::ChunkSize { size, digits } => self.read_size(size, digits, byte),
            Part::ChunkExtension(extension) => self.read_extension(extension, byte),
            Part::ChunkSizeLf => match (byte, self.data_left) {
                (b'\n', 0) => Ok(Part::Trailer),
                (b'\n', _) => Ok(Part::ChunkData),
                _ => Err(Error::BareCr),
            },
            Part::ChunkDataCr if byte == b'\r' => Ok(Part::ChunkDataLf),
            Part::ChunkDataLf if byte == b'\n' => Ok(CHUNK_START),
            Part::ChunkDataCr | Part::ChunkDataLf => Err(Error::ChunkEnd),
            Part::EndLf if byte == b'\n' => Ok(Part::Finished),
            Part::EndLf => Err(Error::BareCr),
            Part::Trailer | Part::TrailerName | Part::TrailerValue | Part::TrailerLf => {
                self.read_trailer(byte)
            }
            // Not read byte by byte.
            Part::Data | Part::ChunkData | Part::Finished => Ok(self.part),
        }
    }

    /// ```text
    /// chunk-size = 1*HEXDIG                                        ; RFC 9112 section 7.1
    /// ```
    fn read_size(&mut self, size: u64, digits: u32, byte: u8) -> Result<Part, Error> {
        if let Some(digit) = hex_digit(byte) {
            if digits == CHUNK_SIZE_DIGITS_MAX || u64::MAX >> 4 < size {
                return Err(Error::ChunkSize);
            }
            return Ok(Part::ChunkSize {
                size: size << 4 | u64::from(digit),
                digits: digits + 1,
            });
        }
        let next = match byte {
            b'\n' => return Err(Error::BareLf),
            _ if digits == 0 => return Err(Error::ChunkSize),
            b'\r' => Part::ChunkSizeLf,
            b';' => Part::ChunkExtension(Extension::Start),
            _ if is_blank(byte) => Part::ChunkExtension(Extension::Blank),
            _ => return Err(Error::ChunkSize),
        };
        self.announce(size)?;
        Ok(next)
    }

    /// Extensions are dropped, but must have their form: what one reader takes for part of an
    /// extension may be another's line end.
    /// ```text
    /// chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
    /// chunk-ext-name = token                                       ; RFC 9112 section 7.1.1
    /// chunk-ext-val  = token / quoted-string
    /// ```
    fn read_extension(&mut self, extension: Extension, byte: u8) -> Result<Part, Error> {
        use Extension::{Blank, Equals, Escaped, Name, NameBlank, Quoted, QuotedEnd, Start, Token};
        self.extension_room = self
            .extension_room
            .checked_sub(1)
            .ok_or(Error::ChunkExtensionsTooLong)?;
        let next = match (extension, byte) {
            (_, b'\n') => return Err(Error::BareLf),
            (Quoted, b'"') => QuotedEnd,
            (Quoted, b'\\') => Escaped,
            (Quoted | Escaped, _) if is_field_content(byte) => Quoted,
            (Name | Token | QuotedEnd, b'\r') => return Ok(Part::ChunkSizeLf),
            (Blank | Name | NameBlank | Token | QuotedEnd, b';') => Start,
            (Name | NameBlank, b'=') => Equals,
            (Start | Name, _) if TOKEN.contains(byte) => Name,
            (Equals | Token, _) if TOKEN.contains(byte) => Token,
            (Equals, b'"') => Quoted,
            (Start | Equals | Blank | NameBlank, _) if is_blank(byte) => extension,
            (Name, _) if is_blank(byte) => NameBlank,
            (Token | QuotedEnd, _) if is_blank(byte) => Blank,
            _ => return Err(Error::ChunkExtension),
        };
        Ok(Part::ChunkExtension(next))
    }

    /// Trailers are dropped, but must have the form of fields.
    /// ```text
    /// trailer-section = *( field-line CRLF )                       ; RFC 9112 section 7.1.2
    /// ```
    fn read_trailer(&mut self, byte: u8) -> Result<Part, Error> {
        self.trailer_room = self
            .trailer_room
            .checked_sub(1)
            .ok_or(Error::TrailersTooLong)?;
        match (self.part, byte) {
            (Part::Trailer, b'\r') => Ok(Part::EndLf),
            (Part::TrailerName, b':') => Ok(Part::TrailerValue),
            (Part::TrailerValue, b'\r') => Ok(Part::TrailerLf),
            (Part::TrailerLf, b'\n') => Ok(Part::Trailer),
            (Part::TrailerLf, _) => Err(Error::BareCr),
            (_, b'\n') => Err(Error::BareLf),
            (Part::TrailerValue, _) if is_field_content(byte) => Ok(Part::TrailerValue),
            (Part::TrailerValue, _) => Err(Error::FieldValue),
            (_, _) if TOKEN.contains(byte) => Ok(Part::TrailerName),
            (part, _) => Err(name_error(usize::from(part == Part::TrailerName), byte)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::decode_in_all_pieces;
    use crate::http::{HeadParser, Progress};

    /// The framing of a request with these field lines.
    fn framing(version: &str, lines: &str) -> Result<Framing, Error> {
        let head = format!("POST / HTTP/{version}\r\nHost: h\r\n{lines}\r\n");
        match HeadParser::default().advance(head.as_bytes(), &Limits::DEFAULT)? {
            Progress::Complete(head, _) => Ok(head.framing),
            Progress::Partial => panic!("unfinished: {head:?}"),
        }
    }

    fn check_framing(rows: &[(&str, Result<Framing, Error>)]) {
        for (lines, expected) in rows {
            assert_eq!(framing("1.1", lines), *expected, "{lines:?}");
        }
    }

    /// RFC 9110 section 8.6: digits alone, with any blanks around them.
    #[test]
    fn accepts_plain_lengths() {
        check_framing(&[
            ("", Ok(Framing::Length(0))),
            ("Content-Length: 0\r\n", Ok(Framing::Length(0))),
            ("Content-Length: 5\r\n", Ok(Framing::Length(5))),
            ("content-LENGTH: \t 5 \t\r\n", Ok(Framing::Length(5))),
            ("Content-Length: 0005\r\n", Ok(Framing::Length(5))),
            (
                "Content-Length: 18446744073709551615\r\n",
                Ok(Framing::Length(u64::MAX)),
            ),
        ]);
    }

    /// RFC 9110 section 8.6 and RFC 9112 section 6.3.
    #[test]
    fn rejects_lengths_that_are_not_plain_digits() {
        for value in [
            "", "+5", "-5", "5.", "5e1", "0x5", "five", "5 5", "5\t5", "5;", "\"5\"", "\u{b2}",
            "5_0",
        ] {
            check_framing(&[(
                &format!("Content-Length: {value}\r\n"),
                Err(Error::LengthMalformed),
            )]);
        }
        check_framing(&[
            (
                "Content-Length: 18446744073709551616\r\n",
                Err(Error::LengthOverflow),
            ),
            (
                "Content-Length: 99999999999999999999999\r\n",
                Err(Error::LengthOverflow),
            ),
        ]);
    }

    /// RFC 9112 section 6.3: equal ones might be taken for one; we refuse those as well.
    #[test]
    fn rejects_repeated_lengths() {
        check_framing(&[
            (
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                Err(Error::LengthRepeated),
            ),
            (
                "Content-Length: 5\r\nContent-Length: 5\r\n",
                Err(Error::LengthRepeated),
            ),
            (
                "Content-Length: 5\r\ncontent-length:\r\n",
                Err(Error::LengthRepeated),
            ),
            ("Content-Length: 5, 5\r\n", Err(Error::LengthRepeated)),
            ("Content-Length: 5, 6\r\n", Err(Error::LengthRepeated)),
            ("Content-Length: 5,\r\n", Err(Error::LengthRepeated)),
        ]);
    }

    /// RFC 9112 section 6.1.
    #[test]
    fn rejects_length_with_coding() {
        check_framing(&[
            (
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                Err(Error::LengthWithCoding),
            ),
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                Err(Error::LengthWithCoding),
            ),
            (
                "Transfer-Encoding: identity\r\nContent-Length: 0\r\n",
                Err(Error::LengthWithCoding),
            ),
        ]);
    }

    /// RFC 9112 sections 6.1 and 7: coding names have no case; `chunked` alone is served.
    #[test]
    fn accepts_chunked_and_no_other_coding() {
        for value in ["chunked", "Chunked", "CHUNKED", "\t chunked \t"] {
            check_framing(&[(
                &format!("transfer-ENCODING: {value}\r\n"),
                Ok(Framing::Chunked),
            )]);
        }
        for value in [
            "",
            "identity",
            "gzip",
            "chunked, gzip",
            "gzip;q=1, chunked",
            "gzip,, chunked",
            "chunked, chunked",
            "chunked,",
            ", chunked",
            "chunked;q=1",
            "xchunked",
            "chunkedx",
            "chunke",
            "\"chunked\"",
        ] {
            check_framing(&[(
                &format!("Transfer-Encoding: {value}\r\n"),
                Err(Error::Coding),
            )]);
        }
        for lines in [
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: identity , Chunked\r\n",
            "Transfer-Encoding: a,b,chunked\r\n",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        ] {
            check_framing(&[(lines, Err(Error::CodingUnknown))]);
        }
        check_framing(&[
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                Err(Error::Coding),
            ),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n",
                Err(Error::Coding),
            ),
        ]);
    }

    /// RFC 9112 section 6.1: there was no Transfer-Encoding in 1.0, so its framing is faulty.
    #[test]
    fn rejects_coding_in_http10() {
        let lines = "Transfer-Encoding: chunked\r\n";
        assert_eq!(framing("1.0", lines), Err(Error::CodingInHttp10));
        assert_eq!(
            framing("1.0", "Content-Length: 5\r\n"),
            Ok(Framing::Length(5))
        );
        assert_eq!(framing("1.2", lines), Ok(Framing::Chunked));
    }

    /// What a body decodes to, its bytes and whether it ended, in whatever pieces it comes.
    fn check(framing: Framing, input: &str, expected: Result<(&str, usize, bool), Error>) {
        let decoded = decode_in_all_pieces(input.as_bytes(), framing, &Limits::DEFAULT);
        let expected = expected.map(|(body, bytes, finished)| (body.into(), bytes, finished));
        assert_eq!(decoded, expected, "{input:?}");
    }

    /// RFC 9112 section 6.3.
    #[test]
    fn takes_as_many_bytes_as_announced() {
        check(Framing::Length(0), "", Ok(("", 0, true)));
        check(Framing::Length(0), "rest", Ok(("", 0, true)));
        check(Framing::Length(4), "", Ok(("", 0, false)));
        check(Framing::Length(4), "abc", Ok(("abc", 3, false)));
        check(Framing::Length(4), "abcd", Ok(("abcd", 4, true)));
        check(Framing::Length(4), "abcdGET / ", Ok(("abcd", 4, true)));
    }

    /// RFC 9112 section 7.1, with what a recipient must bear: any case of digits, leading zeros,
    /// extensions, trailers.
    #[test]
    fn accepts_chunks() {
        for (input, body) in [
            ("0\r\n\r\n", ""),
            ("3\r\nabc\r\n0\r\n\r\n", "abc"),
            ("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
            ("A\r\n0123456789\r\n00\r\n\r\n", "0123456789"),
            (
                "000a\r\n0123456789\r\n0000000000000000\r\n\r\n",
                "0123456789",
            ),
            ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
            ("3;a\r\nabc\r\n0;b=c\r\n\r\n", "abc"),
            ("3;a=\"b;c\\\"\";d\r\nabc\r\n0\r\n\r\n", "abc"),
            ("3 \t; a = b\r\nabc\r\n0\r\n\r\n", "abc"),
            ("3;a=\"\u{e9}\t\"\r\nabc\r\n0;a ;b\r\n\r\n", "abc"),
            ("00000000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
            ("3\r\nabc\r\n0\r\na: b\r\n\r\n", "abc"),
            (
                "3\r\nabc\r\n0\r\na:\r\nHost: x y\u{e9}\t\r\nContent-Length: 7\r\n\r\n",
                "abc",
            ),
        ] {
            check(Framing::Chunked, input, Ok((body, input.len(), true)));
            check(
                Framing::Chunked,
                &format!("{input}rest"),
                Ok((body, input.len(), true)),
            );
            for end in 0..input.len() {
                let decoded = decode_in_all_pieces(
                    &input.as_bytes()[..end],
                    Framing::Chunked,
                    &Limits::DEFAULT,
                );
                let (part, taken, finished) = decoded.unwrap();
                assert!(
                    body.as_bytes().starts_with(&part) && taken == end && !finished,
                    "{input:?}"
                );
            }
        }
    }

    fn reject(rows: &[(&str, Error)]) {
        for &(input, error) in rows {
            check(Framing::Chunked, input, Err(error));
        }
    }

    /// RFC 9112 section 7.1: hexadecimal digits and nothing else.
    #[test]
    fn rejects_malformed_chunk_sizes() {
        reject(&[
            ("\r\n", Error::ChunkSize),
            (";a\r\n", Error::ChunkSize),
            ("+3\r\n", Error::ChunkSize),
            ("-3\r\n", Error::ChunkSize),
            (" 3\r\n", Error::ChunkSize),
            ("\t3\r\n", Error::ChunkSize),
            ("0x3\r\n", Error::ChunkSize),
            ("0X3\r\n", Error::ChunkSize),
            ("3h\r\n", Error::ChunkSize),
            ("3g\r\n", Error::ChunkSize),
            ("3_0\r\n", Error::ChunkSize),
            ("3,\r\n", Error::ChunkSize),
            ("3.\r\n", Error::ChunkSize),
            ("\u{ff13}\r\n", Error::ChunkSize),
            ("000000000000000000000000000000003\r\n", Error::ChunkSize),
            ("10000000000000000\r\n", Error::ChunkSize),
            ("FFFFFFFFFFFFFFFFF\r\n", Error::ChunkSize),
        ]);
    }

    /// RFC 9112 section 7.1: CR LF after the size, the data and each trailer.
    #[test]
    fn rejects_bare_line_ends_in_chunks() {
        reject(&[
            ("\n", Error::BareLf),
            ("3\n", Error::BareLf),
            ("3 \n", Error::BareLf),
            ("3\rabc", Error::BareCr),
            ("3\r\r\n", Error::BareCr),
            ("3;a\n", Error::BareLf),
            ("3;a\rb", Error::BareCr),
            ("3;a=\"\n\"", Error::BareLf),
            ("3\r\nabc\n", Error::ChunkEnd),
            ("3\r\nabc\r0", Error::ChunkEnd),
            ("3\r\nabc0\r\n", Error::ChunkEnd),
            ("3\r\nabcd\r\n", Error::ChunkEnd),
            ("0\r\n\n", Error::BareLf),
            ("0\r\n\r0", Error::BareCr),
            ("0\r\n\r\r", Error::BareCr),
            ("0\r\na\n", Error::BareLf),
            ("0\r\na: b\n", Error::BareLf),
            ("0\r\na: b\rc", Error::BareCr),
        ]);
    }

    /// RFC 9112 section 7.1.1.
    #[test]
    fn rejects_malformed_chunk_extensions() {
        for extension in [
            ";",
            ";;a",
            "; ",
            ";=b",
            ";a=",
            ";a= ",
            ";a==b",
            ";a=b=c",
            ";a b",
            ";a=b c",
            ";:",
            ";[x",
            ";a=[x",
            ";a=b\"c\"",
            ";a=\"b\"c",
            ";a=\"b\"\"c\"",
            ";a;",
            ";a ",
            ";a=b ",
            " ",
            "\t",
            " 4",
            " a=b",
            "; ;a",
            ";\u{e9}",
            ";a=\u{e9}",
        ] {
            reject(&[(&format!("3{extension}\r\n"), Error::ChunkExtension)]);
        }
        // A quote that is never closed goes on until a byte that cannot be in one.
        reject(&[("3;a=\"b\r\nabc", Error::ChunkExtension)]);
        reject(&[("3;a=\"b\\\"\r\nabc", Error::ChunkExtension)]);
    }

    /// Another reader may take a control byte for a line end.
    #[test]
    fn rejects_controls_in_chunk_extensions() {
        for byte in (0..b' ')
            .chain([0x7F])
            .filter(|byte| !b"\t\r\n".contains(byte))
        {
            for input in ["3;a", "3;a=\"", "3;a=\"\\"] {
                let input = format!("{input}{}\r\n", char::from(byte));
                reject(&[(&input, Error::ChunkExtension)]);
            }
        }
    }

    /// RFC 9112 section 7.1.2: trailers are field lines.
    #[test]
    fn rejects_malformed_trailers() {
        reject(&[
            ("0\r\na : b\r\n", Error::FieldNameBlank),
            ("0\r\na\r\n", Error::BareCr),
            ("0\r\n: b\r\n", Error::FieldName),
            ("0\r\na@: b\r\n", Error::FieldName),
            ("0\r\n a: b\r\n", Error::ObsoleteFolding),
            ("0\r\na: b\r\n c\r\n", Error::ObsoleteFolding),
            ("0\r\na: \0\r\n", Error::FieldValue),
            ("0\r\na: \x7f\r\n", Error::FieldValue),
        ]);
    }

    /// A length beyond the limit is refused before a byte of the body has come; of chunks, the
    /// first whose size goes beyond it.
    #[test]
    fn rejects_bodies_over_the_limit() {
        let limits = Limits {
            body_bytes_max: 10,
            ..Limits::DEFAULT
        };
        for (length, fits) in [(0, true), (10, true), (11, false), (u64::MAX, false)] {
            let refused = BodyDecoder::new(Framing::Length(length), &limits).err();
            assert_eq!(refused, (!fits).then_some(Error::BodyTooLarge), "{length}");
        }
        for (input, fits) in [
            ("a\r\n0123456789\r\n0\r\n\r\n", true),
            ("5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n", true),
            ("5\r\n01234\r\n5\r\n56789\r\n1\r", false),
            ("b\r", false),
            ("b;", false),
            ("b ", false),
            ("FFFFFFFFFFFFFFFF\r", false),
        ] {
            let refused = decode_in_all_pieces(input.as_bytes(), Framing::Chunked, &limits).err();
            assert_eq!(refused, (!fits).then_some(Error::BodyTooLarge), "{input:?}");
        }
    }

    /// Extensions and trailers each have a bound that holds to the byte and over all chunks.
    #[test]
    fn rejects_extensions_and_trailers_over_their_bounds() {
        let decode = |input: &str| {
            let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::DEFAULT)?;
            decoder.advance(input.as_bytes(), &mut Vec::new())
        };
        // The room counts what follows the semicolon or blank, the CR included.
        let extension = "e".repeat(CHUNK_EXTENSION_BYTES_MAX / 2 - 1);
        let two = format!("1;{extension}\r\na\r\n1;{extension}\r\nb\r\n");
        assert!(decode(&format!("{two}0\r\n\r\n")).unwrap().finished);
        assert!(!decode(&two).unwrap().finished);
        assert_eq!(
            decode(&format!("{two}0;\r")),
            Err(Error::ChunkExtensionsTooLong)
        );
        let blanks = " ".repeat(CHUNK_EXTENSION_BYTES_MAX);
        assert!(!decode(&format!("1 {blanks}")).unwrap().finished);
        assert_eq!(
            decode(&format!("1 {blanks} ")),
            Err(Error::ChunkExtensionsTooLong)
        );

        let value = "v".repeat(TRAILER_BYTES_MAX - "a:\r\n\r".len());
        assert!(decode(&format!("0\r\na:{value}\r\n\r\n")).unwrap().finished);
        assert_eq!(
            decode(&format!("0\r\na:{value}v\r\n\r\n")),
            Err(Error::TrailersTooLong)
        );
        let short = "a:\r\n".repeat(TRAILER_BYTES_MAX / 4);
        assert_eq!(
            decode(&format!("0\r\n{short}\r\n")),
            Err(Error::TrailersTooLong)
        );
    }

    /// What is allocated follows what has come, not what was announced.
    #[test]
    fn allocates_for_what_has_come() {
        let limits = Limits {
            body_bytes_max: usize::MAX,
            ..Limits::DEFAULT
        };
        let size = usize::MAX.to_string();
        let announced = [Framing::Length(size.parse().unwrap()), Framing::Chunked];
        for (framing, input) in announced
            .into_iter()
            .zip(["abc", "FFFFFFFFFFFFFFFF\r\nabc"])
        {
            let mut body = Vec::new();
            let mut decoder = BodyDecoder::new(framing, &limits).unwrap();
            decoder.advance(input.as_bytes(), &mut body).unwrap();
            assert!(body == b"abc" && body.capacity() < 100);
        }
    }
}

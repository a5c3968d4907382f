//! Request bodies: how many bytes follow the head, in what form, and the bytes without the form.
//! Knows header fields and nothing of sockets; what a body means is not asked. The rules are RFC
//! 9112 sections 6 and 7; where they leave a choice we refuse.

use super::class::{TOKEN, is_blank, is_field_content};
use super::fields::name_error;
use super::target::hex_digit;
use super::{Error, Fields, Limits, Version};

/// Most bytes of chunk extensions in one body, those of all chunks together. We know no extension
/// and drop them all; without a bound they would be a body without end. Signatures, the longest in
/// use, take some hundred bytes a chunk.
pub const CHUNK_EXTENSION_BYTES_MAX: usize = 4 * 1024;

/// Most bytes of trailer fields, line ends included. They are dropped as well.
pub const TRAILER_BYTES_MAX: usize = 4 * 1024;

/// Most digits of a chunk size: as many as 64 bits hold, so that reading them cannot overflow.
const CHUNK_SIZE_DIGITS_MAX: u32 = u64::BITS / 4;

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
                if codings.next().is_some() || !coding.eq_ignore_ascii_case(b"chunked") {
                    return Err(Error::Coding);
                }
                Ok(Self::Chunked)
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
    /// Blanks between a chunk's size and its extensions, which must follow.
    ChunkBlank,
    ChunkExtension,
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
            Part::ChunkBlank | Part::ChunkExtension => self.read_extension(byte),
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
            return match digits {
                CHUNK_SIZE_DIGITS_MAX => Err(Error::ChunkSize),
                _ => Ok(Part::ChunkSize {
                    size: size << 4 | u64::from(digit),
                    digits: digits + 1,
                }),
            };
        }
        let next = match byte {
            b'\n' => return Err(Error::BareLf),
            _ if digits == 0 => return Err(Error::ChunkSize),
            b'\r' => Part::ChunkSizeLf,
            b';' => Part::ChunkExtension,
            _ if is_blank(byte) => Part::ChunkBlank,
            _ => return Err(Error::ChunkSize),
        };
        self.announce(size)?;
        Ok(next)
    }

    /// Extensions are dropped unread, but a control byte in one may be another reader's line end.
    /// ```text
    /// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
    /// ```
    fn read_extension(&mut self, byte: u8) -> Result<Part, Error> {
        self.extension_room = self
            .extension_room
            .checked_sub(1)
            .ok_or(Error::ChunkExtensionsTooLong)?;
        match (self.part, byte) {
            (_, b'\n') => Err(Error::BareLf),
            (Part::ChunkExtension, b'\r') => Ok(Part::ChunkSizeLf),
            (Part::ChunkExtension, _) if is_field_content(byte) => Ok(Part::ChunkExtension),
            (Part::ChunkExtension, _) => Err(Error::ChunkExtension),
            (_, b';') => Ok(Part::ChunkExtension),
            (_, _) if is_blank(byte) => Ok(Part::ChunkBlank),
            _ => Err(Error::ChunkSize),
        }
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

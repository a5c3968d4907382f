//! What can be wrong with a request, and what it is answered with.
//! The one place that turns a broken rule into a status. The statuses are those of RFC 9110
//! section 15 and RFC 6585 section 5.

use std::fmt;

use super::Status;

/// The rule a request broke. After any of these the connection closes: where the next request
/// would begin is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The request line does not begin with a token and one space.
    Method,
    /// The method is longer than any method there is.
    MethodTooLong,
    /// The target is empty or holds a byte that no URI holds.
    Target,
    /// The target is longer than [`Limits::target_bytes_max`](super::Limits::target_bytes_max).
    TargetTooLong,
    /// The target is neither a path nor an `http` or `https` URI, or is `*` without `OPTIONS`.
    TargetForm,
    /// The target has a fragment.
    TargetFragment,
    /// The target's authority names a user.
    TargetUserinfo,
    /// The target's authority is empty or malformed.
    TargetAuthority,
    /// `CONNECT` is for proxies.
    Connect,
    /// The request line does not end with `HTTP/`, a digit, a dot and a digit.
    Version,
    /// A well-formed version other than 1.x.
    VersionUnsupported,
    /// The head is longer than [`Limits::head_bytes_max`](super::Limits::head_bytes_max).
    HeadTooLarge,
    /// There are more fields than [`Limits::fields_max`](super::Limits::fields_max).
    TooManyFields,
    /// A line feed without a carriage return before it.
    BareLf,
    /// A carriage return without a line feed after it.
    BareCr,
    /// A field line begins with a blank.
    ObsoleteFolding,
    /// A field name is empty, not a token, or without a colon.
    FieldName,
    /// A blank in a field name or before its colon.
    FieldNameBlank,
    /// A control byte in a field value.
    FieldValue,
    /// An HTTP/1.1 request without Host.
    HostMissing,
    /// More than one Host.
    HostRepeated,
    /// A Host without value.
    HostEmpty,
    /// A Host that is not a host and an optional port.
    HostMalformed,
    /// More than one Content-Length, or a list of them.
    LengthRepeated,
    /// A Content-Length that is not all digits.
    LengthMalformed,
    /// A Content-Length beyond 64 bits.
    LengthOverflow,
    /// Content-Length and Transfer-Encoding in one request.
    LengthWithCoding,
    /// A Transfer-Encoding that does not end with `chunked`, or that is malformed.
    Coding,
    /// A coding that is not known before `chunked`.
    CodingUnknown,
    /// A Transfer-Encoding in an HTTP/1.0 request.
    CodingInHttp10,
    /// An expectation other than `100-continue`.
    Expectation,
    /// The body is longer than [`Limits::body_bytes_max`](super::Limits::body_bytes_max).
    BodyTooLarge,
    /// A chunk size that is not all hexadecimal digits, has more than
    /// [`CHUNK_SIZE_DIGITS_MAX`](super::CHUNK_SIZE_DIGITS_MAX) of them, or is beyond 64 bits.
    ChunkSize,
    /// A chunk extension that is malformed.
    ChunkExtension,
    /// More bytes of chunk extensions than
    /// [`CHUNK_EXTENSION_BYTES_MAX`](super::CHUNK_EXTENSION_BYTES_MAX).
    ChunkExtensionsTooLong,
    /// Chunk data that is not followed by a line end.
    ChunkEnd,
    /// More bytes of trailers than [`TRAILER_BYTES_MAX`](super::TRAILER_BYTES_MAX).
    TrailersTooLong,
}

impl Error {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> Status {
        self.answer().0
    }

    /// A few words that say what was wrong, fit for the body of an answer and for a log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.answer().1
    }

    fn answer(self) -> (Status, &'static str) {
        use Status::{
            BadRequest, ContentTooLarge, ExpectationFailed, FieldsTooLarge, NotImplemented,
            UriTooLong, VersionNotSupported,
        };
        match self {
            Self::Method => (BadRequest, "malformed method"),
            // RFC 9112 section 3: a method longer than any implemented SHOULD be answered with 501.
            Self::MethodTooLong => (NotImplemented, "method too long"),
            Self::Target => (BadRequest, "malformed request target"),
            Self::TargetTooLong => (UriTooLong, "request target too long"),
            Self::TargetForm => (BadRequest, "unsupported form of request target"),
            Self::TargetFragment => (BadRequest, "fragment in request target"),
            Self::TargetUserinfo => (BadRequest, "userinfo in request target"),
            Self::TargetAuthority => (BadRequest, "malformed authority in request target"),
            Self::Connect => (BadRequest, "connect is for proxies"),
            Self::Version => (BadRequest, "malformed http version"),
            Self::VersionUnsupported => (VersionNotSupported, "unsupported http version"),
            Self::HeadTooLarge => (FieldsTooLarge, "request head too large"),
            Self::TooManyFields => (FieldsTooLarge, "too many fields"),
            Self::BareLf => (BadRequest, "line feed without carriage return"),
            Self::BareCr => (BadRequest, "carriage return without line feed"),
            Self::ObsoleteFolding => (BadRequest, "folded field line"),
            Self::FieldName => (BadRequest, "malformed field name"),
            Self::FieldNameBlank => (BadRequest, "blank in field name"),
            Self::FieldValue => (BadRequest, "control character in field value"),
            Self::HostMissing => (BadRequest, "missing host field"),
            Self::HostRepeated => (BadRequest, "repeated host field"),
            Self::HostEmpty => (BadRequest, "empty host field"),
            Self::HostMalformed => (BadRequest, "malformed host field"),
            Self::LengthRepeated => (BadRequest, "repeated content length"),
            Self::LengthMalformed => (BadRequest, "malformed content length"),
            Self::LengthOverflow => (BadRequest, "content length out of range"),
            Self::LengthWithCoding => (BadRequest, "both content length and transfer encoding"),
            Self::Coding => (
                BadRequest,
                "malformed transfer encoding, or one that does not end with chunked",
            ),
            // RFC 9112 section 6.1.
            Self::CodingUnknown => (NotImplemented, "unknown transfer coding"),
            Self::CodingInHttp10 => (BadRequest, "transfer encoding in http/1.0"),
            Self::Expectation => (ExpectationFailed, "unsupported expectation"),
            Self::BodyTooLarge => (ContentTooLarge, "request body too large"),
            Self::ChunkSize => (BadRequest, "malformed chunk size"),
            Self::ChunkExtension => (BadRequest, "control character in chunk extension"),
            Self::ChunkExtensionsTooLong => (BadRequest, "chunk extensions too long"),
            Self::ChunkEnd => (BadRequest, "chunk data without line end"),
            Self::TrailersTooLong => (BadRequest, "trailers too long"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a status says more than that the request was bad.
    #[test]
    fn errors_are_answered_with_their_status() {
        let rows = [
            (Error::BodyTooLarge, 413),
            (Error::TargetTooLong, 414),
            (Error::Expectation, 417),
            (Error::HeadTooLarge, 431),
            (Error::TooManyFields, 431),
            (Error::MethodTooLong, 501),
            (Error::VersionUnsupported, 505),
            (Error::HostRepeated, 400),
            (Error::TrailersTooLong, 400),
        ];
        for (error, code) in rows {
            assert_eq!(error.status().code(), code, "{error:?}");
        }
    }

    #[test]
    fn reasons_are_a_few_plain_words() {
        assert_eq!(Error::HostRepeated.reason(), "repeated host field");
        assert_eq!(
            Error::CodingInHttp10.to_string(),
            "transfer encoding in http/1.0"
        );
    }
}

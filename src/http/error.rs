//! What can be wrong with a request, and the status of the response.
//! This is the only place that turns a broken rule into a status. The statuses are those of RFC 9110
//! section 15 and RFC 6585 section 5.

use std::fmt;

use super::Status;

/// The rule that a request broke. After any of these the connection closes, since it is not known
/// where the next request begins.
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
    /// A Host that is not a host and an optional port; an empty one is not either.
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
    /// The status of the response.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::BodyTooLarge => Status::ContentTooLarge,
            Self::TargetTooLong => Status::UriTooLong,
            Self::Expectation => Status::ExpectationFailed,
            Self::HeadTooLarge | Self::TooManyFields => Status::FieldsTooLarge,
            // RFC 9112 section 3: a method longer than any implemented SHOULD be answered with 501.
            // Section 6.1: so should a transfer coding that is not understood.
            Self::MethodTooLong | Self::CodingUnknown => Status::NotImplemented,
            Self::VersionUnsupported => Status::VersionNotSupported,
            _ => Status::BadRequest,
        }
    }

    /// A few words that say what was wrong, for the body of the response and for the log.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Method => "malformed method",
            Self::MethodTooLong => "method too long",
            Self::Target => "malformed request target",
            Self::TargetTooLong => "request target too long",
            Self::TargetForm => "unsupported form of request target",
            Self::TargetFragment => "fragment in request target",
            Self::TargetUserinfo => "userinfo in request target",
            Self::TargetAuthority => "malformed authority in request target",
            Self::Connect => "connect is for proxies",
            Self::Version => "malformed http version",
            Self::VersionUnsupported => "unsupported http version",
            Self::HeadTooLarge => "request head too large",
            Self::TooManyFields => "too many fields",
            Self::BareLf => "line feed without carriage return",
            Self::BareCr => "carriage return without line feed",
            Self::ObsoleteFolding => "folded field line",
            Self::FieldName => "malformed field name",
            Self::FieldNameBlank => "blank in field name",
            Self::FieldValue => "control character in field value",
            Self::HostMissing => "missing host field",
            Self::HostRepeated => "repeated host field",
            Self::HostMalformed => "malformed host field",
            Self::LengthRepeated => "repeated content length",
            Self::LengthMalformed => "malformed content length",
            Self::LengthOverflow => "content length out of range",
            Self::LengthWithCoding => "both content length and transfer encoding",
            Self::Coding => "malformed transfer encoding, or one that does not end with chunked",
            Self::CodingUnknown => "unknown transfer coding",
            Self::CodingInHttp10 => "transfer encoding in http/1.0",
            Self::Expectation => "unsupported expectation",
            Self::BodyTooLarge => "request body too large",
            Self::ChunkSize => "malformed chunk size",
            Self::ChunkExtension => "control character in chunk extension",
            Self::ChunkExtensionsTooLong => "chunk extensions too long",
            Self::ChunkEnd => "chunk data without line end",
            Self::TrailersTooLong => "trailers too long",
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

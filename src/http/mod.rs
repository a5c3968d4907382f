//! HTTP/1.1 as values: from bytes to requests, and from responses to bytes.
//!
//! Nothing here reads, writes, waits or knows the time: parsers get the bytes that have arrived and
//! return [`Progress`], and the date of a response is a parameter. Knows neither routes nor captchas
//! nor sockets. The rules are RFC 9110 (semantics), RFC 9112 (HTTP/1.1) and RFC 3986 (URIs);
//! where they leave a choice, the request is refused, since request smuggling needs two ways to
//! read one message. No input makes anything here panic.
//!
//! A request is read in two steps: [`HeadParser`] turns the bytes up to the empty line into a
//! [`Head`], and [`BodyDecoder`] takes what follows by the head's [`Framing`]. Each [`Error`] has
//! its status, and the connection closes after it.

mod accept;
mod authority;
mod body;
mod class;
mod conditional;
mod date;
mod error;
mod fields;
mod head;
mod method;
mod multipart;
mod response;
mod target;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod testing;

pub use self::accept::{
    lookup_language, names_type, preferred_language, preferred_type, prefers_gzip,
};
pub use self::body::{
    BodyDecoder, CHUNK_EXTENSION_BYTES_MAX, CHUNK_SIZE_DIGITS_MAX, Framing, TRAILER_BYTES_MAX,
    Taken,
};
pub use self::class::is_token;
pub use self::conditional::has_current;
pub use self::date::imf_fixdate;
pub use self::error::Error;
pub use self::fields::Fields;
pub use self::head::{Head, HeadParser, METHOD_BYTES_MAX};
pub use self::method::{Method, Methods};
pub use self::multipart::multipart_value;
pub use self::response::{CONTINUE, Hop, Response, Status};
pub use self::target::{Target, form_value};

/// The version a message is served as (RFC 9110 section 2.5): every minor version above 1 is
/// served as 1.1, the highest we conform to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1, and any later 1.x.
    #[default]
    Http11,
}

/// How much of a request is read before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest request target; beyond it the answer is 414.
    pub target_bytes_max: usize,
    /// Longest head, from the request line (and an empty line before it) to the empty line after
    /// the fields; beyond it the answer is 431.
    pub head_bytes_max: usize,
    /// Most field lines in a head; beyond it the answer is 431.
    pub fields_max: usize,
    /// Longest body after decoding; beyond it the answer is 413.
    pub body_bytes_max: usize,
}

impl Limits {
    /// What the service uses unless told otherwise.
    pub const DEFAULT: Self = Self {
        // RFC 9112 section 3 asks for at least 8,000 bytes of request line; ours need fifty.
        target_bytes_max: 8 * 1024,
        // A target of full length and as much again: browsers with the cookies of a shared domain
        // send a few KiB, and the proxies usual in front refuse beyond 8 to 32 KiB themselves.
        head_bytes_max: 16 * 1024,
        // A browser behind two proxies sends about thirty; look-ups are linear in this number.
        fields_max: 100,
        // An answer to a captcha is some hundred bytes of JSON, and nothing else has a body.
        body_bytes_max: 16 * 1024,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

// The longest target must fit a head with room for its fields, or 414 could never be told from 431.
const _: () = assert!(
    METHOD_BYTES_MAX + Limits::DEFAULT.target_bytes_max + 4096 <= Limits::DEFAULT.head_bytes_max
);
const _: () = assert!(Limits::DEFAULT.target_bytes_max >= 8000);

/// Unfinished with nothing wrong so far, or a value and the bytes it took from the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// More bytes are needed.
    Partial,
    /// The value, and how many bytes at the start of the input it was.
    Complete(T, usize),
}

//! Answers: status, fields and body, and their head as bytes.
//! Knows no request beyond its version and whether the connection stays. The rules are RFC 9110
//! sections 6.6.1, 8.6 and 15 and RFC 9112 sections 4, 6.2 and 9.

use std::borrow::Cow;
use std::io::Write;

use super::Version;
use super::class::is_field_content;

/// The interim answer to a client that waits before it sends its body (RFC 9110 section 15.2.1).
/// Only for HTTP/1.1.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The statuses we answer with (RFC 9110 section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 200.
    Ok,
    /// 304.
    NotModified,
    /// 308.
    PermanentRedirect,
    /// 400.
    BadRequest,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 406.
    NotAcceptable,
    /// 408.
    RequestTimeout,
    /// 413.
    ContentTooLarge,
    /// 414.
    UriTooLong,
    /// 417.
    ExpectationFailed,
    /// 422.
    UnprocessableContent,
    /// 431 (RFC 6585 section 5).
    FieldsTooLarge,
    /// 500.
    InternalServerError,
    /// 501.
    NotImplemented,
    /// 503.
    ServiceUnavailable,
    /// 505.
    VersionNotSupported,
}

impl Status {
    /// The three digits.
    #[must_use]
    pub fn code(self) -> u16 {
        self.parts().0
    }

    /// The words after them, which no client should read.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        self.parts().1
    }

    fn parts(self) -> (u16, &'static str) {
        match self {
            Self::Ok => (200, "OK"),
            Self::NotModified => (304, "Not Modified"),
            Self::PermanentRedirect => (308, "Permanent Redirect"),
            Self::BadRequest => (400, "Bad Request"),
            Self::NotFound => (404, "Not Found"),
            Self::MethodNotAllowed => (405, "Method Not Allowed"),
            Self::NotAcceptable => (406, "Not Acceptable"),
            Self::RequestTimeout => (408, "Request Timeout"),
            Self::ContentTooLarge => (413, "Content Too Large"),
            Self::UriTooLong => (414, "URI Too Long"),
            Self::ExpectationFailed => (417, "Expectation Failed"),
            Self::UnprocessableContent => (422, "Unprocessable Content"),
            Self::FieldsTooLarge => (431, "Request Header Fields Too Large"),
            Self::InternalServerError => (500, "Internal Server Error"),
            Self::NotImplemented => (501, "Not Implemented"),
            Self::ServiceUnavailable => (503, "Service Unavailable"),
            Self::VersionNotSupported => (505, "HTTP Version Not Supported"),
        }
    }
}

/// What depends on the connection in a response, and not on the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The version of the request.
    pub version: Version,
    /// Whether the connection stays open after the answer.
    pub keep_alive: bool,
}

/// An answer. To HEAD it is the one to GET, of which only the head is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: Status,
    /// The fields besides Date, Content-Length and Connection, which [`Response::write_head`] adds.
    pub fields: Vec<(&'static str, Cow<'static, str>)>,
    /// The body, never chunked.
    pub body: Cow<'static, [u8]>,
}

impl Response {
    /// An answer without fields or body.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            status,
            fields: Vec::new(),
            body: Cow::Borrowed(&[]),
        }
    }

    /// The answer with one more field.
    #[must_use]
    pub fn with_field(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.add_field(name, value);
        self
    }

    /// Adds a field.
    pub fn add_field(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.fields.push((name, value.into()));
    }

    /// The answer with this body and its Content-Type, which nobody is to guess otherwise (Fetch
    /// Standard, section 3.6, `X-Content-Type-Options`).
    #[must_use]
    pub fn with_body(
        self,
        content_type: &'static str,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        let mut response = self
            .with_field("Content-Type", content_type)
            .with_field("X-Content-Type-Options", "nosniff");
        response.body = body.into();
        response
    }

    /// Names a field of the request on which the answer depends, for caches (RFC 9110 section
    /// 12.5.5). All such names stand in one field.
    pub fn vary(&mut self, name: &'static str) {
        match self.fields.iter_mut().find(|(known, _)| *known == "Vary") {
            Some((_, names)) => *names = format!("{names}, {name}").into(),
            None => self.add_field("Vary", name),
        }
    }

    /// Appends the status line and the fields, with the empty line after them, to `out`; the body
    /// is the caller's to send, or not to send after HEAD. `date` is an
    /// [`imf_fixdate`](super::imf_fixdate).
    ///
    /// The status line says 1.1 to 1.0 clients too (RFC 9110 section 2.5), and a 1.0 client is
    /// told that the connection stays, since it would not expect so (RFC 9112 section 9.3). A 304
    /// has no body and its length would be that of the 200 (RFC 9110 section 8.6): it has none.
    pub fn write_head(&self, hop: Hop, date: &str, out: &mut Vec<u8>) {
        let code = [100, 10, 1].map(|unit| b'0' + (self.status.code() / unit % 10) as u8);
        let phrase = self.status.phrase().as_bytes();
        for part in [b"HTTP/1.1 ", &code[..], b" ", phrase, b"\r\n"] {
            out.extend_from_slice(part);
        }
        write_field("Date", date, out);
        if self.status != Status::NotModified {
            // Writing to a vector cannot fail.
            let _ = write!(out, "Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.fields {
            write_field(name, value, out);
        }
        match hop {
            Hop {
                keep_alive: false, ..
            } => write_field("Connection", "close", out),
            Hop {
                version: Version::Http10,
                ..
            } => write_field("Connection", "keep-alive", out),
            Hop {
                version: Version::Http11,
                ..
            } => {}
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn write_field(name: &str, value: &str, out: &mut Vec<u8>) {
    debug_assert!(
        value.bytes().all(is_field_content),
        "values are ours, and a line end in one would be a field of somebody else's"
    );
    for part in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn check(response: &Response, version: Version, keep_alive: bool, expected: &str) {
        let mut out = b"before".to_vec();
        response.write_head(
            Hop {
                version,
                keep_alive,
            },
            DATE,
            &mut out,
        );
        assert_eq!(String::from_utf8(out).unwrap(), format!("before{expected}"));
    }

    /// RFC 9112 section 9.3: the connection is said only where the client would expect otherwise.
    #[test]
    fn writes_the_connection_by_version() {
        let head = format!("HTTP/1.1 404 Not Found\r\nDate: {DATE}\r\nContent-Length: 0\r\n");
        let response = Response::new(Status::NotFound);
        check(&response, Version::Http11, true, &format!("{head}\r\n"));
        check(
            &response,
            Version::Http11,
            false,
            &format!("{head}Connection: close\r\n\r\n"),
        );
        check(
            &response,
            Version::Http10,
            true,
            &format!("{head}Connection: keep-alive\r\n\r\n"),
        );
        check(
            &response,
            Version::Http10,
            false,
            &format!("{head}Connection: close\r\n\r\n"),
        );
    }

    #[test]
    fn writes_fields_in_their_order() {
        let response = Response::new(Status::MethodNotAllowed)
            .with_field("Allow", "POST")
            .with_body("application/json", b"{}")
            .with_field("Captcha-Id", String::from("x y"));
        let expected = format!(
            "HTTP/1.1 405 Method Not Allowed\r\nDate: {DATE}\r\nContent-Length: 2\r\nAllow: POST\r\n\
             Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nCaptcha-Id: x y\r\n\r\n"
        );
        check(&response, Version::Http11, true, &expected);
        assert_eq!(response.body.as_ref(), b"{}");
    }

    #[test]
    fn what_an_answer_depends_on_is_one_list() {
        let mut response = Response::new(Status::Ok).with_field("A", "b");
        response.vary("Accept");
        response.vary("Origin");
        let expected = [("A", "b".into()), ("Vary", "Accept, Origin".into())];
        assert_eq!(response.fields, expected);
    }

    /// RFC 9110 section 8.6.
    #[test]
    fn not_modified_has_no_length() {
        let response = Response::new(Status::NotModified).with_field("ETag", "\"a\"");
        let expected = format!("HTTP/1.1 304 Not Modified\r\nDate: {DATE}\r\nETag: \"a\"\r\n\r\n");
        check(&response, Version::Http11, true, &expected);
    }

    /// A value with a line end is a mistake of ours, so it shows where we test.
    #[test]
    #[should_panic(expected = "values are ours")]
    #[cfg(debug_assertions)]
    fn a_line_end_in_a_value_is_our_mistake() {
        let response = Response::new(Status::Ok).with_field("A", "b\r\nC: d");
        response.write_head(
            Hop {
                version: Version::Http11,
                keep_alive: true,
            },
            DATE,
            &mut Vec::new(),
        );
    }
}

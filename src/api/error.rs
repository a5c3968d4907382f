//! Error responses: `{"detail": …}` with a text, or with a list of what is wrong and where.

use std::ops::Range;

use crate::http::{Response, Status};
use crate::json::{self, TooLong, Value};

use super::JSON;

/// Most bytes of `input` that a response repeats, as JSON. Enough to recognise a mistake, and a bound
/// on the size of the response.
const INPUT_BYTES_MAX: usize = 1024;

/// Where something is wrong.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The body as a whole.
    Body,
    /// At so many characters into the body.
    Offset(usize),
    /// In this field of the body.
    Field(&'static str),
    /// In this field of the query.
    Query(&'static str),
}

/// What was found instead of what was expected.
pub(super) enum Input<'a> {
    Value(Value<'a>),
    Text(&'a str),
    /// Nothing, or nothing that JSON could show.
    Null,
    /// For a body that is not JSON.
    EmptyObject,
}

/// One thing that is wrong, as the reference (see the crate) reports it.
pub(super) struct Detail<'a> {
    /// The kind of mistake, for programs.
    pub kind: &'static str,
    pub place: Place,
    /// The same in words.
    pub message: &'static str,
    pub input: Input<'a>,
    /// Name and text of `ctx`.
    pub context: Option<(&'static str, &'static str)>,
}

/// A response with this status and reason.
pub(super) fn response(status: Status, reason: &str) -> Response {
    let mut body = br#"{"detail":"#.to_vec();
    json::write_string(reason, &mut body);
    body.push(b'}');
    Response::new(status).with_body(JSON, body)
}

/// The response to a request that failed because of a fault of the service. The log has the reason.
pub(super) fn internal() -> Response {
    response(Status::InternalServerError, "Internal Server Error")
}

/// Seconds after which a client may try again: the store is usually back within one, or away for longer
/// than a client should wait.
const RETRY_AFTER_SECS: &str = "1";

/// The response while the store cannot be used.
pub(super) fn unavailable() -> Response {
    response(Status::ServiceUnavailable, "The store is unavailable")
        .with_field("Retry-After", RETRY_AFTER_SECS)
        .with_field("Cache-Control", "no-store")
}

/// The response to a request with an invalid body or query.
pub(super) fn unprocessable(details: &[Detail<'_>]) -> Response {
    let mut body = br#"{"detail":["#.to_vec();
    let mut last: Option<(Value<'_>, Range<usize>)> = None;
    for (index, detail) in details.iter().enumerate() {
        if 0 < index {
            body.push(b',');
        }
        detail.write_up_to_input(&mut body);
        let start = body.len();
        match (&detail.input, &last) {
            // An object that lacks two fields is written once.
            (Input::Value(value), Some((known, place))) if value.is(*known) => {
                body.extend_from_within(place.clone());
            }
            (input, _) => input.write(&mut body),
        }
        if let Input::Value(value) = detail.input {
            last = Some((value, start..body.len()));
        }
        detail.write_from_input(&mut body);
    }
    body.extend_from_slice(b"]}");
    Response::new(Status::UnprocessableContent).with_body(JSON, body)
}

impl Detail<'_> {
    fn write_up_to_input(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"type":"#);
        json::write_string(self.kind, out);
        out.extend_from_slice(br#","loc":["#);
        self.place.write(out);
        out.extend_from_slice(br#"],"msg":"#);
        json::write_string(self.message, out);
        out.extend_from_slice(br#","input":"#);
    }

    fn write_from_input(&self, out: &mut Vec<u8>) {
        if let Some((name, text)) = self.context {
            out.extend_from_slice(br#","ctx":{"#);
            json::write_string(name, out);
            out.push(b':');
            json::write_string(text, out);
            out.push(b'}');
        }
        out.push(b'}');
    }
}

impl Place {
    fn write(self, out: &mut Vec<u8>) {
        let (root, leaf) = match self {
            Place::Body => (r#""body""#, None),
            Place::Offset(characters) => (r#""body""#, Some(characters.to_string())),
            Place::Field(name) => (r#""body""#, Some(format!("\"{name}\""))),
            Place::Query(name) => (r#""query""#, Some(format!("\"{name}\""))),
        };
        out.extend_from_slice(root.as_bytes());
        if let Some(leaf) = leaf {
            out.push(b',');
            out.extend_from_slice(leaf.as_bytes());
        }
    }
}

impl Input<'_> {
    /// An input that is too long is repeated as `null`.
    fn write(&self, out: &mut Vec<u8>) {
        let written = match self {
            Input::Value(value) => value.write(INPUT_BYTES_MAX, out),
            Input::Text(text) => json::write_short_string(text, INPUT_BYTES_MAX, out),
            Input::Null => Err(TooLong),
            Input::EmptyObject => {
                out.extend_from_slice(b"{}");
                Ok(())
            }
        };
        if written == Err(TooLong) {
            out.extend_from_slice(b"null");
        }
    }
}

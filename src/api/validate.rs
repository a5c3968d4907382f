//! Checks an answer to a captcha: from the body to id and text, from the verdict to status and JSON.

use std::borrow::Cow;
use std::time::Instant;

use super::error::{self, Detail, Input, Place};
use super::forgive::forgive;
use super::{AppWorker, JSON, Request};
use crate::http::{Response, Status};
use crate::json::{self, ErrorKind, Value};
use crate::store::{Id, Unavailable, Verdict};

pub(super) fn answer(worker: &mut AppWorker, request: &Request) -> Response {
    let body = request.body.as_slice();
    if body.is_empty() {
        return no_body();
    }
    if !is_json(request.head.fields.get("content-type")) {
        return not_json(body);
    }
    match json::parse(without_byte_order_mark(body)) {
        Ok(document) => judge_object(worker, document.root()),
        Err(error) if error.kind == ErrorKind::IntegerTooLong => {
            error::response(Status::BadRequest, "There was an error parsing the body")
        }
        Err(error) => invalid_json(error),
    }
}

/// Whether a media type is JSON: `application/json` or `application/…+json` in any case, with or
/// without parameters.
pub(super) fn is_json(content_type: Option<&[u8]>) -> bool {
    let essence = content_type.and_then(|value| value.split(|byte| *byte == b';').next());
    let Some(subtype) = essence.map(<[u8]>::trim_ascii).and_then(|essence| {
        let (kind, subtype) = essence.split_at_checked(b"application/".len())?;
        kind.eq_ignore_ascii_case(b"application/")
            .then_some(subtype)
    }) else {
        return false;
    };
    let suffix = subtype.last_chunk().unwrap_or(&[0; 5]);
    (subtype.eq_ignore_ascii_case(b"json") || suffix.eq_ignore_ascii_case(b"+json"))
        && !subtype.contains(&b'/')
}

/// The body without the byte order mark that some programs write before UTF-8 (RFC 8259 section 8.1 lets
/// parsers ignore it).
pub(super) fn without_byte_order_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

fn judge_object(worker: &mut AppWorker, value: Value<'_>) -> Response {
    // `null` counts as no body.
    if value.is_null() {
        return no_body();
    }
    if !value.is_object() {
        return no_object(Input::Value(value), None);
    }
    let (id, text) = match (string(value, "id"), string(value, "text")) {
        (Ok(id), Ok(text)) => (id, text),
        (id, text) => {
            let details: Vec<Detail<'_>> = [id.err(), text.err()].into_iter().flatten().collect();
            return error::unprocessable(&details);
        }
    };
    judge(worker, &id, &text).map_or_else(|Unavailable| error::unavailable(), verdict_response)
}

/// Checks what was typed as the text of the captcha with this id, and counts the verdict.
pub(super) fn judge(worker: &mut AppWorker, id: &str, text: &str) -> Result<Verdict, Unavailable> {
    let verdict = match Id::parse(id) {
        Some(id) => {
            let form = worker.app.settings.captcha.alphabet.form(&forgive(text));
            worker.store.judge(id, &form, Instant::now())?
        }
        None => Verdict::Unknown,
    };
    worker.app.metrics.count_verdict(verdict);
    Ok(verdict)
}

/// The string with this name in an object, or what is wrong with it.
fn string<'a>(object: Value<'a>, name: &'static str) -> Result<Cow<'a, str>, Detail<'a>> {
    let detail = |kind, message, input| Detail {
        kind,
        place: Place::Field(name),
        message,
        input: Input::Value(input),
        context: None,
    };
    let Some(value) = object.get(name) else {
        return Err(detail("missing", "Field required", object));
    };
    let text = value.as_str();
    text.ok_or_else(|| detail("string_type", "Input should be a valid string", value))
}

fn verdict_response(verdict: Verdict) -> Response {
    let (status, body): (_, &[u8]) = match verdict {
        Verdict::Right => (
            Status::Ok,
            br#"{"status":200,"message":"CAPTCHA validated successfully"}"#,
        ),
        Verdict::Wrong { .. } => (
            Status::BadRequest,
            br#"{"status":400,"message":"CAPTCHA validation failed"}"#,
        ),
        Verdict::Unknown => (
            Status::NotFound,
            br#"{"status":404,"message":"CAPTCHA to validate not found"}"#,
        ),
    };
    let mut response = Response::new(status)
        .with_field("Cache-Control", "no-store")
        .with_body(JSON, body);
    if let Verdict::Wrong { attempts_left } = verdict {
        response.add_field("captcha-attempts-left", attempts_left.to_string());
    }
    response
}

fn no_body() -> Response {
    error::unprocessable(&[Detail {
        kind: "missing",
        place: Place::Body,
        message: "Field required",
        input: Input::Null,
        context: None,
    }])
}

/// The error for a body that is not announced as JSON.
fn not_json(body: &[u8]) -> Response {
    let input = str::from_utf8(body).map_or(Input::Null, Input::Text);
    let context = ("error", "Content-Type should be application/json");
    no_object(input, Some(context))
}

fn no_object(input: Input<'_>, context: Option<(&'static str, &'static str)>) -> Response {
    error::unprocessable(&[Detail {
        kind: "model_attributes_type",
        place: Place::Body,
        message: "Input should be a valid dictionary or object to extract fields from",
        input,
        context,
    }])
}

fn invalid_json(error: json::Error) -> Response {
    error::unprocessable(&[Detail {
        kind: "json_invalid",
        place: Place::Offset(error.at),
        message: "JSON decode error",
        input: Input::EmptyObject,
        context: Some(("error", error.kind.message())),
    }])
}

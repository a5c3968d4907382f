//! An answer to a captcha: from the body to id and text, from the verdict to status and JSON.

use std::borrow::Cow;
use std::time::Instant;

use super::error::{self, Detail, Input, Place};
use super::{AppWorker, JSON, Request};
use crate::http::{Response, Status};
use crate::json::{self, ErrorKind, Value};
use crate::store::{Id, Verdict};

pub(super) fn answer(worker: &mut AppWorker, request: &Request) -> Response {
    let body = request.body.as_slice();
    if body.is_empty() {
        return no_body();
    }
    if !is_json(request.head.fields.get("content-type")) {
        return not_json(body);
    }
    match json::parse(body) {
        Ok(document) => judge(worker, document.root()),
        Err(error) if error.kind == ErrorKind::IntegerTooLong => {
            error::response(Status::BadRequest, "There was an error parsing the body")
        }
        Err(error) => invalid_json(error),
    }
}

/// Whether a media type is JSON: `application/json` or `application/…+json` in any case, with or
/// without parameters.
fn is_json(content_type: Option<&[u8]>) -> bool {
    let essence = content_type.and_then(|value| value.split(|byte| *byte == b';').next());
    let Some(subtype) = essence.map(<[u8]>::trim_ascii).and_then(|essence| {
        let (kind, subtype) = essence.split_at_checked(b"application/".len())?;
        kind.eq_ignore_ascii_case(b"application/")
            .then_some(subtype)
    }) else {
        return false;
    };
    let subtype = subtype.to_ascii_lowercase();
    (subtype == b"json" || subtype.ends_with(b"+json")) && !subtype.contains(&b'/')
}

fn judge(worker: &AppWorker, value: Value<'_>) -> Response {
    // `null` counts as no body.
    if value.is_null() {
        return no_body();
    }
    if !value.is_object() {
        return no_object(Input::Value(value));
    }
    let (id, text) = match (string(value, "id"), string(value, "text")) {
        (Ok(id), Ok(text)) => (id, text),
        (id, text) => {
            let details: Vec<Detail<'_>> = [id.err(), text.err()].into_iter().flatten().collect();
            return error::unprocessable(&details);
        }
    };
    let verdict = Id::parse(&id).map_or(Verdict::Unknown, |id| {
        worker.app.store.judge(id, &text, Instant::now())
    });
    worker.app.metrics.count_verdict(verdict);
    verdict_response(verdict)
}

/// The string at a name of an object, or what is wrong there.
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
    Response::new(status)
        .with_field("Cache-Control", "no-store")
        .with_body(JSON, body)
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

/// For a body that does not say that it is JSON, whatever it is.
fn not_json(body: &[u8]) -> Response {
    no_object(str::from_utf8(body).map_or(Input::Null, Input::Text))
}

fn no_object(input: Input<'_>) -> Response {
    error::unprocessable(&[Detail {
        kind: "model_attributes_type",
        place: Place::Body,
        message: "Input should be a valid dictionary or object to extract fields from",
        input,
        context: None,
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

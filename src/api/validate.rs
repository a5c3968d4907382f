//! An answer to a captcha: from the body to id and text, from the verdict to status and JSON.

use std::time::Instant;

use super::error::{self, Detail, Input, Place};
use super::{AppWorker, JSON, Request};
use crate::http::{Response, Status};
use crate::json::{self, ErrorKind, Value};
use crate::store::{Id, Verdict};

pub(super) fn answer(worker: &mut AppWorker, request: &Request) -> Response {
    let body = request.body.as_slice();
    if body.is_empty() {
        return wrong_body(&Value::Null);
    }
    if !is_json(request.head.fields.get("content-type")) {
        return not_json(body);
    }
    match json::parse(body) {
        Ok(value) => judge(worker, &value),
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

fn judge(worker: &AppWorker, value: &Value<'_>) -> Response {
    if !matches!(value, Value::Object(_)) {
        return wrong_body(value);
    }
    let (id, text) = match (string(value, "id"), string(value, "text")) {
        (Ok(id), Ok(text)) => (id, text),
        (id, text) => {
            let details: Vec<Detail<'_>> = [id.err(), text.err()].into_iter().flatten().collect();
            return error::unprocessable(&details);
        }
    };
    let verdict = Id::parse(id).map_or(Verdict::Unknown, |id| {
        worker.app.store.judge(id, text, Instant::now())
    });
    worker.app.metrics.count_verdict(verdict);
    verdict_response(verdict)
}

/// The string at a name of an object, or what is wrong there.
fn string<'a>(object: &'a Value<'a>, name: &'static str) -> Result<&'a str, Detail<'a>> {
    let place = Place::Field(name);
    match object.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(value) => Err(Detail {
            kind: "string_type",
            place,
            message: "Input should be a valid string",
            input: Input::Value(value),
            context: None,
        }),
        None => Err(Detail {
            kind: "missing",
            place,
            message: "Field required",
            input: Input::Value(object),
            context: None,
        }),
    }
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

/// For a body that is JSON and no object. `null` counts as no body.
fn wrong_body(value: &Value<'_>) -> Response {
    let (kind, message) = match value {
        Value::Null => ("missing", "Field required"),
        _ => ("model_attributes_type", NO_OBJECT),
    };
    let input = Input::Value(value);
    error::unprocessable(&[Detail {
        kind,
        place: Place::Body,
        message,
        input,
        context: None,
    }])
}

const NO_OBJECT: &str = "Input should be a valid dictionary or object to extract fields from";

/// For a body that does not say that it is JSON, whatever it is.
fn not_json(body: &[u8]) -> Response {
    error::unprocessable(&[Detail {
        kind: "model_attributes_type",
        place: Place::Body,
        message: NO_OBJECT,
        input: str::from_utf8(body).map_or(Input::Null, Input::Text),
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

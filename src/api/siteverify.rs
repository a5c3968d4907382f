//! Checks an answer for backends written for reCAPTCHA, hCaptcha or Turnstile. They send `secret` and
//! `response`, as a form of either kind or as JSON; `response` is the captcha's id, a point, and what
//! the visitor typed. The status is always 200, as with these services, and the JSON has the verdict.

use std::borrow::Cow;
use std::hint::black_box;
use std::io::Write;
use std::time::SystemTime;

use super::validate::{is_json, judge, without_byte_order_mark};
use super::{AppWorker, Cors, JSON, Request};
use crate::calendar::{Moment, since_epoch};
use crate::http::{self, Response, Status};
use crate::json;
use crate::store::{Unavailable, Verdict};

/// The host of the page if it is not known, in hCaptcha's words.
const UNKNOWN_HOST: &str = "not-provided";

pub(super) fn answer(worker: &mut AppWorker, request: &Request) -> Response {
    let Some((secret, response)) = parameters(request) else {
        return failure("bad-request");
    };
    let expected = worker.app.settings.siteverify_secret.as_deref();
    match (secret.as_deref(), response.as_deref()) {
        (None | Some(""), _) => failure("missing-input-secret"),
        (Some(secret), _) if !is_secret(expected.unwrap_or_default(), secret) => {
            failure("invalid-input-secret")
        }
        (_, None | Some("")) => failure("missing-input-response"),
        (_, Some(response)) => match response.split_once('.') {
            None => failure("invalid-input-response"),
            Some((id, text)) => match judge(worker, id, text) {
                Ok(Verdict::Right) => success(&worker.app.settings.cors),
                Ok(Verdict::Wrong { .. }) => failure("invalid-input-response"),
                Ok(Verdict::Unknown) => failure("timeout-or-duplicate"),
                Err(Unavailable) => failure("internal-error"),
            },
        },
    }
}

/// Secret and response; none if the body is neither a form nor a JSON object.
fn parameters(request: &Request) -> Option<(Option<String>, Option<String>)> {
    let body = request.body.as_slice();
    let content_type = request.head.fields.get("content-type");
    if !is_json(content_type) {
        let value = |name| {
            http::multipart_value(content_type.unwrap_or_default(), body, name)
                .or_else(|| http::form_value(body, name))
        };
        return Some((value("secret"), value("response")));
    }
    let document = json::parse(without_byte_order_mark(body)).ok()?;
    let object = document.root();
    let string = |name| Some(object.get(name)?.as_str()?.into_owned());
    object
        .is_object()
        .then(|| (string("secret"), string("response")))
}

/// Compares all bytes, so that the time taken reveals nothing but the length.
fn is_secret(expected: &str, found: &str) -> bool {
    let differences = expected
        .bytes()
        .zip(found.bytes())
        .fold(0, |differences, (a, b)| black_box(differences | (a ^ b)));
    expected.len() == found.len() && differences == 0 && !expected.is_empty()
}

fn success(cors: &Cors) -> Response {
    let host: Cow<'_, str> = match cors {
        // No other page can have read the captcha's id.
        Cors::Only(origins) if origins.len() == 1 => host(&origins[0]).into(),
        Cors::Only(_) | Cors::Any | Cors::Off => UNKNOWN_HOST.into(),
    };
    let now = Moment::from_epoch(since_epoch(SystemTime::now()));
    let mut body = br#"{"success":true,"challenge_ts":""#.to_vec();
    // Writing to a vector cannot fail.
    let _ = write!(
        body,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z\",\"hostname\":",
        now.year, now.month, now.day, now.hour, now.minute, now.second
    );
    json::write_string(&host, &mut body);
    body.extend_from_slice(br#","error-codes":[]}"#);
    respond(body)
}

/// The host of an origin, which is a scheme, a host, and perhaps a port.
fn host(origin: &str) -> &str {
    let authority = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn failure(code: &str) -> Response {
    respond(format!(r#"{{"success":false,"error-codes":["{code}"]}}"#).into_bytes())
}

fn respond(body: Vec<u8>) -> Response {
    Response::new(Status::Ok)
        .with_field("Cache-Control", "no-store")
        .with_body(JSON, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origins_host_has_no_port() {
        for (origin, expected) in [
            ("https://shop.example", "shop.example"),
            ("http://shop.example:8080", "shop.example"),
            ("http://[::1]:80", "[::1]"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(host(origin), expected);
        }
    }

    #[test]
    fn only_the_whole_secret_is_the_secret() {
        assert!(is_secret("secret", "secret"));
        for found in [
            "",
            "s",
            "secre",
            "secret ",
            "Secret",
            "terces",
            "secretsecret",
        ] {
            assert!(!is_secret("secret", found), "{found:?}");
        }
        assert!(!is_secret("", ""), "none is no secret");
    }
}

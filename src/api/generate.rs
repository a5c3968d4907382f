//! A new captcha: its text, its picture, its place in the store; as a picture with the id in a
//! field, or as JSON for those who cannot read one.

use std::io::Write;
use std::time::Instant;

use fastrand::Rng;

use super::error::{self, Detail, Input, Place};
use super::forgive::forgive;
use super::{AppWorker, JSON, Request, base64};
use crate::captcha::{Style, ThemeChoice};
use crate::http::{self, Response, Status};
use crate::store::{Id, Solution};

/// Room for a picture of the usual size, so that it is not moved while it grows.
const PNG_BYTES_USUAL: usize = 16 * 1024;

/// Room for what stands around the picture in JSON: names, the id, the lifetime, the length.
const JSON_BYTES_AROUND: usize = 128;

const PNG: &str = "image/png";

/// What a captcha can be had as. Who takes either, or names neither, gets the picture, as everybody
/// once did.
const MEDIA_TYPES: [&str; 2] = [PNG, JSON];

const THEMES: &str = "'light', 'dark' or 'random'";

pub(super) fn answer(worker: &mut AppWorker, request: &Request) -> Response {
    let media_type = http::preferred_type(&request.head.fields, &MEDIA_TYPES).unwrap_or(PNG);
    let mut response = captcha(worker, request, media_type);
    response.vary("Accept");
    response
}

fn captcha(worker: &mut AppWorker, request: &Request, media_type: &'static str) -> Response {
    let settings = &worker.app.settings;
    let theme = match request.head.target.query_value("theme") {
        None => settings.captcha.theme,
        Some(name) => match ThemeChoice::parse(&name) {
            Some(theme) => theme,
            None => return unknown_theme(&name),
        },
    };
    let (entropy, alphabet) = (&mut worker.entropy, &settings.captcha.alphabet);
    // Decoration is drawn by a generator of its own, seeded afresh: whatever a picture may tell of
    // its generator, it says nothing of a text, and nothing of another picture.
    let mut rng = Rng::with_seed(entropy.seed());
    let text = settings
        .test_text
        .clone()
        .unwrap_or_else(|| alphabet.random(settings.captcha.length, entropy));
    let Some(solution) = Solution::new(&alphabet.form(&forgive(&text))) else {
        let chars = text.chars().count();
        worker
            .app
            .log
            .error("cannot keep a text", &[("chars", &chars)]);
        return error::response(Status::InternalServerError, "Internal Server Error");
    };
    let style = Style {
        theme: theme.pick(&mut rng),
        ..settings.captcha.style
    };
    let mut png = Vec::with_capacity(PNG_BYTES_USUAL);
    if let Err(error) = worker.painter.paint(&text, &style, &mut rng, &mut png) {
        worker.app.log.error("cannot draw", &[("error", &error)]);
        return error::response(Status::InternalServerError, "Internal Server Error");
    }
    // Its life begins when it is handed out, not when its drawing began.
    let inserted = worker.store.insert(solution, request.line, Instant::now());
    let Ok(id) = inserted else {
        return error::unavailable();
    };
    worker.app.metrics.count_generated();
    let body = match media_type {
        JSON => json(
            id,
            &png,
            worker.app.store.ttl().as_secs(),
            text.chars().count(),
            alphabet.is_digits(),
        ),
        _ => png,
    };
    Response::new(Status::Ok)
        // In lower case, as HTTP/2 has all names: scripts find it behind every proxy.
        .with_field("captcha-id", id.to_string())
        .with_field("Cache-Control", "no-store")
        .with_body(media_type, body)
}

fn json(id: Id, png: &[u8], expires_in_secs: u64, length: usize, is_digits: bool) -> Vec<u8> {
    let mut body = Vec::with_capacity(JSON_BYTES_AROUND + base64::encoded_len(png.len()));
    // Writing to a vector cannot fail.
    let _ = write!(body, r#"{{"id":"{id}","image":"data:image/png;base64,"#);
    base64::write(png, &mut body);
    let _ = write!(
        body,
        r#"","expires_in":{expires_in_secs},"length":{length}"#
    );
    body.extend_from_slice(if is_digits {
        br#","digits":true}"#
    } else {
        b"}"
    });
    body
}

fn unknown_theme(name: &str) -> Response {
    error::unprocessable(&[Detail {
        kind: "enum",
        place: Place::Query("theme"),
        message: "Input should be 'light', 'dark' or 'random'",
        input: Input::Text(name),
        context: Some(("expected", THEMES)),
    }])
}

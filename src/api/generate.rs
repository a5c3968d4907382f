//! A new captcha: its text, its picture, its place in the store.

use std::time::Instant;

use fastrand::Rng;

use super::error::{self, Detail, Input, Place};
use super::{AppWorker, Request};
use crate::captcha::{self, Style, ThemeChoice};
use crate::http::{Response, Status};

/// Room for a picture of the usual size, so that it is not moved while it grows.
const PNG_BYTES_USUAL: usize = 32 * 1024;

const THEMES: &str = "'light', 'dark' or 'random'";

pub(super) fn answer(worker: &mut AppWorker, request: &Request) -> Response {
    let settings = &worker.app.settings;
    let theme = match request.head.target.query_value("theme") {
        None => settings.theme,
        Some(name) => match ThemeChoice::parse(&name) {
            Some(theme) => theme,
            None => return unknown_theme(&name),
        },
    };
    let entropy = &mut worker.entropy;
    // Decoration is drawn by a generator of its own, seeded afresh: whatever a picture may tell of
    // its generator, it says nothing of a text, and nothing of another picture.
    let mut rng = Rng::with_seed(entropy.seed());
    let text = settings
        .test_text
        .clone()
        .unwrap_or_else(|| captcha::text::random(settings.length, &mut || entropy.byte()));
    let style = Style {
        theme: theme.pick(&mut rng),
        ..settings.style
    };
    let mut png = Vec::with_capacity(PNG_BYTES_USUAL);
    if let Err(error) = worker.painter.paint(&text, &style, &mut rng, &mut png) {
        worker.app.log.error("cannot draw", &[("error", &error)]);
        return error::response(Status::InternalServerError, "Internal Server Error");
    }
    // Its life begins when it is handed out, not when its drawing began.
    let id = worker.app.store.insert(&text, Instant::now());
    Response::new(Status::Ok)
        .with_field("Captcha-Id", id.to_string())
        .with_field("Cache-Control", "no-store")
        .with_body("image/png", png)
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

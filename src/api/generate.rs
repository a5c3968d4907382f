//! Makes a captcha: draws a text, makes a picture or a sound of it, stores it, and returns the file
//! with the id in a header, or both in JSON.

use std::fmt::Display;
use std::io::Write;
use std::time::Instant;

use fastrand::Rng;

use super::forgive::forgive;
use super::medium::Medium;
use super::{AppWorker, JSON, Request, base64, error};
use crate::http::{self, Fields, Response, Status};
use crate::server::Cost;
use crate::store::{Id, Solution, Unavailable};

/// Room for the JSON around the picture: names, id, lifetime, length.
const JSON_BYTES_AROUND: usize = 128;

const PNG: &str = "image/png";
const WAV: &str = "audio/wav";

/// The media types of a captcha. A sound is sent only if `Accept` names it.
const MEDIA_TYPES: [&str; 3] = [PNG, JSON, WAV];

pub(super) fn answer(worker: &mut AppWorker, request: &Request) -> Response {
    let mut response = match media_type(&request.head.fields, worker.speaker.is_some()) {
        Some(media_type) => captcha(worker, request, media_type).unwrap_or_else(|refusal| refusal),
        None => error::response(
            Status::NotAcceptable,
            "Only image/png and application/json are available",
        ),
    };
    response.vary("Accept");
    response
}

/// The cost of a new captcha if sounds are on.
pub(super) fn cost(request: &Request) -> Cost {
    match media_type(&request.head.fields, true) {
        Some(WAV) => Cost::Double,
        _ => Cost::Usual,
    }
}

/// The media type of the response. The picture is the default, also for a client that accepts nothing
/// of what is available. None if the client accepts nothing but a sound and sounds are off.
fn media_type(fields: &Fields, has_sound: bool) -> Option<&'static str> {
    let names_sound = || http::names_type(fields, WAV);
    let offered = if has_sound && names_sound() {
        &MEDIA_TYPES[..]
    } else {
        &MEDIA_TYPES[..2]
    };
    http::preferred_type(fields, offered).or_else(|| (!names_sound()).then_some(PNG))
}

/// A new captcha as this media type, or an error response.
fn captcha(
    worker: &mut AppWorker,
    request: &Request,
    media_type: &'static str,
) -> Result<Response, Response> {
    let settings = &worker.app.settings;
    let medium = match &worker.app.voices {
        Some(voices) if media_type == WAV => Medium::sound(voices, request),
        _ => Medium::picture(settings.captcha.theme, request)?,
    };
    if worker.app.store.is_resting(Instant::now()) {
        return Err(error::unavailable());
    }
    let entropy = &mut worker.entropy;
    // Decoration comes from a generator with a new seed each time, so that nothing in a picture or a
    // sound can reveal a text or predict another picture.
    let mut rng = Rng::with_seed(entropy.seed());
    let text = settings
        .test_text
        .clone()
        .unwrap_or_else(|| medium.random_text(settings, entropy));
    let length = text.chars().count();
    let solution = Solution::new(&settings.captcha.alphabet.form(&forgive(&text)))
        .ok_or_else(|| failure(worker, "cannot store a text", ("chars", &length)))?;
    let file = medium
        .make(worker, &text, &mut rng)
        .map_err(|error| failure(worker, "cannot draw or speak a text", ("error", &error)))?;
    // The lifetime begins now, and not before the drawing.
    let id = worker
        .store
        .insert(solution, request.line, Instant::now())
        .map_err(|Unavailable| error::unavailable())?;
    worker.app.metrics.count_generated(medium);
    let body = match media_type {
        JSON => json(worker, id, &file, length),
        _ => file,
    };
    Ok(respond(id, medium, media_type, body))
}

fn respond(id: Id, medium: Medium, media_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Status::Ok)
        // In lower case, as in HTTP/2, so that scripts find it behind every proxy.
        .with_field("captcha-id", id.to_string())
        .with_field("Cache-Control", "no-store")
        .with_body(media_type, body);
    if let Medium::Sound(language) = medium {
        response.add_field("Content-Language", language);
        response.vary("Accept-Language");
    }
    response
}

/// For errors that the checks at the start should have excluded.
fn failure(worker: &AppWorker, message: &str, detail: (&str, &dyn Display)) -> Response {
    worker.app.log.error(message, &[detail]);
    error::internal()
}

fn json(worker: &AppWorker, id: Id, png: &[u8], length: usize) -> Vec<u8> {
    let expires_in_secs = worker.app.store.ttl().as_secs();
    let has_sound = worker.speaker.is_some();
    let mut body = Vec::with_capacity(JSON_BYTES_AROUND + base64::encoded_len(png.len()));
    // Writing to a vector cannot fail.
    let _ = write!(body, r#"{{"id":"{id}","image":"data:image/png;base64,"#);
    base64::write(png, &mut body);
    let _ = write!(
        body,
        r#"","expires_in":{expires_in_secs},"length":{length}"#
    );
    if worker.app.settings.captcha.alphabet.is_digits() {
        body.extend_from_slice(br#","digits":true"#);
    }
    if has_sound {
        body.extend_from_slice(br#","audio":true"#);
    }
    body.push(b'}');
    body
}

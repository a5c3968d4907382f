//! A new captcha: a text, told in a picture or a sound, a place in the store, and an answer with its
//! id; in a field beside the file, or for those who cannot read one with the picture in JSON.

use std::fmt::Display;
use std::io::Write;
use std::time::Instant;

use fastrand::Rng;

use super::forgive::forgive;
use super::telling::Telling;
use super::{AppWorker, JSON, Request, base64, error};
use crate::http::{self, Fields, Response, Status};
use crate::server::Cost;
use crate::store::{Id, Solution, Unavailable};

/// Room for what stands around the picture in JSON: names, the id, the lifetime, the length.
const JSON_BYTES_AROUND: usize = 128;

const PNG: &str = "image/png";
const WAV: &str = "audio/wav";

/// What a captcha can be had as; a sound only by those who name it.
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

/// What a new captcha costs, where there are sounds.
pub(super) fn cost(request: &Request) -> Cost {
    match media_type(&request.head.fields, true) {
        Some(WAV) => Cost::Double,
        _ => Cost::Usual,
    }
}

/// What a client gets. Who takes picture and JSON equally, or names nothing that there is, gets the
/// picture, as everybody once did. None is for who names sound and would take nothing else, where
/// there is no sound.
fn media_type(fields: &Fields, has_sound: bool) -> Option<&'static str> {
    let names_sound = || http::names_type(fields, WAV);
    let offered = if has_sound && names_sound() {
        &MEDIA_TYPES[..]
    } else {
        &MEDIA_TYPES[..2]
    };
    http::preferred_type(fields, offered).or_else(|| (!names_sound()).then_some(PNG))
}

/// A new captcha as this media type; or why there is none.
fn captcha(
    worker: &mut AppWorker,
    request: &Request,
    media_type: &'static str,
) -> Result<Response, Response> {
    let settings = &worker.app.settings;
    let telling = match &worker.app.voices {
        Some(voices) if media_type == WAV => Telling::sound(voices, request),
        _ => Telling::picture(settings.captcha.theme, request)?,
    };
    if worker.app.store.is_resting(Instant::now()) {
        return Err(error::unavailable());
    }
    let entropy = &mut worker.entropy;
    // Decoration is drawn by a generator of its own, seeded afresh: whatever a picture or a sound may
    // tell of its generator, it says nothing of a text, and nothing of another one.
    let mut rng = Rng::with_seed(entropy.seed());
    let text = settings
        .test_text
        .clone()
        .unwrap_or_else(|| telling.random_text(settings, entropy));
    let length = text.chars().count();
    let solution = Solution::new(&settings.captcha.alphabet.form(&forgive(&text)))
        .ok_or_else(|| failure(worker, "cannot keep a text", ("chars", &length)))?;
    let file = telling
        .tell(worker, &text, &mut rng)
        .map_err(|error| failure(worker, "cannot tell a text", ("error", &error)))?;
    // Its life begins when it is handed out, not when its drawing began.
    let id = worker
        .store
        .insert(solution, request.line, Instant::now())
        .map_err(|Unavailable| error::unavailable())?;
    worker.app.metrics.count_generated(telling);
    let body = match media_type {
        JSON => json(worker, id, &file, length),
        _ => file,
    };
    Ok(respond(id, telling, media_type, body))
}

fn respond(id: Id, telling: Telling, media_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Status::Ok)
        // In lower case, as HTTP/2 has all names: scripts find it behind every proxy.
        .with_field("captcha-id", id.to_string())
        .with_field("Cache-Control", "no-store")
        .with_body(media_type, body);
    if let Telling::Sound(language) = telling {
        response.add_field("Content-Language", language);
        response.vary("Accept-Language");
    }
    response
}

/// What cannot happen, unless the checks of the start have a gap.
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

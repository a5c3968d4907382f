//! Captchas as sounds: which requests get one, how answers are checked, and what responses say.

use super::{
    GENERATE, JSON, NO_METHOD, PATHS, RIGHT, SMALL, WRONG, check, check_text, exchange, request,
};
use serde_json::Value;

use crate::support::{Answer, Client, Server, TEXT, post, run};

/// The text of every captcha where sounds are on.
const DIGITS: &str = "314159";

/// Sounds, and small pictures.
const ON: [&str; 8] = [
    "--audio",
    "on",
    "--test-text",
    DIGITS,
    "--width",
    "120",
    "--height",
    "40",
];

const NO_SOUND: (u16, &str) = (
    406,
    r#"{"detail":"Only image/png and application/json are available"}"#,
);

const SOUND: &str = "Accept: audio/wav\r\n";

/// Values of `Accept` that name sound and accept nothing else that is available.
const ONLY_SOUND: [&str; 6] = [
    "audio/wav",
    "Audio/WAV;q=0.1",
    "audio/*",
    "audio/mpeg, audio/*;q=0.5, text/html",
    "audio/wav, image/png;q=0",
    "audio/wav, */*;q=0",
];

/// Values that prefer sound, and accept a picture or JSON too.
const SOUND_FIRST: [&str; 3] = [
    "audio/wav, image/png;q=0.9",
    "image/*;q=0.5, audio/*;q=0.6, application/json;q=0.5",
    "audio/webm,audio/ogg,audio/wav,audio/*;q=0.9,application/ogg;q=0.7,video/*;q=0.6,*/*;q=0.5",
];

/// Values that get the picture although sounds are on.
const PICTURE: [&str; 12] = [
    "",
    "*/*",
    "image/png",
    "text/html",
    "audio/ogg",
    "audio/wav;q=0",
    "audio/wav, image/png",
    "audio/wav, */*",
    "image/png;q=0.5, audio/wav;q=0.4",
    "image/png;q=0, application/json;q=0, */*",
    "audio/wav;q=2",
    "audio",
];

fn generate(client: &mut Client, path: &str, fields: &str) -> Answer {
    exchange(client, &request("POST", path, fields, None))
}

fn accept(value: &str) -> String {
    format!("Accept: {value}\r\n")
}

/// Checks that the response is a new captcha as a sound, and returns its id.
#[track_caller]
fn assert_sound(answer: &Answer, row: &str) -> String {
    assert_eq!(answer.status, 200, "{row}");
    assert_eq!(answer.field("Content-Type"), Some("audio/wav"), "{row}");
    assert_eq!(answer.field("Content-Language"), Some("en"), "{row}");
    assert_eq!(answer.field("Cache-Control"), Some("no-store"), "{row}");
    let vary = answer.field("Vary");
    assert_eq!(vary, Some("Accept-Language, Accept, Origin"), "{row}");
    assert_eq!(&answer.body[..4], b"RIFF", "{row}");
    assert_eq!(&answer.body[8..12], b"WAVE", "{row}");
    answer.field("captcha-id").unwrap().to_owned()
}

#[test]
fn who_names_sound_and_wants_it_most_gets_a_sound() {
    let server = Server::start(&ON);
    let mut client = server.connect();
    for (number, value) in ONLY_SOUND.iter().chain(&SOUND_FIRST).enumerate() {
        let answer = generate(&mut client, PATHS[number % 2], &accept(value));
        let id = assert_sound(&answer, value);
        check_text(&mut client, &id, &format!("\"{DIGITS}\""), RIGHT);
    }
}

#[test]
fn all_others_get_what_they_get_without_sounds() {
    for options in [&ON[..], &SMALL] {
        let server = Server::start(options);
        let mut client = server.connect();
        for value in PICTURE {
            let answer = generate(&mut client, GENERATE, &accept(value));
            assert_eq!(answer.field("Content-Type"), Some("image/png"), "{value}");
            assert_eq!(answer.field("Content-Language"), None, "{value}");
            assert_eq!(answer.field("Vary"), Some("Accept, Origin"), "{value}");
        }
        for value in ["application/json", "application/json, audio/wav;q=0.9"] {
            let answer = generate(&mut client, GENERATE, &accept(value));
            assert_eq!(answer.field("Content-Type"), Some("application/json"));
        }
    }
}

#[test]
fn without_sounds_only_who_takes_nothing_else_is_turned_away() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for value in ONLY_SOUND {
        let asked = request("POST", GENERATE, &accept(value), None);
        let answer = check(&mut client, &asked, NO_SOUND);
        assert_eq!(answer.field("Vary"), Some("Accept, Origin"), "{value}");
        assert_eq!(answer.field("captcha-id"), None, "{value}");
    }
    for value in SOUND_FIRST {
        let answer = generate(&mut client, GENERATE, &accept(value));
        let media_type = answer.field("Content-Type").unwrap();
        assert!(media_type.starts_with("image/png"), "{value}: {media_type}");
    }
}

#[test]
fn a_sound_is_judged_as_a_picture_is() {
    let server = Server::start(&ON);
    let mut client = server.connect();
    for right in [DIGITS, " 314 159\n", "３１４１５９", "3-1-4"] {
        let id = assert_sound(&generate(&mut client, GENERATE, SOUND), right);
        check_text(&mut client, &id, "\"314158\"", WRONG);
        let expected = if right.contains('-') { WRONG } else { RIGHT };
        let text = serde_json::to_string(right).unwrap();
        check_text(&mut client, &id, &text, expected);
    }
}

#[test]
fn a_sound_is_as_long_as_its_text_and_like_no_other() {
    let start = |length| Server::start_plain(&["--audio", "on", "--audio-length", length]);
    let [short, long] = ["1", "10"].map(|length| {
        let answer = generate(&mut start(length).connect(), GENERATE, SOUND);
        assert_sound(&answer, length);
        answer.body.len()
    });
    assert!(2 * short < long, "more digits take longer: {short} {long}");
    let server = start("6");
    let mut client = server.connect();
    let sounds = [(); 5].map(|()| generate(&mut client, GENERATE, SOUND).body);
    for (place, sound) in sounds.iter().enumerate() {
        assert!(!sounds[..place].contains(sound));
    }
}

/// There is one voice so far. A language without a voice is no error.
#[test]
fn every_language_leads_to_a_voice() {
    let server = Server::start(&ON);
    let mut client = server.connect();
    let long = "a-".repeat(2_000);
    for (query, fields) in [
        ("", ""),
        ("?lang=en", ""),
        ("?lang=en-GB", "Accept-Language: de\r\n"),
        ("?lang=de", "Accept-Language: en;q=0.1\r\n"),
        ("?lang=tlh", "Accept-Language: *\r\n"),
        ("?lang=", "Accept-Language: \r\n"),
        ("?lang", "Accept-Language: en;q=0\r\n"),
        ("?lang=%ff%00&lang=x", "Accept-Language: \"\r\n"),
        (
            &format!("?lang={long}"),
            &format!("Accept-Language: {long}\r\n"),
        ),
        ("?theme=blue", ""),
    ] {
        let answer = generate(
            &mut client,
            &format!("{GENERATE}{query}"),
            &format!("{SOUND}{fields}"),
        );
        assert_sound(&answer, query);
    }
}

#[test]
fn json_tells_of_sounds_where_there_are_any() {
    for (options, expected) in [(&ON[..], Some(&Value::Bool(true))), (&SMALL, None)] {
        let server = Server::start(options);
        let answer = generate(
            &mut server.connect(),
            GENERATE,
            "Accept: application/json\r\n",
        );
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(document.get("audio"), expected, "{options:?}");
    }
}

#[test]
fn pages_of_other_origins_can_read_the_id_of_a_sound() {
    let server = Server::start(&ON);
    let fields = format!("{SOUND}Origin: https://page.example\r\n");
    let answer = server.request(request("POST", GENERATE, &fields, None));
    assert_eq!(answer.field("Access-Control-Allow-Origin"), Some("*"));
    let exposed = answer.field("Access-Control-Expose-Headers").unwrap();
    assert!(exposed.contains("captcha-id"), "{exposed}");
}

#[test]
fn other_methods_and_paths_know_nothing_of_sounds() {
    let server = Server::start(&ON);
    let mut client = server.connect();
    check(
        &mut client,
        &request("GET", GENERATE, SOUND, None),
        NO_METHOD,
    );
    let validate = post("/api/captcha/validate/", &format!("{JSON}{SOUND}"), b"{}");
    assert_eq!(exchange(&mut client, &validate).status, 422);
}

#[test]
fn a_test_text_that_cannot_be_spoken_ends_the_start() {
    for text in [TEXT, "12345678901"] {
        let output = run(&["--audio", "on", "--test-text", text]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = format!(
            "minicap: --test-text: expected 1 to 10 digits with --audio on, but found \"{text}\"\n"
        );
        assert_eq!(said, expected);
    }
}

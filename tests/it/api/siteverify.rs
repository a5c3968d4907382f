//! Answers in the form of reCAPTCHA, hCaptcha and Turnstile.

use super::{JSON, NO_METHOD, NO_PAGE, SMALL, check, exchange, request};
use crate::support::{Client, Server, TEXT, post};

const SITEVERIFY: &str = "/siteverify";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=----x\r\n";
const SECRET: &str = "it is a secret";

fn start(options: &[&str]) -> Server {
    Server::start(&[&["--siteverify-secret", SECRET], options, &SMALL[..]].concat())
}

fn failed(code: &str) -> String {
    format!(r#"{{"success":false,"error-codes":["{code}"]}}"#)
}

fn check_failed(client: &mut Client, fields: &str, body: &str, code: &str) {
    let request = post(SITEVERIFY, fields, body.as_bytes());
    let answer = check(client, &request, (200, &failed(code)));
    assert_eq!(answer.field("Cache-Control"), Some("no-store"));
}

/// Checks that the response is a success, with a date and this host.
fn check_success(client: &mut Client, fields: &str, body: &str, host: &str) {
    let answer = exchange(client, &post(SITEVERIFY, fields, body.as_bytes()));
    let text = answer.text();
    let (before, rest) = text.split_at(r#"{"success":true,"challenge_ts":""#.len());
    let (date, after) = rest.split_at("2026-11-25T12:00:00Z".len());
    assert_eq!(before, r#"{"success":true,"challenge_ts":""#, "{text}");
    assert_eq!(
        after,
        format!(r#"","hostname":"{host}","error-codes":[]}}"#)
    );
    let shape: String = date
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z", "{text}");
}

#[test]
fn a_right_answer_succeeds_once_as_a_form_and_as_json() {
    let server = start(&[]);
    let mut client = server.connect();
    let id = client.generate();
    let bodies = |id: &str, text: &str| {
        [
            (
                FORM,
                format!("secret=it+is+a+secret&remoteip=10.0.0.1&response={id}.{text}"),
            ),
            (
                "",
                format!("response={id}%2E{text}&secret=it%20is%20a%20secret"),
            ),
            (
                JSON,
                format!(r#"{{"secret":"{SECRET}","response":"{id}.{text}","remoteip":null}}"#),
            ),
            (
                JSON,
                format!("\u{feff}{{\"secret\":\"{SECRET}\",\"response\":\"{id}.{text}\"}}"),
            ),
            (
                MULTIPART,
                [("secret", SECRET), ("response", &format!("{id}.{text}"))]
                    .map(|(name, value)| {
                        let head = format!("Content-Disposition: form-data; name=\"{name}\"");
                        format!("------x\r\n{head}\r\n\r\n{value}\r\n")
                    })
                    .concat()
                    + "------x--\r\n",
            ),
        ]
    };
    for (fields, body) in bodies(&id, "wrong").into_iter().take(2) {
        check_failed(&mut client, fields, &body, "invalid-input-response");
    }
    for number in 0..5 {
        let id = client.generate();
        let (fields, body) = &bodies(&id, TEXT)[number];
        check_success(&mut client, fields, body, "not-provided");
        check_failed(&mut client, fields, body, "timeout-or-duplicate");
    }
    // The third wrong answer ends it, as elsewhere.
    check_failed(
        &mut client,
        FORM,
        &bodies(&id, "x")[0].1,
        "invalid-input-response",
    );
    check_failed(
        &mut client,
        FORM,
        &bodies(&id, TEXT)[0].1,
        "timeout-or-duplicate",
    );
}

#[test]
fn answers_are_forgiven_here_too() {
    let server = Server::start_plain(
        &[
            &["--siteverify-secret", SECRET, "--test-text", "a3b"],
            &SMALL[..],
        ]
        .concat(),
    );
    let mut client = server.connect();
    let id = client.generate();
    let body = format!("secret=it+is+a+secret&response={id}.+A3b%0A");
    check_success(&mut client, FORM, &body, "not-provided");
}

#[test]
fn what_is_missing_or_wrong_has_the_standard_words() {
    let server = start(&[]);
    let mut client = server.connect();
    let id = client.generate();
    for (fields, body, code) in [
        (FORM, "", "missing-input-secret"),
        ("", "", "missing-input-secret"),
        (FORM, "secret=&response=a", "missing-input-secret"),
        (FORM, "Secret=x&response=a", "missing-input-secret"),
        (JSON, "{}", "missing-input-secret"),
        (
            JSON,
            r#"{"secret":1,"response":"a"}"#,
            "missing-input-secret",
        ),
        (FORM, "secret=x", "invalid-input-secret"),
        (
            FORM,
            &*format!("secret=it+is+a+secre&response={id}.{TEXT}"),
            "invalid-input-secret",
        ),
        (FORM, "secret=it+is+a+secret", "missing-input-response"),
        (
            FORM,
            "secret=it+is+a+secret&response=",
            "missing-input-response",
        ),
        (
            JSON,
            r#"{"secret":"it is a secret","response":null}"#,
            "missing-input-response",
        ),
        (
            FORM,
            "secret=it+is+a+secret&response=x",
            "invalid-input-response",
        ),
        (
            FORM,
            "secret=it+is+a+secret&response=x.y",
            "timeout-or-duplicate",
        ),
        (JSON, "", "bad-request"),
        (JSON, "[]", "bad-request"),
        (JSON, "{", "bad-request"),
        (JSON, "null", "bad-request"),
    ] {
        check_failed(&mut client, fields, body, code);
    }
    // None of these used up an attempt.
    let body = format!("secret=it+is+a+secret&response={id}.{TEXT}");
    check_success(&mut client, FORM, &body, "not-provided");
    for method in ["GET", "PUT", "HEAD"] {
        check(
            &mut client,
            &request(method, SITEVERIFY, "", None),
            NO_METHOD,
        );
    }
}

#[test]
fn the_host_is_told_where_only_one_can_be() {
    let server = start(&["--cors-origin", "https://shop.example:8443"]);
    let mut client = server.connect();
    let id = client.generate();
    let body = format!("secret=it+is+a+secret&response={id}.{TEXT}");
    check_success(&mut client, FORM, &body, "shop.example");
}

#[test]
fn without_a_secret_it_is_not_there() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for method in ["POST", "GET", "OPTIONS"] {
        check(&mut client, &request(method, SITEVERIFY, "", None), NO_PAGE);
    }
    check(
        &mut client,
        &post(SITEVERIFY, FORM, b"secret=&response=x.y"),
        NO_PAGE,
    );
}

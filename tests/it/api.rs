//! The two requests as clients see them: every status and body, byte for byte.

mod bodies;
mod cors;
mod docs;
mod echo;
mod generate;
mod limits;
mod paths;
mod siteverify;
mod sound;
mod verdicts;

use std::io::Cursor;

use crate::support::{Answer, Client, post};

const GENERATE: &str = "/api/captcha/generate/";
const VALIDATE: &str = "/api/captcha/validate/";

/// Both paths, each with its final slash and without it, which makes no difference.
const PATHS: [&str; 4] = [
    GENERATE,
    "/api/captcha/generate",
    VALIDATE,
    "/api/captcha/validate",
];

/// Small pictures, for tests that do not look at them.
const SMALL: [&str; 4] = ["--width", "120", "--height", "40"];

const JSON: &str = "Content-Type: application/json\r\n";
const PLAIN: &str = "Content-Type: text/plain\r\n";
const ORIGIN: &str = "Origin: https://page.example\r\n";

/// A valid body with an id that no captcha has.
const GOOD: &str = r#"{"id":"x","text":"y"}"#;

/// Status and body.
type Reply<'a> = (u16, &'a str);

const RIGHT: Reply = (
    200,
    r#"{"status":200,"message":"CAPTCHA validated successfully"}"#,
);
const WRONG: Reply = (
    400,
    r#"{"status":400,"message":"CAPTCHA validation failed"}"#,
);
const GONE: Reply = (
    404,
    r#"{"status":404,"message":"CAPTCHA to validate not found"}"#,
);
const NO_PAGE: Reply = (404, r#"{"detail":"Not Found"}"#);
const NO_METHOD: Reply = (405, r#"{"detail":"Method Not Allowed"}"#);
const NOT_PARSED: Reply = (400, r#"{"detail":"There was an error parsing the body"}"#);
const TOO_LARGE: Reply = (413, r#"{"detail":"request body too large"}"#);
const HEALTHY: Reply = (200, r#"{"status":"ok"}"#);

const NO_BODY: &str =
    r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#;

/// A request with these field lines, and `Content-Length` if it has a body.
fn request(method: &str, path: &str, fields: &str, body: Option<&[u8]>) -> Vec<u8> {
    let body = body.map(|body| (format!("Content-Length: {}\r\n", body.len()), body));
    let (length, body) = body.unwrap_or_default();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{fields}{length}\r\n");
    [head.as_bytes(), body].concat()
}

/// Sends a request and checks what holds for every response.
fn exchange(client: &mut Client, request: &[u8]) -> Answer {
    let shown = String::from_utf8_lossy(request);
    client.send(request);
    let answer = if request.starts_with(b"HEAD ") {
        client.head_answer()
    } else {
        let answer = client.answer();
        let length = answer.body.len().to_string();
        assert_eq!(answer.field("Content-Length"), Some(&*length), "{shown}");
        answer
    };
    assert!(answer.field("Date").is_some(), "{shown}");
    for absent in ["Transfer-Encoding", "Content-Encoding", "Set-Cookie"] {
        assert_eq!(answer.field(absent), None, "{shown}");
    }
    // Responses that caches keep are the same for all; the others name an origin if the request does.
    if answer.field("ETag").is_none() && !shown.to_ascii_lowercase().contains("\r\norigin:") {
        assert_eq!(cors(&answer), [], "{shown}");
    }
    let is_refusal_or_question = answer.status == 405 || shown.starts_with("OPTIONS ");
    assert!(is_refusal_or_question || answer.field("Allow").is_none());
    assert!(answer.status != 405 || answer.field("Allow").is_some());
    answer
}

/// Sends a request that is answered with JSON, and checks the whole response.
fn check(client: &mut Client, request: &[u8], (status, body): Reply) -> Answer {
    let answer = exchange(client, request);
    let shown = String::from_utf8_lossy(request);
    let length = body.len().to_string();
    let is_head = request.starts_with(b"HEAD ");
    assert_eq!(
        (answer.status, answer.text()),
        (status, if is_head { "" } else { body }),
        "{shown}"
    );
    assert_eq!(answer.field("Content-Length"), Some(&*length), "{shown}");
    assert_eq!(answer.field("Content-Type"), Some("application/json"));
    assert_eq!(answer.field("X-Content-Type-Options"), Some("nosniff"));
    if body.starts_with(r#"{"status":"#) {
        assert_eq!(answer.field("Cache-Control"), Some("no-store"), "{shown}");
    }
    answer
}

/// Sends a JSON body to `validate`, and checks the response.
fn check_json(client: &mut Client, body: impl AsRef<[u8]>, reply: Reply) {
    check(client, &post(VALIDATE, JSON, body.as_ref()), reply);
}

/// Answers a captcha with a text written as JSON, and checks the response.
fn check_text(client: &mut Client, id: &str, text: &str, reply: Reply) {
    check_json(client, format!(r#"{{"id":"{id}","text":{text}}}"#), reply);
}

/// The response headers about other origins, in order of their names.
fn cors(answer: &Answer) -> Vec<(String, String)> {
    let mut found: Vec<_> = answer
        .fields
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| name.starts_with("access-control-"))
        .collect();
    found.sort();
    found
}

/// Checks that the response is a new captcha; returns its id and the picture's pixels, as RGB.
fn assert_captcha(answer: &Answer, row: &str) -> (String, Vec<u8>) {
    assert_eq!(answer.status, 200, "{row}");
    assert_eq!(answer.field("Content-Type"), Some("image/png"), "{row}");
    assert_eq!(answer.field("Cache-Control"), Some("no-store"), "{row}");
    let id = answer.field("Captcha-Id").unwrap();
    let pattern = "xxxxxxxx-xxxx-4xxx-Nxxx-xxxxxxxxxxxx";
    let is_id = id.len() == pattern.len()
        && id.chars().zip(pattern.chars()).all(|(c, kind)| match kind {
            'x' => matches!(c, '0'..='9' | 'a'..='f'),
            'N' => matches!(c, '8' | '9' | 'a' | 'b'),
            exact => c == exact,
        });
    assert!(is_id, "{row}: {id}");
    let mut decoder = png::Decoder::new(Cursor::new(&answer.body));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert_eq!(
        reader.output_color_type(),
        (png::ColorType::Rgb, png::BitDepth::Eight),
        "{row}"
    );
    (id.to_owned(), pixels)
}

// The bodies of 422. The exact ones stand as literals in
// `what_is_wrong_with_a_body_is_told_byte_for_byte`; these spell the same shapes for the others.

fn unprocessable(details: &[String]) -> String {
    format!(r#"{{"detail":[{}]}}"#, details.join(","))
}

fn missing(field: &str, object: &str) -> String {
    format!(
        r#"{{"type":"missing","loc":["body","{field}"],"msg":"Field required","input":{object}}}"#
    )
}

fn no_string(field: &str, value: &str) -> String {
    format!(
        r#"{{"type":"string_type","loc":["body","{field}"],"msg":"Input should be a valid string","input":{value}}}"#
    )
}

/// For a body whose `Content-Type` is not JSON.
fn no_json(input: &str) -> String {
    let context = r#","ctx":{"error":"Content-Type should be application/json"}}]}"#;
    no_object(input).replace("}]}", context)
}

fn no_object(input: &str) -> String {
    unprocessable(&[format!(
        r#"{{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":{input}}}"#
    )])
}

fn invalid(at: usize, error: &str) -> String {
    let error = error.replace('\\', r"\\");
    unprocessable(&[format!(
        r#"{{"type":"json_invalid","loc":["body",{at}],"msg":"JSON decode error","input":{{}},"ctx":{{"error":"{error}"}}}}"#
    )])
}

const VALUE: &str = "Expecting value";
const NAME: &str = "Expecting property name enclosed in double quotes";
const COLON: &str = "Expecting ':' delimiter";
const COMMA: &str = "Expecting ',' delimiter";
const EXTRA: &str = "Extra data";
const OPEN: &str = "Unterminated string starting at";
const CONTROL: &str = "Invalid control character at";
const ESCAPE: &str = r"Invalid \escape";
const UNICODE: &str = r"Invalid \uXXXX escape";
const COMMA_IN_OBJECT: &str = "Illegal trailing comma before end of object";
const COMMA_IN_ARRAY: &str = "Illegal trailing comma before end of array";
const DEEP: &str = "Nesting too deep";
const MARK: &str = "Unexpected byte order mark";
const NOT_UTF8: &str = "Invalid UTF-8";

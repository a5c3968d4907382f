//! Right, wrong and unknown: how ids and texts are compared, and where they are found.

use std::slice::from_ref;

use super::{
    GENERATE, GONE, JSON, PLAIN, RIGHT, SMALL, VALIDATE, WRONG, check, check_json, check_text,
    exchange, missing, no_string, request, unprocessable,
};
use crate::support::{Client, Server, TEXT, post};

#[test]
fn verdicts_are_the_same_without_the_final_slash_and_with_any_query() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for path in [
        VALIDATE,
        "/api/captcha/validate",
        "/api/captcha/validate/?",
        "/api/captcha/validate?id=a&text=b",
        "/api/captcha/validate/?theme=bad",
        "/api/captcha/validate/?%zz",
    ] {
        let id = client.generate();
        for (text, reply) in [("x", WRONG), ("y", WRONG), (TEXT, RIGHT), (TEXT, GONE)] {
            let body = format!(r#"{{"id":"{id}","text":"{text}"}}"#);
            check(&mut client, &post(path, JSON, body.as_bytes()), reply);
        }
    }
    check(
        &mut client,
        &post("/api/captcha/validate/?text=b", JSON, br#"{"id":"a"}"#),
        (422, &unprocessable(&[missing("text", r#"{"id":"a"}"#)])),
    );
}

#[test]
fn a_wrong_answer_reports_the_attempts_left() {
    for (options, counts) in [
        (&[][..], &["2", "1", "0"][..]),
        (&["--attempts", "1"], &["0"]),
    ] {
        let server = Server::start(&[options, &SMALL[..]].concat());
        let mut client = server.connect();
        let left = |client: &mut Client, id: &str, text: &str, reply| {
            let body = format!(r#"{{"id":"{id}","text":"{text}"}}"#);
            let answer = check(client, &post(VALIDATE, JSON, body.as_bytes()), reply);
            let left = answer.field("captcha-attempts-left");
            left.map(str::to_owned)
        };
        let id = client.generate();
        for count in counts {
            assert_eq!(left(&mut client, &id, "x", WRONG).as_deref(), Some(*count));
        }
        assert_eq!(left(&mut client, &id, TEXT, GONE), None);
        let id = client.generate();
        assert_eq!(left(&mut client, &id, TEXT, RIGHT), None);
    }
}

#[test]
fn what_is_in_no_text_counts_as_what_it_is_taken_for() {
    for (alphabet, text, typed) in [
        (None, "S2YT", "5zv7"),
        (None, "S2YT", "ＳＺ V 7"),
        (Some("0123456789"), "0125", "Ol2s"),
    ] {
        let alphabet = alphabet.map(|characters| ["--alphabet", characters]);
        let alphabet = alphabet.as_ref().map_or(&[][..], |options| options);
        let server = Server::start_plain(&[&["--test-text", text], alphabet, &SMALL[..]].concat());
        let mut client = server.connect();
        let id = client.generate();
        assert_eq!(
            [text.replace('2', "3").as_str(), typed].map(|text| client.validate(&id, text)),
            [400, 200]
        );
    }
}

#[test]
fn an_id_is_the_same_in_either_case_and_in_no_other_spelling() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let id = client.generate();
    let wide: String = id
        .bytes()
        .map(|byte| char::from_u32(0xfee0 + u32::from(byte)).unwrap())
        .collect();
    for other in [
        id.replace('-', ""),
        id.to_uppercase().replace('-', ""),
        format!(" {id}"),
        format!("{id} "),
        format!(r"{id}\n"),
        format!(r"{id}\u0000"),
        format!("{{{id}}}"),
        format!("urn:uuid:{id}"),
        id[..35].to_owned(),
        format!("{id}0"),
        format!("{id}{id}"),
        wide,
        String::new(),
        r"\u0000".to_owned(),
        r#"\""#.to_owned(),
        "😀".to_owned(),
        "null".to_owned(),
        "%".to_owned(),
        "' OR 1=1 --".to_owned(),
        "00000000-0000-0000-0000-000000000000".to_owned(),
        "3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10".to_owned(),
        "a".repeat(16_000),
    ] {
        check_text(&mut client, &other, &format!("\"{TEXT}\""), GONE);
    }
    // Escapes are decoded before ids are compared.
    let escaped = id.replace('-', r"\u002d");
    check_text(&mut client, &escaped, &format!("\"{TEXT}\""), RIGHT);
    let id = client.generate().to_uppercase();
    check_text(&mut client, &id, &format!("\"{TEXT}\""), RIGHT);
}

/// The text in [`texts_are_compared_without_case_and_what_was_not_read`]. Its `k` and `s` are the lower
/// case of characters beyond ASCII as well: the Kelvin sign and the long s.
const ODD: &str = "a7KsR9";

#[test]
fn texts_are_compared_without_case_and_what_was_not_read() {
    let server = Server::start_plain(&[&["--test-text", ODD], &SMALL[..]].concat());
    let mut client = server.connect();
    for (text, reply) in [
        ("a7KsR9", RIGHT),
        ("A7KSR9", RIGHT),
        ("a7ksr9", RIGHT),
        ("A7kSr9", RIGHT),
        (r"\u0061\u0037\u004B\u0073\u0052\u0039", RIGHT),
        (r"\u0041\u0037\u006b\u0053\u0072\u0039", RIGHT),
        ("", WRONG),
        ("*", WRONG),
        ("%", WRONG),
        ("9RsK7a", WRONG),
        ("a7KsR", WRONG),
        ("7KsR9", WRONG),
        ("a7KsR99", WRONG),
        ("a 7 K s R 9", RIGHT),
        (" a7KsR9", RIGHT),
        ("a7KsR9 ", RIGHT),
        (r"a7KsR9\n", RIGHT),
        (r"a7KsR9\r\n", RIGHT),
        (r"\ta7KsR9", RIGHT),
        (r"a7KsR9\u0000", WRONG),
        (r"\u0000a7KsR9", WRONG),
        (r"a7K\u0000sR9", WRONG),
        ("a7KsR9\u{200b}", RIGHT),
        ("a7KsR9\u{a0}", RIGHT),
        ("\u{feff}a7KsR9", RIGHT),
        ("a7KsR9\u{301}", WRONG),
        ("ａ７ＫｓＲ９", RIGHT),
        ("\u{3000}a7\u{200d}Ｋs\u{2060}R9", RIGHT),
        ("a7\u{ad}KsR9", WRONG),
        // Only the case of ASCII letters is ignored: the Kelvin sign is no K, the long s no s.
        ("a7\u{212a}sR9", WRONG),
        ("a7K\u{17f}R9", WRONG),
        ("a7KsR9ß", WRONG),
        ("a7KsR9\u{130}", WRONG),
        // Differs from an ASCII letter only in the bit of the case.
        ("a\u{17}KsR9", WRONG),
        ("a7KsR\u{19}", WRONG),
        ("а7KsR9", WRONG),
        ("😀😀😀😀😀😀", WRONG),
    ] {
        let id = client.generate();
        let text: String = text
            .chars()
            .map(|c| match c {
                // A string of JSON holds no raw control characters.
                '\0'..' ' => format!(r"\u{:04x}", u32::from(c)),
                _ => c.to_string(),
            })
            .collect();
        check_text(&mut client, &id, &format!("\"{text}\""), reply);
        let after = if reply == RIGHT { GONE } else { RIGHT };
        check_text(&mut client, &id, &format!("\"{ODD}\""), after);
    }
}

#[test]
fn odd_texts_use_up_attempts_like_any_other() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let right = format!("\"{TEXT}\"");
    for text in [
        r#""""#.to_owned(),
        r#""\u0000""#.to_owned(),
        format!(r#""{TEXT}\u0000""#),
        format!("\"{}\"", "x".repeat(16_000)),
        format!("\"{}\"", TEXT.repeat(2_000)),
        r#""😀""#.to_owned(),
    ] {
        let id = client.generate();
        for reply in [WRONG, WRONG, WRONG, GONE] {
            check_text(&mut client, &id, &text, reply);
        }
        check_text(&mut client, &id, &right, GONE);
        let id = client.generate();
        for reply in [WRONG, WRONG] {
            check_text(&mut client, &id, &text, reply);
        }
        check_text(&mut client, &id, &right, RIGHT);
    }
}

#[test]
fn only_requests_that_reach_the_comparison_use_up_an_attempt() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let id = client.generate();
    let wrong = format!(r#"{{"id":"{id}","text":"wrong"}}"#);
    let digits = "7".repeat(4_301);
    let harmless = [
        // Refused for their bodies.
        (JSON, String::new(), 422),
        (JSON, "null".into(), 422),
        (JSON, format!("[{wrong}]"), 422),
        (JSON, format!(r#"{{"id":"{id}"}}"#), 422),
        (JSON, format!(r#"{{"id":"{id}","text":null}}"#), 422),
        (JSON, format!(r#"{{"id":"{id}","Text":"wrong"}}"#), 422),
        (JSON, r#"{"text":"wrong"}"#.into(), 422),
        (JSON, wrong[..wrong.len() - 1].into(), 422),
        (JSON, format!("{wrong}{wrong}"), 422),
        (JSON, wrong.replace("wrong", r"\ud800"), 422),
        (JSON, wrong.replace('}', r#","x":NaN}"#), 422),
        (
            JSON,
            wrong.replace('}', &format!(r#","x":{digits}}}"#)),
            400,
        ),
        // Refused for their `Content-Type`.
        ("", wrong.clone(), 422),
        (PLAIN, wrong.clone(), 422),
        // Answers to other captchas.
        (JSON, wrong.replace(&id, "other"), 404),
        (JSON, wrong.replace(&id, &id.replace('-', "")), 404),
    ];
    let misdirected = [
        ("GET", VALIDATE, "", 405),
        ("PUT", VALIDATE, "", 405),
        ("OPTIONS", VALIDATE, "", 200),
        (
            "OPTIONS",
            VALIDATE,
            "Origin: a\r\nAccess-Control-Request-Method: POST\r\n",
            200,
        ),
        ("POST", "/api/captcha/validate/x", "", 404),
        ("POST", GENERATE, "", 200),
    ];
    for reply in [WRONG, WRONG, RIGHT] {
        for (fields, body, status) in &harmless {
            let answer = exchange(&mut client, &post(VALIDATE, fields, body.as_bytes()));
            assert_eq!(answer.status, *status, "{fields}{body}");
        }
        for (method, path, fields, status) in misdirected {
            let fields = format!("{JSON}{fields}");
            let request = request(method, path, &fields, Some(wrong.as_bytes()));
            assert_eq!(exchange(&mut client, &request).status, status, "{fields}");
        }
        let large = wrong.replace('}', &format!(r#","x":"{}"}}"#, "x".repeat(16_384)));
        let answer = server.request(post(VALIDATE, JSON, large.as_bytes()));
        assert_eq!(answer.status, 413);
        let text = if reply == RIGHT { TEXT } else { "wrong" };
        check_text(&mut client, &id, &format!("\"{text}\""), reply);
    }
}

/// Each body with its response; `ID` stands for the id of a captcha whose text the body has.
#[test]
fn fields_are_found_by_their_exact_names_and_the_last_of_each_counts() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (body, reply) in [
        (r#"{"id":"ID","text":"aB3xY7"}"#, RIGHT),
        (r#"{"text":"aB3xY7","id":"ID"}"#, RIGHT),
        (
            " \t\r\n{ \"id\" :\t\"ID\"\r,\n\"text\" : \"aB3xY7\" } \r\n\t",
            RIGHT,
        ),
        (r#"{"\u0069d":"ID","te\u0078t":"aB3xY7"}"#, RIGHT),
        (
            r#"{"\u0069\u0064":"ID","\u0074\u0065xt":"\u0061B3xY7"}"#,
            RIGHT,
        ),
        (r#"{"id":"ID","text":"aB3xY7","x":null}"#, RIGHT),
        (
            r#"{"x":{"y":[1,{"id":2}],"text":"b"},"ID":1,"text":"aB3xY7","":[],"id":"ID"}"#,
            RIGHT,
        ),
        (r#"{"id":"ID","text":"aB3xY7","ids":"a","TEXT":"b"}"#, RIGHT),
        (
            r#"{"id":"ID","text":"aB3xY7","x":-1.5e+300,"x":1e999}"#,
            RIGHT,
        ),
        (r#"{"id":"x","text":"aB3xY7","id":"ID"}"#, RIGHT),
        (r#"{"id":1,"text":null,"text":"aB3xY7","id":"ID"}"#, RIGHT),
        (r#"{"id":1,"\u0069d":"ID","text":"aB3xY7"}"#, RIGHT),
        (r#"{"id":"ID","text":"aB3xY7","text":"no"}"#, WRONG),
        (r#"{"id":"ID","text":"aB3xY7","\u0074ext":""}"#, WRONG),
        (r#"{"id":"ID","text":"aB3xY7","id":"x"}"#, GONE),
    ] {
        let id = client.generate();
        check_json(
            &mut client,
            body.replace("\"ID\"", &format!("\"{id}\"")),
            reply,
        );
    }
    for (body, field) in [
        (r#"{"ID":"a","text":"b"}"#, "id"),
        (r#"{"id":"a","Text":"b"}"#, "text"),
        (r#"{" id":"a","text":"b"}"#, "id"),
        (r#"{"id":"a","text ":"b"}"#, "text"),
        (r#"{"id\u0000":"a","text":"b"}"#, "id"),
        (r#"{"captcha_id":"a","text":"b"}"#, "id"),
        (r#"{"id":"a","data":{"text":"b"}}"#, "text"),
    ] {
        let reply = unprocessable(&[missing(field, body)]);
        check_json(&mut client, body, (422, &reply));
    }
    let [id, text] = ["id", "text"].map(|field| no_string(field, "1"));
    for (body, details) in [
        (r#"{"id":"c","text":"b","id":1}"#, from_ref(&id)),
        (r#"{"id":"a","\u0069d":1,"text":"b"}"#, from_ref(&id)),
        // The id comes first in the response, whatever the order in the body.
        (r#"{"text":1,"id":1}"#, &[id.clone(), text.clone()]),
        (r#"{"text":1}"#, &[missing("id", r#"{"text":1}"#), text]),
    ] {
        check_json(&mut client, body, (422, &unprocessable(details)));
    }
}

#[test]
fn nothing_is_taken_for_a_string_that_is_none() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for value in [
        "1",
        "0",
        "-1.5",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        r#"["a"]"#,
        r#"{"id":"b"}"#,
    ] {
        let [id, text] = [no_string("id", value), no_string("text", value)];
        for (body, details) in [
            (format!(r#"{{"id":{value},"text":"b"}}"#), vec![id.clone()]),
            (
                format!(r#"{{"id":"a","text":{value}}}"#),
                vec![text.clone()],
            ),
            (
                format!(r#"{{"text":{value},"id":{value}}}"#),
                vec![id, text],
            ),
        ] {
            check_json(&mut client, body, (422, &unprocessable(&details)));
        }
    }
}

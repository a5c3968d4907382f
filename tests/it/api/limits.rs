//! Bodies that are too large, and what is not JSON.

use super::{
    DEEP, GENERATE, GONE, GOOD, JSON, MARK, NAME, NOT_PARSED, NOT_UTF8, OPEN, Reply, SMALL,
    TOO_LARGE, UNICODE, VALIDATE, VALUE, assert_captcha, check, check_json, invalid, no_object,
    request,
};
use crate::support::{Server, post};

#[test]
fn bodies_of_more_than_16_kib_are_refused_on_every_path() {
    let server = Server::start(&SMALL);
    let body = |bytes: usize| format!("{GOOD}{}", " ".repeat(bytes - GOOD.len()));
    check_json(&mut server.connect(), body(16_384), GONE);
    for path in [
        VALIDATE,
        "/api/captcha/validate",
        GENERATE,
        "/nowhere",
        "/healthz",
    ] {
        // Each closes its connection.
        let request = post(path, JSON, body(16_385).as_bytes());
        let answer = check(&mut server.connect(), &request, TOO_LARGE);
        assert_eq!(answer.field("Connection"), Some("close"), "{path}");
    }
    let fields = format!("{JSON}Transfer-Encoding: chunked\r\n");
    let mut chunked = request("POST", VALIDATE, &fields, None);
    chunked.extend_from_slice(format!("4001\r\n{}\r\n0\r\n\r\n", body(16_385)).as_bytes());
    check(&mut server.connect(), &chunked, TOO_LARGE);
    let answer = server.request(post(GENERATE, "", &[b'x'; 16_384]));
    assert_captcha(&answer, "the largest body allowed");
}

#[test]
fn integers_of_more_than_4300_digits_cannot_be_parsed() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let [fits, long] = [4_300, 4_301].map(|digits| "7".repeat(digits));
    let member = |number: &str| format!(r#"{{"id":"x","text":"y","z":{number}}}"#);
    let behind_a_comma = invalid(1, VALUE);
    let null = no_object("null");
    for (body, reply) in [
        (member(&fits), GONE),
        (member(&format!("-{fits}")), GONE),
        (member(&format!("{long}.5")), GONE),
        (member(&format!("0.{long}")), GONE),
        (member(&long), NOT_PARSED),
        (member(&format!("-{long}")), NOT_PARSED),
        (member(&format!("[[{long}]]")), NOT_PARSED),
        (format!(r#"{{"id":{long},"text":"y"}}"#), NOT_PARSED),
        (fits.clone(), (422, null.as_str())),
        (long.clone(), NOT_PARSED),
        (format!("{long} x"), NOT_PARSED),
        // An error that comes earlier in the body is reported first.
        (format!("[,{long}]"), (422, &behind_a_comma)),
    ] {
        check_json(&mut client, body, reply);
    }
}

#[test]
fn nesting_of_64_levels_is_read_and_no_more() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let arrays = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let objects = |levels: usize| r#"{"a":"#.repeat(levels - 1) + "{}" + &"}".repeat(levels - 1);
    let member = |value: String| format!(r#"{{"id":"x","text":"y","z":{value}}}"#);
    check_json(&mut client, arrays(64), (422, &no_object(&arrays(64))));
    check_json(&mut client, member(arrays(63)), GONE);
    check_json(&mut client, member(objects(63)), GONE);
    for (body, at) in [
        (arrays(65), 64),
        (arrays(8_000), 64),
        ("[".repeat(16_384), 64),
        (objects(65), 64 * 5),
        (r#"{"a":"#.repeat(3_000), 64 * 5),
        (member(arrays(64)), 25 + 63),
        (member(objects(64)), 25 + 63 * 5),
    ] {
        check_json(&mut client, body, (422, &invalid(at, DEEP)));
    }
    // The end of the text comes before another level.
    check_json(&mut client, "[".repeat(64), (422, &invalid(64, VALUE)));
}

#[test]
fn what_json_does_not_have_is_refused_also_in_fields_that_are_ignored() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for word in ["NaN", "Infinity", "-Infinity"] {
        for (before, after) in [
            ("", ""),
            ("[", "]"),
            (r#"{"id":"#, r#","text":"y"}"#),
            (r#"{"id":"x","text":"y","z":"#, "}"),
        ] {
            let body = format!("{before}{word}{after}");
            check_json(&mut client, body, (422, &invalid(before.len(), VALUE)));
        }
    }
    for half in [r"\ud800", r"\uDC00"] {
        for (before, after) in [
            ("", ""),
            (r#"{"id":"x","text":"#, "}"),
            (r#"{"id":"#, r#","text":"y"}"#),
            (r#"{"id":"x","text":"y","z":"#, "}"),
            (r#"{"id":"x","text":"y","#, ":1}"),
        ] {
            let body = format!(r#"{before}"{half}"{after}"#);
            // The quote and the backslash stand before the `u`.
            let reply = invalid(before.len() + 2, UNICODE);
            check_json(&mut client, body, (422, &reply));
        }
    }
}

#[test]
fn json_is_utf8_without_a_byte_order_mark() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let rows: [(&[u8], usize); 4] = [
        (b"\xff", 0),
        (b"{\"id\":\"\xe9\",\"text\":\"b\"}", 7),
        // Places are counted in characters, also those of more than a byte.
        ("{\"id\":\"é€😀".as_bytes(), 0),
        (b"{\"id\":\"\xc3\xa9\",\"text\":\"b\"}\xff", 21),
    ];
    for (body, at) in rows {
        let error = if str::from_utf8(body).is_ok() {
            invalid(6, OPEN)
        } else {
            invalid(at, NOT_UTF8)
        };
        check_json(&mut client, body, (422, &error));
    }
    for rest in ["", GOOD, "{"] {
        // One byte order mark is skipped and not part of the text; a second one is an error.
        let mut check_marked = |mark: &str, reply: Reply| {
            check_json(&mut client, format!("{mark}{rest}"), reply);
        };
        match rest {
            GOOD => check_marked("\u{feff}", GONE),
            "{" => check_marked("\u{feff}", (422, &invalid(1, NAME))),
            _ => check_marked("\u{feff}", (422, &invalid(0, VALUE))),
        }
        check_marked("\u{feff}\u{feff}", (422, &invalid(0, MARK)));
    }
    check_json(&mut client, " \u{feff}{}", (422, &invalid(1, VALUE)));

    let units = |encode: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
        text.encode_utf16().flat_map(encode).collect()
    };
    let wide = |encode: fn(u32) -> [u8; 4], text: &str| -> Vec<u8> {
        text.chars().flat_map(|c| encode(c.into())).collect()
    };
    let marked = format!("\u{feff}{GOOD}");
    for (body, at, error) in [
        (units(u16::to_le_bytes, GOOD), 1, NAME),
        (units(u16::to_be_bytes, GOOD), 0, VALUE),
        (units(u16::to_le_bytes, &marked), 0, NOT_UTF8),
        (units(u16::to_be_bytes, &marked), 0, NOT_UTF8),
        (wide(u32::to_le_bytes, GOOD), 1, NAME),
        (wide(u32::to_be_bytes, GOOD), 0, VALUE),
        (wide(u32::to_le_bytes, &marked), 0, NOT_UTF8),
        (wide(u32::to_be_bytes, &marked), 2, NOT_UTF8),
    ] {
        check_json(&mut client, body, (422, &invalid(at, error)));
    }
}

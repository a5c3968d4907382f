//! A new captcha: its id, its picture, its theme.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fastrand::Rng;
use minicap::captcha::{Difficulty, Font, Painter, Style};
use serde_json::Value;

use super::{
    GENERATE, JSON, PATHS, PLAIN, RIGHT, SMALL, assert_captcha, check, check_text, exchange,
    request,
};
use crate::support::{Answer, Server, TEXT, post};

/// The types of a PNG's chunks.
fn chunks(png: &[u8]) -> Vec<&str> {
    let (signature, mut rest) = png.split_at(8);
    assert_eq!(signature, b"\x89PNG\r\n\x1a\n");
    let mut kinds = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk() {
        kinds.push(str::from_utf8(&after[..4]).unwrap());
        // Its type, its data and its check sum.
        rest = &after[4 + u32::from_be_bytes(*length) as usize + 4..];
    }
    kinds
}

/// Most of a picture is background, so the median of its brightness shows the theme.
fn is_dark(pixels: &[u8]) -> bool {
    let mut sorted = pixels.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2] < 144
}

#[test]
fn a_captcha_is_an_id_and_a_picture_whatever_else_the_request_says() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let rows: [(&str, &str, Option<&[u8]>); 22] = [
        ("", "", None),
        ("", "", Some(b"")),
        ("?", "", None),
        ("??", "", None),
        ("?a=b", "", None),
        ("?width=10&height=10&noise=off&text=x&length=1", "", None),
        ("?Theme=x&themes=x&a=theme=x&xtheme=x", "", None),
        ("?%zz", "", None),
        ("?a=/b/&&=&", "", None),
        ("", JSON, Some(b"{}")),
        ("", JSON, Some(b"{")),
        ("", JSON, Some(br#"{"theme":"dark"}"#)),
        ("", JSON, Some(b"\xff\xfe")),
        ("", PLAIN, Some(b"x")),
        ("", "Content-Type: \r\n", Some(b"x")),
        (
            "",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            Some(b"theme=dark"),
        ),
        ("", "Accept: image/*\r\n", None),
        ("", "Accept: application/json, text/plain, */*\r\n", None),
        ("", "Accept-Encoding: gzip, br\r\n", None),
        ("", "Range: bytes=0-9\r\nIf-None-Match: *\r\n", None),
        ("", "Cookie: a=b\r\nAuthorization: Basic eDp5\r\n", None),
        ("", "X-HTTP-Method-Override: GET\r\n", None),
    ];
    for (number, (query, fields, body)) in rows.into_iter().enumerate() {
        // With and without the final slash in turn.
        let path = format!("{}{query}", PATHS[number % 2]);
        let request = request("POST", &path, fields, body);
        let answer = exchange(&mut client, &request);
        let row = String::from_utf8_lossy(&request);
        let (id, pixels) = assert_captcha(&answer, &row);
        assert_eq!(pixels.len(), 600 * 200 * 3, "{row}");
        assert!(!is_dark(&pixels), "{row}");
        check_text(&mut client, &id, &format!("\"{TEXT}\""), RIGHT);
    }
}

/// Number of pictures that are drawn to distinguish styles. The mean sizes in bytes of two styles
/// differ more than ten times as much as those of two sets of one style.
const PICTURES: u8 = 12;

#[test]
fn each_option_of_the_picture_is_that_of_the_servers_pictures() {
    let usual = Style {
        width: 300,
        height: 100,
        background_noise: true,
        foreground_noise: true,
        ..Style::default()
    };
    let plain = Style {
        background_noise: false,
        ..usual
    };
    let bare = Style {
        foreground_noise: false,
        ..usual
    };
    // Without lines, pictures of two difficulties have the most different numbers of bytes.
    let easy = Style {
        difficulty: Difficulty::Easy,
        ..bare
    };
    let options = [
        (&["--background-noise=off"][..], plain, usual),
        (&["--foreground-noise=off"], bare, usual),
        (&["--foreground-noise=off", "--difficulty=easy"], easy, bare),
    ];
    let mut hand = Painter::new(Arc::new(Font::new()));
    let mut bytes_of = |style: &Style| {
        mean(|seed| {
            let mut png = Vec::new();
            let mut rng = Rng::with_seed(seed.into());
            hand.paint(TEXT, style, &mut rng, &mut png).unwrap();
            png.len()
        })
    };
    for (option, style, without) in options {
        let sizes_and_ground = ["--width=300", "--height=100", "--ground=#fffaf0"];
        let server = Server::start(&[option, &sizes_and_ground].concat());
        let mut client = server.connect();
        let sent = mean(|_| {
            let png = exchange(&mut client, &post(GENERATE, "", b"")).body;
            assert_eq!(png[16..24], [0, 0, 1, 44, 0, 0, 0, 100]);
            // The first colour of the palette, behind the chunk's name.
            assert_eq!(png[37..44], *b"PLTE\xff\xfa\xf0");
            png.len()
        });
        let [expected, ignored] = [style, without].map(|style| bytes_of(&style));
        assert!(
            sent.abs_diff(expected) < sent.abs_diff(ignored),
            "{option:?}: {sent} bytes, which should be nearer to {expected} than to {ignored}"
        );
    }
}

/// The mean of what `bytes` gives for each of the [`PICTURES`].
fn mean(bytes: impl FnMut(u8) -> usize) -> usize {
    (0..PICTURES).map(bytes).sum::<usize>() / usize::from(PICTURES)
}

#[test]
fn a_text_is_as_long_as_the_operator_says() {
    let server = Server::start_plain(&[&["--length", "4"], &SMALL[..]].concat());
    let request = request("POST", GENERATE, "Accept: application/json\r\n", None);
    let answer = exchange(&mut server.connect(), &request);
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(document["length"], 4);
}

#[test]
fn a_picture_holds_nothing_but_itself() {
    let server = Server::start(&[]);
    let answer = server.request(post(GENERATE, "", b""));
    let kinds = chunks(&answer.body);
    assert_eq!(kinds.first(), Some(&"IHDR"));
    assert_eq!(kinds.last(), Some(&"IEND"));
    for kind in &kinds {
        assert!(
            ["IHDR", "PLTE", "IDAT", "IEND"].contains(kind),
            "{kinds:?} has a time, a text, a transparency or what else tells more than the picture"
        );
    }
    // The sizes and, at the end, the method of interlacing, which is none (PNG, section 11.2.1).
    let header = &answer.body[16..29];
    assert_eq!(header[..8], [0, 0, 2, 88, 0, 0, 0, 200]);
    assert_eq!((header[8], header[12]), (8, 0));
}

#[test]
fn the_id_is_in_a_field_whose_name_is_in_lower_case() {
    let server = Server::start(&SMALL);
    let answer = server.request(post(GENERATE, "", b""));
    let is_id = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("captcha-id");
    let (name, _) = answer.fields.iter().find(is_id).unwrap();
    assert_eq!(name, "captcha-id");
}

#[test]
fn a_request_may_choose_the_theme() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (query, expected) in [
        ("", false),
        ("?theme=light", false),
        ("?theme=dark", true),
        ("?theme=%64ark", true),
        ("?th%65me=dark", true),
        ("?a=b&theme=dark&c", true),
        ("?&&theme=dark&", true),
        // The last one counts.
        ("?theme=light&theme=dark", true),
        ("?theme=dark&theme=light", false),
        ("?theme=bad&theme=dark", true),
        ("?theme=dark&theme=bad&them%65=light", false),
    ] {
        for path in [GENERATE, "/api/captcha/generate"] {
            let path = format!("{path}{query}");
            let answer = exchange(&mut client, &post(&path, "", b""));
            let (_, pixels) = assert_captcha(&answer, &path);
            assert_eq!(is_dark(&pixels), expected, "{path}");
        }
    }
    let [mut light, mut dark] = [false; 2];
    for _ in 0..60 {
        let answer = exchange(
            &mut client,
            &post("/api/captcha/generate/?theme=random", "", b""),
        );
        let (_, pixels) = assert_captcha(&answer, "random");
        *(if is_dark(&pixels) {
            &mut dark
        } else {
            &mut light
        }) = true;
    }
    assert!(light && dark, "sixty random themes were all the same");
}

#[test]
fn a_requests_theme_goes_before_the_operators() {
    let server = Server::start(&[&["--theme", "dark"], &SMALL[..]].concat());
    let mut client = server.connect();
    for (query, expected) in [("", true), ("?theme=light", false), ("?theme=dark", true)] {
        let path = format!("{GENERATE}{query}");
        let answer = exchange(&mut client, &post(&path, "", b""));
        assert_eq!(is_dark(&assert_captcha(&answer, &path).1), expected);
    }
}

#[test]
fn an_unknown_theme_is_refused_and_makes_no_captcha() {
    // With a capacity of one captcha, a second one would evict it.
    let server = Server::start(&[&["--capacity", "1"], &SMALL[..]].concat());
    let mut client = server.connect();
    let id = client.generate();
    check(
        &mut client,
        &post("/api/captcha/generate/?theme=blue", "", b""),
        (
            422,
            r#"{"detail":[{"type":"enum","loc":["query","theme"],"msg":"Input should be 'light', 'dark' or 'random'","input":"blue","ctx":{"expected":"'light', 'dark' or 'random'"}}]}"#,
        ),
    );
    let fits = "x".repeat(1_022);
    let long = "x".repeat(1_023);
    for (query, input) in [
        ("theme=", r#""""#),
        ("theme", r#""""#),
        ("theme=Dark", r#""Dark""#),
        ("theme=DARK", r#""DARK""#),
        ("theme=dark+", r#""dark ""#),
        ("theme=%20dark", r#"" dark""#),
        ("theme=dark%00", r#""dark\u0000""#),
        ("theme=dark%0A", r#""dark\n""#),
        ("theme=light,dark", r#""light,dark""#),
        ("theme=light;theme=dark", r#""light;theme=dark""#),
        ("theme=%22%5C", r#""\"\\""#),
        ("theme=%C3%A9", r#""é""#),
        ("theme=%ff", "\"\u{fffd}\""),
        ("theme=%zz", r#""%zz""#),
        ("theme=light&theme=x", r#""x""#),
        ("theme=light&theme=", r#""""#),
        (&format!("theme={fits}"), &format!("\"{fits}\"")),
        (&format!("theme={long}"), "null"),
    ] {
        let body = format!(
            r#"{{"detail":[{{"type":"enum","loc":["query","theme"],"msg":"Input should be 'light', 'dark' or 'random'","input":{input},"ctx":{{"expected":"'light', 'dark' or 'random'"}}}}]}}"#
        );
        for path in [GENERATE, "/api/captcha/generate"] {
            let request = post(&format!("{path}?{query}"), "", b"");
            check(&mut client, &request, (422, &body));
        }
    }
    check_text(&mut client, &id, &format!("\"{TEXT}\""), RIGHT);
}

/// Checks that the response is a new captcha as JSON, and returns it as a response with the picture.
fn assert_json(answer: Answer, ttl_secs: u64, row: &str) -> Answer {
    assert_eq!(answer.field("Content-Type"), Some("application/json"));
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    let [id, image] = ["id", "image"].map(|name| document[name].as_str().unwrap());
    let expected =
        format!(r#"{{"id":"{id}","image":"{image}","expires_in":{ttl_secs},"length":6}}"#);
    assert_eq!(answer.text(), expected, "{row}");
    assert_eq!(answer.field("Captcha-Id"), Some(id), "{row}");
    let body = image.strip_prefix("data:image/png;base64,").unwrap();
    let body = BASE64_STANDARD.decode(body).unwrap();
    let mut fields = answer.fields;
    for (name, value) in &mut fields {
        if name == "Content-Type" {
            *value = "image/png".into();
        }
    }
    Answer {
        status: answer.status,
        fields,
        body,
    }
}

#[test]
fn a_captcha_is_json_to_who_prefers_that() {
    let server = Server::start(&["--ttl", "77"]);
    let mut client = server.connect();
    for (number, accept) in [
        "Accept: application/json\r\n",
        "accept: APPLICATION/JSON;charset=utf-8\r\n",
        "Accept: application/*\r\n",
        "Accept: application/json, */*;q=0.1\r\n",
        "Accept: image/png;q=0.5, application/json;q=0.6\r\n",
        "Accept: image/png;q=0, */*\r\n",
        "Accept: image/*;q=0.1\r\nAccept: application/json\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("{}?theme=dark", PATHS[number % 2]);
        let answer = exchange(&mut client, &request("POST", &path, accept, None));
        assert_eq!(answer.field("Vary"), Some("Accept, Origin"), "{accept}");
        let answer = assert_json(answer, 77, accept);
        let (id, pixels) = assert_captcha(&answer, accept);
        assert!(is_dark(&pixels), "{accept}");
        check_text(&mut client, &id, &format!("\"{TEXT}\""), RIGHT);
    }
}

#[test]
fn json_says_where_all_are_digits() {
    for (options, expected) in [
        (&["--alphabet", "0123456789"][..], Some(&Value::Bool(true))),
        (&[], None),
    ] {
        let server = Server::start(options);
        let answer = server.request(request(
            "POST",
            GENERATE,
            "Accept: application/json\r\n",
            None,
        ));
        let document: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(document.get("digits"), expected, "{options:?}");
    }
}

#[test]
fn who_names_neither_picture_nor_json_gets_the_picture() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for accept in [
        "text/html",
        "image/jpeg, text/*",
        "image/png;q=0",
        "*/*;q=0",
        "image/png;q=0, application/json;q=0.000, */*",
        "*; q=.2",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        "",
        ",",
        "application/json;q=2",
        "application/json;q=x, image/png;q=0",
        "nonsense",
        "\"",
    ] {
        let request = request("POST", GENERATE, &format!("Accept: {accept}\r\n"), None);
        let answer = exchange(&mut client, &request);
        assert_eq!(answer.field("Content-Type"), Some("image/png"), "{accept}");
        assert_eq!(answer.field("Vary"), Some("Accept, Origin"), "{accept}");
        let id = answer.field("Captcha-Id").unwrap();
        check_text(&mut client, id, &format!("\"{TEXT}\""), RIGHT);
    }
}

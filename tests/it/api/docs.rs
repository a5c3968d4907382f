//! The page, the `OpenAPI` document and the widget, as they are served.

use std::io::Read as _;

use flate2::read::GzDecoder;

use super::{GONE, GOOD, HEALTHY, JSON, NO_METHOD, NO_PAGE, SMALL, check, exchange, request};
use crate::support::{Client, Server, post, run};

/// The path, the media type and the text of each.
const DOCUMENTS: [(&str, &str, &str); 5] = [
    ("/", "text/html; charset=utf-8", PLAIN),
    ("/docs", "text/html; charset=utf-8", PLAIN),
    (
        "/openapi.json",
        "application/json",
        include_str!("../../../src/api/docs/openapi.min.json"),
    ),
    (
        "/widget.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../src/api/docs/widget.min.js"),
    ),
    (
        "/widget.js?compat=recaptcha",
        "text/javascript; charset=utf-8",
        include_str!("../../../src/api/docs/compat.min.js"),
    ),
];

/// The page, which is sent compressed, and what clients get that do not accept gzip.
const INDEX: &str = include_str!("../../../src/api/docs/index.min.html");
const PLAIN: &str = include_str!("../../../src/api/docs/plain.html");

/// The font of the page.
const FONT: &[u8] = include_bytes!("../../../font/JetBrainsMono-Regular-subset.ttf");

/// Paths that redirect to the page, each with its `Location`.
const MOVED: [(&str, &str); 2] = [("/docs/", "../docs"), ("/redoc", "docs")];

/// Requests a path with these field lines; the response with the headers that caches use.
fn get(client: &mut Client, path: &str, fields: &str) -> (u16, String, Vec<u8>) {
    client.send(request("GET", path, fields, None));
    let answer = client.answer();
    assert_eq!(
        answer.field("Cache-Control"),
        Some("public, max-age=300"),
        "{path}"
    );
    assert_eq!(answer.field("Vary"), Some("Accept-Encoding"), "{path}");
    let tag = answer.field("ETag").unwrap().to_owned();
    (answer.status, tag, answer.body)
}

#[test]
fn each_document_is_served_as_it_is() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (path, media_type, text) in DOCUMENTS {
        let others = if path.contains('?') { "&a=b" } else { "?a=b" };
        for path in [path.to_owned(), format!("{path}{others}")] {
            let answer = exchange(&mut client, &request("GET", &path, "", None));
            assert_eq!((answer.status, answer.text()), (200, text), "{path}");
            assert_eq!(answer.field("Content-Type"), Some(media_type), "{path}");
            assert_eq!(answer.field("X-Content-Type-Options"), Some("nosniff"));
            let head = exchange(&mut client, &request("HEAD", &path, "", None));
            let without_date = |fields: &[(String, String)]| -> Vec<_> {
                let others = fields.iter().filter(|(name, _)| name != "Date");
                others.cloned().collect()
            };
            let fields = [&head, &answer].map(|answer| without_date(&answer.fields));
            assert_eq!(fields[0], fields[1], "{path}");
        }
        for method in ["POST", "PUT", "FOO"] {
            let answer = check(&mut client, &request(method, path, "", None), NO_METHOD);
            assert_eq!(answer.field("Allow"), Some("GET, HEAD"), "{path}");
        }
    }
}

#[test]
fn gzip_is_sent_to_those_who_accept_it() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (path, media_type, text) in DOCUMENTS {
        client.send(request("GET", path, "Accept-Encoding: gzip, br\r\n", None));
        let answer = client.answer();
        assert_eq!(answer.field("Content-Encoding"), Some("gzip"), "{path}");
        assert_eq!(answer.field("Content-Type"), Some(media_type), "{path}");
        let mut plain = String::new();
        let mut decoder = GzDecoder::new(answer.body.as_slice());
        decoder.read_to_string(&mut plain).unwrap();
        let compressed = if text == PLAIN { INDEX } else { text };
        assert!(plain == compressed, "{path}: other text");
        for fields in [
            "",
            "Accept-Encoding: br\r\n",
            "Accept-Encoding: gzip;q=0\r\n",
        ] {
            let answer = exchange(&mut client, &request("GET", path, fields, None));
            assert_eq!(answer.text(), text, "{path} {fields}");
        }
    }
}

#[test]
fn the_font_of_the_page_is_served_as_it_is() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for coding in ["", "Accept-Encoding: gzip\r\n"] {
        let answer = exchange(&mut client, &request("GET", "/font.ttf", coding, None));
        assert_eq!((answer.status, answer.body.as_slice()), (200, FONT));
        assert_eq!(answer.field("Content-Type"), Some("font/ttf"));
        assert_eq!(answer.field("Content-Encoding"), None);
        let tag = answer.field("ETag").unwrap();
        let fields = format!("{coding}If-None-Match: {tag}\r\n");
        let (status, _, body) = get(&mut client, "/font.ttf", &fields);
        assert_eq!((status, body.len()), (304, 0));
    }
    let without = Server::start(&[&["--docs", "off"], &SMALL[..]].concat());
    check(
        &mut without.connect(),
        &request("GET", "/font.ttf", "", None),
        NO_PAGE,
    );
}

/// RFC 9110 section 13.1.2.
#[test]
fn what_a_client_has_already_is_not_sent_again() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let mut tags = Vec::new();
    for (path, _, _) in DOCUMENTS {
        for coding in ["", "Accept-Encoding: gzip\r\n"] {
            let (status, tag, body) = get(&mut client, path, coding);
            assert_eq!((status, body.is_empty()), (200, false), "{path}");
            for (known, expected) in [
                (tag.clone(), 304),
                (format!("W/{tag}"), 304),
                (format!("\"x\", {tag}"), 304),
                ("*".to_owned(), 304),
                ("\"x\"".to_owned(), 200),
                (tag.replace('"', ""), 200),
            ] {
                let fields = format!("{coding}If-None-Match: {known}\r\n");
                let (status, same, body) = get(&mut client, path, &fields);
                assert_eq!((status, &same), (expected, &tag), "{path} {fields}");
                assert_eq!(body.is_empty(), expected == 304, "{path} {fields}");
            }
            tags.push(tag);
        }
    }
    // The page has two paths. All other tags differ, also those of the two forms of a document.
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 2 * (DOCUMENTS.len() - 1), "{tags:?}");
}

#[test]
fn old_paths_lead_to_the_page_wherever_the_service_is_mounted() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (path, location) in MOVED {
        let answer = exchange(&mut client, &request("GET", path, "", None));
        assert_eq!((answer.status, answer.text()), (308, ""), "{path}");
        assert_eq!(answer.field("Location"), Some(location), "{path}");
    }
}

#[test]
fn documents_and_widget_can_be_switched_off() {
    let documents = DOCUMENTS.map(|(path, _, _)| path);
    let all = documents.into_iter().chain(MOVED.map(|(path, _)| path));
    for (options, are_there) in [
        (&["--docs", "off"][..], [false, true]),
        (&["--widget", "off"], [true, false]),
        (&["--docs", "off", "--widget", "off"], [false, false]),
    ] {
        let server = Server::start(&[options, &SMALL[..]].concat());
        let mut client = server.connect();
        for path in all.clone() {
            let is_there = are_there[usize::from(path.starts_with("/widget.js"))];
            for method in ["GET", "HEAD", "POST", "OPTIONS", "FOO"] {
                let request = request(method, path, "", None);
                if is_there {
                    assert_ne!(exchange(&mut client, &request).status, 404, "{path}");
                } else {
                    check(&mut client, &request, NO_PAGE);
                }
            }
        }
        check(&mut client, &request("GET", "/healthz", "", None), HEALTHY);
        assert_eq!(client.generate().len(), 36);
    }
}

/// Pages with `Cross-Origin-Embedder-Policy` load only what allows it.
#[test]
fn the_widget_may_be_loaded_by_pages_of_every_origin() {
    let server = Server::start(&SMALL);
    for (path, _, _) in DOCUMENTS {
        let answer = server.request(request("GET", path, "", None));
        let expected = path.starts_with("/widget.js").then_some("cross-origin");
        assert_eq!(answer.field("Cross-Origin-Resource-Policy"), expected);
        assert_eq!(answer.field("Access-Control-Allow-Origin"), Some("*"));
    }
}

#[test]
fn everything_is_below_a_path_if_there_is_one() {
    let server = Server::start(&[&["--path", "/a/captcha/"], &SMALL[..]].concat());
    let mut client = server.connect();
    for path in [
        "/",
        "/docs",
        "/healthz",
        "/metrics",
        "/widget.js",
        "/openapi.json",
        "/a/captchas/docs",
        "/a",
        "/a/captcha//docs",
        "/captcha/docs",
        "/a/captcha/a/captcha/docs",
        "/a/captcha*",
        "/a/captcha/*",
    ] {
        for method in ["GET", "OPTIONS"] {
            check(&mut client, &request(method, path, "", None), NO_PAGE);
        }
    }
    for path in [
        "/",
        "/docs",
        "/healthz",
        "/metrics",
        "/widget.js",
        "/openapi.json",
    ] {
        let path = format!("/a/captcha{path}");
        let answer = exchange(&mut client, &request("GET", &path, "", None));
        assert_eq!(answer.status, 200, "{path}");
    }
    let answer = exchange(&mut client, &request("GET", "/a/captcha", "", None));
    assert_eq!(answer.field("Location"), Some("/a/captcha/"));
    let made = request("POST", "/a/captcha/api/captcha/generate", "", None);
    assert_eq!(exchange(&mut client, &made).status, 200);
    let judged = post("/a/captcha/api/captcha/validate/", JSON, GOOD.as_bytes());
    check(&mut client, &judged, GONE);
    check(
        &mut client,
        &request("POST", "/api/captcha/generate/", "", None),
        NO_PAGE,
    );
    let address = server.address.to_string();
    for (path, is_healthy) in [("/a/captcha", true), ("/a", false)] {
        let output = run(&["healthcheck", "--listen", &address, "--path", path]);
        assert_eq!(output.status.success(), is_healthy, "{path}");
    }
    let of_server = server.request(request("OPTIONS", "*", "", None));
    assert_eq!(of_server.status, 200);
}

//! The page, the `OpenAPI` document and the widget, as they are served.

use std::io::Read as _;

use flate2::read::GzDecoder;

use super::{HEALTHY, NO_METHOD, NO_PAGE, SMALL, check, exchange, request};
use crate::support::{Client, Server};

/// The path, the media type and the text of each.
const DOCUMENTS: [(&str, &str, &str); 4] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("../../../src/api/docs/index.html"),
    ),
    (
        "/docs",
        "text/html; charset=utf-8",
        include_str!("../../../src/api/docs/index.html"),
    ),
    (
        "/openapi.json",
        "application/json",
        include_str!("../../../src/api/docs/openapi.json"),
    ),
    (
        "/widget.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../src/api/docs/widget.js"),
    ),
];

/// What leads to the page, and where from each.
const MOVED: [(&str, &str); 2] = [("/docs/", "../docs"), ("/redoc", "docs")];

/// Asks for a path with these field lines; the answer with the fields that caches go by.
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
        for path in [path.to_owned(), format!("{path}?a=b")] {
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
        assert!(plain == text, "{path}: other text");
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
    // The page has two paths. All else differs, each form from the other too.
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
fn switched_off_none_of_them_is_there() {
    let server = Server::start(&[&["--docs", "off"], &SMALL[..]].concat());
    let mut client = server.connect();
    let documents = DOCUMENTS.map(|(path, _, _)| path);
    for path in documents.into_iter().chain(MOVED.map(|(path, _)| path)) {
        for method in ["GET", "HEAD", "POST", "OPTIONS", "FOO"] {
            check(&mut client, &request(method, path, "", None), NO_PAGE);
        }
    }
    check(&mut client, &request("GET", "/healthz", "", None), HEALTHY);
    assert_eq!(client.generate().len(), 36);
}

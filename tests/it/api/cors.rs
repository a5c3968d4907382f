//! Pages of other origins.

use super::{GENERATE, GOOD, JSON, ORIGIN, PATHS, Reply, SMALL, VALIDATE, cors, exchange, request};
use crate::support::{Answer, Client, Server, TEXT};

/// The headers that let a page of any origin read a response, and the id in it.
const SHARED: [(&str, &str); 2] = [
    ("access-control-allow-origin", "*"),
    (
        "access-control-expose-headers",
        "captcha-id, captcha-attempts-left",
    ),
];

/// `Vary`, and the headers about origins of responses that caches keep, where these differ.
type Caching<'a> = (Option<&'a str>, Option<&'a [(&'a str, &'a str)]>);

/// A response that depends on the origin says so; one that caches keep is the same for all.
const SHARED_WITH_ALL: Caching = (
    Some("Origin"),
    Some(&[("access-control-allow-origin", "*")]),
);

/// What the response to every preflight says of methods, headers and time.
const ALLOWED: [(&str, &str); 3] = [
    (
        "access-control-allow-headers",
        "Accept, Accept-Language, Content-Language, Content-Type",
    ),
    ("access-control-allow-methods", "GET, POST"),
    ("access-control-max-age", "600"),
];

fn assert_cors(answer: &Answer, expected: &[(&str, &str)], row: &str) {
    let found = cors(answer);
    let found: Vec<_> = found
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(found, expected, "{row}");
}

/// Requests of every status, as method, path, fields and body.
fn of_every_status(id: &str) -> Vec<(u16, [String; 4])> {
    let wrong = format!(r#"{{"id":"{id}","text":"x"}}"#);
    let right = format!(r#"{{"id":"{id}","text":"{TEXT}"}}"#);
    let digits = "7".repeat(4_301);
    let large = " ".repeat(16_385);
    let method = "Access-Control-Request-Method: POST\r\n";
    let names = "Access-Control-Request-Headers: accept\r\n";
    [
        (200, "POST", GENERATE, "", ""),
        (200, "GET", "/healthz", "", ""),
        (400, "POST", VALIDATE, JSON, &*wrong),
        (200, "POST", VALIDATE, JSON, &right),
        (404, "POST", VALIDATE, JSON, &right),
        (400, "POST", VALIDATE, JSON, &digits),
        (404, "GET", "/nowhere", "", ""),
        (405, "POST", "/", "", ""),
        (200, "GET", "/openapi.json", "", ""),
        (200, "GET", "/widget.js", "", ""),
        (308, "GET", "/redoc", "", ""),
        (405, "GET", GENERATE, "", ""),
        (405, "HEAD", VALIDATE, "", ""),
        (405, "PUT", "/api/captcha/validate", "", ""),
        (200, "OPTIONS", VALIDATE, "", ""),
        (405, "POST", "/healthz", "", ""),
        (422, "POST", VALIDATE, JSON, "{"),
        (422, "POST", VALIDATE, "", "x"),
        (422, "POST", "/api/captcha/generate?theme=x", "", ""),
        (200, "POST", GENERATE, "Accept: text/html\r\n", ""),
        (413, "POST", VALIDATE, JSON, &large),
        (413, "POST", "/nowhere", "", &large),
        // Only OPTIONS with `Access-Control-Request-Method` is a preflight.
        (405, "GET", VALIDATE, method, ""),
        (422, "POST", VALIDATE, method, ""),
        (405, "options", VALIDATE, method, ""),
        (200, "OPTIONS", VALIDATE, names, ""),
        (404, "OPTIONS", "/nowhere", names, ""),
    ]
    .map(|(status, method, path, fields, body)| {
        (status, [method, path, fields, body].map(str::to_owned))
    })
    .into()
}

/// Sends a request for every status with that field line, and checks what the responses say about
/// origins; what caches keep may say something else.
fn check_sharing(server: &Server, origin: &str, expected: &[(&str, &str)], (vary, kept): Caching) {
    let id = server.generate();
    let mut client = server.connect();
    for (status, [method, path, fields, body]) in of_every_status(&id) {
        let fields = format!("{origin}{fields}");
        let body = (!body.is_empty()).then_some(body.as_bytes());
        let answer = exchange(&mut client, &request(&method, &path, &fields, body));
        let row = format!("{method} {path} {fields:?}");
        assert_eq!(answer.status, status, "{row}");
        let kept = kept.filter(|_| answer.field("ETag").is_some());
        assert_cors(&answer, kept.unwrap_or(expected), &row);
        let vary = vary.filter(|_| kept.is_none());
        let own = match (path.as_str(), status) {
            (GENERATE | "/api/captcha/generate?theme=x", 200 | 422) => Some("Accept"),
            ("/openapi.json" | "/widget.js", _) => Some("Accept-Encoding"),
            _ => None,
        };
        let expected: Vec<_> = own.into_iter().chain(vary).collect();
        let found = answer.field("Vary").unwrap_or_default();
        assert_eq!(found, expected.join(", "), "{row}");
        if status == 413 {
            client = server.connect();
        }
    }
}

#[test]
fn every_answer_may_be_read_by_pages_of_every_origin() {
    let server = Server::start(&SMALL);
    for origin in [
        "Origin: https://page.example\r\n",
        "origin: http://localhost:3000\r\n",
        "Origin: null\r\n",
        "Origin: \r\n",
        "Origin: *\r\n",
        "Origin: x y\r\n",
        "Origin: é\r\n",
        "Origin: https://a.example\r\nOrigin: https://b.example\r\n",
        "Origin: https://a.example\r\nCookie: a=b\r\nAuthorization: Basic eDp5\r\n",
    ] {
        check_sharing(&server, origin, &SHARED, SHARED_WITH_ALL);
    }
}

#[test]
fn without_an_origin_nothing_is_said_of_origins() {
    let server = Server::start(&SMALL);
    check_sharing(&server, "", &[], SHARED_WITH_ALL);
    let referer = "Referer: https://page.example/\r\n";
    check_sharing(&server, referer, &[], SHARED_WITH_ALL);
    // Neither is it a preflight.
    let mut client = server.connect();
    let fields = "Access-Control-Request-Method: POST\r\n";
    for (path, status) in [(VALIDATE, 200), ("/nowhere", 404)] {
        let answer = exchange(&mut client, &request("OPTIONS", path, fields, None));
        assert_eq!(answer.status, status, "{path}");
        assert_cors(&answer, &[], path);
    }
}

/// Sends a preflight and checks the whole response; `origin` is what it says about that.
fn check_preflight(
    client: &mut Client,
    path: &str,
    fields: &str,
    origin: Option<(&str, &str)>,
    (status, body): Reply,
) {
    let answer = exchange(client, &request("OPTIONS", path, fields, None));
    let row = format!("{path} {fields:?}");
    assert_eq!((answer.status, answer.text()), (status, body), "{row}");
    assert_eq!(
        answer.field("Content-Type"),
        Some("text/plain; charset=utf-8"),
        "{row}"
    );
    let mut expected = [&ALLOWED, origin.as_slice()].concat();
    expected.sort_unstable();
    assert_cors(&answer, &expected, &row);
}

const ANY: Option<(&str, &str)> = Some(("access-control-allow-origin", "*"));
const OK: Reply = (200, "OK");

#[test]
fn preflights_tell_each_thing_that_is_not_allowed() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (method, is_method) in [("GET", true), ("POST", true), ("PUT", false), ("", false)] {
        for (names, are_names) in [
            (None, true),
            (Some("content-type"), true),
            (Some("x-a"), false),
            (Some("accept,"), false),
            (Some(""), false),
        ] {
            for network in [None, Some("true"), Some("false")] {
                let mut fields = format!("{ORIGIN}Access-Control-Request-Method: {method}\r\n");
                for (name, value) in [("Headers", names), ("Private-Network", network)] {
                    if let Some(value) = value {
                        fields.extend(["Access-Control-Request-", name, ": ", value, "\r\n"]);
                    }
                }
                let failures: Vec<&str> = [
                    (is_method, "method"),
                    (are_names, "headers"),
                    (network.is_none(), "private-network"),
                ]
                .into_iter()
                .filter_map(|(is_allowed, what)| (!is_allowed).then_some(what))
                .collect();
                let body = format!("Disallowed CORS {}", failures.join(", "));
                let reply = if failures.is_empty() {
                    OK
                } else {
                    (400, &*body)
                };
                check_preflight(&mut client, VALIDATE, &fields, ANY, reply);
            }
        }
    }
}

const METHOD: Reply = (400, "Disallowed CORS method");
const NAMES: Reply = (400, "Disallowed CORS headers");

#[test]
fn preflights_compare_methods_exactly_and_names_without_case_and_blanks() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (method, reply) in [
        ("GET", OK),
        (" POST ", OK),
        ("post", METHOD),
        ("Get", METHOD),
        ("HEAD", METHOD),
        ("OPTIONS", METHOD),
        ("PUT", METHOD),
        ("DELETE", METHOD),
        ("PATCH", METHOD),
        ("FOO", METHOD),
        ("*", METHOD),
        ("GET,POST", METHOD),
        ("GET, POST", METHOD),
    ] {
        let fields = format!("{ORIGIN}Access-Control-Request-Method: {method}\r\n");
        check_preflight(&mut client, GENERATE, &fields, ANY, reply);
    }
    for (names, reply) in [
        ("accept", OK),
        ("accept-language", OK),
        ("content-language", OK),
        ("content-type", OK),
        ("CONTENT-TYPE", OK),
        ("  Content-Type  ", OK),
        ("content-type\t,\taccept", OK),
        (
            "Accept, CONTENT-TYPE,accept-language , content-language",
            OK,
        ),
        ("accept,accept", OK),
        (" ", NAMES),
        (",", NAMES),
        ("content-type,", NAMES),
        (",content-type", NAMES),
        ("content-type,,accept", NAMES),
        ("*", NAMES),
        ("authorization", NAMES),
        ("captcha-id", NAMES),
        ("accept-encoding", NAMES),
        ("range", NAMES),
        ("origin", NAMES),
        ("content_type", NAMES),
        ("content-type;accept", NAMES),
        ("content-type accept", NAMES),
        ("accept, x-a", NAMES),
        ("x-a, accept", NAMES),
        ("é", NAMES),
    ] {
        let fields = format!(
            "{ORIGIN}Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: {names}\r\n"
        );
        check_preflight(&mut client, GENERATE, &fields, ANY, reply);
    }
}

#[test]
fn preflights_are_answered_on_every_path_from_every_origin_and_with_any_body() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let long = format!("/{}", "x".repeat(1_000));
    let others = [
        "/",
        "/nowhere",
        "//",
        "/%zz",
        "/API/captcha/generate/",
        "/healthz",
        "/api/captcha/generate/?theme=x",
        &long,
    ];
    for path in PATHS.into_iter().chain(others) {
        for origin in [ORIGIN, "Origin: null\r\n", "Origin: \r\n"] {
            for (method, reply) in [("POST", OK), ("PUT", METHOD)] {
                let fields = format!("{origin}Access-Control-Request-Method: {method}\r\n");
                check_preflight(&mut client, path, &fields, ANY, reply);
            }
        }
    }
    let fields = format!("{ORIGIN}{JSON}Access-Control-Request-Method: POST\r\n");
    for body in [GOOD, "{"] {
        let request = request("OPTIONS", VALIDATE, &fields, Some(body.as_bytes()));
        let answer = exchange(&mut client, &request);
        assert_eq!((answer.status, answer.text()), OK);
    }
}

#[test]
fn with_sharing_off_origins_make_no_difference() {
    let server = Server::start(&[&["--cors-origin", "off"], &SMALL[..]].concat());
    for origin in ["", ORIGIN, "Origin: null\r\n", "Origin: off\r\n"] {
        check_sharing(&server, origin, &[], (None, None));
    }
    let mut client = server.connect();
    let fields = format!("{ORIGIN}Access-Control-Request-Method: POST\r\n");
    for (path, status) in [(VALIDATE, 200), ("/nowhere", 404)] {
        let answer = exchange(&mut client, &request("OPTIONS", path, &fields, None));
        assert_eq!(answer.status, status, "{path}");
        assert_cors(&answer, &[], path);
    }
}

const OWN: (&str, &str) = ("access-control-allow-origin", "https://shop.example");

#[test]
fn one_origin_is_named_to_itself_alone_and_caches_are_told() {
    let server = Server::start(&[&["--cors-origin", "https://shop.example"], &SMALL[..]].concat());
    check_sharing(
        &server,
        "Origin: https://shop.example\r\n",
        &[OWN, SHARED[1]],
        (Some("Origin"), None),
    );
    let mut client = server.connect();
    let post_allowed = "Access-Control-Request-Method: POST\r\n";
    let fields = format!("Origin: https://shop.example\r\n{post_allowed}");
    check_preflight(&mut client, VALIDATE, &fields, Some(OWN), OK);
    for origin in [
        "https://other.example",
        "http://shop.example",
        "https://shop.example:443",
        "https://shop.example/",
        "https://shop.example.evil.example",
        "https://Shop.example",
        "https://shop.exampl",
        "shop.example",
        "null",
        "*",
        "",
    ] {
        let origin = format!("Origin: {origin}\r\n");
        check_sharing(&server, &origin, &[], (Some("Origin"), None));
        for (rest, body) in [
            (post_allowed, "Disallowed CORS origin"),
            (
                "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x\r\n\
                 Access-Control-Request-Private-Network: true\r\n",
                "Disallowed CORS origin, method, headers, private-network",
            ),
        ] {
            let fields = format!("{origin}{rest}");
            check_preflight(&mut client, VALIDATE, &fields, None, (400, body));
        }
    }
    // Also if no page sent the request: a cache may keep the response and give it to one.
    check_sharing(&server, "", &[], (Some("Origin"), None));
    let request = request("OPTIONS", VALIDATE, &fields, None);
    assert_eq!(
        exchange(&mut client, &request).field("Vary"),
        Some("Origin")
    );
}

//! Which paths there are, and which methods they answer.

use super::{GOOD, HEALTHY, JSON, NO_METHOD, NO_PAGE, PATHS, SMALL, check, exchange, request};
use crate::support::{Server, post};

#[test]
fn both_paths_answer_post_and_no_other_method() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for path in PATHS {
        for method in [
            "GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "FOO", "post", "Post", "POSTS",
        ] {
            for body in [None, Some(&b"{}"[..]), Some(b"{")] {
                for path in [path.to_owned(), format!("{path}?theme=bad")] {
                    let request = request(method, &path, JSON, body);
                    let answer = check(&mut client, &request, NO_METHOD);
                    assert_eq!(answer.field("Allow"), Some("POST"), "{method} {path}");
                }
            }
        }
    }
}

#[test]
fn health_is_answered_to_get_and_head_alone() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (method, reply) in [
        ("GET", HEALTHY),
        ("HEAD", HEALTHY),
        ("POST", NO_METHOD),
        ("FOO", NO_METHOD),
    ] {
        for path in ["/healthz", "/healthz?", "/healthz?a=b"] {
            let answer = check(&mut client, &request(method, path, "", None), reply);
            let allow = (reply == NO_METHOD).then_some("GET, HEAD");
            assert_eq!(answer.field("Allow"), allow, "{method} {path}");
        }
    }
}

/// The default health check of some load balancers.
#[test]
fn options_on_a_known_path_tells_what_is_allowed() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (path, allow) in [
        (PATHS[0], "POST, OPTIONS"),
        (PATHS[1], "POST, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/metrics", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
        ("*", "GET, HEAD, POST, OPTIONS"),
    ] {
        let answer = exchange(&mut client, &request("OPTIONS", path, "", None));
        assert_eq!((answer.status, answer.text()), (200, ""), "{path}");
        assert_eq!(answer.field("Allow"), Some(allow), "{path}");
    }
    check(
        &mut client,
        &request("OPTIONS", "/nowhere", "", None),
        NO_PAGE,
    );
    let mut plain = server.connect();
    plain.send("OPTIONS / HTTP/1.0\r\n\r\n");
    assert_eq!(plain.answer().status, 200);
}

#[test]
fn every_other_path_is_unknown_to_every_method() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let long = format!("/{}", "x".repeat(1_000));
    for path in [
        "/api",
        "/api/",
        "/api/captcha",
        "/api/captcha/",
        "/api/captcha/other/",
        "/apicaptcha/generate/",
        "/favicon.ico",
        "/docs/x",
        "/docs//",
        "/docs/index.html",
        "/docs/oauth2-redirect",
        "/Docs",
        "/redoc/",
        "/openapi.json/",
        "/openapi",
        "/widget.js/",
        "/widget",
        "/healthz/",
        "/healthz/x",
        "/Healthz",
        "/*",
        &long,
        // Case counts.
        "/API/captcha/generate/",
        "/api/captcha/Generate/",
        "/api/captcha/%47enerate/",
        "/api/captcha/VALIDATE",
        // Paths are not normalized.
        "//api/captcha/generate/",
        "/api//captcha/generate/",
        "/api/captcha//validate/",
        "/api/captcha/generate//",
        "/api/captcha/validate//",
        "/./api/captcha/generate/",
        "/api/captcha/./generate/",
        "/api/captcha/%2e/generate/",
        "/api/captcha/x/../generate/",
        "/api/captcha/generate/.",
        "/api/captcha/generate/..",
        "/api/captcha/generate/../generate/",
        r"/api\captcha\generate\",
        // Nothing may follow.
        "/api/captcha/generate/x",
        "/api/captcha/generate/index.html",
        "/api/captcha/validate/1",
        "/api/captcha/generatex",
        "/api/captcha/generate.json",
        "/api/captcha/generate;x/",
        "/api/captcha/generate/;x",
        "/api/captcha/generate/%0a",
        "/api/captcha/generate/%0A",
        "/api/captcha/generate%0a",
        "/api/captcha/validate/%0D%0A",
        "/api/captcha/generate/%00",
        "/api/captcha/generate/%20",
        "/api/captcha/generate/%3Ftheme=dark",
        // Nor is a malformed escape anything else.
        "/api/captcha/%2567enerate/",
        "/api/captcha/generate%252F",
        "/api/captcha/generate%",
        "/api/captcha/generate%2",
        "/api/captcha/%g7enerate/",
        "/%",
        "/%zz",
        "/%ff",
        "/%C3%A9",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS", "FOO"] {
            check(&mut client, &request(method, path, "", None), NO_PAGE);
        }
        check(&mut client, &post(path, JSON, GOOD.as_bytes()), NO_PAGE);
    }
}

/// No other spelling of a path may get around a proxy's rule for it.
#[test]
fn a_path_has_one_spelling() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for path in [
        "/%6Detrics",
        "/health%7A",
        "/api/captcha/%67enerate/",
        "/%61pi/captcha/generate/",
        "/api/captcha/generat%65",
        "/api/captcha/generate%2F",
        "/api%2Fcaptcha%2Fgenerate%2F",
        "/api%2fcaptcha%2fvalidate",
        "/%61%70%69/%63%61%70%74%63%68%61/%67%65%6e%65%72%61%74%65/?",
    ] {
        check(&mut client, &post(path, JSON, GOOD.as_bytes()), NO_PAGE);
        check(&mut client, &request("GET", path, "", None), NO_PAGE);
    }
}

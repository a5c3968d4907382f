//! Bodies that are not valid.

use super::{
    COLON, COMMA, COMMA_IN_ARRAY, COMMA_IN_OBJECT, CONTROL, ESCAPE, EXTRA, GONE, GOOD, JSON, NAME,
    NO_BODY, OPEN, PLAIN, Reply, SMALL, UNICODE, VALIDATE, VALUE, check, check_json, invalid,
    no_json, request,
};
use crate::support::{Server, post};

#[test]
fn what_is_wrong_with_a_body_is_told_byte_for_byte() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (body, reply) in [
        (
            "",
            r#"{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}"#,
        ),
        (
            "[]",
            r#"{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":[]}]}"#,
        ),
        (
            "{}",
            r#"{"detail":[{"type":"missing","loc":["body","id"],"msg":"Field required","input":{}},{"type":"missing","loc":["body","text"],"msg":"Field required","input":{}}]}"#,
        ),
        (
            r#"{"text":"b"}"#,
            r#"{"detail":[{"type":"missing","loc":["body","id"],"msg":"Field required","input":{"text":"b"}}]}"#,
        ),
        (
            r#"{"id":1}"#,
            r#"{"detail":[{"type":"string_type","loc":["body","id"],"msg":"Input should be a valid string","input":1},{"type":"missing","loc":["body","text"],"msg":"Field required","input":{"id":1}}]}"#,
        ),
        (
            r#"{"id":"a","text":null}"#,
            r#"{"detail":[{"type":"string_type","loc":["body","text"],"msg":"Input should be a valid string","input":null}]}"#,
        ),
        (
            "{",
            r#"{"detail":[{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting property name enclosed in double quotes"}}]}"#,
        ),
    ] {
        check_json(&mut client, body, (422, reply));
    }
}

#[test]
fn no_body_is_missing_whatever_its_type() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for path in [VALIDATE, "/api/captcha/validate"] {
        for fields in ["", JSON, PLAIN, "Content-Type: \r\n", "Content-Type: x\r\n"] {
            for body in [None, Some(&b""[..])] {
                let request = request("POST", path, fields, body);
                check(&mut client, &request, (422, NO_BODY));
            }
            let fields = format!("{fields}Transfer-Encoding: chunked\r\n");
            let mut chunked = request("POST", path, &fields, None);
            chunked.extend_from_slice(b"0\r\n\r\n");
            check(&mut client, &chunked, (422, NO_BODY));
        }
        for body in ["null", " null\r\n", "\tnull"] {
            check(
                &mut client,
                &post(path, JSON, body.as_bytes()),
                (422, NO_BODY),
            );
        }
    }
}

#[test]
fn media_types_of_json_are_json_and_no_others() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let escaped = no_json(r#""{\"id\":\"x\",\"text\":\"y\"}""#);
    let brace = invalid(1, NAME);
    let raw_brace = no_json(r#""{""#);
    let mut check_type = |fields: &str, is_json: bool| {
        let [good, bad]: [Reply; 2] = if is_json {
            [GONE, (422, &brace)]
        } else {
            [(422, &escaped), (422, &raw_brace)]
        };
        check(&mut client, &post(VALIDATE, fields, GOOD.as_bytes()), good);
        check(&mut client, &post(VALIDATE, fields, b"{"), bad);
        check(&mut client, &post(VALIDATE, fields, b""), (422, NO_BODY));
    };
    for kind in [
        "application/json",
        "APPLICATION/JSON",
        "Application/Json",
        "application/json; x=y",
        "application/json;charset=utf-8",
        "application/json; charset=latin-1",
        "application/json; charset",
        "application/json;",
        "application/json ;x",
        "application/json\t; x",
        "  application/json  ",
        "application/json; x=\";\"",
        "application/problem+json",
        "application/vnd.api+json; v=1",
        "application/ld+json;profile=\"a;b\"",
        "application/x+JSON",
        "application/x+y+json",
        "application/+json",
    ] {
        check_type(&format!("Content-Type: {kind}\r\n"), true);
    }
    for kind in [
        "",
        ";",
        "; charset=utf-8",
        "text/json",
        "text/plain",
        "text/x+json",
        "a/b+json",
        "text/plain; application/json",
        "application/xjson",
        "application/jsonx",
        "application/json-patch",
        "application/x+json+y",
        "application/json,text/plain",
        "text/plain,application/json",
        "application/json, application/json",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "multipart/form-data; boundary=x",
        "application",
        "application/",
        "json",
        "/json",
        "+json",
        "application/json/x",
        "application/x/json",
        "application//json",
        "application//+json",
        "application /json",
        "application/ json",
        "application/json x",
        "application/json=utf8",
        "application/json:x",
        "application/(c)json",
        "application/json(c)",
        "\"application/json\"",
        "xapplication/json",
        "application/*",
        "*/*",
    ] {
        check_type(&format!("Content-Type: {kind}\r\n"), false);
    }
    check_type("", false);
    check_type("content-type: application/json\r\n", true);
    check_type("X-Content-Type: application/json\r\n", false);
    // The first of two counts.
    check_type(&format!("{JSON}{PLAIN}"), true);
    check_type(&format!("{PLAIN}{JSON}"), false);
    // Bodies are not decompressed.
    check_type(&format!("{JSON}Content-Encoding: gzip\r\n"), true);
}

#[test]
fn a_body_that_is_not_said_to_be_json_is_repeated_as_text() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    let rows: [(&[u8], &str); 15] = [
        (b"x", r#""x""#),
        (b" ", r#"" ""#),
        (b"{}", r#""{}""#),
        (b"null", r#""null""#),
        (b"a=b&c=d", r#""a=b&c=d""#),
        (b"\"", r#""\"""#),
        (b"\\", r#""\\""#),
        (b"</script>", r#""</script>""#),
        (b"\n\r\t\x08\x0c", r#""\n\r\t\b\f""#),
        (b"\0\x1f\x7f", "\"\\u0000\\u001f\x7f\""),
        ("é€😀\u{2028}".as_bytes(), "\"é€😀\u{2028}\""),
        ("\u{feff}{}".as_bytes(), "\"\u{feff}{}\""),
        // What is not UTF-8 cannot be repeated as text.
        (b"caf\xe9", "null"),
        (b"\xff", "null"),
        (b"\xed\xa0\x80", "null"),
    ];
    for (body, input) in rows {
        for fields in ["", PLAIN, "Content-Type: application/octet-stream\r\n"] {
            let request = post(VALIDATE, fields, body);
            check(&mut client, &request, (422, &no_json(input)));
        }
    }
}

/// One row for each error, with the words of the response; the rules of JSON are tested with the codec.
#[test]
fn what_is_no_json_is_told_in_words_and_with_the_place() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (body, at, error) in [
        ("hello", 0, VALUE),
        (r#"{"é€😀":x}"#, 7, VALUE),
        (r#"{id:"a"}"#, 1, NAME),
        (r#"{"id" "a"}"#, 6, COLON),
        (r#"{"id":"é" "text":"b"}"#, 10, COMMA),
        (r#"{"id":"a","text":"b"} {}"#, 22, EXTRA),
        (r#"{"id":"a"#, 6, OPEN),
        ("{\"id\":\"a\nb\",\"text\":\"c\"}", 8, CONTROL),
        (r#"{"id":"\x","text":"b"}"#, 7, ESCAPE),
        (r#"{"id":"\u12","text":"b"}"#, 8, UNICODE),
        ("[1,]", 2, COMMA_IN_ARRAY),
        (r#"{"a":1,}"#, 6, COMMA_IN_OBJECT),
    ] {
        check_json(&mut client, body, (422, &invalid(at, error)));
    }
    // U+007F is no control character to JSON.
    check_json(&mut client, "{\"id\":\"\u{7f}\",\"text\":\"\"}", GONE);
}

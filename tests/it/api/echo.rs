//! How a refused body is repeated in the response, and how much of it.

use super::{
    PLAIN, SMALL, VALIDATE, check, check_json, missing, no_json, no_object, no_string,
    unprocessable,
};
use crate::support::{Server, post};

/// A row for each kind of value; their spelling is tested with the codec.
#[test]
fn a_value_is_repeated_in_one_spelling() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (body, input) in [
        ("-0", "0"),
        ("1.50", "1.5"),
        ("1E5", "100000.0"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        // Out of range of any number that JSON could show.
        ("[-1e999,1e-999]", "[null,0.0]"),
        (" false ", "false"),
        (r#""é\u00e9\ud83d\ude00\/""#, r#""éé😀/""#),
        (
            r#""\u0000\u001F\u0008\u000c\u000a\u000d\u0009""#,
            r#""\u0000\u001f\b\f\n\r\t""#,
        ),
        ("[ null , true,\tfalse\n]", "[null,true,false]"),
        // The place of the first and the value of the last.
        (r#"[{"b":1,"a":2,"b":3}]"#, r#"[{"b":3,"a":2}]"#),
    ] {
        check_json(&mut client, body, (422, &no_object(input)));
    }
    for (body, object) in [
        (
            r#"{"text":"b","x":1.50,"y":1E5,"z":-0}"#,
            r#"{"text":"b","x":1.5,"y":100000.0,"z":0}"#,
        ),
        (
            r#"{ "text" : "b", "a" : 1, "text" : "c", "a" : 2 }"#,
            r#"{"text":"c","a":2}"#,
        ),
        (
            r#"{"":"","text":"\u00e9\/","z":[1e-7]}"#,
            r#"{"":"","text":"é/","z":[1e-07]}"#,
        ),
    ] {
        let body_of_reply = unprocessable(&[missing("id", object)]);
        check_json(&mut client, body, (422, &body_of_reply));
    }
    for (value, input) in [
        ("1.50", "1.5"),
        ("[1E5, -0]", "[100000.0,0]"),
        ("-1e999", "null"),
    ] {
        let reply = unprocessable(&[no_string("id", input)]);
        let body = format!(r#"{{"id":{value},"text":"b"}}"#);
        check_json(&mut client, body, (422, &reply));
    }
}

#[test]
fn at_most_1024_bytes_of_json_are_repeated() {
    let server = Server::start(&SMALL);
    let mut client = server.connect();
    for (unit, bytes) in [
        ("y", 1),
        ("7", 1),
        ("é", 2),
        ("😀", 4),
        ("\"", 2),
        ("\\", 2),
    ] {
        // So many fit between the quotes, counted in bytes of the response.
        let fits = (1_024 - 2) / bytes;
        let text = |count: usize| serde_json::to_string(&unit.repeat(count)).unwrap();
        for (count, input) in [(fits, text(fits)), (fits + 1, "null".into())] {
            let request = post(VALIDATE, PLAIN, unit.repeat(count).as_bytes());
            check(&mut client, &request, (422, &no_json(&input)));
            check_json(&mut client, text(count), (422, &no_object(&input)));
        }
    }
    // Longer in the request, and not when repeated.
    let array = format!("[\"{}\"]", "y".repeat(1_020));
    assert_eq!(array.len(), 1_024);
    let spread = format!(" [ {} ] ", &array[1..1_023]);
    check_json(&mut client, &array, (422, &no_object(&array)));
    check_json(&mut client, spread, (422, &no_object(&array)));
    let digits = format!("[{}]", "7".repeat(1_023));
    check_json(&mut client, digits, (422, &no_object("null")));
    // Shorter in the request, and not when repeated.
    let numbers = format!("[{}1e9]", "1e9,".repeat(90));
    assert!(numbers.len() < 1_024);
    check_json(&mut client, numbers, (422, &no_object("null")));

    let object = |bytes: usize| format!(r#"{{"x":"{}"}}"#, "y".repeat(bytes - 8));
    for (bytes, shown) in [(1_024, object(1_024)), (1_025, "null".into())] {
        let reply = unprocessable(&[missing("id", &shown), missing("text", &shown)]);
        check_json(&mut client, object(bytes), (422, &reply));
        let value = unprocessable(&[no_string("text", &shown)]);
        let body = format!(r#"{{"id":"a","text":{}}}"#, object(bytes));
        check_json(&mut client, body, (422, &value));
    }
    // Each `input` is measured by itself.
    let body = format!(r#"{{"id":1,"x":"{}"}}"#, "y".repeat(1_024));
    let reply = unprocessable(&[no_string("id", "1"), missing("text", "null")]);
    check_json(&mut client, body, (422, &reply));
}

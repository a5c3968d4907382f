//! The metrics, as a monitoring system reads them.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_parse::{Scrape, Value};

use crate::support::{Client, GENERATE, HEALTH, Server, TEXT, eventually};

const METRICS: &str = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";

/// Every sample by its name and the values of its labels; for histograms, the count.
fn figures(client: &mut Client) -> BTreeMap<String, f64> {
    client.send(METRICS);
    let answer = client.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.field("Content-Type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let lines = answer.text().lines().map(|line| Ok(line.to_owned()));
    let scrape = Scrape::parse(lines).unwrap();
    scrape
        .samples
        .into_iter()
        .map(|sample| {
            let mut labels: Vec<_> = sample.labels.values().cloned().collect();
            labels.sort();
            let value = match sample.value {
                Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => value,
                Value::Histogram(buckets) => buckets.last().unwrap().count,
                Value::Summary(_) => panic!("there is none"),
            };
            let name = sample.metric.trim_start_matches("minicap_");
            ([&[name.to_owned()], &*labels].concat().join(" "), value)
        })
        .collect()
}

/// Compares some of the metrics.
#[track_caller]
fn check(found: &BTreeMap<String, f64>, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        assert_eq!(found.get(*name), Some(value), "{name} in {found:#?}");
    }
}

#[test]
fn what_happened_is_counted_exactly() {
    let server = Server::start(&["--capacity", "4"]);
    let mut client = server.connect();
    let ids: Vec<String> = (0..7).map(|_| client.generate()).collect();
    assert_eq!(client.validate(&ids[6], TEXT), 200);
    assert_eq!(client.validate(&ids[5], "x"), 400);
    assert_eq!(client.validate(&ids[0], TEXT), 404);
    assert_eq!(client.validate("nobody", TEXT), 404);
    for request in [
        "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /docs HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n",
        "GET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n",
        HEALTH,
        METRICS,
    ] {
        client.send(request);
        client.answer();
    }
    assert_eq!(server.request("bad\r\n\r\n").status, 400);
    check(
        &figures(&mut client),
        &[
            ("captchas_generated_total picture", 7.0),
            ("captchas_evicted_total own", 3.0),
            ("captchas_evicted_total other", 0.0),
            ("captchas_capacity", 4.0),
            ("connections_max", 1024.0),
            ("requests_waiting", 0.0),
            ("captchas_expired_total", 0.0),
            ("captchas_alive", 3.0),
            ("answers_total right", 1.0),
            ("answers_total wrong", 1.0),
            ("answers_total unknown", 2.0),
            ("requests_total /api/captcha/generate/ 2xx", 7.0),
            ("requests_total /api/captcha/generate/ 4xx", 0.0),
            ("requests_total /api/captcha/validate/ 2xx", 1.0),
            ("requests_total /api/captcha/validate/ 4xx", 3.0),
            ("requests_total / 2xx", 1.0),
            ("requests_total /docs 3xx", 1.0),
            ("requests_total /docs/ 3xx", 1.0),
            ("requests_total /healthz 2xx", 1.0),
            ("requests_total /metrics 2xx", 1.0),
            ("requests_total 4xx none", 2.0),
            ("request_seconds /api/captcha/generate/", 7.0),
            ("request_seconds /api/captcha/validate/", 4.0),
            ("request_seconds none", 2.0),
            (concat!("build_info ", env!("CARGO_PKG_VERSION")), 1.0),
        ],
    );
}

#[test]
fn captchas_are_counted_by_kind() {
    let server = Server::start(&["--audio", "on", "--test-text", "123"]);
    let mut client = server.connect();
    for accept in [
        "audio/wav",
        "audio/wav",
        "image/png",
        "application/json",
        "*/*",
    ] {
        client.send(GENERATE.replace("\r\n\r\n", &format!("\r\nAccept: {accept}\r\n\r\n")));
        assert_eq!(client.answer().status, 200);
    }
    let found = figures(&mut client);
    check(
        &found,
        &[
            ("captchas_generated_total picture", 3.0),
            ("captchas_generated_total sound", 2.0),
            ("requests_total /api/captcha/generate/ 2xx", 5.0),
        ],
    );
}

/// Under the names that monitoring systems expect of every process.
#[test]
fn the_process_tells_when_it_began_and_what_memory_it_has() {
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let server = Server::start(&[]);
    let found = figures(&mut server.connect());
    let age = found["process_start_time_seconds"] - before.as_secs_f64();
    assert!((-1.0..60.0).contains(&age), "{age}");
    if cfg!(target_os = "linux") {
        let megabytes = found["process_resident_memory_bytes"] / 1e6;
        assert!((0.5..50.0).contains(&megabytes), "{megabytes}");
    }
}

#[test]
fn connections_are_counted_by_what_ended_them() {
    let server = Server::start(&["--request-timeout", "1", "--max-connections", "4"]);
    let mut watcher = server.connect();
    check(
        &figures(&mut watcher),
        &[
            ("connections_open", 1.0),
            ("connections_closed_total done", 0.0),
        ],
    );
    drop(server.connect());
    assert_eq!(server.request("bad\r\n\r\n").status, 400);
    let mut slow = server.connect();
    slow.send(&GENERATE[..9]);
    assert_eq!(slow.answer().status, 408);
    drop(slow);
    let mut found = BTreeMap::new();
    eventually(
        || {
            found = figures(&mut watcher);
            found["connections_open"] < 2.0
        },
        || "the others to be closed".into(),
    );
    check(
        &found,
        &[
            ("connections_closed_total done", 1.0),
            ("connections_closed_total refused", 1.0),
            ("connections_closed_total head_timeout", 1.0),
        ],
    );
    let crowd: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    let mut last = server.connect();
    check(
        &figures(&mut last),
        &[
            ("connections_open", 4.0),
            ("connections_closed_total limit", 2.0),
        ],
    );
    drop(crowd);
}

#[test]
fn bytes_are_counted_as_they_are_sent() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(GENERATE);
    let answer = client.answer();
    let sent = figures(&mut client)["sent_bytes_total"];
    let head = sent - f64::from(u32::try_from(answer.body.len()).unwrap());
    assert!((150.0..400.0).contains(&head), "{head} bytes of head");
}

#[test]
fn few_pictures_are_drawn_for_a_client_that_takes_none() {
    let server = Server::start(&[]);
    let mut stalled = server.connect();
    stalled.send(GENERATE.repeat(200));
    let mut client = server.connect();
    let mut drawn = || figures(&mut client)["captchas_generated_total picture"];
    let mut last = 0.0;
    // Hundreds of pictures could be drawn in half a second, if they did not have to wait.
    eventually(
        || {
            std::thread::sleep(std::time::Duration::from_millis(500));
            let before = std::mem::replace(&mut last, drawn());
            // Counts are whole numbers.
            0.0 < last && last.to_bits() == before.to_bits()
        },
        || "an end of the drawing".to_owned(),
    );
    assert!(last < 50.0, "{last} were drawn");
    for _ in 0..200 {
        assert_eq!(stalled.answer().status, 200);
    }
}

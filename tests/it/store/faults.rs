//! A store that fails and returns, and one behind a bad network, under load.

use std::thread;
use std::time::Duration;

use super::load::{Tally, during, until_served};
use super::proxy::{Fault, Proxy};
use super::valkey::Valkey;
use crate::support::{GENERATE, HEALTH, Server, TEXT, eventually, validate};

/// How long each phase lasts.
const WHILE: Duration = Duration::from_millis(400);
/// Milliseconds that a request to the store may take.
const TIMEOUT_MS: u64 = 200;
/// How much longer a request to the service may take, on a busy machine and behind requests that
/// each wait for the store.
const SLACK: Duration = Duration::from_millis(800);
/// How soon a service must use a store that is available again.
const RETURN_MAX: Duration = Duration::from_secs(1);

fn service(store: &str) -> Server {
    let timeout = TIMEOUT_MS.to_string();
    let options = [
        "--store",
        store,
        "--store-timeout",
        &timeout,
        "--workers",
        "4",
    ];
    Server::start(&[&options[..], &["--width", "112", "--height", "28"]].concat())
}

/// Outcomes of requests that were sent to the store and had no reply, or a wrong one.
const FAILURES: [&str; 5] = ["refused", "unreachable", "timeout", "lost", "garbled"];

/// How many requests to the store had one of these outcomes so far.
fn exchanges(service: &Server, outcomes: &[&str]) -> u64 {
    let page = service.request("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let count = |outcome: &&str| {
        let name = format!("minicap_store_exchanges_total{{outcome=\"{outcome}\"}} ");
        let count = page
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(&name));
        count.unwrap().parse::<u64>().unwrap()
    };
    outcomes.iter().map(count).sum()
}

/// No request waited for long, and the log has no panic.
#[track_caller]
fn assert_prompt(tally: &Tally, service: &Server) {
    let longest = Duration::from_millis(TIMEOUT_MS) + SLACK;
    assert!(tally.longest < longest, "{tally:?}");
    assert!(!service.log().contains("panic"), "{}", service.log());
}

#[test]
fn starts_while_the_store_is_away_and_serves_when_it_comes() {
    let Some(mut store) = Valkey::start(&[]) else {
        return;
    };
    store.kill();
    let service = service(&store.url());
    service.await_log("warn the store cannot be used");
    let health = service.request(HEALTH);
    assert_eq!(
        (health.status, health.text()),
        (503, r#"{"status":"store_unavailable"}"#)
    );
    let refused = service.request(GENERATE);
    assert_eq!(
        (refused.status, refused.field("Retry-After")),
        (503, Some("1"))
    );
    let id = "3f0c1d0e-6b0e-4f2b-9a53-0b6f6f2b7f10";
    assert_eq!(service.request(validate(id, TEXT)).status, 503);
    // An id that no captcha can have is answered without the store.
    assert_eq!(service.request(validate("nobody", TEXT)).status, 404);
    store.restart();
    let time = until_served(service.address);
    assert!(time < RETURN_MAX, "{time:?}");
    service.await_log("info the store is in use again");
    assert_eq!(service.request(HEALTH).status, 200);
}

#[test]
fn a_store_that_is_killed_and_comes_back_empty_costs_what_it_held_and_no_wrong_verdict() {
    let Some(mut store) = Valkey::start(&[]) else {
        return;
    };
    let service = service(&store.url());
    let tally = during(service.address, || {
        for _ in 0..3 {
            thread::sleep(WHILE);
            store.kill();
            thread::sleep(WHILE);
            store.restart();
            let time = until_served(service.address);
            assert!(time < RETURN_MAX, "{time:?}");
        }
        thread::sleep(WHILE);
    });
    assert!(0 < tally.right && 0 < tally.unavailable, "{tally:?}");
    assert_prompt(&tally, &service);
}

#[test]
fn a_store_that_stands_still_holds_no_worker_and_loses_nothing() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let service = service(&store.url());
    let tally = during(service.address, || {
        for _ in 0..3 {
            thread::sleep(WHILE);
            store.signal("STOP");
            thread::sleep(3 * WHILE);
            store.signal("CONT");
            let time = until_served(service.address);
            assert!(time < RETURN_MAX, "{time:?}");
        }
        thread::sleep(WHILE);
    });
    assert!(0 < tally.right && 0 < tally.unavailable, "{tally:?}");
    assert_eq!(tally.lost, 0);
    assert_prompt(&tally, &service);
    assert!(0 < exchanges(&service, &["timeout"]));
}

#[test]
fn a_primary_that_becomes_a_replica_is_told_and_used_again_when_it_is_one_no_more() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let service = service(&store.url());
    let tally = during(service.address, || {
        thread::sleep(WHILE);
        // A replica of an address at which no server listens.
        store.order("REPLICAOF 127.0.0.1 1");
        service.await_log("READONLY: it is a replica");
        thread::sleep(WHILE);
        store.order("REPLICAOF NO ONE");
        let time = until_served(service.address);
        assert!(time < RETURN_MAX, "{time:?}");
        thread::sleep(WHILE);
    });
    assert!(0 < tally.right && 0 < tally.unavailable, "{tally:?}");
    assert_prompt(&tally, &service);
}

#[test]
fn a_worker_asks_all_its_questions_over_one_connection() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let service = Server::start(&["--store", &store.url(), "--workers", "1"]);
    for _ in 0..5 {
        service.generate();
    }
    // One is the worker's, the other that of the check at the start.
    service.await_metric("minicap_store_connections_total 2");
}

#[test]
fn a_connection_that_is_closed_while_nobody_uses_it_costs_nobody_anything() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    // A question that takes too long on a busy machine would cost somebody something.
    let service = Server::start(&["--store", &store.url(), "--store-timeout", "5000"]);
    for _ in 0..10 {
        let id = service.generate();
        store.ask("CLIENT KILL TYPE normal");
        assert_eq!(service.connect().validate(&id, TEXT), 200);
    }
    assert!(
        !service.log().contains("cannot be used"),
        "{}",
        service.log()
    );
}

#[test]
fn what_stands_between_may_delay_cut_double_garble_and_swallow() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let proxy = Proxy::to(store.address);
    let service = service(&format!("redis://{}", proxy.address));
    for (fault, is_felt) in [
        (Fault::Split, Some(false)),
        (Fault::Delay(Duration::from_millis(5)), Some(false)),
        (Fault::Cut(20), Some(true)),
        // A second copy that arrives between two requests costs a connection; one that arrives later
        // costs a reply.
        (Fault::Double(20), None),
        (Fault::Garble(10), Some(true)),
        (Fault::Swallow, Some(true)),
        (
            Fault::Delay(Duration::from_millis(2 * TIMEOUT_MS)),
            Some(true),
        ),
    ] {
        println!("{fault:?}");
        let counts =
            || [&["answered"][..], &FAILURES].map(|outcomes| exchanges(&service, outcomes));
        let before = counts();
        proxy.set(fault);
        let tally = during(service.address, || {
            thread::sleep(3 * WHILE);
            proxy.set(Fault::None);
            let time = until_served(service.address);
            assert!(time < RETURN_MAX, "{time:?}");
            thread::sleep(WHILE);
        });
        assert!(0 < tally.right, "{tally:?}");
        let after = counts();
        let [answered, failed] = [0, 1].map(|which| after[which] - before[which]);
        match is_felt {
            Some(true) => assert!(0 < failed && 0 < tally.unavailable, "{fault:?}: {tally:?}"),
            // On a busy machine a request may take too long by itself, and those after it are not sent
            // for a moment: only what was sent tells of the fault.
            Some(false) => assert!(20 * failed < answered, "{fault:?}: {failed} of {answered}"),
            None => {}
        }
        assert_eq!(tally.lost, 0, "{tally:?}");
        assert_prompt(&tally, &service);
    }
}

/// The log of a service whose store is unavailable for a long time.
#[test]
fn a_store_that_is_away_has_a_line_of_the_log_a_second() {
    let Some(mut store) = Valkey::start(&[]) else {
        return;
    };
    let service = service(&store.url());
    until_served(service.address);
    store.kill();
    during(service.address, || {
        thread::sleep(Duration::from_millis(1_500));
    });
    eventually(
        || service.log().contains("the store cannot be used"),
        || "a line of the log".into(),
    );
    let lines = service.log().matches("the store cannot be used").count();
    assert!((1..=3).contains(&lines), "{lines}");
}

//! A captcha's life over HTTP: attempts, races, expiry, capacity.

use std::collections::HashMap;
use std::sync::Barrier;
use std::thread;

use crate::support::{Client, Server, TEXT, eventually};

#[test]
fn a_captcha_ends_with_one_right_or_three_wrong_answers() {
    let server = Server::start(&[]);
    for (texts, statuses) in [
        ([TEXT, TEXT, "x", "x"], [200, 404, 404, 404]),
        (["x", "x", "x", TEXT], [400, 400, 400, 404]),
        (["x", "", TEXT, TEXT], [400, 400, 200, 404]),
        (["x", TEXT, "x", "x"], [400, 200, 404, 404]),
    ] {
        let mut client = server.connect();
        let id = client.generate();
        let found = texts.map(|text| client.validate(&id, text));
        assert_eq!(found, statuses, "{texts:?}");
    }
}

#[test]
fn attempts_are_the_operators_choice() {
    let server = Server::start(&["--attempts", "1"]);
    let mut client = server.connect();
    let id = client.generate();
    assert_eq!([(); 2].map(|()| client.validate(&id, "x")), [400, 404]);
}

/// Fifty clients answer the same captcha at the same time; how often each status was returned.
fn race(clients: &mut [Client], id: &str, texts: [&str; 2]) -> HashMap<u16, usize> {
    let start = Barrier::new(clients.len());
    let statuses = thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .zip(texts.iter().cycle())
            .map(|(client, text)| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    client.validate(id, text)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    let mut counts = HashMap::new();
    for status in statuses {
        *counts.entry(status).or_default() += 1;
    }
    counts
}

#[test]
fn of_fifty_simultaneous_answers_one_right_or_three_wrong_count() {
    const ROUNDS: usize = 200;
    let server = Server::start(&[
        "--workers",
        "8",
        "--width",
        "120",
        "--height",
        "40",
        "--log",
        "error",
    ]);
    let mut clients: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    for round in 0..ROUNDS {
        let id = clients[0].generate();
        let right = race(&mut clients, &id, [TEXT, TEXT]);
        assert_eq!(right, HashMap::from([(200, 1), (404, 49)]), "round {round}");
        let id = clients[0].generate();
        let wrong = race(&mut clients, &id, ["x", "y"]);
        assert_eq!(wrong, HashMap::from([(400, 3), (404, 47)]), "round {round}");
        let id = clients[0].generate();
        let mixed = race(&mut clients, &id, [TEXT, "x"]);
        let count = |status| mixed.get(&status).copied().unwrap_or(0);
        // A right answer was checked before the third wrong one, or after it.
        assert!(
            matches!((count(200), count(400)), (1, 0..=2) | (0, 3)),
            "round {round}: {mixed:?}"
        );
    }
}

#[test]
fn a_captcha_expires() {
    let server = Server::start(&["--ttl", "1"]);
    let mut client = server.connect();
    let id = client.generate();
    // Asking uses up nothing: an id that is not its own.
    eventually(|| client.validate(&id, "x") == 404, || "expiry".into());
    assert_eq!(client.validate(&id, TEXT), 404);
}

#[test]
fn captchas_that_nobody_answers_are_removed_when_they_expire() {
    let server = Server::start(&["--ttl", "1"]);
    server.generate();
    server.await_metric("minicap_captchas_alive 1");
    server.await_metric("minicap_captchas_alive 0");
    server.await_metric("minicap_captchas_expired_total 1");
}

#[test]
fn a_full_store_lets_its_oldest_go() {
    let server = Server::start(&["--capacity", "3"]);
    let mut client = server.connect();
    let ids: Vec<String> = (0..5).map(|_| client.generate()).collect();
    let statuses: Vec<u16> = ids.iter().map(|id| client.validate(id, TEXT)).collect();
    assert_eq!(statuses, [404, 404, 200, 200, 200]);
}

#[test]
fn ids_are_random_and_written_in_one_way() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let mut ids: Vec<String> = (0..100).map(|_| client.generate()).collect();
    for id in &ids {
        assert_eq!(id.len(), 36);
        assert_eq!(*id, id.to_lowercase());
        assert_eq!(client.validate(&id.replace('-', ""), TEXT), 404);
        assert_eq!(client.validate(&format!(" {id}"), TEXT), 404);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[test]
fn no_solution_is_ever_logged() {
    let server = Server::start(&["--log", "debug"]);
    let mut client = server.connect();
    let id = client.generate();
    assert_eq!(client.validate(&id, "x"), 400);
    assert_eq!(client.validate(&id, TEXT), 200);
    server.await_log("status=200 bytes=57");
    let log = server.log();
    assert!(!log.to_lowercase().contains(&TEXT.to_lowercase()), "{log}");
    assert!(!log.contains(&id), "{log}");
}

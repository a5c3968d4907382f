//! Simultaneous answers to several processes that share one store.

use std::env;
use std::sync::Barrier;
use std::thread;

use super::valkey::Valkey;
use crate::support::{Client, Server, TEXT};

const PROCESSES: usize = 3;
/// Of either kind.
const ANSWERS: usize = 50;
/// Unless `STORE_ROUNDS` has another number.
const ROUNDS: usize = 10;

#[test]
fn of_answers_at_once_to_three_processes_one_right_and_three_wrong_ones_count() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let rounds = env::var("STORE_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let processes: Vec<Server> = (0..PROCESSES)
        .map(|_| {
            let options = ["--store", &store.url(), "--workers", "4", "--log", "error"];
            // Long enough for a busy machine.
            Server::start(&[&options[..], &["--store-timeout", "10000"]].concat())
        })
        .collect();
    let mut clients: Vec<Client> = (0..2 * ANSWERS)
        .map(|number| processes[number % PROCESSES].connect())
        .collect();
    for round in 0..rounds {
        let solved = processes[round % PROCESSES].generate();
        let missed = processes[(round + 1) % PROCESSES].generate();
        let start = Barrier::new(clients.len());
        let mut statuses: Vec<(bool, u16)> = thread::scope(|scope| {
            let answers: Vec<_> = (0..)
                .zip(&mut clients)
                .map(|(number, client)| {
                    let is_right = number % 2 == 0;
                    let (id, text) = if is_right {
                        (&solved, TEXT)
                    } else {
                        (&missed, "x")
                    };
                    let start = &start;
                    scope.spawn(move || {
                        start.wait();
                        (is_right, client.validate(id, text))
                    })
                })
                .collect();
            answers
                .into_iter()
                .map(|answer| answer.join().unwrap())
                .collect()
        });
        statuses.retain(|answer| answer.1 != 404);
        statuses.sort_unstable();
        let counted = [(false, 400), (false, 400), (false, 400), (true, 200)];
        assert_eq!(statuses, counted, "round {round}");
    }
    // At its start each process checks the store with a captcha that expires within moments.
    assert!(store.key_count() <= PROCESSES, "what was judged is gone");
}

#[test]
fn captchas_outlive_the_process_that_made_them() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let url = store.url();
    let options = ["--store", &url];
    let mut first = Server::start(&options);
    let ids: Vec<String> = (0..3).map(|_| first.generate()).collect();
    assert_eq!(first.connect().validate(&ids[0], TEXT), 200);
    assert_eq!(first.connect().validate(&ids[1], "x"), 400);
    first.signal("TERM");
    first.wait();
    let second = Server::start(&options);
    let mut client = second.connect();
    assert_eq!(client.validate(&ids[0], TEXT), 404);
    assert_eq!(client.validate(&ids[1], "x"), 400);
    assert_eq!(client.validate(&ids[1], "x"), 400);
    assert_eq!(client.validate(&ids[1], TEXT), 404);
    assert_eq!(client.validate(&ids[2], TEXT), 200);
}

//! A client that asks for too much beside an ordinary one: which of them loses, and which waits.

use std::net::SocketAddr;

use crate::support::{Client, GENERATE, HEALTH, Server, TEXT, validate};

const GREEDY: &str = "127.0.0.2";
const HONEST: &str = "127.0.0.3";
/// Small pictures, for tests that need many and look at none.
const SMALL: [&str; 4] = ["--width", "112", "--height", "28"];

/// Two clients get the same number once in 4,096 starts of the server, and are then treated as one.
/// In that case the test is repeated.
fn fairly(mut holds: impl FnMut() -> bool) {
    assert!(holds() || holds());
}

/// A request for a picture with these field lines.
fn generate_with(fields: &str) -> String {
    format!("POST /api/captcha/generate/ HTTP/1.1\r\nHost: test\r\n{fields}\r\n")
}

/// Asks for so many captchas and returns their ids.
fn generate(client: &mut Client, fields: &str, count: usize) -> Vec<String> {
    let request = generate_with(fields);
    let one = |_| {
        client.send(&request);
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        answer.field("Captcha-Id").unwrap().to_owned()
    };
    (0..count).map(one).collect()
}

fn are_right(client: &mut Client, ids: &[String]) -> Vec<bool> {
    let is_right = |id: &String| client.validate(id, TEXT) == 200;
    ids.iter().map(is_right).collect()
}

#[test]
fn who_asks_for_many_captchas_pushes_out_his_own() {
    fairly(|| {
        let server = Server::start(&[&SMALL[..], &["--capacity", "20"]].concat());
        let mut honest = Client::connect_from(HONEST, server.address);
        let ids = generate(&mut honest, "", 5);
        let mut greedy = Client::connect_from(GREEDY, server.address);
        let last = generate(&mut greedy, "", 100);
        are_right(&mut honest, &ids) == [true; 5]
            && are_right(&mut greedy, &last[84..]) == [&[false][..], &[true; 15]].concat()
    });
}

#[test]
fn the_proxys_field_names_the_client() {
    fairly(|| {
        let options = ["--capacity", "20", "--client-header", "x-forwarded-for"];
        let server = Server::start(&[&SMALL[..], &options].concat());
        let mut proxy = server.connect();
        let honest = [
            // The last address of the last field line was written by the nearest proxy.
            "X-Forwarded-For: 192.0.2.1\r\n",
            "X-Forwarded-For: 198.51.100.1, 192.0.2.1\r\n",
            "X-Forwarded-For: 198.51.100.1\r\nX-FORWARDED-FOR: 192.0.2.1:4711\r\n",
        ];
        let ids: Vec<String> = honest
            .iter()
            .flat_map(|fields| generate(&mut proxy, fields, 1))
            .collect();
        // What a client itself sends before the proxy's address does not count.
        for fields in [
            "X-Forwarded-For: 192.0.2.1, 198.51.100.1\r\n",
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 198.51.100.1\r\n",
        ] {
            generate(&mut proxy, fields, 50);
        }
        are_right(&mut proxy, &ids) == [true; 3]
    });
}

#[test]
fn a_field_that_names_nobody_is_as_good_as_none() {
    fairly(|| {
        let options = ["--capacity", "20", "--client-header", "X-Real-IP"];
        let server = Server::start(&[&SMALL[..], &options].concat());
        let mut proxy = server.connect();
        let honest = generate(&mut proxy, "X-Real-IP: 2001:db8::1\r\n", 5);
        for fields in [
            "",
            "X-Real-IP: unknown\r\n",
            "X-Real-IP:\r\n",
            "X-Real-IP: 1, \r\n",
        ] {
            // All of these count as one client, the proxy.
            generate(&mut proxy, fields, 30);
        }
        are_right(&mut proxy, &honest) == [true; 5]
    });
}

#[test]
fn addresses_of_one_network_of_64_bits_are_one_client() {
    let options = ["--capacity", "20", "--client-header", "X-Real-IP"];
    let server = Server::start(&[&SMALL[..], &options].concat());
    let mut proxy = server.connect();
    let first = generate(&mut proxy, "X-Real-IP: 2001:db8::1\r\n", 1);
    for host in 2..32 {
        generate(&mut proxy, &format!("X-Real-IP: 2001:db8::{host:x}\r\n"), 1);
    }
    assert_eq!(are_right(&mut proxy, &first), [false]);
    server.await_metric("minicap_captchas_evicted_total{reason=\"other\"} 0");
}

#[test]
fn without_the_option_the_field_means_nothing() {
    let server = Server::start(&[&SMALL[..], &["--capacity", "20"]].concat());
    let mut client = server.connect();
    let ids = generate(&mut client, "X-Forwarded-For: 192.0.2.1\r\n", 5);
    generate(&mut client, "X-Forwarded-For: 192.0.2.2\r\n", 20);
    assert_eq!(are_right(&mut client, &ids), [false; 5]);
}

/// Whether a new connection gets a response.
fn is_served(source: &str, address: SocketAddr) -> bool {
    let mut client = Client::connect_from(source, address);
    client.send(HEALTH);
    client.try_answer()
}

#[test]
fn at_the_limit_the_client_with_the_most_connections_makes_room() {
    fairly(|| {
        let server = Server::start(&["--max-connections", "8"]);
        let mut honest: Vec<Client> = (0..2)
            .map(|_| Client::connect_from(HONEST, server.address))
            .collect();
        // These push each other out, although they are newer than the honest ones.
        let _greedy: Vec<Client> = (0..20)
            .map(|_| Client::connect_from(GREEDY, server.address))
            .collect();
        let are_new_ones_served = (0..3).all(|_| is_served("127.0.0.4", server.address));
        for client in &mut honest {
            client.send(HEALTH);
        }
        are_new_ones_served && honest.iter_mut().all(Client::try_answer)
    });
}

/// One of the greedy client's connections is closed even if all of them wait for responses.
#[test]
fn pictures_asked_for_in_a_row_keep_nobody_out() {
    fairly(|| {
        let server = Server::start(&["--max-connections", "8", "--workers", "1"]);
        let mut greedy: Vec<Client> = (0..8)
            .map(|_| Client::connect_from(GREEDY, server.address))
            .collect();
        for client in &mut greedy {
            client.send(GENERATE.repeat(300));
        }
        (0..5).all(|_| is_served(HONEST, server.address))
    });
}

/// A client that has all connections, with a request on each, waits with the next connection until
/// one request is answered. None of the requests is given up for it.
#[test]
fn a_client_that_has_all_the_places_waits_for_one() {
    let server = Server::start(&["--max-connections", "4", "--workers", "1"]);
    let mut clients: Vec<Client> = (0..12)
        .map(|_| {
            let mut client = server.connect();
            client.send(GENERATE);
            client
        })
        .collect();
    for client in &mut clients {
        assert_eq!(client.answer().status, 200);
    }
}

#[test]
fn who_waits_for_a_place_has_none() {
    fairly(|| {
        let server = Server::start(&["--max-connections", "4", "--workers", "1"]);
        let _greedy: Vec<Client> = (0..12)
            .map(|_| {
                let mut client = Client::connect_from(GREEDY, server.address);
                client.send(GENERATE.repeat(300));
                client
            })
            .collect();
        let mut honest = Client::connect_from(HONEST, server.address);
        honest.send("GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n");
        honest
            .answer()
            .text()
            .contains("\nminicap_connections_open 4\n")
    });
}

/// A new connection has usually sent its request already. It is read before the connection can be
/// the one that is closed.
#[test]
fn at_the_limit_new_connections_of_one_client_are_served() {
    let server = Server::start(&["--max-connections", "4"]);
    let _idle: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    for _ in 0..50 {
        assert!(is_served("127.0.0.1", server.address));
    }
}

#[test]
fn refusals_in_a_row_keep_nobody_waiting() {
    let server = Server::start(&[]);
    let refused = "GET /api/captcha/generate/ HTTP/1.1\r\nHost: test\r\n\r\n";
    let mut greedy: Vec<Client> = (0..40)
        .map(|_| Client::connect_from(GREEDY, server.address))
        .collect();
    for client in &mut greedy {
        client.send(refused.repeat(200));
    }
    assert!(is_served(HONEST, server.address));
    let mut client = Client::connect_from(HONEST, server.address);
    let id = client.generate();
    client.send(validate(&id, TEXT));
    assert_eq!(client.answer().status, 200);
    // The greedy client's requests are all answered too.
    for client in &mut greedy {
        for _ in 0..200 {
            assert_eq!(client.answer().status, 405);
        }
    }
}

#[test]
fn a_pictures_turn_comes_beside_any_number_of_cheap_requests() {
    let server = Server::start(&["--workers", "1"]);
    let mut greedy = Client::connect_from(GREEDY, server.address);
    greedy.send(HEALTH.repeat(5_000));
    let mut honest = Client::connect_from(HONEST, server.address);
    honest.send(GENERATE);
    assert_eq!(honest.answer().status, 200);
    greedy.reset();
}

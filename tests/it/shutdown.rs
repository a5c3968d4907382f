//! How the service stops.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, GENERATE, HEALTH, Server, TEXT, eventually, validate};

/// Waits until the server accepts no more connections.
fn await_end_of_accepting(server: &Server) {
    let is_closed = || TcpStream::connect(server.address).is_err();
    eventually(is_closed, || "the server to stop accepting".into());
}

/// A client with a request of which the server has received the beginning: a request that was sent
/// later is answered.
fn begin_a_request(server: &Server) -> Client {
    let mut client = server.connect();
    client.send(&GENERATE[..20]);
    assert_eq!(server.request(HEALTH).status, 200);
    client
}

#[test]
fn each_signal_ends_it_with_success() {
    for signal in ["TERM", "INT", "QUIT", "HUP"] {
        // If the tests run with SIGHUP ignored, the server would inherit that.
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_minicap")]);
        let mut server = Server::spawn(command.args(["--listen", "127.0.0.1:0"]));
        let mut idle = server.connect();
        idle.send(HEALTH);
        assert_eq!(idle.answer().status, 200);
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "SIG{signal}");
        idle.assert_closed();
        assert!(server.log().ends_with("info stopped\n"), "{}", server.log());
    }
}

#[test]
fn a_request_that_has_begun_is_finished() {
    let mut server = Server::start(&[]);
    let request = validate(&server.generate(), "wrong");
    let (begin, end) = request.split_at(60);
    let mut client = server.connect();
    client.send(begin);
    // A later request is answered, so the server has received the beginning of this one.
    assert_eq!(server.request(HEALTH).status, 200);
    server.signal("TERM");
    await_end_of_accepting(&server);
    client.send(end);
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.field("Connection")),
        (400, Some("close"))
    );
    client.assert_closed();
    drop(client);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn everybody_who_has_connected_is_answered() {
    let mut server = Server::start(&[]);
    // The stopped process cannot accept, so all connections wait in the kernel.
    server.signal("STOP");
    let mut clients: Vec<_> = (0..100).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(GENERATE);
    }
    server.signal("TERM");
    server.signal("CONT");
    for client in &mut clients {
        assert_eq!(client.answer().status, 200);
    }
    drop(clients);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn who_has_just_connected_is_answered() {
    let mut server = Server::start(&[]);
    let begun = Instant::now();
    let mut client = server.connect();
    server.signal("TERM");
    await_end_of_accepting(&server);
    let was_quick = begun.elapsed() < Duration::from_millis(400);
    client.stream.write_all(GENERATE.as_bytes()).unwrap();
    assert!(client.try_answer() || !was_quick);
    drop(client);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn who_has_just_connected_and_says_nothing_is_not_waited_for_long() {
    let mut server = Server::start(&["--stop-timeout", "15"]);
    let _silent = server.connect();
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn pipelined_requests_that_were_received_are_answered() {
    let mut server = Server::start(&["--workers", "1"]);
    let mut client = server.connect();
    client.send(GENERATE.repeat(50));
    assert_eq!(client.answer().status, 200);
    server.signal("TERM");
    for _ in 1..50 {
        assert_eq!(client.answer().status, 200);
    }
    client.assert_closed();
    drop(client);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn pictures_being_drawn_are_sent() {
    let mut server = Server::start(&["--workers", "1", "--width", "2000", "--height", "2000"]);
    let mut clients: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send(GENERATE);
    }
    assert_eq!(server.request(HEALTH).status, 200);
    server.signal("TERM");
    for client in &mut clients {
        let answer = client.answer();
        assert!(answer.status == 200 && answer.body.ends_with(b"IEND\xaeB`\x82"));
    }
    drop(clients);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_request_that_never_ends_is_not_waited_for_long() {
    let mut server = Server::start(&[]);
    let _client = begin_a_request(&server);
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(Duration::from_secs(4) < begun.elapsed() && begun.elapsed() < Duration::from_secs(8));
}

#[test]
fn how_long_it_waits_at_the_end_is_the_operators_choice() {
    let mut server = Server::start(&["--stop-timeout", "1"]);
    let _client = begin_a_request(&server);
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(
        Duration::from_millis(900) < begun.elapsed() && begun.elapsed() < Duration::from_secs(4)
    );
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start(&[]);
    let _client = begin_a_request(&server);
    server.signal("TERM");
    let begun = Instant::now();
    await_end_of_accepting(&server);
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[test]
fn the_same_signal_within_a_second_changes_nothing() {
    let mut server = Server::start(&["--stop-timeout", "20"]);
    let mut client = begin_a_request(&server);
    let begun = Instant::now();
    server.signal("TERM");
    server.signal("TERM");
    server.signal("TERM");
    let was_quick = begun.elapsed() < Duration::from_secs(1);
    if was_quick {
        client.send(&GENERATE[20..]);
        assert_eq!(client.answer().status, 200);
        drop(client);
        assert_eq!(server.wait().code(), Some(0));
    } else {
        // The machine was too busy: the three signals did not arrive within a second.
        assert_eq!(server.wait().code(), Some(143));
    }
}

#[test]
fn the_same_signal_after_a_second_ends_it_at_once() {
    let mut server = Server::start(&["--stop-timeout", "20"]);
    let _client = begin_a_request(&server);
    server.signal("TERM");
    thread::sleep(Duration::from_millis(1_100));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(143));
}

#[test]
fn a_hang_up_that_was_ignored_stays_ignored() {
    // As `nohup` starts a program.
    let script = format!(
        "trap '' HUP; exec {} --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_minicap")
    );
    let mut server = Server::spawn(Command::new("sh").args(["-c", &script]));
    server.signal("HUP");
    assert_eq!(server.request(HEALTH).status, 200);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn while_it_drains_health_says_so_and_everything_is_answered() {
    let mut server = Server::start(&["--drain", "2"]);
    let mut client = server.connect();
    let id = client.generate();
    let begun = Instant::now();
    server.signal("TERM");
    server.await_log(" info draining seconds=2");
    let answer = server.request(HEALTH);
    assert_eq!(
        (answer.status, answer.text()),
        (503, r#"{"status":"stopping"}"#)
    );
    // On open connections and on new ones.
    assert_eq!(client.validate(&id, TEXT), 200);
    let id = server.generate();
    assert_eq!(server.connect().validate(&id, TEXT), 200);
    assert_eq!(server.wait().code(), Some(0));
    assert!(Duration::from_secs(2) <= begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert!(server.log().ends_with("info stopped\n"), "{}", server.log());
}

/// A client that kept its connection would send a request just when it ends.
#[test]
fn answers_while_it_drains_are_the_last_of_their_connections() {
    let server = Server::start(&["--drain", "60"]);
    let mut kept = server.connect();
    let id = kept.generate();
    let mut pipelined = server.connect();
    server.signal("TERM");
    server.await_log(" info draining seconds=60");
    kept.send(validate(&id, TEXT));
    let answer = kept.answer();
    assert_eq!(
        (answer.status, answer.field("Connection")),
        (200, Some("close"))
    );
    kept.assert_closed();
    pipelined.send(HEALTH.repeat(3));
    let connections: Vec<_> = (0..3)
        .map(|_| pipelined.answer().field("Connection").map(str::to_owned))
        .collect();
    assert_eq!(connections, [None, None, Some("close".into())]);
    pipelined.assert_closed();
}

#[test]
fn after_draining_no_client_can_connect_and_requests_under_way_are_finished() {
    let mut server = Server::start(&["--drain", "1", "--stop-timeout", "20"]);
    let mut client = begin_a_request(&server);
    server.signal("TERM");
    server.await_log(" info draining seconds=1");
    await_end_of_accepting(&server);
    client.send(&GENERATE[20..]);
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.field("Connection")),
        (200, Some("close"))
    );
    drop(client);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn another_signal_ends_the_draining_at_once() {
    let mut server = Server::start(&["--drain", "60"]);
    server.signal("TERM");
    server.await_log(" info draining seconds=60");
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(130));
}

//! Connections as clients see them: order, timeouts, and that none can hold up another.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::support::{Client, GENERATE, HEALTH, Server, TEXT, eventually, minicap, post, validate};

#[test]
fn answers_have_date_and_length_and_keep_the_connection() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for _ in 0..3 {
        client.send(HEALTH);
        let answer = client.answer();
        assert_eq!((answer.status, answer.text()), (200, r#"{"status":"ok"}"#));
        assert_eq!(answer.field("Content-Length"), Some("15"));
        assert_eq!(answer.field("Content-Type"), Some("application/json"));
        assert_eq!(answer.field("Connection"), None);
        let date = answer.field("Date").unwrap();
        assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
    }
}

#[test]
fn an_answer_has_the_date_of_its_second() {
    let server = Server::start(&[]);
    let date = || server.request(HEALTH).field("Date").unwrap().to_owned();
    let first = date();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_ne!(date(), first);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(&["--workers", "4"]);
    let id = server.generate();
    let mut client = server.connect();
    client.send(
        [
            GENERATE,
            HEALTH,
            &validate(&id, "wrong"),
            GENERATE,
            &validate(&id, TEXT),
        ]
        .concat(),
    );
    let statuses: Vec<_> = (0..5).map(|_| client.answer().status).collect();
    assert_eq!(statuses, [200, 200, 400, 200, 200]);
}

#[test]
fn a_chunked_body_is_read_like_any_other() {
    let server = Server::start(&[]);
    let body = validate(&server.generate(), TEXT);
    let body = body.split_once("\r\n\r\n").unwrap().1;
    let (first, second) = body.split_at(10);
    let mut client = server.connect();
    client.send(
        "POST /api/captcha/validate/ HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
    );
    client.send(format!("a;x=y\r\n{first}\r\n"));
    client.send(format!(
        "{:X}\r\n{second}\r\n0\r\nTrailer: x\r\n\r\n",
        second.len()
    ));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_client_that_expects_to_be_invited_is() {
    let server = Server::start(&[]);
    let request = validate(&server.generate(), TEXT);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut client = server.connect();
    client.send(format!("{head}\r\nExpect: 100-continue\r\n\r\n"));
    assert_eq!(client.answer().status, 100);
    client.send(body);
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_large_body_is_refused_before_it_comes_and_the_answer_arrives() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(
        "POST /api/captcha/validate/ HTTP/1.1\r\nHost: test\r\nOrigin: https://a.example\r\n\
         Content-Length: 60000000\r\n\r\n",
    );
    let answer = client.answer();
    assert_eq!(answer.status, 413);
    assert_eq!(answer.field("Connection"), Some("close"));
    assert_eq!(answer.field("Access-Control-Allow-Origin"), Some("*"));
    assert!(
        answer.text().starts_with(r#"{"detail":""#),
        "{}",
        answer.text()
    );
    // A client that sends everything before it reads gets the response too, and not a reset.
    let mut client = server.connect();
    client.send(post("/api/captcha/validate/", "", &vec![b' '; 200_000]));
    assert_eq!(client.answer().status, 413);
    let mut client = server.connect();
    client.send(post("/api/captcha/validate/", "", &[b' '; 16_384]));
    assert_eq!(client.answer().status, 422, "the largest body allowed");
}

#[test]
fn old_clients_get_what_they_expect() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    let answer = client.answer();
    assert_eq!(
        (answer.status, answer.field("Connection")),
        (200, Some("close"))
    );
    client.assert_closed();
    let mut client = server.connect();
    for _ in 0..2 {
        client.send("GET /healthz HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.field("Connection")),
            (200, Some("keep-alive"))
        );
    }
}

#[test]
fn head_is_answered_without_a_body() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(HEALTH.replace("GET", "HEAD"));
    let answer = client.head_answer();
    assert_eq!(
        (answer.status, answer.field("Content-Length")),
        (200, Some("15"))
    );
    client.send(GENERATE.replace("POST", "HEAD"));
    let answer = client.head_answer();
    assert_eq!(
        (answer.status, answer.field("Content-Length")),
        (405, Some("31"))
    );
    client.send(HEALTH);
    assert_eq!(client.answer().text(), r#"{"status":"ok"}"#);
}

#[test]
fn what_is_no_request_is_refused_and_the_connection_closed() {
    let server = Server::start(&[]);
    for bad in [
        "hello\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
    ] {
        let mut client = server.connect();
        client.send(bad);
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.field("Connection")),
            (400, Some("close")),
            "{bad:?}"
        );
        client.assert_closed();
    }
}

#[test]
fn clients_that_say_nothing_or_little_hold_up_nobody() {
    let server = Server::start(&["--workers", "1"]);
    let silent: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    let mut halfway: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    for client in &mut halfway {
        client.send(&GENERATE[..20]);
    }
    let mut without_body: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    for client in &mut without_body {
        client.send("POST /api/captcha/validate/ HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    }
    let id = server.generate();
    assert_eq!(server.connect().validate(&id, TEXT), 200);
    for client in &mut halfway {
        client.send(&GENERATE[20..]);
        assert_eq!(client.answer().status, 200);
    }
    drop(silent);
}

#[test]
fn clients_that_read_nothing_hold_up_nobody() {
    let server = Server::start(&["--workers", "1", "--width", "2000", "--height", "2000"]);
    let mut stalled: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    for client in &mut stalled {
        client.send(GENERATE.repeat(20));
    }
    for _ in 0..5 {
        assert_eq!(server.request(HEALTH).status, 200);
    }
    // When they read at last, every response is there and complete.
    for client in &mut stalled[..2] {
        for _ in 0..20 {
            let answer = client.answer();
            assert!(answer.status == 200 && answer.body.starts_with(b"\x89PNG"));
            assert!(answer.body.ends_with(b"IEND\xaeB`\x82"));
        }
    }
}

/// Measured by the processor time of each worker, which does not depend on what else the machine does.
#[cfg(target_os = "linux")]
#[test]
fn two_busy_connections_keep_two_workers_busy() {
    let server = Server::start(&["--workers", "2", "--width", "1000", "--height", "1000"]);
    let mut clients = [server.connect(), server.connect()];
    for client in &mut clients {
        client.send(GENERATE.repeat(60));
    }
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| (0..60).for_each(|_| assert_eq!(client.answer().status, 200)));
        }
    });
    let [one, other] = ["worker 0", "worker 1"].map(|name| ticks(&server, name));
    assert!(
        one < 4 * other && other < 4 * one,
        "{one} and {other} ticks"
    );
}

/// The processor time that a thread has used, in ticks of the clock.
#[cfg(target_os = "linux")]
fn ticks(server: &Server, name: &str) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let task = tasks
        .map(|task| task.unwrap().path())
        .find(|task| {
            std::fs::read_to_string(task.join("comm"))
                .unwrap()
                .trim_end()
                == name
        })
        .unwrap();
    let stat = std::fs::read_to_string(task.join("stat")).unwrap();
    // The name ends with the last bracket. User and system time are the twelfth and thirteenth field
    // after it (proc_pid_stat(5)).
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    fields
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum()
}

/// The processor time that the event loop uses in a second, in hundredths.
#[cfg(target_os = "linux")]
fn percent_of_a_second(server: &Server) -> u64 {
    let before = ticks(server, "minicap");
    std::thread::sleep(std::time::Duration::from_secs(1));
    ticks(server, "minicap") - before
}

#[cfg(target_os = "linux")]
#[test]
fn who_waits_for_a_client_uses_no_processor_time() {
    let server = Server::start(&["--workers", "1", "--width", "2000", "--height", "2000"]);
    let _silent = server.connect();
    let mut kept = server.connect();
    kept.send(HEALTH);
    assert_eq!(kept.answer().status, 200);
    let mut slow = server.connect();
    slow.send(&HEALTH[..20]);
    // It takes nothing of its answer, and more than is read of it has come.
    let mut deaf = server.connect();
    deaf.send(GENERATE.repeat(500));
    deaf.stream.peek(&mut [0]).unwrap();
    let mut gone = server.connect();
    gone.send(GENERATE.repeat(500));
    gone.stream.peek(&mut [0]).unwrap();
    gone.reset();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let percent = percent_of_a_second(&server);
    assert!(percent < 5, "{percent} %");
}

/// What cannot be had now is not asked for again at once.
#[cfg(target_os = "linux")]
#[test]
fn while_no_connection_can_be_accepted_the_service_rests_and_then_accepts() {
    let server = Server::start(&[]);
    let limit = |descriptors: usize| {
        let mut command = Command::new("prlimit");
        command.args(["--pid", &server.pid().to_string()]);
        let status = command.arg(format!("--nofile={descriptors}:")).status();
        assert!(status.unwrap().success());
    };
    let idle: Vec<Client> = (0..300).map(|_| server.connect()).collect();
    assert_eq!(server.request(HEALTH).status, 200);
    limit(3);
    let mut client = server.connect();
    client.send(HEALTH);
    server.await_log("error cannot accept");
    let percent = percent_of_a_second(&server);
    assert!(percent < 5, "{percent} %");
    let lines = || server.log().matches("cannot accept").count();
    assert!(lines() < 4, "one a second would be enough");
    eventually(|| 1 < lines(), || "another line".into());
    limit(1_000);
    assert_eq!(client.answer().status, 200);
    // Closing one of them does not help, so the others stay, but for one at each try.
    let is_open = |client: &Client| {
        client.stream.set_nonblocking(true).unwrap();
        client.stream.peek(&mut [0]).is_err()
    };
    let open = idle.into_iter().filter(is_open).count();
    assert!((100..300).contains(&open), "{open} stay open");
}

/// One read of it at a time is taken: otherwise one client could fill the memory.
#[cfg(target_os = "linux")]
#[test]
fn what_a_client_sends_ahead_waits_outside() {
    let server = Server::start(&["--workers", "1"]);
    let request = HEALTH.replace("\r\n\r\n", &format!("\r\nX: {}\r\n\r\n", "x".repeat(1_000)));
    let count = 16 * 1024;
    let mut client = server.connect();
    let mut sender = client.stream.try_clone().unwrap();
    let before = peak_kib(&server);
    let after = std::thread::scope(|scope| {
        scope.spawn(|| sender.write_all(request.repeat(count).as_bytes()).unwrap());
        (0..count).for_each(|_| assert_eq!(client.answer().status, 200));
        peak_kib(&server)
    });
    assert!(after < before + 4 * 1024, "from {before} to {after} KiB");
}

/// The most memory that the process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().split_whitespace().next().unwrap();
    number.parse().unwrap()
}

#[test]
fn one_connection_more_than_there_is_room_for_pushes_out_the_idlest() {
    let server = Server::start(&["--max-connections", "20"]);
    let mut first = server.connect();
    first.send(HEALTH);
    assert_eq!(first.answer().status, 200);
    let mut crowd: Vec<Client> = (1..20).map(|_| server.connect()).collect();
    // Twenty are allowed: the first and the last of them are both served.
    for client in [crowd.last_mut().unwrap(), &mut first] {
        client.send(HEALTH);
        assert_eq!(client.answer().status, 200);
    }
    // The first of the crowd has now been idle for longest.
    assert_eq!(server.request(HEALTH).status, 200);
    crowd[0].assert_closed();
    first.send(HEALTH);
    assert_eq!(first.answer().status, 200);
}

#[test]
fn each_deadline_is_kept() {
    let server = Server::start(&["--idle-timeout", "1", "--request-timeout", "1"]);
    let mut silent = server.connect();
    let mut head = server.connect();
    head.send(&GENERATE[..10]);
    let mut body = server.connect();
    let request = validate("x", "y");
    body.send(&request[..request.len() - 1]);
    silent.assert_closed();
    for client in [&mut head, &mut body] {
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.field("Connection")),
            (408, Some("close"))
        );
        client.assert_closed();
    }
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let server = Server::start(&[
        "--request-timeout",
        "1",
        "--width",
        "2000",
        "--height",
        "2000",
    ]);
    let mut stalled = server.connect();
    stalled.send(GENERATE.repeat(100));
    let begun = Instant::now();
    let mut answers = 0;
    std::thread::sleep(std::time::Duration::from_secs(3));
    while stalled.try_answer() {
        answers += 1;
    }
    assert!(
        answers < 100,
        "{answers} answers after {:?}",
        begun.elapsed()
    );
}

/// When no descriptor is left, clients that hold connections open must not keep others out.
#[test]
fn a_lack_of_descriptors_pushes_out_the_idlest() {
    let script = format!(
        "ulimit -n 40; exec {} --listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_minicap")
    );
    let server = Server::spawn(Command::new("sh").args(["-c", &script]));
    let crowd: Vec<Client> = (0..60).map(|_| server.connect()).collect();
    for _ in 0..5 {
        assert_eq!(server.request(HEALTH).status, 200);
    }
    assert!(
        server.log().matches("cannot accept").count() < 5,
        "at most once a second"
    );
    drop(crowd);
}

#[test]
fn health_does_not_wait_behind_pictures() {
    let server = Server::start(&[
        "--workers",
        "1",
        "--width",
        "2000",
        "--height",
        "2000",
        "--log",
        "debug",
    ]);
    let mut painters: Vec<Client> = (0..40).map(|_| server.connect()).collect();
    for client in &mut painters {
        client.send(GENERATE);
    }
    assert_eq!(server.request(HEALTH).status, 200);
    // The log has a line for each response, in order.
    server.await_log("path=/healthz");
    let drawn = server.log().matches("path=/api/captcha/generate/").count();
    assert!(drawn < 20, "{drawn} pictures were drawn first");
}

#[test]
fn pictures_for_clients_that_are_gone_are_not_drawn() {
    let server = Server::start(&["--workers", "1", "--width", "2000", "--height", "2000"]);
    let clients: Vec<Client> = (0..40)
        .map(|_| {
            let mut client = server.connect();
            client.send(GENERATE);
            client
        })
        .collect();
    // All are queued, since a later request was answered. Then the clients reset their connections.
    assert_eq!(server.request(HEALTH).status, 200);
    for client in clients {
        client.reset();
    }
    let mut client = server.connect();
    client.send(GENERATE);
    assert_eq!(client.answer().status, 200);
    let drawn = server.log().matches("path=/api/captcha/generate/").count();
    assert!(drawn < 30, "{drawn} pictures were drawn");
}

/// As when the log of a container is blocked or a terminal is paused.
#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let mut command = minicap(&["--listen", "127.0.0.1:0"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim_end().rsplit('/').next().unwrap().parse().unwrap();
    let mut client = Client::connect(address);
    // Twice as much as a pipe and the log's own buffer hold.
    for _ in 0..100 {
        client.send(HEALTH.repeat(100));
        for _ in 0..100 {
            assert_eq!(client.answer().status, 200);
        }
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    let mut status = None;
    eventually(
        || {
            status = child.try_wait().unwrap();
            status.is_some()
        },
        || "the end".into(),
    );
    assert_eq!(status.unwrap().code(), Some(0));
}

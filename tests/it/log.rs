//! What is logged, and that neither the log nor standard output can hold up the service.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{GENERATE, HEALTH, Server, eventually, minicap, run};

const METRICS: &str = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";
const NOWHERE: &str = "GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n";

#[test]
fn what_monitoring_asks_is_at_debug() {
    let requests = [HEALTH, METRICS, GENERATE, NOWHERE];
    let log_of = |level: &str| {
        let server = Server::start_plain(&["--log", level]);
        for request in requests {
            server.request(request);
        }
        server.await_log("path=/nowhere");
        server.log()
    };
    let info = log_of("info");
    assert!(
        !info.contains("/healthz") && !info.contains("/metrics"),
        "{info}"
    );
    assert!(info.contains(" info request method=POST path=/api/captcha/generate/ "));
    let debug = log_of("debug");
    for path in ["/healthz", "/metrics"] {
        let line = format!(" debug request method=GET path={path} status=200 ");
        assert!(debug.contains(&line), "{debug}");
    }
}

#[test]
fn a_flood_writes_a_bounded_number_of_lines_a_second_and_says_what_it_left_out() {
    const REQUESTS: usize = 4_000;
    let server = Server::start_plain(&[]);
    let begun = Instant::now();
    let mut client = server.connect();
    for _ in 0..REQUESTS / 100 {
        client.send(NOWHERE.repeat(100));
        for _ in 0..100 {
            assert_eq!(client.answer().status, 404);
        }
    }
    // The first and the last second are not whole ones.
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap() + 2;
    std::thread::sleep(Duration::from_millis(1_100));
    client.send(NOWHERE);
    client.answer();
    let counts = || {
        let log = server.log();
        let left_out = log
            .lines()
            .filter_map(|line| line.split_once(" left out count="));
        let left_out: usize = left_out
            .map(|(_, count)| count.parse::<usize>().unwrap())
            .sum();
        (log.matches(" info request ").count(), left_out)
    };
    eventually(
        || counts().0 + counts().1 == REQUESTS + 1,
        || format!("all lines to be written or counted: {:?}", counts()),
    );
    let (written, left_out) = counts();
    assert!(
        written <= 1_000 * seconds + 1,
        "{written} lines in {seconds} s"
    );
    assert!(
        0 < left_out || 3 < seconds,
        "{written} lines in {seconds} s"
    );
}

/// Starts a server with this standard output, on a port that was free a moment ago. The test fails
/// unless it becomes healthy.
fn serve_with(stdout: Stdio) -> (Child, BufReader<std::process::ChildStderr>) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let mut command = minicap(&["--listen", &address]);
    let mut child = command
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let is_healthy = || run(&["healthcheck", "--listen", &address]).status.success();
    eventually(is_healthy, || "the server to be healthy".into());
    let stderr = BufReader::new(child.stderr.take().unwrap());
    (child, stderr)
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_full_standard_output_is_no_reason_not_to_serve() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (child, stderr) = serve_with(full.into());
    let warning = " warn cannot write to standard output: No space left on device";
    assert!(stderr.lines().any(|line| line.unwrap().contains(warning)));
    end(child);
}

#[test]
fn a_closed_standard_output_is_no_reason_not_to_serve() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let (child, stderr) = serve_with(writer.into());
    let warning = " warn cannot write to standard output: Broken pipe";
    assert!(stderr.lines().any(|line| line.unwrap().contains(warning)));
    end(child);
}

#[test]
fn a_standard_output_that_nobody_reads_is_no_reason_not_to_serve() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let socket = socket2::SockRef::from(&writer);
    socket.set_nonblocking(true).unwrap();
    let mut filling = writer.try_clone().unwrap();
    while filling.write(&[b'x'; 4_096]).is_ok() {}
    while filling.write(b"x").is_ok() {}
    socket.set_nonblocking(false).unwrap();
    let (child, _stderr) = serve_with(writer.into());
    end(child);
}

/// As a shell closes them with `>&- 2>&-`: the first files that the service opens must not get
/// their numbers.
#[test]
fn closed_descriptors_are_no_reason_not_to_serve() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let script = format!(
        "exec {} --listen {address} <&- >&- 2>&-",
        env!("CARGO_BIN_EXE_minicap")
    );
    let child = Command::new("sh").args(["-c", &script]).spawn().unwrap();
    let is_healthy = || run(&["healthcheck", "--listen", &address]).status.success();
    eventually(is_healthy, || "the server to be healthy".into());
    end(child);
}

#[test]
fn an_error_that_nobody_takes_ends_it_with_the_same_code() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let status = minicap(&["--wrong"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
    let status = minicap(&["healthcheck", "--listen", "127.0.0.1:1"])
        .stderr(full())
        .status();
    assert_eq!(status.unwrap().code(), Some(1));
}

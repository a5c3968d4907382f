//! The command line: every option, good and bad, and what the program says of itself.

use std::net::TcpListener;

use crate::support::{Answer, GENERATE, HEALTH, Server, TEXT, minicap, run};

/// Runs with a wrong command line and returns the one line that is said about it.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error.lines().count(), 1, "{error}");
    error
        .trim_end()
        .strip_prefix("minicap: ")
        .unwrap()
        .to_owned()
}

const LISTEN: &str =
    "an IP address and port such as 127.0.0.1:8000 or [::]:8000, or unix: and a path";

#[test]
fn every_wrong_value_is_named_with_what_was_expected() {
    let number = |range: &str| format!("a number from {range}");
    for (option, wrong, expected) in [
        ("listen", "localhost", LISTEN.into()),
        ("listen", "8000", LISTEN.into()),
        ("listen", "unix:", LISTEN.into()),
        ("max-connections", "0", number("1 to 65536")),
        ("idle-timeout", "0", number("1 to 3600")),
        ("head-timeout", "1.5", number("1 to 3600")),
        ("body-timeout", "x", number("1 to 3600")),
        ("write-timeout", "3601", number("1 to 3600")),
        ("stop-timeout", "-1", number("1 to 3600")),
        ("workers", "0", number("1 to 1024")),
        ("workers", "many", number("1 to 1024")),
        ("ttl", "0", number("1 to 86400")),
        ("ttl", "10m", number("1 to 86400")),
        ("attempts", "-1", number("1 to 1000")),
        ("capacity", "+5", number("1 to 10000000")),
        (
            "capacity",
            "99999999999999999999999",
            number("1 to 10000000"),
        ),
        ("length", "13", number("1 to 12")),
        ("width", "2001", number("1 to 2000")),
        ("height", "", number("1 to 2000")),
        ("theme", "Dark", "light, dark or random".into()),
        ("background-noise", "yes", "on or off".into()),
        ("foreground-noise", "1", "on or off".into()),
        ("distortion", "true", "on or off".into()),
        ("docs", "false", "on or off".into()),
        ("log", "trace", "off, error, info or debug".into()),
        ("test-text", "", "1 to 15 bytes".into()),
    ] {
        let line = refused(&[&format!("--{option}"), wrong]);
        assert_eq!(
            line,
            format!("--{option}: expected {expected}, but found {wrong:?}")
        );
        assert_eq!(refused(&[&format!("--{option}={wrong}")]), line);
        if !wrong.is_empty() {
            let variable = format!("MINICAP_{}", option.to_uppercase().replace('-', "_"));
            let output = minicap(&[]).env(&variable, wrong).output().unwrap();
            let line = String::from_utf8(output.stderr).unwrap();
            let said = format!("minicap: {variable}: expected {expected}, but found {wrong:?}\n");
            assert_eq!((output.status.code(), line), (Some(2), said));
        }
    }
}

#[test]
fn wrong_origins_are_refused() {
    for wrong in [
        "",
        "shop.example",
        "https://",
        "https://shop.example/",
        "HTTPS://shop.example",
        "null",
        "a,b",
    ] {
        let line = refused(&["--cors-origin", wrong]);
        assert!(
            line.ends_with(&format!("https://shop.example, but found {wrong:?}")),
            "{line}"
        );
    }
}

#[test]
fn sizes_that_cannot_hold_the_text_are_refused() {
    let long = "a".repeat(12);
    for (arguments, expected) in [
        (
            &["--width", "111"][..],
            "112x28 pixels for 6 characters, but found 111x200",
        ),
        (
            &["--height", "27"],
            "112x28 pixels for 6 characters, but found 600x27",
        ),
        (
            &["--width", "150", "--length", "12"],
            "196x28 pixels for 12 characters, but found 150x200",
        ),
        (
            &["--width", "150", "--test-text", &long],
            "196x28 pixels for 12 characters, but found 150x200",
        ),
    ] {
        let line = refused(arguments);
        assert_eq!(
            line,
            format!("--width, --height: expected at least {expected}")
        );
    }
}

#[test]
fn what_is_no_option_is_refused() {
    assert_eq!(
        refused(&["--wrong"]),
        "--wrong: no such option here (see --help)"
    );
    assert_eq!(
        refused(&["--out", "x"]),
        "--out: no such option here (see --help)"
    );
    assert_eq!(
        refused(&["render", "--ttl", "5"]),
        "--ttl: no such option here (see --help)"
    );
    assert_eq!(
        refused(&["healthcheck", "--seed=1"]),
        "--seed: no such option here (see --help)"
    );
    assert_eq!(
        refused(&["serve"]),
        "expected an option, but found \"serve\" (see --help)"
    );
    assert_eq!(
        refused(&["--ttl"]),
        "--ttl: expected a value, but found none"
    );
    assert_eq!(
        refused(&["render"]),
        "--out: expected a path, but found none"
    );
    assert!(
        refused(&["render", "--out", "x", "--count", "0"])
            .starts_with("--count: expected a number")
    );
    assert!(
        refused(&["render", "--out", "x", "--seed", "x"]).starts_with("--seed: expected a number")
    );
    assert!(
        refused(&["render", "--out", "x", "--text", ""]).starts_with("--text: expected 1 to 32")
    );
}

#[test]
fn help_lists_every_option_and_version_is_the_packages() {
    let output = run(&["--help"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let help = String::from_utf8(output.stdout).unwrap();
    for option in [
        "listen",
        "workers",
        "max-connections",
        "client-header",
        "idle-timeout",
        "head-timeout",
        "body-timeout",
        "write-timeout",
        "stop-timeout",
        "ttl",
        "attempts",
        "capacity",
        "length",
        "width",
        "height",
        "theme",
        "background-noise",
        "foreground-noise",
        "distortion",
        "cors-origin",
        "docs",
        "log",
        "test-text",
        "out",
        "count",
        "text",
        "seed",
    ] {
        assert!(
            help.contains(&format!("  --{option} ")),
            "{option} in {help}"
        );
    }
    assert!(
        help.lines().all(|line| line.chars().count() <= 100),
        "{help}"
    );
    assert_eq!(run(&["render", "--help"]).stdout, help.as_bytes());
    let version = run(&["--version"]);
    assert_eq!(
        version.stdout,
        concat!("minicap ", env!("CARGO_PKG_VERSION"), "\n").as_bytes()
    );
}

/// The README's table has every option for serving, with the default that `--help` says.
#[test]
fn the_readme_lists_the_options_as_they_are() {
    let readme = include_str!("../../README.md");
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    let serving = help.split("Options for").nth(1).unwrap();
    let mut count = 0;
    for line in serving.lines().filter_map(|line| line.strip_prefix("  --")) {
        let name = line.split(' ').next().unwrap();
        let default = line
            .split_once("[default: ")
            .map_or("", |(_, rest)| &rest[..rest.len() - 1]);
        let cell = if default.is_empty() || default.contains(' ') {
            default.to_owned()
        } else {
            format!("`{default}`")
        };
        let row = format!("| `--{name}` | {cell} | ").replace("|  |", "| |");
        assert!(readme.contains(&row), "{row:?}");
        count += 1;
    }
    assert_eq!(count, readme.matches("\n| `--").count());
}

#[test]
fn the_command_line_goes_before_the_environment_and_empty_variables_count_as_none() {
    let server = Server::spawn(
        minicap(&["--listen", "127.0.0.1:0", "--attempts", "2"]).envs([
            (
                "MINICAP_LISTEN",
                "nonsense-that-loses".replace("nonsense-that-loses", "127.0.0.1:1"),
            ),
            ("MINICAP_ATTEMPTS", "1".into()),
            ("MINICAP_TTL", String::new()),
            ("MINICAP_PORT", "tcp://10.0.0.1:8000".into()),
            ("MINICAP_TEST_TEXT", TEXT.into()),
        ]),
    );
    let mut client = server.connect();
    let id = client.generate();
    assert_eq!([(); 3].map(|()| client.validate(&id, "x")), [400, 400, 404]);
}

#[test]
fn a_test_text_is_warned_of() {
    let server = Server::start(&["--log", "error"]);
    server.await_log(" warn every captcha has the text of --test-text");
    assert_eq!(server.log().lines().count(), 1);
}

#[test]
fn an_address_in_use_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains(&format!("minicap: cannot listen on {address}: ")),
        "{error}"
    );
}

#[test]
fn requests_are_logged_at_info_without_the_client() {
    let server = Server::start_plain(&[]);
    server.request("GET /a%0ab?secret HTTP/1.1\r\nHost: a\r\n\r\n");
    server.await_log("request");
    let log = server.log();
    let line = log.lines().last().unwrap();
    assert!(
        line.contains(" info request method=GET path=/a%0ab status=404 bytes=22 us="),
        "{line}"
    );
    assert!(
        !line.contains("secret") && !line.contains("127.0.0.1"),
        "{line}"
    );
    let quiet = Server::start_plain(&["--log", "error"]);
    quiet.request(HEALTH);
    assert_eq!(quiet.log(), "");
}

/// Colour type, width and height as the IHDR chunk has them (RFC 2083 section 4.1.1).
fn picture(answer: &Answer) -> (u32, u32) {
    assert_eq!(
        (answer.status, answer.field("Content-Type")),
        (200, Some("image/png"))
    );
    let reader = png::Decoder::new(std::io::Cursor::new(&answer.body))
        .read_info()
        .unwrap();
    (reader.info().width, reader.info().height)
}

/// How bright the ground is: the palette's first colour.
fn ground(answer: &Answer) -> u32 {
    let reader = png::Decoder::new(std::io::Cursor::new(&answer.body))
        .read_info()
        .unwrap();
    reader.info().palette.as_ref().unwrap()[..3]
        .iter()
        .map(|channel| u32::from(*channel))
        .sum()
}

#[test]
fn the_picture_is_as_the_operator_set_it() {
    let server = Server::start_plain(&["--width", "300", "--height", "100", "--length", "4"]);
    let answer = server.request(GENERATE);
    assert_eq!(picture(&answer), (300, 100));
    assert!(3 * 192 <= ground(&answer));
    let dark = Server::start_plain(&["--theme", "dark"]);
    let answer = dark.request(GENERATE);
    assert_eq!(picture(&answer), (600, 200));
    assert!(ground(&answer) <= 3 * 96);
    let random = Server::start_plain(&["--theme", "random"]);
    let mut client = random.connect();
    let mut dark = 0;
    for _ in 0..40 {
        client.send(GENERATE);
        dark += u32::from(ground(&client.answer()) <= 3 * 96);
    }
    // Chance alone makes all forty alike once in 5 * 10^11 runs.
    assert!((1..40).contains(&dark));
}

#[test]
fn noise_that_is_off_makes_smaller_pictures() {
    let bytes = |arguments: &[&str]| {
        let server = Server::start(arguments);
        let mut client = server.connect();
        let mut bytes = 0;
        for _ in 0..10 {
            client.send(GENERATE);
            bytes += client.answer().body.len();
        }
        bytes
    };
    let all = bytes(&[]);
    assert!(bytes(&["--background-noise", "off"]) < all);
    assert!(bytes(&["--foreground-noise", "off"]) < all);
}

#[test]
fn healthcheck_tells_by_its_exit_code() {
    let server = Server::start(&[]);
    let address = server.address.to_string();
    let output = run(&["healthcheck", "--listen", &address]);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    // A server on all addresses is asked on the loopback one, so one setting serves both.
    let everywhere = format!("0.0.0.0:{}", server.address.port());
    let status = minicap(&["healthcheck"])
        .env("MINICAP_LISTEN", everywhere)
        .status();
    assert!(status.unwrap().success());
    drop(server);
    let output = run(&["healthcheck", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with(&format!("minicap: no answer from {address}: ")),
        "{error}"
    );
    assert!(refused(&["healthcheck", "--listen", "127.0.0.1:0"]).contains("a port other than 0"));
}

#[test]
fn healthcheck_is_not_fooled_by_another_server() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let thread = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = other.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
    });
    let output = run(&["healthcheck", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("404 Not Found")
    );
    thread.join().unwrap();
}

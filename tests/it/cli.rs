//! The command line: every option with valid and invalid values, help, and version.

use std::net::TcpListener;
use std::process::Stdio;

use crate::support::{Answer, Client, GENERATE, HEALTH, Server, TEXT, minicap, run};

/// Runs with a wrong command line and returns the error, which is one line.
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

#[test]
fn a_wrong_value_is_named_with_what_was_expected() {
    let expected = "expected a number from 1 to 86400, but found \"10m\"";
    assert_eq!(refused(&["--ttl", "10m"]), format!("--ttl: {expected}"));
    assert_eq!(refused(&["--ttl=10m"]), format!("--ttl: {expected}"));
    let output = minicap(&[]).env("MINICAP_TTL", "10m").output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    let said = format!("minicap: MINICAP_TTL: {expected}\n");
    assert_eq!((output.status.code(), line), (Some(2), said));
    assert_eq!(
        refused(&["--theem", "dark"]),
        "--theem: unknown option (did you mean --theme?)"
    );
    assert!(refused(&["--test-text", "äöü"]).ends_with("but found \"äöü\""));
}

#[test]
fn an_unknown_variable_is_warned_of_and_those_of_kubernetes_are_not() {
    let server = Server::spawn(
        minicap(&["--listen", "127.0.0.1:0", "--log", "error"]).envs([
            ("MINICAP_THEEM", "dark"),
            ("MINICAP_PORT", "tcp://10.0.0.1:8000"),
            ("MINICAP_PORT_8000_TCP_ADDR", "10.0.0.1"),
            ("MINICAP_SERVICE_HOST", "10.0.0.1"),
        ]),
    );
    server.await_log("\n");
    let log = server.log();
    let said = " warn unknown environment variable name=MINICAP_THEEM \
                nearest=MINICAP_THEME\n";
    assert!(log.ends_with(said) && log.lines().count() == 1, "{log}");
}

#[test]
fn switches_and_levels_are_read_as_yaml_writes_them() {
    let server = Server::spawn(
        minicap(&["--listen", "127.0.0.1:0", "--log", "INFO"]).envs([
            ("MINICAP_DOCS", "false"),
            (
                "MINICAP_CORS_ORIGIN",
                "https://a.example:443,https://b.example/",
            ),
        ]),
    );
    server.await_log(" info started ");
    assert_eq!(
        server
            .request("GET /docs HTTP/1.1\r\nHost: a\r\n\r\n")
            .status,
        404
    );
    for (origin, allowed) in [
        ("https://a.example", Some("https://a.example")),
        ("https://b.example", Some("https://b.example")),
        ("https://c.example", None),
    ] {
        let answer =
            server.request(HEALTH.replace("\r\n\r\n", &format!("\r\nOrigin: {origin}\r\n\r\n")));
        assert_eq!(answer.field("Access-Control-Allow-Origin"), allowed);
        assert_eq!(answer.field("Vary"), Some("Origin"));
    }
}

#[test]
fn it_listens_on_several_addresses() {
    let arguments = [
        "--listen",
        "127.0.0.1:0,127.0.0.1:0",
        "--listen",
        "localhost:0,:0,0",
    ];
    let output = Listening::start(&arguments);
    let ips: Vec<_> = output
        .addresses
        .iter()
        .map(|address| address.split(':').next().unwrap())
        .collect();
    let (loopback, all) = ("127.0.0.1", "0.0.0.0");
    assert_eq!(ips, [loopback, loopback, loopback, all, all]);
    for address in &output.addresses {
        let status = run(&["healthcheck", "--listen", address]).status;
        assert!(status.success(), "{address}");
    }
}

#[test]
fn figures_have_an_address_of_their_own_and_are_nowhere_else() {
    let output = Listening::start(&["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]);
    let [address, metrics] = &output.addresses[..] else {
        panic!("{:?}", output.addresses)
    };
    let metrics = metrics.strip_prefix("metrics on ").unwrap();
    let status = |address: &str, request: &str| {
        let mut client = Client::connect(address.parse().unwrap());
        client.send(request);
        client.answer().status
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    for (path, here, there) in [
        ("/metrics", 404, 200),
        ("/healthz", 200, 200),
        ("/docs", 200, 404),
        ("/widget.js", 200, 404),
        ("/nowhere", 404, 404),
    ] {
        assert_eq!(status(address, &get(path)), here, "{path}");
        assert_eq!(status(metrics, &get(path)), there, "{path}");
    }
    assert_eq!(
        (status(address, GENERATE), status(metrics, GENERATE)),
        (200, 404)
    );
    let options = get("/metrics").replace("GET", "OPTIONS");
    assert_eq!(
        (status(address, &options), status(metrics, &options)),
        (404, 200)
    );
}

/// A server, and the addresses that it prints; killed when dropped.
struct Listening {
    child: std::process::Child,
    addresses: Vec<String>,
}

impl Listening {
    fn start(arguments: &[&str]) -> Self {
        use std::io::BufRead;
        let mut command = minicap(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        std::io::BufReader::new(stdout)
            .read_line(&mut line)
            .unwrap();
        let names = line
            .trim_end()
            .strip_prefix("miniCAP listening on ")
            .unwrap();
        let addresses = names.split(", ").map(|name| name.replace("http://", ""));
        Listening {
            child,
            addresses: addresses.collect(),
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The help text of a command.
fn help(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_is_of_the_command_that_is_asked_for_and_version_is_the_packages() {
    for (arguments, first) in [
        (
            &[
                &["help"][..],
                &["--help"],
                &["-h"],
                &["--ttl", "x", "--help"],
            ][..],
            "miniCAP: ",
        ),
        (
            &[
                &["help", "render"],
                &["render", "--help"],
                &["render", "-h"],
            ],
            "minicap render: ",
        ),
        (
            &[&["help", "healthcheck"], &["healthcheck", "--help"]],
            "minicap healthcheck: ",
        ),
    ] {
        let text = help(arguments[0]);
        assert!(text.starts_with(first), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
        for same in arguments {
            assert_eq!(help(same), text, "{same:?}");
        }
    }
    assert_eq!(
        refused(&["help", "me"]),
        "help: expected render, healthcheck or nothing, but found \"me\""
    );
    let version = run(&["--version"]);
    assert_eq!(
        version.stdout,
        concat!("minicap ", env!("CARGO_PKG_VERSION"), "\n").as_bytes()
    );
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
            ("MINICAP_TEST_TEXT", TEXT.into()),
        ]),
    );
    let mut client = server.connect();
    let id = client.generate();
    assert_eq!([(); 3].map(|()| client.validate(&id, "x")), [400, 400, 404]);
}

#[test]
fn texts_that_are_easily_guessed_are_warned_of() {
    const WARNING: &str = " warn texts are too easy to guess";
    // With 30,000 texts or more, three attempts succeed less than once in ten thousand captchas.
    let digits = ["--alphabet", "0123456789", "--length"];
    let server = Server::start_plain(&[&digits[..], &["4"]].concat());
    server.await_log(WARNING);
    let server = Server::start_plain(&[&digits[..], &["5"]].concat());
    server.generate();
    let log = server.log();
    assert!(!log.contains(WARNING), "{log}");
}

#[test]
fn sounds_that_are_easily_guessed_are_warned_of() {
    const WARNING: &str = " warn sounds are too easy to guess";
    for (options, is_warned) in [
        (["--audio", "on", "--audio-length", "4"], true),
        (["--audio", "on", "--audio-length", "5"], false),
        (["--audio", "off", "--audio-length", "4"], false),
    ] {
        let server = Server::start_plain(&options);
        server.generate();
        let log = server.log();
        assert_eq!(log.contains(WARNING), is_warned, "{options:?}: {log}");
    }
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

/// The brightness of the ground, which is the first colour of the palette.
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
    // All forty are alike by chance once in 5 * 10^11 runs.
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

/// Everything that names the version names the same one.
#[test]
fn the_image_is_labelled_with_the_packages_version() {
    let label = concat!(
        "org.opencontainers.image.version=\"",
        env!("CARGO_PKG_VERSION"),
        "\""
    );
    assert!(include_str!("../../Dockerfile").contains(label));
}

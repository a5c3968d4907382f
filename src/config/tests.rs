//! Command lines and environments, good and bad.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::{Command, CommandName, Config, Output, UnknownVariable, parse, usage};
use crate::server::Address;

fn parse_with(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Command, String> {
    let environment = environment
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    parse(arguments.iter().map(OsString::from), environment)
}

#[track_caller]
fn config(arguments: &[&str], environment: &[(&str, &str)]) -> Config {
    match parse_with(arguments, environment).unwrap() {
        Command::Serve { config, .. } => *config,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(arguments: &[&str]) -> String {
    parse_with(arguments, &[]).unwrap_err()
}

#[track_caller]
fn unknown(environment: &[(&str, &str)]) -> Vec<UnknownVariable> {
    match parse_with(&[], environment).unwrap() {
        Command::Serve { unknown, .. } => unknown,
        other => panic!("{other:?}"),
    }
}

const PATH: &str = "a path such as /captcha, of letters, digits, -._~ and slashes, up to 256 bytes";
const LISTEN: &str = "an IP address and port such as 127.0.0.1:8000 or [::]:8000, localhost:8000, \
                      8000, or unix: and a path";

#[test]
fn every_wrong_value_is_named_with_what_was_expected() {
    let number = |range: &str| format!("a number from {range}");
    let text = "1 to 15 ASCII letters and digits";
    for (option, wrong, expected) in [
        ("listen", "localhost", LISTEN.to_owned()),
        ("listen", "70000", LISTEN.into()),
        ("listen", "unix:", LISTEN.into()),
        ("metrics-listen", "8000,8001", LISTEN.into()),
        (
            "socket-mode",
            "rw",
            "the mode of a file from 0000 to 0777, such as 0660".into(),
        ),
        ("drain", "-1", number("0 to 3600")),
        ("max-connections", "0", number("1 to 65536")),
        ("idle-timeout", "0", number("1 to 3600")),
        ("request-timeout", "1.5", number("1 to 3600")),
        ("request-timeout", "3601", number("1 to 3600")),
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
        ("state", "", "the path of a file".into()),
        ("state", "/var/lib/", "the path of a file".into()),
        ("state", "..", "the path of a file".into()),
        ("length", "13", number("1 to 12")),
        ("width", "2001", number("1 to 2000")),
        ("height", "", number("1 to 2000")),
        ("theme", "grey", "light, dark or random".into()),
        ("background-noise", "maybe", "on or off".into()),
        ("foreground-noise", "2", "on or off".into()),
        ("difficulty", "off", "easy, normal or hard".into()),
        (
            "alphabet",
            "abcdefgABCDEFG",
            "ASCII letters and digits, at least 8 if case is ignored".into(),
        ),
        (
            "ground",
            "#707070",
            "a colour such as #fffaf0, light or dark enough for letters with a contrast of 3:1"
                .into(),
        ),
        ("docs", "none", "on or off".into()),
        ("widget", "maybe", "on or off".into()),
        ("path", "captcha", PATH.into()),
        ("path", "/a//b", PATH.into()),
        ("path", "/../b", PATH.into()),
        ("path", "/é", PATH.into()),
        ("path", "/a?b", PATH.into()),
        ("log", "trace", "off, error, warn, info or debug".into()),
        ("test-text", "", text.into()),
        ("test-text", "äöü", text.into()),
        (
            "client-header",
            "X Real IP",
            "the name of a field, such as X-Real-IP".into(),
        ),
        (
            "cors-origin",
            "https://shop.example/path",
            "*, off, or one or more origins without a path, such as https://shop.example".into(),
        ),
    ] {
        let line = refused(&[&format!("--{option}"), wrong]);
        assert_eq!(
            line,
            format!("--{option}: expected {expected}, but found {wrong:?}")
        );
        assert_eq!(refused(&[&format!("--{option}={wrong}")]), line);
        if !wrong.is_empty() {
            let variable = format!("MINICAP_{}", option.to_uppercase().replace('-', "_"));
            let line = parse_with(&[], &[(&variable, wrong)]).unwrap_err();
            let said = format!("{variable}: expected {expected}, but found {wrong:?}");
            assert_eq!(line, said);
        }
    }
}

#[test]
fn a_wrong_value_that_may_hold_a_password_is_not_shown() {
    for (option, wrong) in [
        ("store", "valkey://:hündin@"),
        ("siteverify-secret", "hündin"),
    ] {
        let line = refused(&[&format!("--{option}"), wrong]);
        let shown = line.split_once("but found ").unwrap().1;
        assert_eq!(shown, "what is not shown, since it may hold a password");
        assert!(!line.contains("ndin"), "{line}");
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
fn what_is_no_option_is_refused_and_the_nearest_one_named() {
    for (arguments, expected) in [
        (&["--wrong"][..], "--wrong: unknown option (see --help)"),
        (
            &["--theem", "dark"],
            "--theem: unknown option (did you mean --theme?)",
        ),
        (
            &["--cors=*"],
            "--cors: unknown option (did you mean --cors-origin?)",
        ),
        (&["--out", "x"], "--out: unknown option (see --help)"),
        (
            &["render", "--ttl", "5"],
            "--ttl: unknown option (see --help)",
        ),
        (
            &["healthcheck", "--seed=1"],
            "--seed: unknown option (see --help)",
        ),
        (
            &["serve"],
            "expected an option, but found \"serve\" (see --help)",
        ),
        (&["--ttl"], "--ttl: expected a value, but found none"),
        (&["render"], "--out: expected a path, but found none"),
        (
            &["render", "--out", ""],
            "--out: expected a path, but found \"\"",
        ),
        (
            &["render", "--out", "a/x.PNG", "--count", "3"],
            "--out: expected a folder for --count pictures, but found \"a/x.PNG\"",
        ),
        (
            &["render", "--out", "x", "--count", "0"],
            "--count: expected a number from 1 to 1000000, but found \"0\"",
        ),
        (
            &["render", "--out", "x", "--seed", "x"],
            "--seed: expected a number from 0 to 18446744073709551615, but found \"x\"",
        ),
        (
            &["healthcheck", "--listen", "127.0.0.1:0"],
            "--listen: expected a port other than 0, but found \"127.0.0.1:0\"",
        ),
        (
            &["help", "serve"],
            "help: expected render, healthcheck or nothing, but found \"serve\"",
        ),
    ] {
        assert_eq!(refused(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_defaults() {
    let environment = [
        ("MINICAP_TTL", "7"),
        ("MINICAP_ATTEMPTS", ""),
        ("OTHER", "x"),
    ];
    let read = config(&["--ttl", "8", "--ttl=9"], &environment);
    assert_eq!(
        (read.store.ttl, read.store.attempts),
        (Duration::from_secs(9), 3)
    );
    assert_eq!(config(&[], &environment).store.ttl, Duration::from_secs(7));
    assert_eq!(config(&[], &[]).store.ttl, Duration::from_mins(10));
}

#[test]
fn lists_take_a_comma_or_the_option_again() {
    let names =
        |config: Config| -> Vec<String> { config.listen.iter().map(ToString::to_string).collect() };
    let environment = [("MINICAP_LISTEN", "9000")];
    let given = config(
        &["--listen", "8000,[::1]:1", "--listen=unix:/a"],
        &environment,
    );
    assert!(given.is_listen_given);
    assert_eq!(names(given), ["0.0.0.0:8000", "[::1]:1", "unix:/a"]);
    let given = config(&[], &environment);
    assert!(given.is_listen_given);
    assert_eq!(names(given), ["0.0.0.0:9000"]);
    let default = config(&[], &[]);
    assert!(!default.is_listen_given);
    assert_eq!(
        default.listen,
        [Address::Tcp("0.0.0.0:8000".parse().unwrap())]
    );
}

#[test]
fn one_option_sets_all_that_a_request_may_take() {
    let timeouts = config(&["--request-timeout", "4", "--idle-timeout", "5"], &[])
        .server
        .timeouts;
    let secs =
        [timeouts.head, timeouts.body, timeouts.write, timeouts.idle].map(|time| time.as_secs());
    assert_eq!(secs, [4, 4, 4, 5]);
    let timeouts = config(&[], &[]).server.timeouts;
    assert_eq!(timeouts, crate::server::Timeouts::DEFAULT);
    // Of proxies, Caddy keeps a connection longest: two minutes.
    assert!(Duration::from_mins(2) < timeouts.idle);
}

#[test]
fn the_password_for_a_store_comes_from_the_environment_unless_its_address_has_one() {
    let read = |address: &str, variable: &str| {
        let environment = [
            ("MINICAP_STORE", address),
            ("MINICAP_STORE_PASSWORD", variable),
        ];
        parse_with(&[], &environment).map(|command| match command {
            Command::Serve { config, .. } => config.valkey.and_then(|store| store.password),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(read("valkey://a", "secret"), Ok(Some("secret".into())));
    assert_eq!(read("valkey://:own@a", "secret"), Ok(Some("own".into())));
    assert_eq!(read("valkey://a", ""), Ok(None));
    assert_eq!(read("", "secret"), Ok(None));
    let longest = "x".repeat(512);
    assert_eq!(read("valkey://a", &longest), Ok(Some(longest.clone())));
    assert_eq!(
        read("valkey://a", &format!("{longest}x")),
        Err("MINICAP_STORE_PASSWORD: expected up to 512 bytes of UTF-8".into())
    );
}

#[test]
fn captchas_are_kept_in_a_file_or_on_a_server_and_not_in_both() {
    let (file, server) = (["--state", "/a"], ["--store", "valkey://a"]);
    assert!(config(&file, &[]).state.is_some());
    assert!(config(&server, &[]).valkey.is_some());
    assert!(refused(&[file, server].concat()).starts_with("--state: expected no --store"));
}

#[test]
fn a_test_text_for_sounds_is_one_that_can_be_spoken() {
    let unspeakable = ["--test-text", "aB3"];
    let speakable = ["--test-text", "123", "--audio", "on"];
    config(&unspeakable, &[]);
    config(&speakable, &[]);
    config(&["--audio", "on"], &[]);
    assert_eq!(
        refused(&[&unspeakable[..], &["--audio", "on"]].concat()),
        "--test-text: expected 1 to 10 digits with --audio on, but found \"aB3\""
    );
}

#[test]
fn variables_that_set_nothing_are_reported() {
    assert_eq!(
        unknown(&[("MINICAP_TTL", "5"), ("MINICAPE", "x"), ("TTL", "x")]),
        []
    );
    let of_kubernetes = [
        ("MINICAP_PORT", "tcp://10.0.0.1:8000"),
        ("MINICAP_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("MINICAP_SERVICE_HOST", "10.0.0.1"),
        ("MINICAP_SERVICE_PORT_HTTP", "8000"),
    ];
    assert_eq!(unknown(&of_kubernetes), []);
    let told = |name: &str, nearest: Option<&str>| UnknownVariable {
        name: name.into(),
        nearest: nearest.map(str::to_owned),
    };
    assert_eq!(
        unknown(&[
            ("MINICAP_COLOUR", "x"),
            ("MINICAP_THEEM", "dark"),
            ("MINICAP_SEED", "1")
        ]),
        [
            told("MINICAP_COLOUR", None),
            told("MINICAP_THEEM", Some("MINICAP_THEME")),
            told("MINICAP_SEED", None),
        ]
    );
}

#[test]
fn help_goes_before_what_is_wrong() {
    for (arguments, command) in [
        (&["help"][..], CommandName::Serve),
        (&["--ttl", "wrong", "--help"], CommandName::Serve),
        (&["-h"], CommandName::Serve),
        (&["help", "render"], CommandName::Render),
        (&["render", "--help"], CommandName::Render),
        (&["healthcheck", "-h"], CommandName::Healthcheck),
        (&["help", "healthcheck"], CommandName::Healthcheck),
    ] {
        assert_eq!(
            parse_with(arguments, &[]),
            Ok(Command::Help(command)),
            "{arguments:?}"
        );
    }
    assert_eq!(parse_with(&["-V"], &[]), Ok(Command::Version));
    assert_eq!(parse_with(&["--version"], &[]), Ok(Command::Version));
}

#[test]
fn help_has_the_options_of_a_command_with_their_ranges() {
    let serve = usage(CommandName::Serve);
    for (name, range) in [
        ("ttl SECONDS", "1 to 86400 [default: 600]"),
        ("width PIXELS", "1 to 2000 [default: 600]"),
        ("workers N", "1 to 1024 [default: one for each core]"),
        ("ground COLOUR", "such as '#fffaf0'"),
    ] {
        let line = serve
            .lines()
            .find(|line| line.contains(&format!("  --{name} ")))
            .unwrap();
        assert!(line.ends_with(range), "{line}");
    }
    assert!(!serve.contains("--seed"));
    let render = usage(CommandName::Render);
    assert!(render.contains("  --seed N ") && render.contains("  --width PIXELS "));
    assert!(!render.contains("  --ttl SECONDS"));
    assert!(usage(CommandName::Healthcheck).contains("  --listen ADDRESS "));
}

#[test]
fn pictures_go_to_a_file_or_with_a_count_to_a_folder() {
    let output = |more: &[&str]| {
        let arguments = [&["render", "--out", "a b/=c"], more].concat();
        match parse_with(&arguments, &[]) {
            Ok(Command::Render(render)) => render.output,
            other => panic!("{other:?}"),
        }
    };
    let path = Path::new("a b/=c").to_owned();
    assert_eq!(output(&[]), Output::File(path.clone()));
    let folder = Output::Folder { path, count: 3 };
    assert_eq!(output(&["--count", "3"]), folder);
}

#[test]
fn the_health_is_asked_for_where_the_server_listens() {
    let environment = [
        ("MINICAP_LISTEN", "localhost:9000"),
        ("MINICAP_PATH", "/captcha/"),
    ];
    for (arguments, address) in [
        (&["healthcheck"][..], "127.0.0.1:9000"),
        (&["healthcheck", "--listen", "8001"], "0.0.0.0:8001"),
    ] {
        let expected = Command::Healthcheck {
            listen: vec![Address::Tcp(address.parse().unwrap())],
            path: "/captcha".into(),
        };
        assert_eq!(parse_with(arguments, &environment), Ok(expected));
    }
}

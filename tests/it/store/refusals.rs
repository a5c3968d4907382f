//! Why a store refuses: passwords, permissions, memory. Each reason has its line in the log, and no
//! line has a secret.

use std::thread;
use std::time::Duration;

use minicap::resp::Reply;

use super::load::{during, until_served};
use super::valkey::{Valkey, ask};
use crate::support::{GENERATE, HEALTH, Server, TEXT, minicap, run};

const PASSWORD: &str = "hunter2-hunter2";

/// The options of a store with this password.
const WITH_PASSWORD: [&str; 2] = ["--requirepass", PASSWORD];

fn service(store: &str) -> Server {
    Server::start(&["--store", store])
}

fn with_password_of_environment(store: &str, password: &str) -> Server {
    let options = [
        "--listen",
        "127.0.0.1:0",
        "--test-text",
        TEXT,
        "--store",
        store,
    ];
    Server::spawn(minicap(&options).env("MINICAP_STORE_PASSWORD", password))
}

/// A service that cannot use its store, and why it says so.
#[track_caller]
fn assert_refused(service: &Server, why: &str) {
    assert_eq!(service.request(GENERATE).status, 503);
    assert_eq!(service.request(HEALTH).status, 503);
    service.await_log(why);
    assert!(!service.log().contains("hunter2"), "{}", service.log());
}

#[test]
fn a_password_comes_from_the_address_or_from_the_environment_and_is_never_shown() {
    let Some(store) = Valkey::start(&WITH_PASSWORD) else {
        return;
    };
    let (address, url) = (store.address, store.url());
    for password in ["hunter2-hunter2", "%68unter2-hunter2"] {
        let service = service(&format!("redis://:{password}@{address}"));
        until_served(service.address);
        assert!(!service.log().contains("hunter2"), "{}", service.log());
    }
    until_served(service(&format!("valkey://default:{PASSWORD}@{address}/7")).address);
    let service = with_password_of_environment(&url, PASSWORD);
    until_served(service.address);
    assert!(
        !service.log().contains("unknown environment variable"),
        "{}",
        service.log()
    );
    let socket = format!("valkey+unix:{}", store.socket().display());
    until_served(with_password_of_environment(&socket, PASSWORD).address);
}

#[test]
fn a_password_that_is_missing_wrong_or_too_much_is_told() {
    let Some(store) = Valkey::start(&WITH_PASSWORD) else {
        return;
    };
    assert_refused(&service(&store.url()), "NOAUTH: it wants a password");
    let wrong = format!("valkey://:hunter2-wrong@{}", store.address);
    assert_refused(&service(&wrong), "WRONGPASS: user or password are wrong");
    let Some(open) = Valkey::start(&[]) else {
        return;
    };
    let too_much = format!("valkey://:{PASSWORD}@{}", open.address);
    assert_refused(
        &service(&too_much),
        "ERR AUTH: a password was sent, but it wants none",
    );
    let beyond = format!("{}/99", open.url());
    assert_refused(
        &service(&beyond),
        "ERR DB index: it has no database of this number",
    );
}

#[test]
fn a_store_that_is_given_a_password_is_told_and_used_again_without_it() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let service = service(&store.url());
    until_served(service.address);
    let tally = during(service.address, || {
        store.order(&format!("CONFIG SET requirepass {PASSWORD}"));
        // Open connections stay open.
        thread::sleep(Duration::from_millis(100));
        let kill: &[&[u8]] = &[b"CLIENT", b"KILL", b"TYPE", b"normal"];
        let login: &[&[u8]] = &[b"AUTH", PASSWORD.as_bytes()];
        ask(store.address, &[login, kill]);
        service.await_log("NOAUTH: it wants a password");
        let open: &[&[u8]] = &[b"CONFIG", b"SET", b"requirepass", b""];
        ask(store.address, &[login, open]);
        let time = until_served(service.address);
        assert!(time < Duration::from_secs(1), "{time:?}");
    });
    assert!(0 < tally.right && 0 < tally.unavailable, "{tally:?}");
}

/// Exactly the permissions that the log and `docs/operate.md` name.
#[test]
fn a_user_needs_few_permissions_and_one_that_lacks_some_is_told() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let permissions = "~minicap:* +evalsha +script|load +get +set +del +select";
    store.order(&format!("ACL SETUSER captcha on >{PASSWORD} {permissions}"));
    store.order(&format!(
        "ACL SETUSER reader on >{PASSWORD} ~minicap:* +evalsha +get"
    ));
    let address = store.address;
    let service_of = |user| service(&format!("valkey://{user}:{PASSWORD}@{address}"));
    let allowed = service_of("captcha");
    until_served(allowed.address);
    let mut client = allowed.connect();
    let id = client.generate();
    assert_eq!(client.validate(&id, "x"), 400);
    assert_eq!(client.validate(&id, TEXT), 200);
    assert_refused(&service_of("reader"), ": the user lacks a permission");
}

#[test]
fn a_full_store_takes_no_new_captcha_and_judges_those_that_it_has() {
    let Some(store) = Valkey::start(&["--maxmemory-policy", "noeviction"]) else {
        return;
    };
    let service = service(&store.url());
    let mut client = service.connect();
    let ids: Vec<String> = (0..3).map(|_| client.generate()).collect();
    store.order("CONFIG SET maxmemory 1");
    client.send(GENERATE);
    assert_eq!(client.answer().status, 503);
    service.await_log("OOM: its memory is full");
    assert_eq!(service.request(HEALTH).status, 503);
    assert_eq!(client.validate(&ids[0], TEXT), 200);
    // A wrong answer cannot be counted, and no guess is free, so the captcha ends.
    assert_eq!(client.validate(&ids[1], "x"), 400);
    assert_eq!(client.validate(&ids[1], TEXT), 404);
    store.order("CONFIG SET maxmemory 0");
    assert_eq!(client.validate(&ids[2], "x"), 400);
    assert_eq!(client.validate(&ids[2], TEXT), 200);
    client.generate();
}

#[test]
fn a_store_that_evicts_makes_room_for_new_captchas() {
    let Some(store) = Valkey::start(&["--maxmemory-policy", "volatile-ttl"]) else {
        return;
    };
    let small = ["--width", "112", "--height", "28", "--log", "error"];
    let service = Server::start(&[&["--store", &store.url()][..], &small].concat());
    let mut client = service.connect();
    client.generate();
    let Reply::Bulk(memory) = store.ask("INFO memory") else {
        panic!("expected figures");
    };
    let memory = String::from_utf8(memory).unwrap();
    let used = memory
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let used: u64 = used.unwrap().trim().parse().unwrap();
    store.order(&format!("CONFIG SET maxmemory {}", used + 100_000));
    let count = 2_000;
    for _ in 0..count {
        client.generate();
    }
    let left = store.key_count();
    assert!((1..count).contains(&left), "{left}");
}

#[test]
fn a_server_that_forgets_its_scripts_is_told_them_again() {
    let Some(store) = Valkey::start(&[]) else {
        return;
    };
    let service = service(&store.url());
    let mut client = service.connect();
    for _ in 0..3 {
        let id = client.generate();
        store.order("SCRIPT FLUSH");
        assert_eq!(client.validate(&id, "x"), 400);
        store.order("SCRIPT FLUSH");
        assert_eq!(client.validate(&id, TEXT), 200);
    }
}

#[test]
fn an_address_that_is_none_is_refused_without_being_shown() {
    for (value, expected) in [
        ("rediss://user:hunter2@store", "there is no TLS;"),
        ("http://user:hunter2@store", "expected an address such as"),
        ("valkey://user:hunter2@", "expected an address such as"),
    ] {
        for arguments in [vec!["--store", value], vec![&format!("--store={value}")]] {
            let output = run(&arguments);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(
                said.contains(expected) && !said.contains("hunter2"),
                "{said}"
            );
        }
    }
}

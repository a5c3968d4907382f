//! The `minicap` command: arguments in, exit code out. Builds the parts and joins them.

#![forbid(unsafe_code)]

mod healthcheck;
mod render;

use std::env;
use std::io::{self, Write};
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use minicap::api::{self, App};
use minicap::captcha::{Font, Style, Theme};
use minicap::config::{self, Command, Config};
use minicap::entropy::Entropy;
use minicap::http::Limits;
use minicap::log::Log;
use minicap::server::{self, Server, Timeouts};
use minicap::store::{self, Reaper, Store};
use minicap::sys;

/// What a wrong command line ends with; a failure at work ends with 1.
const USAGE_ERROR: u8 = 2;

/// Connections open at a time: below the 1,024 descriptors that a process usually may have, and
/// bounded memory on the smallest host.
const CONNECTIONS_MAX: usize = 1_000;

/// How long the end waits for the last lines of the log to be taken.
const LOG_FLUSH_TIME: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let arguments = env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned());
    let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let (command, config) = match config::parse(arguments, variable) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("minicap: {error}");
            return USAGE_ERROR.into();
        }
    };
    let result = match command {
        Command::Serve => serve(config),
        Command::Render => render::run(&config),
        Command::Healthcheck => healthcheck::run(config.listen),
        Command::Help => print(&config::usage()),
        Command::Version => print(concat!("minicap ", env!("CARGO_PKG_VERSION"), "\n")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("minicap: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until SIGTERM or SIGINT.
fn serve(config: Config) -> Result<(), String> {
    let log = Log::start(config.log).map_err(|error| format!("cannot start the log: {error}"))?;
    log_panics(log.clone());
    let served = serve_with(config, &log);
    log.flush(LOG_FLUSH_TIME);
    served
}

fn serve_with(config: Config, log: &Log) -> Result<(), String> {
    // Without random bytes there is no captcha: then it ends here, and not at the first request.
    Entropy::default().byte();
    let stop = sys::termination().map_err(|error| format!("cannot handle signals: {error}"))?;
    let store = Store::new(store::Settings {
        ttl: config.ttl,
        attempts: config.attempts,
        capacity: config.capacity,
    });
    let store = store.map_err(|_| format!("no memory for {} captchas", config.capacity))?;
    let store = Arc::new(store);
    let _reaper = Reaper::start(Arc::clone(&store))
        .map_err(|error| format!("cannot start the reaper: {error}"))?;
    if config.test_text.is_some() {
        log.warn(
            "every captcha has the text of --test-text: this service protects nothing",
            &[],
        );
    }
    let settings = server::Settings {
        workers: config.workers,
        connections_max: CONNECTIONS_MAX,
        limits: Limits::DEFAULT,
        timeouts: Timeouts::DEFAULT,
    };
    let listen = config.listen;
    let app = Arc::new(App::new(
        api_settings(config),
        store,
        Arc::new(Font::new()),
        log.clone(),
    ));
    let cannot_listen = |error| format!("cannot listen on {listen}: {error}");
    let server = Server::bind(listen, app, settings, log.clone()).map_err(cannot_listen)?;
    let address = server.local_addr().map_err(cannot_listen)?;
    print(&format!("miniCAP listening on http://{address}\n"))?;
    log.info(
        "started",
        &[("address", &address), ("workers", &settings.workers)],
    );
    server
        .run(&stop)
        .map_err(|error| format!("cannot go on serving: {error}"))?;
    log.info("stopped", &[]);
    Ok(())
}

fn api_settings(config: Config) -> api::Settings {
    api::Settings {
        length: config.length,
        style: style(&config),
        theme: config.theme,
        test_text: config.test_text,
        cors: config.cors,
    }
}

/// The picture that is asked for, but for its theme, which is chosen for each one.
fn style(config: &Config) -> Style {
    Style {
        width: config.width,
        height: config.height,
        theme: Theme::Light,
        background_noise: config.background_noise,
        foreground_noise: config.foreground_noise,
    }
}

/// Makes a panic one line of the log.
fn log_panics(log: Log) {
    panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map_or_else(String::new, ToString::to_string);
        log.error(
            "panic",
            &[
                ("place", &place),
                ("message", &info.payload_as_str().unwrap_or("")),
            ],
        );
    }));
}

fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|error| format!("cannot write to standard output: {error}"))
}

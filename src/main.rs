//! The `minicap` command: arguments in, exit code out. Builds the parts and joins them.

#![forbid(unsafe_code)]

mod healthcheck;
mod render;

use std::env;
use std::io::{self, Write};
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use minicap::api::{self, App};
use minicap::captcha::{Font, Style, Theme};
use minicap::config::{self, Command, Config, Parsed, UnknownVariable};
use minicap::entropy::Entropy;
use minicap::http::Limits;
use minicap::log::Log;
use minicap::server::{self, Address, Figures, Listener, Server};
use minicap::store::{self, Reaper, Store};
use minicap::sys::{self, Inherited};

/// What a wrong command line ends with; a failure at work ends with 1.
const USAGE_ERROR: u8 = 2;

/// How long the end waits for the last lines of the log to be taken.
const LOG_FLUSH_TIME: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let parsed = match config::parse(env::args_os().skip(1), env::vars_os()) {
        Ok(parsed) => parsed,
        Err(error) => {
            complain(&error);
            return USAGE_ERROR.into();
        }
    };
    let result = match parsed {
        Parsed::Run {
            command,
            config,
            unknown,
        } => match command {
            Command::Serve => serve(*config, &unknown),
            Command::Render => render::run(&config),
            Command::Healthcheck => healthcheck::run(&config.listen, &config.path),
        },
        Parsed::Help(command) => print(&config::usage(command)),
        Parsed::Version => print(concat!("minicap ", env!("CARGO_PKG_VERSION"), "\n")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal asks it to end.
fn serve(config: Config, unknown: &[UnknownVariable]) -> Result<(), String> {
    // Before anything else opens descriptors.
    let inherited = sys::inherited(
        env::var("LISTEN_PID").ok().as_deref(),
        env::var("LISTEN_FDS").ok().as_deref(),
    );
    let log = Log::start(config.log).map_err(|error| format!("cannot start the log: {error}"))?;
    log_panics(log.clone());
    for UnknownVariable { name, nearest } in unknown {
        let message = "a variable of the environment sets no option";
        match nearest {
            Some(nearest) => log.warn(message, &[("name", name), ("nearest", nearest)]),
            None => log.warn(message, &[("name", name)]),
        }
    }
    let served = serve_on(inherited, config, &log);
    log.flush(LOG_FLUSH_TIME);
    served
}

fn serve_on(inherited: Vec<Inherited>, config: Config, log: &Log) -> Result<(), String> {
    // Without random bytes there is no captcha: then it ends here, and not at the first request.
    Entropy::default().byte();
    let stop = sys::termination().map_err(|error| format!("cannot handle signals: {error}"))?;
    let settings = store::Settings {
        ttl: config.ttl,
        attempts: config.attempts,
        capacity: config.capacity,
    };
    let store = Store::new(settings, Instant::now());
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
        connections_max: config.max_connections,
        client_field: config.client_header.clone(),
        drain: config.drain,
        limits: Limits::DEFAULT,
        timeouts: config.timeouts,
    };
    let workers = config.workers;
    let font = Arc::new(Font::new());
    let figures = Arc::new(Figures::default());
    let listeners = listeners(inherited, &config)?;
    let metrics_listener = config.metrics_listen.as_ref().map(|_| listeners.len() - 1);
    let names = names(&listeners, metrics_listener);
    let app = App::new(
        api_settings(config, metrics_listener),
        store,
        font,
        Arc::clone(&figures),
        log.clone(),
    );
    let server = Server::new(listeners, Arc::new(app), settings, figures, log.clone());
    announce(format!("miniCAP listening on {names}\n"), log);
    log.info("started", &[("address", &names), ("workers", &workers)]);
    server
        .run(&stop)
        .map_err(|error| format!("cannot go on serving: {error}"))?;
    log.info("stopped", &[]);
    Ok(())
}

/// The sockets that a service manager passes, and those that the operator asks for, the one for the
/// figures last. By default there is one of our own if none is passed.
fn listeners(inherited: Vec<Inherited>, config: &Config) -> Result<Vec<Listener>, String> {
    let own: &[Address] = if inherited.is_empty() || config.is_listen_given {
        &config.listen
    } else {
        &[]
    };
    // All are checked before any is made.
    let inherited = inherited.into_iter().map(Listener::inherit);
    let mut listeners = inherited
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("cannot listen on what LISTEN_FDS passes: {error}"))?;
    for address in own.iter().chain(&config.metrics_listen) {
        let listener = Listener::bind(address, config.socket_mode);
        listeners.push(listener.map_err(|error| format!("cannot listen on {address}: {error}"))?);
    }
    Ok(listeners)
}

/// Where it listens, for the operator.
fn names(listeners: &[Listener], metrics_listener: Option<usize>) -> String {
    let names = listeners.iter().enumerate().map(|(place, listener)| {
        let what = if Some(place) == metrics_listener {
            "metrics on "
        } else {
            ""
        };
        format!("{what}{listener}")
    });
    names.collect::<Vec<_>>().join(", ")
}

fn api_settings(config: Config, metrics_listener: Option<usize>) -> api::Settings {
    api::Settings {
        length: config.length,
        style: style(&config),
        theme: config.theme,
        test_text: config.test_text,
        cors: config.cors,
        connections_max: config.max_connections,
        metrics_listener,
        docs: config.docs,
        widget: config.widget,
        siteverify_secret: config.siteverify_secret,
        path: config.path,
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
        difficulty: if !config.distortion { minicap::captcha::Difficulty::Easy } else if std::env::var("HARD").is_ok() { minicap::captcha::Difficulty::Hard } else { minicap::captcha::Difficulty::Normal },
    }
}

/// Says on standard output what the log says as well. That may be full, closed, or read by nobody,
/// which is no reason not to serve: so nobody waits for it.
fn announce(line: String, log: &Log) {
    let announced = thread::Builder::new().spawn({
        let log = log.clone();
        move || {
            if let Err(error) = print(&line) {
                log.warn(&error, &[]);
            }
        }
    });
    if let Err(error) = announced {
        log.warn("cannot start a thread", &[("error", &error)]);
    }
}

/// Makes a panic one line of the log. One of the main thread ends the process, so its reason goes to
/// standard error at once, whatever is logged.
fn log_panics(log: Log) {
    let main = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        let place = info
            .location()
            .map_or_else(String::new, ToString::to_string);
        if thread::current().id() == main {
            let message = info.payload_as_str().unwrap_or("");
            complain(&format!("panic at {place}: {message}"));
            return;
        }
        log.error(
            "panic",
            &[
                ("place", &place),
                ("message", &info.payload_as_str().unwrap_or("")),
            ],
        );
    }));
}

/// Says on standard error why it ends. Where nobody takes that, there is nobody to tell.
fn complain(error: &str) {
    let _ = writeln!(io::stderr(), "minicap: {error}");
}

fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map_err(|error| format!("cannot write to standard output: {error}"))
}

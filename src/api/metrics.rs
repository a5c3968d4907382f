//! The metrics of the service, in the text format of Prometheus (version 0.0.4).

use std::fmt::{self, Display, Write as _};
use std::fs::File;
use std::io::Read;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::medium::Medium;
use super::route::{ROUTES, RouteId};
use super::{App, AppWorker, Request};
use crate::calendar::since_epoch;
use crate::histogram::{BOUNDS, Histogram};
use crate::http::{Response, Status};
use crate::server::Reason;
use crate::store::Verdict;
use crate::store::valkey::Outcome;

/// Most bytes read of a file that has about sixty short lines.
const STATUS_BYTES_MAX: u64 = 16 * 1024;

/// Classes of statuses, from the first digit 2 on.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// Counters of requests and captchas, without a lock.
pub(super) struct Metrics {
    /// Seconds since 1970.
    began_secs: u64,
    /// One for each route, and one for requests to no route.
    routes: [RouteMetrics; ROUTES.len() + 1],
    pictures: AtomicU64,
    sounds: AtomicU64,
    right: AtomicU64,
    wrong: AtomicU64,
    unknown: AtomicU64,
}

#[derive(Default)]
struct RouteMetrics {
    by_class: [AtomicU64; CLASSES.len()],
    times: Histogram,
}

impl Metrics {
    /// All zero, for a process that starts now.
    pub(super) fn new() -> Self {
        Metrics {
            began_secs: since_epoch(SystemTime::now()).as_secs(),
            routes: Default::default(),
            pictures: AtomicU64::default(),
            sounds: AtomicU64::default(),
            right: AtomicU64::default(),
            wrong: AtomicU64::default(),
            unknown: AtomicU64::default(),
        }
    }

    /// Counts a request to a route, or to none.
    pub(super) fn count_request(&self, route: Option<RouteId>, status: Status, time: Duration) {
        let Some(route) = self.routes.get(route.map_or(ROUTES.len(), RouteId::place)) else {
            return;
        };
        let class = usize::from(status.code() / 100).saturating_sub(2);
        if let Some(count) = route.by_class.get(class) {
            increment(count);
        }
        route.times.count(time);
    }

    /// Counts a new captcha.
    pub(super) fn count_generated(&self, medium: Medium) {
        increment(match medium {
            Medium::Picture(_) => &self.pictures,
            Medium::Sound(_) => &self.sounds,
        });
    }

    /// Counts an answer that was checked.
    pub(super) fn count_verdict(&self, verdict: Verdict) {
        increment(match verdict {
            Verdict::Right => &self.right,
            Verdict::Wrong { .. } => &self.wrong,
            Verdict::Unknown => &self.unknown,
        });
    }
}

pub(super) fn answer(worker: &mut AppWorker, _: &Request) -> Response {
    Response::new(Status::Ok)
        .with_field("Cache-Control", "no-store")
        .with_body(
            "text/plain; version=0.0.4; charset=utf-8",
            page(worker).into_bytes(),
        )
}

fn page(worker: &AppWorker) -> String {
    let app = &worker.app;
    let mut page = Page::default();
    for family in &FAMILIES {
        page.begin(family.name, family.kind, family.help);
        (family.samples)(app, &mut page);
    }
    page.requests(&app.metrics);
    page.text
}

/// A metric: its name, its type, and its values.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    /// Writes the current values.
    samples: fn(&App, &mut Page),
}

/// All metrics except those of requests, which have a value for each route.
const FAMILIES: [Family; 17] = [
    Family {
        name: "minicap_captchas_generated_total",
        kind: COUNTER,
        help: "Captchas handed out.",
        samples: |app, page| {
            page.sample("kind", "picture", load(&app.metrics.pictures));
            page.sample("kind", "sound", load(&app.metrics.sounds));
        },
    },
    Family {
        name: "minicap_answers_total",
        kind: COUNTER,
        help: "Answers checked, by verdict.",
        samples: |app, page| {
            page.sample("verdict", "right", load(&app.metrics.right));
            page.sample("verdict", "wrong", load(&app.metrics.wrong));
            page.sample("verdict", "unknown", load(&app.metrics.unknown));
        },
    },
    Family {
        name: "minicap_captchas_expired_total",
        kind: COUNTER,
        help: "Captchas that expired.",
        samples: |app, page| {
            if let Some(memory) = app.store.memory() {
                page.sample("", "", memory.counts().expired);
            }
        },
    },
    Family {
        name: "minicap_captchas_evicted_total",
        kind: COUNTER,
        help: "Captchas that ended early because the capacity was reached, for a newer one of the same client or of another.",
        samples: |app, page| {
            if let Some(memory) = app.store.memory() {
                let counts = memory.counts();
                page.sample("reason", "own", counts.evicted_own);
                page.sample("reason", "other", counts.evicted_other);
            }
        },
    },
    Family {
        name: "minicap_captchas_alive",
        kind: GAUGE,
        help: "Captchas that can be answered.",
        samples: |app, page| {
            if let Some(memory) = app.store.memory() {
                page.sample("", "", memory.counts().alive);
            }
        },
    },
    Family {
        name: "minicap_captchas_capacity",
        kind: GAUGE,
        help: "Most captchas that can be alive at a time.",
        samples: |app, page| {
            if let Some(memory) = app.store.memory() {
                page.sample("", "", memory.settings().capacity as u64);
            }
        },
    },
    Family {
        name: "minicap_store_exchanges_total",
        kind: COUNTER,
        help: "Requests to the store, by outcome.",
        samples: |app, page| {
            for outcome in Outcome::ALL {
                if let Some(valkey) = app.store.valkey() {
                    let count = valkey.figures().outcomes(outcome);
                    page.sample("outcome", outcome.name(), count);
                }
            }
        },
    },
    Family {
        name: "minicap_store_exchange_seconds",
        kind: HISTOGRAM,
        help: "Time from a request to the store to its reply or failure.",
        samples: |app, page| {
            if let Some(valkey) = app.store.valkey() {
                page.histogram("", valkey.figures().times());
            }
        },
    },
    Family {
        name: "minicap_store_connections_total",
        kind: COUNTER,
        help: "Connections made to the store.",
        samples: |app, page| {
            if let Some(valkey) = app.store.valkey() {
                page.sample("", "", valkey.figures().connections());
            }
        },
    },
    Family {
        name: "minicap_requests_waiting",
        kind: GAUGE,
        help: "Requests that wait for a worker.",
        samples: |app, page| page.sample("", "", app.figures.waiting()),
    },
    Family {
        name: "minicap_connections_open",
        kind: GAUGE,
        help: "Open connections.",
        samples: |app, page| page.sample("", "", app.figures.open()),
    },
    Family {
        name: "minicap_connections_max",
        kind: GAUGE,
        help: "Most connections that can be open at a time.",
        samples: |app, page| page.sample("", "", app.figures.connections_max()),
    },
    Family {
        name: "minicap_connections_closed_total",
        kind: COUNTER,
        help: "Connections closed, by reason.",
        samples: |app, page| {
            for reason in Reason::ALL {
                page.sample("reason", reason.name(), app.figures.closed(reason));
            }
        },
    },
    Family {
        name: "minicap_sent_bytes_total",
        kind: COUNTER,
        help: "Bytes sent, heads included.",
        samples: |app, page| page.sample("", "", app.figures.bytes_sent()),
    },
    Family {
        name: "minicap_build_info",
        kind: GAUGE,
        help: "Always 1; the label has the version.",
        samples: |_, page| page.sample("version", env!("CARGO_PKG_VERSION"), 1),
    },
    // These names are common to the metrics of all processes.
    Family {
        name: "process_start_time_seconds",
        kind: GAUGE,
        help: "Start of the process, in seconds since 1970.",
        samples: |app, page| page.sample("", "", app.metrics.began_secs),
    },
    Family {
        name: "process_resident_memory_bytes",
        kind: GAUGE,
        help: "Resident memory of the process, in bytes.",
        samples: |_, page| {
            if let Some(bytes) = resident_bytes() {
                page.sample("", "", bytes);
            }
        },
    },
];

const COUNTER: &str = "counter";
const GAUGE: &str = "gauge";
const HISTOGRAM: &str = "histogram";

/// Resident memory of the process in bytes (`proc(5)`, `VmRSS` in `status`); none if the system has no
/// such file.
fn resident_bytes() -> Option<u64> {
    let mut status = String::new();
    let file = File::open("/proc/self/status").ok()?;
    file.take(STATUS_BYTES_MAX)
        .read_to_string(&mut status)
        .ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The text so far; samples belong to the family that was started last.
#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
    /// The comment lines before the first sample of the family; empty once they are written.
    head: String,
}

impl Page {
    fn begin(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        self.head = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// A value, with one label where `label` is not empty.
    fn sample(&mut self, label: &str, text: &str, value: u64) {
        if label.is_empty() {
            self.line("", format_args!(""), &value);
        } else {
            self.line("", format_args!("{{{label}=\"{text}\"}}"), &value);
        }
    }

    fn requests(&mut self, metrics: &Metrics) {
        let names = ROUTES.iter().map(|route| route.path).chain(["none"]);
        let routes: Vec<_> = names.zip(&metrics.routes).collect();
        let help = "Requests answered, by route and class of status.";
        self.begin("minicap_requests_total", COUNTER, help);
        for (route, requests) in &routes {
            for (class, count) in CLASSES.iter().zip(&requests.by_class) {
                let labels = format_args!("{{route=\"{route}\",status=\"{class}\"}}");
                self.line("", labels, &load(count));
            }
        }
        let help = "Time from the last byte of a request to its response, by route.";
        self.begin("minicap_request_seconds", HISTOGRAM, help);
        for (route, requests) in &routes {
            self.histogram(&format!("route=\"{route}\""), &requests.times);
        }
    }

    /// The samples of a histogram, with a label of its own or none.
    fn histogram(&mut self, label: &str, histogram: &Histogram) {
        let comma = if label.is_empty() { "" } else { "," };
        let (counts, all) = histogram.counts();
        let bounds = BOUNDS.iter().map(|(_, bound)| *bound).chain(["+Inf"]);
        for (bound, count) in bounds.zip(counts.iter().chain([&all])) {
            let labels = format_args!("{{{label}{comma}le=\"{bound}\"}}");
            self.line("_bucket", labels, count);
        }
        let (open, close) = if label.is_empty() {
            ("", "")
        } else {
            ("{", "}")
        };
        let sum = histogram.sum();
        let seconds = format_args!("{}.{:09}", sum.as_secs(), sum.subsec_nanos());
        self.line("_sum", format_args!("{open}{label}{close}"), &seconds);
        self.line("_count", format_args!("{open}{label}{close}"), &all);
    }

    /// A value, with labels in braces or none. A family without values is left out.
    fn line(&mut self, suffix: &str, labels: fmt::Arguments, value: &dyn Display) {
        self.text.push_str(&mem::take(&mut self.head));
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{}{suffix}{labels} {value}", self.name);
    }
}

fn increment(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

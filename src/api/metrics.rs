//! Figures of the service, in the text format of Prometheus (version 0.0.4).

use std::fmt::{self, Display, Write as _};
use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{App, AppWorker, ROUTES, Request};
use crate::http::{Response, Status};
use crate::server::Reason;
use crate::store::Verdict;

/// Upper bounds of the latency buckets: from a verdict's microseconds to a queue of seconds.
const BUCKETS: [(Duration, &str); 10] = [
    (Duration::from_micros(100), "0.0001"),
    (Duration::from_micros(500), "0.0005"),
    (Duration::from_millis(1), "0.001"),
    (Duration::from_millis(2), "0.002"),
    (Duration::from_millis(5), "0.005"),
    (Duration::from_millis(10), "0.01"),
    (Duration::from_millis(50), "0.05"),
    (Duration::from_millis(200), "0.2"),
    (Duration::from_secs(1), "1"),
    (Duration::from_secs(5), "5"),
];

/// What is read of a file that has some sixty short lines.
const STATUS_BYTES_MAX: u64 = 16 * 1024;

/// Classes of statuses, by their first digit from 2 on.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// What is counted of requests, without a lock.
pub(super) struct Metrics {
    /// Seconds since 1970.
    began_secs: u64,
    /// One for each route, and one for requests to none of them.
    routes: [RouteMetrics; ROUTES.len() + 1],
    generated: AtomicU64,
    right: AtomicU64,
    wrong: AtomicU64,
    unknown: AtomicU64,
}

#[derive(Default)]
struct RouteMetrics {
    by_class: [AtomicU64; CLASSES.len()],
    /// Requests that took no longer than each bound and longer than the one before.
    by_time: [AtomicU64; BUCKETS.len()],
    nanos: AtomicU64,
}

impl Metrics {
    /// Nothing counted yet, by a process that has just begun.
    pub(super) fn new() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        Metrics {
            began_secs: since_epoch.unwrap_or_default().as_secs(),
            routes: Default::default(),
            generated: AtomicU64::default(),
            right: AtomicU64::default(),
            wrong: AtomicU64::default(),
            unknown: AtomicU64::default(),
        }
    }

    /// Counts a request to a route, or to none.
    pub(super) fn count_request(&self, route: Option<usize>, status: Status, time: Duration) {
        let Some(route) = self.routes.get(route.unwrap_or(ROUTES.len())) else {
            return;
        };
        let class = usize::from(status.code() / 100).saturating_sub(2);
        if let Some(count) = route.by_class.get(class) {
            increment(count);
        }
        // What is beyond the last bound is in the count of all alone.
        if let Some(bucket) = BUCKETS.iter().position(|(bound, _)| time <= *bound) {
            increment(&route.by_time[bucket]);
        }
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        route.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Counts a captcha that was handed out.
    pub(super) fn count_generated(&self) {
        increment(&self.generated);
    }

    /// Counts an answer that was judged.
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

/// Figures of one name.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    /// Writes the values that there are now.
    samples: fn(&App, &mut Page),
}

/// All figures but those of requests, which are told by route.
const FAMILIES: [Family; 14] = [
    Family {
        name: "minicap_captchas_generated_total",
        kind: COUNTER,
        help: "Captchas handed out.",
        samples: |app, page| page.sample("", "", load(&app.metrics.generated)),
    },
    Family {
        name: "minicap_answers_total",
        kind: COUNTER,
        help: "Answers judged, by verdict.",
        samples: |app, page| {
            page.sample("verdict", "right", load(&app.metrics.right));
            page.sample("verdict", "wrong", load(&app.metrics.wrong));
            page.sample("verdict", "unknown", load(&app.metrics.unknown));
        },
    },
    Family {
        name: "minicap_captchas_expired_total",
        kind: COUNTER,
        help: "Captchas whose lifetime ended.",
        samples: |app, page| {
            if let Some(memory) = app.store.memory() {
                page.sample("", "", memory.counts().expired);
            }
        },
    },
    Family {
        name: "minicap_captchas_evicted_total",
        kind: COUNTER,
        help: "Captchas that made room for newer ones, of the same client or of another.",
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
        help: "Captchas that can be alive at a time.",
        samples: |app, page| {
            if let Some(memory) = app.store.memory() {
                page.sample("", "", memory.settings().capacity as u64);
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
        help: "Connections that are open.",
        samples: |app, page| page.sample("", "", app.figures.open()),
    },
    Family {
        name: "minicap_connections_max",
        kind: GAUGE,
        help: "Connections that can be open at a time.",
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
        help: "Always 1; what runs here.",
        samples: |_, page| page.sample("version", env!("CARGO_PKG_VERSION"), 1),
    },
    // By the names that monitoring systems have for every process.
    Family {
        name: "process_start_time_seconds",
        kind: GAUGE,
        help: "When the process began, in seconds since 1970.",
        samples: |app, page| page.sample("", "", app.metrics.began_secs),
    },
    Family {
        name: "process_resident_memory_bytes",
        kind: GAUGE,
        help: "Memory that the process has, in bytes.",
        samples: |_, page| {
            if let Some(bytes) = resident_bytes() {
                page.sample("", "", bytes);
            }
        },
    },
];

const COUNTER: &str = "counter";
const GAUGE: &str = "gauge";

/// Bytes of memory that the process has; none where the system does not say (`proc(5)`, `VmRSS` in
/// `status`).
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

/// The page as it is written; samples belong to the family that was begun last.
#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    fn begin(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        // Writing to a string cannot fail, here and below.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// A value, with one label where `label` is not empty.
    fn sample(&mut self, label: &str, text: &str, value: u64) {
        let Page { name, .. } = self;
        let _ = if label.is_empty() {
            writeln!(self.text, "{name} {value}")
        } else {
            writeln!(self.text, "{name}{{{label}=\"{text}\"}} {value}")
        };
    }

    fn requests(&mut self, metrics: &Metrics) {
        let names = ROUTES.iter().map(|route| route.path).chain(["none"]);
        let routes: Vec<_> = names.zip(&metrics.routes).collect();
        let help = "Requests, by route and class of status.";
        self.begin("minicap_requests_total", COUNTER, help);
        for (route, requests) in &routes {
            for (class, count) in CLASSES.iter().zip(&requests.by_class) {
                self.sample_of("", route, format_args!(",status=\"{class}\""), &load(count));
            }
        }
        let help = "Time from a request's last byte to its answer, by route.";
        self.begin("minicap_request_seconds", "histogram", help);
        for (route, requests) in &routes {
            let mut within = 0;
            for ((_, bound), count) in BUCKETS.iter().zip(&requests.by_time) {
                within += load(count);
                self.sample_of("_bucket", route, format_args!(",le=\"{bound}\""), &within);
            }
            // Summed after the buckets were read, so that none of them can exceed it.
            let all: u64 = requests.by_class.iter().map(load).sum();
            let all = all.max(within);
            self.sample_of("_bucket", route, format_args!(",le=\"+Inf\""), &all);
            let nanos = load(&requests.nanos);
            let (secs, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
            let seconds = format_args!("{secs}.{nanos:09}");
            self.sample_of("_sum", route, format_args!(""), &seconds);
            self.sample_of("_count", route, format_args!(""), &all);
        }
    }

    /// A value of a route, by another label as well.
    fn sample_of(&mut self, suffix: &str, route: &str, label: fmt::Arguments, value: &dyn Display) {
        let name = self.name;
        let _ = writeln!(
            self.text,
            "{name}{suffix}{{route=\"{route}\"{label}}} {value}"
        );
    }
}

fn increment(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

//! Figures of the service, in the text format of Prometheus (version 0.0.4).

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{AppWorker, ROUTES, Request};
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
    let (metrics, counts, figures) = (&app.metrics, app.store.counts(), &app.figures);
    let mut page = Page::default();
    page.family(
        "minicap_captchas_generated_total",
        "counter",
        "Captchas handed out.",
    );
    page.sample("", counts.generated);
    page.family(
        "minicap_answers_total",
        "counter",
        "Answers judged, by verdict.",
    );
    for (verdict, count) in [
        ("right", &metrics.right),
        ("wrong", &metrics.wrong),
        ("unknown", &metrics.unknown),
    ] {
        page.sample(&format!("verdict=\"{verdict}\""), load(count));
    }
    page.family(
        "minicap_captchas_expired_total",
        "counter",
        "Captchas whose lifetime ended.",
    );
    page.sample("", counts.expired);
    page.family(
        "minicap_captchas_evicted_total",
        "counter",
        "Captchas that made room for newer ones, of the same client or of another.",
    );
    page.sample("reason=\"own\"", counts.evicted_own);
    page.sample("reason=\"other\"", counts.evicted_other);
    page.family(
        "minicap_captchas_alive",
        "gauge",
        "Captchas that can be answered.",
    );
    page.sample("", counts.alive);
    page.family(
        "minicap_captchas_capacity",
        "gauge",
        "Captchas that can be alive at a time.",
    );
    page.sample("", app.store.settings().capacity as u64);
    page.requests(metrics);
    page.family(
        "minicap_requests_waiting",
        "gauge",
        "Requests that wait for a worker.",
    );
    page.sample("", figures.waiting());
    page.family(
        "minicap_connections_open",
        "gauge",
        "Connections that are open.",
    );
    page.sample("", figures.open());
    page.family(
        "minicap_connections_max",
        "gauge",
        "Connections that can be open at a time.",
    );
    page.sample("", app.settings.connections_max as u64);
    page.family(
        "minicap_connections_closed_total",
        "counter",
        "Connections closed, by reason.",
    );
    for reason in Reason::ALL {
        page.sample(
            &format!("reason=\"{}\"", reason.name()),
            figures.closed(reason),
        );
    }
    page.family(
        "minicap_sent_bytes_total",
        "counter",
        "Bytes sent, heads included.",
    );
    page.sample("", figures.bytes_sent());
    page.family("minicap_build_info", "gauge", "Always 1; what runs here.");
    page.sample(concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""), 1);
    page.process(metrics);
    page.text
}

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
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        // Writing to a string cannot fail, here and below.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, labels: &str, value: u64) {
        self.sample_of("", labels, value);
    }

    fn sample_of(&mut self, suffix: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = if labels.is_empty() {
            writeln!(self.text, "{}{suffix} {value}", self.name)
        } else {
            writeln!(self.text, "{}{suffix}{{{labels}}} {value}", self.name)
        };
    }

    /// What says how the process is, by the names that monitoring systems know it by.
    fn process(&mut self, metrics: &Metrics) {
        let help = "When the process began, in seconds since 1970.";
        self.family("process_start_time_seconds", "gauge", help);
        self.sample("", metrics.began_secs);
        if let Some(bytes) = resident_bytes() {
            let help = "Memory that the process has, in bytes.";
            self.family("process_resident_memory_bytes", "gauge", help);
            self.sample("", bytes);
        }
    }

    fn requests(&mut self, metrics: &Metrics) {
        let names = ROUTES.iter().map(|route| route.path).chain(["none"]);
        let routes: Vec<_> = names.zip(&metrics.routes).collect();
        self.family(
            "minicap_requests_total",
            "counter",
            "Requests, by route and class of status.",
        );
        for (name, route) in &routes {
            for (class, count) in CLASSES.iter().zip(&route.by_class) {
                self.sample(&format!("route=\"{name}\",status=\"{class}\""), load(count));
            }
        }
        let help = "Time from a request's last byte to its answer, by route.";
        self.family("minicap_request_seconds", "histogram", help);
        for (name, route) in &routes {
            let mut within = 0;
            for ((_, bound), count) in BUCKETS.iter().zip(&route.by_time) {
                within += load(count);
                self.sample_of(
                    "_bucket",
                    &format!("route=\"{name}\",le=\"{bound}\""),
                    within,
                );
            }
            // Summed after the buckets were read, so that none of them can exceed it.
            let all: u64 = route.by_class.iter().map(load).sum();
            let all = all.max(within);
            self.sample_of("_bucket", &format!("route=\"{name}\",le=\"+Inf\""), all);
            let nanos = load(&route.nanos);
            let seconds = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            self.sample_of("_sum", &format!("route=\"{name}\""), seconds);
            self.sample_of("_count", &format!("route=\"{name}\""), all);
        }
    }
}

fn increment(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

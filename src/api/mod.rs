//! The service: what each route means. Joins pictures, the store and the JSON codec, and words
//! every answer; knows no socket.

mod base64;
mod cors;
mod docs;
mod error;
mod forgive;
mod generate;
mod metrics;
mod siteverify;
mod validate;

use std::sync::Arc;
use std::time::Instant;

pub use cors::Cors;
use metrics::Metrics;

use crate::captcha::{self, Font, Painter};
use crate::entropy::Entropy;
use crate::http::{Head, Method, Response, Status};
use crate::log::Log;
use crate::server::{Cost, Figures, Handler, Refusal, Request, Worker};
use crate::store::{self, Store};

/// The media type of captchas as JSON, of verdicts and of refusals.
const JSON: &str = "application/json";

/// Longest body of a usual request: three times what an honest answer to a captcha takes. What a
/// longer one makes the codec do may cost more than a picture.
const USUAL_BODY_BYTES_MAX: usize = 256;

/// Longest head of a usual request, cookies included. What a longer one asks for may cost half a
/// picture to work out.
const USUAL_HEAD_BYTES_MAX: usize = 4 * 1024;

/// What the operator decides about captchas and who may ask for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The captchas; their theme is what a request may choose.
    pub captcha: captcha::Settings,
    /// The text of every captcha, for tests of what is built upon the service.
    pub test_text: Option<String>,
    /// Which other origins' pages may use the service.
    pub cors: Cors,
    /// Whether the service explains itself: the page and the `OpenAPI` document.
    pub docs: bool,
    /// Whether the widget is there.
    pub widget: bool,
    /// What backends made for other services show; without it, they are not served.
    pub siteverify_secret: Option<String>,
    /// What stands before every path, such as `/captcha`, or nothing.
    pub path: String,
}

/// The service's parts that all workers share.
pub struct App {
    settings: Settings,
    /// The place of the listener that is for `/metrics`, if there is one of its own.
    metrics_listener: Option<usize>,
    store: Store,
    font: Arc<Font>,
    metrics: Metrics,
    /// The server's own.
    figures: Arc<Figures>,
    log: Log,
}

/// One worker thread's part of the service.
pub struct AppWorker {
    app: Arc<App>,
    store: store::Handle,
    painter: Painter,
    entropy: Entropy,
}

struct Route {
    path: &'static str,
    /// The methods that it answers, as the `Allow` field lists them.
    allow: &'static str,
    /// Whether its answer to a usual request takes microseconds.
    is_cheap: bool,
    /// Whether it is there for people who integrate the service, and can be switched off.
    is_docs: bool,
    answer: fn(&mut AppWorker, &Request) -> Response,
}

/// Where the figures are.
const METRICS: &str = "/metrics";

/// What `OPTIONS` asks about the server as a whole.
const ANY: &str = "*";

/// Paths that have a switch of their own.
const SITEVERIFY: &str = "/siteverify";
const WIDGET: &str = "/widget.js";

/// Every path there is. One that ends in a slash is answered without it as well.
const ROUTES: [Route; 12] = [
    Route {
        path: "/api/captcha/generate/",
        allow: "POST",
        is_cheap: false,
        is_docs: false,
        answer: generate::answer,
    },
    Route {
        path: "/api/captcha/validate/",
        allow: "POST",
        is_cheap: true,
        is_docs: false,
        answer: validate::answer,
    },
    Route {
        path: SITEVERIFY,
        allow: "POST",
        is_cheap: true,
        is_docs: false,
        answer: siteverify::answer,
    },
    Route {
        path: "/healthz",
        allow: "GET, HEAD",
        is_cheap: true,
        is_docs: false,
        answer: health,
    },
    Route {
        path: METRICS,
        allow: "GET, HEAD",
        is_cheap: false,
        is_docs: false,
        answer: metrics::answer,
    },
    Route {
        path: "/",
        allow: "GET, HEAD",
        is_cheap: true,
        is_docs: true,
        answer: docs::page,
    },
    Route {
        path: "/docs",
        allow: "GET, HEAD",
        is_cheap: true,
        is_docs: true,
        answer: docs::page,
    },
    Route {
        path: "/docs/",
        allow: "GET, HEAD",
        is_cheap: true,
        is_docs: true,
        answer: |_, _| docs::moved("../docs"),
    },
    Route {
        path: "/redoc",
        allow: "GET, HEAD",
        is_cheap: true,
        is_docs: true,
        answer: |_, _| docs::moved("docs"),
    },
    Route {
        path: "/openapi.json",
        allow: "GET, HEAD",
        is_cheap: true,
        is_docs: true,
        answer: docs::openapi,
    },
    Route {
        path: WIDGET,
        allow: "GET, HEAD",
        is_cheap: true,
        is_docs: false,
        answer: docs::widget,
    },
    Route {
        path: ANY,
        allow: "OPTIONS",
        is_cheap: true,
        is_docs: false,
        answer: server_options,
    },
];

impl App {
    /// A service over these parts. `metrics_listener` is the place of the listener that is for
    /// `/metrics`, if there is one of its own.
    #[must_use]
    pub fn new(
        settings: Settings,
        metrics_listener: Option<usize>,
        store: Store,
        font: Arc<Font>,
        figures: Arc<Figures>,
        log: Log,
    ) -> Self {
        App {
            settings,
            metrics_listener,
            store,
            font,
            metrics: Metrics::new(),
            figures,
            log,
        }
    }

    /// The place of the route that a request is for.
    fn place(&self, head: &Head) -> Option<usize> {
        let path = head.target.path.as_slice();
        let below = path.strip_prefix(self.settings.path.as_bytes());
        Route::find(if path == b"*" { path } else { below? })
    }

    /// The route to what a request asks for, or the answer if there is none: it is unknown, or the
    /// request asks what is allowed there (RFC 9110 section 9.3.7), as load balancers do to see
    /// whether a server is well.
    fn find(&self, request: &Request) -> Result<&'static Route, Response> {
        let head = &request.head;
        let route = self.place(head).map(|route| &ROUTES[route]);
        let Some(route) = route.filter(|route| self.has(route, request.listener)) else {
            return Err(error::response(Status::NotFound, "Not Found"));
        };
        if head.method == Method::Options && route.path != ANY {
            let allow = format!("{}, OPTIONS", route.allow);
            return Err(Response::new(Status::Ok).with_field("Allow", allow));
        }
        if !route.allows(&head.method) {
            let refusal = error::response(Status::MethodNotAllowed, "Method Not Allowed");
            return Err(refusal.with_field("Allow", route.allow));
        }
        Ok(route)
    }

    /// Whether there is a route for those who have connected to a listener. Where `/metrics` has a
    /// listener of its own it is there alone, with nothing but `/healthz`.
    fn has(&self, route: &Route, listener: usize) -> bool {
        let is_here = match self.metrics_listener {
            None => true,
            Some(own) if own == listener => route.is_of_monitoring(),
            Some(_) => route.path != METRICS,
        };
        is_here && route.is_served(&self.settings)
    }

    /// Counts and logs a request that was answered.
    fn record(&self, head: Option<&Head>, response: &Response, received: Instant) {
        let time = received.elapsed();
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let route = head.and_then(|head| self.place(head));
        self.metrics.count_request(route, response.status, time);
        let method = head.map_or("-", |head| head.method.as_str());
        let path = head.map_or("-".into(), |head| {
            String::from_utf8_lossy(&head.target.path)
        });
        let is_asked_for_ever = route.is_some_and(|route| ROUTES[route].is_of_monitoring());
        let log = if is_asked_for_ever {
            Log::debug
        } else {
            Log::info
        };
        log(
            &self.log,
            "request",
            &[
                ("method", &method),
                ("path", &path),
                ("status", &response.status.code()),
                ("bytes", &response.body.len()),
                ("us", &micros),
            ],
        );
    }
}

impl Handler for App {
    type Worker = AppWorker;

    fn worker(self: &Arc<Self>) -> AppWorker {
        AppWorker {
            app: Arc::clone(self),
            store: self.store.handle(),
            painter: Painter::new(Arc::clone(&self.font)),
            entropy: Entropy::default(),
        }
    }

    /// Refusals and preflights, which look at the head alone.
    fn answer_at_once(&self, request: &Request) -> Option<Response> {
        let cors = &self.settings.cors;
        let response = if let Some(response) = cors.preflight(&request.head) {
            response
        } else {
            let mut response = self.find(request).err()?;
            cors.share(&mut response, &request.head);
            response
        };
        self.record(Some(&request.head), &response, request.received);
        Some(response)
    }

    /// By `tests/load/costs.py`, which has the figures.
    fn cost(&self, request: &Request) -> Cost {
        let Request { head, body, .. } = request;
        if USUAL_BODY_BYTES_MAX < body.len() || USUAL_HEAD_BYTES_MAX < head.fields.bytes() {
            return Cost::Double;
        }
        match self.find(request) {
            Ok(route) if route.is_cheap => Cost::Cheap,
            _ => Cost::Usual,
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let mut response = error::response(refusal.status, refusal.reason);
        if let Some(head) = &refusal.head {
            self.settings.cors.share(&mut response, head);
        }
        self.record(refusal.head.as_ref(), &response, refusal.received);
        response
    }
}

impl Worker for AppWorker {
    fn answer(&mut self, request: &Request) -> Response {
        let head = &request.head;
        let mut response = match self.app.find(request) {
            Ok(route) => (route.answer)(self, request),
            Err(refusal) => refusal,
        };
        self.app.settings.cors.share(&mut response, head);
        self.app.record(Some(head), &response, request.received);
        response
    }
}

impl Route {
    /// The place of the route for a path.
    fn find(path: &[u8]) -> Option<usize> {
        ROUTES.iter().position(|route| route.matches(path))
    }

    /// Whether it is asked for every few seconds by programs that watch the service.
    fn is_of_monitoring(&self) -> bool {
        matches!(self.path, "/healthz" | METRICS)
    }

    /// Whether the operator has it switched on.
    fn is_served(&self, settings: &Settings) -> bool {
        match self.path {
            WIDGET => settings.widget,
            SITEVERIFY => settings.siteverify_secret.is_some(),
            _ => settings.docs || !self.is_docs,
        }
    }

    fn matches(&self, path: &[u8]) -> bool {
        let own = self.path.as_bytes();
        own == path || own.strip_suffix(b"/") == Some(path)
    }

    fn allows(&self, method: &Method) -> bool {
        self.allow
            .split(", ")
            .any(|allowed| allowed == method.as_str())
    }
}

/// Well is who accepts connections, has a worker free for this, and can use the store.
fn health(worker: &mut AppWorker, _: &Request) -> Response {
    let (status, body): (_, &[u8]) = if worker.app.figures.is_stopping() {
        (Status::ServiceUnavailable, br#"{"status":"stopping"}"#)
    } else if worker.store.check().is_err() {
        (Status::ServiceUnavailable, br#"{"status":"store"}"#)
    } else {
        (Status::Ok, br#"{"status":"ok"}"#)
    };
    Response::new(status)
        .with_field("Cache-Control", "no-store")
        .with_body(JSON, body)
}

/// `OPTIONS *` asks for what the server as a whole can do (RFC 9110 section 9.3.7).
fn server_options(_: &mut AppWorker, _: &Request) -> Response {
    Response::new(Status::Ok).with_field("Allow", "GET, HEAD, POST, OPTIONS")
}

//! The routes of the service: what each request means, and how it is answered. Joins pictures, sounds, the
//! store and the JSON codec, and knows no sockets. The paths, statuses and texts of the two main requests
//! are those of the reference, which [the crate](crate) introduces.

mod base64;
mod cors;
mod docs;
mod error;
mod forgive;
mod generate;
mod medium;
mod metrics;
mod route;
mod siteverify;
mod validate;

use std::sync::Arc;
use std::time::Instant;

pub use cors::Cors;
use metrics::Metrics;
use route::{Purpose, Route, RouteId};

use crate::captcha::{self, Font, Painter};
use crate::entropy::Entropy;
use crate::http::{Head, Method, Methods, Response, Status};
use crate::log::Log;
use crate::server::{Cost, Figures, Handler, Refusal, Request, Routed, Worker};
use crate::sound::{Speaker, Voices};
use crate::store::{self, Store};

/// The media type of captchas in JSON, verdicts and errors.
const JSON: &str = "application/json";

/// Longest body of a request of usual cost: three times the size of a usual answer. To parse a longer one
/// may cost more than a picture.
const USUAL_BODY_BYTES_MAX: usize = 256;

/// Longest head of a request of usual cost, cookies included. To parse a longer one may cost half a
/// picture.
const USUAL_HEAD_BYTES_MAX: usize = 4 * 1024;

/// What the operator sets about captchas and routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The captchas; the theme is that of requests that name none.
    pub captcha: captcha::Settings,
    /// Whether there are sounds beside pictures.
    pub audio: bool,
    /// Number of digits in a sound.
    pub audio_length: usize,
    /// The text of every captcha, for automated tests.
    pub test_text: Option<String>,
    /// The origins whose pages may use the service.
    pub cors: Cors,
    /// Whether the page and the `OpenAPI` document are served.
    pub docs: bool,
    /// Whether the widget is served.
    pub widget: bool,
    /// The secret that backends send to `/siteverify`; without it, that route is not served.
    pub siteverify_secret: Option<String>,
    /// The prefix of every path, such as `/captcha`, or nothing.
    pub path: String,
}

/// The parts of the service that all workers share.
pub struct App {
    settings: Settings,
    /// The place of the listener that is for `/metrics`, if there is one of its own.
    metrics_listener: Option<usize>,
    store: Store,
    font: Arc<Font>,
    /// None without `--audio on`.
    voices: Option<Arc<Voices>>,
    metrics: Metrics,
    /// The counters of the server.
    figures: Arc<Figures>,
    log: Log,
}

/// One worker thread's part of the service.
pub struct AppWorker {
    app: Arc<App>,
    store: store::Handle,
    painter: Painter,
    /// None without `--audio on`.
    speaker: Option<Speaker>,
    entropy: Entropy,
}

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
        let voices = settings.audio.then(|| Arc::new(Voices::new()));
        App {
            settings,
            metrics_listener,
            store,
            font,
            voices,
            metrics: Metrics::new(),
            figures,
            log,
        }
    }

    /// The route of a path, whether it is served or not.
    fn find(&self, head: &Head) -> Option<RouteId> {
        RouteId::find(&head.target.path, &self.settings.path)
    }

    /// The route, if it is served and has the request's method. Otherwise the response: 404, 405, or
    /// to OPTIONS the allowed methods (RFC 9110 section 9.3.7), which some load balancers use as a
    /// health check.
    fn admit(&self, found: Option<RouteId>, request: &Request) -> Result<RouteId, Response> {
        let is_here = |id: &RouteId| self.has(id.route().purpose, request.listener);
        let Some(id) = found.filter(is_here) else {
            return Err(error::response(Status::NotFound, "Not Found"));
        };
        let (method, methods) = (&request.head.method, id.route().methods);
        if methods.contains(method) {
            return Ok(id);
        }
        let (response, allowed) = if *method == Method::Options {
            (Response::new(Status::Ok), methods.and(Methods::OPTIONS))
        } else {
            let refusal = error::response(Status::MethodNotAllowed, "Method Not Allowed");
            (refusal, methods)
        };
        Err(response.with_field("Allow", allowed.to_string()))
    }

    /// Whether routes of this purpose are served on a listener. If `/metrics` has its own listener, it
    /// is served there alone, and nothing else but `/healthz` is served there.
    fn has(&self, purpose: Purpose, listener: usize) -> bool {
        let is_here = match self.metrics_listener {
            None => true,
            Some(own) if own == listener => purpose.is_monitoring(),
            Some(_) => purpose != Purpose::Metrics,
        };
        is_here && purpose.is_on(&self.settings)
    }

    /// Adds the CORS fields to a response, counts it and logs it.
    fn finish(
        &self,
        mut response: Response,
        request: &Request,
        route: Option<RouteId>,
    ) -> Response {
        self.settings.cors.share(&mut response, &request.head);
        self.record(Some(&request.head), route, &response, request.received);
        response
    }

    /// The most that a request may cost; `tests/load/costs.py` measures it.
    fn cost(&self, route: &Route, request: &Request) -> Cost {
        let Request { head, body, .. } = request;
        if USUAL_BODY_BYTES_MAX < body.len() || USUAL_HEAD_BYTES_MAX < head.fields.bytes() {
            return Cost::Double;
        }
        match route.purpose {
            Purpose::Generate if self.voices.is_some() => generate::cost(request),
            _ => route.cost,
        }
    }

    /// Counts and logs a request that was answered.
    fn record(
        &self,
        head: Option<&Head>,
        route: Option<RouteId>,
        response: &Response,
        received: Instant,
    ) {
        let time = received.elapsed();
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.metrics.count_request(route, response.status, time);
        let method = head.map_or("-", |head| head.method.as_str());
        let path = head.map_or("-".into(), |head| {
            String::from_utf8_lossy(&head.target.path)
        });
        let is_monitoring = route.is_some_and(|id| id.route().purpose.is_monitoring());
        let log = if is_monitoring { Log::debug } else { Log::info };
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
    type Route = RouteId;
    type Worker = AppWorker;

    fn worker(self: &Arc<Self>) -> AppWorker {
        AppWorker {
            app: Arc::clone(self),
            store: self.store.handle(),
            painter: Painter::new(Arc::clone(&self.font)),
            speaker: self.voices.clone().map(Speaker::new),
            entropy: Entropy::default(),
        }
    }

    /// Answers preflights and requests without a route here, since they need no worker.
    fn route(&self, request: &Request) -> Routed<RouteId> {
        let head = &request.head;
        let found = self.find(head);
        if let Some(response) = self.settings.cors.preflight(head) {
            self.record(Some(head), found, &response, request.received);
            return Routed::Answered(response);
        }
        match self.admit(found, request) {
            Ok(route) => Routed::ToWorker {
                route,
                cost: self.cost(route.route(), request),
            },
            Err(response) => Routed::Answered(self.finish(response, request, found)),
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let mut response = error::response(refusal.status, refusal.reason);
        let head = refusal.head.as_ref();
        if let Some(head) = head {
            self.settings.cors.share(&mut response, head);
        }
        let route = head.and_then(|head| self.find(head));
        self.record(head, route, &response, refusal.received);
        response
    }

    fn fail(&self, request: &Request, route: RouteId) -> Response {
        let response = error::internal();
        self.finish(response, request, Some(route))
    }
}

impl Worker for AppWorker {
    type Route = RouteId;

    fn answer(&mut self, request: &Request, route: RouteId) -> Response {
        let response = (route.route().answer)(self, request);
        self.app.finish(response, request, Some(route))
    }
}

/// The service is healthy if it is not stopping, a worker answers this, and the store can be used.
fn health(worker: &mut AppWorker, _: &Request) -> Response {
    let (status, body): (_, &[u8]) = if worker.app.figures.is_stopping() {
        (Status::ServiceUnavailable, br#"{"status":"stopping"}"#)
    } else if worker.store.check(Instant::now()).is_err() {
        (
            Status::ServiceUnavailable,
            br#"{"status":"store_unavailable"}"#,
        )
    } else {
        (Status::Ok, br#"{"status":"ok"}"#)
    };
    Response::new(status)
        .with_field("Cache-Control", "no-store")
        .with_body(JSON, body)
}

/// `OPTIONS *` asks for the methods that the server knows (RFC 9110 section 9.3.7).
fn server_options(_: &mut AppWorker, _: &Request) -> Response {
    Response::new(Status::Ok).with_field("Allow", Methods::ALL.to_string())
}

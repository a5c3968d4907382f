//! The table of routes: path, methods, purpose, cost, and the function that answers. Does not know
//! what these functions do.

use super::{AppWorker, Settings, docs, generate, metrics, siteverify, validate};
use crate::http::{Methods, Response};
use crate::server::{Cost, Request};

const POST: Methods = Methods::POST;
const READ: Methods = Methods::GET.and(Methods::HEAD);

/// A path and how it is answered.
pub(super) struct Route {
    pub(super) path: &'static str,
    /// The methods that it answers.
    pub(super) methods: Methods,
    pub(super) purpose: Purpose,
    /// The cost of answering a usual request.
    pub(super) cost: Cost,
    pub(super) answer: fn(&mut AppWorker, &Request) -> Response,
}

/// What a route is for. That decides which option enables it ([`Purpose::is_on`]), and on which listener
/// it is served (`App::has`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// New captchas; always enabled.
    Generate,
    /// Checks of answers and `OPTIONS *`; always enabled.
    Service,
    /// Backends written for other services.
    Siteverify,
    /// People who integrate the service.
    Docs,
    /// Pages with a form.
    Widget,
    /// Health checks; always enabled.
    Health,
    /// Monitoring; always enabled.
    Metrics,
}

/// A route, as its index in the table; its counters have the same index.
#[derive(Clone, Copy)]
pub struct RouteId(usize);

/// All paths. One that ends in a slash is also answered without it.
pub(super) static ROUTES: [Route; 13] = [
    Route {
        path: "/api/captcha/generate/",
        methods: POST,
        purpose: Purpose::Generate,
        cost: Cost::Usual,
        answer: generate::answer,
    },
    Route {
        path: "/api/captcha/validate/",
        methods: POST,
        purpose: Purpose::Service,
        cost: Cost::Cheap,
        answer: validate::answer,
    },
    Route {
        path: "/siteverify",
        methods: POST,
        purpose: Purpose::Siteverify,
        cost: Cost::Cheap,
        answer: siteverify::answer,
    },
    Route {
        path: "/healthz",
        methods: READ,
        purpose: Purpose::Health,
        cost: Cost::Cheap,
        answer: super::health,
    },
    Route {
        path: "/metrics",
        methods: READ,
        purpose: Purpose::Metrics,
        cost: Cost::Usual,
        answer: metrics::answer,
    },
    Route {
        path: "/",
        methods: READ,
        purpose: Purpose::Docs,
        cost: Cost::Cheap,
        answer: docs::page,
    },
    Route {
        path: "/docs",
        methods: READ,
        purpose: Purpose::Docs,
        cost: Cost::Cheap,
        answer: docs::page,
    },
    Route {
        path: "/docs/",
        methods: READ,
        purpose: Purpose::Docs,
        cost: Cost::Cheap,
        answer: |_, _| docs::moved("../docs"),
    },
    Route {
        path: "/redoc",
        methods: READ,
        purpose: Purpose::Docs,
        cost: Cost::Cheap,
        answer: |_, _| docs::moved("docs"),
    },
    Route {
        path: "/font.ttf",
        methods: READ,
        purpose: Purpose::Docs,
        cost: Cost::Cheap,
        answer: docs::font,
    },
    Route {
        path: "/openapi.json",
        methods: READ,
        purpose: Purpose::Docs,
        cost: Cost::Cheap,
        answer: docs::openapi,
    },
    Route {
        path: "/widget.js",
        methods: READ,
        purpose: Purpose::Widget,
        cost: Cost::Cheap,
        answer: docs::widget,
    },
    // The target of OPTIONS that stands for the server as a whole.
    Route {
        path: "*",
        methods: Methods::OPTIONS,
        purpose: Purpose::Service,
        cost: Cost::Cheap,
        answer: super::server_options,
    },
];

impl RouteId {
    /// The route of a path that begins with `prefix`.
    pub(super) fn find(path: &[u8], prefix: &str) -> Option<Self> {
        let path = match path {
            // Not a path, so it has no prefix.
            b"*" => path,
            _ => path
                .strip_prefix(prefix.as_bytes())
                .filter(|below| *below != b"*")?,
        };
        let place = ROUTES.iter().position(|route| route.matches(path));
        place.map(RouteId)
    }

    pub(super) fn place(self) -> usize {
        self.0
    }

    pub(super) fn route(self) -> &'static Route {
        &ROUTES[self.0]
    }
}

impl Route {
    fn matches(&self, path: &[u8]) -> bool {
        let own = self.path.as_bytes();
        own == path || own.strip_suffix(b"/") == Some(path)
    }
}

impl Purpose {
    /// Whether the settings enable it.
    pub(super) fn is_on(self, settings: &Settings) -> bool {
        match self {
            Purpose::Generate | Purpose::Service | Purpose::Health | Purpose::Metrics => true,
            Purpose::Siteverify => settings.siteverify_secret.is_some(),
            Purpose::Docs => settings.docs,
            Purpose::Widget => settings.widget,
        }
    }

    /// Whether monitoring requests it every few seconds.
    pub(super) fn is_monitoring(self) -> bool {
        matches!(self, Purpose::Health | Purpose::Metrics)
    }
}

//! The table of routes: every path, the methods it answers, whom it is for, and the function that
//! answers. Knows nothing of what these functions do.

use super::{AppWorker, Settings, docs, generate, metrics, siteverify, validate};
use crate::http::{Methods, Response};
use crate::server::{Cost, Request};

const POST: Methods = Methods::POST;
const READ: Methods = Methods::GET.and(Methods::HEAD);

/// A path, and what is there.
pub(super) struct Route {
    pub(super) path: &'static str,
    /// The methods that it answers.
    pub(super) methods: Methods,
    pub(super) purpose: Purpose,
    /// Of its answer to a usual request: cheap is what takes microseconds.
    pub(super) cost: Cost,
    pub(super) answer: fn(&mut AppWorker, &Request) -> Response,
}

/// What a route is for: that decides where it is served, and by which switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// New captchas, which are always there.
    Generate,
    /// The rest of the service itself, which is always there.
    Service,
    /// Backends that were made for other services.
    Siteverify,
    /// People who integrate the service.
    Docs,
    /// Pages with a form.
    Widget,
    /// Whoever watches whether the service is well.
    Health,
    /// Whoever watches its figures.
    Metrics,
}

/// A route, by its place in the table, where what is counted of it stands as well.
#[derive(Clone, Copy)]
pub struct RouteId(usize);

/// Every path there is. One that ends in a slash is answered without it as well.
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
    // What OPTIONS asks about the server as a whole.
    Route {
        path: "*",
        methods: Methods::OPTIONS,
        purpose: Purpose::Service,
        cost: Cost::Cheap,
        answer: super::server_options,
    },
];

impl RouteId {
    /// The route for a target's path, where `prefix` stands before every path.
    pub(super) fn find(path: &[u8], prefix: &str) -> Option<Self> {
        let path = match path {
            // Is no path, so nothing stands before it.
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
    /// Whether the operator has it switched on.
    pub(super) fn is_on(self, settings: &Settings) -> bool {
        match self {
            Purpose::Generate | Purpose::Service | Purpose::Health | Purpose::Metrics => true,
            Purpose::Siteverify => settings.siteverify_secret.is_some(),
            Purpose::Docs => settings.docs,
            Purpose::Widget => settings.widget,
        }
    }

    /// Whether it is asked for every few seconds by programs that watch the service.
    pub(super) fn is_monitoring(self) -> bool {
        matches!(self, Purpose::Health | Purpose::Metrics)
    }
}

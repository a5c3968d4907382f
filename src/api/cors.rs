//! CORS: which origins' pages may use the service (Fetch Standard, section 3.3, "CORS protocol").

use std::borrow::Cow;

use crate::http::{Head, Method, Methods, Response, Status};

const ALLOWED_METHODS: Methods = Methods::GET.and(Methods::POST);

/// Request headers that a page may set: the safelisted ones and, for JSON bodies, `Content-Type`.
const ALLOWED_FIELDS: &str = "Accept, Accept-Language, Content-Language, Content-Type";

/// Response headers that a page may read.
const EXPOSED_FIELDS: &str = "captcha-id, captcha-attempts-left";

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

/// How long a browser may remember the response to a preflight.
const MAX_AGE_SECS: &str = "600";

/// The origins whose pages may use the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Every origin.
    Any,
    /// These, spelled as browsers send them, such as `https://shop.example`.
    Only(Vec<String>),
    /// None but the service's own.
    #[default]
    Off,
}

impl Cors {
    /// The response to a preflight, if `head` is one: OPTIONS with both `Origin` and
    /// `Access-Control-Request-Method`, on any path.
    pub(super) fn preflight(&self, head: &Head) -> Option<Response> {
        if *self == Cors::Off || head.method != Method::Options {
            return None;
        }
        let origin = head.fields.get("origin")?;
        let method = head.fields.get("access-control-request-method")?;
        let headers = head.fields.get("access-control-request-headers");
        let private = head.fields.get("access-control-request-private-network");
        let failures: Vec<&str> = [
            ("origin", self.allowed_origin(origin).is_some()),
            (
                "method",
                ALLOWED_METHODS.contains(&Method::from_token(method)),
            ),
            ("headers", are_allowed(headers)),
            ("private-network", private.is_none()),
        ]
        .into_iter()
        .filter_map(|(part, is_allowed)| (!is_allowed).then_some(part))
        .collect();
        let (status, body) = if failures.is_empty() {
            (Status::Ok, "OK".to_owned())
        } else {
            (
                Status::BadRequest,
                format!("Disallowed CORS {}", failures.join(", ")),
            )
        };
        let mut response = Response::new(status)
            .with_field("Access-Control-Allow-Methods", ALLOWED_METHODS.to_string())
            .with_field("Access-Control-Allow-Headers", ALLOWED_FIELDS)
            .with_field("Access-Control-Max-Age", MAX_AGE_SECS)
            .with_body("text/plain; charset=utf-8", body.into_bytes());
        self.name_origin(&mut response, origin);
        Some(response)
    }

    /// Adds what a browser needs to let a page of another origin read the response.
    pub(super) fn share(&self, response: &mut Response, head: &Head) {
        let is_shared = |(name, _): &(&str, _)| *name == ALLOW_ORIGIN;
        if response.fields.iter().any(is_shared) {
            return;
        }
        match head.fields.get("origin") {
            Some(origin) if self.name_origin(response, origin) => {
                response.add_field("Access-Control-Expose-Headers", EXPOSED_FIELDS);
            }
            Some(_) => {}
            // Caches must not give this response to a request that has an `Origin`.
            None => self.vary(response),
        }
    }

    /// Lets pages of all origins read a response that caches keep, if the setting is `*`. The response is
    /// the same with and without `Origin`, so caches need only one copy.
    pub(super) fn share_with_all(&self, response: &mut Response) {
        if *self == Cors::Any {
            response.add_field(ALLOW_ORIGIN, "*");
        }
    }

    /// Names the origin that may read the response, and returns whether that is the page's.
    fn name_origin(&self, response: &mut Response, origin: &[u8]) -> bool {
        self.vary(response);
        let allowed = self.allowed_origin(origin);
        let is_allowed = allowed.is_some();
        if let Some(allowed) = allowed {
            response.add_field(ALLOW_ORIGIN, allowed);
        }
        is_allowed
    }

    fn vary(&self, response: &mut Response) {
        if *self != Cors::Off {
            response.vary("Origin");
        }
    }

    /// The value of `Access-Control-Allow-Origin` for a page of `origin`. It is taken from the settings and
    /// never from the request.
    fn allowed_origin(&self, origin: &[u8]) -> Option<Cow<'static, str>> {
        match self {
            Cors::Any => Some("*".into()),
            Cors::Only(allowed) => {
                let own = allowed.iter().find(|allowed| allowed.as_bytes() == origin);
                own.map(|own| own.clone().into())
            }
            Cors::Off => None,
        }
    }
}

/// Whether every element of a list of field names is allowed. A missing list is, an empty one is not.
fn are_allowed(names: Option<&[u8]>) -> bool {
    names.is_none_or(|names| {
        names
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .all(|name| {
                ALLOWED_FIELDS
                    .split(", ")
                    .any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(name))
            })
    })
}

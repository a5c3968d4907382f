//! The files that the service serves, all compiled in: the page and its font, the `OpenAPI` document, the
//! widget, and the script for pages written for other services. Their sources are in `docs/`.
//! `npm --prefix tests/browser run smaller` minifies and compresses them into the files beside them.
//!
//! The responses do not depend on any state, so they have entity tags, and caches may keep them.

use std::borrow::Cow;

use super::{AppWorker, Request};
use crate::captcha::FONT_FILE;
use crate::fnv::Fnv1a;
use crate::http::{self, Response, Status};

/// Five minutes: visitors do not load the files again on every page, and an upgrade soon shows.
const CACHE_CONTROL: &str = "public, max-age=300";

/// What the page may do: run its own script and the widget, use its own style sheet and font, send
/// requests to the service, and show the pictures in the responses. The hashes are those of its two
/// elements.
const PAGE_POLICY: &str = "default-src 'none'; \
    script-src 'self' 'sha256-Xf6Z1WpgJrKFFXmMnRg0KA05yJPGQkuv4+V500uIoA4='; \
    style-src 'sha256-8E81qcfZzOeLQgRriR6qCvYWIk43K4FgIdNjgVAk7Y8='; \
    connect-src 'self'; font-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'";

static PAGE: Document = Document::new(
    "text/html; charset=utf-8",
    // All browsers accept the gzip form. To keep this text instead of the whole page saves 21 KB.
    include_bytes!("docs/plain.html"),
    Some(include_bytes!("docs/index.min.html.gz")),
);

static FONT: Document = Document::new("font/ttf", FONT_FILE, None);

static OPENAPI: Document = Document::new(
    "application/json",
    include_bytes!("docs/openapi.min.json"),
    Some(include_bytes!("docs/openapi.min.json.gz")),
);

static WIDGET: Document = Document::new(
    "text/javascript; charset=utf-8",
    include_bytes!("docs/widget.min.js"),
    Some(include_bytes!("docs/widget.min.js.gz")),
);

static COMPAT: Document = Document::new(
    "text/javascript; charset=utf-8",
    include_bytes!("docs/compat.min.js"),
    Some(include_bytes!("docs/compat.min.js.gz")),
);

pub(super) fn page(worker: &mut AppWorker, request: &Request) -> Response {
    let prefix = &worker.app.settings.path;
    if request.head.target.path == prefix.as_bytes() {
        // The links in the page are relative to a folder.
        return moved(format!("{prefix}/"));
    }
    PAGE.answer(worker, request)
        .with_field("Content-Security-Policy", PAGE_POLICY)
}

/// The font of the pictures, and of the page. A gzip form beside it would make the program larger, for
/// few visitors.
pub(super) fn font(worker: &mut AppWorker, request: &Request) -> Response {
    FONT.answer(worker, request)
}

pub(super) fn openapi(worker: &mut AppWorker, request: &Request) -> Response {
    OPENAPI.answer(worker, request)
}

pub(super) fn widget(worker: &mut AppWorker, request: &Request) -> Response {
    let is_compat = request.head.target.query_value("compat").is_some();
    let script = if is_compat { &COMPAT } else { &WIDGET };
    // For pages with a `Cross-Origin-Embedder-Policy` (HTML, "cross-origin embedder policy").
    script
        .answer(worker, request)
        .with_field("Cross-Origin-Resource-Policy", "cross-origin")
}

/// A redirect to the page. Relative, since a proxy may serve everything below a path.
pub(super) fn moved(location: impl Into<Cow<'static, str>>) -> Response {
    Response::new(Status::PermanentRedirect).with_field("Location", location)
}

/// A file, and its gzip form if there is one.
struct Document {
    media_type: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    hash: u64,
}

impl Document {
    const fn new(
        media_type: &'static str,
        plain: &'static [u8],
        gzip: Option<&'static [u8]>,
    ) -> Self {
        let compressed = match gzip {
            Some(gzip) => gzip,
            None => &[],
        };
        Document {
            media_type,
            plain,
            gzip,
            hash: Fnv1a::EMPTY.with(plain).with(compressed).value(),
        }
    }

    fn answer(&self, worker: &AppWorker, request: &Request) -> Response {
        let fields = &request.head.fields;
        let gzip = self.gzip.filter(|_| http::prefers_gzip(fields));
        // Two forms are two representations, each with a tag of its own (RFC 9110 section 8.8.3.3).
        let suffix = if gzip.is_some() { "-gzip" } else { "" };
        let tag = format!("\"{:016x}{suffix}\"", self.hash);
        let mut response = if http::has_current(fields, &tag) {
            Response::new(Status::NotModified)
        } else if let Some(gzip) = gzip {
            Response::new(Status::Ok)
                .with_field("Content-Encoding", "gzip")
                .with_body(self.media_type, gzip)
        } else {
            Response::new(Status::Ok).with_body(self.media_type, self.plain)
        };
        response.add_field("ETag", tag);
        response.add_field("Cache-Control", CACHE_CONTROL);
        response.vary("Accept-Encoding");
        worker.app.settings.cors.share_with_all(&mut response);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use flate2::read::GzDecoder;
    use serde_json::Value;
    use sha2::{Digest as _, Sha256};

    use super::super::route::{Purpose, ROUTES};
    use super::*;

    /// The page, which the program has only in its gzip form.
    const INDEX: &str = include_str!("docs/index.min.html");

    /// Largest page, uncompressed.
    const PAGE_BYTES_MAX: usize = 24 * 1024;

    /// Largest widget, as it is sent to a browser.
    const WIDGET_GZIP_BYTES_MAX: usize = 6_000;

    #[test]
    fn each_gzip_form_is_its_source() {
        for (name, source, document) in [
            ("index.min.html", INDEX.as_bytes(), &PAGE),
            ("openapi.min.json", OPENAPI.plain, &OPENAPI),
            ("widget.min.js", WIDGET.plain, &WIDGET),
            ("compat.min.js", COMPAT.plain, &COMPAT),
        ] {
            let mut plain = Vec::new();
            GzDecoder::new(document.gzip.unwrap())
                .read_to_end(&mut plain)
                .unwrap();
            assert!(
                plain == source,
                "{name}.gz is of another {name}; run: npm --prefix tests/browser run smaller"
            );
        }
    }

    #[test]
    fn page_and_widget_are_small() {
        let (page, widget) = (INDEX.len(), WIDGET.gzip.unwrap().len());
        assert!(page <= PAGE_BYTES_MAX, "the page has {page} bytes");
        assert!(
            widget <= WIDGET_GZIP_BYTES_MAX,
            "the widget has {widget} bytes"
        );
    }

    /// The text of the one element of this name that is part of the page.
    fn element(name: &str) -> &'static str {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        assert_eq!(INDEX.matches(&open).count(), 1, "{name}");
        let (_, rest) = INDEX.split_once(&open).unwrap();
        rest.split_once(&close).unwrap().0
    }

    #[test]
    fn the_policy_allows_the_pages_script_and_style_and_no_other() {
        for (name, origin) in [("script", "'self' "), ("style", "")] {
            let hash = BASE64_STANDARD.encode(Sha256::digest(element(name)));
            let source = format!("{name}-src {origin}'sha256-{hash}';");
            assert!(PAGE_POLICY.contains(&source), "it should have {source}");
        }
    }

    #[test]
    fn the_page_has_the_packages_version() {
        let version = concat!("miniCAP ", env!("CARGO_PKG_VERSION"), ",");
        assert!(INDEX.contains(version), "it should have {version}");
    }

    #[test]
    fn the_openapi_document_has_the_packages_version() {
        let document: Value = serde_json::from_slice(OPENAPI.plain).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    /// All routes except those of page, widget, font and document, and `OPTIONS *`; HEAD is left out.
    #[test]
    fn the_openapi_document_has_the_routes_that_there_are() {
        let document: Value = serde_json::from_slice(OPENAPI.plain).unwrap();
        let described: BTreeMap<&str, Vec<String>> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                (
                    path.as_str(),
                    methods.map(|name| name.to_uppercase()).collect(),
                )
            })
            .collect();
        let is_apart = |purpose| matches!(purpose, Purpose::Docs | Purpose::Widget);
        let served: BTreeMap<&str, Vec<String>> = ROUTES
            .iter()
            .filter(|route| !is_apart(route.purpose) && route.path != "*")
            .map(|route| {
                let methods = route.methods.to_string();
                let methods = methods.split(", ").filter(|name| *name != "HEAD");
                (route.path, methods.map(str::to_owned).collect())
            })
            .collect();
        assert_eq!(described, served);
    }
}

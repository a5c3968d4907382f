//! The files that the service serves, all compiled in: the page, the `OpenAPI` document, the widget, and
//! the script for pages written for other services. Their sources are in `docs/`, each beside its gzip
//! form. `gzip -9nc` makes that of page and document; `npm --prefix tests/browser run widget` minifies
//! and compresses the scripts.
//!
//! The responses do not depend on any state, so they have entity tags, and caches may keep them.

use std::borrow::Cow;

use super::{AppWorker, Request};
use crate::fnv::Fnv1a;
use crate::http::{self, Response, Status};

/// Five minutes: visitors do not load the files again on every page, and an upgrade soon shows.
const CACHE_CONTROL: &str = "public, max-age=300";

/// What the page may do: run its own script, use its own style sheet, send requests to the service, and
/// show the pictures in the responses. The hashes are those of its two elements.
const PAGE_POLICY: &str = "default-src 'none'; \
    script-src 'sha256-YZECuHCUf7yV/NqGL/Ua4uwRpinGRmt+NTnejIAgVJ0='; \
    style-src 'sha256-u3WDgjLvl86CZTkWBCETIT/y4HZqPlEdsscfMYF/Uyg='; \
    connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'";

static PAGE: Document = Document::new(
    "text/html; charset=utf-8",
    include_bytes!("docs/index.html"),
    include_bytes!("docs/index.html.gz"),
);

static OPENAPI: Document = Document::new(
    "application/json",
    include_bytes!("docs/openapi.json"),
    include_bytes!("docs/openapi.json.gz"),
);

static WIDGET: Document = Document::new(
    "text/javascript; charset=utf-8",
    include_bytes!("docs/widget.min.js"),
    include_bytes!("docs/widget.min.js.gz"),
);

static COMPAT: Document = Document::new(
    "text/javascript; charset=utf-8",
    include_bytes!("docs/compat.min.js"),
    include_bytes!("docs/compat.min.js.gz"),
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

/// A file in both its forms.
struct Document {
    media_type: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    hash: u64,
}

impl Document {
    const fn new(media_type: &'static str, plain: &'static [u8], gzip: &'static [u8]) -> Self {
        Document {
            media_type,
            plain,
            gzip,
            hash: Fnv1a::EMPTY.with(plain).value(),
        }
    }

    fn answer(&self, worker: &AppWorker, request: &Request) -> Response {
        let fields = &request.head.fields;
        let is_gzip = http::prefers_gzip(fields);
        // Two forms are two representations, each with a tag of its own (RFC 9110 section 8.8.3.3).
        let suffix = if is_gzip { "-gzip" } else { "" };
        let tag = format!("\"{:016x}{suffix}\"", self.hash);
        let mut response = if http::has_current(fields, &tag) {
            Response::new(Status::NotModified)
        } else if is_gzip {
            Response::new(Status::Ok)
                .with_field("Content-Encoding", "gzip")
                .with_body(self.media_type, self.gzip)
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

    /// Largest page, uncompressed.
    const PAGE_BYTES_MAX: usize = 20_000;

    /// Largest widget, as it is sent to a browser.
    const WIDGET_GZIP_BYTES_MAX: usize = 6_000;

    #[test]
    fn each_gzip_form_is_its_source() {
        for (name, document) in [
            ("index.html", &PAGE),
            ("openapi.json", &OPENAPI),
            ("widget.min.js", &WIDGET),
            ("compat.min.js", &COMPAT),
        ] {
            let mut plain = Vec::new();
            GzDecoder::new(document.gzip)
                .read_to_end(&mut plain)
                .unwrap();
            assert!(
                plain == document.plain,
                "{name}.gz is of another {name}; run: gzip -9nc src/api/docs/{name} > src/api/docs/{name}.gz"
            );
        }
    }

    #[test]
    fn page_and_widget_are_small() {
        let (page, widget) = (PAGE.plain.len(), WIDGET.gzip.len());
        assert!(page <= PAGE_BYTES_MAX, "the page has {page} bytes");
        assert!(
            widget <= WIDGET_GZIP_BYTES_MAX,
            "the widget has {widget} bytes"
        );
    }

    /// The text of the one element of this name.
    fn element(name: &str) -> &'static str {
        let page = str::from_utf8(PAGE.plain).unwrap();
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        assert_eq!(page.matches(&format!("<{name}")).count(), 1, "{name}");
        let (_, rest) = page.split_once(&open).unwrap();
        rest.split_once(&close).unwrap().0
    }

    #[test]
    fn the_policy_allows_the_pages_script_and_style_and_no_other() {
        for name in ["script", "style"] {
            let hash = BASE64_STANDARD.encode(Sha256::digest(element(name)));
            let source = format!("{name}-src 'sha256-{hash}';");
            assert!(PAGE_POLICY.contains(&source), "it should have {source}");
        }
    }

    #[test]
    fn the_page_shows_the_readmes_backend() {
        let page = str::from_utf8(PAGE.plain).unwrap();
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("```python\n").unwrap();
        let (code, _) = rest.split_once("\n```").unwrap();
        let code = code.replace('&', "&amp;");
        let code = code.replace('<', "&lt;").replace('>', "&gt;");
        assert!(page.contains(&format!("<pre><code>{code}</code></pre>")));
    }

    #[test]
    fn the_openapi_document_has_the_packages_version() {
        let document: Value = serde_json::from_slice(OPENAPI.plain).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    /// All routes but those about themselves and that of no path; HEAD goes without saying.
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

//! Everything that a user can meet has its row in a table, once, and no row is of something that is
//! not there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{pages, prose, read};
use crate::support::{Answer, GENERATE, Server, post, run};

/// The rows of the tables of all pages, without the blanks around cells.
fn rows() -> Vec<Vec<String>> {
    let pages: Vec<String> = pages().iter().map(read).collect();
    let tables = pages.iter().flat_map(|page| prose(page));
    let rows = tables.filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(cells).collect()
}

/// The cells of a row; a bar that is escaped is part of one.
fn cells(row: &str) -> Vec<String> {
    let row = row.replace("\\|", "\u{0}");
    row.split('|')
        .map(|cell| cell.trim().replace('\u{0}', "\\|"))
        .collect()
}

/// The one row that begins with this cell.
#[track_caller]
fn row(rows: &[Vec<String>], first: &str) -> Vec<String> {
    let mut found = rows.iter().filter(|row| row[0] == first);
    let (row, more) = (found.next(), found.count());
    assert_eq!((row.is_some(), more), (true, 0), "rows of {first}");
    row.unwrap().clone()
}

/// The names in the first cells of the tables under a heading of a page, without backticks.
#[track_caller]
fn first_cells(page: &str, heading: &str) -> Vec<String> {
    let page = read(page);
    let level = heading.len() - heading.trim_start_matches('#').len();
    let mut section = page.lines().skip_while(|line| *line != heading);
    assert!(section.next().is_some(), "{heading}");
    let ends = |line: &&str| {
        let hashes = line.len() - line.trim_start_matches('#').len();
        0 < hashes && hashes <= level
    };
    let section: Vec<&str> = section.take_while(|line| !ends(line)).collect();
    let rows = section.iter().filter(|line| line.starts_with("| "));
    rows.map(|row| cells(row.trim_matches('|')).remove(0))
        .filter(|cell| cell.starts_with('`') || cell.starts_with(|c: char| c.is_ascii_digit()))
        .flat_map(|cell| {
            cell.split(", ")
                .map(|name| name.trim_matches('`').to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Compares what there is with what is described; a thing that is described twice is an error too.
#[track_caller]
fn assert_same(there_is: BTreeSet<String>, described: Vec<String>) {
    let mut there_is: Vec<String> = there_is.into_iter().collect();
    let mut described = described;
    there_is.sort();
    described.sort();
    assert_eq!(described, there_is, "left: described, right: there is");
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

/// The options in a usage text: name, range if it is a number's, default if there is one.
fn options(usage: &str) -> Vec<(String, Option<String>, Option<String>)> {
    let lines = usage.lines().filter_map(|line| line.strip_prefix("  --"));
    lines
        .map(|line| {
            let name = line.split(' ').next().unwrap().to_owned();
            let (line, default) = match line.split_once(" [default: ") {
                Some((line, default)) => (line, Some(default.trim_end_matches(']').to_owned())),
                None => (line, None),
            };
            let range = line.rsplit_once(", ").map(|(_, range)| range.to_owned());
            let is_range = |range: &String| {
                let ends = range.split_once(" to ");
                ends.is_some_and(|(a, b)| a.parse::<u64>().is_ok() && b.parse::<u64>().is_ok())
            };
            (name, range.filter(is_range), default)
        })
        .collect()
}

fn usage(arguments: &[&str]) -> String {
    String::from_utf8(run(arguments).stdout).unwrap()
}

#[test]
fn every_option_is_described_once_with_its_default_and_range() {
    let rows = rows();
    let [serve, render] = [&["help"][..], &["help", "render"]].map(usage);
    let mut names = BTreeSet::new();
    for (name, range, default) in [options(&serve), options(&render)].concat() {
        let row = row(&rows, &format!("`--{name}`"));
        // A default that is no value is told in words.
        let default = default.map(|default| {
            let is_value = !default.contains(' ') && default != "random";
            if is_value {
                format!("`{default}`")
            } else {
                default
            }
        });
        assert_eq!(row[1], default.unwrap_or_default(), "default of --{name}");
        if let Some(range) = range {
            assert_eq!(row[2], range, "values of --{name}");
        }
        names.insert(format!("`--{name}`"));
    }
    let described = rows.iter().filter(|row| row[0].starts_with("`--"));
    let described: BTreeSet<String> = described.map(|row| row[0].clone()).collect();
    let is_name = |cell: &String| !cell.contains(' ');
    let described: BTreeSet<String> = described.into_iter().filter(is_name).collect();
    assert_eq!(described, names, "left: described, right: there is");
}

/// Every sample of the metrics: its name, and its labels with their values.
fn samples(page: &str) -> impl Iterator<Item = (&str, Vec<(&str, &str)>)> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (name, rest) = line.split_once(['{', ' ']).unwrap();
        let labels = rest.split_once('}').map_or("", |(labels, _)| labels);
        let labels = labels.split(',').filter_map(|label| label.split_once('='));
        let labels = labels.map(|(name, value)| (name, value.trim_matches('"')));
        (name, labels.collect())
    })
}

/// The metrics with captchas in memory, and those with a store, which need not be there.
fn metrics() -> String {
    let servers = [
        Server::start_plain(&["--audio", "on"]),
        Server::start_plain(&["--store", "valkey://127.0.0.1:1"]),
    ];
    servers
        .iter()
        .map(|server| {
            let answer = server.request("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
            answer.text().to_owned()
        })
        .collect()
}

#[test]
fn every_metric_is_described_once_with_its_type_and_labels() {
    let rows = rows();
    let page = metrics();
    let types: BTreeMap<&str, &str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    for (name, kind) in &types {
        assert_eq!(row(&rows, &format!("`{name}`"))[1], *kind, "type of {name}");
    }
    for (name, labels) in samples(&page) {
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .filter(|family| types.contains_key(family))
            .unwrap_or(name);
        let described = &row(&rows, &format!("`{family}`"))[2];
        for (label, value) in labels.into_iter().filter(|(label, _)| *label != "le") {
            assert!(
                described.contains(&format!("`{label}`")),
                "{label} of {family}"
            );
            // Routes have a table of their own, and there is one version. That of a time is named
            // with the counter.
            let has_own_table = value.starts_with(['/', '*']) || label == "version";
            let is_repeated = label == "route" && family == "minicap_request_seconds";
            let is_listed = !has_own_table && !is_repeated;
            assert!(
                !is_listed || described.contains(&format!("`{value}`")),
                "{label}=\"{value}\" of {family}"
            );
        }
    }
    let described = first_cells("docs/operate.md", "## Metrics");
    assert_same(words(types.into_keys()), described);
}

#[test]
fn every_route_is_described_once() {
    let page = metrics();
    let routes = samples(&page).flat_map(|(_, labels)| labels);
    let routes = routes.filter(|(label, route)| *label == "route" && *route != "none");
    assert_same(
        words(routes.map(|(_, route)| route)),
        first_cells("docs/api.md", "## Routes"),
    );
}

#[test]
fn every_status_is_described_once() {
    let source = read("src/http/response.rs");
    let statuses = source.lines().filter_map(|line| {
        let (_, rest) = line.trim().strip_prefix("Self::")?.split_once(" => (")?;
        let (code, _) = rest.split_once(", ")?;
        code.parse::<u16>().ok().map(|_| code)
    });
    let statuses = words(statuses);
    assert!(10 < statuses.len(), "{statuses:?}");
    assert_same(statuses, first_cells("docs/api.md", "## Statuses"));
}

#[test]
fn every_alert_is_described_once() {
    let rules = read("docs/monitoring/alerts.yml");
    let lines = rules.lines();
    let alerts = words(lines.filter_map(|line| line.trim().strip_prefix("- alert: ")));
    assert!(5 < alerts.len(), "{alerts:?}");
    assert_same(alerts, first_cells("docs/operate.md", "## Alerts"));
}

#[test]
fn every_refusal_of_a_store_is_described_once() {
    let source = read("src/store/valkey/failure.rs");
    let lines = source.lines().map(str::trim);
    let codes = words(lines.filter_map(|line| line.strip_prefix("code: \"")?.strip_suffix("\",")));
    assert!(20 < codes.len(), "{codes:?}");
    let mut described = first_cells("docs/operate.md", "### If the store fails");
    // Two are not error replies.
    described.retain(|line| !line.starts_with("no "));
    assert_same(codes, described);
}

#[test]
fn every_attribute_of_the_widget_is_described_once() {
    let source = read("src/api/docs/widget.js");
    let list = |start: &str| {
        let (_, rest) = source.split_once(start).unwrap();
        let (list, _) = rest.split_once(']').unwrap();
        let names = list.split('\'').skip(1).step_by(2);
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let texts = list("const names = [");
    let others = list("observedAttributes = [...names,");
    // HTML has it for every control.
    let native = ["disabled".to_owned()];
    assert_same(
        texts.into_iter().chain(others).chain(native).collect(),
        first_cells("docs/integrate.md", "## Attributes of the widget"),
    );
}

/// The `OpenAPI` document.
fn document() -> Value {
    serde_json::from_str(&read("src/api/docs/openapi.json")).unwrap()
}

/// The names of a schema's fields.
fn fields(document: &Value, schema: &str) -> BTreeSet<String> {
    let fields = &document["components"]["schemas"][schema]["properties"];
    fields.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_field_is_described_once() {
    let document = document();
    for (heading, schemas) in [
        ("## Make a captcha", &["Captcha"][..]),
        (
            "## Check an answer",
            &["CaptchaValidationRequest", "CaptchaValidationResponse"],
        ),
        (
            "## Check an answer in another service's form",
            &["Siteverify", "SiteverifyVerdict"],
        ),
        ("## Errors", &["ValidationError"]),
    ] {
        let names = schemas.iter().flat_map(|schema| fields(&document, schema));
        let mut names: BTreeSet<String> = names.collect();
        let parameters =
            document["paths"]["/api/captcha/generate/"]["post"]["parameters"].as_array();
        if heading == "## Make a captcha" {
            let parameters = parameters.unwrap().iter();
            names
                .extend(parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned()));
        }
        if heading.contains("another service") {
            let codes = &document["components"]["schemas"]["SiteverifyVerdict"]["properties"]["error-codes"]
                ["items"]["enum"];
            let codes = codes.as_array().unwrap().iter();
            names.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
        }
        if heading == "## Errors" {
            names.extend(kinds());
        }
        assert_same(names, first_cells("docs/api.md", heading));
    }
}

/// The kinds of mistakes that the source of the routes names.
fn kinds() -> BTreeSet<String> {
    let sources = ["src/api/validate.rs", "src/api/medium.rs"].map(read);
    let lines = sources.iter().flat_map(|source| source.lines());
    let kinds = lines.filter_map(|line| {
        let line = line.trim();
        let quoted = line.strip_prefix("kind: \"");
        let called = || line.split_once("detail(\"").map(|(_, rest)| rest);
        let (kind, _) = quoted.or_else(called)?.split_once('"')?;
        Some(kind)
    });
    words(kinds)
}

/// The names of an answer's headers.
fn headers(answer: &Answer) -> BTreeSet<String> {
    words(answer.fields.iter().map(|(name, _)| name.as_str()))
}

#[test]
fn every_header_of_a_response_is_described_once() {
    let server = Server::start(&["--audio", "on", "--test-text", "123"]);
    let preflight = "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\
                     Access-Control-Request-Method: POST\r\n\r\n";
    let shared = "Accept: audio/wav\r\nOrigin: https://a.example\r\n\r\n";
    let id = server.generate();
    let wrong = format!(r#"{{"id":"{id}","text":"x"}}"#);
    let json = "Content-Type: application/json\r\n";
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    let answers = [
        server.request(GENERATE),
        server.request(GENERATE.replace("\r\n\r\n", &format!("\r\n{shared}"))),
        server.request(post("/api/captcha/validate/", json, wrong.as_bytes())),
        server.request(preflight),
        server.request(get("/")),
        server.request(get("/docs/")),
        server.request(get("/widget.js")),
        server.request(get("/api/captcha/generate/")),
        server.request("nonsense\r\n\r\n"),
        Server::start_plain(&["--store", "valkey://127.0.0.1:1"]).request(GENERATE),
    ];
    let there_is = answers.iter().flat_map(headers).collect();
    assert_same(there_is, first_cells("docs/api.md", "## Response headers"));
}

/// The fields of a request that the source of the service looks up.
#[test]
fn every_header_of_a_request_is_described_once() {
    let sources = [
        "src/api/cors.rs",
        "src/api/siteverify.rs",
        "src/api/validate.rs",
        "src/http/accept.rs",
        "src/http/conditional.rs",
    ]
    .map(|path| read(path).split("#[cfg(test)]").next().unwrap().to_owned());
    let look_ups = ["fields.get(\"", "fields.elements(\"", "members(fields, \""];
    let found = sources.iter().flat_map(|source| {
        let found = look_ups.map(|look_up| source.split(look_up).skip(1));
        found.into_iter().flatten()
    });
    let names = words(found.filter_map(|rest| rest.split('"').next()));
    let described = first_cells("docs/api.md", "## Request headers");
    let described = described.iter().map(|name| name.to_lowercase()).collect();
    assert_same(names, described);
}

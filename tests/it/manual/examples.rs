//! The examples of `docs/api.md`: each command is run as it is written, and prints what stands below
//! it, but for what differs each time.

use std::env;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::read;
use crate::support::Server;

/// A command and what it should print.
struct Example {
    command: String,
    /// `http` for the head of a response, `json` for a body.
    language: String,
    output: String,
}

/// Each block of the language `sh` with the block behind it.
fn examples(page: &str) -> Vec<Example> {
    let mut fences = page.split("\n```").skip(1);
    let mut blocks = Vec::new();
    while let (Some(block), Some(_)) = (fences.next(), fences.next()) {
        blocks.push(block.split_once('\n').unwrap());
    }
    let pairs = blocks.windows(2).filter(|pair| pair[0].0 == "sh");
    let examples = pairs.map(|pair| Example {
        command: pair[0].1.to_owned(),
        language: pair[1].0.to_owned(),
        output: pair[1].1.to_owned(),
    });
    examples.collect()
}

/// The output without ids, dates, lengths and pictures.
fn comparable(language: &str, output: &str) -> String {
    if language == "json" {
        let mut value: Value = serde_json::from_str(output).unwrap();
        if let Some(image) = value.get_mut("image") {
            *image = image.as_str().unwrap()[..30].into();
            value["id"] = "…".into();
        }
        return value.to_string();
    }
    let differs = ["Date", "Content-Length", "captcha-id"];
    let lines = output
        .trim()
        .lines()
        .map(|line| match line.split_once(": ") {
            Some((name, _)) if differs.contains(&name) => name,
            _ => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_example_prints_what_it_says() {
    let is_curl_here = Command::new("curl").arg("--version").output().is_ok();
    if !is_curl_here && env::var_os("NOTHING_SKIPPED").is_none() {
        return;
    }
    let server = Server::start_plain(&["--audio", "on", "--siteverify-secret", "a secret"]);
    let here = format!("http://{}", server.address);
    let folder = env::temp_dir().join(format!("minicap-examples-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let examples = examples(&read("docs/api.md"));
    for Example {
        command,
        language,
        output,
    } in &examples
    {
        let command = command.replace("http://localhost:8000", &here);
        let run = Command::new("sh")
            .args(["-c", &command])
            .current_dir(&folder)
            .output();
        let printed = String::from_utf8(run.unwrap().stdout).unwrap();
        assert_eq!(
            comparable(language, &printed),
            comparable(language, output),
            "{command}"
        );
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(6 < examples.len(), "{}", examples.len());
}

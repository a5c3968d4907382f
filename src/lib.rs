//! miniCAP: image CAPTCHAs over HTTP.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod captcha;
pub mod http;
pub mod json;

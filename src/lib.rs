//! miniCAP hands out CAPTCHA pictures and judges answers, over HTTP, from one small binary.
//!
//! The modules in reading order; data flows from the sockets down to the leaves and back:
//!
//! - [`config`] is everything an operator can set.
//! - [`server`] owns sockets, threads and deadlines. It calls a handler and knows no route.
//! - [`http`] is HTTP/1.1 as values: bytes in, requests out; answers in, bytes out. No sockets.
//! - [`api`] is that handler: it knows what each route means and joins the leaves into a service.
//! - [`json`] is a bounded codec.
//! - [`resp`] is what Valkey and Redis speak, as values. No sockets.
//! - [`store`] holds the captchas alive right now and judges answers, each in one step.
//! - [`captcha`] turns a text into a picture. It knows no request and no store.
//! - [`sound`] turns digits into a sound. It knows no more than that.
//! - [`fair`] says who a client is, and who of them has the most.
//! - [`entropy`], [`calendar`], [`fnv`], [`histogram`], [`log`] and [`sys`] are what all of this
//!   stands on; `sys` has the only `unsafe` code.
//!
//! `api` uses `captcha`, `sound`, `store`, `json` and `entropy`, and implements what `server` calls;
//! `server` uses `sys` and `fair`; both use `http`, `log` and `calendar`, which these two use as well;
//! `config` names the settings of the others. `store` uses `fair`, `entropy`, `resp`, `log`, `calendar`
//! and `sys`; it and `api` use `fnv` and `histogram`; and `captcha` draws texts from `entropy`. The
//! other leaves use nothing of ours. No text of a captcha is ever logged, and none is drawn from anything but the
//! system's generator.
//!
//! Comments speak of *the reference*: a service written in Python, on `FastAPI`, whose place this
//! one takes. Forms and backends that were made for it go on working unchanged, and some of them look
//! at the words of a refusal. So paths, statuses and bodies of its two requests, down to the errors
//! of its JSON parser, are a contract, which `tests/it/api` holds byte for byte. Nothing else is owed
//! to it: its pictures, for one, are what ours are compared with.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod api;
pub mod calendar;
pub mod captcha;
pub mod config;
pub mod entropy;
pub mod fair;
pub mod fnv;
pub mod histogram;
pub mod http;
pub mod json;
pub mod log;
pub mod resp;
pub mod server;
pub mod sound;
pub mod store;
pub mod sys;

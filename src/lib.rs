//! miniCAP is a captcha service: it returns pictures of letters and digits, and checks what people
//! typed, over HTTP, from one small program.
//!
//! # The way of a request
//!
//! ```text
//!   client
//!     │ bytes                                                   ▲
//! ┌───▼─────────────────────────────────────────────────────────┴─┐
//! │ server   event loop: sockets, deadlines, whose turn it is     │  one thread
//! │   http   bytes to a request              a response to bytes  │
//! └───┬─────────────────────────────────────────────────────────▲─┘
//!     │ request, in a queue                            response │
//! ┌───▼─────────────────────────────────────────────────────────┴─┐
//! │ server   pool of workers                                      │  one per core
//! │   api    the route: what is asked, what is answered           │
//! │     captcha, sound   from a text to a picture or a sound      │
//! │     store            new captchas, checks of answers          │
//! │       memory, or valkey over resp                             │
//! │     json             bodies                                   │
//! └───────────────────────────────────────────────────────────────┘
//!   store::memory   reaper: removes the captchas that expired        one thread
//!   used by all of these: entropy, fair, fnv, calendar, histogram, log, sys
//! ```
//!
//! The event loop reads bytes from all sockets and never waits for one of them. When a request is
//! complete, it waits in a queue until a worker is free; clients take turns there. The worker finds
//! out what the request asks for, draws a picture or checks an answer, and hands the response back.
//!
//! # The modules, in reading order
//!
//! - [`config`]: everything that an operator can set.
//! - [`server`]: sockets, threads and deadlines. It calls a handler and does not know the routes.
//! - [`http`]: HTTP/1.1 as values, from bytes to requests and from responses to bytes. No sockets.
//! - [`api`]: the handler. It knows what each route means and joins the other modules.
//! - [`json`]: a JSON codec with limits.
//! - [`store`]: the captchas that can be answered. An answer is checked in one step.
//! - [`resp`]: the protocol of Valkey and Redis as values. No sockets.
//! - [`captcha`]: from a text to a picture. It knows neither requests nor the store.
//! - [`sound`]: from digits to a sound. It knows no more than that.
//! - [`fair`]: who a client is, and which client has the most.
//! - [`entropy`], [`calendar`], [`fnv`], [`histogram`], [`log`] and [`sys`]: the foundation. `sys`
//!   has the only `unsafe` code.
//!
//! # Which module uses which
//!
//! | module | uses |
//! | --- | --- |
//! | `config` | the settings of the other modules |
//! | `server` | `http`, `fair`, `log`, `calendar`, `sys` |
//! | `api` | `server`, `http`, `json`, `captcha`, `sound`, `store`, `entropy`, `fnv`, `histogram`, `log`, `calendar` |
//! | `store` | `resp`, `fair`, `entropy`, `fnv`, `histogram`, `log`, `calendar`, `sys` |
//! | `captcha` | `entropy` |
//! | `http`, `log` | `calendar` |
//!
//! The others use no module of this crate.
//!
//! # Invariants
//!
//! - The text of a captcha is never logged, and is drawn from the operating system's generator.
//! - Every input has a limit, and so has everything that waits.
//! - No lock is held while a picture is drawn or a socket is waited for.
//!
//! # The reference
//!
//! Comments speak of *the reference*: a service written in Python, with `FastAPI`, which this one
//! replaces. Forms and backends that use it must work unchanged, and some of them look at the text of
//! an error. So the paths, statuses and bodies of its two requests, down to the errors of its JSON
//! parser, are a contract, which `tests/it/api` checks byte for byte. Nothing else has to be alike: its
//! pictures, for instance, are only a measure for these.

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

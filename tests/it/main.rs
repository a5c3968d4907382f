//! Black-box tests: each starts the real program and uses it as a client or an operator does.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

mod api;
mod cli;
mod fair;
mod healthcheck;
mod http;
mod life;
mod log;
mod manual;
mod metrics;
mod render;
mod shutdown;
mod sockets;
mod state;
mod store;

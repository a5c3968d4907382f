//! Black-box tests: each starts the real binary and speaks to it as a client or an operator would.

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

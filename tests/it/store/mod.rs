//! Captchas in a store: a real server, which these tests start themselves.
//!
//! The command is `valkey-server` or `redis-server`, or what `STORE_SERVER` names. Without one the
//! tests are skipped and say so; with `NOTHING_SKIPPED` they fail instead.

mod faults;
mod load;
mod proxy;
mod races;
mod refusals;
mod rules;
mod valkey;

//! Captchas that a server keeps: with a real one, which these tests start for themselves.
//!
//! The command is `valkey-server` or `redis-server`, or what `STORE_SERVER` names. Where there is
//! none, the tests are passed over and say so; with `NOTHING_SKIPPED` they fail instead.

mod faults;
mod load;
mod proxy;
mod races;
mod refusals;
mod rules;
mod valkey;

//! Targets of requests and the values in their queries.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| minicap_fuzz::query::check(input));

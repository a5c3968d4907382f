//! Heads of requests.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| minicap_fuzz::head::check(input));

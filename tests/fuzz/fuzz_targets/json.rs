//! JSON documents.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| minicap_fuzz::json::check(input));

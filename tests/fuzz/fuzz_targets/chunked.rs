//! Bodies, chunked and by length.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| minicap_fuzz::chunked::check(input));

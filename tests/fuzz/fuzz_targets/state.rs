//! The captchas of a file of `--state`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| minicap_fuzz::state::check(input));

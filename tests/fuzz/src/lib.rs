//! What holds for every input, one module for each fuzz target.
//!
//! The targets pass the inputs of the fuzzer to the laws, and the test `corpus` of the main package
//! passes the files of `corpus/`. A law panics where it does not hold.

pub mod chunked;
pub mod connection;
pub mod head;
pub mod json;
pub mod query;
pub mod resp;
pub mod state;

use minicap::http::Limits;

/// Small limits, so that short inputs reach them.
const LIMITS: Limits = Limits {
    target_bytes_max: 64,
    head_bytes_max: 512,
    fields_max: 8,
    body_bytes_max: 256,
};

/// The first line, which has instructions for a law, and the rest. Without a line end, all of the input
/// is the rest.
fn split_first_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (&[], input),
    }
}

/// Places at which the input is cut, in order; always the same for the same input.
fn cuts(input: &[u8]) -> Vec<usize> {
    let seed = input.iter().fold(9112_u64, |hash, &byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut cuts: Vec<_> = (0..rng.u8(1..8))
        .map(|_| rng.usize(..=input.len()))
        .collect();
    cuts.sort_unstable();
    cuts
}

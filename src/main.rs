//! The `minicap` command.
fn main() {}

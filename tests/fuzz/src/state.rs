//! A file of `--state` is refused, or has the same bytes when written again.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use minicap::fnv::Fnv1a;
use minicap::store::memory::{Memory, Settings, Unreadable};

/// As `docs/state.md` says.
const CAPTCHA_BYTES: usize = 40;
const MILLIS: u64 = 1_800_000_000_123;

/// The input is read as the captchas of a file, and as a whole file.
pub fn check(input: &[u8]) {
    let now = Instant::now();
    let time = UNIX_EPOCH + Duration::from_millis(MILLIS);
    let _ = read(input, now, time);
    let whole = whole(input);
    match read(&whole, now, time) {
        Ok(memory) => {
            let mut again = Vec::new();
            let count = memory.write_state(&mut again, now, time).unwrap();
            assert_eq!(count, input.len() / CAPTCHA_BYTES);
            assert_eq!(again, whole);
        }
        Err(Unreadable::Damaged(why)) => assert!(!why.is_empty()),
        Err(Unreadable::Io(error)) => panic!("{error}"),
    }
}

fn read(state: &[u8], now: Instant, time: SystemTime) -> Result<Memory, Unreadable> {
    // The largest values that can be written.
    let settings = Settings {
        ttl: Duration::from_millis(u64::from(u32::MAX)),
        attempts: u16::MAX,
        capacity: state.len() / CAPTCHA_BYTES,
    };
    let memory = Memory::new(settings, now).unwrap();
    let (memory, restored) = memory.with_state(state, time)?;
    assert_eq!(restored.expired, 0);
    Ok(memory)
}

/// A file with these bytes as its captchas.
fn whole(captchas: &[u8]) -> Vec<u8> {
    let count = (captchas.len() / CAPTCHA_BYTES) as u64;
    let state = [
        b"miniCAP captchas, version 1\n".as_slice(),
        &MILLIS.to_be_bytes(),
        &count.to_be_bytes(),
        captchas,
    ]
    .concat();
    let sum = Fnv1a::EMPTY.with(&state).value();
    [state, sum.to_be_bytes().to_vec()].concat()
}

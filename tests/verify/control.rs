//! Watching and stopping a verification.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Mutex;

use c1z::control::Control;
use c1z::envelope::Encoding;
use c1z::error::Code;

use super::sample::*;

#[test]
fn progress_starts_with_the_head_never_goes_back_and_ends_with_every_byte_twice() {
    for encoding in [Encoding::IndexedZstd, Encoding::Tar, Encoding::TarZstd] {
        let sample = Sample::encoded(encoding);
        let length = sample.bytes().len() as u64;
        let seen: Mutex<Vec<(u64, u64)>> = Mutex::default();
        let watch = |done, total| seen.lock().unwrap().push((done, total));
        c1z::store::verify(&request(&sample.fixture.path()), &Control::new(&|| false, &watch)).unwrap();
        let seen = seen.into_inner().unwrap();
        assert!(seen.len() > 4, "{seen:?}");
        let payload_start = c1z::envelope::read_head(&sample.fixture.path()).unwrap().payload_start;
        assert_eq!(seen[0].0, payload_start, "{seen:?}");
        assert!(seen.iter().all(|(_, total)| *total == 2 * length), "{seen:?}");
        assert!(seen.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{seen:?}");
        assert!(seen.contains(&(length, 2 * length)), "{seen:?}");
        assert_eq!(seen.last(), Some(&(2 * length, 2 * length)));
    }
}

#[test]
fn a_verification_stops_wherever_it_is_cancelled() {
    let sample = Sample::new();
    let asked = AtomicU64::new(0);
    let count = || {
        asked.fetch_add(1, Ordering::Relaxed);
        false
    };
    c1z::store::verify(&request(&sample.fixture.path()), &Control::new(&count, &|_, _| ())).unwrap();
    let times = asked.into_inner();
    assert!(times > 4, "cancellation was asked for {times} times");
    for stop in 0..times {
        let asked = AtomicU64::new(0);
        let cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= stop;
        let stopped = c1z::store::verify(&request(&sample.fixture.path()), &Control::new(&cancelled, &|_, _| ()));
        assert_eq!(stopped.expect_err("it was cancelled").code(), Code::Cancelled, "stopped at {stop} of {times}");
    }
}

#[test]
fn a_verification_stops_in_the_middle_and_leaves_nothing_behind() {
    let sample = Sample::new();
    let folder = tempfile::tempdir().unwrap();
    let cancelled = AtomicBool::new(false);
    let half = |done: u64, total: u64| cancelled.store(2 * done >= total, Ordering::Relaxed);
    let tmp_dir = folder.path().to_str().unwrap().to_owned();
    let request = c1z::proto::api::VerifyRequest { tmp_dir, ..request(&sample.fixture.path()) };
    let is_cancelled = || cancelled.load(Ordering::Relaxed);
    let control = Control::new(&is_cancelled, &half);
    assert_eq!(c1z::store::verify(&request, &control).unwrap_err().code(), Code::Cancelled);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

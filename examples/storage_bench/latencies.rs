//! How long calls of one kind took.

use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Latencies {
    calls: Vec<Duration>,
}

impl Latencies {
    /// Makes a call and notes how long it took.
    pub fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = call();
        self.calls.push(started.elapsed());
        result
    }

    pub fn count(&self) -> usize {
        self.calls.len()
    }

    pub fn total(&self) -> Duration {
        self.calls.iter().sum()
    }

    /// The durations that half, 90 %, 99 % and all of the calls did not exceed; nothing if there were no calls.
    pub fn percentiles(&self) -> Option<[Duration; 4]> {
        let mut sorted = self.calls.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        Some(
            [50, 90, 99, 100].map(|percent| sorted[(sorted.len() * percent).div_ceil(100).saturating_sub(1).min(last)]),
        )
    }
}

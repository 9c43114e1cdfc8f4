//! The times of a file's syncs, which never go back: readers are shown the sync that ended last, and the oldest go
//! first, so the clock of a machine must not make a new sync the oldest.

use std::cmp::Ordering;
use std::time::SystemTime;

use prost_types::Timestamp;

use crate::engine::SyncRun;

/// A protobuf timestamp lies in the years 1 to 9999.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;
const LAST_NANO: i32 = 999_999_999;
const LAST: Timestamp = Timestamp { seconds: LAST_SECOND, nanos: LAST_NANO };

/// The time of the call, or the nearest that a timestamp may be.
pub fn now() -> Timestamp {
    valid(&Timestamp::from(SystemTime::now()))
}

/// The time of something that happens to a sync of a file with these runs: now, or right behind the newest of their
/// times if the clock is behind that. At the end of what a timestamp can hold time stands still, and ids decide.
pub fn next(runs: &[SyncRun]) -> Timestamp {
    behind(now(), runs.iter().flat_map(|run| [run.record.started_at, run.record.ended_at]).flatten())
}

/// `now`, or the first moment behind all of `times`.
pub fn behind(now: Timestamp, times: impl IntoIterator<Item = Timestamp>) -> Timestamp {
    let newest = times.into_iter().max_by(compare);
    let earliest = newest.map(|newest| successor(valid(&newest)));
    earliest.filter(|earliest| compare(earliest, &now).is_gt()).unwrap_or(now)
}

/// Orders two moments, whatever somebody has stored as such.
pub fn compare(a: &Timestamp, b: &Timestamp) -> Ordering {
    let (a, b) = (valid(a), valid(b));
    (a.seconds, a.nanos).cmp(&(b.seconds, b.nanos))
}

/// The nearest moment that a timestamp may be.
fn valid(at: &Timestamp) -> Timestamp {
    match at.seconds {
        seconds if seconds < FIRST_SECOND => Timestamp { seconds: FIRST_SECOND, nanos: 0 },
        seconds if seconds > LAST_SECOND => LAST,
        seconds => Timestamp { seconds, nanos: at.nanos.clamp(0, LAST_NANO) },
    }
}

/// A nanosecond later; the last moment has none behind it.
fn successor(at: Timestamp) -> Timestamp {
    match (at.seconds, at.nanos) {
        (LAST_SECOND, LAST_NANO) => LAST,
        (seconds, LAST_NANO) => Timestamp { seconds: seconds + 1, nanos: 0 },
        (seconds, nanos) => Timestamp { seconds, nanos: nanos + 1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, nanos: i32) -> Timestamp {
        Timestamp { seconds, nanos }
    }

    #[test]
    fn the_next_time_is_now_or_right_behind_the_newest() {
        let now = at(100, 5);
        assert_eq!(behind(now, []), now);
        assert_eq!(behind(now, [at(99, LAST_NANO), at(100, 3)]), now);
        assert_eq!(behind(now, [at(100, 4)]), now);
        assert_eq!(behind(now, [at(100, 5)]), at(100, 6));
        assert_eq!(behind(now, [at(200, 7), at(300, 8), at(250, 9)]), at(300, 9));
        assert_eq!(behind(now, [at(300, LAST_NANO)]), at(301, 0));
    }

    #[test]
    fn a_time_that_no_timestamp_may_be_counts_as_the_nearest_one_that_it_may() {
        let now = at(100, 5);
        for hostile in
            [LAST, at(LAST_SECOND, i32::MAX), at(LAST_SECOND + 1, 0), at(i64::MAX, i32::MAX), at(i64::MAX, -1)]
        {
            assert_eq!(behind(now, [hostile]), LAST, "{hostile:?}");
            assert_eq!(compare(&hostile, &LAST), Ordering::Equal, "{hostile:?}");
        }
        assert_eq!(behind(now, [at(i64::MIN, i32::MIN), at(100, -7)]), now);
        assert_eq!(behind(now, [at(200, i32::MAX)]), at(201, 0));
        assert_eq!(behind(now, [at(200, i32::MIN)]), at(200, 1));
    }
}

//! Moments as columns have them.

use prost_types::Timestamp;

use crate::engine::{discovery_of, parts_of_timestamp, Kind};
use crate::proto::wire::Malformed;

/// Protobuf: the first and the last second that a `Timestamp` may name, of the years 1 and 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Whole microseconds since 1970; `None` for what no `Timestamp` may be.
pub fn micros(time: &Timestamp) -> Option<i64> {
    of_parts(time.seconds, time.nanos)
}

/// When a stored record was discovered.
pub fn discovered(kind: Kind, stored: &[u8]) -> Result<Option<i64>, Malformed> {
    Ok(discovery_of(kind, stored)?.and_then(|(seconds, nanos)| of_parts(seconds, nanos)))
}

/// The same of an encoded `google.protobuf.Timestamp`.
pub fn of_timestamp(timestamp: &[u8]) -> Result<Option<i64>, Malformed> {
    parts_of_timestamp(timestamp).map(|(seconds, nanos)| of_parts(seconds, nanos))
}

fn of_parts(seconds: i64, nanos: i32) -> Option<i64> {
    let nanos = i64::from(nanos);
    let seconds = seconds.checked_add(nanos.div_euclid(1_000_000_000))?;
    SECONDS.contains(&seconds).then(|| seconds * 1_000_000 + nanos.rem_euclid(1_000_000_000) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_microsecond_that_it_lies_in() {
        let micros = |seconds, nanos| micros(&Timestamp { seconds, nanos });
        assert_eq!(micros(1, 999_999_999), Some(1_999_999));
        assert_eq!(micros(-1, 1), Some(-1_000_000));
        assert_eq!(micros(-62_135_596_800, 0), Some(-62_135_596_800_000_000));
        assert_eq!(micros(253_402_300_799, 999_999_999), Some(253_402_300_799_999_999));
        for (seconds, nanos) in [(i64::MAX, i32::MAX), (i64::MIN, 0), (253_402_300_800, 0), (-62_135_596_800, -1)] {
            assert_eq!(micros(seconds, nanos), None);
        }
    }
}

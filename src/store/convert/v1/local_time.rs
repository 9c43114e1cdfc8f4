//! Times as the SDK's SQLite engine writes them: "2006-01-02 15:04:05.999999999", by the clock on the wall.
//!
//! SDK (`localizeSQLiteTimestamp`): the zone is that of the process that reads them. What names a zone is of that zone.

use prost_types::Timestamp;
use rusqlite::Connection;

use crate::{Error, Result};

/// The minute of a time: "2006-01-02 15:04".
const MINUTE: usize = 16;

/// Reads times. What the process's zone makes of a minute is asked of SQLite, which asks the system.
pub struct LocalTime {
    connection: Connection,
    /// The minute that was asked for last, and the seconds to be added to its time.
    last: Option<([u8; MINUTE], i64)>,
}

impl LocalTime {
    /// In the process's zone.
    pub fn new() -> Result<LocalTime> {
        let connection = Connection::open_in_memory().map_err(|error| Error::Internal(error.to_string()))?;
        Ok(LocalTime { connection, last: None })
    }

    /// The moment that a text stands for; `None` for a text that is no time.
    pub fn read(&mut self, text: &[u8]) -> Option<Timestamp> {
        let Written { mut seconds, nanos, minute, offset } = Written::parse(text)?;
        seconds -= match offset {
            Some(offset) => offset,
            None => self.offset(minute)?,
        };
        Some(Timestamp { seconds, nanos })
    }

    /// How far the zone's clock is ahead in that minute.
    fn offset(&mut self, minute: [u8; MINUTE]) -> Option<i64> {
        if let Some((_, offset)) = self.last.filter(|(last, _)| *last == minute) {
            return Some(offset);
        }
        let text = std::str::from_utf8(&minute).ok()?;
        let sql = "SELECT unixepoch(?1) - unixepoch(?1, 'utc')";
        let offset = self.connection.query_row(sql, [text], |row| row.get(0)).ok()?;
        self.last = Some((minute, offset));
        Some(offset)
    }
}

/// What is written.
struct Written {
    /// Of the clock, since 1970.
    seconds: i64,
    nanos: i32,
    minute: [u8; MINUTE],
    /// Seconds by which the clock is ahead, if the text says so.
    offset: Option<i64>,
}

impl Written {
    fn parse(text: &[u8]) -> Option<Written> {
        // Go: what a monotonic clock said.
        let end = text.windows(3).position(|window| window == b" m=").unwrap_or(text.len());
        let text = text[..end].trim_ascii_end();
        let (day, rest) = text.split_at_checked(10)?;
        let year = number(&day[..4])?;
        let (month, day_of_month) = (number(&day[5..7])?, number(&day[8..])?);
        let is_day = day[4] == b'-' && day[7] == b'-' && year > 0 && (1..=12).contains(&month);
        if !is_day || !(1..=days_of(year, month)).contains(&day_of_month) {
            return None;
        }
        let mut minute = *b"0000-00-00 00:00";
        minute[..10].copy_from_slice(day);
        let mut written = Written { seconds: days(year, month, day_of_month) * 86_400, nanos: 0, minute, offset: None };
        let rest = match rest {
            [] => return Some(written),
            [b' ' | b'T', rest @ ..] => rest,
            _ => return None,
        };
        let (clock, mut rest) = rest.split_at_checked(5)?;
        let (hours, minutes) = (number(&clock[..2])?, number(&clock[3..])?);
        if clock[2] != b':' || hours > 23 || minutes > 59 {
            return None;
        }
        written.minute[11..].copy_from_slice(clock);
        written.seconds += hours * 3600 + minutes * 60;
        if let [b':', tens, ones, behind @ ..] = rest {
            let seconds = number(&[*tens, *ones]).filter(|seconds| *seconds < 60)?;
            written.seconds += seconds;
            rest = behind;
            if let [b'.', behind @ ..] = rest {
                let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let mut nanos = 0;
                for place in 0..9 {
                    let digit = behind.get(place).filter(|_| place < digits).map_or(0, |digit| digit - b'0');
                    nanos = nanos * 10 + i32::from(digit);
                }
                written.nanos = nanos;
                rest = behind.get(digits..).filter(|_| digits > 0)?;
            }
        }
        written.offset = offset(rest)?;
        Some(written)
    }
}

/// The seconds of what names a zone: nothing, "Z", "+02:00" or, as Go writes it, " +0200 CEST".
fn offset(zone: &[u8]) -> Option<Option<i64>> {
    let (sign, rest) = match zone.trim_ascii_start() {
        [] => return Some(None),
        b"Z" => return Some(Some(0)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [a, b, b':', c, d] => ([*a, *b], [*c, *d]),
        [a, b, c, d] => ([*a, *b], [*c, *d]),
        [a, b, c, d, b' ', ..] => ([*a, *b], [*c, *d]),
        _ => return None,
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    (hours < 24 && minutes < 60).then_some(Some(sign * (hours * 3600 + minutes * 60)))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to that day.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let of_years = before * 365 + before / 4 - before / 100 + before / 400;
    let of_months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    /// From the first day of year 1.
    const TO_1970: i64 = 719_162;
    of_years + of_months + day - 1 - TO_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(i64, i32)> {
        let written = Written::parse(text.as_bytes())?;
        Some((written.seconds - written.offset.unwrap_or(0), written.nanos))
    }

    #[test]
    fn days_are_those_that_sqlite_counts() {
        let connection = Connection::open_in_memory().unwrap();
        for text in ["0001-01-01", "1600-02-29", "1900-03-01", "1969-12-31", "1970-01-01", "2000-02-29", "9999-12-31"] {
            let expected: i64 = connection.query_row("SELECT unixepoch(?1)", [text], |row| row.get(0)).unwrap();
            assert_eq!(read(text), Some((expected, 0)), "{text}");
        }
    }

    #[test]
    fn every_form_that_the_sdk_reads_is_read() {
        let second = Some((1_136_214_245, 0));
        let nanos = |nanos| second.map(|(second, _)| (second, nanos));
        assert_eq!(read("2006-01-02 15:04:05"), second);
        assert_eq!(read("2006-01-02T15:04:05"), second);
        assert_eq!(read("2006-01-02 15:04:05.1"), nanos(100_000_000));
        assert_eq!(read("2006-01-02 15:04:05.123456789"), nanos(123_456_789));
        assert_eq!(read("2006-01-02 15:04:05.1234567891"), nanos(123_456_789));
        assert_eq!(read("2006-01-02T15:04:05.5Z"), nanos(500_000_000));
        assert_eq!(read("2006-01-02 17:34:05+02:30"), second);
        assert_eq!(read("2006-01-02 08:04:05.000000001-07:00"), nanos(1));
        assert_eq!(read("2006-01-02 08:04:05 -0700 MST"), second);
        assert_eq!(read("2006-01-02 15:04:05 +0000 UTC m=+0.5"), second);
        assert_eq!(read("2006-01-02 15:04"), Some((1_136_214_240, 0)));
        for text in [
            "",
            "now",
            "2006-13-02",
            "2006-02-30",
            "2006-01-02 24:00",
            "2006-01-02 15:04:60",
            "2006-01-02 15:04:05.",
            "2006-01-02 15:04:05 CET",
            "2006-01-0é 15:04",
            "0000-01-01",
            "2006-01-02 15:04:05+2",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_names_no_zone_is_of_the_zone_of_the_process() {
        let connection = Connection::open_in_memory().unwrap();
        let mut clock = LocalTime::new().unwrap();
        for text in ["2024-01-15 12:30:45", "2024-07-15 12:30:45", "2024-07-15 12:30:46"] {
            let expected: i64 = connection.query_row("SELECT unixepoch(?1, 'utc')", [text], |row| row.get(0)).unwrap();
            assert_eq!(clock.read(text.as_bytes()), Some(Timestamp { seconds: expected, nanos: 0 }), "{text}");
        }
    }
}

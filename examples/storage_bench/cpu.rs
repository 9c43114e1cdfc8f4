//! Processor time, which another program's work does not add to.

use std::fs;
use std::io;
use std::time::Duration;

/// Linux tells programs in ticks of that many milliseconds, whatever the kernel's own clock does.
const TICK_MILLIS: u64 = 10;
/// User and system time, counted from the field behind the program's name, which may hold spaces.
const TIMES: std::ops::Range<usize> = 11..13;

/// What all threads of this process have used so far.
pub fn used() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        fields.get(TIMES).and_then(|times| times.iter().map(|time| time.parse::<u64>().ok()).sum::<Option<u64>>());
    let ticks = ticks.ok_or_else(|| io::Error::other("no times in /proc/self/stat"))?;
    Ok(Duration::from_millis(ticks * TICK_MILLIS))
}

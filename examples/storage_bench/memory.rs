//! What the kernel says of this process's memory.

use std::fs;
use std::io;

/// Resident memory in MB: now, and the most since [`reset_peak`].
#[derive(Clone, Copy, Debug)]
pub struct Resident {
    pub now: f64,
    pub peak: f64,
}

pub fn resident() -> io::Result<Resident> {
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes =
            line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<f64>().ok());
        kibibytes
            .map(|kibibytes| kibibytes * 1024.0 / 1e6)
            .ok_or_else(|| io::Error::other(format!("no {name} in status")))
    };
    Ok(Resident { now: field("VmRSS:")?, peak: field("VmHWM:")? })
}

/// Lets the peak start again from what is resident now.
pub fn reset_peak() -> io::Result<()> {
    fs::write("/proc/self/clear_refs", "5")
}

//! Progress bars, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

use crate::Outcome;

/// A bar for so many steps of something.
pub fn bar(name: &str, steps: u64) -> Outcome<ProgressBar> {
    let style = ProgressStyle::with_template("{prefix:32} {wide_bar} {pos}/{len} {elapsed}")?;
    Ok(ProgressBar::new(steps).with_style(style).with_prefix(name.to_owned()))
}

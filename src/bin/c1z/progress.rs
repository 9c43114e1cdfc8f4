//! How far a long operation is, on standard error if that is a terminal.

use std::sync::Once;
use std::time::{Duration, Instant};

use c1z::control::Control;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is over sooner needs no bar.
const SHORT: Duration = Duration::from_millis(300);

/// A bar that is gone when it is dropped.
pub struct Progress {
    bar: ProgressBar,
    /// When it may first be drawn.
    from: Instant,
    drawn: Once,
}

impl Progress {
    /// Of an operation that is long, whatever it works on.
    pub fn new(message: &'static str) -> Progress {
        Progress::from(message, Instant::now())
    }

    /// Of one that is long on large files only.
    pub fn late(message: &'static str) -> Progress {
        Progress::from(message, Instant::now() + SHORT)
    }

    fn from(message: &'static str, from: Instant) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{msg} [{wide_bar}] {percent:>3} % {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(message);
        Progress { bar, from, drawn: Once::new() }
    }

    /// Runs `operation`, which tells of its progress.
    pub fn during<T>(&self, operation: impl FnOnce(&Control<'_>) -> T) -> T {
        let report = |done: u64, total: u64| {
            if Instant::now() >= self.from {
                self.drawn.call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
                self.bar.set_length(total);
                self.bar.set_position(done);
            }
        };
        operation(&Control::new(&|| false, &report))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // Clearing draws: what was never there stays so.
        if self.drawn.is_completed() {
            self.bar.finish_and_clear();
        }
    }
}

//! How many processors there are.

use std::sync::OnceLock;

/// How many processors this process may use, as the system and its control group say when they are first asked: the
/// answer takes opening several files.
pub(crate) fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

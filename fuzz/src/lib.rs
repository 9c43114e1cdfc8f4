//! What the fuzz targets share: files made of fuzzed bytes, and what must hold whatever those are.
//!
//! A target whose bytes stand behind a checksum gets the right one here: otherwise nothing behind it would be reached.

mod files;
mod records;

pub use files::{check, head, indexed, File, Parts};
pub use records::check_translation;

//! The file that a store belongs to: opening it, saving and closing it, and what is said of it without a store.
//!
//! `open` makes the [`Store`], which holds what the other rooms keep in memory and whose methods they implement. Called by
//! `capi`; the other rooms take paths, working folders and manifests from here.

mod changes;
mod common_tables;
mod engine_config;
mod header;
mod inspect;
mod new_file;
mod open;
mod paths;
mod save;
mod verify;
mod verify_report;
mod working_folder;

pub use header::{read_header, read_header_of_source};
pub use inspect::{inspect_schema, Inspection};
pub use new_file::save_as_new;
pub use open::{encoding, naming, OpenOptions, Store};
pub use paths::{absolute, check_absent, optional_path, required_path};
pub use save::{manifest, payload, SavedFrames};
pub use verify::verify;
pub use working_folder::WorkingFolder;

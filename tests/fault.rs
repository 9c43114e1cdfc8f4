//! What a failing disk, a full one, and a kill at any step or moment leave behind.
//!
//! Faults are injected where they happen: this program's own `write`, `fsync`, `rename` and so on stand before the system's
//! (`syscalls`), for the library as for RocksDB, so that nothing in the library knows of it and no step is forgotten.
//! `disk` fills, locks and limits real ones.
#![cfg(target_os = "linux")]

#[path = "fault/commits.rs"]
mod commits;
#[cfg(feature = "sqlite")]
#[path = "fault/converting.rs"]
mod converting;
#[path = "fault/disk.rs"]
mod disk;
#[path = "fault/ending.rs"]
mod ending;
#[path = "store/fixture.rs"]
#[allow(dead_code)]
mod fixture;
#[path = "capi/functions.rs"]
#[allow(dead_code)]
mod functions;
#[path = "equivalence/index.rs"]
mod index;
#[path = "fault/killing.rs"]
mod killing;
#[path = "fault/merging.rs"]
mod merging;
#[path = "fault/opening.rs"]
mod opening;
#[path = "fault/place.rs"]
mod place;
#[path = "fault/private.rs"]
mod private;
#[path = "fault/reading.rs"]
mod reading;
#[path = "fault/replacing.rs"]
mod replacing;
#[path = "capi/sample.rs"]
#[allow(dead_code)]
mod sample;
#[path = "fault/saving.rs"]
mod saving;
#[path = "capi/support.rs"]
#[allow(dead_code)]
mod support;
#[path = "fault/syncing.rs"]
mod syncing;
#[path = "fault/syscalls.rs"]
mod syscalls;
#[cfg(feature = "sqlite")]
#[allow(dead_code)]
#[path = "convert/v1_file.rs"]
mod v1_file;

//! The command, run as a shell runs it.

mod bad_files;
mod changes;
mod compare;
mod convert;
mod expected;
#[cfg(feature = "parquet")]
mod export;
#[allow(dead_code)]
#[path = "../store/fixture.rs"]
mod fixture;
mod ids;
mod long_lists;
mod run;
mod terminal;
#[allow(dead_code)]
#[path = "../convert/v1_file.rs"]
mod v1_file;

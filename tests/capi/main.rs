//! The C ABI as C programs call it: what the top of the header promises, function by function.

mod allocations;
mod closing;
mod compare;
mod control;
mod convert;
mod cursors;
mod deep;
mod descriptors;
mod files;
mod files_left;
#[cfg(target_os = "linux")]
mod forking;
mod functions;
mod header;
mod host;
mod inspect;
mod pages;
mod pointers;
mod read_only;
mod requests;
mod sample;
mod saving;
mod source_cache;
mod stack;
mod support;
mod swept;
mod syncs;
mod threads;
mod tokens;
mod verify;

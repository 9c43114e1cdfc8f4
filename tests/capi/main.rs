//! The C ABI as C programs call it: what the top of the header promises, function by function.

mod allocations;
mod closing;
mod control;
mod cursors;
mod files;
mod functions;
mod header;
mod inspect;
mod pages;
mod pointers;
mod read_only;
mod requests;
mod sample;
mod saving;
mod support;
mod syncs;
mod threads;
mod tokens;
mod verify;

//! What benches and examples have in common: made-up grants, and a store to put them into.

// Every bench and example is a program of its own, and each uses a part of this.
#![allow(dead_code)]

pub mod messages;
pub mod pages;
pub mod store;
pub mod workload;

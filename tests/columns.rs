//! Tables as Arrow columns: every row is what lists show of it, and a stream keeps what it promises in whatever order it, its batches
//! and its store are let go.

#[path = "columns/cells.rs"]
mod cells;
#[path = "columns/equal.rs"]
mod equal;
#[path = "columns/expected.rs"]
mod expected;
// Other tests use what these leave out.
#[allow(dead_code)]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "columns/hostile.rs"]
mod hostile;
#[path = "columns/parts.rs"]
mod parts;
#[path = "columns/schema.rs"]
mod schema;
#[path = "columns/selection.rs"]
mod selection;
#[path = "columns/stream.rs"]
mod stream;
#[path = "columns/streams.rs"]
mod streams;

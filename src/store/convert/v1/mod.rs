//! What the SDK's SQLite engine stores: its tables, their rows, and what these become.
//!
//! Everything in the database is a stranger's: its schema, its types and its bytes. [`database`] opens it so that nothing in
//! it is carried out, and reads tables in the order of their rows; [`runs`] and [`rows`] say what rows mean; [`filling`] puts
//! sync after sync into slots; [`losses`] keeps what could not be taken over. [`syncs`] tells of the syncs alone.

mod database;
mod filling;
mod local_time;
mod losses;
mod rows;
mod runs;
mod sessions;
mod spans;
mod syncs;

pub use filling::fill;
pub use syncs::read_syncs;

/// The name of the unpacked database.
const DATABASE: &str = "database";

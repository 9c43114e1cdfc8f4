//! Files of format v1, as the SDK's SQLite engine of any age writes them and as nobody should, converted.

#[path = "convert/all.rs"]
mod all;
#[path = "convert/duplicates.rs"]
mod duplicates;
#[path = "convert/expansion.rs"]
mod expansion;
// Other tests use what these leave out.
#[allow(dead_code)]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "convert/held.rs"]
mod held;
#[path = "convert/hostile.rs"]
mod hostile;
#[path = "convert/losses.rs"]
mod losses;
#[path = "convert/old.rs"]
mod old;
#[path = "convert/opening.rs"]
mod opening;
#[path = "convert/output.rs"]
mod output;
#[path = "convert/v1_file.rs"]
mod v1_file;

//! What a verification says of sound files and of files that are broken in one place.

#[path = "verify/control.rs"]
mod control;
#[path = "verify/database.rs"]
mod database;
#[path = "verify/envelope.rs"]
mod envelope;
// Other tests use what these leave out.
#[allow(dead_code)]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "verify/indexes.rs"]
mod indexes;
#[path = "verify/sample.rs"]
mod sample;
#[path = "verify/sound.rs"]
mod sound;
#[path = "verify/syncs.rs"]
mod syncs;

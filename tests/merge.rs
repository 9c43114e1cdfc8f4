//! What merging makes of syncs, in a new file and where they are: the records that a reference of a few lines makes of them,
//! or an error that names the input, and then nothing.

#[path = "merge/cancelled.rs"]
mod cancelled;
#[path = "merge/damage.rs"]
mod damage;
#[path = "merge/equal.rs"]
mod equal;
#[path = "merge/family.rs"]
mod family;
// Other tests use what these leave out.
#[allow(dead_code)]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "merge/in_place.rs"]
mod in_place;
#[path = "equivalence/index.rs"]
mod index;
#[path = "merge/inputs.rs"]
mod inputs;
#[path = "merge/merging.rs"]
mod merging;
#[path = "merge/output.rs"]
mod output;
#[path = "merge/record.rs"]
mod record;
#[path = "merge/reference.rs"]
mod reference;
#[path = "merge/run.rs"]
mod run;
#[path = "merge/stored.rs"]
mod stored;
#[path = "merge/ways.rs"]
mod ways;

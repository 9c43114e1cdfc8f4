//! What comparing finds between two syncs: what a reference of a few lines finds, whatever of the files is not read, or an
//! error that names the file.

#[path = "compare/comparing.rs"]
mod comparing;
#[path = "compare/damage.rs"]
mod damage;
#[path = "merge/family.rs"]
mod family;
#[path = "compare/fields.rs"]
mod fields;
// Other tests use what these leave out.
#[allow(dead_code)]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "compare/pages.rs"]
mod pages;
#[path = "compare/random.rs"]
mod random;
#[path = "merge/record.rs"]
mod record;
#[path = "compare/reference.rs"]
mod reference;
#[path = "compare/syncs.rs"]
mod syncs;
#[path = "compare/tables.rs"]
mod tables;

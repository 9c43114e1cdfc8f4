//! `c1z list`: all records of a kind, or some.

mod assets;
mod entitlements;
mod grants;
mod resource_types;
mod resources;
mod syncs;

use clap::{Args, Subcommand};

use crate::failure::{Failure, Status};

/// Lists records of one kind
#[derive(Args)]
pub struct List {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    ResourceTypes(resource_types::ResourceTypes),
    Resources(resources::Resources),
    Entitlements(entitlements::Entitlements),
    Grants(grants::Grants),
    Syncs(syncs::Syncs),
    Assets(assets::Assets),
}

impl List {
    pub fn run(self) -> Result<Status, Failure> {
        match self.kind {
            Kind::ResourceTypes(list) => list.run(),
            Kind::Resources(list) => list.run(),
            Kind::Entitlements(list) => list.run(),
            Kind::Grants(list) => list.run(),
            Kind::Syncs(list) => list.run(),
            Kind::Assets(list) => list.run(),
        }?;
        Ok(Status::Done)
    }
}

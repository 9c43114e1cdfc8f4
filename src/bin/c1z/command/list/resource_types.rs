//! `c1z list resource-types`.

use std::ops::ControlFlow;

use c1z::proto::connector::{ResourceType, ResourceTypesServiceListResourceTypesRequest};
use clap::Args;

use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::Failure;
use crate::output::{Output, Shown};
use crate::pages::{decoded, walk};
use crate::sync;

/// Lists resource types, by id
#[derive(Args)]
pub struct ResourceTypes {
    #[command(flatten)]
    file: FileArguments,
    #[command(flatten)]
    output: OutputArguments,
}

impl ResourceTypes {
    pub fn run(self) -> Result<(), Failure> {
        let store = sync::open(&self.file)?;
        let mut output = Output::new(self.output.format(), &["id", "name", "traits"]);
        let mut shown = Shown::of("c1.connector.v2.ResourceType");
        let page = |page_token, page_size| {
            let request = ResourceTypesServiceListResourceTypesRequest { page_token, page_size, ..Default::default() };
            store.list_resource_types(&request)
        };
        walk(page, |row| {
            output.row(|| shown.json(row), || Ok(cells(decoded(row)?)))?;
            Ok(ControlFlow::Continue(()))
        })?;
        output.finish()?;
        Ok(store.close()?)
    }
}

fn cells(resource_type: ResourceType) -> Vec<String> {
    let traits: Vec<String> =
        resource_type.traits().map(|of| of.as_str_name().trim_start_matches("TRAIT_").to_lowercase()).collect();
    vec![resource_type.id, resource_type.display_name, traits.join(", ")]
}

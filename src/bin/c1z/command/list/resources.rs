//! `c1z list resources`.

use std::ops::ControlFlow;

use c1z::proto::connector::{Resource, ResourcesServiceListResourcesRequest};
use clap::Args;

use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::Failure;
use crate::names::{resource, Names};
use crate::output::{Output, Shown};
use crate::pages::{decoded, walk};
use crate::resolve::Resolver;
use crate::resource_ids::resource_id;
use crate::sync;

/// Lists resources, by type and id
#[derive(Args)]
pub struct Resources {
    #[command(flatten)]
    file: FileArguments,
    /// Only those of this type
    #[arg(short = 't', long = "resource-type", value_name = "TYPE")]
    of_type: Option<String>,
    /// Only those below this resource
    #[arg(long, value_name = "RESOURCE")]
    parent: Option<String>,
    /// The type of --parent
    #[arg(long, value_name = "TYPE", requires = "parent")]
    parent_type: Option<String>,
    /// Only the one with this id, or those with this id of every type
    #[arg(short = 'r', long = "resource", value_name = "RESOURCE", conflicts_with = "parent")]
    resource: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Resources {
    pub fn run(self) -> Result<(), Failure> {
        let store = sync::open(&self.file)?;
        let mut names = Names::of(&store);
        let mut output =
            Output::new(self.output.format(), &["type", "id", "name", "parent type", "parent", "parent name"]);
        let mut shown = Shown::of("c1.connector.v2.Resource");
        if let Some(id) = self.resource {
            let types = self.of_type.map_or_else(|| store.resource_types_in_use(), |of_type| Ok(vec![of_type]))?;
            for of_type in types {
                if let Some(row) = resource(&store, &resource_id(of_type, &id))? {
                    let row = prost::Message::encode_to_vec(&row);
                    output.row(|| shown.json(&row), || cells(decoded(&row)?, &mut names))?;
                }
            }
        } else {
            let parent = self.parent.map(|id| Resolver::new(&store, self.parent_type.as_deref()).resource(&id));
            let parent_resource_id = parent.transpose()?;
            let page = |page_token, page_size| {
                store.list_resources(&ResourcesServiceListResourcesRequest {
                    resource_type_id: self.of_type.clone().unwrap_or_default(),
                    parent_resource_id: parent_resource_id.clone(),
                    page_token,
                    page_size,
                    ..Default::default()
                })
            };
            walk(page, |row| {
                output.row(|| shown.json(row), || cells(decoded(row)?, &mut names))?;
                Ok(ControlFlow::Continue(()))
            })?;
        }
        output.finish()?;
        Ok(store.close()?)
    }
}

fn cells(resource: Resource, names: &mut Names<'_>) -> Result<Vec<String>, Failure> {
    let id = resource.id.unwrap_or_default();
    let parent = resource.parent_resource_id.unwrap_or_default();
    let parent_name = if parent.resource.is_empty() { String::new() } else { names.resource(&parent)? };
    Ok(vec![id.resource_type, id.resource, resource.display_name, parent.resource_type, parent.resource, parent_name])
}

//! `c1z list entitlements`.

use std::ops::ControlFlow;

use c1z::proto::connector::{Entitlement, EntitlementsServiceListEntitlementsRequest, Resource};
use clap::Args;

use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::Failure;
use crate::names::Names;
use crate::output::{Output, Shown};
use crate::pages::{decoded, walk};
use crate::resolve::Resolver;
use crate::resource_ids::resource_of;
use crate::sync;

/// Lists entitlements, by resource
#[derive(Args)]
pub struct Entitlements {
    #[command(flatten)]
    file: FileArguments,
    /// Only those on resources of this type
    #[arg(short = 't', long = "resource-type", value_name = "TYPE")]
    of_type: Option<String>,
    /// Only those on this resource
    #[arg(short = 'r', long = "resource", value_name = "RESOURCE")]
    resource: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Entitlements {
    pub fn run(self) -> Result<(), Failure> {
        let store = sync::open(&self.file)?;
        let of_type = self.of_type.as_deref();
        let resource = self.resource.map(|id| Resolver::new(&store, of_type).resource(&id)).transpose()?;
        let resource = resource.map(|id| Resource { id: Some(id), ..Resource::default() });
        let mut names = Names::of(&store);
        let mut output = Output::new(self.output.format(), &["id", "name", "on type", "on", "on name"]);
        let mut shown = Shown::of("c1.connector.v2.Entitlement");
        let page = |page_token, page_size| {
            let resource = resource.clone();
            let request =
                EntitlementsServiceListEntitlementsRequest { resource, page_token, page_size, ..Default::default() };
            store.list_entitlements(&request)
        };
        walk(page, |row| {
            if let Some(of_type) = of_type {
                let entitlement: Entitlement = decoded(row)?;
                let on = resource_of(&entitlement).map(|id| id.resource_type.as_str()).unwrap_or_default();
                // They are ordered by type.
                match on.as_bytes().cmp(of_type.as_bytes()) {
                    std::cmp::Ordering::Less => return Ok(ControlFlow::Continue(())),
                    std::cmp::Ordering::Greater => return Ok(ControlFlow::Break(())),
                    std::cmp::Ordering::Equal => {}
                }
            }
            output.row(|| shown.json(row), || cells(&decoded(row)?, &mut names))?;
            Ok(ControlFlow::Continue(()))
        })?;
        output.finish()?;
        Ok(store.close()?)
    }
}

fn cells(entitlement: &Entitlement, names: &mut Names<'_>) -> Result<Vec<String>, Failure> {
    let on = resource_of(entitlement).cloned().unwrap_or_default();
    let on_name = names.resource(&on)?;
    let Entitlement { id, display_name, .. } = entitlement;
    Ok(vec![id.clone(), display_name.clone(), on.resource_type, on.resource, on_name])
}

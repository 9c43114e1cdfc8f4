//! `c1z who`: who holds something.

use c1z::proto::connector::{Entitlement, GrantsServiceListGrantsRequest, Resource, ResourceId};
use c1z::proto::reader::GrantsReaderServiceListGrantsForEntitlementRequest;
use c1z::store::Store;
use clap::Args;

use super::grants::{self, HOLDERS, HOLDERS_OF};
use crate::arguments::{FileArguments, OutputArguments};
use crate::failure::{Failure, Status};
use crate::names::Names;
use crate::output::Format;
use crate::resolve::Resolver;
use crate::several::Hit;
use crate::sync;

/// Who holds an entitlement, or any on a resource, and through which groups
#[derive(Args)]
pub struct Who {
    #[command(flatten)]
    file: FileArguments,
    /// The id of an entitlement, else of a resource, or else a name of either
    #[arg(value_name = "ENTITLEMENT-or-RESOURCE")]
    what: String,
    /// The resource type: of the resource, or of what the entitlement is on
    #[arg(short = 't', long = "resource-type", value_name = "TYPE")]
    of_type: Option<String>,
    /// Look for a resource only
    #[arg(long)]
    resource: bool,
    #[command(flatten)]
    output: OutputArguments,
}

impl Who {
    pub fn run(self) -> Result<Status, Failure> {
        let store = sync::open(&self.file)?;
        let resolver = Resolver::new(&store, self.of_type.as_deref());
        let hit = match self.resource {
            true => Hit::Resource(resolver.resource(&self.what)?, String::new()),
            false => resolver.entitlement_or_resource(&self.what)?,
        };
        match hit {
            Hit::Entitlement(entitlement) => holders(&store, self.output.format(), &entitlement)?,
            Hit::Resource(id, _) => holders_on(&store, self.output.format(), id)?,
        }
        store.close()?;
        Ok(Status::Done)
    }
}

fn holders(store: &Store, format: Format, entitlement: &Entitlement) -> Result<(), Failure> {
    let page = |page_token, page_size| {
        store.list_grants_for_entitlement(&GrantsReaderServiceListGrantsForEntitlementRequest {
            entitlement: Some(entitlement.clone()),
            page_token,
            page_size,
            ..Default::default()
        })
    };
    grants::write(format, &HOLDERS, Names::of(store), page, None)
}

fn holders_on(store: &Store, format: Format, id: ResourceId) -> Result<(), Failure> {
    let resource = Some(Resource { id: Some(id), ..Resource::default() });
    let page = |page_token, page_size| {
        let resource = resource.clone();
        store.list_grants(&GrantsServiceListGrantsRequest { resource, page_token, page_size, ..Default::default() })
    };
    grants::write(format, &HOLDERS_OF, Names::of(store), page, None)
}

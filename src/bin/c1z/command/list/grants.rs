//! `c1z list grants`.

use c1z::proto::connector::{Entitlement, Grant, GrantsServiceListGrantsRequest, Resource, ResourceId};
use c1z::proto::reader::{
    GrantsReaderServiceListGrantsForEntitlementRequest, GrantsReaderServiceListGrantsForPrincipalRequest,
    GrantsReaderServiceListGrantsForResourceTypeRequest,
};
use clap::Args;

use crate::arguments::{FileArguments, OutputArguments};
use crate::command::grants::{principal_of, write, ALL};
use crate::failure::Failure;
use crate::names::Names;
use crate::resolve::Resolver;
use crate::sync;

/// Lists grants, by entitlement and principal
#[derive(Args)]
pub struct Grants {
    #[command(flatten)]
    file: FileArguments,
    /// The type of -r, or of what -e is on; with neither, only grants to principals of this type
    #[arg(short = 't', long = "resource-type", value_name = "TYPE")]
    of_type: Option<String>,
    /// Only those of entitlements on this resource
    #[arg(short = 'r', long = "resource", value_name = "RESOURCE", conflicts_with = "entitlement")]
    resource: Option<String>,
    /// Only those of this entitlement
    #[arg(short = 'e', long = "entitlement", value_name = "ENTITLEMENT")]
    entitlement: Option<String>,
    /// Only those to this principal
    #[arg(short = 'p', long = "principal", value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// Only those to principals of this type
    #[arg(long, value_name = "TYPE")]
    principal_type: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

impl Grants {
    pub fn run(self) -> Result<(), Failure> {
        let store = sync::open(&self.file)?;
        let of_type = self.of_type.as_deref();
        let on = Resolver::new(&store, of_type);
        let resource = self.resource.as_ref().map(|id| on.resource(id)).transpose()?;
        let entitlement = self.entitlement.as_ref().map(|id| on.entitlement(id)).transpose()?;
        let of_principals = match (&resource, &entitlement) {
            (None, None) => self.principal_type.as_deref().or(of_type),
            _ => self.principal_type.as_deref(),
        };
        let principal =
            self.principal.as_ref().map(|id| Resolver::new(&store, of_principals).principal(id)).transpose()?;
        let (format, names) = (self.output.format(), Names::of(&store));
        match (resource, entitlement, principal) {
            (Some(id), _, principal) => {
                let resource = Some(Resource { id: Some(id), ..Resource::default() });
                let page = |page_token, page_size| {
                    let resource = resource.clone();
                    let request =
                        GrantsServiceListGrantsRequest { resource, page_token, page_size, ..Default::default() };
                    store.list_grants(&request)
                };
                let is_wanted = |grant: &Grant| is_to(grant, principal.as_ref(), of_principals);
                let has_filter = principal.is_some() || of_principals.is_some();
                write(format, &ALL, names, page, has_filter.then_some(&is_wanted))
            }
            (None, Some(entitlement), principal) => {
                let page = |page_token, page_size| {
                    store.list_grants_for_entitlement(&of_entitlement(
                        entitlement.clone(),
                        principal.clone(),
                        of_principals,
                        page_token,
                        page_size,
                    ))
                };
                write(format, &ALL, names, page, None)
            }
            (None, None, Some(principal)) => {
                let page = |page_token, page_size| {
                    store.list_grants_for_principal(&GrantsReaderServiceListGrantsForPrincipalRequest {
                        principal_id: Some(principal.clone()),
                        page_token,
                        page_size,
                        ..Default::default()
                    })
                };
                write(format, &ALL, names, page, None)
            }
            (None, None, None) => match of_principals {
                Some(of_type) => {
                    let page = |page_token, page_size| {
                        store.list_grants_for_resource_type(&GrantsReaderServiceListGrantsForResourceTypeRequest {
                            resource_type_id: of_type.to_owned(),
                            page_token,
                            page_size,
                            ..Default::default()
                        })
                    };
                    write(format, &ALL, names, page, None)
                }
                None => {
                    let page = |page_token, page_size| {
                        let request = GrantsServiceListGrantsRequest { page_token, page_size, ..Default::default() };
                        store.list_grants(&request)
                    };
                    write(format, &ALL, names, page, None)
                }
            },
        }?;
        Ok(store.close()?)
    }
}

// The SDK deprecates what takes a principal beside the entitlement, and has nothing else that does.
#[allow(deprecated)]
fn of_entitlement(
    entitlement: Entitlement,
    principal_id: Option<ResourceId>,
    of_principals: Option<&str>,
    page_token: String,
    page_size: u32,
) -> GrantsReaderServiceListGrantsForEntitlementRequest {
    GrantsReaderServiceListGrantsForEntitlementRequest {
        entitlement: Some(entitlement),
        principal_id,
        principal_resource_type_ids: of_principals.map(str::to_owned).into_iter().collect(),
        page_token,
        page_size,
        ..Default::default()
    }
}

fn is_to(grant: &Grant, principal: Option<&ResourceId>, of_type: Option<&str>) -> bool {
    let Some(id) = principal_of(grant) else { return false };
    let is_same = |other: &ResourceId| (&id.resource_type, &id.resource) == (&other.resource_type, &other.resource);
    principal.is_none_or(is_same) && of_type.is_none_or(|of_type| id.resource_type == of_type)
}

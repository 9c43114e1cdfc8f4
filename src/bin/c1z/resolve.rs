//! What a bare id is the id of. Ids are never split: every type in the sync is tried, then names.

use std::ops::ControlFlow;

use c1z::proto::connector::{
    Entitlement, EntitlementsServiceListEntitlementsRequest, GrantsServiceListGrantsRequest, Resource, ResourceId,
    ResourcesServiceListResourcesRequest, UserTrait,
};
use c1z::proto::reader::{
    EntitlementsReaderServiceListEntitlementsByIdsResponse, GrantsReaderServiceListGrantsForEntitlementRequest,
    GrantsReaderServiceListGrantsForPrincipalRequest,
};
use c1z::quoted::Quoted;
use c1z::store::Store;
use prost::Message;

use crate::failure::Failure;
use crate::names::resource;
use crate::pages::{decoded, walk};
use crate::resource_ids::{resource_id, resource_of};
use crate::several::{Hit, Several, LISTED};

/// Looks for what an id means among the resource types that come into question.
pub struct Resolver<'s> {
    store: &'s Store,
    /// Of the resource, or of the resource that the entitlement is on; any if `None`.
    of_type: Option<String>,
}

impl<'s> Resolver<'s> {
    pub fn new(store: &'s Store, of_type: Option<&str>) -> Resolver<'s> {
        Resolver { store, of_type: of_type.map(str::to_owned) }
    }

    /// Who holds grants: by id, with or without a row, then by name.
    pub fn principal(&self, id: &str) -> Result<ResourceId, Failure> {
        let mut hits = self.resources_with_id(id, Store::principal_types_in_use, |id| self.holds(id))?;
        if hits.is_empty() {
            hits = self.named_resources(id)?;
        }
        resource_hit(self.only("principal", id, hits)?)
    }

    /// A resource: by id, with or without a row, then by name.
    pub fn resource(&self, id: &str) -> Result<ResourceId, Failure> {
        let mut hits = self.resources_by_id(id)?;
        if hits.is_empty() {
            hits = self.named_resources(id)?;
        }
        resource_hit(self.only("resource", id, hits)?)
    }

    /// An entitlement: by id, then by display name.
    pub fn entitlement(&self, id: &str) -> Result<Entitlement, Failure> {
        let mut hits = self.entitlements_by_id(id)?;
        if hits.is_empty() {
            hits = self.named_entitlements(id)?;
        }
        match self.only("entitlement", id, hits)? {
            Hit::Entitlement(entitlement) => Ok(*entitlement),
            Hit::Resource(..) => Err(c1z::Error::not_found("entitlement", id).into()),
        }
    }

    /// An entitlement by id, else a resource by id, else either by name.
    pub fn entitlement_or_resource(&self, id: &str) -> Result<Hit, Failure> {
        let mut hits = self.entitlements_by_id(id)?;
        if hits.is_empty() {
            hits = self.resources_by_id(id)?;
        }
        if hits.is_empty() {
            hits = self.named_entitlements(id)?;
            hits.extend(self.named_resources(id)?);
        }
        self.only("entitlement or resource", id, hits)
    }

    fn only(&self, noun: &'static str, id: &str, mut hits: Vec<Hit>) -> Result<Hit, Failure> {
        match (hits.pop(), hits.is_empty()) {
            (None, _) => Err(c1z::Error::not_found(noun, id).into()),
            (Some(only), true) => Ok(only),
            (Some(last), false) => {
                hits.push(last);
                Err(Failure::Several(Several { noun, id: Quoted::new(id), hits }))
            }
        }
    }

    fn resources_by_id(&self, id: &str) -> Result<Vec<Hit>, Failure> {
        let is_there = |id: &ResourceId| Ok(self.has_entitlements(id)? || self.is_held(id)?);
        self.resources_with_id(id, Store::resource_types_in_use, is_there)
    }

    /// The resources with that id that have a row, or that `is_there` knows of.
    fn resources_with_id(
        &self,
        id: &str,
        types_in_use: fn(&Store) -> c1z::Result<Vec<String>>,
        is_there: impl Fn(&ResourceId) -> Result<bool, Failure>,
    ) -> Result<Vec<Hit>, Failure> {
        let types = match &self.of_type {
            Some(of_type) => vec![of_type.clone()],
            None => types_in_use(self.store)?,
        };
        let mut hits = Vec::new();
        for of_type in types {
            let id = resource_id(of_type, id);
            match resource(self.store, &id)? {
                Some(row) => hits.push(Hit::Resource(id, row.display_name)),
                None if is_there(&id)? => hits.push(Hit::Resource(id, String::new())),
                None => {}
            }
        }
        Ok(hits)
    }

    fn holds(&self, principal: &ResourceId) -> Result<bool, Failure> {
        any(|page_token, page_size| {
            self.store.list_grants_for_principal(&GrantsReaderServiceListGrantsForPrincipalRequest {
                principal_id: Some(principal.clone()),
                page_token,
                page_size,
                ..Default::default()
            })
        })
    }

    fn is_held(&self, resource: &ResourceId) -> Result<bool, Failure> {
        let resource = Some(Resource { id: Some(resource.clone()), ..Resource::default() });
        any(|page_token, page_size| {
            let resource = resource.clone();
            let request = GrantsServiceListGrantsRequest { resource, page_token, page_size, ..Default::default() };
            self.store.list_grants(&request)
        })
    }

    fn has_entitlements(&self, resource: &ResourceId) -> Result<bool, Failure> {
        let resource = Some(Resource { id: Some(resource.clone()), ..Resource::default() });
        any(|page_token, page_size| {
            let resource = resource.clone();
            let request =
                EntitlementsServiceListEntitlementsRequest { resource, page_token, page_size, ..Default::default() };
            self.store.list_entitlements(&request)
        })
    }

    fn entitlements_by_id(&self, id: &str) -> Result<Vec<Hit>, Failure> {
        let bytes = self.store.list_entitlements_with_id(id, self.of_type.as_deref(), LISTED + 1)?.into_bytes();
        let rows = decoded::<EntitlementsReaderServiceListEntitlementsByIdsResponse>(&bytes)?.list;
        let rows: Vec<_> = rows.into_iter().map(|row| Hit::Entitlement(Box::new(row))).collect();
        if !rows.is_empty() || self.of_type.is_some() {
            return Ok(rows);
        }
        let entitlement = Entitlement { id: id.to_owned(), ..Entitlement::default() };
        let has_grants = any(|page_token, page_size| {
            self.store.list_grants_for_entitlement(&GrantsReaderServiceListGrantsForEntitlementRequest {
                entitlement: Some(entitlement.clone()),
                page_token,
                page_size,
                ..Default::default()
            })
        })?;
        Ok(if has_grants { vec![Hit::Entitlement(Box::new(entitlement))] } else { Vec::new() })
    }

    fn is_of_type(&self, entitlement: &Entitlement) -> bool {
        let on = resource_of(entitlement).map(|id| &id.resource_type);
        self.of_type.is_none() || self.of_type.as_ref() == on
    }

    fn named_entitlements(&self, name: &str) -> Result<Vec<Hit>, Failure> {
        let mut hits = Vec::new();
        let page = |page_token, page_size| {
            let request = EntitlementsServiceListEntitlementsRequest { page_token, page_size, ..Default::default() };
            self.store.list_entitlements(&request)
        };
        walk(page, |row| {
            let entitlement: Entitlement = decoded(row)?;
            if entitlement.display_name == name && self.is_of_type(&entitlement) {
                hits.push(Hit::Entitlement(Box::new(entitlement)));
            }
            Ok(enough(&hits))
        })?;
        Ok(hits)
    }

    fn named_resources(&self, name: &str) -> Result<Vec<Hit>, Failure> {
        let mut hits = Vec::new();
        let page = |page_token, page_size| {
            let resource_type_id = self.of_type.clone().unwrap_or_default();
            let request =
                ResourcesServiceListResourcesRequest { resource_type_id, page_token, page_size, ..Default::default() };
            self.store.list_resources(&request)
        };
        walk(page, |row| {
            let mut resource: Resource = decoded(row)?;
            if resource.display_name == name || is_called(&resource, name) {
                hits.extend(resource.id.take().map(|id| Hit::Resource(id, resource.display_name)));
            }
            Ok(enough(&hits))
        })?;
        Ok(hits)
    }
}

fn resource_hit(hit: Hit) -> Result<ResourceId, Failure> {
    match hit {
        Hit::Resource(id, _) => Ok(id),
        Hit::Entitlement(entitlement) => Err(c1z::Error::not_found("resource", entitlement.id).into()),
    }
}

/// Whether one of the logins or e-mail addresses of a user is that.
fn is_called(resource: &Resource, name: &str) -> bool {
    let traits = resource.annotations.iter().filter(|any| any.type_url.ends_with("/c1.connector.v2.UserTrait"));
    // What is no such message names nobody.
    traits.filter_map(|any| UserTrait::decode(&any.value[..]).ok()).any(|user| {
        user.login == name
            || user.login_aliases.iter().any(|alias| alias == name)
            || user.emails.iter().any(|email| email.address == name)
    })
}

fn enough(hits: &[Hit]) -> ControlFlow<()> {
    match hits.len() > LISTED {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}

/// Whether a listing has a row.
fn any<M: Message + Default>(
    mut page: impl FnMut(String, u32) -> c1z::Result<c1z::store::Encoded<M>>,
) -> Result<bool, Failure> {
    let mut found = false;
    walk(
        |token, _| page(token, 1),
        |_| {
            found = true;
            Ok(ControlFlow::Break(()))
        },
    )?;
    Ok(found)
}

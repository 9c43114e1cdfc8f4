//! Who holds an entitlement: the keys of its grants without the grants.

use std::str::from_utf8;

use crate::keys::{self, Keyspace, Listing};
use crate::proto::api::{ListGrantPrincipalsRequest, ListGrantPrincipalsResponse};
use crate::proto::wire::put_bytes;
use crate::quoted::Quoted;
use crate::store::listing::{Query, Response};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::{Error, Result};

impl Store {
    /// A page of the principals of one entitlement's grants, ordered as the grants are. No record is looked at. Without a
    /// resource the entitlement is looked up by its bare id; an unknown one has no grants.
    pub fn list_grant_principals(
        &self,
        request: &ListGrantPrincipalsRequest,
    ) -> Result<Encoded<ListGrantPrincipalsResponse>> {
        let entitlement = request.entitlement.as_ref().ok_or_else(|| Error::invalid("entitlement is missing"))?;
        let (view, prefix) = self.view_of_grants(&request.annotations, entitlement)?;
        let mut response = Response::new(Shape::Grant);
        let Some(prefix) = prefix else { return Ok(response.finish("")) };
        let below = prefix.len();
        let query = Query::new(Listing::GrantPrincipals, prefix, &request.page_token, request.page_size);
        let (_, next) = query.rows(&view.reader, |key, _| {
            // An escape is no part of a longer character: the key is UTF-8 if its elements are.
            let principal = from_utf8(&key[below..]).ok().and_then(|rest| keys::principal_below(rest.as_bytes()));
            let [resource_type, resource] = principal.ok_or_else(|| unreadable(key))?;
            response.row_with(|out| {
                put_bytes(out, 1, &resource_type);
                put_bytes(out, 2, &resource);
                Ok(())
            })?;
            Ok(Some(key.len()))
        })?;
        Ok(response.finish(&next))
    }
}

fn unreadable(key: &[u8]) -> Error {
    let place = format!("{} at key {}", Keyspace::Grant.noun(), Quoted::new(keys::tuple_of(key)));
    Error::corruption(place, "the key is not that of a grant")
}

//! Rows that a scope tells are gone.

use std::collections::{BTreeSet, HashSet};

use super::parts::Parts;
use super::{scope, Scope};
use crate::control::Control;
use crate::engine::{damaged, Durability, Grant, Kind, Resource};
use crate::keys::{self, ResourceRef};
use crate::proto::api::{DeleteSourceCacheRowsRequest, DeleteSourceCacheRowsResponse, SourceCacheRowsBy};
use crate::proto::wire::Malformed;
use crate::store::records::entitlement_key;
use crate::store::Store;
use crate::{translate, Error, Result};

impl Store {
    /// Deletes rows of the bound sync on behalf of a scope, in commits of some megabytes: what is deleted when it fails stays
    /// so, and the same call deletes the rest.
    pub fn delete_source_cache_rows(
        &self,
        request: &DeleteSourceCacheRowsRequest,
        control: &Control<'_>,
    ) -> Result<DeleteSourceCacheRowsResponse> {
        let scope = scope(&request.row_kind, &request.scope_key)?;
        let (by, kind) = (request.by(), scope.kind());
        let by_resource_id = by == SourceCacheRowsBy::PublicId && kind == Kind::Resource;
        match by {
            SourceCacheRowsBy::Unspecified => return Err(Error::invalid("by is missing")),
            SourceCacheRowsBy::ObjectId if kind == Kind::Entitlement => {
                return Err(Error::invalid("entitlements are not deleted by OBJECT_ID"))
            }
            SourceCacheRowsBy::GrantId if kind != Kind::Grant => {
                return Err(Error::invalid(format!("{} are not deleted by GRANT_ID", scope.row_kind())))
            }
            _ if by_resource_id && !request.ids.is_empty() => {
                return Err(Error::invalid("resources are deleted by resource_ids, not by ids"))
            }
            _ if !by_resource_id && !request.resource_ids.is_empty() => {
                return Err(Error::invalid("resource_ids name nothing that is deleted this way"))
            }
            _ => {}
        }
        if request.ids.is_empty() && request.resource_ids.is_empty() {
            return Ok(DeleteSourceCacheRowsResponse::default());
        }
        let mut parts = Parts::new(self.changing_writer()?);
        let deleted = match by {
            SourceCacheRowsBy::PublicId => self.delete_named(&mut parts, &scope, request, control),
            _ => delete_in_scope(&mut parts, &scope, request, control),
        };
        // Where nothing is deleted, nothing is noted of a sync that has ended.
        let rows = deleted.and_then(|rows| match rows {
            0 => Ok(0),
            _ => parts.commit(Durability::Synced).map(|()| rows),
        });
        // What fails midway leaves a part, too.
        if parts.made {
            self.mark_dirty();
        }
        Ok(DeleteSourceCacheRowsResponse { rows: rows? })
    }

    /// Deletes what ids name, whatever scope it is of.
    fn delete_named(
        &self,
        parts: &mut Parts<'_>,
        scope: &Scope<'_>,
        request: &DeleteSourceCacheRowsRequest,
        control: &Control<'_>,
    ) -> Result<u64> {
        let (kind, slot) = (scope.kind(), parts.bound.slot);
        let reader = parts.reader(scope)?;
        // All ids are looked up before anything is deleted: one that is ambiguous refuses the call.
        let mut named = BTreeSet::new();
        for id in &request.resource_ids {
            if id.resource_type.is_empty() || id.resource.is_empty() {
                return Err(Error::invalid("a resource id lacks its type or its id"));
            }
            named.insert(keys::resource(slot, ResourceRef::new(&id.resource_type, &id.resource)));
        }
        for id in &request.ids {
            control.check()?;
            named.extend(match kind {
                Kind::Grant => found(self.find_grant(&reader, slot, id).map(|found| found.key))?,
                _ => entitlement_key(&reader, slot, id)?,
            });
        }
        let mut rows = 0;
        for key in named {
            rows += u64::from(parts.delete(scope, &key)?);
        }
        Ok(rows)
    }
}

/// Deletes rows of a scope by what their records say.
fn delete_in_scope(
    parts: &mut Parts<'_>,
    scope: &Scope<'_>,
    request: &DeleteSourceCacheRowsRequest,
    control: &Control<'_>,
) -> Result<u64> {
    let (kind, by) = (scope.kind(), request.by());
    let ids: HashSet<&str> = request.ids.iter().map(String::as_str).collect();
    let (reader, slot) = (parts.reader(scope)?, parts.bound.slot);
    let mut rows = 0;
    reader.rows_of_scope(slot, scope, control, |key, stored| {
        let stored = stored.unwrap_or_default();
        if is_named(kind, by, stored, &ids).map_err(|error| damaged(kind.keyspace(), &key, error))? {
            rows += u64::from(parts.delete(scope, &key)?);
        }
        Ok(())
    })?;
    Ok(rows)
}

fn is_named(kind: Kind, by: SourceCacheRowsBy, stored: &[u8], ids: &HashSet<&str>) -> Result<bool, Malformed> {
    Ok(match (kind, by) {
        (Kind::Grant, SourceCacheRowsBy::GrantId) => ids.contains(&*translate::grant_public_id(stored)?),
        (Kind::Grant, _) => ids.contains(Grant::parse(stored)?.identity.principal.resource),
        _ => ids.contains(Resource::parse(stored)?.identity.resource),
    })
}

/// What was looked up; nothing if it is not there.
fn found(key: Result<Vec<u8>>) -> Result<Option<Vec<u8>>> {
    match key {
        Ok(key) => Ok(Some(key)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

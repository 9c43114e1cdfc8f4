//! Finding grants by ids that do not name their identity.
//!
//! Most ids are the canonical `entitlement id:principal type:principal id` with an entitlement id of `type:id:tail`.
//! Such a grant has no index entry: its id is split at its colons in every way and each way is one lookup. Every other
//! grant is in an index (`engine::Grant`), so a lookup finds exactly the grants with that id and never scans.

use super::entitlements::entitlement_key;
use super::put::entitlement_ref;
use crate::engine::{damaged, Grant, Reader, Stored};
use crate::keys::{self, EntitlementRef, GrantRef, Keyspace, ResourceRef, Slot};
use crate::proto::connector::Entitlement;
use crate::store::Store;
use crate::{translate, Error, Result};

const NOUN: &str = "grant";

/// SDK: an id with more colons has too many ways to be read.
const MAX_COLONS: usize = 64;

/// A grant that was looked up, and the record if it was read on the way.
pub(in crate::store) struct Found<'r> {
    pub key: Vec<u8>,
    pub stored: Option<Stored<'r>>,
}

impl Store {
    /// The one grant with a public id.
    pub(in crate::store) fn find_grant<'r>(&self, reader: &'r Reader<'_>, slot: Slot, id: &str) -> Result<Found<'r>> {
        let mut found = self.indexed(reader, slot, id)?;
        split(reader, slot, id, &mut found)?;
        match found.pop() {
            None => Err(Error::not_found(NOUN, id)),
            Some(only) if found.is_empty() => Ok(only),
            Some(_) => Err(Error::ambiguous(NOUN, id)),
        }
    }

    /// The grants with an index entry for `id`.
    fn indexed<'r>(&self, reader: &Reader<'_>, slot: Slot, id: &str) -> Result<Vec<Found<'r>>> {
        // A lookup takes half the time without the iterator, and most syncs have no such entry at all.
        if self.lookup_cache.of(reader).without_ids == Some(slot) {
            return Ok(Vec::new());
        }
        let mut entries = reader.scan(&keys::grants_with_id(slot, id), None);
        let mut found = Vec::new();
        while let Some((entry, _)) = entries.next()? {
            if let Some(tuple) = keys::record_of_entry(Keyspace::GrantById, keys::tuple_of(entry)) {
                found.push(Found { key: keys::record(slot, Keyspace::Grant, &tuple), stored: None });
            }
        }
        if found.is_empty() && !reader.any(&keys::keyspace(slot, Keyspace::GrantById))? {
            self.lookup_cache.learn(reader, |facts| facts.without_ids = Some(slot));
        }
        Ok(found)
    }

    /// The prefix of an entitlement's grants. An entitlement without a resource is looked up by its bare id, first among
    /// entitlements, then among the grants that have one without a record; `None` if there is none.
    pub(in crate::store) fn grants_prefix(
        &self,
        reader: &Reader<'_>,
        slot: Slot,
        entitlement: &Entitlement,
    ) -> Result<Option<Vec<u8>>> {
        if entitlement.id.is_empty() {
            return Err(Error::invalid("entitlement.id is missing"));
        }
        if let Some(identity) = entitlement_ref(entitlement) {
            return Ok(Some(keys::grants_of(slot, identity)));
        }
        if let Some(key) = entitlement_key(reader, slot, &entitlement.id)? {
            let mut prefix = keys::record(slot, Keyspace::Grant, keys::tuple_of(&key));
            prefix.push(0);
            return Ok(Some(prefix));
        }
        let mut found = None;
        for_each_split(reader, slot, &entitlement.id, |identity| {
            let prefix = keys::grants_of(slot, identity);
            if reader.any(&prefix)? && found.replace(prefix).is_some() {
                return Err(Error::ambiguous("entitlement", &entitlement.id));
            }
            Ok(())
        })?;
        Ok(found)
    }
}

/// The grants whose identity can be read from `id`.
fn split<'r>(reader: &'r Reader<'_>, slot: Slot, id: &str, found: &mut Vec<Found<'r>>) -> Result<()> {
    let colons: Vec<usize> = colons(id).collect();
    if colons.len() > Grant::MAX_COLONS {
        return Ok(());
    }
    for (index, &principal_type) in colons.iter().enumerate() {
        for &principal in &colons[index + 1..] {
            let (entitlement, rest) = (&id[..principal_type], &id[principal_type + 1..]);
            let (principal_type, principal) = (&rest[..principal - principal_type - 1], &id[principal + 1..]);
            let principal = ResourceRef::new(principal_type, principal);
            for_each_split(reader, slot, entitlement, |entitlement| {
                let key = keys::grant(slot, GrantRef { entitlement, principal });
                let Some(stored) = reader.get(&key)? else { return Ok(()) };
                // The row may have an id of its own, and be in the index under that one.
                let public_id = translate::grant_public_id(&stored);
                let answers = public_id.map_err(|error| damaged(Keyspace::Grant, &key, error))? == id;
                if answers && found.iter().all(|found| found.key != key) {
                    found.push(Found { key, stored: Some(stored) });
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Calls `visit` with every entitlement identity that `id` can be read as (`type:id:tail`). Where there is more than one
/// way, types and resources without any grant are left out at the first colon where that shows.
fn for_each_split(
    reader: &Reader<'_>,
    slot: Slot,
    id: &str,
    mut visit: impl FnMut(EntitlementRef<'_>) -> Result<()>,
) -> Result<()> {
    let colons: Vec<usize> = colons(id).collect();
    if colons.len() > MAX_COLONS {
        return Err(Error::ambiguous("entitlement", id));
    }
    let several = colons.len() > 2;
    for (index, &first) in colons.iter().enumerate() {
        let resource_type = &id[..first];
        let rest = &colons[index + 1..];
        if rest.is_empty() || several && !reader.any(&keys::grants_on_type(slot, resource_type))? {
            continue;
        }
        for &second in rest {
            let resource = ResourceRef::new(resource_type, &id[first + 1..second]);
            if several && !reader.any(&keys::grants_on(slot, resource))? {
                continue;
            }
            visit(EntitlementRef { resource, id })?;
        }
    }
    Ok(())
}

fn colons(id: &str) -> impl Iterator<Item = usize> + '_ {
    id.bytes().enumerate().filter(|&(_, byte)| byte == b':').map(|(at, _)| at)
}

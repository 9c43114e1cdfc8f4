//! The keys that a record takes up. [`RecordKeys`] is the one place where a record becomes keys; put, overwrite and delete
//! all use it, so they cannot disagree.

use super::covering_value::{put_covering_value, put_covering_value_of_plain};
use super::last_keys::{LastKeys, NextGrant};
use super::rows::Row;
use super::{damaged, Kind};
use crate::keys::{self, Place, Slot};
use crate::proto::wire::Malformed;
use crate::quoted::Quoted;
use crate::Error;

/// Every key that a record takes up.
#[derive(Debug, Default)]
pub struct RecordKeys {
    /// The key of the record.
    pub record: Vec<u8>,
    /// The key of the index entry that every record with this identity has.
    pub fixed: Option<Vec<u8>>,
    /// The value of that entry: what a listing shows of the record beside its identity.
    pub covering_value: Vec<u8>,
    /// The keys of the index entries that the record has because of what else is in it.
    pub varying: Vec<Vec<u8>>,
    /// Which part of the identity is missing, if any is.
    pub missing: Option<&'static str>,
    last: LastKeys,
}

impl RecordKeys {
    /// The keys of a stored record in `slot`.
    pub fn of(kind: Kind, slot: Slot, stored: &[u8]) -> Result<RecordKeys, Malformed> {
        let mut keys = RecordKeys::default();
        let row = Row::parse(kind, stored)?;
        keys.set_own(&row, slot, stored)?;
        keys.varying = row.varying(slot);
        Ok(keys)
    }

    /// Becomes what [`RecordKeys::of`] returns but for the varying keys, in the memory that it has. Returns whether there
    /// are varying keys.
    pub(super) fn reset(&mut self, kind: Kind, slot: Slot, stored: &[u8]) -> Result<bool, Malformed> {
        if kind == Kind::Grant && self.missing.is_none() {
            if let Some(next) = self.last.next(slot, stored, &self.record) {
                return Ok(self.set_next(slot, next));
            }
        }
        self.last.set(&[]);
        let row = Row::parse(kind, stored)?;
        self.set_own(&row, slot, stored)?;
        if let Row::Grant(grant) = &row {
            self.last.set(grant.entitlement_field);
        }
        Ok(row.varies())
    }

    /// [`RecordKeys::reset`] for a record that lies at the key of the identity that `tuple` stands for.
    pub(super) fn reset_at(&mut self, kind: Kind, slot: Slot, tuple: &[u8], stored: &[u8]) -> Result<bool, Error> {
        let keyspace = kind.keyspace();
        let varies = self
            .reset(kind, slot, stored)
            .map_err(|error| damaged(keyspace, &keys::record(slot, keyspace, tuple), error))?;
        match self.missing.is_none() && keys::tuple_of(&self.record) == tuple {
            true => Ok(varies),
            false => {
                let place = format!("{} at key {}", keyspace.noun(), Quoted::new(tuple));
                Err(Error::corruption(place, "the key is not that of its identity"))
            }
        }
    }

    fn set_next(&mut self, slot: Slot, next: NextGrant<'_>) -> bool {
        let NextGrant { entitlement, principal, varies } = next;
        self.record = keys::grant_beside(std::mem::take(&mut self.record), entitlement.clone(), principal);
        let fixed = Place::reusing(slot, self.fixed.take().unwrap_or_default());
        self.fixed = Some(keys::grant_by_principal_of(fixed, &self.record[entitlement], principal));
        self.covering_value.clear();
        put_covering_value_of_plain(&mut self.covering_value);
        varies
    }

    /// [`RecordKeys::varying`] alone; fails for the same records.
    pub fn varying_of(kind: Kind, slot: Slot, stored: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
        Ok(Row::parse(kind, stored)?.varying(slot))
    }

    /// The keys and values of all index entries.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let fixed = self.fixed.iter().map(|entry| (entry.as_slice(), self.covering_value.as_slice()));
        fixed.chain(self.varying.iter().map(|entry| (entry.as_slice(), &b""[..])))
    }

    fn set_own(&mut self, row: &Row<'_>, slot: Slot, stored: &[u8]) -> Result<(), Malformed> {
        let record = Place::reusing(slot, std::mem::take(&mut self.record));
        let fixed = |fixed: &mut Option<Vec<u8>>| Place::reusing(slot, fixed.take().unwrap_or_default());
        self.covering_value.clear();
        if !matches!(row, Row::Entitlement(_) | Row::Grant(_)) {
            // What is there is the entry of a record of another kind.
            self.fixed = None;
        }
        match row {
            Row::ResourceType(row) => self.record = keys::resource_type(record, row.id),
            Row::Resource(row) => self.record = keys::resource(record, row.identity),
            Row::Entitlement(row) => {
                self.record = keys::entitlement(record, row.identity);
                self.fixed = Some(keys::entitlement_by_id(fixed(&mut self.fixed), row.identity));
            }
            Row::Grant(row) => {
                self.record = keys::grant(record, row.identity);
                self.fixed = Some(keys::grant_by_principal(fixed(&mut self.fixed), row.identity));
                put_covering_value(row, stored, &mut self.covering_value)?;
            }
            Row::Asset(row) => self.record = keys::asset(record, row.id),
        }
        self.missing = row.missing();
        Ok(())
    }
}

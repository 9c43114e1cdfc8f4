//! Counting the records of a sync, from their keys alone.

use std::collections::BTreeMap;

use super::strides::CHECK;
use super::{Kind, Reader};
use crate::control::Control;
use crate::keys::{self, Slot};
use crate::{Error, Result};

/// Numbers of records by the type that their key starts with; one number under "" for kinds that have no such type.
pub type ByType = BTreeMap<String, i64>;

/// How many records of each kind a sync holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Resource types.
    pub resource_types: i64,
    /// Resources by their type.
    pub resources: ByType,
    /// Entitlements by the type of their resource.
    pub entitlements: ByType,
    /// Grants by the type of their entitlement's resource.
    pub grants: ByType,
    /// Assets.
    pub assets: i64,
}

impl Counts {
    /// Asks for the numbers of each kind.
    pub(super) fn of(mut by_type: impl FnMut(Kind) -> Result<ByType>) -> Result<Counts> {
        Ok(Counts {
            resource_types: by_type(Kind::ResourceType)?.values().sum(),
            resources: by_type(Kind::Resource)?,
            entitlements: by_type(Kind::Entitlement)?,
            grants: by_type(Kind::Grant)?,
            assets: by_type(Kind::Asset)?.values().sum(),
        })
    }
}

impl Counts {
    /// All of one kind.
    pub fn total(&self, kind: Kind) -> i64 {
        match kind {
            Kind::ResourceType => self.resource_types,
            Kind::Resource => self.resources.values().sum(),
            Kind::Entitlement => self.entitlements.values().sum(),
            Kind::Grant => self.grants.values().sum(),
            Kind::Asset => self.assets,
        }
    }

    pub(super) fn add(&mut self, kind: Kind, more: ByType) {
        let by_type = match kind {
            Kind::ResourceType => return self.resource_types += more.values().sum::<i64>(),
            Kind::Asset => return self.assets += more.values().sum::<i64>(),
            Kind::Resource => &mut self.resources,
            Kind::Entitlement => &mut self.entitlements,
            Kind::Grant => &mut self.grants,
        };
        for (name, number) in more {
            *by_type.entry(name).or_default() += number;
        }
    }
}

impl Reader<'_> {
    /// Counts the records of a slot.
    pub fn count(&self, slot: Slot, control: &Control<'_>) -> Result<Counts> {
        Counts::of(|kind| self.count_kind(slot, kind, control))
    }

    pub(super) fn count_kind(&self, slot: Slot, kind: Kind, control: &Control<'_>) -> Result<ByType> {
        let mut tally = Tally::new(kind);
        let mut entries = self.scan(&keys::keyspace(slot, kind.keyspace()), None);
        let mut rows = 0u64;
        while let Some((key, _)) = entries.next()? {
            if rows.is_multiple_of(CHECK) {
                control.check()?;
            }
            rows += 1;
            tally.add(key)?;
        }
        tally.finish()
    }
}

/// Counts keys of one kind that pass in their order: those of one type follow each other, so its name is decoded once.
pub(super) struct Tally {
    kind: Kind,
    counts: ByType,
    run: i64,
    run_type: Vec<u8>,
}

impl Tally {
    pub fn new(kind: Kind) -> Tally {
        Tally { kind, counts: ByType::new(), run: 0, run_type: Vec::new() }
    }

    pub fn add(&mut self, key: &[u8]) -> Result<()> {
        let typed = !matches!(self.kind, Kind::ResourceType | Kind::Asset);
        let encoded = if typed { keys::Elements::of(keys::tuple_of(key)).next().unwrap_or_default() } else { b"" };
        if self.run_type != encoded {
            self.end_run()?;
            self.run_type = encoded.to_vec();
        }
        self.run += 1;
        Ok(())
    }

    pub fn finish(mut self) -> Result<ByType> {
        self.end_run()?;
        Ok(self.counts)
    }

    fn end_run(&mut self) -> Result<()> {
        let run = std::mem::take(&mut self.run);
        if run > 0 {
            let noun = self.kind.keyspace().noun();
            let name = keys::first_element(&self.run_type)
                .ok_or_else(|| Error::corruption(format!("{noun} key"), "its type is not text"))?;
            *self.counts.entry(name).or_default() += run;
        }
        Ok(())
    }
}

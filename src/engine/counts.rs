//! Counting the records of a sync, from their keys alone.

use std::collections::BTreeMap;

use super::slots::CHECK;
use super::Reader;
use crate::control::Control;
use crate::keys::{self, Family, Slot};
use crate::{Error, Result};

/// How many records of each kind a sync holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Resource types.
    pub resource_types: i64,
    /// Resources by their type.
    pub resources: BTreeMap<String, i64>,
    /// Entitlements by the type of their resource.
    pub entitlements: BTreeMap<String, i64>,
    /// Grants by the type of their entitlement's resource.
    pub grants: BTreeMap<String, i64>,
    /// Assets.
    pub assets: i64,
}

impl Reader<'_> {
    /// Counts the records of a slot.
    pub fn count(&self, slot: Slot, control: &Control<'_>) -> Result<Counts> {
        let total = |by_type: &BTreeMap<String, i64>| by_type.values().sum();
        Ok(Counts {
            resource_types: total(&self.count_family(slot, Family::ResourceType, false, control)?),
            resources: self.count_family(slot, Family::Resource, true, control)?,
            entitlements: self.count_family(slot, Family::Entitlement, true, control)?,
            grants: self.count_family(slot, Family::Grant, true, control)?,
            assets: total(&self.count_family(slot, Family::Asset, false, control)?),
        })
    }

    fn count_family(
        &self,
        slot: Slot,
        family: Family,
        by_type: bool,
        control: &Control<'_>,
    ) -> Result<BTreeMap<String, i64>> {
        let mut counts = BTreeMap::new();
        let mut entries = self.scan(&keys::family(slot, family), None);
        let (mut rows, mut run, mut run_type): (u64, i64, Vec<u8>) = (0, 0, Vec::new());
        while let Some((key, _)) = entries.next()? {
            if rows.is_multiple_of(CHECK) {
                control.check()?;
            }
            rows += 1;
            // Keys of one type follow each other: its name is decoded once.
            let tuple = keys::tuple_of(key);
            let encoded = if by_type { keys::Elements::of(tuple).next().unwrap_or_default() } else { b"" };
            if run_type != encoded {
                add(&mut counts, family, &run_type, run)?;
                (run, run_type) = (0, encoded.to_vec());
            }
            run += 1;
        }
        add(&mut counts, family, &run_type, run)?;
        Ok(counts)
    }
}

fn add(counts: &mut BTreeMap<String, i64>, family: Family, encoded: &[u8], run: i64) -> Result<()> {
    if run == 0 {
        return Ok(());
    }
    let name = keys::first_element(encoded)
        .ok_or_else(|| Error::corruption(format!("{} key", family.noun()), "its type is not text"))?;
    *counts.entry(name).or_default() += run;
    Ok(())
}

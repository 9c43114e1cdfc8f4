//! Which tables two files have in common.

use std::collections::HashMap;

use super::open::{naming, Store};
use crate::engine::{AreSame, CommonTables, Named};
use crate::quoted::Quoted;
use crate::{Error, Result};

impl Store {
    /// What need not be read of this file and another one to compare syncs of one slot. Both are open to be read only. `None`
    /// if that is nothing, as it is for files that are not indexed or have no large tables.
    pub(in crate::store) fn common_tables(&self, other: &Store) -> Result<Option<CommonTables>> {
        let [Some(own), Some(others)] = [self, other].map(|store| store.lazy_files.as_ref()) else { return Ok(None) };
        // What is read past RocksDB is not held.
        if own.are_limited() || others.are_limited() {
            return Ok(None);
        }
        let pairs = own.alike(others);
        let names: Vec<_> = pairs.iter().map(|(a, b)| (a.name().to_owned(), b.name().to_owned())).collect();
        let by_name: HashMap<_, _> = names.iter().cloned().zip(pairs).collect();
        let are_same: AreSame = Box::new(move |own, other| match by_name.get(&(own.to_owned(), other.to_owned())) {
            Some((own, other)) => own.has_frame_of(other),
            None => Err(Error::Internal(format!("no such tables: {}", Quoted::new(own)))),
        });
        let database = |store: &Store| {
            let path = store.path.clone();
            let named: Named = Box::new(move |error| naming(&path, error));
            (store.engine.clone(), named)
        };
        CommonTables::of([database(self), database(other)], &names, are_same)
    }
}

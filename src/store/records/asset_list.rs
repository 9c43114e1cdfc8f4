//! Listing assets, without what is in them.

use super::assets::shown;
use crate::engine::{damaged, Kind};
use crate::keys::{self, Keyspace};
use crate::store::Store;
use crate::{Error, Result};

/// What is known of an asset beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetSummary {
    /// Its id.
    pub id: String,
    /// The type of its content, as the connector gave it.
    pub content_type: String,
    /// How many bytes its content has.
    pub size: u64,
}

impl Store {
    /// The assets of the sync in view whose ids follow `after`, or the first ones, at most `count`, in order of their ids.
    pub fn list_assets(&self, after: Option<&str>, count: usize) -> Result<Vec<AssetSummary>> {
        let view = self.view("", &[], &[Kind::Asset])?;
        let prefix = keys::keyspace(view.slot, Keyspace::Asset);
        let after = after.map(|id| keys::asset(view.slot, id));
        let mut entries = view.reader.scan(&prefix, after.as_deref());
        let mut list = Vec::new();
        while let Some((key, stored)) = entries.next()? {
            if list.len() == count {
                break;
            }
            let id = keys::first_element(keys::tuple_of(key));
            let id = id.ok_or_else(|| Error::corruption(Keyspace::Asset.noun(), "its key is not that of an asset"))?;
            let (content_type, data) = shown(stored).map_err(|error| damaged(Keyspace::Asset, key, error))?;
            list.push(AssetSummary { id, content_type: content_type.to_owned(), size: data.len() as u64 });
        }
        Ok(list)
    }
}

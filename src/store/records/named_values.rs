//! What a collection remembers beside the records of a sync, by name.

use std::collections::BTreeMap;

use crate::keys::{self, Keyspace, Listing};
use crate::proto::api::{
    GetNamedValuesRequest, GetNamedValuesResponse, ListNamedValuesRequest, ListNamedValuesResponse,
};
use crate::proto::wire::put_bytes;
use crate::quoted::Quoted;
use crate::store::listing::{Query, Response, MAX_ANSWER_BYTES};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::{Error, Result};

impl Store {
    /// Values by their names; those that are not there are left out.
    pub fn get_named_values(&self, request: &GetNamedValuesRequest) -> Result<GetNamedValuesResponse> {
        let reader = self.engine.reader_of_values()?;
        let slot = self.slot_in_view(&reader, "", &request.annotations)?;
        let mut values = BTreeMap::new();
        let mut bytes = 0;
        for name in &request.names {
            if values.contains_key(name) {
                continue;
            }
            if let Some(value) = reader.get(&keys::named_value(slot, name))? {
                bytes += name.len() + value.len();
                if bytes > MAX_ANSWER_BYTES {
                    return Err(Error::LimitExceeded {
                        place: "response".into(),
                        what: "the size of all values that the request names".into(),
                        limit: MAX_ANSWER_BYTES as u64,
                        setting: None,
                    });
                }
                values.insert(name.clone(), value.to_vec());
            }
        }
        Ok(GetNamedValuesResponse { values })
    }

    /// A page of values in the order of their names.
    pub fn list_named_values(&self, request: &ListNamedValuesRequest) -> Result<Encoded<ListNamedValuesResponse>> {
        let reader = self.engine.reader_of_values()?;
        let slot = self.slot_in_view(&reader, "", &request.annotations)?;
        let prefix = keys::named_value(slot, &request.prefix);
        let query = Query::new(Listing::NamedValues, prefix, &request.page_token, request.page_size);
        let mut response = Response::new(Shape::Grant);
        let (_, next) = query.rows(&reader, |key, value| {
            let name = keys::first_element(keys::tuple_of(key)).ok_or_else(|| unreadable(key))?;
            response.row_with(|out| {
                put_bytes(out, 1, name.as_bytes());
                put_bytes(out, 2, value);
                Ok(())
            })?;
            Ok(Some(key.len() + value.len()))
        })?;
        Ok(response.finish(&next))
    }
}

fn unreadable(key: &[u8]) -> Error {
    let place = format!("{} at key {}", Keyspace::NamedValue.noun(), Quoted::new(keys::tuple_of(key)));
    Error::corruption(place, "its name is no text")
}

//! What a request takes once it is a message: a list of empty messages is decoded to hundreds of times its size.
//!
//! The cost is that of the elements of lists and maps, as a generator of Rust lays them out; singular fields are part of
//! the message that they lie in. Long requests alone are looked at: short ones cannot cost much.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::proto::described;
use crate::proto::wire::{self, Value};
use crate::{Error, Result};

/// How many times its bytes a request may take.
const FACTOR: usize = 16;

/// A request of fewer bytes takes a few MiB, whatever it is.
const SHORT: usize = 16 << 10;

/// The decoder refuses messages that lie deeper in one another.
const MAX_DEPTH: usize = 100;

/// A `String`, a `Vec` or a map.
const HEAD: usize = 24;
/// A number, or a pointer.
const WORD: usize = 8;

/// Fails if an encoded `message`, one of this library's schema, takes many times its bytes once it is decoded, and names
/// the field whose elements are to blame. What is malformed is left to whoever decodes it.
pub fn check_cost(message: &str, encoded: &[u8]) -> Result<()> {
    if encoded.len() < SHORT {
        return Ok(());
    }
    let Some(descriptor) = described(message) else {
        return Err(Error::Internal(format!("message {message} has no descriptor")));
    };
    let mut costs = Costs { left: FACTOR * encoded.len(), sizes: HashMap::new() };
    match costs.spend_on(&descriptor, encoded, 0) {
        Ok(()) => Ok(()),
        Err(field) => Err(Error::invalid(format!(
            "request {}: the elements of {} would take more than {FACTOR} times its {} bytes: most of them are empty",
            descriptor.name(),
            field.full_name(),
            encoded.len()
        ))),
    }
}

struct Costs {
    left: usize,
    /// Bytes of messages by their names.
    sizes: HashMap<String, usize>,
}

impl Costs {
    /// Fails with the field whose elements cost more than is left.
    fn spend_on(&mut self, of: &MessageDescriptor, encoded: &[u8], depth: usize) -> Result<(), FieldDescriptor> {
        for field in wire::fields(encoded).map_while(Result::ok) {
            let Value::Bytes(value) = field.value else { continue };
            let Some(described) = of.get_field(field.number) else { continue };
            let kind = described.kind();
            let message = kind.as_message();
            // Packed numbers become a few times their size at most.
            let is_element = message.is_some() || matches!(kind, Kind::String | Kind::Bytes);
            if is_element && (described.is_list() || described.is_map()) {
                let element = message.map_or(HEAD, |message| self.size(message, depth));
                // A list that grows has room for twice as much.
                let Some(left) = self.left.checked_sub(2 * element) else { return Err(described) };
                self.left = left;
            }
            if let Some(message) = message.filter(|_| depth < MAX_DEPTH) {
                self.spend_on(message, value, depth + 1)?;
            }
        }
        Ok(())
    }

    fn size(&mut self, of: &MessageDescriptor, depth: usize) -> usize {
        if let Some(&size) = self.sizes.get(of.full_name()) {
            return size;
        }
        // A message that lies in itself is a pointer there.
        self.sizes.insert(of.full_name().to_owned(), WORD);
        let size = of.fields().map(|field| self.size_of_field(&field, depth)).sum();
        self.sizes.insert(of.full_name().to_owned(), size);
        size
    }

    fn size_of_field(&mut self, field: &FieldDescriptor, depth: usize) -> usize {
        match field.kind() {
            _ if field.is_list() || field.is_map() => HEAD,
            Kind::String | Kind::Bytes => HEAD,
            Kind::Message(message) if depth < MAX_DEPTH => WORD + self.size(&message, depth + 1),
            _ => WORD,
        }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::proto::api::{DeleteSessionValuesRequest, SetSessionValuesRequest};
    use crate::proto::connector::{Grant, ResourceId};
    use crate::proto::reader::ResourcesReaderServiceListResourcesByIdsRequest as ByIdsRequest;

    const BY_IDS: &str = "c1.reader.v2.ResourcesReaderServiceListResourcesByIdsRequest";

    #[test]
    fn a_list_of_empty_elements_is_refused_and_named_at_every_level() {
        let empty = b"\x0a\x00".repeat(100_000);
        let refused = |message: &str, encoded: &[u8]| check_cost(message, encoded).unwrap_err().to_string();
        let error = refused(BY_IDS, &empty);
        assert!(error.contains("ListResourcesByIdsRequest.resource_ids would take more than 16 times"), "{error}");
        // c1.connector.v2.GrantsServiceListGrantsRequest { resource = 1: Resource { annotations = 4 } }
        let mut nested = Vec::new();
        wire::put_message(&mut nested, 1, &b"\x22\x00".repeat(100_000));
        let error = refused("c1.connector.v2.GrantsServiceListGrantsRequest", &nested);
        assert!(error.contains("c1.connector.v2.Resource.annotations"), "{error}");
    }

    #[test]
    fn what_a_host_asks_for_is_not_refused() {
        let id = |n: usize| ResourceId { resource_type: "u".into(), resource: format!("{n}"), baton_resource: false };
        let ids = ByIdsRequest { resource_ids: (0..50_000).map(id).collect(), annotations: Vec::new() };
        check_cost(BY_IDS, &ids.encode_to_vec()).unwrap();
        let keys = (0..50_000).map(|n| format!("{n}")).collect();
        let delete = DeleteSessionValuesRequest { keys, ..Default::default() };
        check_cost("c1z.v1.DeleteSessionValuesRequest", &delete.encode_to_vec()).unwrap();
        let values = (0..50_000).map(|n| (format!("{n:04}"), vec![0])).collect();
        let set = SetSessionValuesRequest { values, ..Default::default() };
        check_cost("c1z.v1.SetSessionValuesRequest", &set.encode_to_vec()).unwrap();
    }

    #[test]
    fn sizes_are_about_those_that_messages_have() {
        let grant = described("c1.connector.v2.Grant").unwrap();
        let mut costs = Costs { left: 0, sizes: HashMap::new() };
        let (reckoned, real) = (costs.size(&grant, 0), size_of::<Grant>());
        assert!(reckoned > real / 2 && reckoned < real * 2, "{reckoned} and {real}");
    }
}

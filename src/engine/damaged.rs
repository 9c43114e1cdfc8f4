//! Stored records that cannot be decoded.

use crate::keys;
use crate::proto::wire::Malformed;
use crate::quoted::Quoted;
use crate::Error;

/// The error for a stored value that cannot be decoded; the key is shown without slot and keyspace.
pub fn damaged(keyspace: keys::Keyspace, key: &[u8], error: Malformed) -> Error {
    Error::corruption(format!("{} at key {}", keyspace.noun(), Quoted::new(keys::tuple_of(key))), error)
}

//! A message that is still, or already, bytes.

use std::marker::PhantomData;

use prost::Message;

/// The encoding of an `M`.
#[derive(Clone, Debug)]
pub struct Encoded<M> {
    bytes: Vec<u8>,
    message: PhantomData<fn() -> M>,
}

impl<M: Message + Default> Encoded<M> {
    /// Takes bytes for what the caller knows them to be.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Encoded<M> {
        Encoded { bytes, message: PhantomData }
    }

    /// The message. Fails if `M` does not permit what the bytes hold.
    pub fn decode(&self) -> Result<M, prost::DecodeError> {
        M::decode(&self.bytes[..])
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<M: Message + Default> From<M> for Encoded<M> {
    fn from(message: M) -> Encoded<M> {
        Encoded::from_bytes(message.encode_to_vec())
    }
}

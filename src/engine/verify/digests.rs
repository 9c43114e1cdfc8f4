//! Whether the digests of a sync are what its grants come to.

use super::indexes::{lookup, Found};
use crate::engine::digests::{Fold, GrantDigest};
use crate::engine::{DigestNode, Reader};
use crate::keys::{self, Slot};
use crate::Result;

/// The grants of one slot as they pass, entitlement by entitlement.
#[derive(Default)]
pub(super) struct DigestWalk {
    /// The entitlement whose grants pass, encoded.
    entitlement: Vec<u8>,
    fold: Fold,
    /// Whether all of them could be decoded.
    decodable: bool,
    /// All that passed before.
    all: DigestNode,
    /// Whether one of them could not be decoded.
    lacking: bool,
    started: bool,
}

/// A digest that is wrong: its key, and what is wrong with it.
pub(super) type Wrong = (Vec<u8>, String);

impl DigestWalk {
    /// Takes a grant; `complete` says whether all before it passed. The digest of the entitlement before may be wrong.
    pub fn grant(
        &mut self,
        slot: Slot,
        key: &[u8],
        record: &[u8],
        complete: bool,
        reader: &Reader<'_>,
    ) -> Result<Option<Wrong>> {
        let tuple = keys::tuple_of(key);
        // What is no key of a grant is told of as such.
        let Some((entitlement, principal)) = keys::parts_of_grant(tuple) else { return Ok(None) };
        let wrong = match self.started && self.entitlement == entitlement {
            true => None,
            false => {
                let wrong = self.end(slot, complete, reader)?;
                self.started = true;
                self.decodable = true;
                self.entitlement = entitlement.to_vec();
                wrong
            }
        };
        self.decodable &= self.fold.add(tuple, principal, record).is_ok();
        Ok(wrong)
    }

    /// No further grant of that entitlement passes.
    fn end(&mut self, slot: Slot, complete: bool, reader: &Reader<'_>) -> Result<Option<Wrong>> {
        if !std::mem::take(&mut self.started) {
            return Ok(None);
        }
        let digest = self.fold.finish();
        if !self.decodable {
            self.lacking = true;
            return Ok(None);
        }
        self.all.add(digest.count, digest.xor);
        let key = keys::grant_digest(slot, &self.entitlement);
        if !complete {
            return Ok(None);
        }
        let Found::Value(stored) = lookup(reader, &key)? else { return Ok(None) };
        Ok(compare(&stored, &digest).map(|wrong| (key, wrong)))
    }

    /// Takes a digest, behind all grants; `complete` says whether all of them passed.
    pub fn digest(
        &mut self,
        slot: Slot,
        key: &[u8],
        value: &[u8],
        complete: bool,
        reader: &Reader<'_>,
    ) -> Result<Vec<Wrong>> {
        let mut wrong: Vec<Wrong> = self.end(slot, complete, reader)?.into_iter().collect();
        let entitlement = keys::tuple_of(key);
        let own = if entitlement.is_empty() {
            if let Err(sentence) = GrantDigest::decode(value) {
                wrong.push((key.to_vec(), sentence.to_owned()));
            }
            // Not known which grants there are, if some could not be read.
            let DigestNode { count, xor, .. } = self.all;
            let known = (complete && !self.lacking).then(|| GrantDigest { count, xor, ..Default::default() });
            known.and_then(|all| compare(value, &all))
        } else if keys::entitlement_in(entitlement).is_none() {
            Some("its key is that of no entitlement".to_owned())
        } else {
            match GrantDigest::decode(value) {
                Err(wrong) => Some(wrong.to_owned()),
                Ok(Some(digest)) if complete && digest.count > 0 => {
                    let any = reader.any(&keys::grants_of_encoded(slot, entitlement));
                    // What cannot be read was told of.
                    (!any.unwrap_or(true)).then(|| format!("it is of {} grants, there are none", digest.count))
                }
                Ok(_) => None,
            }
        };
        wrong.extend(own.map(|sentence| (key.to_vec(), sentence)));
        Ok(wrong)
    }
}

/// What is wrong with a stored digest that should be `digest`.
fn compare(stored: &[u8], digest: &GrantDigest) -> Option<String> {
    match GrantDigest::decode(stored) {
        // That is told of where its key passes; or it is of another version.
        Err(_) => None,
        Ok(None) => None,
        Ok(Some(stored)) if stored == *digest => None,
        Ok(Some(stored)) if stored.count != digest.count => {
            Some(format!("it is of {} grants, there are {}", stored.count, digest.count))
        }
        Ok(Some(_)) => Some("it is not that of the grants that there are".to_owned()),
    }
}

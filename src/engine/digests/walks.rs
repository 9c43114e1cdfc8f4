//! What a slot holds, in the order of its entitlements.

use super::digest::GrantDigest;
use super::fold::Fold;
use crate::control::Control;
use crate::engine::strides::is_due;
use crate::engine::{Reader, Scan};
use crate::keys::{self, Keyspace, Slot};
use crate::quoted::Quoted;
use crate::{Error, Result};

/// The entitlements of a slot.
pub struct Entitlements<'r> {
    scan: Scan<'r>,
    /// The tuple of the one that comes next.
    next: Option<Vec<u8>>,
}

impl<'r> Entitlements<'r> {
    /// All of them.
    pub fn of(reader: &'r Reader<'_>, slot: Slot) -> Result<Entitlements<'r>> {
        let scan = reader.scan(&keys::keyspace(slot, Keyspace::Entitlement), None);
        let mut entitlements = Entitlements { scan, next: None };
        entitlements.advance()?;
        Ok(entitlements)
    }

    fn advance(&mut self) -> Result<()> {
        self.next = self.scan.next()?.map(|(key, _)| keys::tuple_of(key).to_vec());
        Ok(())
    }

    /// The tuple of the next one.
    pub fn next(&self) -> Option<&[u8]> {
        self.next.as_deref()
    }

    /// Goes on behind this one, if it is the next.
    pub fn pass(&mut self, entitlement: &[u8]) -> Result<()> {
        match self.next.as_deref() == Some(entitlement) {
            true => self.advance(),
            false => Ok(()),
        }
    }
}

/// The digests of entitlements that are there, in the order of their keys.
pub struct StoredDigests<'r> {
    scan: Scan<'r>,
    slot: Slot,
    /// The one that comes next: entitlement and value.
    next: Option<(Vec<u8>, Vec<u8>)>,
}

impl<'r> StoredDigests<'r> {
    /// All of them.
    pub fn of(reader: &'r Reader<'_>, slot: Slot) -> Result<StoredDigests<'r>> {
        // That of the sync lies before them, without an entitlement.
        let of_sync = keys::grant_digest(slot, b"");
        let mut stored = StoredDigests { scan: reader.scan(&of_sync, Some(&of_sync)), slot, next: None };
        stored.advance()?;
        Ok(stored)
    }

    fn advance(&mut self) -> Result<()> {
        self.next = self.scan.next()?.map(|(key, value)| (keys::tuple_of(key).to_vec(), value.to_vec()));
        Ok(())
    }

    /// The digest of an entitlement, if it has one that can be used. The keys of those that lie before it are `gone`: of
    /// entitlements that are neither stored nor have grants.
    pub fn of_entitlement(
        &mut self,
        entitlement: &[u8],
        mut gone: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<Option<GrantDigest>> {
        while let Some((of, value)) = self.next.as_ref().filter(|(of, _)| of.as_slice() <= entitlement) {
            if of == entitlement {
                // What cannot be read, or is of another version, is taken anew.
                let digest = GrantDigest::decode(value).ok().flatten();
                self.advance()?;
                return Ok(digest);
            }
            gone(&keys::grant_digest(self.slot, of))?;
            self.advance()?;
        }
        Ok(None)
    }

    /// The keys of those that are left.
    pub fn rest(&mut self, mut gone: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while let Some((of, _)) = &self.next {
            gone(&keys::grant_digest(self.slot, of))?;
            self.advance()?;
        }
        Ok(())
    }
}

/// The grants of a slot, entitlement by entitlement.
pub struct Grants<'r> {
    scan: Scan<'r>,
    control: &'r Control<'r>,
    rows: u64,
    /// What the keys of the next ones start with, of which the scan is at the first; `None` behind the last.
    prefix: Option<Vec<u8>>,
}

impl<'r> Grants<'r> {
    /// All of them.
    pub fn of(reader: &'r Reader<'_>, slot: Slot, control: &'r Control<'r>) -> Result<Grants<'r>> {
        Grants::below(reader, &keys::keyspace(slot, Keyspace::Grant), control)
    }

    /// Those of one entitlement.
    pub fn of_entitlement(
        reader: &'r Reader<'_>,
        slot: Slot,
        entitlement: &[u8],
        control: &'r Control<'r>,
    ) -> Result<Grants<'r>> {
        Grants::below(reader, &keys::grants_of_encoded(slot, entitlement), control)
    }

    fn below(reader: &'r Reader<'_>, prefix: &[u8], control: &'r Control<'r>) -> Result<Grants<'r>> {
        let scan = reader.scan_many(prefix, None);
        let mut grants = Grants { scan, control, rows: 0, prefix: None };
        grants.scan.next()?;
        grants.begin()?;
        Ok(grants)
    }

    /// The entitlement that the next grants are of.
    pub fn entitlement(&self) -> Option<&[u8]> {
        keys::entitlement_of_prefix(self.prefix.as_deref()?)
    }

    /// The next grants are those that the scan is at.
    fn begin(&mut self) -> Result<()> {
        let prefix = self.scan.current().map(|(key, _)| keys::grants_beside(key).ok_or_else(|| unreadable(key)));
        self.prefix = prefix.transpose()?.map(<[u8]>::to_vec);
        Ok(())
    }

    /// Leaves out the grants of this entitlement, if it has any.
    pub fn pass(&mut self, entitlement: &[u8]) -> Result<()> {
        if self.entitlement() != Some(entitlement) {
            return Ok(());
        }
        self.control.check()?;
        let behind = self.prefix.as_deref().and_then(keys::successor);
        if let Some(behind) = behind {
            self.scan.seek(&behind);
            self.scan.next()?;
        }
        self.begin()
    }

    /// The digest of the grants of this entitlement, which may have none; `None` if one of them cannot be decoded.
    pub fn fold(&mut self, entitlement: &[u8], fold: &mut Fold) -> Result<Option<GrantDigest>> {
        if self.entitlement() != Some(entitlement) {
            return Ok(Some(GrantDigest::default()));
        }
        let prefix = self.prefix.take().unwrap_or_default();
        let mut decodable = true;
        while let Some((key, grant)) = self.scan.current() {
            let Some(principal) = key.strip_prefix(&prefix[..]) else { break };
            if is_due(self.rows, grant) {
                self.control.check()?;
            }
            self.rows += 1;
            decodable &= fold.add(keys::tuple_of(key), principal, grant).is_ok();
            self.scan.next()?;
        }
        self.begin()?;
        let digest = fold.finish();
        Ok(decodable.then_some(digest))
    }
}

fn unreadable(key: &[u8]) -> Error {
    let place = format!("{} at key {}", Keyspace::Grant.noun(), Quoted::new(keys::tuple_of(key)));
    Error::corruption(place, "the key is none of its keyspace")
}

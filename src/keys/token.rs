//! Page tokens: where a listing goes on, and which listing it was.
//!
//! ```text
//! token = base64url( listing (1 byte) | slot (4 bytes) | CRC-32 of the rest of the prefix and the filter (4 bytes)
//!                    | last key without that prefix | CRC-32 of all before (4 bytes) )
//! ```
//!
//! The next page starts strictly after the last key, so a token keeps its meaning while rows come and go, and after the
//! file is closed and opened again. The prefix that is scanned starts with the slot of the sync; its rest and the filter
//! name the keyspace and what is asked of it. A token of another listing, sync or filter is refused for that reason, and
//! one that was cut or changed on its way is malformed. Whatever bytes a forged one
//! holds, it cannot leave the prefix that is scanned.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;

use crate::error::TokenFault;
use crate::{Error, Result};

/// Bytes of the slot at the start of a prefix.
const SLOT_BYTES: usize = 4;

/// The listings that hand out tokens.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Listing {
    ResourceTypes = 1,
    Resources = 2,
    Entitlements = 3,
    Grants = 4,
    GrantsForEntitlement = 5,
    GrantsForEntitlements = 6,
    GrantsForPrincipal = 7,
    GrantsForResourceType = 8,
    PendingExpansion = 9,
    GrantsWithAnnotations = 10,
    Syncs = 11,
    SyncRuns = 12,
    Scan = 13,
    GrantPrincipals = 14,
    References = 15,
    NamedValues = 16,
    GrantsInBucket = 17,
}

impl Listing {
    /// All of them.
    pub const ALL: [Listing; 17] = [
        Listing::ResourceTypes,
        Listing::Resources,
        Listing::Entitlements,
        Listing::Grants,
        Listing::GrantsForEntitlement,
        Listing::GrantsForEntitlements,
        Listing::GrantsForPrincipal,
        Listing::GrantsForResourceType,
        Listing::PendingExpansion,
        Listing::GrantsWithAnnotations,
        Listing::Syncs,
        Listing::SyncRuns,
        Listing::Scan,
        Listing::GrantPrincipals,
        Listing::References,
        Listing::NamedValues,
        Listing::GrantsInBucket,
    ];

    /// What a person calls the listing.
    pub fn name(self) -> &'static str {
        match self {
            Listing::ResourceTypes => "resource types",
            Listing::Resources => "resources",
            Listing::Entitlements => "entitlements",
            Listing::Grants => "grants",
            Listing::GrantsForEntitlement => "grants for an entitlement",
            Listing::GrantsForEntitlements => "grants for entitlements",
            Listing::GrantsForPrincipal => "grants for a principal",
            Listing::GrantsForResourceType => "grants for a resource type",
            Listing::PendingExpansion => "grants needing expansion",
            Listing::GrantsWithAnnotations => "grants with annotations",
            Listing::Syncs => "syncs",
            Listing::SyncRuns => "sync runs",
            Listing::Scan => "scan",
            Listing::GrantPrincipals => "principals of grants",
            Listing::References => "references",
            Listing::NamedValues => "named values",
            Listing::GrantsInBucket => "grants in a bucket",
        }
    }

    fn bad(self, fault: TokenFault) -> Error {
        Error::BadToken { listing: self.name(), fault }
    }

    /// What a token starts with, and what is behind it.
    fn decode(self, token: &str) -> Result<Vec<u8>> {
        let malformed = || self.bad(TokenFault::Malformed);
        let mut bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| malformed())?;
        let (content, check) = bytes.split_last_chunk().ok_or_else(malformed)?;
        if *check != crc32fast::hash(content).to_be_bytes() {
            return Err(malformed());
        }
        bytes.truncate(content.len());
        match bytes.first() {
            Some(&listing) if listing == self as u8 => Ok(bytes),
            Some(&listing) if Listing::ALL.iter().any(|other| *other as u8 == listing) => {
                Err(self.bad(TokenFault::Listing))
            }
            _ => Err(malformed()),
        }
    }

    /// The token of a page that ended at `last`, a key below `prefix`. `filter` is what else the request asks for: what
    /// its pieces are together.
    pub fn token(self, prefix: &[u8], filter: &[&[u8]], last: &[u8]) -> String {
        let (slot, rest) = slot_of(prefix);
        let mut bytes = vec![self as u8];
        bytes.extend_from_slice(&slot);
        bytes.extend_from_slice(&filtered(rest, filter).to_be_bytes());
        bytes.extend_from_slice(last.strip_prefix(prefix).unwrap_or_default());
        text(bytes)
    }

    /// The key after which the page starts; `None` for the empty token of the first page.
    pub fn after(self, prefix: &[u8], filter: &[&[u8]], token: &str) -> Result<Option<Vec<u8>>> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = self.decode(token)?;
        let malformed = || self.bad(TokenFault::Malformed);
        let (of, behind) = bytes[1..].split_first_chunk::<SLOT_BYTES>().ok_or_else(malformed)?;
        let (hash, last) = behind.split_first_chunk().ok_or_else(malformed)?;
        let (slot, rest) = slot_of(prefix);
        if *of != slot {
            return Err(self.bad(TokenFault::Sync));
        }
        if *hash != filtered(rest, filter).to_be_bytes() {
            return Err(self.bad(TokenFault::Filter));
        }
        Ok(Some([prefix, last].concat()))
    }
}

/// The text of a token with these bytes.
fn text(mut bytes: Vec<u8>) -> String {
    let check = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&check.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The slot that a prefix starts with, and the rest of it.
fn slot_of(prefix: &[u8]) -> ([u8; SLOT_BYTES], &[u8]) {
    prefix.split_first_chunk().map_or(([0; SLOT_BYTES], prefix), |(slot, rest)| (*slot, rest))
}

/// The token of a listing over several entitlements: which of them, and where in its grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchToken {
    /// Index of the entitlement in the request.
    pub index: usize,
    /// Token within that entitlement's grants; empty for its first page.
    pub inner: String,
}

impl BatchToken {
    const LISTING: Listing = Listing::GrantsForEntitlements;

    /// The text form. `ids` are those of the whole request, in its order.
    pub fn encode<'a>(&self, ids: impl Iterator<Item = &'a str>) -> String {
        let mut bytes = vec![Self::LISTING as u8];
        bytes.extend_from_slice(&checksum(ids.map(str::as_bytes)).to_be_bytes());
        bytes.extend_from_slice(&(self.index as u32).to_be_bytes());
        bytes.extend_from_slice(self.inner.as_bytes());
        text(bytes)
    }

    /// Reads the text form; a token of a request with other ids starts again from the first (SDK: it restarts silently).
    pub fn decode<'a>(token: &str, ids: impl Iterator<Item = &'a str> + Clone) -> Result<BatchToken> {
        let first = BatchToken { index: 0, inner: String::new() };
        if token.is_empty() {
            return Ok(first);
        }
        let bad = || Self::LISTING.bad(TokenFault::Malformed);
        let bytes = Self::LISTING.decode(token)?;
        let (hash, rest) = bytes[1..].split_first_chunk().ok_or_else(bad)?;
        let (index, inner) = rest.split_first_chunk().ok_or_else(bad)?;
        if *hash != checksum(ids.clone().map(str::as_bytes)).to_be_bytes() {
            return Ok(first);
        }
        let index = u32::from_be_bytes(*index) as usize;
        if index >= ids.count() {
            return Err(bad());
        }
        Ok(BatchToken { index, inner: String::from_utf8(inner.to_vec()).map_err(|_| bad())? })
    }
}

/// The checksum of a prefix and of a filter in pieces.
fn filtered(prefix: &[u8], filter: &[&[u8]]) -> u32 {
    checksum_of_pieces([&[prefix][..], filter])
}

fn checksum<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    checksum_of_pieces(parts.into_iter().map(|part| [part]))
}

/// Every part, in pieces, ends with a zero byte.
fn checksum_of_pieces<'a>(parts: impl IntoIterator<Item = impl AsRef<[&'a [u8]]>>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for pieces in parts {
        pieces.as_ref().iter().for_each(|piece| hasher.update(piece));
        hasher.update(&[0]);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_leads_back_to_its_key_and_to_no_other_listing_or_filter() {
        let token = Listing::Grants.token(b"prefix", &[b"fil", b"ter"], b"prefix and more");
        let after = Listing::Grants.after(b"prefix", &[b"filter"], &token).unwrap();
        assert_eq!(after.unwrap(), b"prefix and more");
        let fault = |listing: Listing, prefix: &[u8], filter: &[&[u8]], token: &str| match listing
            .after(prefix, filter, token)
            .unwrap_err()
        {
            Error::BadToken { fault, .. } => fault,
            other => panic!("{other}"),
        };
        assert_eq!(fault(Listing::Resources, b"prefix", &[b"filter"], &token), TokenFault::Listing);
        assert_eq!(fault(Listing::Grants, b"qrefix", &[b"filter"], &token), TokenFault::Sync);
        assert_eq!(fault(Listing::Grants, b"prefi", &[b"filter"], &token), TokenFault::Filter);
        assert_eq!(fault(Listing::Grants, b"prefix", &[], &token), TokenFault::Filter);
        for malformed in ["!", "AAAA", "BA", "BAAAAAAA", "_wAAAAAAAAAA"] {
            assert_eq!(
                fault(Listing::Grants, b"prefix", &[b"filter"], malformed),
                TokenFault::Malformed,
                "{malformed}"
            );
        }
        assert!(Listing::Grants.after(b"prefix", &[b"filter"], "").unwrap().is_none());
    }

    #[test]
    fn a_token_that_was_cut_or_changed_on_its_way_is_malformed() {
        let whole = Listing::Grants.token(b"prefix", &[b"filter"], b"prefix and more");
        let is_malformed = |token: &str| {
            let fault = match Listing::Grants.after(b"prefix", &[b"filter"], token).unwrap_err() {
                Error::BadToken { fault, .. } => fault,
                other => panic!("{other}"),
            };
            assert_eq!(fault, TokenFault::Malformed, "{token}");
        };
        for at in 0..whole.len() {
            if at > 0 {
                is_malformed(&whole[..at]);
            }
            let changed = if whole.as_bytes()[at] == b'A' { "B" } else { "A" };
            is_malformed(&[&whole[..at], changed, &whole[at + 1..]].concat());
        }
    }

    #[test]
    fn a_batch_token_restarts_when_the_request_changes() {
        let token = BatchToken { index: 1, inner: "abc".into() };
        let text = token.encode(["a", "b"].into_iter());
        assert_eq!(BatchToken::decode(&text, ["a", "b"].into_iter()).unwrap(), token);
        assert_eq!(BatchToken::decode(&text, ["b", "a"].into_iter()).unwrap().index, 0);
        let beyond = BatchToken { index: 2, inner: String::new() }.encode(["a", "b"].into_iter());
        assert!(BatchToken::decode(&beyond, ["a", "b"].into_iter()).is_err());
    }

    proptest! {
        #[test]
        fn forged_tokens_never_panic_and_never_leave_the_prefix(forged in "[A-Za-z0-9_=-]{0,40}", raw in proptest::collection::vec(any::<u8>(), 0..40)) {
            for token in [forged, text(raw)] {
                if let Ok(Some(key)) = Listing::Grants.after(b"prefix", &[], &token) {
                    prop_assert!(key.starts_with(b"prefix"));
                }
                let _ = BatchToken::decode(&token, ["a"].into_iter());
            }
        }
    }
}

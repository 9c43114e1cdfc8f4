//! Sync ids: KSUIDs, 20 bytes that sort by their second of creation, 27 base-62 characters as text.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use svix_ksuid::{Ksuid, KsuidLike};

use crate::quoted::Quoted;
use crate::{Error, Result};

/// The id of one sync.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyncId([u8; 20]);

impl SyncId {
    /// A new id, made of the current second and 16 random bytes.
    pub fn generate() -> SyncId {
        SyncId(*Ksuid::new_raw(second_of(SystemTime::now()), None).bytes())
    }

    /// Reads the text form; anything but a KSUID is an invalid argument.
    pub fn parse(text: &str) -> Result<SyncId> {
        let invalid = || Error::invalid(format!("sync id {} is not a KSUID", Quoted::new(text)));
        // The crate takes shorter and overflowing texts too: only what prints as itself is an id.
        let id = Ksuid::from_base62(text).map_err(|_| invalid())?;
        if id.to_base62() != text {
            return Err(invalid());
        }
        Ok(SyncId(*id.bytes()))
    }

    /// The id in its binary form, as it stands in a key.
    pub fn from_bytes(bytes: [u8; 20]) -> SyncId {
        SyncId(bytes)
    }

    /// The binary form.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

/// KSUID: what its seconds are counted from, which they are for 136 years.
const EPOCH: Duration = Duration::from_secs(1_400_000_000);

/// The second of a time as an id has it, or the nearest that an id can have.
fn second_of(time: SystemTime) -> u32 {
    let seconds = time.duration_since(UNIX_EPOCH + EPOCH).map_or(0, |behind| behind.as_secs());
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

impl fmt::Display for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Ksuid::from_bytes(self.0).to_base62())
    }
}

impl fmt::Debug for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_bytes_are_the_same_id_and_sort_alike(a in any::<[u8; 20]>(), b in any::<[u8; 20]>()) {
            let (a, b) = (SyncId::from_bytes(a), SyncId::from_bytes(b));
            prop_assert_eq!(SyncId::parse(&a.to_string()).unwrap(), a);
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        }

        #[test]
        fn what_is_no_ksuid_is_refused(text in "[0-9a-zA-Z!é]{0,30}") {
            if let Ok(id) = SyncId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn a_clock_before_or_behind_what_an_id_can_have_gives_the_nearest() {
        let at = |seconds| second_of(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!((at(0), at(1_400_000_000), at(1_400_000_005)), (0, 0, 5));
        assert_eq!(at(300_000_000_000), u32::MAX);
        assert_eq!(second_of(UNIX_EPOCH - Duration::from_secs(1)), 0);
    }

    #[test]
    fn the_largest_text_that_is_no_id_is_refused() {
        assert!(SyncId::parse("zzzzzzzzzzzzzzzzzzzzzzzzzzz").is_err());
        assert!(SyncId::parse("").is_err());
    }
}

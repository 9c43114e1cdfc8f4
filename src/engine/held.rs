//! Moments of the database that outlast a call: a stream shows one for as long as somebody reads from it.
//!
//! The engine owns them, and who reads has their names alone: so the database can be closed while a stream is left open
//! somewhere, and the stream finds that its moment is gone.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::kind::Kinds;
use super::rocksdb_ext::HeldSnapshot;
use super::{Engine, Kind, Reader};
use crate::{Error, Result};

/// The name of a moment that an engine holds. It stays held until it is let go or the engine is dropped.
#[derive(Debug, PartialEq, Eq)]
pub struct HeldMoment(u64);

/// The moments that are held.
#[derive(Default)]
pub(super) struct HeldMoments(Mutex<(u64, HashMap<u64, Held>)>);

#[derive(Clone)]
struct Held {
    snapshot: Arc<HeldSnapshot>,
    /// What was put of these before that moment is shown.
    flushed: Kinds,
}

impl Engine {
    /// Holds this moment: everything that was put, as far as records of these kinds are concerned. As [`Engine::reader`], it
    /// takes the barrier if such records are still pending.
    pub fn hold(&self, kinds: &[Kind]) -> Result<HeldMoment> {
        if !self.pending.any_of(kinds) {
            return Ok(self.hold_now(kinds));
        }
        let mut writer = self.writer();
        writer.reader(kinds)?;
        // Still under the barrier: nothing is put in between.
        Ok(self.hold_now(kinds))
    }

    fn hold_now(&self, kinds: &[Kind]) -> HeldMoment {
        // Nothing is pending where nothing is written.
        let flushed = if self.is_read_only() { Kinds::ALL } else { Kinds::of(kinds) };
        let held = Held { snapshot: Arc::new(HeldSnapshot::new(self.db.shared())), flushed };
        let mut moments = self.held.0.lock();
        moments.0 += 1;
        let name = moments.0;
        moments.1.insert(name, held);
        HeldMoment(name)
    }

    /// A reader of a moment that this engine holds.
    pub fn reader_at(&self, moment: &HeldMoment) -> Result<Reader<'_>> {
        let held = self.held.0.lock().1.get(&moment.0).cloned();
        let held = held.ok_or_else(|| Error::Internal("a moment is asked for that is not held".into()))?;
        Ok(Reader::of_held(&self.db, held.snapshot, held.flushed))
    }

    /// Lets a moment go: what is only seen at it may be removed. One that is not held is nothing to do.
    pub fn let_go(&self, moment: &HeldMoment) {
        let held = self.held.0.lock().1.remove(&moment.0);
        drop(held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Durability, EngineOptions, Records, Rows};
    use crate::keys::{self, Keyspace, Slot};
    use crate::proto::storage::AssetRecord;
    use prost::Message;

    #[test]
    fn a_moment_shows_what_was_put_before_it_until_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let options = EngineOptions { memory_budget: 8 << 20, threads: 1, durable: false, compress_blocks: false };
        let engine = Engine::create(&folder.path().join("database"), &options).unwrap();
        let put = |id: &str| {
            let record = AssetRecord { external_id: id.into(), ..AssetRecord::default() };
            let records = Records::of(&record.encode_to_vec()).unwrap();
            engine.writer().put(Slot(1), true, Rows::Records(Kind::Asset, &records)).unwrap();
        };
        let assets = |reader: &Reader<'_>| {
            let mut entries = reader.scan(&keys::keyspace(Slot(1), Keyspace::Asset), None);
            std::iter::from_fn(|| entries.next().unwrap().map(drop)).count()
        };
        put("a");
        let one = engine.hold(&[Kind::Asset]).unwrap();
        put("b");
        let two = engine.hold(&[Kind::Asset]).unwrap();
        let mut writer = engine.writer();
        writer.clear_slot(Slot(1));
        writer.commit(Durability::Buffered).unwrap();
        drop(writer);
        for (moment, expected) in [(&one, 1), (&two, 2), (&one, 1)] {
            assert_eq!(assets(&engine.reader_at(moment).unwrap()), expected);
        }
        engine.let_go(&one);
        engine.let_go(&one);
        assert!(matches!(engine.reader_at(&one), Err(Error::Internal(_))));
        assert_eq!(assets(&engine.reader_at(&two).unwrap()), 2);
    }
}

//! A walk through two syncs, and where it is.

use super::fields::{Failure, Fields};
use super::page::{damaged_record, Page, Shown};
use crate::engine::{CommonTables, ComparedSync, Kind, Pair, Pairs};
use crate::keys::{self, Slot};
use crate::proto::api::{CompareOptions, RecordKind};
use crate::store::record_kind::record_kind;
use crate::{Error, Result};

/// A page ends when so many records have been read for it, or so many bytes of them.
const PAGE_RECORDS: u64 = 50_000;
const PAGE_RECORD_BYTES: u64 = 64 << 20;

/// What is compared, and how far the walk is.
#[derive(Debug)]
pub(super) struct Walk {
    kinds: Vec<Kind>,
    options: CompareOptions,
    position: Position,
}

#[derive(Clone, Debug, Default)]
struct Position {
    /// The kind that the next page starts with.
    kind: usize,
    /// The tuple that it starts with, or with what follows it.
    from: Vec<u8>,
    records_read: u64,
}

impl Walk {
    /// From the start.
    pub fn new(options: Option<CompareOptions>) -> Result<Walk> {
        let options = options.unwrap_or_default();
        let is_kind = |&number: &i32| RecordKind::try_from(number).is_ok_and(|kind| kind != RecordKind::Unspecified);
        if let Some(other) = options.kinds.iter().find(|number| !is_kind(number)) {
            return Err(Error::invalid(format!("options.kinds: there is no kind {other}")));
        }
        let is_wanted = |kind: &Kind| options.kinds.is_empty() || options.kinds.contains(&(record_kind(*kind) as i32));
        let kinds = Kind::ALL.into_iter().filter(is_wanted).collect();
        Ok(Walk { kinds, options, position: Position::default() })
    }

    /// The kinds of record that are still to be read.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds[self.position.kind..]
    }

    /// The next page; `None` behind the last. A page that fails can be asked for again. What lies in `common` tables is
    /// passed over; the syncs have one slot then.
    pub fn page(
        &mut self,
        syncs: [ComparedSync<'_>; 2],
        mut common: Option<&mut CommonTables>,
    ) -> Result<Option<Vec<u8>>> {
        let Position { kind: first, mut from, mut records_read } = self.position.clone();
        let named = syncs.map(|sync| sync.named);
        let (mut page, mut bytes) = (Page::default(), 0);
        for (index, &kind) in self.kinds.iter().enumerate().skip(first) {
            let (fields, mut shown) = (Fields::of(kind, &self.options), Shown::new(kind));
            let mut dirty = Dirty::of(common.as_deref_mut(), kind, syncs[0].slot);
            let Some(start) = dirty.next(&std::mem::take(&mut from))? else { continue };
            let mut pairs = Pairs::new(kind, syncs, &start);
            while let Some(pair) = pairs.next()? {
                let records = [pair.before, pair.after];
                records_read += records.iter().flatten().count() as u64;
                bytes += records.iter().flatten().map(|record| record.len() as u64).sum::<u64>();
                if let Some(differing) = difference(&fields, kind, &pair, named)? {
                    page.add(&mut shown, pair.tuple, records, &differing, named)?;
                }
                let read = records_read - self.position.records_read;
                if page.is_full() || read >= PAGE_RECORDS || bytes >= PAGE_RECORD_BYTES {
                    self.position = Position { kind: index, from: behind(pair.tuple), records_read };
                    return Ok(Some(page.finish(records_read)));
                }
                if dirty.common.is_some() {
                    let from = behind(pair.tuple);
                    match dirty.next(&from)? {
                        Some(next) if next == from => {}
                        Some(next) => pairs.seek(&next),
                        None => break,
                    }
                }
            }
        }
        let is_last = first == self.kinds.len();
        self.position = Position { kind: self.kinds.len(), from: Vec::new(), records_read };
        Ok((!is_last).then(|| page.finish(records_read)))
    }
}

/// The fields that the records of a pair differ in; none if only one sync has it, `None` if they are the same.
fn difference(
    fields: &Fields,
    kind: Kind,
    pair: &Pair<'_>,
    named: [&dyn Fn(Error) -> Error; 2],
) -> Result<Option<Vec<String>>> {
    let (Some(before), Some(after)) = (pair.before, pair.after) else { return Ok(Some(Vec::new())) };
    let differing = fields.differing(before, after).map_err(|failure| match failure {
        Failure::Malformed(side, error) => named[side](damaged_record(kind, pair.tuple, error)),
        Failure::Other(error) => error,
    })?;
    Ok(Some(differing).filter(|differing| !differing.is_empty()))
}

/// Where the records of one kind may differ: without common tables, everywhere.
struct Dirty<'c> {
    common: Option<&'c mut CommonTables>,
    /// The first key of the kind.
    start: Vec<u8>,
    /// The first key behind it.
    end: Vec<u8>,
}

impl<'c> Dirty<'c> {
    fn of(common: Option<&'c mut CommonTables>, kind: Kind, slot: Slot) -> Dirty<'c> {
        let start = keys::keyspace(slot, kind.keyspace());
        let end = keys::successor(&start).unwrap_or_default();
        Dirty { common, start, end }
    }

    /// The first tuple from `from` on that they may differ at; `None` if there is none.
    fn next(&mut self, from: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(common) = &mut self.common else { return Ok(Some(from.to_vec())) };
        let dirty = common.next_dirty(&[&self.start, from].concat(), &self.end)?;
        Ok(Some(keys::tuple_of(&dirty).to_vec()).filter(|_| dirty < self.end))
    }
}

/// What comes directly behind a tuple.
fn behind(tuple: &[u8]) -> Vec<u8> {
    [tuple, &[0]].concat()
}

//! The rows of an export, and where it is.

use super::part::Part;
use super::walk::{check, walk, Filter, Source, Walk};
use crate::control::Control;
use crate::engine::{damaged, Grant, HeldMoment, Kind, Reader, SyncRun};
use crate::keys::{self, Keyspace, Slot};
use crate::proto::api::{ExportRequest, Table};
use crate::proto::wire::Malformed;
use crate::quoted::Quoted;
use crate::store::sync_type::type_name;
use crate::store::Store;
use crate::{Error, Result};

/// How many rows pass between two looks at the caller's wish to stop, and how many bytes of records.
const CHECK: u64 = 4096;
const CHECK_BYTES: usize = 1 << 20;

/// Which rows are exported, as they were when the export was started, and which of them come next.
#[derive(Debug)]
pub struct Export {
    moment: HeldMoment,
    rows: Rows,
}

#[derive(Debug)]
enum Rows {
    /// All runs, which have no slot, and how many of them have been seen.
    Syncs(Vec<SyncRun>, usize),
    Records {
        sync: String,
        slot: Slot,
        kind: Kind,
        walk: Walk,
        filter: Filter,
        end: Option<Vec<u8>>,
        next: Next,
    },
}

/// Where the next rows start.
#[derive(Clone, Debug)]
enum Next {
    Start,
    From(Vec<u8>),
    Behind(Vec<u8>),
    End,
}

/// A row, borrowed until the next one.
pub enum ExportedRow<'r> {
    /// A sync, with the name of its type, "" for a retired one.
    Sync(&'r SyncRun, &'static str),
    /// A stored record.
    Record(&'r [u8]),
}

/// What becomes of a row.
pub enum Taken {
    /// It was taken, and so may be the next one be.
    More,
    /// It was taken, and is the last for now.
    Last,
}

/// Why a row was not taken.
pub enum NotTaken {
    /// The record cannot be decoded.
    Malformed(Malformed),
    /// It, or what becomes of a part of it, is longer than so many bytes.
    TooLong {
        /// What is too long, as the error says it.
        what: &'static str,
        /// The most bytes.
        limit: usize,
    },
    /// Not because of the row.
    Other(Error),
}

impl From<Malformed> for NotTaken {
    fn from(error: Malformed) -> NotTaken {
        NotTaken::Malformed(error)
    }
}

impl Store {
    /// Starts an export. What a request asks for that is not there is found here. The moment is held until
    /// [`Store::end_export`].
    pub fn start_export(&self, request: &ExportRequest) -> Result<Export> {
        let kind = kind(request)?;
        check(kind, request)?;
        let part = Part::of_request(request.part, request.parts)?;
        // An entitlement may be named by its bare id.
        let kinds = match kind {
            None => Vec::new(),
            Some(Kind::Grant) => vec![Kind::Grant, Kind::Entitlement],
            Some(kind) => vec![kind],
        };
        let moment = self.engine.hold(&kinds)?;
        match self.rows_of(&moment, kind, part, request) {
            Ok(rows) => Ok(Export { moment, rows }),
            Err(error) => {
                self.engine.let_go(&moment);
                Err(error)
            }
        }
    }

    fn rows_of(&self, moment: &HeldMoment, kind: Option<Kind>, part: Part, request: &ExportRequest) -> Result<Rows> {
        let reader = self.engine.reader_at(moment)?;
        let Some(kind) = kind else {
            let runs = match request.sync_id.as_str() {
                _ if !part.is_first() => Vec::new(),
                "" => reader.sync_runs()?,
                id => vec![self.run_by_id(&reader, id)?],
            };
            return Ok(Rows::Syncs(runs, 0));
        };
        let (sync, slot) = match request.sync_id.as_str() {
            "" => self.default_sync(&reader)?,
            id => self.run_by_id(&reader, id).map(|run| (run.id, run.slot))?,
        };
        let (walk, filter) = walk(self, &reader, slot, kind, request)?;
        let (next, end) = match &walk {
            Walk::Below(source, prefix) => {
                let keyspace = (slot, source.keyspace());
                let [first, end] = part.span(&self.part_bounds, &reader, keyspace, prefix)?;
                (first.map_or(Next::Start, Next::From), end)
            }
            _ if part.is_first() => (Next::Start, None),
            _ => (Next::End, None),
        };
        Ok(Rows::Records { sync: sync.to_string(), slot, kind, walk, filter, end, next })
    }

    /// Gives the next rows to `take`, until it has enough or there are no more. After an error none of these rows counts as
    /// taken: the same ones come next.
    pub fn export_rows(
        &self,
        export: &mut Export,
        control: &Control<'_>,
        take: &mut dyn FnMut(ExportedRow<'_>) -> Result<Taken, NotTaken>,
    ) -> Result<()> {
        match &mut export.rows {
            Rows::Syncs(runs, seen) => {
                let mut now = *seen;
                while let Some(run) = runs.get(now) {
                    now += 1;
                    let row = ExportedRow::Sync(run, type_name(run.record.r#type()));
                    let of_run = |error| of_row(error, Keyspace::SyncRun, &keys::of_sync(Keyspace::SyncRun, run.id));
                    if let Taken::Last = take(row).map_err(of_run)? {
                        break;
                    }
                }
                *seen = now;
                Ok(())
            }
            Rows::Records { slot, kind, walk, filter, end, next, .. } => {
                let reader = self.engine.reader_at(&export.moment)?;
                let end = end.as_deref();
                let records = Records { reader: &reader, slot: *slot, kind: *kind, filter, end, control };
                *next = records.take(walk, next, take)?;
                Ok(())
            }
        }
    }

    /// Lets the moment of an export go.
    pub fn end_export(&self, export: &Export) {
        self.engine.let_go(&export.moment);
    }
}

impl Export {
    /// The sync whose rows they are; "" for rows that are syncs.
    pub fn sync_id(&self) -> &str {
        match &self.rows {
            Rows::Syncs(..) => "",
            Rows::Records { sync, .. } => sync,
        }
    }

    /// Whether all rows have been taken.
    pub fn is_finished(&self) -> bool {
        match &self.rows {
            Rows::Syncs(runs, seen) => *seen == runs.len(),
            Rows::Records { next, .. } => matches!(next, Next::End),
        }
    }
}

/// The kind of record that a table has; `None` for that of syncs.
fn kind(request: &ExportRequest) -> Result<Option<Kind>> {
    match request.table() {
        Table::Syncs => Ok(None),
        Table::ResourceTypes => Ok(Some(Kind::ResourceType)),
        Table::Resources => Ok(Some(Kind::Resource)),
        Table::Entitlements => Ok(Some(Kind::Entitlement)),
        Table::Grants => Ok(Some(Kind::Grant)),
        Table::Unspecified => Err(Error::invalid(format!("table: there is no table {}", request.table))),
    }
}

struct Records<'r> {
    reader: &'r Reader<'r>,
    slot: Slot,
    kind: Kind,
    filter: &'r Filter,
    end: Option<&'r [u8]>,
    control: &'r Control<'r>,
}

impl Records<'_> {
    /// Where to go on behind the rows that were taken.
    fn take(
        &self,
        walk: &Walk,
        from: &Next,
        take: &mut dyn FnMut(ExportedRow<'_>) -> Result<Taken, NotTaken>,
    ) -> Result<Next> {
        match (walk, from) {
            (_, Next::End) | (Walk::Nothing, _) => Ok(Next::End),
            (Walk::One(key), _) => {
                if let Some(stored) = self.reader.get(key)? {
                    self.give(key, &stored, take)?;
                }
                Ok(Next::End)
            }
            (Walk::Below(source, prefix), from) => self.take_below(*source, prefix, from, take),
        }
    }

    fn take_below(
        &self,
        source: Source,
        prefix: &[u8],
        from: &Next,
        take: &mut dyn FnMut(ExportedRow<'_>) -> Result<Taken, NotTaken>,
    ) -> Result<Next> {
        let mut entries = match from {
            Next::From(first) => self.reader.scan_many_from(prefix, first),
            Next::Behind(last) => self.reader.scan_many(prefix, Some(last)),
            _ => self.reader.scan_many(prefix, None),
        };
        let (mut read, mut bytes) = (0u64, 0);
        while let Some((key, value)) = entries.next()? {
            if read.is_multiple_of(CHECK) || bytes >= CHECK_BYTES {
                self.control.check()?;
                bytes = 0;
            }
            read += 1;
            if self.end.is_some_and(|end| key >= end) {
                break;
            }
            let taken = match source {
                Source::Records(_) => {
                    bytes += value.len();
                    self.give(key, value, take)?
                }
                Source::ByPrincipal => {
                    // An entry without a record is passed over.
                    let Some(tuple) = keys::record_of_entry(source.keyspace(), keys::tuple_of(key)) else { continue };
                    let record = keys::record(self.slot, self.kind.keyspace(), &tuple);
                    match self.reader.get(&record)? {
                        Some(stored) => {
                            bytes += stored.len();
                            self.give(&record, &stored, take)?
                        }
                        None => continue,
                    }
                }
            };
            if let Taken::Last = taken {
                return Ok(Next::Behind(key.to_vec()));
            }
        }
        Ok(Next::End)
    }

    fn give(
        &self,
        key: &[u8],
        stored: &[u8],
        take: &mut dyn FnMut(ExportedRow<'_>) -> Result<Taken, NotTaken>,
    ) -> Result<Taken> {
        let taken = match self.is_wanted(stored) {
            Ok(true) => take(ExportedRow::Record(stored)),
            Ok(false) => Ok(Taken::More),
            Err(error) => Err(error.into()),
        };
        taken.map_err(|error| of_row(error, self.kind.keyspace(), key))
    }

    fn is_wanted(&self, stored: &[u8]) -> Result<bool, Malformed> {
        Ok(self.filter.is_empty() || self.filter.wants(&Grant::parse(stored)?))
    }
}

/// Says which row an error is about.
fn of_row(error: NotTaken, keyspace: Keyspace, key: &[u8]) -> Error {
    match error {
        NotTaken::Malformed(error) => damaged(keyspace, key, error),
        NotTaken::TooLong { what, limit } => Error::LimitExceeded {
            place: format!("{} at key {}", keyspace.noun(), Quoted::new(keys::tuple_of(key))),
            what: what.into(),
            limit: limit as u64,
            setting: None,
        },
        NotTaken::Other(error) => error,
    }
}

//! What connectors have kept during their syncs.

use super::database::{Database, Row, Table, Unreadable};
use super::losses::Losses;
use super::spans::Spans;
use crate::control::Control;
use crate::engine::{Durability, Writer};
use crate::keys;
use crate::proto::api::{ConvertCounts, LossKind};
use crate::Result;

/// The table of session values.
pub const TABLE: &str = "v1_connector_sessions";

const KEY: usize = 0;
const VALUE: usize = 1;

/// The columns that the table may have.
pub const COLUMNS: [&str; 4] = ["id", "sync_id", "key", "value"];

/// Bytes after which values are committed.
const COMMIT_BYTES: usize = 4 << 20;

/// The table, if there is one: an old SDK has none.
pub fn table(database: &Database) -> Result<Option<Table<'_>>> {
    database.table(TABLE, &["key", "value"], &[])
}

/// Copies the values of the syncs that were converted. Returns what became of them, by the places of the syncs.
pub fn copy(
    database: &Database,
    syncs: &[String],
    spans: &mut Spans,
    losses: &mut Losses,
    writer: &mut Writer<'_>,
    control: &Control<'_>,
) -> Result<Vec<ConvertCounts>> {
    let mut counts = vec![ConvertCounts::default(); syncs.len()];
    let Some(table) = table(database)? else { return Ok(counts) };
    let mut bytes = 0;
    table.scan(i64::MIN..=i64::MAX, control, |row| {
        let Some(place) = spans.place(row.sync_id()) else {
            losses.add(LossKind::NoSync, TABLE, || row.called());
            return Ok(());
        };
        let of_sync = &mut counts[place];
        of_sync.rows += 1;
        match value(row) {
            Ok((key, value)) => {
                writer.set(&keys::session(&syncs[place], "", key), value);
                bytes += key.len() + value.len();
                of_sync.records += 1;
            }
            Err(unreadable) => {
                of_sync.skipped += 1;
                losses.unreadable(row, unreadable, |what| database.damaged(what))?;
            }
        }
        if bytes >= COMMIT_BYTES {
            bytes = 0;
            writer.commit(Durability::Buffered)?;
        }
        Ok(())
    })?;
    writer.commit(Durability::Synced)?;
    Ok(counts)
}

fn value<'r>(row: &Row<'r>) -> Result<(&'r str, &'r [u8]), Unreadable> {
    Ok((row.text(KEY)?, row.bytes(VALUE)?.unwrap_or_default()))
}

//! The table `syncs`.

use super::times::micros;
use crate::columns::batch::Row;
use crate::columns::column::{Column, Type};
use crate::engine::SyncRun;

pub const COLUMNS: &[Column] = &[
    Column::always("sync_id", Type::Text),
    Column::or_null("sync_type", Type::Repeated),
    Column::or_null("parent_sync_id", Type::Text),
    Column::or_null("started_at", Type::Time),
    Column::or_null("ended_at", Type::Time),
    Column::always("supports_diff", Type::Flag),
    Column::always("is_compacted", Type::Flag),
];

/// Makes a row of a run, whose type callers call `type_name`.
pub fn append(mut row: Row<'_>, run: &SyncRun, type_name: &str) {
    row.text(&run.id.to_string());
    row.given(type_name);
    row.given(&run.record.parent_sync_id);
    row.time(run.record.started_at.as_ref().and_then(micros));
    row.time(run.record.ended_at.as_ref().and_then(micros));
    row.flag(run.record.supports_diff);
    row.flag(run.record.compacted);
    row.end();
}

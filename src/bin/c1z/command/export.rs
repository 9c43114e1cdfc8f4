//! `c1z export`: tables as files.

use std::path::PathBuf;

use c1z::proto::api::{ExportRequest, GetCurrentSyncResponse, GetStatsRequest, Table};
use c1z::store::Store;
use clap::{Args, ValueEnum};

use crate::arguments::FileArguments;
use crate::export::{self, Destination, Format};
use crate::failure::{Failure, Status};
use crate::progress::Progress;
use crate::sync;

/// Writes the tables of one sync as files of columns
///
/// The files are TO/tenant=TENANT/sync=ID/TABLE-00000.FORMAT, which Spark, Trino, DuckDB and Iceberg read as they are. They appear
/// together.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    file: FileArguments,
    /// The folder that the files go into; must not hold this sync of this tenant
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    format: Format,
    /// Whose file it is, which it does not say itself
    #[arg(long)]
    tenant: String,
    /// Only this table; may be given several times
    #[arg(long = "table", value_enum, value_name = "TABLE")]
    tables: Vec<TableName>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum TableName {
    Syncs,
    ResourceTypes,
    Resources,
    Entitlements,
    Grants,
}

impl TableName {
    fn number(self) -> Table {
        match self {
            TableName::Syncs => Table::Syncs,
            TableName::ResourceTypes => Table::ResourceTypes,
            TableName::Resources => Table::Resources,
            TableName::Entitlements => Table::Entitlements,
            TableName::Grants => Table::Grants,
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Export {
    pub fn run(self) -> Result<Status, Failure> {
        let store = sync::open(&self.file)?;
        let GetCurrentSyncResponse { sync_id, .. } = store.get_current_sync()?;
        let destination = Destination::create(&self.to, &self.tenant, &sync_id)?;
        let mut rows = 0;
        let total = rows_of(&store, &sync_id)?;
        Progress::new("exporting").during(|control| {
            for table in TableName::value_variants() {
                if !self.tables.is_empty() && !self.tables.contains(table) {
                    continue;
                }
                let request = ExportRequest {
                    table: table.number().into(),
                    sync_id: sync_id.clone(),
                    ..ExportRequest::default()
                };
                export::table(&store, &request, &destination, &table.name(), self.format, &mut |more| {
                    rows += more;
                    control.report(rows, total.max(rows));
                })?;
            }
            Ok::<_, Failure>(())
        })?;
        destination.publish()?;
        store.close()?;
        Ok(Status::Done)
    }
}

/// How many rows the tables of a sync have together, as its statistics say.
fn rows_of(store: &Store, sync_id: &str) -> Result<u64, Failure> {
    let stats = store.get_stats(&GetStatsRequest { sync_id: sync_id.to_owned(), ..GetStatsRequest::default() })?;
    let stats = stats.stats.unwrap_or_default();
    let rows = [stats.resource_types, stats.resources, stats.entitlements, stats.grants];
    Ok(rows.into_iter().map(|rows| u64::try_from(rows).unwrap_or_default()).sum())
}

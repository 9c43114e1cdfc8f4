//! `c1z export`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use c1z::columns::{schema, Batches};
use c1z::control::Control;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::fixture::*;
use super::run::Folder;

const TABLES: [(&str, Table); 5] = [
    ("syncs", Table::Syncs),
    ("resource_types", Table::ResourceTypes),
    ("resources", Table::Resources),
    ("entitlements", Table::Entitlements),
    ("grants", Table::Grants),
];

/// All rows of a table of the example, as the library exports them.
fn rows(folder: &Folder, table: Table) -> RecordBatch {
    let store = open(&folder.file("example.c1z"), true).unwrap();
    let request = ExportRequest { table: table.into(), ..Default::default() };
    let mut batches = Batches::start(&store, &request).unwrap();
    let all = batches.next(&store, &Control::none()).unwrap().unwrap();
    assert!(batches.next(&store, &Control::none()).unwrap().is_none(), "the example fits into one batch");
    all
}

/// Exports the example; gives the folder of its sync.
fn exported(folder: &Folder, format: &str) -> PathBuf {
    let words = ["export", "example.c1z", "--to", format, "--format", format, "--tenant", "Acme/1"];
    assert_eq!(folder.run(&words).done(), "");
    let tenant = folder.file(format).join("tenant=Acme%2F1");
    let syncs: Vec<PathBuf> = fs::read_dir(&tenant).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [sync] = &syncs[..] else { panic!("{syncs:?}") };
    let names: BTreeSet<String> =
        fs::read_dir(sync).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names, TABLES.iter().map(|(name, _)| format!("{name}-00000.{format}")).collect());
    sync.clone()
}

fn file(folder: &Path, name: &str, format: &str) -> PathBuf {
    folder.join(format!("{name}-00000.{format}"))
}

#[test]
fn parquet_and_arrow_files_have_the_rows_and_the_schema_of_the_library() {
    let folder = Folder::new();
    let (parquet, arrow) = (exported(&folder, "parquet"), exported(&folder, "arrow"));
    for (name, table) in TABLES {
        let expected = rows(&folder, table);
        let reader =
            ParquetRecordBatchReaderBuilder::try_new(File::open(file(&parquet, name, "parquet")).unwrap()).unwrap();
        let found: Vec<_> = reader.with_batch_size(1 << 20).build().unwrap().map(Result::unwrap).collect();
        assert_eq!(found, std::slice::from_ref(&expected), "{name}");
        let reader = FileReader::try_new(File::open(file(&arrow, name, "arrow")).unwrap(), None).unwrap();
        assert_eq!(reader.map(Result::unwrap).collect::<Vec<_>>(), [expected], "{name}");
    }
}

#[test]
fn parquet_files_are_compressed_and_have_field_ids() {
    let folder = Folder::new();
    let parquet = exported(&folder, "parquet");
    for (name, table) in TABLES {
        let reader = SerializedFileReader::new(File::open(file(&parquet, name, "parquet")).unwrap()).unwrap();
        let meta = reader.metadata();
        let root = meta.file_metadata().schema();
        let arrow = schema(&ExportRequest { table: table.into(), ..Default::default() }).unwrap();
        for (field, column) in root.get_fields().iter().zip(arrow.fields()) {
            let info = field.get_basic_info();
            assert_eq!(info.id().to_string(), column.metadata()["PARQUET:field_id"], "{name}.{}", info.name());
        }
        for column in meta.row_group(0).columns() {
            assert!(matches!(column.compression(), Compression::ZSTD(_)));
            assert!(column.bloom_filter_offset().is_none());
        }
        let is_sorted = ["resources", "entitlements", "grants"].contains(&name);
        assert_eq!(meta.row_group(0).sorting_columns().map_or(0, Vec::len), if is_sorted { 2 } else { 0 }, "{name}");
    }
}

#[test]
fn csv_and_json_files_have_every_row_and_every_column() {
    let folder = Folder::new();
    let (of_csv, json) = (exported(&folder, "csv"), exported(&folder, "ndjson"));
    for (name, table) in TABLES {
        let rows = rows(&folder, table);
        let schema = rows.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let mut reader = csv::Reader::from_path(file(&of_csv, name, "csv")).unwrap();
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), names);
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), rows.num_rows());
        let text = fs::read_to_string(file(&json, name, "ndjson")).unwrap();
        let objects: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(objects.len(), rows.num_rows());
        for (record, object) in records.iter().zip(&objects) {
            for (cell, name) in record.iter().zip(&names) {
                let shown = match &object[*name] {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(cell, shown, "{name}");
            }
        }
    }
}

#[test]
fn only_tables_that_are_named_are_written() {
    let folder = Folder::new();
    let words =
        ["export", "example.c1z", "--to", "out", "--tenant", "t", "--table", "grants", "--table", "resource_types"];
    folder.run(&words).done();
    let tenant = folder.file("out").join("tenant=t");
    let sync = fs::read_dir(tenant).unwrap().next().unwrap().unwrap().path();
    let names: BTreeSet<_> = fs::read_dir(sync).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["grants-00000.parquet", "resource_types-00000.parquet"].map(Into::into).into());
}

#[test]
fn a_sync_that_is_there_already_is_left_alone_and_nothing_is_left_of_a_run_that_fails() {
    let folder = Folder::new();
    let sync = exported(&folder, "parquet");
    let before = fs::read(file(&sync, "grants", "parquet")).unwrap();
    let again = folder.run(&["export", "example.c1z", "--to", "parquet", "--tenant", "Acme/1"]);
    assert!(again.failed().starts_with("ALREADY_EXISTS: ") && again.failed().contains("sync="), "{again:?}");
    assert_eq!(fs::read(file(&sync, "grants", "parquet")).unwrap(), before);
    let empty = folder.run(&["export", "example.c1z", "--to", "out", "--tenant", ""]);
    assert!(empty.failed().contains("--tenant is empty"), "{empty:?}");
    assert_eq!(folder.run(&["export", "example.c1z", "--to", "out"]).status, 64);
    let missing = folder.run(&["export", "missing.c1z", "--to", "out", "--tenant", "t"]);
    assert!(missing.failed().starts_with("NOT_FOUND: "), "{missing:?}");
    assert!(!folder.file("out").exists());
    let in_file = folder.run(&["export", "example.c1z", "--to", "example.c1z", "--tenant", "t"]);
    assert!(in_file.failed().starts_with("IO: ") && in_file.failed().contains("example.c1z"), "{in_file:?}");
}

#[test]
fn what_a_killed_export_has_left_is_removed_by_the_next_for_that_tenant() {
    let folder = Folder::new();
    let tenant = folder.file("out").join("tenant=t");
    for hidden in [".export-killed/files", ".export-running/files"] {
        fs::create_dir_all(tenant.join(hidden)).unwrap();
        fs::write(tenant.join(hidden).join("grants-00000.parquet.part"), "PAR1").unwrap();
    }
    let running = fs::File::open(tenant.join(".export-running")).unwrap();
    rustix::fs::flock(&running, rustix::fs::FlockOperation::LockExclusive).unwrap();
    folder.run(&["export", "example.c1z", "--to", "out", "--tenant", "t"]).done();
    let mut names: Vec<_> = fs::read_dir(&tenant).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[0], ".export-running");
    assert!(names[1].to_str().unwrap().starts_with("sync="), "{names:?}");
    let of_hive = folder.run(&["export", "example.c1z", "--to", "out", "--tenant", "__HIVE_DEFAULT_PARTITION__"]);
    assert!(of_hive.failed().contains("INVALID_ARGUMENT"), "{of_hive:?}");
}

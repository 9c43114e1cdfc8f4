//! A verification's report for people.

use std::fmt::Write as _;
use std::path::Path;

use crate::engine;
use crate::proto::api::{VerifiedSync, VerifyReport};
use crate::quoted::{self, Quoted};
use crate::store::ENGINE;

/// What was walked of a sync, as it is reported.
pub fn sync(sync: &engine::VerifiedSync) -> VerifiedSync {
    let number = |count: i64| u64::try_from(count).unwrap_or(0);
    let sum = |by_type: &std::collections::BTreeMap<String, i64>| number(by_type.values().sum());
    VerifiedSync {
        sync_id: sync.run.id.to_string(),
        resource_types: number(sync.counts.resource_types),
        resources: sum(&sync.counts.resources),
        entitlements: sum(&sync.counts.entitlements),
        grants: sum(&sync.counts.grants),
        assets: number(sync.counts.assets),
        index_entries: sync.index_entries,
        complete: sync.complete,
    }
}

/// The report as lines.
pub fn text(path: &str, report: &VerifyReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut text, path, report);
    text
}

fn write_text(text: &mut String, path: &str, report: &VerifyReport) -> std::fmt::Result {
    let VerifyReport { engine, format, payload_files, payload_bytes, .. } = report;
    writeln!(text, "file \"{}\"", quoted::path(Path::new(path)))?;
    let shown = Quoted::new(engine);
    if !format.is_empty() {
        let encoding = report.payload_encoding().as_str_name();
        let encoding = encoding.strip_prefix("PAYLOAD_ENCODING_").unwrap_or(encoding);
        writeln!(
            text,
            "format {format}, engine {shown}, payload {encoding}: {payload_files} files of {payload_bytes} bytes"
        )?;
        if engine != ENGINE {
            writeln!(text, "engine {shown} is not this library's: only the file around the database was verified")?;
        } else if !report.database_walked {
            writeln!(text, "the database could not be walked")?;
        }
    }
    for sync in &report.syncs {
        let VerifiedSync { sync_id, resource_types, resources, entitlements, grants, assets, index_entries, complete } =
            sync;
        write!(text, "sync {sync_id}: {resource_types} resource types, {resources} resources, ")?;
        write!(text, "{entitlements} entitlements, {grants} grants, {assets} assets, {index_entries} index entries")?;
        writeln!(text, "{}", if *complete { "" } else { "; a part could not be read" })?;
    }
    match (report.faults.len(), report.truncated) {
        (0, _) => writeln!(text, "no faults")?,
        (1, false) => writeln!(text, "1 fault")?,
        (listed, false) => writeln!(text, "{listed} faults")?,
        (listed, true) => writeln!(text, "more than {listed} faults")?,
    }
    report.faults.iter().try_for_each(|fault| writeln!(text, "{}", fault.line()))
}

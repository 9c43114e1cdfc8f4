//! Looking for all that is wrong with a file: what is around the database, the database, and whether they agree.

use std::collections::BTreeMap;

use super::open::OpenOptions;
use super::paths::{optional_path, required_path};
use super::save::{root_of, summary};
use super::verify_report;
use super::working_folder::WorkingFolder;
use crate::control::Control;
use crate::engine::{self, Kind, VerifiedSync, Verify};
use crate::envelope::{self, Encoding, Examination, Limits, PayloadEntry};
use crate::findings::Findings;
use crate::keys::{self, Keyspace, LAYOUT_VERSION};
use crate::proto::api::{Fault, FaultKind, VerifyReport, VerifyRequest};
use crate::proto::manifest::{GrantDigestRoot, PayloadEncoding, SyncRunSummary};
use crate::proto::wire::Malformed;
use crate::store::sync::{newest_first, stats};
use crate::store::ENGINE;
use crate::{process, quoted, translate, Result};

const DEFAULT_MAX_FAULTS: u32 = 1000;

/// Walks a file and lists what is wrong with it. Damage is no error; what prevents looking is.
///
/// Progress is in bytes of the file, each of which counts twice if the database is walked: when it is unpacked and when
/// the table that it became is walked.
pub fn verify(request: &VerifyRequest, control: &Control<'_>) -> Result<VerifyReport> {
    process::enter()?;
    let path = required_path("path", &request.path, &request.path_bytes)?;
    let options = options(request)?;
    options.engine(Encoding::IndexedZstd).ask_for_means(&path)?;
    let max_faults = if request.max_faults == 0 { DEFAULT_MAX_FAULTS } else { request.max_faults };
    let mut findings = Findings::new(max_faults as usize);
    let mut report = VerifyReport::default();
    if let Some(examination) = envelope::examine(&path, &mut findings)? {
        report.format = "v3".to_owned();
        report.engine = examination.head().manifest.engine.clone();
        report.payload_encoding = PayloadEncoding::from(examination.encoding()).into();
        walk(&options, &examination, control, &mut report, &mut findings)?;
    }
    report.truncated = findings.is_truncated();
    report.faults = findings.into_faults();
    report.text = verify_report::text(&path.to_string_lossy(), &report);
    Ok(report)
}

/// Verifies the payload, and the database in it if it is ours.
fn walk(
    options: &OpenOptions,
    examination: &Examination,
    control: &Control<'_>,
    report: &mut VerifyReport,
    findings: &mut Findings,
) -> Result<()> {
    let ours = report.engine == ENGINE && has_our_layout(examination, findings);
    let passes = 1 + u64::from(ours);
    let cancelled = || control.check().is_err();
    let first = |done, total: u64| control.report(done, total * passes);
    let first = Control::new(&cancelled, &first);
    if !ours {
        let entries = examination.payload(None, &options.limits, &first, findings)?;
        count(report, &entries.unwrap_or_default());
        return Ok(());
    }
    let work = WorkingFolder::create(options.tmp_dir.as_deref())?;
    let directory = work.create_folder("database")?;
    let entries =
        examination.payload(Some((&directory, engine::is_database_file)), &options.limits, &first, findings)?;
    let length = examination.head().file_len;
    if let Some(entries) = entries {
        count(report, &entries);
        let second = |done, total| control.report(length + scaled(length, done, total), 2 * length);
        let engine_options = options.engine(examination.encoding());
        let files: Vec<(String, u64)> = entries.into_iter().map(|entry| (entry.name, entry.size)).collect();
        let verify = Verify {
            directory: &directory,
            options: &engine_options,
            files: &files,
            shown: &|kind, record| shown(kind, record),
        };
        if let Some(database) = engine::verify(&verify, &Control::new(&cancelled, &second), findings)? {
            report.database_walked = true;
            check_stats(&database.syncs, findings);
            if database.complete {
                check_summaries(&examination.head().manifest.sync_runs, &database.syncs, findings);
                check_digest(examination.head().manifest.grant_digest_root.as_ref(), &database.syncs, findings);
            }
            report.syncs = database.syncs.iter().map(verify_report::sync).collect();
        }
    }
    control.report(2 * length, 2 * length);
    work.remove()
}

fn options(request: &VerifyRequest) -> Result<OpenOptions> {
    Ok(OpenOptions {
        read_only: true,
        tmp_dir: optional_path("tmp_dir", &request.tmp_dir, &request.tmp_dir_bytes)?,
        threads: request.threads as usize,
        memory_budget: request.memory_budget_bytes,
        limits: Limits {
            threads: request.threads as usize,
            ..Limits::of_request(request.max_decoded_bytes, request.max_decoder_memory_bytes)
        },
        ..OpenOptions::default()
    })
}

/// Whether the manifest names the layout that this library knows. If not, the database is not looked at.
fn has_our_layout(examination: &Examination, findings: &mut Findings) -> bool {
    let version = examination.head().manifest.engine_schema_version;
    if version != LAYOUT_VERSION {
        let sentence = format!("manifest: database layout {version}, this library knows {LAYOUT_VERSION}");
        findings.add(Fault::of(FaultKind::Layout, sentence));
    }
    version == LAYOUT_VERSION
}

fn count(report: &mut VerifyReport, entries: &[PayloadEntry]) {
    report.payload_files = entries.len() as u64;
    report.payload_bytes = entries.iter().map(|entry| entry.size).sum();
}

/// `done` of `total` in parts of `length`.
fn scaled(length: u64, done: u64, total: u64) -> u64 {
    let parts = u128::from(length) * u128::from(done.min(total)) / u128::from(total.max(1));
    u64::try_from(parts).unwrap_or(length)
}

/// Whether a reader can be shown a record.
fn shown(kind: Kind, record: &[u8]) -> Result<(), Malformed> {
    let mut message = Vec::new();
    match kind {
        Kind::ResourceType => translate::resource_type_from_record(record, &mut message),
        Kind::Resource => {
            translate::resource_from_record(record, &mut message).and_then(|()| translate::check_profile(record))
        }
        Kind::Entitlement => translate::entitlement_from_record(record, &mut message),
        Kind::Grant => translate::grant_from_record(record, &mut message),
        Kind::Asset => Ok(()),
    }
}

/// Compares the statistics of syncs that have ended with their records.
fn check_stats(syncs: &[VerifiedSync], findings: &mut Findings) {
    for VerifiedSync { run, stats, counts, complete, .. } in syncs {
        let Some(stored) = stats.as_ref().filter(|_| *complete && run.record.ended_at.is_some()) else { continue };
        let counted = stats::of_counts(run.id, counts.clone());
        let totals = [
            ("resource types", stored.resource_types, counted.resource_types),
            ("resources", stored.resources, counted.resources),
            ("entitlements", stored.entitlements, counted.entitlements),
            ("grants", stored.grants, counted.grants),
            ("assets", stored.assets, counted.assets),
        ];
        let mut wrong = |sentence| {
            let key = keys::of_sync(Keyspace::SyncStats, run.id);
            findings.add(Fault::of(FaultKind::StatsMismatch, sentence).in_sync(Some(run.id)).at_key(&key));
        };
        let unequal = totals.iter().filter(|(_, stored, counted)| stored != counted);
        let unequal: Vec<String> =
            unequal.map(|(noun, stored, counted)| format!("{stored} {noun}, there are {counted}")).collect();
        if !unequal.is_empty() {
            wrong(format!("they say {}", unequal.join("; ")));
            continue;
        }
        let by_type = [
            ("resources", &stored.resources_by_resource_type, &counted.resources_by_resource_type),
            ("entitlements", &stored.entitlements_by_resource_type, &counted.entitlements_by_resource_type),
            ("grants", &stored.grants_by_entitlement_resource_type, &counted.grants_by_entitlement_resource_type),
        ];
        for (noun, _, _) in by_type.iter().filter(|(_, stored, counted)| stored != counted) {
            wrong(format!("their {noun} by resource type are not those that there are"));
        }
    }
}

/// Compares the manifest's syncs with those of the database.
fn check_summaries(manifest: &[SyncRunSummary], syncs: &[VerifiedSync], findings: &mut Findings) {
    let mut wrong = |id: &str, sentence: String| {
        let sync_id = quoted::line(id);
        findings.add(Fault { sync_id, ..Fault::of(FaultKind::ManifestRunMismatch, sentence) });
    };
    let mut named: BTreeMap<&str, &SyncRunSummary> = BTreeMap::new();
    let mut agree = true;
    for summary in manifest {
        if named.insert(&summary.sync_id, summary).is_some() {
            agree = false;
            wrong(&summary.sync_id, "the manifest names it more than once".into());
        }
    }
    for sync in syncs {
        let stored = summary(&sync.run, sync.stats.clone());
        let sentence = match named.remove(stored.sync_id.as_str()) {
            Some(named) if *named == stored => continue,
            Some(named) => format!("the manifest and the database differ in its {}", difference(named, &stored)),
            None => "the manifest does not name it".to_owned(),
        };
        agree = false;
        wrong(&stored.sync_id, sentence);
    }
    for id in named.into_keys() {
        agree = false;
        wrong(id, "the manifest names it, but the database has no run of it that can be read".into());
    }
    let runs = newest_first(syncs.iter().map(|sync| sync.run.clone()).collect());
    if agree && !runs.iter().map(|run| run.id.to_string()).eq(manifest.iter().map(|named| named.sync_id.clone())) {
        wrong("", "the manifest's syncs are not in the order in which readers look for one".into());
    }
}

/// Compares the manifest's digest of grants with that of the sync which a reader is shown.
fn check_digest(manifest: Option<&GrantDigestRoot>, syncs: &[VerifiedSync], findings: &mut Findings) {
    let newest = newest_first(syncs.iter().map(|sync| sync.run.clone()).collect());
    let shown = newest.first().filter(|run| run.record.ended_at.is_some()).map(|run| run.id);
    let Some(shown) = syncs.iter().find(|sync| Some(sync.run.id) == shown && sync.complete) else { return };
    let stored = shown.digest.as_ref().map(|digest| root_of(digest.count, digest.xor));
    if manifest != stored.as_ref() {
        let sentence = "the manifest's digest of its grants is not the one in the database";
        findings.add(Fault::of(FaultKind::ManifestRunMismatch, sentence).in_sync(Some(shown.run.id)));
    }
}

/// What two summaries of one sync differ in.
fn difference(a: &SyncRunSummary, b: &SyncRunSummary) -> String {
    let parts = [
        ("type", a.r#type != b.r#type),
        ("start", a.started_at != b.started_at),
        ("end", a.ended_at != b.ended_at),
        ("parent", a.parent_sync_id != b.parent_sync_id),
        ("statistics", a.stats != b.stats),
        ("mark as compacted", a.compacted != b.compacted),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|(_, differ)| *differ).map(|(name, _)| name).collect();
    parts.join(", ")
}

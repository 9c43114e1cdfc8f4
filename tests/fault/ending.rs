//! Ending a sync on a disk that fails: what a crash leaves is unfinished and can be resumed, or it is finished and whole;
//! without a crash the same store ends the sync once the cause is gone.

use std::path::Path;

use c1z::control::Control;
use c1z::engine::{Engine, SyncRun, DIGEST_VERSION};
use c1z::envelope::{self, Encoding, Payload, SaveOptions};
use c1z::keys::LAYOUT_VERSION;
use c1z::proto::manifest::{C1zManifestV3, GrantDigestRoot, SyncRunSummary};

use crate::fixture::*;
use crate::place::{put_all, Contents, Place, Tally};
use crate::syscalls::{note_syncs, synced, under, Fault};

/// A folder with what a crash of the machine leaves of a database: of each file what was synced.
fn crash_image(database: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    for (path, bytes) in synced(database) {
        std::fs::write(image.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    image
}

/// What a manifest says of the syncs in a database.
fn summaries(engine: &Engine) -> Vec<SyncRunSummary> {
    let reader = engine.snapshot();
    let summary = |run: SyncRun| SyncRunSummary {
        sync_id: run.id.to_string(),
        r#type: run.record.r#type,
        started_at: run.record.started_at,
        ended_at: run.record.ended_at,
        parent_sync_id: run.record.parent_sync_id.clone(),
        stats: reader.stats(run.id).unwrap(),
        compacted: run.record.compacted,
    };
    reader.sync_runs().unwrap().into_iter().map(summary).collect()
}

/// What it says of the grants of a sync that has ended.
fn digest_root(engine: &Engine) -> Option<GrantDigestRoot> {
    let reader = engine.ended();
    let run = reader.sync_runs().unwrap().into_iter().find(|run| run.record.ended_at.is_some())?;
    let digest = reader.grant_digest(run.slot, b"").unwrap()?;
    Some(GrantDigestRoot {
        xor_digest: digest.xor.to_be_bytes().to_vec(),
        count: digest.count as i64,
        abi_version: DIGEST_VERSION.into(),
    })
}

/// A file with the database in a folder.
fn file_of(database: &Path) -> Place {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let engine = Engine::open(database, &OPTIONS).unwrap();
    let checkpoint = folder.path().join("checkpoint");
    engine.writer().checkpoint().unwrap().place_in(&checkpoint).unwrap();
    let manifest = C1zManifestV3 {
        engine: "rocksdb".into(),
        engine_schema_version: LAYOUT_VERSION,
        sync_runs: summaries(&engine),
        grant_digest_root: digest_root(&engine),
        ..Default::default()
    };
    let (encoding, options) = (Encoding::Tar, SaveOptions::default());
    let payload = Payload::below(&checkpoint).unwrap();
    envelope::save(&place.file(), manifest, encoding, payload, &options, &Control::none()).unwrap();
    place
}

fn round(put: Put, fault: i32, from: u64, and_later: bool) -> (Vec<String>, bool) {
    let place = Place::new();
    let store = place.open();
    let sync = start(&store, "full");
    put(&store).unwrap();
    let put_before = Contents::of(&store).without_ids();
    // What was read is in the database: the end of the sync is to find all of it pending.
    put(&store).unwrap();
    let plan = place.plan(Fault::Error(fault), from, and_later);
    let ((ended, image), struck) = under(plan, || {
        let ended = store.end_sync(&Control::none());
        // A database that RocksDB does not write to any more is replaced by a copy elsewhere.
        let database = store.metadata().unwrap().database_path;
        (ended, crash_image(database.as_ref()))
    });
    let at = format!("{from}: {struck:?}, {ended:?}");
    let failed = ended.is_err();

    let crashed = file_of(image.path());
    let left = crashed.saved();
    match left.has_ended(&sync) {
        Some(true) => assert_eq!(unended(&left), put_before, "finished and not whole: {at}"),
        Some(false) => {
            assert!(failed, "ended, and not on the disk: {at}");
            let store = crashed.open();
            resume(&store, &sync).unwrap();
            put(&store).unwrap();
            end(&store);
            close(store);
            let resumed = crashed.saved();
            assert_eq!((resumed.has_ended(&sync), unended(&resumed)), (Some(true), put_before.clone()), "{at}");
        }
        None => panic!("the sync that was started is gone: {at}"),
    }

    if failed {
        assert_eq!((current(&store).0, Contents::of(&store).without_ids()), (sync.clone(), put_before.clone()), "{at}");
        // Nothing stays paused: as many writes as it takes to fill several buffers.
        (0..10).for_each(|_| put(&store).unwrap_or_else(|error| panic!("{error}, after {at}")));
        store.end_sync(&Control::none()).unwrap_or_else(|error| panic!("{error}, after {at}"));
    }
    close(store);
    let saved = place.saved();
    assert_eq!((saved.has_ended(&sync), unended(&saved)), (Some(true), put_before), "{at}");
    (struck, failed)
}

type Put = fn(&Store) -> c1z::Result<()>;

/// Rows that end in a batch, but with an asset that makes RocksDB flush.
fn put_few(store: &Store) -> c1z::Result<()> {
    put_all(store)?;
    try_put_asset(store, "large", &[7; 1 << 20])
}

/// So many rows that they end in SSTs of their own.
fn put_many(store: &Store) -> c1z::Result<()> {
    let ids: Vec<String> = (0..5_000).map(|number| format!("type{number}")).collect();
    try_put_resource_types(store, &ids.iter().map(String::as_str).collect::<Vec<_>>())?;
    put_few(store)
}

/// The contents as they were before the sync ended.
fn unended(contents: &Contents) -> Vec<String> {
    contents.without_ids().into_iter().map(|sync| sync.replace("ended: true", "ended: false")).collect()
}

#[test]
fn a_sync_whose_end_fails_at_any_step_is_never_finished_and_incomplete_and_can_be_ended_later() {
    note_syncs();
    let tally = Tally::default();
    tally.sweep(|from| round(put_many, libc::EIO, from, true));
    tally.sweep(|from| round(put_few, libc::ENOSPC, from, true));
    tally.sweep(|from| round(put_few, libc::EIO, from, false));
    tally.sweep(|from| round(put_many, libc::EIO, from, false));
    // Threads of the database make calls too: the number of one differs from round to round, and a sweep may miss it.
    let points = ["write sst", "sync sst", "write MANIFEST", "sync MANIFEST", "write log", "sync log"];
    for _ in 0..5 {
        if !points.iter().all(|point| tally.struck(point)) {
            tally.sweep(|from| round(put_many, libc::EIO, from, false));
        }
    }
    tally.print("end of a sync");
    for point in points {
        assert!(tally.struck(point), "no fault struck at {point}");
    }
}

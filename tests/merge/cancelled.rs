//! A merge that its caller stops, at every look at the caller's wish.

use std::sync::atomic::{AtomicU64, Ordering};

use c1z::control::Control;
use c1z::store::merge_files;

use crate::family::{self, sync};
use crate::fixture::*;
use crate::output::{fails_under, pair};
use crate::record::Record;
use crate::stored;

/// Runs `merge` so that it is stopped at each look in turn, until it is not stopped any more; says how often it was.
fn stopped_everywhere(merge: impl Fn(&Control<'_>) -> bool) -> u64 {
    for last in 0.. {
        let looks = AtomicU64::new(0);
        let cancelled = || looks.fetch_add(1, Ordering::Relaxed) >= last;
        if merge(&Control::new(&cancelled, &|_, _| ())) {
            return last;
        }
    }
    unreachable!()
}

#[test]
fn a_merge_of_files_that_is_stopped_leaves_nothing() {
    for small in [true, false] {
        let (folder, request) = pair(small);
        let stopped = stopped_everywhere(|control| {
            let looks = AtomicU64::new(0);
            let cancelled = || {
                looks.fetch_add(1, Ordering::Relaxed);
                control.check().is_err()
            };
            let probe = Control::new(&cancelled, &|_, _| ());
            if folder.beside("output.c1z").exists() {
                return true;
            }
            match merge_files(&request, &probe) {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.code(), Code::Cancelled, "{error}");
                    assert!(!folder.beside("output.c1z").exists());
                    false
                }
            }
        });
        assert!(stopped > 10, "{stopped}");
        std::fs::remove_file(folder.beside("output.c1z")).unwrap();
        for last in 0..stopped {
            let looks = AtomicU64::new(0);
            let cancelled = || looks.fetch_add(1, Ordering::Relaxed) >= last;
            let error = fails_under(&folder, &request, &Control::new(&cancelled, &|_, _| ()));
            assert_eq!((error.code(), error.reason().name()), (Code::Cancelled, "CANCELLED"), "{error}");
        }
    }
}

#[test]
fn a_merge_where_syncs_are_that_is_stopped_changes_nothing_and_can_be_made_again() {
    let record = |identity| Record { kind: 3, identity, content: 1, discovered_at: None };
    for (base, keep_inputs) in [(5_000, false), (100, false), (100, true)] {
        let folder = Fixture::new();
        let syncs = [sync(1, (0..base).map(record).collect()), sync(2, (50..150).map(record).collect())];
        let sync_ids = family::write_file(&folder.path(), &syncs);
        let before = stored::of_file(&folder.path());
        let store = folder.open();
        let request = MergeSyncsRequest { sync_ids, keep_inputs };
        let stopped = stopped_everywhere(|control| match store.merge_syncs(&request, control) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.code(), Code::Cancelled, "{error}");
                assert!(!store.is_dirty());
                // What is saved now is as it was.
                set_session(&store, "other", &[("key", b"value")]);
                save(&store);
                stored::is_sound(&folder.path());
                assert!(stored::of_file(&folder.path()) == before);
                false
            }
        });
        assert!(stopped > 1, "{stopped}");
        close(store);
        stored::is_sound(&folder.path());
        assert_eq!(stored::of_file(&folder.path()).len(), if keep_inputs { 3 } else { 1 });
    }
}

#[test]
fn progress_never_goes_back_within_the_records_and_is_of_no_less_than_is_done() {
    for small in [true, false] {
        let (_folder, request) = pair(small);
        let wrong = AtomicU64::new(0);
        let report = |done, total| {
            wrong.fetch_add(u64::from(done > total), Ordering::Relaxed);
        };
        merge_files(&request, &Control::new(&|| false, &report)).unwrap();
        assert_eq!(wrong.into_inner(), 0);
    }
}

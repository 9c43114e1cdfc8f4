//! Which syncs can be compared.

use c1z::control::Control;
use c1z::store::FileComparison;

use crate::comparing::{self, input, of_syncs, request};
use crate::family::{self, sync, Sync};
use crate::fixture::*;
use crate::record::Record;

const RECORD: Record = Record { kind: 0, identity: 1, content: 1, discovered_at: None };

#[test]
fn a_sync_that_is_being_collected_is_compared_as_it_is_by_now() {
    let folder = Fixture::new();
    let store = folder.open();
    let first = start(&store, "full");
    put_grants(&store, &[membership("g", "a"), membership("g", "b")]);
    end(&store);
    let second = start(&store, "full");
    put_grants(&store, &[membership("g", "b"), membership("g", "c")]);
    let found = of_syncs(&store, &first, &second, &CompareOptions::default()).unwrap();
    assert_eq!(
        found.list.iter().map(|found| found.change()).collect::<Vec<_>>(),
        [difference::Change::Removed, difference::Change::Added]
    );
    put_grants(&store, &[membership("g", "a")]);
    assert_eq!(of_syncs(&store, &first, &second, &CompareOptions::default()).unwrap().list.len(), 1);
}

#[test]
fn a_sync_that_is_dropped_meanwhile_is_not_found() {
    let folder = Fixture::new();
    // The first goes: the third is bound, and one of the others is kept.
    let ids = family::write_file(&folder.path(), &(1..4).map(|number| sync(number, vec![RECORD])).collect::<Vec<_>>());
    let store = folder.open();
    for dropped in 0..2 {
        let mut sync_ids = [ids[0].clone(), ids[1].clone()];
        sync_ids.rotate_left(dropped);
        let [before_sync_id, after_sync_id] = sync_ids.clone();
        let mut comparison =
            store.compare_syncs(&CompareSyncsRequest { before_sync_id, after_sync_id, options: None }).unwrap();
        if dropped == 1 {
            store.cleanup(&CleanupRequest { keep: 1 }, &Control::none()).unwrap();
            assert_eq!(why(store.compare_next(&mut comparison)), NOT_FOUND);
        } else {
            assert!(store.compare_next(&mut comparison).unwrap().is_some());
        }
    }
}

#[test]
fn a_request_that_names_no_sync_or_kind_is_refused() {
    let folder = Fixture::new();
    let ids = family::write_file(&folder.path(), &[sync(1, vec![RECORD])]);
    let store = folder.open();
    let options = CompareOptions::default();
    assert_eq!(why(of_syncs(&store, "", &ids[0], &options)), INVALID);
    assert_eq!(why(of_syncs(&store, &ids[0], "", &options)), INVALID);
    assert_eq!(why(of_syncs(&store, &ids[0], "unknown", &options)), NOT_FOUND);
    for kinds in [vec![0], vec![6], vec![-1], vec![1, 77]] {
        assert_eq!(why(of_syncs(&store, &ids[0], &ids[0], &CompareOptions { kinds, ..Default::default() })), INVALID);
    }
}

#[test]
fn of_a_file_the_newest_sync_that_has_ended_is_compared_unless_one_is_named() {
    let folder = Fixture::new();
    let other = Record { content: 2, ..RECORD };
    let unfinished = Sync { ended: None, ..sync(3, vec![other]) };
    let path = folder.path();
    let ids = family::write_file(&path, &[sync(1, vec![other]), sync(2, vec![RECORD]), unfinished]);
    let count = |before: &str, after: &str| {
        let request =
            CompareFilesRequest { before: input(&path, before), after: input(&path, after), ..request(&path, &path) };
        comparing::of_request(&request).map(|found| found.list.len())
    };
    assert_eq!(count("", &ids[1]).unwrap(), 0);
    assert_eq!(count("", &ids[0]).unwrap(), 1);
    assert_eq!(count(&ids[2], "").unwrap(), 1);
    assert_eq!(count(&ids[2], &ids[0]).unwrap(), 0);
    assert_eq!(why(count("unknown", "")), NOT_FOUND);
    assert_eq!(why(count("", &c1z::keys::SyncId::generate().to_string())), NOT_FOUND);
}

#[test]
fn a_file_without_a_sync_that_has_ended_is_refused_and_named() {
    let folder = Fixture::new();
    let paths = family::write_files(&folder, &[sync(1, vec![RECORD]), Sync { ended: None, ..sync(2, vec![RECORD]) }]);
    let error = FileComparison::open(&request(&paths[0], &paths[1]), &Control::none()).err().unwrap();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(error.to_string().contains("input-1.c1z"), "{error}");
}

#[test]
fn a_comparison_that_is_stopped_while_its_files_are_opened_leaves_nothing() {
    let folder = Fixture::new();
    let paths = family::write_files(&folder, &[sync(1, vec![RECORD]), sync(2, vec![RECORD])]);
    let work = folder.beside("work");
    std::fs::create_dir(&work).unwrap();
    let request = CompareFilesRequest { tmp_dir: work.to_str().unwrap().into(), ..request(&paths[0], &paths[1]) };
    let stopped = FileComparison::open(&request, &Control::new(&|| true, &|_, _| ()));
    assert_eq!(why(stopped.map(drop)), (Code::Cancelled, "CANCELLED"));
    assert_eq!(std::fs::read_dir(&work).unwrap().count(), 0);
    let comparison = FileComparison::open(&request, &Control::none()).unwrap();
    assert!(std::fs::read_dir(&work).unwrap().count() > 0);
    drop(comparison);
    assert_eq!(std::fs::read_dir(&work).unwrap().count(), 0);
}

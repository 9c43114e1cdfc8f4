//! Files that nothing is wrong with.

use c1z::control::Control;
use c1z::envelope::Encoding;
use c1z::error::Code;
use c1z::proto::manifest::PayloadEncoding;

use super::fixture::*;
use super::sample::*;

#[test]
fn nothing_is_found_in_a_file_of_several_syncs_in_any_encoding() {
    for encoding in [Encoding::IndexedZstd, Encoding::Tar, Encoding::TarZstd] {
        let sample = Sample::encoded(encoding);
        let report = sample.verify();
        assert_eq!(report.faults, [], "{encoding:?}");
        assert!(report.database_walked && !report.truncated);
        assert_eq!((report.engine.as_str(), report.format.as_str()), ("rocksdb", "v3"));
        assert_eq!(report.payload_encoding(), PayloadEncoding::from(encoding));
        assert!(report.payload_files >= 3 && report.payload_bytes > 1000, "{report:?}");
        let mut syncs = sample.syncs.to_vec();
        syncs.sort();
        assert_eq!(report.syncs.iter().map(|sync| sync.sync_id.clone()).collect::<Vec<_>>(), syncs);
        for sync in &report.syncs {
            assert!(sync.complete);
            let counts = [sync.resource_types, sync.resources, sync.entitlements, sync.grants, sync.assets];
            assert_eq!(counts, [3, 3, 2, 3, 1]);
            // By parent 1, by bare id 2, by principal 3, needing expansion 1, by public id 2.
            assert_eq!(sync.index_entries, 9);
        }
    }
}

#[test]
fn a_report_is_text_with_a_line_for_each_thing() {
    let sample = Sample::new();
    let text = sample.verify().text;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert_eq!(lines[0], format!("file {:?}", sample.fixture.path()));
    assert!(lines[1].starts_with("format v3, engine \"rocksdb\", payload INDEXED_ZSTD: "), "{text}");
    let counts = "3 resource types, 3 resources, 2 entitlements, 3 grants, 1 assets, 9 index entries";
    for sync in &sample.syncs {
        assert!(lines.contains(&format!("sync {sync}: {counts}").as_str()), "{text}");
    }
    assert_eq!(lines[5], "no faults");
}

#[test]
fn nothing_is_found_after_records_were_replaced_and_deleted_and_syncs_dropped() {
    let sample = Sample::new();
    let mut store = sample.fixture.open();
    for round in 0..8 {
        resume(&store, &sample.syncs[2]).unwrap();
        let user = format!("u{}", round % 3);
        put_grants(&store, &[Grant { id: format!("round {round}"), ..expandable(membership("g", &user)) }]);
        put_grants(&store, &[membership("g", &user), membership("g", "u")]);
        put_resources(&store, &[child(("user", "child"), ("org", &user)), child(("user", &user), ("org", "o"))]);
        let resource_id = Some(id(("user", &user)));
        store.delete_resource(&DeleteResourceRequest { resource_id }).unwrap();
        put_entitlements(&store, &[entitlement(("group", "g"), &format!("e{round}"))]);
        end(&store);
        store = sample.fixture.reopen(store);
        assert_eq!(sample.verify().faults, [], "round {round}");
    }
    let (base_sync_id, applied_sync_id) = (sample.syncs[0].clone(), sample.syncs[2].clone());
    store.diff_syncs(&DiffSyncsRequest { base_sync_id, applied_sync_id }, &Control::none()).unwrap();
    store.cleanup(&CleanupRequest { keep: 1 }, &Control::none()).unwrap();
    close(store);
    assert_eq!(sample.verify().faults, []);
}

#[test]
fn nothing_is_found_in_a_file_without_syncs_and_in_a_clone() {
    let sample = Sample::new();
    let store = sample.fixture.open();
    let path = sample.fixture.beside("clone.c1z");
    let request = CloneSyncRequest { path: path.to_str().unwrap().into(), ..Default::default() };
    store.clone_sync(&request, &Control::none()).unwrap();
    let clone = verify(&path);
    assert_eq!((clone.faults.len(), clone.syncs.len()), (0, 1), "{}", clone.text);
    store.close().unwrap();

    let empty = Fixture::new();
    let store = empty.open();
    set_session(&store, "session", &[("key", b"value")]);
    close(store);
    let report = verify(&empty.path());
    assert_eq!((report.faults.len(), report.syncs.len(), report.database_walked), (0, 0, true), "{}", report.text);
}

#[test]
fn a_missing_file_a_folder_and_no_path_are_failures() {
    let sample = Sample::new();
    let fails = |path: &std::path::Path| c1z::store::verify(&request(path), &Control::none()).unwrap_err().code();
    assert_eq!(fails(&sample.fixture.beside("missing")), Code::NotFound);
    assert_eq!(fails(sample.fixture.path().parent().unwrap()), Code::InvalidArgument);
    assert_eq!(fails("".as_ref()), Code::InvalidArgument);
}

#[test]
fn what_unpacks_to_more_than_the_limit_is_a_failure() {
    for encoding in [Encoding::IndexedZstd, Encoding::Tar, Encoding::TarZstd] {
        let sample = Sample::encoded(encoding);
        let request = VerifyRequest { max_decoded_bytes: 1000, ..request(&sample.fixture.path()) };
        let error = c1z::store::verify(&request, &Control::none()).unwrap_err();
        assert_eq!((error.code(), error.reason().name()), (Code::ResourceExhausted, "LIMIT_EXCEEDED"), "{encoding:?}");
    }
}

#[test]
fn no_folder_to_unpack_to_is_a_failure() {
    let sample = Sample::new();
    let tmp_dir = sample.fixture.beside("missing").to_str().unwrap().to_owned();
    let request = VerifyRequest { tmp_dir, ..request(&sample.fixture.path()) };
    assert_eq!(c1z::store::verify(&request, &Control::none()).unwrap_err().code(), Code::FailedPrecondition);
}

//! Several syncs in one file, and files made of one.

use c1z::control::Control;
use c1z::proto::reader::SyncStats;

use super::fixture::*;
use super::index;

fn fill(store: &Store) {
    put_resource_types(store, &["user"]);
    put_resources(store, &[child(("user", "u"), ("org", "o"))]);
    put_entitlements(store, &[entitlement(("group", "g"), "group:g:member"), entitlement(("group", "g"), "bare")]);
    put_grants(store, &[expandable(membership("g", "u")), Grant { id: "custom".into(), ..membership("g", "v") }]);
    put_asset(store, "icon", b"bytes");
    checkpoint(store, "token");
}

fn no_asset(store: &Store) {
    let request = AssetServiceGetAssetRequest { asset: Some(AssetRef { id: "icon".into() }) };
    assert_eq!(why(store.get_asset(&request)), NOT_FOUND);
}

#[test]
fn a_sync_sees_nothing_of_the_one_before() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let first = start(&store, "full");
    fill(&store);
    set_session(&store, &first, &[("key", b"value")]);
    set_session(&store, "no sync", &[("key", b"value")]);
    end(&store);
    let second = start(&store, "full");
    assert_eq!(current(&store), (second.clone(), String::new()));
    assert_eq!(resources(&store), []);
    assert_eq!(children(&store, ("org", "o")), []);
    assert_eq!(entitlements(&store), []);
    assert_eq!(grants(&store), []);
    assert_eq!(pending(&store), []);
    assert_eq!(why(get_grant(&store, "custom")), NOT_FOUND);
    assert_eq!(why(get_entitlement(&store, "bare")), NOT_FOUND);
    no_asset(&store);
    assert_eq!(get_sync(&store, &second).stats, Some(SyncStats::default()));
    for sync in [first.as_str(), second.as_str(), "no sync"] {
        assert_eq!(session(&store, sync), [], "{sync}");
    }
    select(&store, &first);
    assert_eq!((grants(&store).len(), pending(&store).len()), (2, 1));
}

#[test]
fn sessions_of_an_unfinished_sync_outlive_the_start_of_another() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let first = start(&store, "full");
    set_session(&store, &first, &[("key", b"value")]);
    let store = fixture.reopen(store);
    start(&store, "partial");
    assert_eq!(session(&store, &first).len(), 1);
}

#[test]
fn a_dropped_sync_leaves_no_key_behind() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let first = start(&store, "full");
    fill(&store);
    end(&store);
    start(&store, "full");
    end(&store);
    set_session(&store, &first, &[("key", b"value")]);
    let keep_one = CleanupRequest { keep: 1 };
    let dropped = store.cleanup(&keep_one, &Control::none()).unwrap();
    assert_eq!(dropped.deleted_sync_ids, std::slice::from_ref(&first));
    assert_eq!(session(&store, &first), []);
    let database = store.metadata().unwrap().database_path;
    let mentioned = |bytes: &[u8]| bytes.windows(first.len()).any(|window| window == first.as_bytes());
    save(&store);
    for (key, value) in dump(database.as_ref()) {
        assert!(!mentioned(&key) && !mentioned(&value), "{}", key.escape_ascii());
    }
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn a_clone_of_a_read_only_store_is_one_sync_and_nothing_else() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let first = start(&store, "full");
    fill(&store);
    end(&store);
    start(&store, "full");
    end(&store);
    set_session(&store, &first, &[("key", b"value")]);
    close(store);
    let before = std::fs::read(fixture.path()).unwrap();

    let store = fixture.open_read_only();
    let path = fixture.beside("clone.c1z");
    let request =
        CloneSyncRequest { path: path.to_str().unwrap().into(), sync_id: first.clone(), ..Default::default() };
    store.clone_sync(&request, &Control::none()).unwrap();
    let original = get_sync(&store, &first);
    close(store);
    assert_eq!(std::fs::read(fixture.path()).unwrap(), before);

    index::agrees_with_the_records(&path);
    let summary = c1z::envelope::read_head(&path).unwrap().manifest.sync_runs;
    assert_eq!(summary.iter().map(|run| &run.sync_id).collect::<Vec<_>>(), [&first]);
    assert_eq!(summary[0].stats.as_ref().unwrap().sync_id, first);
    let clone = open(&path, false).unwrap();
    assert_eq!(get_sync(&clone, &first), original);
    assert_eq!(current(&clone), (first.clone(), "token".into()));
    assert_eq!((grants(&clone).len(), pending(&clone).len()), (2, 1));
    assert_eq!(session(&clone, &first), []);
    let second = start(&clone, "full");
    put_grants(&clone, &[membership("g", "w")]);
    select(&clone, &first);
    assert_eq!(grants(&clone).len(), 2, "a sync that is started in a clone gets a slot of its own");
    assert_ne!(second, first);
}

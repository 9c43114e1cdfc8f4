//! Pages: all of one is seen, or nothing.

use c1z::control::Control;
use prost::Message;

use super::fixture::*;
use super::index;
use super::lazy_files::all_grants;

fn page(grants: &[Grant], values: &[(&str, &str)]) -> CommitPageRequest {
    CommitPageRequest {
        grants: Some(PutGrantsRequest { list: grants.to_vec(), ..Default::default() }),
        values: values.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
        ..Default::default()
    }
}

fn commit(store: &Store, page: &CommitPageRequest) -> c1z::Result<()> {
    store.commit_page(&page.encode_to_vec())
}

/// Names and values as a listing shows them, the same by pages of one and by their names.
fn values(store: &Store, prefix: &str) -> Vec<String> {
    let list = |page_size, page_token: String| {
        let request = ListNamedValuesRequest { prefix: prefix.into(), page_size, page_token, ..Default::default() };
        store.list_named_values(&request).unwrap().decode().unwrap()
    };
    let whole = list(0, String::new()).list;
    let (mut single, mut token) = (Vec::new(), String::new());
    loop {
        let next = list(1, token);
        single.extend(next.list);
        token = next.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(single, whole);
    let names = whole.iter().map(|value| value.name.clone()).chain(["nobody's".into()]).collect();
    let request = GetNamedValuesRequest { names, ..Default::default() };
    let named = store.get_named_values(&request).unwrap().values;
    assert!(whole.iter().all(|value| named[&value.name] == value.value) && named.len() == whole.len());
    whole.iter().map(|value| format!("{}={}", value.name, String::from_utf8_lossy(&value.value))).collect()
}

fn held(store: &Store) -> Vec<String> {
    let mut ids: Vec<String> = grants(store).into_iter().map(|grant| grant.id).collect();
    ids.sort();
    ids
}

#[test]
fn everything_of_a_page_is_there_behind_it() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let request = CommitPageRequest {
        resource_types: Some(PutResourceTypesRequest {
            list: vec![ResourceType { id: "user".into(), ..Default::default() }],
        }),
        resources: Some(PutResourcesRequest {
            list: vec![resource(("user", "u")), resource(("user", "u"))],
            ..Default::default()
        }),
        entitlements: Some(PutEntitlementsRequest {
            list: vec![entitlement(("group", "g"), "group:g:member")],
            ..Default::default()
        }),
        ..page(&[membership("g", "u")], &[("cursor", "1"), ("a\0b", ""), ("cursor 2", "x")])
    };
    commit(&store, &request).unwrap();
    let check = |store: &Store| {
        assert_eq!(values(store, ""), ["a\0b=", "cursor=1", "cursor 2=x"]);
        assert_eq!(values(store, "cursor"), ["cursor=1", "cursor 2=x"]);
        assert_eq!((resources(store).len(), entitlements(store).len(), held(store).len()), (1, 1, 1));
    };
    check(&store);
    end(&store);
    close(store);
    index::agrees_with_the_records(&fixture.path());
    check(&fixture.open_read_only());
}

#[test]
fn what_is_deleted_goes_before_anything_is_put() {
    for ended in [false, true] {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = start(&store, "full");
        put_resources(&store, &[child(("user", "u"), ("org", "o")), resource(("user", "v"))]);
        put_entitlements(
            &store,
            &[entitlement(("group", "g"), "group:g:member"), entitlement(("group", "g"), "owner")],
        );
        put_grants(&store, &[expandable(membership("g", "u")), membership("g", "v")]);
        commit(&store, &page(&[], &[("kept", "1"), ("gone", "1"), ("set", "1")])).unwrap();
        if ended {
            end(&store);
            store.resume_sync(&ResumeSyncRequest { sync_id: sync, ..Default::default() }).unwrap();
        }
        let request = CommitPageRequest {
            delete_grants: Some(DeleteGrantsRequest {
                list: vec![membership("g", "u"), membership("g", "v"), membership("g", "w")],
            }),
            delete_entitlements: vec![DeleteEntitlementRequest {
                entitlement: Some(entitlement(("group", "g"), "owner")),
            }],
            delete_resources: vec![DeleteResourceRequest { resource_id: Some(id(("user", "u"))) }],
            delete_values: vec!["gone".into(), "set".into(), "never there".into()],
            ..page(&[membership("g", "u")], &[("set", "2")])
        };
        commit(&store, &request).unwrap();
        assert_eq!(held(&store), ["group:g:member:user:u"]);
        assert_eq!(pending(&store).len(), 0);
        assert_eq!((resources(&store).len(), entitlements(&store).len()), (1, 1));
        assert_eq!(values(&store, ""), ["kept=1", "set=2"]);
        end(&store);
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn a_page_of_which_something_cannot_be_put_leaves_nothing() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_grants(&store, &[membership("g", "u")]);
    let nobody = Grant { principal: None, ..membership("g", "x") };
    let long = "n".repeat(513);
    let large = "v".repeat((1 << 20) + 1);
    let bad = [
        CommitPageRequest {
            resources: Some(PutResourcesRequest { list: vec![resource(("user", "u"))], ..Default::default() }),
            ..page(&[membership("g", "y"), nobody.clone()], &[("name", "value")])
        },
        page(&[membership("g", "y")], &[(&long, "")]),
        page(&[membership("g", "y")], &[("", "")]),
        page(&[membership("g", "y")], &[("large", &large)]),
        CommitPageRequest {
            delete_grants: Some(DeleteGrantsRequest { list: vec![membership("g", "u"), nobody] }),
            ..page(&[], &[("name", "value")])
        },
        CommitPageRequest {
            delete_entitlements: vec![DeleteEntitlementRequest::default()],
            ..page(&[membership("g", "y")], &[("name", "value")])
        },
    ];
    for page in bad {
        assert_eq!(why(commit(&store, &page)), INVALID);
        assert_eq!((held(&store).len(), resources(&store).len(), values(&store, "").len()), (1, 0, 0));
    }
    let most = page(&[], &[(&long[1..], &large[1..])]);
    commit(&store, &most).unwrap();
    assert_eq!(values(&store, "").len(), 1);
}

#[test]
fn a_page_may_be_large() {
    for deletes in [false, true] {
        let fixture = Fixture::new();
        let store = fixture.open();
        start(&store, "full");
        let members =
            |from: u32, to: u32| (from..to).map(|user| membership("g", &format!("u{user}"))).collect::<Vec<_>>();
        let whole = |store: &Store| all_grants(store, 0).len();
        commit(&store, &page(&members(0, 20_000), &[("page", "1")])).unwrap();
        let delete_grants = deletes.then(|| DeleteGrantsRequest { list: members(0, 10_000) });
        commit(&store, &CommitPageRequest { delete_grants, ..page(&members(9_000, 40_000), &[("page", "2")]) })
            .unwrap();
        assert_eq!(values(&store, ""), ["page=2"]);
        assert_eq!(whole(&store), if deletes { 31_000 } else { 40_000 });
        end(&store);
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn named_values_go_into_clones_and_not_into_merges_or_other_syncs() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let collect = |of_type: &str, count: u32| {
        let sync = start(&store, of_type);
        assert_eq!(values(&store, ""), [""; 0]);
        let members: Vec<_> = (0..count).map(|user| membership("g", &format!("u{user}"))).collect();
        commit(&store, &page(&members, &[("of", of_type)])).unwrap();
        end(&store);
        sync
    };
    let (full, partial) = (collect("full", 100), collect("partial", 2));
    let path = fixture.beside("clone.c1z").to_str().unwrap().to_owned();
    store
        .clone_sync(&CloneSyncRequest { path, sync_id: full.clone(), ..Default::default() }, &Control::none())
        .unwrap();
    let clone = Store::open(&fixture.beside("clone.c1z"), OpenOptions::default(), &Control::none()).unwrap();
    assert_eq!(values(&clone, ""), ["of=full"]);
    close(clone);
    index::agrees_with_the_records(&fixture.beside("clone.c1z"));
    let merged =
        store.merge_syncs(&MergeSyncsRequest { sync_ids: vec![full, partial], keep_inputs: false }, &Control::none());
    assert_eq!(merged.unwrap().grants.unwrap().output, 100);
    assert_eq!(values(&store, ""), [""; 0]);
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

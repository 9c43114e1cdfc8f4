//! Digests of grants: there when a sync has ended, right as long as they are there.

use std::collections::BTreeMap;

use c1z::control::Control;
use c1z::engine::{Engine, GrantDigest};
use c1z::envelope::{self, Limits};
use c1z::keys;
use c1z::proto::manifest::GrantDigestRoot;
use c1z::store::{merge_files, read_header, verify};
use proptest::prelude::*;
use prost::Message;

use super::fixture::*;
use super::index::digests::{expected, stored};

fn member(group: &str) -> Entitlement {
    entitlement(("group", group), &format!("group:{group}:member"))
}

fn ask(store: &Store, entitlement: Option<Entitlement>, level: Option<u32>) -> GetGrantDigestResponse {
    store.get_grant_digest(&GetGrantDigestRequest { entitlement, level, annotations: Vec::new() }).unwrap()
}

fn of(store: &Store, group: &str) -> Option<i64> {
    let digest = ask(store, Some(member(group)), None);
    digest.found.then_some(digest.count)
}

fn of_all(store: &Store) -> Option<i64> {
    let digest = ask(store, None, None);
    digest.found.then_some(digest.count)
}

/// Of each sync of a saved file the digests that are there, and those that should be.
fn in_file(path: &std::path::Path) -> Vec<[BTreeMap<Vec<u8>, GrantDigest>; 2]> {
    let folder = tempfile::tempdir().unwrap();
    envelope::unpack(path, folder.path(), &Limits::default(), &Control::none()).unwrap();
    let engine = Engine::open_read_only(folder.path(), &OPTIONS, None).unwrap();
    let reader = engine.snapshot();
    let runs = reader.sync_runs().unwrap();
    runs.iter().map(|run| [stored(&reader, run.slot), expected(&reader, run.slot)]).collect()
}

fn assert_complete(path: &std::path::Path) {
    for [stored, expected] in in_file(path) {
        assert_eq!(stored, expected);
    }
}

fn manifest_root(path: &std::path::Path) -> Option<GrantDigestRoot> {
    read_header(path).unwrap().grant_digest_root
}

/// "g" with 3000 members, "h" with one, "empty" with none; "lost" has a member and no entitlement.
fn filled(store: &Store) -> String {
    let sync = start(store, "full");
    put_entitlements(store, &[member("g"), member("h"), member("empty")]);
    put_grants(store, &(0..3000).map(|user| membership("g", &format!("u{user}"))).collect::<Vec<_>>());
    put_grants(store, &[membership("h", "u0"), membership("lost", "u0")]);
    try_put_contributions(store, "g", &["u1", "new"], false).unwrap();
    sync
}

#[test]
fn every_entitlement_has_a_digest_when_its_sync_has_ended_and_none_before() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = filled(&store);
    assert_eq!([of(&store, "g"), of_all(&store)], [None, None]);
    end(&store);
    for store in [&store, &{
        save(&store);
        fixture.open_read_only()
    }] {
        select(store, &sync);
        let groups = ["g", "h", "empty", "lost"].map(|group| of(store, group));
        assert_eq!(groups, [Some(3001), Some(1), Some(0), Some(1)]);
        assert_eq!([of(store, "none"), of_all(store)], [None, Some(3003)]);
    }
    assert_complete(&fixture.path());
    let root = manifest_root(&fixture.path()).unwrap();
    let all = ask(&store, None, None);
    assert_eq!((root.count, root.xor_digest, root.abi_version), (3003, all.hash, 1));
}

#[test]
fn nodes_of_every_level_come_to_the_whole_and_lead_to_their_grants() {
    let fixture = Fixture::new();
    let store = fixture.open();
    filled(&store);
    end(&store);
    assert_eq!(ask(&store, Some(member("g")), None).level, 3);
    for level in 0..=16 {
        let digest = ask(&store, Some(member("g")), Some(level));
        let mut xor = vec![0; 8];
        let mut grants = Vec::new();
        for node in &digest.nodes {
            xor.iter_mut().zip(&node.hash).for_each(|(xor, byte)| *xor ^= byte);
            let (mut token, mut count) = (String::new(), 0);
            loop {
                let request = ListGrantsInBucketRequest {
                    entitlement: Some(member("g")),
                    level,
                    index: node.index,
                    page_size: 100,
                    page_token: token,
                    annotations: Vec::new(),
                };
                let page = store.list_grants_in_bucket(&request).unwrap().decode().unwrap();
                count += page.list.len();
                grants.extend(page.list.into_iter().map(|grant| grant.id));
                token = page.next_page_token;
                if token.is_empty() {
                    break;
                }
            }
            assert_eq!(count as i64, node.count);
        }
        assert_eq!((xor, digest.nodes.iter().map(|node| node.count).sum::<i64>()), (digest.hash, 3001), "{level}");
        grants.sort();
        grants.dedup();
        assert_eq!(grants.len(), 3001);
        assert!(digest.nodes.windows(2).all(|pair| pair[0].index < pair[1].index));
        if level > 6 {
            break;
        }
    }
}

#[test]
fn a_bucket_that_does_not_exist_is_refused_and_so_is_a_token_of_another() {
    let fixture = Fixture::new();
    let store = fixture.open();
    filled(&store);
    end(&store);
    let request = |level, index, page_token: &str| ListGrantsInBucketRequest {
        entitlement: Some(member("g")),
        level,
        index,
        page_size: 1,
        page_token: page_token.into(),
        annotations: Vec::new(),
    };
    for (level, index) in [(17, 0), (1, 2), (16, 1 << 16)] {
        assert_eq!(why(store.list_grants_in_bucket(&request(level, index, ""))), INVALID);
    }
    let asked = GetGrantDigestRequest { entitlement: Some(member("g")), level: Some(17), annotations: Vec::new() };
    assert_eq!(why(store.get_grant_digest(&asked)), INVALID);
    let whole = GetGrantDigestRequest { entitlement: None, ..asked };
    assert_eq!(why(store.get_grant_digest(&GetGrantDigestRequest { level: Some(0), ..whole })), INVALID);
    let token = store.list_grants_in_bucket(&request(1, 0, "")).unwrap().decode().unwrap().next_page_token;
    assert!(store.list_grants_in_bucket(&request(1, 0, &token)).is_ok());
    assert_eq!(why(store.list_grants_in_bucket(&request(1, 1, &token))).0, Code::InvalidArgument);
}

#[test]
fn a_change_behind_the_end_drops_what_it_touches_and_the_next_end_takes_it_anew() {
    type Change = fn(&Store);
    let changes: [(Change, Option<i64>); 5] = [
        (|store| put_grants(store, &[membership("h", "u1")]), Some(3004)),
        (|store| try_delete_grants(store, vec![membership("h", "u0")]).unwrap(), Some(3002)),
        (|store| try_put_expanded(store, &[membership("h", "u2")]).unwrap(), Some(3004)),
        (|store| try_put_contributions(store, "h", &["u0"], false).unwrap(), Some(3003)),
        (
            |store| {
                let page = CommitPageRequest {
                    grants: Some(PutGrantsRequest { list: vec![membership("h", "u9")], ..Default::default() }),
                    ..Default::default()
                };
                store.commit_page(&page.encode_to_vec()).unwrap();
            },
            Some(3004),
        ),
    ];
    for (change, counted) in changes {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = filled(&store);
        end(&store);
        let before = ask(&store, Some(member("h")), None);
        resume(&store, &sync).unwrap();
        change(&store);
        assert_eq!([of(&store, "h"), of_all(&store), of(&store, "g")], [None, None, Some(3001)]);
        save(&store);
        assert_eq!(manifest_root(&fixture.path()), None);
        end(&store);
        assert_eq!(of_all(&store), counted);
        assert_ne!(ask(&store, Some(member("h")), None).hash, before.hash);
        close(store);
        assert_complete(&fixture.path());
    }
}

#[test]
fn what_is_not_about_grants_leaves_digests_alone() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = filled(&store);
    end(&store);
    resume(&store, &sync).unwrap();
    put_resources(&store, &[resource(("user", "u0"))]);
    put_entitlements(&store, &[member("g")]);
    try_delete_grants(&store, vec![membership("h", "nobody")]).unwrap();
    assert_eq!([of(&store, "g"), of(&store, "h"), of_all(&store)], [Some(3001), Some(1), Some(3003)]);
}

#[test]
fn a_store_that_is_opened_without_takes_none_and_still_drops_those_that_are_not_right_any_more() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = filled(&store);
    end(&store);
    close(store);
    let options = || OpenOptions { threads: 1, no_grant_digests: true, ..OpenOptions::default() };
    let store = Store::open(&fixture.path(), options(), &Control::none()).unwrap();
    resume(&store, &sync).unwrap();
    put_grants(&store, &[membership("h", "u1")]);
    end(&store);
    assert_eq!([of(&store, "g"), of(&store, "h"), of_all(&store)], [Some(3001), None, None]);
    close(store);
    let other = fixture.beside("without.c1z");
    let store = Store::open(&other, options(), &Control::none()).unwrap();
    filled(&store);
    end(&store);
    assert_eq!([of(&store, "g"), of_all(&store)], [None, None]);
    close(store);
    assert_eq!(manifest_root(&other), None);
}

#[test]
fn a_digest_of_another_version_is_taken_anew() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = filled(&store);
    end(&store);
    close(store);
    tamper(&fixture.path(), |writer, reader| {
        let slot = reader.sync_runs().unwrap()[0].slot;
        for (of, digest) in stored(reader, slot) {
            let value = [&[2], &digest.encode()[1..]].concat();
            writer.set(&keys::grant_digest(slot, &of), &value);
        }
    });
    let store = fixture.open();
    assert_eq!([of(&store, "g"), of_all(&store)], [None, None]);
    resume(&store, &sync).unwrap();
    end(&store);
    assert_eq!([of(&store, "g"), of_all(&store)], [Some(3001), Some(3003)]);
    close(store);
    assert_complete(&fixture.path());
}

fn faults(path: &std::path::Path) -> Vec<FaultKind> {
    let path = path.to_str().unwrap().to_owned();
    let report = verify(&VerifyRequest { path, ..Default::default() }, &Control::none()).unwrap();
    report.faults.iter().map(|fault| fault.kind()).collect()
}

#[test]
fn verification_finds_every_digest_that_is_wrong() {
    let fixture = Fixture::new();
    let store = fixture.open();
    filled(&store);
    end(&store);
    close(store);
    assert_eq!(faults(&fixture.path()), []);
    let whole = std::fs::read(fixture.path()).unwrap();
    let mut wrong = 0;
    let slots = in_file(&fixture.path());
    for (of, digest) in &slots[0][0] {
        let others = [
            GrantDigest { count: digest.count + 1, ..digest.clone() }.encode(),
            GrantDigest { xor: !digest.xor, ..digest.clone() }.encode(),
            GrantDigest { leaves: digest.leaves[..digest.leaves.len().saturating_sub(1)].to_vec(), ..digest.clone() }
                .encode(),
            b"\x01".to_vec(),
        ];
        for value in others.iter().filter(|value| **value != digest.encode()) {
            // Without grants only their number can be told to be wrong.
            if digest.count == 0 && value.len() > 1 && value[2..10] == [0; 8] {
                continue;
            }
            std::fs::write(fixture.path(), &whole).unwrap();
            tamper(&fixture.path(), |writer, reader| {
                writer.set(&keys::grant_digest(reader.sync_runs().unwrap()[0].slot, of), value)
            });
            let found = faults(&fixture.path());
            assert!(found.contains(&FaultKind::DigestMismatch), "{}: {value:?}", of.escape_ascii());
            wrong += 1;
        }
    }
    assert!(wrong > 12);
    std::fs::write(fixture.path(), &whole).unwrap();
    repack(&fixture.path(), |_, manifest| manifest.grant_digest_root.as_mut().unwrap().count = 1);
    assert_eq!(faults(&fixture.path()), [FaultKind::ManifestRunMismatch]);
}

/// What happens to a file whose syncs have ended.
#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    PutMany(u8, u8),
    Expand(u8, u8),
    Contribute(u8, u8),
    Delete(u8, u8),
    PutEntitlement(u8),
    DeleteEntitlement(u8),
    End,
    Reopen,
    /// A partial sync of some grants, merged into the first.
    Merge(Vec<(u8, u8)>, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let pair = || (0..4u8, 0..6u8);
    prop_oneof![
        3 => pair().prop_map(|(group, user)| Step::Put(group, user)),
        1 => pair().prop_map(|(group, user)| Step::PutMany(group, user)),
        2 => pair().prop_map(|(group, user)| Step::Expand(group, user)),
        2 => pair().prop_map(|(group, user)| Step::Contribute(group, user)),
        3 => pair().prop_map(|(group, user)| Step::Delete(group, user)),
        1 => (0..4u8).prop_map(Step::PutEntitlement),
        1 => (0..4u8).prop_map(Step::DeleteEntitlement),
        2 => Just(Step::End),
        1 => Just(Step::Reopen),
        1 => (proptest::collection::vec(pair(), 1..4), any::<bool>()).prop_map(|(grants, new)| Step::Merge(grants, new)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_there_is_right_whatever_happens(steps in proptest::collection::vec(step(), 1..24)) {
        let fixture = Fixture::new();
        let mut store = fixture.open();
        let mut sync = start(&store, "full");
        put_grants(&store, &(0..600).map(|user| membership("0", &format!("many{user}"))).collect::<Vec<_>>());
        let group = |group: u8| group.to_string();
        let user = |user: u8| format!("u{user}");
        for step in steps {
            match step {
                Step::Put(of, to) => put_grants(&store, &[membership(&group(of), &user(to))]),
                Step::PutMany(of, to) => {
                    let many = (0..700).map(|n| membership(&group(of), &format!("{to}.{n}")));
                    put_grants(&store, &many.collect::<Vec<_>>());
                }
                Step::Expand(of, to) => try_put_expanded(&store, &[membership(&group(of), &user(to))]).unwrap(),
                Step::Contribute(of, to) => try_put_contributions(&store, &group(of), &[&user(to)], false).unwrap(),
                Step::Delete(of, to) => try_delete_grants(&store, vec![membership(&group(of), &user(to))]).unwrap(),
                Step::PutEntitlement(of) => put_entitlements(&store, &[member(&group(of))]),
                Step::DeleteEntitlement(of) => {
                    let request = DeleteEntitlementRequest { entitlement: Some(member(&group(of))) };
                    store.delete_entitlement(&request).unwrap();
                }
                Step::End => {
                    end(&store);
                    save(&store);
                    assert_complete(&fixture.path());
                    resume(&store, &sync).unwrap();
                }
                Step::Reopen => {
                    store = fixture.reopen(store);
                    resume(&store, &sync).unwrap();
                }
                Step::Merge(grants, new_file) => {
                    end(&store);
                    let partial = start(&store, "partial");
                    put_grants(&store, &grants.iter().map(|(of, to)| membership(&group(*of), &user(*to))).collect::<Vec<_>>());
                    put_entitlements(&store, &[member("partial")]);
                    end(&store);
                    if new_file {
                        save(&store);
                        let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
                        let input = |sync: &str| MergeInput { path: path(&fixture.path()), sync_id: sync.into(), ..Default::default() };
                        let output = fixture.beside("merged.c1z");
                        let request = MergeFilesRequest {
                            inputs: vec![input(&sync), input(&partial)],
                            output_path: path(&output),
                            threads: 1,
                            ..Default::default()
                        };
                        merge_files(&request, &Control::none()).unwrap();
                        assert_complete(&output);
                        prop_assert_eq!(faults(&output), []);
                        std::fs::remove_file(output).unwrap();
                    }
                    let request = MergeSyncsRequest { sync_ids: vec![sync, partial], keep_inputs: false };
                    sync = store.merge_syncs(&request, &Control::none()).unwrap().sync_id;
                    save(&store);
                    assert_complete(&fixture.path());
                    resume(&store, &sync).unwrap();
                }
            }
            save(&store);
            super::index::agrees_with_the_records(&fixture.path());
        }
    }
}

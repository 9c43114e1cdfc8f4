//! What records refer to, and what an expander keeps beside them.

use std::collections::BTreeSet;

use c1z::control::Control;
use prost_types::Any;

use super::fixture::*;

use ReferenceKind::*;

fn page(store: &Store, kind: ReferenceKind, token: &str, page_size: u32) -> ListReferencesResponse {
    let request =
        ListReferencesRequest { kind: kind.into(), page_size, page_token: token.into(), annotations: Vec::new() };
    store.list_references(&request).unwrap()
}

fn shown(reference: &Reference) -> String {
    let Reference { resource_type_id, resource_id, entitlement_id, grants, external_match_grants } = reference;
    match (entitlement_id.as_str(), grants) {
        ("", 0) => format!("{resource_type_id}/{resource_id}"),
        ("", _) => format!("{resource_type_id}/{resource_id} {external_match_grants} of {grants}"),
        (id, _) => format!("{resource_type_id}/{resource_id} {id}"),
    }
}

/// All of them, the same by pages of one and of all.
fn references(store: &Store, kind: ReferenceKind) -> Vec<String> {
    let whole = page(store, kind, "", 0);
    assert_eq!(whole.next_page_token, "");
    let (mut single, mut token) = (Vec::new(), String::new());
    loop {
        let next = page(store, kind, &token, 1);
        single.extend(next.list);
        token = next.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(single, whole.list);
    whole.list.iter().map(shown).collect()
}

fn annotated(mut grant: Grant, name: &str) -> Grant {
    grant.annotations.push(Any { type_url: format!("type.googleapis.com/c1.connector.v2.{name}"), value: Vec::new() });
    grant
}

fn owner(user: &str) -> Grant {
    let entitlement = Some(entitlement(("group\0", "g"), "owner"));
    Grant { id: format!("owner-{user}"), entitlement, ..membership("g", user) }
}

fn filled() -> (Fixture, Store) {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_resources(&store, &[resource(("group", "g")), resource(("user", "known"))]);
    put_entitlements(&store, &[entitlement(("group", "g"), "group:g:member"), entitlement(("app", "a"), "use")]);
    put_grants(
        &store,
        &[
            membership("g", "known"),
            membership("g", "missing"),
            annotated(membership("g", "elsewhere"), "ExternalResourceMatchAll"),
            annotated(owner("elsewhere"), "ExternalResourceMatchID"),
            annotated(owner("missing"), "ExternalResourceMatch"),
            membership("h", "known"),
        ],
    );
    (fixture, store)
}

#[test]
fn everything_that_is_referred_to_is_listed_once() {
    let (_fixture, store) = filled();
    let grant_resources = ["group\0/g", "group/g", "group/h"].map(str::to_owned);
    let listed = references(&store, GrantResources);
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), grant_resources.into());
    assert_eq!(listed.len(), 3);
    assert_eq!(references(&store, EntitlementResources), ["app/a", "group/g"]);
}

#[test]
fn what_is_missing_is_listed_and_what_is_there_is_not() {
    let (_fixture, store) = filled();
    assert_eq!(references(&store, MissingEntitlements), ["group/h group:h:member", "group\0/g owner"]);
    assert_eq!(references(&store, MissingPrincipals), ["user/elsewhere 2 of 2", "user/missing 1 of 2"]);
    put_resources(&store, &[resource(("user", "missing")), resource(("user", "elsewhere"))]);
    put_entitlements(&store, &[entitlement(("group\0", "g"), "owner"), entitlement(("group", "h"), "group:h:member")]);
    assert_eq!(references(&store, MissingEntitlements), [""; 0]);
    assert_eq!(references(&store, MissingPrincipals), [""; 0]);
    try_delete_grants(&store, vec![owner("missing")]).unwrap();
    end(&store);
    assert_eq!(references(&store, GrantResources).len(), 3);
}

#[test]
fn however_many_records_refer_to_a_thing_it_is_listed_once() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let groups = [1, 2, 15, 16, 17, 18, 33, 1, 60, 16, 3];
    let known: BTreeSet<usize> = [0, 3, 4, 5, 8, 17, 30].into();
    let name = |group: usize| format!("g{group:02}");
    let user = |user: usize| format!("u{user:02}");
    let mut stored: Vec<_> = known.iter().map(|&number| resource(("user", &user(number)))).collect();
    stored.extend((0..200).map(|number| resource(("other", &format!("o{number:03}")))));
    put_resources(&store, &stored);
    let entitled: Vec<_> = known
        .iter()
        .map(|&group| entitlement(("group", &name(group)), &format!("group:{}:member", name(group))))
        .collect();
    put_entitlements(&store, &entitled);
    let members =
        groups.iter().enumerate().flat_map(|(group, &members)| (0..members).map(move |member| (group, member)));
    let grants: Vec<_> = members.map(|(group, member)| membership(&name(group), &user(member))).collect();
    put_grants(&store, &grants);

    let all: Vec<_> = (0..groups.len()).collect();
    let listed = |kind, known: &BTreeSet<usize>| {
        let listed = references(&store, kind);
        let missing = all.iter().filter(|&group| !known.contains(group));
        let expected: Vec<_> = missing.map(|&group| format!("group/{}", name(group))).collect();
        let groups: Vec<_> = listed.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(groups, expected, "{kind:?}");
    };
    listed(GrantResources, &BTreeSet::new());
    listed(MissingEntitlements, &known);
    let holders = |user: usize| groups.iter().filter(|&&members| members > user).count();
    let missing = (0..60).filter(|number| !known.contains(number));
    let expected: Vec<_> = missing.map(|number| format!("user/{} 0 of {}", user(number), holders(number))).collect();
    assert_eq!(references(&store, MissingPrincipals), expected);
}

#[test]
fn a_kind_that_nobody_knows_is_refused() {
    let (_fixture, store) = filled();
    for kind in [0, 5, -1] {
        let request = ListReferencesRequest { kind, ..Default::default() };
        assert_eq!(why(store.list_references(&request)), INVALID);
    }
}

#[test]
fn an_annotation_is_found_among_the_grants_of_an_entitlement_or_a_resource() {
    let (_fixture, store) = filled();
    let find = |on: Option<Entitlement>, below: Option<ResourceId>, name: &str| {
        let request = FindGrantAnnotationRequest {
            entitlement: on,
            resource_id: below,
            annotation_type: format!("c1.connector.v2.{name}"),
            annotations: Vec::new(),
        };
        store.find_grant_annotation(&request).map(|found| (found.any, found.all))
    };
    let member = || Some(entitlement(("group", "g"), "group:g:member"));
    let owner = || Some(entitlement(("group\0", "g"), "owner"));
    assert_eq!(find(member(), None, "ExternalResourceMatchAll").unwrap(), (true, false));
    assert_eq!(find(member(), None, "ExternalResourceMatch").unwrap(), (false, false));
    assert_eq!(find(None, Some(id(("group", "g"))), "ExternalResourceMatchAll").unwrap(), (true, false));
    assert_eq!(find(owner(), None, "ExternalResourceMatch").unwrap(), (true, false));
    try_delete_grants(&store, vec![self::owner("elsewhere")]).unwrap();
    assert_eq!(find(owner(), None, "ExternalResourceMatch").unwrap(), (true, true));
    assert_eq!(find(None, Some(id(("nobody", ""))), "ExternalResourceMatch").unwrap(), (false, true));
    for (on, below) in [(None, None), (member(), Some(id(("group", "g")))), (Some(Entitlement::default()), None)] {
        assert_eq!(why(find(on, below, "ExternalResourceMatch")), INVALID);
    }
}

fn set_graph(store: &Store, sync: &str, graph: Option<&[u8]>) -> c1z::Result<()> {
    store.set_entitlement_graph(&SetEntitlementGraphRequest { sync_id: sync.into(), graph: graph.map(<[u8]>::to_vec) })
}

fn graph(store: &Store, sync: &str) -> Option<Vec<u8>> {
    store.get_entitlement_graph(&GetEntitlementGraphRequest { sync_id: sync.into() }).unwrap().graph
}

#[test]
fn a_graph_belongs_to_its_sync_and_goes_with_it_into_a_clone_but_not_into_a_merge() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let collect = |of_type: &str| {
        let sync = start(&store, of_type);
        put_grants(&store, &[membership("g", of_type)]);
        end(&store);
        sync
    };
    let (full, partial) = (collect("full"), collect("partial"));
    assert_eq!(graph(&store, &full), None);
    set_graph(&store, &full, Some(b"\0graph")).unwrap();
    set_graph(&store, "", Some(b"")).unwrap();
    let store = fixture.reopen(store);
    assert_eq!(graph(&store, &full).unwrap(), b"\0graph");
    assert_eq!(graph(&store, &partial).unwrap(), b"", "the sync that a reader is shown");
    assert_eq!(graph(&store, ""), graph(&store, &partial));

    let path = fixture.beside("clone.c1z").to_str().unwrap().to_owned();
    store
        .clone_sync(&CloneSyncRequest { path, sync_id: full.clone(), ..Default::default() }, &Control::none())
        .unwrap();
    let clone = Store::open(&fixture.beside("clone.c1z"), OpenOptions::default(), &Control::none()).unwrap();
    assert_eq!(graph(&clone, "").unwrap(), b"\0graph");
    set_graph(&clone, "", None).unwrap();
    set_graph(&clone, "", None).unwrap();
    assert_eq!(graph(&clone, ""), None);

    let request = MergeSyncsRequest { sync_ids: vec![full, partial], keep_inputs: false };
    let merged = store.merge_syncs(&request, &Control::none()).unwrap().sync_id;
    assert_eq!(graph(&store, &merged), None);
    close(store);
    super::index::agrees_with_the_records(&fixture.path());
}

#[test]
fn a_graph_needs_a_sync() {
    let fixture = Fixture::new();
    let store = fixture.open();
    assert_eq!(why(set_graph(&store, "", Some(b"graph"))).0, Code::FailedPrecondition);
    assert_eq!(why(set_graph(&store, "no sync", Some(b"graph"))), NOT_FOUND);
}

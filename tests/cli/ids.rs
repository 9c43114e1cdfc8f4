//! What ids and names lead to.

use c1z::proto::connector::user_trait::Email;
use c1z::proto::connector::UserTrait;
use prost::Message;
use prost_types::Any;

use super::fixture::*;
use super::run::{Folder, Ran};

fn user(id: &str, name: &str, login: &str, email: &str) -> Resource {
    let emails = vec![Email { address: email.into(), is_primary: true }];
    let user = UserTrait { login: login.into(), emails, ..Default::default() };
    let annotations =
        vec![Any { type_url: "type.googleapis.com/c1.connector.v2.UserTrait".into(), value: user.encode_to_vec() }];
    Resource { display_name: name.into(), annotations, ..resource(("user", id)) }
}

/// A file in which much has the same name.
fn sample() -> Folder {
    let folder = Folder::new();
    let store = open(&folder.file("a.c1z"), false).unwrap();
    start(&store, "full");
    put_resource_types(&store, &["user", "group", "unused"]);
    put_resources(
        &store,
        &[
            user("u:1", "Ann", "ann", "ann@example.com"),
            user("u2", "Bob", "bob", "bob@example.com"),
            user("u3", "Bob", "b0b", "b@example.com"),
            Resource { display_name: "Group one".into(), ..resource(("group", "g:1")) },
            resource(("group", "u2")),
        ],
    );
    let twin = |on| Entitlement { display_name: "Twin".into(), ..entitlement(on, "twin") };
    put_entitlements(&store, &[twin(("group", "g:1")), twin(("app", "a"))]);
    put_grants(
        &store,
        &[
            grant(entitlement(("group", "g:1"), "twin"), ("user", "u:1")),
            grant(entitlement(("app", "a"), "twin"), ("user", "u2")),
            grant(entitlement(("app", "a"), "twin"), ("bot", "no row")),
            grant(entitlement(("app", "a"), "app:a:use"), ("bot", "no row")),
        ],
    );
    put_asset(&store, "icon", b"12345");
    put_asset(&store, "logo", b"");
    end(&store);
    close(store);
    folder
}

/// The ids of the entitlements in the rows, sorted.
fn held(ran: Ran) -> Vec<String> {
    let id = |row: &str| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        row["entitlement"]["id"].as_str().unwrap().to_owned()
    };
    let mut ids: Vec<String> = ran.done().lines().map(id).collect();
    ids.sort();
    ids
}

#[test]
fn an_id_with_colons_is_one_id() {
    let folder = sample();
    assert_eq!(held(folder.run(&["access", "a.c1z", "u:1"])), ["twin"]);
    assert_eq!(held(folder.run(&["who", "a.c1z", "g:1"])), ["twin"]);
    assert!(folder.run(&["access", "a.c1z", "user:u:1"]).failed().starts_with("NOT_FOUND: principal"));
}

#[test]
fn a_principal_without_a_row_is_found_by_its_id() {
    let folder = sample();
    assert_eq!(held(folder.run(&["access", "a.c1z", "no row"])), ["app:a:use", "twin"]);
    assert_eq!(held(folder.run(&["who", "a.c1z", "a"])), ["app:a:use", "twin", "twin"]);
}

#[test]
fn an_id_of_several_types_is_listed_and_a_type_decides() {
    let folder = sample();
    let ran = folder.run(&["access", "a.c1z", "u2"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    let listed =
        "c1z: AMBIGUOUS_ID: principal \"u2\" may be any of 2; -t TYPE decides\n  -t group u2\n  -t user u2 (Bob)\n";
    assert_eq!(ran.err, listed);
    assert_eq!(held(folder.run(&["access", "a.c1z", "u2", "-t", "user"])), ["twin"]);
    assert!(held(folder.run(&["access", "a.c1z", "u2", "-t", "group"])).is_empty());
}

#[test]
fn an_entitlement_id_on_several_resources_is_listed_and_a_type_decides() {
    let folder = sample();
    for by in ["twin", "Twin"] {
        let ran = folder.run(&["who", "a.c1z", by]);
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.err.ends_with("\n  twin on -t app a (Twin)\n  twin on -t group g:1 (Twin)\n"), "{}", ran.err);
    }
    assert_eq!(held(folder.run(&["who", "a.c1z", "twin", "-t", "app"])).len(), 2);
    assert_eq!(held(folder.run(&["list", "grants", "a.c1z", "-e", "twin", "-t", "group"])).len(), 1);
}

#[test]
fn an_entitlement_without_a_row_is_found_by_its_id() {
    let folder = sample();
    assert_eq!(held(folder.run(&["who", "a.c1z", "app:a:use"])), ["app:a:use"]);
}

#[test]
fn names_logins_and_addresses_lead_to_a_principal() {
    let folder = sample();
    for name in ["Ann", "ann", "ann@example.com"] {
        assert_eq!(held(folder.run(&["access", "a.c1z", name])), ["twin"], "{name}");
    }
    let ran = folder.run(&["access", "a.c1z", "Bob"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.ends_with("\n  -t user u2 (Bob)\n  -t user u3 (Bob)\n"), "{}", ran.err);
    assert_eq!(held(folder.run(&["access", "a.c1z", "bob"])), ["twin"]);
    assert_eq!(held(folder.run(&["who", "a.c1z", "Group one", "--resource"])), ["twin"]);
}

#[test]
fn who_looks_for_an_entitlement_first_unless_a_resource_is_wanted() {
    let folder = Folder::new();
    let store = open(&folder.file("b.c1z"), false).unwrap();
    start(&store, "full");
    put_resources(&store, &[resource(("group", "same"))]);
    put_entitlements(&store, &[entitlement(("app", "a"), "same"), entitlement(("group", "same"), "member")]);
    put_grants(
        &store,
        &[
            grant(entitlement(("app", "a"), "same"), ("user", "u")),
            grant(entitlement(("group", "same"), "member"), ("user", "u")),
        ],
    );
    end(&store);
    close(store);
    assert_eq!(held(folder.run(&["who", "b.c1z", "same"])), ["same"]);
    assert_eq!(held(folder.run(&["who", "b.c1z", "same", "--resource"])), ["member"]);
}

#[test]
fn the_sync_that_is_named_is_the_one_that_is_shown() {
    let folder = Folder::new();
    let store = open(&folder.file("two.c1z"), false).unwrap();
    let syncs = ["first", "second"].map(|name| {
        let sync = start(&store, "full");
        put_grants(&store, &[membership(name, "u")]);
        put_resources(&store, &[resource(("group", name))]);
        end(&store);
        sync
    });
    close(store);
    for (sync, name) in syncs.iter().zip(["first", "second"]) {
        for line in ["access two.c1z u", "list grants two.c1z"] {
            let words: Vec<&str> = line.split(' ').chain(["--sync", sync]).collect();
            assert_eq!(held(folder.run(&words)), [format!("group:{name}:member")]);
        }
        let resources = folder.run(&["list", "resources", "two.c1z", "--sync", sync, "-o", "csv"]).done();
        assert!(resources.contains(name), "{resources}");
    }
    assert!(folder.run(&["access", "two.c1z", "u", "--sync", "no"]).failed().starts_with("NOT_FOUND: sync"));
}

#[test]
fn assets_are_listed_without_their_bytes() {
    let folder = sample();
    let rows = folder.run(&["list", "assets", "a.c1z", "-o", "csv"]).done();
    assert_eq!(rows, "id,content_type,size\nicon,image/png,5\nlogo,image/png,0\n");
    let rows = folder.run(&["list", "assets", "a.c1z"]).done();
    assert_eq!(rows.lines().next().unwrap(), r#"{"contentType":"image/png","id":"icon","size":"5"}"#);
}

//! Schemas of older SDKs.

use c1z::proto::storage::SyncType;
use prost::Message;
use rusqlite::params;

use crate::fixture::*;
use crate::held;
use crate::v1_file::*;

/// What an SDK created that knew neither types of syncs nor assets nor sessions nor columns for what grants expand.
const OLDEST: &str = "
    create table v1_resource_types (id integer primary key, external_id text not null, data blob not null,
        sync_id text not null, discovered_at datetime not null);
    create table v1_resources (id integer primary key, resource_type_id text not null, external_id text not null,
        data blob not null, sync_id text not null, discovered_at datetime not null);
    create table v1_entitlements (id integer primary key, resource_type_id text not null, resource_id text not null,
        external_id text not null, data blob not null, sync_id text not null, discovered_at datetime not null);
    create table v1_grants (id integer primary key, resource_type_id text not null, resource_id text not null,
        entitlement_id text not null, principal_resource_type_id text not null, principal_resource_id text not null,
        external_id text not null, data blob not null, sync_id text not null, discovered_at datetime not null);
    create table v1_sync_runs (id integer primary key, sync_id text not null, started_at datetime not null,
        ended_at datetime, sync_token text not null);";

#[test]
fn what_an_old_schema_lacks_is_what_it_meant_then() {
    let v1 = V1::with_schema(OLDEST);
    v1.run(
        "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token) values (?1, ?2, ?3, 'token')",
        params![SYNC, at(0), at(1)],
    );
    v1.resource(SYNC, &resource(("user", "u")));
    let grant = expandable(Grant { id: "old".into(), ..membership("g", "u") });
    v1.run(
        "insert into v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
         principal_resource_id, external_id, data, sync_id, discovered_at)
         values ('group', 'g', 'group:g:member', 'user', 'u', 'old', ?1, ?2, ?3)",
        params![grant.encode_to_vec(), SYNC, at(2)],
    );
    let file = v1.file();
    assert_eq!(file.convert().losses, []);
    let held = held::of_file(&file.out()).remove(SYNC).unwrap();
    assert_eq!((held.run.r#type(), held.token.as_str()), (SyncType::Full, "token"));
    assert_eq!((held.resources.len(), held.assets.len()), (1, 0));
    assert!(held.grants[0].needs_expansion && held.grants[0].expansion.is_some());
}

#[test]
fn a_column_that_every_sdk_had_is_missed_by_name() {
    let v1 = V1::with_schema(&OLDEST.replace("data blob not null,", ""));
    let error = v1.file().refused();
    assert!(error.to_string().contains("table v1_resource_types has no column data"), "{error}");
}

//! Files of format v1.

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;
use rusqlite::{params, Connection, ToSql};

use crate::fixture::*;

/// The schema that the SDK's v0.26.0 creates.
pub const SCHEMA: &str = "
    create table v1_resource_types (id integer primary key, external_id text not null, data blob not null,
        sync_id text not null, discovered_at datetime not null);
    create unique index idx_resource_types on v1_resource_types (external_id, sync_id);
    create table v1_resources (id integer primary key, resource_type_id text not null, external_id text not null,
        parent_resource_type_id text, parent_resource_id text, data blob not null, sync_id text not null,
        discovered_at datetime not null);
    create unique index idx_resources on v1_resources (external_id, sync_id);
    create table v1_entitlements (id integer primary key, resource_type_id text not null, resource_id text not null,
        external_id text not null, data blob not null, sync_id text not null, discovered_at datetime not null);
    create unique index idx_entitlements on v1_entitlements (external_id, sync_id);
    create table v1_grants (id integer primary key, resource_type_id text not null, resource_id text not null,
        entitlement_id text not null, principal_resource_type_id text not null, principal_resource_id text not null,
        external_id text not null, expansion blob, needs_expansion integer not null default 0, data blob not null,
        sync_id text not null, discovered_at datetime not null);
    create unique index idx_grants on v1_grants (external_id, sync_id);
    create table v1_assets (id integer primary key, external_id text not null, content_type text not null,
        data blob not null, sync_id text not null, discovered_at datetime not null);
    create unique index idx_assets on v1_assets (external_id, sync_id);
    create table v1_sync_runs (id integer primary key, sync_id text not null, started_at datetime not null,
        ended_at datetime, sync_token text not null, sync_type text not null default 'full',
        parent_sync_id text not null default '', linked_sync_id text not null default '',
        supports_diff integer not null default 0, grants_backfilled integer not null default 0, stats text,
        ingest_invariant_generation text not null default '', ingest_invariant_coverage text not null default '',
        ingest_invariant_mode text not null default '');
    create unique index idx_sync_runs on v1_sync_runs (sync_id);
    create table v1_connector_sessions (id integer primary key, sync_id text not null, key text not null,
        value blob not null);
    create unique index idx_sessions on v1_connector_sessions (sync_id, key);";

pub const SYNC: &str = "2CoFFEEcoffeeCOFFEEcoffee00";
pub const OTHER: &str = "2CoFFEEcoffeeCOFFEEcoffee01";

/// The second of a time that [`at`] writes.
pub const FIRST_SECOND: i64 = 1_700_000_000;

/// A time so many seconds behind the first, as text.
pub fn at(second: i64) -> String {
    let connection = Connection::open_in_memory().unwrap();
    let sql = "SELECT strftime('%Y-%m-%d %H:%M:%S', ?1, 'unixepoch') || '.000000007+00:00'";
    connection.query_row(sql, [FIRST_SECOND + second], |row| row.get(0)).unwrap()
}

/// A database of format v1.
pub struct V1 {
    pub connection: Connection,
    folder: Fixture,
}

impl V1 {
    pub fn new() -> V1 {
        V1::with_schema(SCHEMA)
    }

    pub fn with_schema(schema: &str) -> V1 {
        let folder = Fixture::new();
        let connection = Connection::open(folder.beside("database")).unwrap();
        // Nothing of it has to last.
        connection.execute_batch("pragma journal_mode=memory; pragma synchronous=off;").unwrap();
        connection.execute_batch(schema).unwrap();
        V1 { connection, folder }
    }

    pub fn run(&self, sql: &str, values: &[&dyn ToSql]) {
        self.connection.execute(sql, values).unwrap();
    }

    /// A full sync that has ended and whose grants have what they expand beside them.
    pub fn sync(&self, id: &str) {
        self.run(
            "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token, grants_backfilled)
             values (?1, ?2, ?3, '{}', 1)",
            params![id, at(0), at(100)],
        );
    }

    pub fn resource_type(&self, sync: &str, id: &str) {
        let data = ResourceType { id: id.into(), display_name: format!("Type {id}"), ..Default::default() };
        self.run(
            "insert into v1_resource_types (external_id, data, sync_id, discovered_at) values (?1, ?2, ?3, ?4)",
            params![id, data.encode_to_vec(), sync, at(1)],
        );
    }

    pub fn resource(&self, sync: &str, resource: &Resource) {
        let ResourceId { resource_type, resource: id, .. } = resource.id.clone().unwrap();
        self.run(
            "insert into v1_resources (resource_type_id, external_id, data, sync_id, discovered_at)
             values (?1, ?2, ?3, ?4, ?5)",
            params![resource_type, format!("{resource_type}:{id}"), resource.encode_to_vec(), sync, at(2)],
        );
    }

    pub fn entitlement(&self, sync: &str, entitlement: &Entitlement) {
        let id = entitlement.resource.clone().and_then(|resource| resource.id).unwrap_or_default();
        self.run(
            "insert into v1_entitlements (resource_type_id, resource_id, external_id, data, sync_id, discovered_at)
             values (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.resource_type, id.resource, entitlement.id, entitlement.encode_to_vec(), sync, at(3)],
        );
    }

    /// A grant, with what it expands beside it.
    pub fn grant(&self, sync: &str, grant: &Grant, expansion: Option<(&GrantExpandable, bool)>) {
        self.grant_of(sync, grant, &grant.encode_to_vec(), expansion, 4);
    }

    /// A grant whose message is `data`.
    pub fn grant_of(
        &self,
        sync: &str,
        grant: &Grant,
        data: &[u8],
        expansion: Option<(&GrantExpandable, bool)>,
        second: i64,
    ) {
        let entitlement = grant.entitlement.clone().unwrap_or_default();
        let on = entitlement.resource.and_then(|resource| resource.id).unwrap_or_default();
        let to = grant.principal.clone().and_then(|principal| principal.id).unwrap_or_default();
        self.run(
            "insert into v1_grants (resource_type_id, resource_id, entitlement_id, principal_resource_type_id,
             principal_resource_id, external_id, expansion, needs_expansion, data, sync_id, discovered_at)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                on.resource_type,
                on.resource,
                entitlement.id,
                to.resource_type,
                to.resource,
                grant.id,
                expansion.map(|(expandable, _)| expandable.encode_to_vec()),
                expansion.is_some_and(|(_, pending)| pending),
                data,
                sync,
                at(second)
            ],
        );
    }

    pub fn asset(&self, sync: &str, id: &str, data: &[u8]) {
        self.run(
            "insert into v1_assets (external_id, content_type, data, sync_id, discovered_at)
             values (?1, 'image/png', ?2, ?3, ?4)",
            params![id, data, sync, at(5)],
        );
    }

    pub fn session(&self, sync: &str, key: &str, value: &[u8]) {
        self.run(
            "insert into v1_connector_sessions (sync_id, key, value) values (?1, ?2, ?3)",
            params![sync, key, value],
        );
    }

    /// The file.
    pub fn file(self) -> File {
        self.connection.close().unwrap();
        File::of(self.folder, |database| database)
    }

    /// The file, whose database was changed behind SQLite's back.
    pub fn changed_file(self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> File {
        self.connection.close().unwrap();
        File::of(self.folder, change)
    }
}

/// A file of format v1 in a folder.
pub struct File {
    pub folder: Fixture,
}

impl File {
    fn of(folder: Fixture, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> File {
        let database = fs::read(folder.beside("database")).unwrap();
        fs::remove_file(folder.beside("database")).unwrap();
        let file = File { folder };
        file.write(&packed(&change(database)));
        file
    }

    /// A file of these bytes.
    pub fn of_bytes(bytes: &[u8]) -> File {
        let file = File { folder: Fixture::new() };
        file.write(bytes);
        file
    }

    pub fn write(&self, bytes: &[u8]) {
        fs::write(self.path(), bytes).unwrap();
    }

    pub fn path(&self) -> PathBuf {
        self.folder.beside("v1.c1z")
    }

    pub fn out(&self) -> PathBuf {
        self.folder.beside("out.c1z")
    }

    pub fn request(&self) -> ConvertFileRequest {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let tmp_dir = self.folder.beside("tmp");
        fs::create_dir_all(&tmp_dir).unwrap();
        ConvertFileRequest {
            input_path: text(&self.path()),
            output_path: text(&self.out()),
            tmp_dir: text(&tmp_dir),
            threads: 2,
            memory_budget_bytes: 16 << 20,
            ..Default::default()
        }
    }

    /// Converts the file. It stays as it is, and nothing is left that was unpacked.
    pub fn try_convert(&self, request: &ConvertFileRequest) -> c1z::Result<ConvertFileResponse> {
        let before = fs::read(self.path()).unwrap();
        let converted = c1z::store::convert_file(request, &c1z::control::Control::none());
        assert!(fs::read(self.path()).unwrap() == before, "the file was changed");
        assert_eq!(fs::read_dir(self.folder.beside("tmp")).unwrap().count(), 0);
        converted
    }

    #[track_caller]
    pub fn convert(&self) -> ConvertFileResponse {
        self.try_convert(&self.request()).unwrap()
    }

    /// Converts what can be read of it.
    #[track_caller]
    pub fn convert_readable(&self) -> ConvertFileResponse {
        self.try_convert(&ConvertFileRequest { unreadable_rows: UnreadableRows::Skip.into(), ..self.request() })
            .unwrap()
    }

    /// Why it is not converted; there is no new file then.
    #[track_caller]
    pub fn refused(&self) -> c1z::Error {
        let error = self.try_convert(&self.request()).expect_err("it is converted");
        let left: Vec<_> =
            fs::read_dir(self.folder.beside("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
        error
    }
}

/// A file of format v1 around a database.
pub fn packed(database: &[u8]) -> Vec<u8> {
    [b"C1ZF\0", &zstd::encode_all(database, 1).unwrap()[..]].concat()
}

//! Source cache against a model: whatever is put, taken, deleted, replayed and ended in whatever order, scopes are shown,
//! poisoned and taken over as a few maps say.

use std::collections::{BTreeMap, BTreeSet};

use c1z::control::Control;
use c1z::engine::{
    Engine, EngineOptions, Entitlement as EntitlementRow, Grant as GrantRow, Kind, Resource as ResourceRow,
};
use c1z::envelope::{self, Limits};
use c1z::keys::{self, Keyspace};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use prost::Message;

use super::fixture::*;
use super::index;
use super::source_cache::*;

const SCOPES: [&str; 4] = ["", "a", "a\0", "ab"];
const ROWS: u32 = 6;

/// Kinds, scopes and rows by their places.
#[derive(Clone, Debug)]
enum Operation {
    Put { kind: usize, scope: usize, rows: Vec<u32> },
    PutExpanded { rows: Vec<u32> },
    PutPage { scope: usize, deleted: Vec<u32>, rows: Vec<u32> },
    Delete { kind: usize, row: u32 },
    Tombstone { kind: usize, scope: usize, by: SourceCacheRowsBy, rows: Vec<u32> },
    PutEntry { kind: usize, scope: usize },
    Replay { kind: usize, scope: usize, across: bool },
    Read { kind: usize },
    Checkpoint,
    Reopen,
    End { resume: bool },
}

/// What a sync holds.
#[derive(Clone, Debug, Default)]
struct Sync {
    id: String,
    /// The scopes of rows.
    rows: BTreeMap<(usize, u32), usize>,
    /// Validators and counts of scopes.
    entries: BTreeMap<(usize, usize), (String, Option<u64>)>,
    poisoned: BTreeSet<(usize, usize)>,
    ended: bool,
}

impl Sync {
    fn put(&mut self, kind: usize, scope: usize, row: u32) {
        let before = self.rows.insert((kind, row), scope).unwrap_or(0);
        if before != 0 && before != scope {
            self.poisoned.insert((kind, before));
        }
    }

    fn delete(&mut self, acting: usize, kind: usize, row: u32) -> u64 {
        let Some(scope) = self.rows.remove(&(kind, row)) else { return 0 };
        if scope != 0 && scope != acting {
            self.poisoned.insert((kind, scope));
        }
        1
    }

    fn changed(&mut self) {
        if self.ended {
            self.entries.values_mut().for_each(|(_, count)| *count = None);
        }
    }

    fn count(&mut self) {
        for ((kind, scope), (_, count)) in &mut self.entries {
            let rows = self.rows.iter().filter(|((of, _), in_scope)| of == kind && *in_scope == scope);
            *count = Some(rows.count() as u64);
        }
    }

    fn shown(&self, kind: usize, scope: usize) -> Option<(String, Option<u64>)> {
        let (validator, count) = self.entries.get(&(kind, scope))?;
        let is_whole = !self.poisoned.contains(&(kind, scope)) && (count.is_some() || !self.ended);
        is_whole.then(|| (validator.clone(), *count))
    }
}

struct World {
    fixture: Fixture,
    store: Option<Store>,
    current: Sync,
    /// The sync that ended before, and a copy of the file as it was then.
    previous: Option<(Sync, std::path::PathBuf)>,
    made: usize,
}

impl World {
    fn new() -> World {
        let fixture = Fixture::new();
        let store = fixture.open();
        let current = Sync { id: start(&store, "full"), ..Sync::default() };
        World { fixture, store: Some(store), current, previous: None, made: 0 }
    }

    fn run(&mut self, operation: &Operation) {
        let store = self.store.as_ref().unwrap();
        match operation {
            Operation::Put { kind, scope, rows } => {
                put_in(store, SCOPES[*scope], KINDS[*kind], rows);
                if !rows.is_empty() {
                    self.current.changed();
                }
                rows.iter().for_each(|row| self.current.put(*kind, *scope, *row));
            }
            Operation::PutExpanded { rows } => {
                let list: Vec<Grant> = rows.iter().map(|row| held(*row)).collect();
                try_put_expanded(store, &list).unwrap();
                if !rows.is_empty() {
                    self.current.changed();
                }
                for row in rows {
                    self.current.rows.entry((2, *row)).or_insert(0);
                }
            }
            Operation::PutPage { scope, deleted, rows } => {
                let list = |rows: &[u32]| rows.iter().map(|row| held(*row)).collect();
                let page = CommitPageRequest {
                    delete_grants: Some(DeleteGrantsRequest { list: list(deleted) }),
                    grants: Some(PutGrantsRequest { list: list(rows), source_scope_key: SCOPES[*scope].into() }),
                    ..Default::default()
                };
                store.commit_page(&page.encode_to_vec()).unwrap();
                self.current.changed();
                for row in deleted {
                    self.current.delete(0, 2, *row);
                }
                rows.iter().for_each(|row| self.current.put(2, *scope, *row));
            }
            Operation::Delete { kind, row } => {
                match kind {
                    0 => {
                        let resource_id = Some(id(("user", &format!("u{row}"))));
                        store.delete_resource(&DeleteResourceRequest { resource_id }).unwrap();
                    }
                    1 => {
                        let entitlement = Some(owned(*row));
                        store.delete_entitlement(&DeleteEntitlementRequest { entitlement }).unwrap();
                    }
                    _ => try_delete_grants(store, vec![held(*row)]).unwrap(),
                }
                self.current.changed();
                self.current.delete(0, *kind, *row);
            }
            Operation::Tombstone { kind, scope, by, rows } => self.tombstone(*kind, *scope, *by, rows),
            Operation::PutEntry { kind, scope } => {
                self.made += 1;
                let validator = format!("etag {}", self.made);
                put_entry(store, SCOPES[*scope], KINDS[*kind], &validator).unwrap();
                self.current.entries.insert((*kind, *scope), (validator, None));
            }
            Operation::Replay { kind, scope, across } => self.replay(*kind, *scope, *across),
            Operation::Read { kind } => {
                let count = match kind {
                    0 => resources(store).len(),
                    1 => entitlements(store).len(),
                    _ => grants(store).len(),
                };
                let rows = self.current.rows.keys().filter(|(of, _)| of == kind);
                assert_eq!(count, rows.count());
            }
            Operation::Checkpoint => checkpoint(store, "token"),
            Operation::Reopen => {
                let store = self.fixture.reopen(self.store.take().unwrap());
                resume(&store, &self.current.id).unwrap();
                self.store = Some(store);
            }
            Operation::End { resume: again } => self.end(*again),
        }
    }

    fn tombstone(&mut self, kind: usize, scope: usize, by: SourceCacheRowsBy, rows: &[u32]) {
        let store = self.store.as_ref().unwrap();
        let by = if kind == 1 { SourceCacheRowsBy::PublicId } else { by };
        let by = if kind == 0 && by == SourceCacheRowsBy::GrantId { SourceCacheRowsBy::ObjectId } else { by };
        let named = |row: &u32| match (kind, by) {
            (1, _) => owned(*row).id,
            (2, SourceCacheRowsBy::PublicId | SourceCacheRowsBy::GrantId) => grant_id(*row),
            _ => format!("u{row}"),
        };
        let deleted = delete_in(store, SCOPES[scope], KINDS[kind], by, rows.iter().map(named).collect()).unwrap();
        let current = &mut self.current;
        let in_scope = |current: &Sync, row: u32| current.rows.get(&(kind, row)) == Some(&scope);
        let mut expected = 0;
        for row in rows {
            if by == SourceCacheRowsBy::PublicId || in_scope(current, *row) {
                expected += current.delete(scope, kind, *row);
            }
        }
        assert_eq!(deleted, expected);
        if expected > 0 {
            current.changed();
        }
    }

    fn replay(&mut self, kind: usize, scope: usize, across: bool) {
        let store = self.store.as_ref().unwrap();
        let Some((previous, copy)) = &self.previous else {
            assert!(replay(store, None, "", SCOPES[scope], KINDS[kind]).is_err());
            return;
        };
        let source = across.then(|| open(copy, true).unwrap());
        let replayed = replay(store, source.as_ref(), &previous.id, SCOPES[scope], KINDS[kind]);
        if previous.shown(kind, scope).is_none() {
            assert_eq!(replayed.unwrap_err().code(), Code::FailedPrecondition);
            return;
        }
        let of_scope = |sync: &Sync| -> Vec<u32> {
            let rows = sync.rows.iter().filter(|((of, _), in_scope)| *of == kind && **in_scope == scope);
            rows.map(|((_, row), _)| *row).collect()
        };
        let (taken, own) = (of_scope(previous), of_scope(&self.current));
        let replayed = replayed.unwrap();
        assert_eq!(replayed.rows, taken.len() as u64);
        assert!(!replayed.needs_expansion || kind == 2);
        if !own.is_empty() || !taken.is_empty() {
            self.current.changed();
        }
        self.current.rows.retain(|(of, row), _| *of != kind || !own.contains(row));
        taken.iter().for_each(|row| self.current.put(kind, scope, *row));
    }

    fn end(&mut self, again: bool) {
        let store = self.store.as_ref().unwrap();
        end(store);
        self.current.count();
        self.current.ended = true;
        if again {
            resume(store, &self.current.id).unwrap();
            return;
        }
        save(store);
        self.made += 1;
        let copy = self.fixture.beside(&format!("previous-{}.c1z", self.made));
        std::fs::copy(self.fixture.path(), &copy).unwrap();
        let next = Sync { id: start(store, "full"), ..Sync::default() };
        self.previous = Some((std::mem::replace(&mut self.current, next), copy));
    }

    fn check(&self) {
        let store = self.store.as_ref().unwrap();
        for sync in self.previous.iter().map(|(sync, _)| sync).chain([&self.current]) {
            for (kind, scope) in (0..3).flat_map(|kind| (1..SCOPES.len()).map(move |scope| (kind, scope))) {
                let shown = entry(store, &sync.id, SCOPES[scope], KINDS[kind]);
                assert_eq!(shown, sync.shown(kind, scope), "{} of sync {}", SCOPES[scope], sync.id);
            }
        }
    }

    /// Compares what the saved file holds.
    fn finish(mut self) {
        close(self.store.take().unwrap());
        index::agrees_with_the_records(&self.fixture.path());
        let folder = tempfile::tempdir().unwrap();
        envelope::unpack(&self.fixture.path(), folder.path(), &Limits::default(), &Control::none()).unwrap();
        let options = EngineOptions { memory_budget: 16 << 20, threads: 1, durable: false, compress_blocks: false };
        let engine = Engine::open_read_only(folder.path(), &options, None).unwrap();
        let reader = engine.ended();
        for run in reader.sync_runs().unwrap() {
            let id = run.id.to_string();
            let syncs = self.previous.iter().map(|(sync, _)| sync).chain([&self.current]);
            let Some(sync) = syncs.into_iter().find(|sync| sync.id == id) else { continue };
            let mut rows = BTreeMap::new();
            for (kind, of) in [Kind::Resource, Kind::Entitlement, Kind::Grant].into_iter().enumerate() {
                let mut records = reader.scan(&keys::keyspace(run.slot, of.keyspace()), None);
                while let Some((_, record)) = records.next().unwrap() {
                    let (name, scope) = match of {
                        Kind::Resource => {
                            let row = ResourceRow::parse(record).unwrap();
                            (row.identity.resource, row.source_scope)
                        }
                        Kind::Entitlement => {
                            let row = EntitlementRow::parse(record).unwrap();
                            (row.identity.id, row.source_scope)
                        }
                        _ => {
                            let row = GrantRow::parse(record).unwrap();
                            (row.identity.principal.resource, row.source_scope)
                        }
                    };
                    let row: u32 = name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
                    rows.insert((kind, row), SCOPES.iter().position(|known| *known == scope).unwrap());
                }
            }
            assert_eq!(rows, sync.rows);
            let mut poisoned = BTreeSet::new();
            let mut scopes = reader.scan(&keys::keyspace(run.slot, Keyspace::SourceCachePoison), None);
            while let Some((key, value)) = scopes.next().unwrap() {
                let [kind, scope] = keys::scope_of(key).unwrap();
                let place = |names: &[&str], name: &str| names.iter().position(|known| *known == name).unwrap();
                poisoned.insert((place(&KINDS, &kind), place(&SCOPES, &scope)));
                assert!(value.is_empty());
            }
            assert_eq!(poisoned, sync.poisoned);
        }
    }
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let rows = || vec(0..ROWS, 0..4);
    let (kind, scope, any_scope) = (0..3usize, 1..SCOPES.len(), 0..SCOPES.len());
    let by = prop_oneof![
        Just(SourceCacheRowsBy::PublicId),
        Just(SourceCacheRowsBy::ObjectId),
        Just(SourceCacheRowsBy::GrantId)
    ];
    let operation = prop_oneof![
        8 => (kind.clone(), any_scope.clone(), rows()).prop_map(|(kind, scope, rows)| Operation::Put { kind, scope, rows }),
        2 => rows().prop_map(|rows| Operation::PutExpanded { rows }),
        2 => (any_scope, rows(), rows())
            .prop_map(|(scope, deleted, rows)| Operation::PutPage { scope, deleted, rows }),
        1 => (kind.clone(), 0..ROWS).prop_map(|(kind, row)| Operation::Delete { kind, row }),
        3 => (kind.clone(), scope.clone(), by, rows())
            .prop_map(|(kind, scope, by, rows)| Operation::Tombstone { kind, scope, by, rows }),
        4 => (kind.clone(), scope.clone()).prop_map(|(kind, scope)| Operation::PutEntry { kind, scope }),
        4 => (kind.clone(), scope, any::<bool>())
            .prop_map(|(kind, scope, across)| Operation::Replay { kind, scope, across }),
        1 => kind.prop_map(|kind| Operation::Read { kind }),
        1 => Just(Operation::Checkpoint),
        1 => Just(Operation::Reopen),
        2 => any::<bool>().prop_map(|resume| Operation::End { resume }),
    ];
    vec(operation, 1..40)
}

#[test]
fn scopes_are_what_a_model_says_whatever_is_done_in_whatever_order() {
    let config = Config { cases: 128, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&operations(), |operations| {
            let mut world = World::new();
            for operation in &operations {
                world.run(operation);
                // What was put stays pending as a rule: being asked moves it.
                if matches!(operation, Operation::Read { .. } | Operation::Replay { .. } | Operation::End { .. }) {
                    world.check();
                }
            }
            world.finish();
            Ok(())
        })
        .unwrap();
}

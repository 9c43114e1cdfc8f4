//! What two databases have in common, and need not be read to be compared.
//!
//! Files that come from one another share tables. What a table of both says of a key counts in both, unless another table
//! says something of that key too. So two syncs with one slot can differ only
//!
//! - at a key of a table that only one database has, be it the key of something deleted or hidden;
//! - in a range that such a table deletes, or in its span if it has so much that reading its keys alone does not pay;
//! - in the span of a table of both that overlaps another such, unless both databases have the two on the same levels, of
//!   which the upper one is newer in either.
//!
//! That holds of databases whose memtables are empty: those that were opened read-only have no log.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::range_deletions::{range_deletions, Range};
use crate::engine::rocksdb_ext::TableKeys;
use crate::engine::status::error_of;
use crate::engine::Engine;
use crate::{Error, Result};

/// The keys of a table are read by themselves if it lies over so many times its bytes that need not be read.
const SPARSE: u64 = 8;

/// Says whether two tables, one of each database, are byte for byte the same.
pub type AreSame = Box<dyn Fn(&str, &str) -> Result<bool> + Send>;

/// Says in an error which database it is about.
pub type Named = Box<dyn Fn(Error) -> Error + Send>;

/// The tables of two databases, by what has to be read of them.
pub struct CommonTables {
    common: Vec<Common>,
    others: Vec<Other>,
    are_same: AreSame,
    databases: [(Arc<Engine>, Named); 2],
    walk: Walk,
}

/// A table of both. Where others overlap it, it is clear which is newer.
struct Common {
    span: Span,
    names: [String; 2],
    /// Whether the two are the same, if somebody has looked.
    proven: Option<bool>,
}

/// Any other table, or a range that one deletes.
struct Other {
    span: Span,
    /// Whose it is.
    database: usize,
    name: String,
    keys: Keys,
}

enum Keys {
    /// None is known: any in the span may be one.
    Unknown,
    NotOpen,
    Open(TableKeys),
}

/// From the first key up to and including the last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    first: Vec<u8>,
    last: Vec<u8>,
}

/// Where the walk is.
#[derive(Default)]
struct Walk {
    /// What was asked for last.
    from: Vec<u8>,
    /// The common tables before this one end before that.
    next_common: usize,
    /// A key of each of the others that is not behind its next one; of those that the walk is not past.
    next_keys: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    /// The walk may read whatever lies up to here.
    dirty_until: Option<Vec<u8>>,
}

/// A table as its database knows it.
#[derive(Clone, Debug)]
struct Table {
    span: Span,
    name: String,
    size: u64,
    level: i32,
}

impl Table {
    /// Whether another table, if both databases have the two on these levels, is newer or older in both at each key.
    fn is_ordered(&self, other: &Table) -> bool {
        !self.span.overlaps(&other.span) || self.level != other.level
    }
}

impl Span {
    fn overlaps(&self, other: &Span) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl CommonTables {
    /// `pairs` are names of tables, one of each database, that may be the same; `are_same` looks. `None` if there is nothing
    /// that need not be read.
    pub fn of(
        databases: [(Arc<Engine>, Named); 2],
        pairs: &[(String, String)],
        are_same: AreSame,
    ) -> Result<Option<CommonTables>> {
        let mut tables = [tables(&databases[0].0)?, tables(&databases[1].0)?];
        let mut found = Vec::new();
        for (before, after) in pairs {
            let at = [before, after].map(|name| name.as_str());
            let at = [0, 1].map(|side: usize| tables[side].iter().position(|table| table.name == at[side]));
            let [Some(before), Some(after)] = at else { continue };
            let is_same = |a: &Table, b: &Table| (&a.span, a.size, a.level) == (&b.span, b.size, b.level);
            if is_same(&tables[0][before], &tables[1][after]) {
                found.push((tables[0].swap_remove(before), tables[1].swap_remove(after)));
            }
        }
        // Of those that overlap on one level the largest is kept.
        found.sort_by_key(|(table, _)| Reverse(table.size));
        let mut common: Vec<(Table, Table)> = Vec::new();
        for (before, after) in found {
            match common.iter().all(|(other, _)| other.is_ordered(&before)) {
                true => common.push((before, after)),
                false => [before, after].into_iter().zip(&mut tables).for_each(|(table, tables)| tables.push(table)),
            }
        }
        if common.is_empty() {
            return Ok(None);
        }
        common.sort_by(|(a, _), (b, _)| a.span.first.cmp(&b.span.first));
        let others = tables
            .into_iter()
            .enumerate()
            .flat_map(|(database, tables)| tables.into_iter().map(move |table| (database, table)));
        let other = |(database, Table { span, name, size, .. }): (usize, Table)| {
            let over = common.iter().filter(|(table, _)| table.span.overlaps(&span)).map(|(table, _)| table.size);
            let is_sparse = size.saturating_mul(SPARSE) <= over.sum::<u64>();
            let keys = if is_sparse { Keys::NotOpen } else { Keys::Unknown };
            Other { span, database, name, keys }
        };
        let others = others.map(other).collect();
        let common = common.into_iter().map(|(before, after)| Common {
            span: before.span,
            names: [before.name, after.name],
            proven: None,
        });
        let mut tables = CommonTables { common: common.collect(), others, are_same, databases, walk: Walk::default() };
        tables.start();
        Ok(Some(tables))
    }

    /// The first key from `from` on, below `end`, that the databases may differ at; `end` if there is none.
    pub fn next_dirty(&mut self, from: &[u8], end: &[u8]) -> Result<Vec<u8>> {
        if from < &self.walk.from[..] {
            self.start();
        }
        // What has failed begins anew.
        let found = self.find(from, end);
        found.inspect_err(|_| self.start())
    }

    fn find(&mut self, from: &[u8], end: &[u8]) -> Result<Vec<u8>> {
        self.walk.from = from.to_vec();
        if self.walk.dirty_until.as_deref().is_some_and(|until| from <= until) {
            return Ok(from.to_vec());
        }
        let dirty = match self.next_key(from)? {
            Some(key) if key[..] < *end => key,
            _ => end.to_vec(),
        };
        let ends_before = |table: &Common| table.span.last[..] < *from;
        while self.common.get(self.walk.next_common).is_some_and(ends_before) {
            self.walk.next_common += 1;
        }
        // What is passed over has to be the same.
        let ahead = self.common[self.walk.next_common..].iter_mut();
        for table in ahead.take_while(|table| table.span.first < dirty) {
            if ends_before(table) {
                continue;
            }
            let proven = match table.proven {
                Some(proven) => proven,
                None => *table.proven.insert((self.are_same)(&table.names[0], &table.names[1])?),
            };
            if !proven {
                // One of the others may reach farther.
                self.walk.dirty_until = self.walk.dirty_until.take().max(Some(table.span.last.clone()));
                return Ok(table.span.first.clone().max(from.to_vec()));
            }
        }
        Ok(dirty)
    }

    fn start(&mut self) {
        let first = self.others.iter().enumerate().map(|(index, table)| Reverse((table.span.first.clone(), index)));
        self.walk = Walk { next_keys: first.collect(), ..Walk::default() };
    }

    /// The first key from `from` on that one of the other tables may have; `None` if none has.
    fn next_key(&mut self, from: &[u8]) -> Result<Option<Vec<u8>>> {
        while let Some(Reverse((key, index))) = self.walk.next_keys.peek() {
            if key[..] >= *from {
                return Ok(Some(key.clone()));
            }
            let index = *index;
            self.walk.next_keys.pop();
            if self.others[index].span.last[..] < *from {
                continue;
            }
            if matches!(self.others[index].keys, Keys::NotOpen) {
                self.open(index)?;
            }
            let Other { span, database, keys, .. } = &mut self.others[index];
            match keys {
                Keys::Open(table) => {
                    let next = table.seek(from).map_err(error_of).map_err(&self.databases[*database].1)?;
                    self.walk.next_keys.extend(next.map(|key| Reverse((key, index))));
                }
                _ => {
                    self.walk.dirty_until = self.walk.dirty_until.take().max(Some(span.last.clone()));
                    return Ok(Some(from.to_vec()));
                }
            }
        }
        Ok(None)
    }

    /// Opens one of the others, to read its keys. Ranges that it deletes become others by themselves.
    fn open(&mut self, index: usize) -> Result<()> {
        let CommonTables { others, databases, walk, .. } = self;
        let (database, name) = (others[index].database, others[index].name.clone());
        let (engine, named) = &databases[database];
        let table = engine.table_keys(&name).map_err(named)?;
        let Some(ranges) = engine.deleted_ranges(&name, table.ranges()).map_err(named)? else {
            others[index].keys = Keys::Unknown;
            return Ok(());
        };
        others[index].keys = Keys::Open(table);
        for (first, last) in ranges {
            walk.next_keys.push(Reverse((first.clone(), others.len())));
            others.push(Other { span: Span { first, last }, database, name: name.clone(), keys: Keys::Unknown });
        }
        Ok(())
    }
}

/// The tables of a database.
fn tables(engine: &Engine) -> Result<Vec<Table>> {
    let table = |file: rocksdb::LiveFile| {
        let span = Span { first: file.start_key.unwrap_or_default(), last: file.end_key.unwrap_or_default() };
        let name = file.name.trim_start_matches('/').to_owned();
        Table { span, name, size: file.size as u64, level: file.level }
    };
    Ok(engine.db.live_files()?.into_iter().map(table).collect())
}

impl Engine {
    fn table_keys(&self, name: &str) -> Result<TableKeys> {
        TableKeys::open(self.db.options(), &self.directory().join(name)).map_err(error_of)
    }

    /// The ranges that a table deletes, of which there are `count`; `None` if they cannot be told.
    fn deleted_ranges(&self, name: &str, count: u64) -> Result<Option<Vec<Range>>> {
        match count {
            0 => Ok(Some(Vec::new())),
            _ => range_deletions(&self.directory().join(name), count),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use rocksdb::{WriteBatch, DB};
    use tempfile::TempDir;

    use super::*;
    use crate::engine::{Checkpoint, EngineOptions};
    use crate::files;
    use crate::keys::Slot;

    const OPTIONS: EngineOptions =
        EngineOptions { memory_budget: 8 << 20, threads: 1, durable: false, compress_blocks: false };

    fn key(number: u16) -> Vec<u8> {
        [&Slot(1).span().0, &number.to_be_bytes()[..]].concat()
    }

    /// What is done to a database; each becomes a table.
    #[derive(Clone, Debug)]
    enum Step {
        Put(Vec<u16>, u8),
        Delete(Vec<u16>),
        DeleteRange(u16, u16),
        PutBesideRange(u16, u16, u16),
        Compact,
    }

    fn take(db: &DB, step: &Step) {
        let mut batch = WriteBatch::default();
        match step {
            Step::Put(numbers, value) => numbers.iter().for_each(|&number| batch.put(key(number), [*value; 64])),
            Step::Delete(numbers) => numbers.iter().for_each(|&number| batch.delete(key(number))),
            Step::DeleteRange(first, end) => batch.delete_range(key(*first.min(end)), key(*first.max(end))),
            Step::PutBesideRange(number, first, end) => {
                batch.put(key(*number), [9; 64]);
                batch.delete_range(key(*first.min(end)), key(*first.max(end)));
            }
            Step::Compact => db.compact_range::<&[u8], &[u8]>(None, None),
        }
        db.write(batch).unwrap();
        db.flush().unwrap();
    }

    /// A database to which `base` was done, and a copy of it to which `changes` were done too.
    fn databases(folder: &Path, base: &[Step], changes: &[Step]) -> [Arc<Engine>; 2] {
        let places = ["created", "before", "copy", "after"].map(|name| folder.join(name));
        files::create_folder(&places[0]).unwrap();
        let created = Engine::create(&places[0], &OPTIONS).unwrap();
        base.iter().for_each(|step| take(&created.db, step));
        created.db.flush().unwrap();
        Checkpoint::new(&created.db).unwrap().place_in(&places[1]).unwrap();
        Checkpoint::new(&created.db).unwrap().place_in(&places[2]).unwrap();
        let copy = DB::open(&OPTIONS.working_copy(None), &places[2]).unwrap();
        changes.iter().for_each(|step| take(&copy, step));
        copy.flush().unwrap();
        Checkpoint::new(&copy).unwrap().place_in(&places[3]).unwrap();
        [&places[1], &places[3]].map(|place| Arc::new(Engine::open_read_only(place, &OPTIONS, None).unwrap()))
    }

    fn common(engines: &[Arc<Engine>; 2], are_same: bool) -> Option<CommonTables> {
        let names = engines.each_ref().map(|engine| {
            let tables = tables(engine).unwrap();
            tables.into_iter().map(|table| table.name).collect::<BTreeSet<_>>()
        });
        // RocksDB: a table is never changed, and its name is never used again.
        let both = names[0].intersection(&names[1]).map(|name| (name.clone(), name.clone())).collect::<Vec<_>>();
        let databases = engines.clone().map(|engine| {
            let named: Named = Box::new(|error| error);
            (engine, named)
        });
        CommonTables::of(databases, &both, Box::new(move |_, _| Ok(are_same))).unwrap()
    }

    fn held(engine: &Engine) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let reader = engine.ended();
        let mut entries = reader.scan(&Slot(1).span().0, None);
        let mut held = BTreeMap::new();
        while let Some((key, value)) = entries.next().unwrap() {
            held.insert(key.to_vec(), value.to_vec());
        }
        held
    }

    /// The keys that a walk looks at which passes over what it may.
    fn looked_at(common: &mut CommonTables, keys: &BTreeSet<Vec<u8>>) -> BTreeSet<Vec<u8>> {
        let (mut from, end) = Slot(1).span();
        let mut looked_at = BTreeSet::new();
        loop {
            let dirty = common.next_dirty(&from, &end).unwrap();
            assert!(dirty >= from && dirty <= end);
            let Some(key) = keys.range(dirty..end.clone()).next() else { return looked_at };
            looked_at.insert(key.clone());
            from = [&key[..], &[0]].concat();
        }
    }

    fn check(base: &[Step], changes: &[Step], are_same: bool) -> (usize, usize) {
        let folder = TempDir::new().unwrap();
        let engines = databases(folder.path(), base, changes);
        let [before, after] = engines.each_ref().map(|engine| held(engine));
        let all: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
        let Some(mut common) = common(&engines, are_same) else { return (all.len(), all.len()) };
        let looked_at_once = looked_at(&mut common, &all);
        for key in all.iter().filter(|&key| before.get(key) != after.get(key)) {
            assert!(looked_at_once.contains(key), "{key:?} was passed over");
        }
        assert_eq!(looked_at(&mut common, &all), looked_at_once, "another walk begins anew");
        (looked_at_once.len(), all.len())
    }

    fn base() -> Vec<Step> {
        vec![Step::Put((0..2000).collect(), 1), Step::Put((3000..5000).collect(), 1), Step::Compact]
    }

    #[test]
    fn of_a_copy_with_few_changes_little_is_looked_at() {
        let changes = [Step::Put(vec![1, 1500, 4999, 7000], 2), Step::Delete(vec![700, 3500])];
        let (looked_at, all) = check(&base(), &changes, true);
        assert_eq!((looked_at, all), (6, 4001), "what is deleted is looked at where it was");
        assert_eq!(check(&base(), &changes, false), (4001, 4001), "tables that turn out to differ are walked");
        assert_eq!(check(&base(), &[], true), (0, 4000));
    }

    #[test]
    fn tables_that_lie_over_each_other_on_different_levels_are_passed_over_too() {
        let over = [Step::Put((0..4000).step_by(3).collect(), 2)];
        let (looked_at, all) = check(&[base(), over.to_vec()].concat(), &[Step::Delete(vec![1])], true);
        assert_eq!((looked_at, all), (1, 4333));
        // Which of two on level 0 is newer is not told: the smaller is walked.
        let twice = [base(), over.to_vec(), vec![Step::Put((0..300).collect(), 3)]].concat();
        let (looked_at, all) = check(&twice, &[], true);
        assert_eq!((looked_at, all), (300, 4333));
    }

    #[test]
    fn where_a_range_is_deleted_all_is_looked_at() {
        let (looked_at, _) = check(&base(), &[Step::DeleteRange(100, 200)], true);
        assert!((100..=101).contains(&looked_at), "{looked_at}");
    }

    #[test]
    fn of_a_table_that_deletes_a_range_far_from_its_keys_what_lies_between_is_passed_over() {
        let (looked_at, all) = check(&base(), &[Step::PutBesideRange(1, 4990, 4995)], true);
        assert_eq!((looked_at, all), (7, 4000), "a key, a range of five and the key behind it");
    }

    #[test]
    fn a_table_that_turns_out_to_differ_hides_none_that_reaches_farther() {
        let base = [Step::Delete(vec![487]), Step::Put((384..=488).collect(), 0)];
        check(&base, &[Step::Put(vec![489, 0], 0)], false);
    }

    #[test]
    fn tables_without_a_common_ancestor_have_nothing_in_common() {
        let folder = TempDir::new().unwrap();
        let engines = databases(folder.path(), &base(), &[Step::Put((0..5000).collect(), 2), Step::Compact]);
        assert!(common(&engines, true).is_none());
    }

    fn numbers() -> impl Strategy<Value = Vec<u16>> {
        prop_oneof![
            vec(0..600u16, 1..5),
            (0..600u16, 1..400u16).prop_map(|(first, count)| (first..first + count).collect())
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (numbers(), 0..3u8).prop_map(|(numbers, value)| Step::Put(numbers, value)),
            2 => numbers().prop_map(Step::Delete),
            1 => (0..600u16, 0..600u16).prop_map(|(first, end)| Step::DeleteRange(first, end)),
            1 => (0..600u16, 0..600u16, 0..600u16).prop_map(|(number, first, end)| Step::PutBesideRange(number, first, end)),
            1 => Just(Step::Compact),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_that_differs_is_passed_over(base in vec(step(), 1..6), changes in vec(step(), 0..5), same in any::<bool>()) {
            check(&base, &changes, same);
        }
    }
}

//! A process that is killed while it writes leaves the old file or the whole new one.
//!
//! The process is this test itself, started again: [`write_if_asked`] is what it then does instead.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use c1z::control::Control;
use c1z::proto::api::{ListSyncRunsRequest, PutResourcesRequest, StartSyncRequest};
use c1z::proto::connector::{Resource, ResourceId};
use c1z::store::{OpenOptions, Store};
use prost::Message;
use tempfile::TempDir;

/// In the environment of the process that is killed: the file, and whether to put for ever instead of saving.
const FILE: &str = "C1Z_TEST_KILLED_FILE";
const FOR_EVER: &str = "C1Z_TEST_KILLED_FOR_EVER";
const BATCHES: u64 = 20;
const BATCH: u64 = 200;

/// The resources of one call; their descriptions do not compress, so that a save has something to do.
fn batch(number: u64) -> Vec<u8> {
    let list = (number * BATCH..(number + 1) * BATCH).map(|id| {
        let noise = (0..64).scan(id + 1, |state, _| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(format!("{state:x}"))
        });
        let id = ResourceId { resource_type: "user".into(), resource: id.to_string(), ..Default::default() };
        Resource { id: Some(id), description: noise.collect(), ..Default::default() }
    });
    PutResourcesRequest { list: list.collect(), ..Default::default() }.encode_to_vec()
}

fn options(file: &Path) -> OpenOptions {
    let tmp_dir = Some(file.parent().unwrap().join("work"));
    OpenOptions { tmp_dir, threads: 2, memory_budget: 8 << 20, durable: true, ..OpenOptions::default() }
}

fn open(file: &Path) -> Store {
    Store::open(file, options(file), &Control::none()).unwrap()
}

/// Starts a sync and puts all batches into it.
fn put_sync(store: &Store) {
    store.start_sync(&StartSyncRequest { sync_type: "full".into(), ..Default::default() }).unwrap();
    (0..BATCHES).for_each(|number| store.put_resources(&batch(number)).unwrap());
}

fn save(store: Store) {
    store.save(&Control::none()).unwrap();
    store.close().unwrap();
}

/// Says how far it is, for the process that kills this one.
fn say(word: &str) {
    // Not println!, which the test harness keeps to itself.
    let mut out = std::io::stdout();
    writeln!(out, "{word}").and_then(|()| out.flush()).unwrap();
}

/// In the process that is to be killed: writes a second sync and never returns.
fn write_if_asked() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let store = open(Path::new(&file));
    say("putting");
    put_sync(&store);
    while std::env::var_os(FOR_EVER).is_some() {
        (0..BATCHES).for_each(|number| store.put_resources(&batch(number)).unwrap());
    }
    store.end_sync(&Control::none()).unwrap();
    say("saving");
    save(store);
    say("saved");
    std::process::exit(0);
}

/// A file with one finished sync.
struct Place {
    folder: TempDir,
    file: PathBuf,
    before: Vec<u8>,
    /// The name of the test that runs.
    test: &'static str,
}

impl Place {
    fn new(test: &'static str) -> Place {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("test.c1z");
        fs::create_dir(folder.path().join("work")).unwrap();
        let store = open(&file);
        put_sync(&store);
        store.end_sync(&Control::none()).unwrap();
        save(store);
        let before = fs::read(&file).unwrap();
        Place { folder, file, before, test }
    }

    fn start_over(&self) {
        fs::write(&self.file, &self.before).unwrap();
    }

    /// Starts the writer and waits until it says `word`; one that is waited for to put does so for ever.
    fn writer(&self, word: &str) -> Writer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", self.test]).env(FILE, &self.file).stdout(Stdio::piped());
        if word == "putting" {
            command.env(FOR_EVER, "yes");
        }
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut writer = Writer { child, output };
        writer.wait_for(word);
        writer
    }

    /// How long an undisturbed writer takes from one word to the other.
    fn duration(&self, from: &str, to: &str) -> Duration {
        let mut writer = self.writer(from);
        let start = Instant::now();
        writer.wait_for(to);
        let duration = start.elapsed();
        writer.kill();
        self.start_over();
        duration
    }

    fn is_untouched(&self) -> bool {
        fs::read(&self.file).unwrap() == self.before
    }

    /// Checks that the file can be opened and holds that many syncs, each with all its records and finished.
    #[track_caller]
    fn assert_whole(&self, syncs: usize) {
        let options = OpenOptions { read_only: true, ..options(&self.file) };
        let store = Store::open(&self.file, options, &Control::none()).unwrap();
        let runs = store.list_sync_runs(&ListSyncRunsRequest::default()).unwrap().list;
        assert_eq!(runs.len(), syncs);
        for run in runs {
            assert!(run.ended_at.is_some());
            assert_eq!(run.stats.unwrap().resources as u64, BATCHES * BATCH);
        }
        store.close().unwrap();
    }

    /// The names of what lies beside the file, but for the folder of the working copies.
    fn left_behind(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !["test.c1z", "work"].contains(&name.as_str())).collect()
    }
}

struct Writer {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Writer {
    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while line.trim() != word {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the writer ended before {word:?}");
        }
    }

    /// SIGKILL, whatever the writer does.
    fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

/// `count` moments from the beginning to a little beyond the end of `duration`.
fn moments(duration: Duration, count: u32) -> impl Iterator<Item = Duration> {
    (0..count).map(move |number| duration * number * 6 / (count * 5))
}

#[test]
fn a_writer_killed_while_it_puts_leaves_the_file_as_it_was() {
    write_if_asked();
    let place = Place::new("a_writer_killed_while_it_puts_leaves_the_file_as_it_was");
    for moment in moments(Duration::from_millis(400), 10) {
        let writer = place.writer("putting");
        std::thread::sleep(moment);
        writer.kill();
        assert!(place.is_untouched());
    }
    assert_eq!(place.left_behind(), [""; 0], "beside the file before anything is saved");
    place.assert_whole(1);
}

#[test]
fn a_writer_killed_while_it_saves_leaves_the_old_file_or_the_whole_new_one() {
    write_if_asked();
    let place = Place::new("a_writer_killed_while_it_saves_leaves_the_old_file_or_the_whole_new_one");
    let mut saving = place.duration("saving", "saved");
    let (mut old, mut new, mut left, mut rounds) = (0, 0, 0, 0);
    while old == 0 || new == 0 || left == 0 {
        assert!(rounds < 8, "{old} old files, {new} new ones, {left} half written: the moments miss the save");
        rounds += 1;
        let before = (old, new);
        for moment in moments(saving, 30) {
            let writer = place.writer("saving");
            std::thread::sleep(moment);
            writer.kill();
            let names = place.left_behind();
            for name in &names {
                assert!(name.starts_with(".test.c1z") && name.ends_with(".tmp"), "{name} was left beside the file");
            }
            assert!(names.len() <= 1, "what an earlier writer left is still there: {names:?}");
            left += names.len();
            match place.is_untouched() {
                true => old += 1,
                false => {
                    place.assert_whole(2);
                    place.start_over();
                    new += 1;
                }
            }
        }
        // On a busy machine one save takes several times as long as another: all moments of a round may lie on one side.
        match (old > before.0, new > before.1) {
            (true, false) => saving *= 2,
            (false, true) => saving /= 2,
            _ => {}
        }
    }

    let store = open(&place.file);
    put_sync(&store);
    store.end_sync(&Control::none()).unwrap();
    save(store);
    place.assert_whole(2);
    assert_eq!(place.left_behind(), [""; 0], "a save that succeeds leaves something beside the file");
}

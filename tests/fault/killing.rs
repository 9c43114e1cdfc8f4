//! A process that is killed leaves the old file or the whole new one, at whatever step and at whatever moment.
//!
//! The process is this program itself, started again for [`a_second_sync_is_written_if_asked`]. It kills itself at a step, or
//! it is killed some time after it has said how far it is.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::disk::noise;
use crate::fixture::*;
use crate::place::{open_at, put_all, Place, Tally};
use crate::syscalls::{under, Fault, Plan};

const WRITER: &str = "killing::a_second_sync_is_written_if_asked";

/// In the environment of the process that is killed: the folder of its file, and where it is killed, which is the number of a
/// step or the word behind which that happens.
const FOLDER: &str = "C1Z_TEST_KILLED_FOLDER";
const POINT: &str = "C1Z_TEST_KILLED_POINT";

const PUTTING: &str = "putting";
const SAVING: &str = "saving";
const SAVED: &str = "saved";

/// A sync that ends in a batch and in an SST, and that a save takes a while for.
fn write_sync(store: &Store) {
    start(store, "full");
    put_all(store).unwrap();
    checkpoint(store, "half way");
    put_asset(store, "noise", &noise(1 << 20, 1));
    end(store);
}

/// Says how far it is, for the process that kills this one.
fn say(word: &str) {
    // Not println!, which the test harness keeps to itself.
    let mut out = std::io::stdout();
    writeln!(out, "{word}").and_then(|()| out.flush()).unwrap();
}

/// In the process that is to be killed: a second sync, from opening to closing; one that is killed while it puts does that
/// for ever.
#[test]
fn a_second_sync_is_written_if_asked() {
    let (Some(folder), Ok(point)) = (std::env::var_os(FOLDER), std::env::var(POINT)) else { return };
    let below = PathBuf::from(folder);
    let [file, work] = ["file.c1z", "work"].map(|name| below.join(name));
    let from = point.parse().unwrap_or(u64::MAX);
    under(Plan { below, fault: Some(Fault::Kill), from, and_later: false }, || {
        let store = open_at(&file, &work).unwrap();
        say(PUTTING);
        if point == PUTTING {
            start(&store, "full");
            loop {
                put_memberships(&store, 20, 1_000);
            }
        }
        write_sync(&store);
        say(SAVING);
        save(&store);
        say(SAVED);
        store.close().unwrap();
    });
    std::process::exit(0);
}

/// The process that is killed.
struct Writer {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Writer {
    fn start(place: &Place, point: &str) -> Writer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", WRITER]).env(FOLDER, place.folder()).env(POINT, point);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Writer { child, output }
    }

    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while line.trim() != word {
            line.clear();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the writer ended before {word:?}");
        }
    }

    /// Waits for its end; says whether it was killed and has not ended by itself.
    fn was_killed(mut self) -> bool {
        let status = self.child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(libc::SIGKILL), "{status}");
        !status.success()
    }

    fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.was_killed();
    }
}

/// A file with one finished sync, and as it was before anybody was killed.
struct Scene {
    place: Place,
    bytes: Vec<u8>,
    sync: String,
}

impl Scene {
    fn new() -> Scene {
        let place = Place::new();
        let store = place.open();
        write_sync(&store);
        close(store);
        Scene { bytes: place.bytes(), sync: place.saved().without_ids().remove(0), place }
    }

    fn start_over(&self) {
        std::fs::write(self.place.file(), &self.bytes).unwrap();
    }

    /// Kills a writer a while after it has said how far it is.
    fn kill_behind(&self, word: &str, pause: Duration) {
        let mut writer = Writer::start(&self.place, word);
        writer.wait_for(word);
        std::thread::sleep(pause);
        writer.kill();
    }

    /// How long an undisturbed writer saves.
    fn duration(&self) -> Duration {
        let mut writer = Writer::start(&self.place, SAVING);
        writer.wait_for(SAVING);
        let start = Instant::now();
        writer.wait_for(SAVED);
        let duration = start.elapsed();
        writer.kill();
        self.start_over();
        duration
    }

    /// Checks that the file in a place holds that many syncs, each with all that was put and finished.
    fn assert_whole(&self, place: &Place, syncs: usize) {
        assert_eq!(place.saved().without_ids(), vec![self.sync.clone(); syncs]);
    }

    /// Checks what a killed writer has left in a place; says how many syncs that is.
    fn left(&self, place: &Place) -> usize {
        let syncs = if place.bytes() == self.bytes { 1 } else { 2 };
        self.assert_whole(place, syncs);
        let beside = place.left_beside();
        let is_temporary = |name: &String| name.starts_with(".file.c1z") && name.ends_with(".tmp");
        assert!(beside.len() <= 1 && beside.iter().all(is_temporary), "{beside:?} was left beside the file");
        syncs
    }

    /// Checks that the next writer succeeds where one was killed, and that nothing of that one stays.
    fn assert_goes_on(&self, place: &Place, left: usize) {
        let store = place.open();
        write_sync(&store);
        close(store);
        self.assert_whole(place, left + 1);
        assert_eq!(place.left_beside(), [""; 0], "a save that succeeds leaves something beside the file");
    }
}

/// `count` moments from the beginning to a little beyond the end of `duration`.
fn moments(duration: Duration, count: u32) -> impl Iterator<Item = Duration> {
    (0..count).map(move |number| duration * number * 6 / (count * 5))
}

#[test]
fn a_process_killed_at_any_step_leaves_the_old_file_or_the_whole_new_one() {
    let scene = Scene::new();
    let tally = Tally::default();
    tally.sweep(|step| {
        let place = Place::like(&scene.place);
        let killed = Writer::start(&place, &step.to_string()).was_killed();
        let left = scene.left(&place);
        scene.assert_goes_on(&place, left);
        let point = if left == 1 { "old file left" } else { "new file left" };
        (killed.then(|| point.to_owned()).into_iter().collect(), killed)
    });
    tally.print("kill");
    assert!(tally.struck("new file left"), "no kill behind the rename");
}

#[test]
fn a_process_killed_while_it_puts_leaves_the_file_as_it_was() {
    let scene = Scene::new();
    for pause in moments(Duration::from_millis(400), 10) {
        scene.kill_behind(PUTTING, pause);
        assert_eq!(scene.left(&scene.place), 1);
    }
    assert_eq!(scene.place.left_beside(), [""; 0], "beside the file before anything is saved");
}

#[test]
fn a_process_killed_while_it_saves_leaves_the_old_file_or_the_whole_new_one() {
    let scene = Scene::new();
    let mut saving = scene.duration();
    let (mut old, mut new, mut left, mut rounds) = (0, 0, 0, 0);
    while old == 0 || new == 0 || left == 0 {
        assert!(rounds < 8, "{old} old files, {new} new ones, {left} half written: the moments miss the save");
        rounds += 1;
        let before = (old, new);
        for pause in moments(saving, 30) {
            scene.kill_behind(SAVING, pause);
            left += scene.place.left_beside().len();
            match scene.left(&scene.place) {
                1 => old += 1,
                _ => {
                    new += 1;
                    scene.start_over();
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
    scene.assert_goes_on(&scene.place, scene.left(&scene.place));
}

//! A merge that is killed, or whose disk fails, at any step: the inputs stay, the merged file is whole or not there, and what
//! is left is gone behind the next merge.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use c1z::control::Control;
use c1z::store::merge_files;

use crate::disk::{mount, noise, with_mounts};
use crate::fixture::*;
use crate::index;
use crate::place::{names, open_at, put_all, Contents, Place, Tally};
use crate::syscalls::{under, Fault, Plan};

const MERGER: &str = "merging::a_merge_is_made_if_asked";

/// In the environment of the process that is killed: the folder, how it merges, and at which step it is killed, if its
/// parent does not do that.
const FOLDER: &str = "C1Z_TEST_MERGED_FOLDER";
const WAY: &str = "C1Z_TEST_MERGED_WAY";
const STEP: &str = "C1Z_TEST_MERGED_STEP";

/// Which of the inputs are merged, the newest last, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// A small file and a large one: in one pass.
    Anew,
    /// The large one and the small one: over the base.
    OverBase,
    /// As [`Way::Anew`], in the store of the file that holds both, which is saved then.
    AnewInPlace,
    /// As [`Way::OverBase`] in that store.
    OverBaseInPlace,
}

const WAYS: [(&str, Way); 4] = [
    ("anew", Way::Anew),
    ("over base", Way::OverBase),
    ("anew in place", Way::AnewInPlace),
    ("over base in place", Way::OverBaseInPlace),
];

const OUTPUT: &str = "merged.c1z";
const INPUTS: [&str; 3] = ["file.c1z", "large.c1z", "small.c1z"];

fn large(store: &Store) {
    start(store, "full");
    put_all(store).unwrap();
    end(store);
}

fn small(store: &Store) {
    start(store, "partial");
    put_grants(store, &[membership("g", "u1"), membership("g", "new")]);
    end(store);
}

/// A folder with a large file, a small one, and one that holds both syncs.
fn template(large: fn(&Store), small: fn(&Store)) -> Place {
    let place = Place::new();
    let write = |name: &str, syncs: &[fn(&Store)]| {
        let store = open_at(&place.folder().join(name), &place.work()).unwrap();
        syncs.iter().for_each(|sync| sync(&store));
        set_session(&store, "other", &[("key", b"value")]);
        close(store);
    };
    write("file.c1z", &[large, small]);
    write("large.c1z", &[large]);
    write("small.c1z", &[small]);
    place
}

fn like(template: &Place) -> Place {
    let place = Place::new();
    for name in INPUTS {
        std::fs::copy(template.folder().join(name), place.folder().join(name)).unwrap();
    }
    place
}

/// The bytes of the inputs by their names.
fn inputs(place: &Place) -> BTreeMap<&'static str, Vec<u8>> {
    INPUTS.into_iter().map(|name| (name, std::fs::read(place.folder().join(name)).unwrap())).collect()
}

impl Way {
    fn in_place(self) -> bool {
        matches!(self, Way::AnewInPlace | Way::OverBaseInPlace)
    }

    /// Merges and, in place, saves.
    fn merge(self, folder: &Path) -> c1z::Result<()> {
        let work = folder.join("work");
        if self.in_place() {
            let store = open_at(&folder.join("file.c1z"), &work)?;
            let merged = self.merge_in(&store).and_then(|()| store.save(&Control::none()).map(drop));
            store.close()?;
            return merged;
        }
        let input = |name: &str| MergeInput { path: folder.join(name).to_str().unwrap().into(), ..Default::default() };
        let inputs = match self {
            Way::Anew => ["small.c1z", "large.c1z"],
            _ => ["large.c1z", "small.c1z"],
        };
        let request = MergeFilesRequest {
            inputs: inputs.map(input).into(),
            output_path: folder.join(OUTPUT).to_str().unwrap().into(),
            tmp_dir: work.to_str().unwrap().into(),
            threads: 2,
            memory_budget_bytes: 8 << 20,
            ..Default::default()
        };
        merge_files(&request, &Control::none()).map(drop)
    }

    fn merge_in(self, store: &Store) -> c1z::Result<()> {
        let runs = store.list_sync_runs(&Default::default())?.list;
        let of_type = |of_type: &str| runs.iter().find(|run| run.sync_type == of_type).unwrap().id.clone();
        let sync_ids = match self {
            Way::AnewInPlace => ["partial", "full"].map(of_type),
            _ => ["full", "partial"].map(of_type),
        };
        let request = MergeSyncsRequest { sync_ids: sync_ids.into(), keep_inputs: false };
        store.merge_syncs(&request, &Control::none()).map(drop)
    }

    /// The file that a merge changes.
    fn target(self, place: &Place) -> PathBuf {
        place.folder().join(if self.in_place() { "file.c1z" } else { OUTPUT })
    }
}

/// In the process that is to be killed.
#[test]
fn a_merge_is_made_if_asked() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let below = PathBuf::from(folder);
    let wanted = std::env::var(WAY).unwrap();
    let (_, way) = WAYS.into_iter().find(|(name, _)| *name == wanted).unwrap();
    match std::env::var(STEP) {
        Ok(step) => {
            let from = step.parse().unwrap();
            let plan = Plan { below: below.clone(), fault: Some(Fault::Kill), from, and_later: false };
            drop(under(plan, || way.merge(&below).unwrap()));
        }
        Err(_) => way.merge(&below).unwrap(),
    }
    std::process::exit(0);
}

/// What a file holds, whatever the ids and times are; its indexes agree.
fn held(file: &Path, work: &Path) -> Vec<String> {
    index::agrees_with_the_records(file);
    let store = open_at(file, work).unwrap();
    let contents = Contents::of(&store).without_ids();
    store.close().unwrap();
    contents
}

/// The inputs are as they were and the merged file is whole, if it is there, which is returned.
fn is_whole_or_absent(place: &Place, way: Way, before: &BTreeMap<&str, Vec<u8>>, expected: &[String]) -> bool {
    let mut after = inputs(place);
    let mut before = before.clone();
    let merged = match way.in_place() {
        true => before.remove("file.c1z") != after.remove("file.c1z"),
        false => way.target(place).exists(),
    };
    assert!(after == before, "an input has changed");
    if merged {
        // In a folder of its own, so that nothing here is cleared away.
        let work = tempfile::tempdir().unwrap();
        assert_eq!(held(&way.target(place), work.path()), expected);
    }
    merged
}

/// What lies in the folder beside the inputs, the output and the folder of working copies.
fn left(place: &Place) -> Vec<String> {
    let expected = |name: &String| INPUTS.contains(&name.as_str()) || name == "work" || name == OUTPUT;
    names(place.folder()).into_iter().filter(|name| !expected(name)).collect()
}

/// A merge in the same folder succeeds, and what was left there is gone.
fn goes_on(template: &Place, place: &Place, way: Way, expected: &[String], at: &str) {
    match way.in_place() {
        true => drop(std::fs::copy(template.folder().join("file.c1z"), place.file()).unwrap()),
        false => drop(std::fs::remove_file(way.target(place))),
    }
    way.merge(place.folder()).unwrap_or_else(|error| panic!("{error}, after {at}"));
    assert_eq!(left(place), [""; 0], "{at}");
    assert_eq!(names(&place.work()), [""; 0], "{at}");
    assert_eq!(held(&way.target(place), &place.work()), expected, "{at}");
}

/// A way to merge, and what it comes to.
struct Case {
    name: &'static str,
    way: Way,
    expected: Vec<String>,
}

/// A folder to merge in, and all cases.
fn scene() -> (Place, [Case; WAYS.len()]) {
    let template = template(large, small);
    let cases = WAYS.map(|(name, way)| {
        let place = like(&template);
        way.merge(place.folder()).unwrap();
        let expected = held(&way.target(&place), &place.work());
        assert_eq!(expected.len(), 1);
        Case { name, way, expected }
    });
    (template, cases)
}

#[test]
fn a_merge_killed_at_any_step_leaves_its_inputs_and_a_whole_file_or_none() {
    let (template, cases) = scene();
    for Case { name, way, expected } in &cases {
        let tally = Tally::default();
        tally.sweep(|step| {
            let place = like(&template);
            let before = inputs(&place);
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", MERGER]).env(FOLDER, place.folder()).env(WAY, name).env(STEP, step.to_string());
            let output = command.output().unwrap();
            let killed = output.status.signal() == Some(libc::SIGKILL);
            assert!(killed || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let merged = is_whole_or_absent(&place, *way, &before, expected);
            let beside = left(&place);
            let is_temporary = |name: &String| name.starts_with('.') && name.ends_with(".tmp");
            assert!(beside.len() <= 1 && beside.iter().all(is_temporary), "{beside:?}");
            goes_on(&template, &place, *way, expected, &format!("{name}, killed at {step}"));
            let point = if merged { "whole file left" } else { "no file left" };
            (killed.then(|| point.to_owned()).into_iter().collect(), killed)
        });
        tally.print(&format!("kill, merge {name}"));
        assert!(tally.struck("no file left") && tally.struck("whole file left"), "{name}");
    }
}

/// As many grants as take seconds.
fn many_memberships(store: &Store) {
    start(store, "full");
    put_memberships(store, 60, 1000);
    end(store);
}

fn some_memberships(store: &Store) {
    start(store, "partial");
    put_memberships(store, 6, 500);
    end(store);
}

#[test]
fn a_large_merge_killed_at_any_moment_leaves_its_inputs_and_a_whole_file_or_none() {
    const KILLS: u32 = 50;
    let place = template(many_memberships, some_memberships);
    for (name, way) in WAYS {
        let merger = || {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", MERGER]).env(FOLDER, place.folder()).env(WAY, name).env_remove(STEP);
            command.stdout(Stdio::null()).spawn().unwrap()
        };
        let before = inputs(&place);
        let unmerged = std::fs::read(place.file()).unwrap();
        let started = Instant::now();
        assert!(merger().wait().unwrap().success());
        let whole = started.elapsed();
        let expected = held(&way.target(&place), &place.work());
        let again = || match way.in_place() {
            true => std::fs::write(place.file(), &unmerged).unwrap(),
            false => drop(std::fs::remove_file(way.target(&place))),
        };
        for kill in 0..KILLS {
            again();
            let mut child = merger();
            // Moments that lie evenly over the whole merge, whatever the machine does meanwhile.
            std::thread::sleep(whole * kill / KILLS);
            child.kill().unwrap();
            child.wait().unwrap();
            is_whole_or_absent(&place, way, &before, &expected);
            assert!(left(&place).len() <= 1, "{name}, {kill}: {:?}", left(&place));
        }
        again();
        assert!(merger().wait().unwrap().success());
        assert_eq!((left(&place), names(&place.work())), (vec![], vec![]), "{name}");
        again();
    }
}

/// One call fails, or all from one on do.
fn round(
    template: &Place,
    way: Way,
    expected: &[String],
    (fault, and_later): (i32, bool),
    from: u64,
) -> (Vec<String>, bool) {
    let place = like(template);
    let before = inputs(&place);
    let plan = place.plan(Fault::Error(fault), from, and_later);
    let (result, struck) = under(plan, || way.merge(place.folder()));
    let at = format!("{way:?} {from}: {struck:?}, {result:?}");
    let merged = is_whole_or_absent(&place, way, &before, expected);
    // Nothing can be removed while removing fails.
    let removes = |point: &String| point.starts_with("remove");
    if result.is_err() && !struck.iter().any(removes) {
        assert!(!merged || way.in_place(), "a file in spite of the failure: {at}");
        assert_eq!(left(&place), [""; 0], "{at}");
        assert_eq!(names(&place.work()), [""; 0], "{at}");
    }
    assert!(merged || result.is_err(), "{at}");
    goes_on(template, &place, way, expected, &at);
    (struck, result.is_err())
}

#[test]
fn a_merge_whose_disk_fails_at_any_step_leaves_its_inputs_and_can_be_made_again() {
    let (template, cases) = scene();
    for Case { name, way, expected } in &cases {
        for fault in [(libc::ENOSPC, false), (libc::EIO, true)] {
            let tally = Tally::default();
            tally.sweep(|from| round(&template, *way, expected, fault, from));
            tally.print(&format!("merge {name}, {fault:?}"));
            assert!(tally.failed() > 0);
        }
    }
}

/// A file of three megabytes that do not compress.
fn file_of_noise(path: &Path, work: &Path, seed: u64) {
    let store = open_at(path, work).unwrap();
    start(&store, "full");
    put_asset(&store, &format!("noise {seed}"), &noise(3 << 20, seed));
    end(&store);
    close(store);
}

/// The merge fails while a folder has so little space, leaves nothing, and succeeds when there is more.
fn fails_until_there_is_space(full: impl Fn(&Place) -> PathBuf) {
    let (inputs, place) = (tempfile::tempdir().unwrap(), Place::new());
    let input = |seed: u64| {
        let path = inputs.path().join(format!("{seed}.c1z"));
        file_of_noise(&path, inputs.path(), seed);
        MergeInput { path: path.to_str().unwrap().into(), ..Default::default() }
    };
    let inputs = vec![input(1), input(2)];
    let full = full(&place);
    mount(&full, 1 << 20, 0);
    let work = place.folder().join("work");
    let _ = std::fs::create_dir(&work);
    let request = MergeFilesRequest {
        inputs,
        output_path: place.folder().join(OUTPUT).to_str().unwrap().into(),
        tmp_dir: if full == work { work.to_str().unwrap().into() } else { String::new() },
        threads: 2,
        memory_budget_bytes: 8 << 20,
        ..Default::default()
    };
    for _ in 0..2 {
        let error = merge_files(&request, &Control::none()).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
        assert_eq!(names(place.folder()), ["work"]);
        assert_eq!(names(&work), [""; 0]);
    }
    mount(&full, 64 << 20, libc::MS_REMOUNT);
    let merged = merge_files(&request, &Control::none()).unwrap();
    assert_eq!(merged.assets.unwrap().output, 2);
    index::agrees_with_the_records(&place.folder().join(OUTPUT));
    assert_eq!(names(&work), [""; 0]);
}

#[test]
fn a_merge_onto_a_full_disk_leaves_nothing_and_succeeds_when_there_is_space() {
    with_mounts("merging::a_merge_onto_a_full_disk_leaves_nothing_and_succeeds_when_there_is_space", || {
        fails_until_there_is_space(|place| place.folder().to_path_buf());
    });
}

#[test]
fn a_merge_whose_working_folder_is_full_leaves_nothing_and_succeeds_when_there_is_space() {
    let name = "merging::a_merge_whose_working_folder_is_full_leaves_nothing_and_succeeds_when_there_is_space";
    with_mounts(name, || fails_until_there_is_space(Place::work));
}

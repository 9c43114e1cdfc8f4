//! Working folders: who may look into them, and what becomes of those whose processes were killed.
//!
//! Other processes are this test itself, started again: [`play_if_asked`] is what they then do instead.
#![cfg(target_os = "linux")]

#[path = "store/fixture.rs"]
#[allow(dead_code)]
mod fixture;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{chown, symlink, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use c1z::control::Control;
use c1z::store::{verify, OpenOptions, Store};
use tempfile::TempDir;

use fixture::*;

/// In the environment of another process: what it does, in which folder, and under which umask.
const PART: &str = "C1Z_TEST_PART";
const FOLDER: &str = "C1Z_TEST_FOLDER";
const UMASK: &str = "C1Z_TEST_UMASK";

const NOBODY: u32 = 65534;

/// A folder with a folder for temporary files.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        Place(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn tmp(&self) -> PathBuf {
        self.path().join("tmp")
    }

    fn open(&self) -> Store {
        open_in(self.path(), "file.c1z", false)
    }

    /// The folder that this user's working folders lie in.
    fn home(&self) -> PathBuf {
        self.tmp().join(format!("c1z-{}", fs::metadata(self.path()).unwrap().uid()))
    }

    fn working_folders(&self) -> Vec<PathBuf> {
        children(&self.home())
    }

    fn start(&self, test: &str, part: &str) -> Player {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Player::start(command.args(["--exact", test, "--nocapture"]).env(PART, part).env(FOLDER, self.path()))
    }
}

/// Opens with little memory, so that something is spilled.
fn open_in(folder: &Path, file: &str, read_only: bool) -> Store {
    let tmp_dir = Some(folder.join("tmp"));
    let options = OpenOptions { read_only, tmp_dir, threads: 2, memory_budget: 1 << 20, ..OpenOptions::default() };
    Store::open(&folder.join(file), options, &Control::none()).unwrap()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Another process, which says a word when it is ready and goes on when it is told to.
struct Player {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Player {
    fn start(command: &mut Command) -> Player {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut player = Player { child, input, output: BufReader::new(output) };
        let mut line = String::new();
        while line.trim() != "ready" {
            line.clear();
            assert_ne!(player.output.read_line(&mut line).unwrap(), 0, "the process ended before it was ready");
        }
        player
    }

    fn finish(mut self) {
        self.input.write_all(b"go on\n").unwrap();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// In another process: says that it is ready, and waits until it is told to go on.
fn wait() {
    // Not println!, which the test harness keeps to itself.
    let mut out = std::io::stdout();
    writeln!(out, "ready").and_then(|()| out.flush()).unwrap();
    assert_ne!(std::io::stdin().read_line(&mut String::new()).unwrap(), 0, "nobody is there any more");
}

fn play_if_asked() {
    let (Ok(part), Some(folder)) = (std::env::var(PART), std::env::var_os(FOLDER)) else { return };
    let folder = PathBuf::from(folder);
    match part.as_str() {
        "writer" => {
            let store = open_in(&folder, &format!("of-{}.c1z", std::process::id()), false);
            start(&store, "full");
            put_memberships(&store, 2, 1_000);
            wait();
            end(&store);
            close(store);
        }
        "without a name" => {
            wait();
            let options = OpenOptions { tmp_dir: None, ..OpenOptions::default() };
            let store = Store::open(&folder.join("nameless.c1z"), options, &Control::none()).unwrap();
            let database = PathBuf::from(store.metadata().unwrap().database_path);
            assert!(database.starts_with("/tmp"), "{}", database.display());
            store.close().unwrap();
        }
        _ => live_under_umask(&folder),
    }
    std::process::exit(0);
}

/// All that makes folders and files, and a look at them at every step.
fn live_under_umask(folder: &Path) {
    wait();
    let umask = u32::from_str_radix(&std::env::var(UMASK).unwrap(), 8).unwrap();
    // SAFETY: it has no conditions.
    unsafe { libc::umask(umask) };
    let mut seen = 0;
    let mut look = || seen += assert_private(&folder.join("tmp"));

    let store = open_in(folder, "file.c1z", false);
    look();
    start(&store, "full");
    put_resource_types(&store, &["user", "group"]);
    put_memberships(&store, 40, 1_000);
    look();
    checkpoint(&store, "token");
    look();
    end(&store);
    look();
    save(&store);
    let path = folder.join("clone.c1z").to_str().unwrap().to_owned();
    store.clone_sync(&CloneSyncRequest { path, ..Default::default() }, &Control::none()).unwrap();
    store.close().unwrap();

    let store = open_in(folder, "file.c1z", true);
    look();
    assert_eq!(grants(&store).len(), 10_000);
    look();
    store.close().unwrap();
    let (path, tmp_dir) = ["file.c1z", "tmp"].map(|name| folder.join(name).to_str().unwrap().to_owned()).into();
    verify(&VerifyRequest { path, tmp_dir, ..Default::default() }, &Control::none()).unwrap();
    assert!(seen > 20, "{seen} files and folders were looked at");
    assert_eq!(children(&folder.join("tmp")), [""; 0].map(PathBuf::from));
}

/// Checks everything below a folder, and what this process has open there without a name. Says how much it is.
fn assert_private(folder: &Path) -> usize {
    let mut seen = 0;
    let mut paths = children(folder);
    for entry in fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path()) {
        if fs::read_link(&entry).is_ok_and(|open| open.starts_with(folder)) {
            paths.push(entry);
        }
    }
    while let Some(path) = paths.pop() {
        // What RocksDB removes meanwhile is gone.
        let is_link = path.starts_with("/proc");
        let Ok(found) = (if is_link { fs::metadata(&path) } else { fs::symlink_metadata(&path) }) else { continue };
        let expected = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.mode() & 0o777, expected, "{}", path.display());
        if found.is_dir() && !is_link {
            paths.extend(children(&path));
        }
        seen += 1;
    }
    seen
}

fn is_root() -> bool {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        println!("not root: nothing is done as another user");
        assert!(std::env::var_os("CI").is_none(), "only root can act as another user");
    }
    is_root
}

#[test]
fn whatever_the_umask_everything_is_its_owners_alone() {
    const NAME: &str = "whatever_the_umask_everything_is_its_owners_alone";
    play_if_asked();
    for umask in ["000", "022"] {
        let place = Place::new();
        let mut command = Command::new(std::env::current_exe().unwrap());
        if is_root() {
            // Where the test lies, nobody but root may look.
            let program = place.path().join("test");
            fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
            for path in [place.path(), &place.tmp(), &program] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            command = Command::new(program);
            command.uid(NOBODY).gid(NOBODY);
        }
        command.args(["--exact", NAME, "--nocapture"]).env(PART, "umask").env(FOLDER, place.path()).env(UMASK, umask);
        Player::start(&mut command).finish();
    }
}

#[test]
fn what_killed_processes_leave_is_removed_by_the_next_open() {
    const NAME: &str = "what_killed_processes_leave_is_removed_by_the_next_open";
    play_if_asked();
    let place = Place::new();
    let killed: Vec<Player> = (0..5).map(|_| place.start(NAME, "writer")).collect();
    let left = place.working_folders();
    assert_eq!(left.len(), 5);
    killed.into_iter().for_each(Player::kill);
    assert_eq!(place.working_folders(), left);
    let store = place.open();
    assert_eq!(place.working_folders().len(), 1);
    assert!(left.iter().all(|left| !left.exists()));
    store.close().unwrap();
    assert_eq!(children(&place.tmp()), [""; 0].map(PathBuf::from));
}

#[test]
fn what_another_process_works_in_stays() {
    const NAME: &str = "what_another_process_works_in_stays";
    play_if_asked();
    let place = Place::new();
    let players = [0; 2].map(|_| place.start(NAME, "writer"));
    let working = place.working_folders();
    for _ in 0..3 {
        place.open().close().unwrap();
    }
    assert_eq!(place.working_folders(), working);
    players.into_iter().for_each(Player::finish);
    assert_eq!(children(&place.tmp()), [""; 0].map(PathBuf::from));
}

#[test]
fn nothing_is_removed_that_is_no_working_folder() {
    let place = Place::new();
    fs::create_dir(place.tmp().join("c1z-work-beside")).unwrap();
    fs::write(place.tmp().join("c1z-work-beside/file"), "kept").unwrap();
    let home = place.home();
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(place.tmp().join("c1z-work-beside"), home.join("c1z-work-link")).unwrap();
    fs::write(home.join("c1z-work-file"), "kept").unwrap();
    fs::create_dir(home.join("another")).unwrap();
    let before = (children(&place.tmp()), children(&home));
    place.open().close().unwrap();
    assert_eq!((children(&place.tmp()), children(&home)), before);
    assert_eq!(fs::read(home.join("c1z-work-link/file")).unwrap(), b"kept");
}

/// Opens and closes in a place whose home is as `make` makes it.
fn assert_unused(make: impl FnOnce(&Path)) {
    let place = Place::new();
    let home = place.home();
    make(&home);
    let before = (children(&place.tmp()), children(&home));
    let store = place.open();
    let database = PathBuf::from(store.metadata().unwrap().database_path);
    assert_eq!(database.parent().and_then(Path::parent), Some(&*place.tmp()), "it lies beside the home");
    assert_private(database.parent().unwrap());
    store.close().unwrap();
    assert_eq!((children(&place.tmp()), children(&home)), before);
}

#[test]
fn a_home_that_others_may_enter_is_left_alone() {
    assert_unused(|home| {
        fs::create_dir_all(home.join("c1z-work-abandoned")).unwrap();
        fs::set_permissions(home, fs::Permissions::from_mode(0o755)).unwrap();
    });
    assert_unused(|home| fs::write(home, "a file").unwrap());
    assert_unused(|home| {
        let elsewhere = home.with_file_name("elsewhere");
        fs::create_dir_all(elsewhere.join("c1z-work-abandoned")).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).unwrap();
        symlink(elsewhere, home).unwrap();
    });
    if is_root() {
        assert_unused(|home| {
            fs::create_dir_all(home.join("c1z-work-abandoned")).unwrap();
            fs::set_permissions(home, fs::Permissions::from_mode(0o700)).unwrap();
            chown(home, Some(NOBODY), Some(NOBODY)).unwrap();
        });
    }
}

#[test]
fn stores_that_are_opened_and_closed_at_the_same_time_do_not_take_each_others_folders() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let folder = place.path();
            scope.spawn(move || {
                for _ in 0..20 {
                    let store = open_in(folder, &format!("{thread}.c1z"), false);
                    start(&store, "full");
                    store.close().unwrap();
                }
            });
        }
    });
    assert_eq!(children(&place.tmp()), [""; 0].map(PathBuf::from));
}

#[test]
fn where_the_variable_of_the_temporary_folder_is_empty_it_is_the_usual_one() {
    const NAME: &str = "where_the_variable_of_the_temporary_folder_is_empty_it_is_the_usual_one";
    play_if_asked();
    let place = Place::new();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", NAME, "--nocapture"]);
    command.env(PART, "without a name").env(FOLDER, place.path()).env("TMPDIR", "");
    Player::start(&mut command).finish();
}

#[test]
fn closing_a_store_whose_folder_is_gone_succeeds() {
    let place = Place::new();
    let store = place.open();
    fs::remove_dir_all(place.home()).unwrap();
    store.close().unwrap();
}

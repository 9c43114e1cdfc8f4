//! System calls that change files, in front of the C library's: they count, and fail or kill when asked to.
//!
//! The linker prefers a program's own symbols, so RocksDB and Rust's library call these. Only calls on files below the
//! armed folder count, so tests in other threads are left alone.

use std::collections::BTreeMap;
use std::ffi::{c_char, c_int, c_void, CStr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use libc::{mode_t, off_t, size_t, ssize_t};

/// What happens at the calls that are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The call does nothing and fails with that error number.
    Error(c_int),
    /// The process is killed; of a write, half is done before.
    Kill,
}

/// Which calls below a folder are chosen.
#[derive(Clone, Debug)]
pub struct Plan {
    pub below: PathBuf,
    /// Without one they are passed on, and only noted.
    pub fault: Option<Fault>,
    /// The first that is chosen, counted from 1.
    pub from: u64,
    /// Whether all later ones are chosen too.
    pub and_later: bool,
}

#[derive(Default)]
struct State {
    active: Vec<Active>,
    /// The length that a file had when it was synced last, by device and inode.
    synced: BTreeMap<(u64, u64), u64>,
}

/// A plan that is carried out.
struct Active {
    plan: Plan,
    count: u64,
    struck: Vec<String>,
    created: Vec<(PathBuf, mode_t)>,
}

static ARMED: AtomicBool = AtomicBool::new(false);
static STATE: Mutex<State> = Mutex::new(State { active: Vec::new(), synced: BTreeMap::new() });

/// Runs `body` under a plan, the only one below its folder; says what it returned and which calls were struck.
pub fn under<T>(plan: Plan, body: impl FnOnce() -> T) -> (T, Vec<String>) {
    let (returned, active) = carried_out(plan, body);
    (returned, active.struck)
}

/// Runs `body`; says which files and folders it created below a folder, and with which modes.
pub fn creations<T>(below: &Path, body: impl FnOnce() -> T) -> (T, Vec<(PathBuf, mode_t)>) {
    let plan = Plan { below: below.to_path_buf(), fault: None, from: 1, and_later: false };
    let (returned, active) = carried_out(plan, body);
    (returned, active.created)
}

fn carried_out<T>(plan: Plan, body: impl FnOnce() -> T) -> (T, Active) {
    let below = plan.below.clone();
    state().active.push(Active { plan, count: 0, struck: Vec::new(), created: Vec::new() });
    ARMED.store(true, Ordering::SeqCst);
    let returned = body();
    let mut state = state();
    let index = state.active.iter().position(|active| active.plan.below == below).expect("nobody else removes it");
    (returned, state.active.remove(index))
}

/// Notes what is created, with the mode that the call names: the process's umask may only take from it.
fn note_creation(path: impl FnOnce() -> Option<PathBuf>, mode: mode_t) {
    if !ARMED.load(Ordering::SeqCst) {
        return;
    }
    let Some(path) = path() else { return };
    let mut state = state();
    if let Some(active) = state.active.iter_mut().find(|active| path.starts_with(&active.plan.below)) {
        active.created.push((path, mode));
    }
}

/// Notes from now on which files are synced.
pub fn note_syncs() {
    ARMED.store(true, Ordering::SeqCst);
}

/// What of each file in `folder` was synced, at one moment: calls that change files wait meanwhile.
pub fn synced(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let state = state();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let bytes = |entry: &std::fs::DirEntry| {
        // One that is gone was removed by a call that was under way.
        let metadata = entry.metadata().ok()?;
        let length = *state.synced.get(&(metadata.dev(), metadata.ino()))?;
        let mut bytes = std::fs::read(entry.path()).ok()?;
        bytes.truncate(length as usize);
        Some(bytes)
    };
    files.filter_map(|entry| Some((entry.path(), bytes(&entry)?))).collect()
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Counts a call; says what happens to it if it is chosen.
fn chosen(call: &str, path: impl FnOnce() -> Option<PathBuf>) -> Option<Fault> {
    if !ARMED.load(Ordering::SeqCst) {
        return None;
    }
    let path = path()?;
    let mut state = state();
    let Active { plan, count, struck, .. } =
        state.active.iter_mut().find(|active| path.starts_with(&active.plan.below))?;
    *count += 1;
    let is_chosen = *count == plan.from || plan.and_later && *count > plan.from;
    if !is_chosen {
        return None;
    }
    struck.push(format!("{call} {}", described(&path)));
    plan.fault
}

/// What a file is, whatever its number.
fn described(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match name.trim_start_matches('.') {
        name if name.ends_with(".c1z") => "file",
        name if name.contains(".c1z") => "new file",
        name if name.ends_with(".sst") => "sst",
        name if name.ends_with(".log") => "log",
        name if name.ends_with(".dbtmp") || name == "CURRENT" => "CURRENT",
        name if name.starts_with("MANIFEST-") => "MANIFEST",
        "IDENTITY" => "IDENTITY",
        "LOCK" => "LOCK",
        _ => "folder",
    }
    .to_owned()
}

fn die() -> ! {
    // SAFETY: a process may kill itself.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    loop {
        std::thread::yield_now();
    }
}

fn fail(error: c_int) -> c_int {
    // SAFETY: the thread's own error number.
    unsafe { *libc::__errno_location() = error };
    -1
}

fn of_fd(fd: c_int) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()
}

fn of_name(folder: c_int, name: *const c_char) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: the caller of the system call passes a string.
    let name = Path::new(std::ffi::OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes()));
    if name.is_absolute() {
        return Some(name.to_path_buf());
    }
    let folder = if folder == libc::AT_FDCWD { std::env::current_dir().ok() } else { of_fd(folder) };
    Some(folder?.join(name))
}

/// A call that does nothing, or kills, if it is chosen, and else is passed on to the system.
fn intercepted(call: &str, path: impl FnOnce() -> Option<PathBuf>, pass_on: impl FnOnce() -> c_int) -> c_int {
    match chosen(call, path) {
        None => pass_on(),
        Some(Fault::Error(error)) => fail(error),
        Some(Fault::Kill) => die(),
    }
}

fn intercepted_write(fd: c_int, length: size_t, pass_on: impl FnOnce(size_t) -> ssize_t) -> ssize_t {
    match chosen("write", || of_fd(fd)) {
        None => pass_on(length),
        Some(Fault::Error(error)) => fail(error) as ssize_t,
        Some(Fault::Kill) => {
            pass_on(length / 2);
            die()
        }
    }
}

fn intercepted_sync(fd: c_int, number: libc::c_long) -> c_int {
    // SAFETY: passes the caller's arguments on.
    let synced = intercepted("sync", || of_fd(fd), || unsafe { libc::syscall(number, fd) } as c_int);
    if synced == 0 {
        note(fd, |lengths, file, length| {
            lengths.insert(file, length);
        });
    }
    synced
}

/// Changes what is known of the synced length of a file.
fn note(fd: c_int, change: impl FnOnce(&mut BTreeMap<(u64, u64), u64>, (u64, u64), u64)) {
    if !ARMED.load(Ordering::SeqCst) {
        return;
    }
    let metadata = of_fd(fd).and_then(|path| path.metadata().ok());
    if let Some(metadata) = metadata {
        change(&mut state().synced, (metadata.dev(), metadata.ino()), metadata.len());
    }
}

// Each has the signature of the C library's function and passes its arguments on to the system call of that name.

#[no_mangle]
unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
    intercepted_write(fd, length, |length| unsafe { libc::syscall(libc::SYS_write, fd, bytes, length) } as ssize_t)
}

#[no_mangle]
unsafe extern "C" fn pwrite(fd: c_int, bytes: *const c_void, length: size_t, at: off_t) -> ssize_t {
    intercepted_write(fd, length, |length| unsafe { libc::syscall(libc::SYS_pwrite64, fd, bytes, length, at) }
        as ssize_t)
}

#[no_mangle]
unsafe extern "C" fn pwrite64(fd: c_int, bytes: *const c_void, length: size_t, at: off_t) -> ssize_t {
    intercepted_write(fd, length, |length| unsafe { libc::syscall(libc::SYS_pwrite64, fd, bytes, length, at) }
        as ssize_t)
}

#[no_mangle]
unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    intercepted_sync(fd, libc::SYS_fsync)
}

#[no_mangle]
unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    intercepted_sync(fd, libc::SYS_fdatasync)
}

fn is_there(name: *const c_char) -> bool {
    ARMED.load(Ordering::SeqCst) && of_name(libc::AT_FDCWD, name).is_some_and(|path| path.exists())
}

/// Only files that may be created or written count. The C library's has its last argument only then, too.
unsafe fn open_file(name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let open = || unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, name, flags, mode) } as c_int;
    if flags & libc::O_ACCMODE == libc::O_RDONLY {
        return open();
    }
    let is_new = flags & libc::O_TMPFILE == libc::O_TMPFILE || flags & libc::O_CREAT != 0 && !is_there(name);
    let fd = intercepted("open", || of_name(libc::AT_FDCWD, name), open);
    if fd >= 0 && is_new {
        note_creation(|| of_name(libc::AT_FDCWD, name), mode);
    }
    if fd >= 0 && flags & (libc::O_EXCL | libc::O_TRUNC) != 0 {
        // A new file may have the number of one that is gone.
        note(fd, |lengths, file, _| {
            lengths.remove(&file);
        });
    }
    fd
}

#[no_mangle]
unsafe extern "C" fn open(name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { open_file(name, flags, mode) }
}

#[no_mangle]
unsafe extern "C" fn open64(name: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    unsafe { open_file(name, flags, mode) }
}

/// As the system's: a file whose closing fails is closed all the same.
#[no_mangle]
unsafe extern "C" fn close(fd: c_int) -> c_int {
    let close = || unsafe { libc::syscall(libc::SYS_close, fd) } as c_int;
    let writes = || unsafe { libc::fcntl(fd, libc::F_GETFL) } & libc::O_ACCMODE != libc::O_RDONLY;
    match chosen("close", || writes().then(|| of_fd(fd)).flatten()) {
        None => close(),
        Some(Fault::Error(error)) => {
            close();
            fail(error)
        }
        Some(Fault::Kill) => die(),
    }
}

#[no_mangle]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let pass_on =
        || unsafe { libc::syscall(libc::SYS_renameat2, libc::AT_FDCWD, from, libc::AT_FDCWD, to, 0) } as c_int;
    intercepted("rename to", || of_name(libc::AT_FDCWD, to), pass_on)
}

#[no_mangle]
unsafe extern "C" fn link(from: *const c_char, to: *const c_char) -> c_int {
    let pass_on = || unsafe { libc::syscall(libc::SYS_linkat, libc::AT_FDCWD, from, libc::AT_FDCWD, to, 0) } as c_int;
    intercepted("link", || of_name(libc::AT_FDCWD, to), pass_on)
}

#[no_mangle]
unsafe extern "C" fn mkdir(name: *const c_char, mode: mode_t) -> c_int {
    let pass_on = || unsafe { libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, name, mode) } as c_int;
    let created = intercepted("create", || of_name(libc::AT_FDCWD, name), pass_on);
    if created == 0 {
        note_creation(|| of_name(libc::AT_FDCWD, name), mode);
    }
    created
}

#[no_mangle]
unsafe extern "C" fn unlink(name: *const c_char) -> c_int {
    let pass_on = || unsafe { libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, name, 0) } as c_int;
    intercepted("remove", || of_name(libc::AT_FDCWD, name), pass_on)
}

#[no_mangle]
unsafe extern "C" fn rmdir(name: *const c_char) -> c_int {
    let pass_on = || unsafe { libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, name, libc::AT_REMOVEDIR) } as c_int;
    intercepted("remove", || of_name(libc::AT_FDCWD, name), pass_on)
}

#[no_mangle]
unsafe extern "C" fn unlinkat(folder: c_int, name: *const c_char, flags: c_int) -> c_int {
    let pass_on = || unsafe { libc::syscall(libc::SYS_unlinkat, folder, name, flags) } as c_int;
    intercepted("remove", || of_name(folder, name), pass_on)
}

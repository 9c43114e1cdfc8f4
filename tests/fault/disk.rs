//! Disks that really are full, locked or limited.
//!
//! Each test starts itself again, in a process with mounts or limits of its own: [`alone`] is where it then goes on.

use std::ffi::CString;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use c1z::control::Control;

use crate::fixture::*;
use crate::place::{put_all, whole_sync, Contents, Place};

/// In the environment of the process that goes on.
const ALONE: &str = "C1Z_TEST_FAULT_ALONE";

/// Runs `body` in a process of its own, started by `tool` if there is one.
fn alone(test: &str, tool: &[&str], body: fn()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let program = std::env::current_exe().unwrap();
    let mut words = tool.iter().map(AsRef::as_ref).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    let output = command.args(words).args(["--exact", test, "--nocapture"]).env(ALONE, "yes").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Runs `body` where it may mount. Where nobody lets it, the tests of this file that only limit the length of files remain.
pub fn with_mounts(test: &str, body: fn()) {
    for tool in [["unshare", "-m"], ["unshare", "-Urm"]] {
        let try_out = Command::new(tool[0]).args([tool[1], "mount", "-t", "tmpfs", "none", "/mnt"]).output();
        if try_out.is_ok_and(|output| output.status.success()) {
            return alone(test, &tool, body);
        }
    }
    // Not println!, which the test harness keeps to itself.
    let mut out = std::io::stderr();
    writeln!(out, "not run, for mounting is not permitted: {test}").unwrap();
}

/// Mounts memory of so many bytes at a folder, or changes how much there is or whether it can be written.
pub fn mount(at: &Path, bytes: u64, flags: libc::c_ulong) {
    let c = |text: &str| CString::new(text).unwrap();
    let (kind, target, data) = (c("tmpfs"), c(at.to_str().unwrap()), c(&format!("size={bytes}")));
    // SAFETY: all strings outlive the call.
    let mounted = unsafe { libc::mount(kind.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data.as_ptr().cast()) };
    assert_eq!(mounted, 0, "{}", std::io::Error::last_os_error());
}

/// Bytes that do not compress.
pub fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The save fails with that code and leaves everything as it was; once `repaired`, it succeeds.
#[track_caller]
fn fails_until(place: &Place, store: Store, code: Code, repaired: impl FnOnce()) {
    let before = place.bytes();
    let beside = crate::place::names(place.folder());
    for more in ["more", "and more"] {
        assert_eq!(why(store.save(&Control::none())), (code, "ARTIFACT_UNUSABLE"));
        assert!(place.bytes() == before);
        assert_eq!(crate::place::names(place.folder()), beside);
        put_resources(&store, &[resource(("user", more))]);
    }
    repaired();
    let acknowledged = Contents::of(&store);
    assert!(["more", "and more"].iter().all(|&user| resources(&store).contains(&resource(("user", user)))));
    close(store);
    assert_eq!(place.saved(), acknowledged);
}

/// A place whose folder is memory of a megabyte, and a store whose next save needs more. Working copies are elsewhere.
fn small_target(work: &Path) -> (Place, Store) {
    let place = Place::new();
    mount(place.folder(), 1 << 20, 0);
    let open = || crate::place::open_at(&place.file(), work).unwrap();
    let store = open();
    whole_sync(&store);
    close(store);
    std::fs::create_dir(place.work()).unwrap();
    let store = open();
    start(&store, "full");
    put_all(&store).unwrap();
    put_asset(&store, "noise", &noise(3 << 20, 1));
    (place, store)
}

#[test]
fn a_save_onto_a_full_disk_leaves_the_old_file_until_there_is_space() {
    with_mounts("disk::a_save_onto_a_full_disk_leaves_the_old_file_until_there_is_space", || {
        let work = tempfile::tempdir().unwrap();
        let (place, store) = small_target(work.path());
        fails_until(&place, store, Code::ResourceExhausted, || mount(place.folder(), 16 << 20, libc::MS_REMOUNT));
    });
}

#[test]
fn a_save_into_a_folder_that_cannot_be_written_leaves_the_old_file_until_it_can() {
    with_mounts("disk::a_save_into_a_folder_that_cannot_be_written_leaves_the_old_file_until_it_can", || {
        let work = tempfile::tempdir().unwrap();
        let (place, store) = small_target(work.path());
        mount(place.folder(), 16 << 20, libc::MS_REMOUNT | libc::MS_RDONLY);
        fails_until(&place, store, Code::PermissionDenied, || mount(place.folder(), 16 << 20, libc::MS_REMOUNT));
    });
}

/// Mounts a file on itself: it cannot be replaced. Gives what ends that.
fn mount_on_itself(path: &Path) -> impl FnOnce() {
    let file = CString::new(path.to_str().unwrap()).unwrap();
    let bind = libc::MS_BIND;
    // SAFETY: the string outlives the calls.
    let mounted = unsafe { libc::mount(file.as_ptr(), file.as_ptr(), std::ptr::null(), bind, std::ptr::null()) };
    assert_eq!(mounted, 0, "{}", std::io::Error::last_os_error());
    move || unsafe { assert_eq!(libc::umount2(file.as_ptr(), libc::MNT_DETACH), 0) }
}

#[test]
fn a_place_where_nothing_can_be_saved_is_refused_when_a_store_is_opened_for_writing() {
    with_mounts("disk::a_place_where_nothing_can_be_saved_is_refused_when_a_store_is_opened_for_writing", || {
        let (work, place) = (tempfile::tempdir().unwrap(), Place::new());
        mount(place.folder(), 16 << 20, 0);
        let open = || crate::place::open_at(&place.file(), work.path());
        let store = open().unwrap();
        whole_sync(&store);
        close(store);

        mount(place.folder(), 16 << 20, libc::MS_REMOUNT | libc::MS_RDONLY);
        assert_eq!(why(open()), (Code::PermissionDenied, "IO"));
        crate::fixture::open(&place.file(), true).unwrap().close().unwrap();
        mount(place.folder(), 16 << 20, libc::MS_REMOUNT);

        let unmount = mount_on_itself(&place.file());
        assert_eq!(why(open()), (Code::FailedPrecondition, "FAILED_PRECONDITION"));
        crate::fixture::open(&place.file(), true).unwrap().close().unwrap();
        unmount();
        open().unwrap().close().unwrap();
    });
}

#[test]
fn a_save_whose_rename_fails_leaves_the_old_file_until_it_can_be_moved() {
    with_mounts("disk::a_save_whose_rename_fails_leaves_the_old_file_until_it_can_be_moved", || {
        let place = Place::new();
        let store = place.open();
        whole_sync(&store);
        close(store);
        let store = place.open();
        start(&store, "full");
        let unmount = mount_on_itself(&place.file());
        fails_until(&place, store, Code::FailedPrecondition, unmount);
    });
}

/// Puts until the disk takes no more; says how many of the assets were put.
fn put_until_full(store: &Store) -> u64 {
    let put = |number: &u64| try_put_asset(store, &format!("noise {number}"), &noise(256 << 10, *number));
    let (mut number, mut result) = (0, Ok(()));
    while result.is_ok() && number < 1000 {
        number += 1;
        result = put(&number);
    }
    assert_eq!(why(result).0, Code::ResourceExhausted);
    number - 1
}

fn assets(store: &Store, count: u64) {
    for number in 1..=count {
        let asset = Some(AssetRef { id: format!("noise {number}") });
        let got = store.get_asset(&AssetServiceGetAssetRequest { asset }).unwrap().decode().unwrap();
        assert!(got.data == noise(256 << 10, number), "asset {number}");
    }
    let asset = Some(AssetRef { id: format!("noise {}", count + 1) });
    assert_eq!(why(store.get_asset(&AssetServiceGetAssetRequest { asset })), NOT_FOUND);
}

/// Takes what is left of a disk, and whatever is given back meanwhile.
fn fill(folder: &Path) {
    let mut ballast = std::fs::File::options().create(true).append(true).open(folder.join("ballast")).unwrap();
    while ballast.write_all(&[1; 4096]).is_ok() {}
}

/// What was put stays while nothing can be written, though reading what is pending takes space too, and is saved when
/// that is over.
fn full_until(place: &Place, store: Store, count: u64, repaired: impl FnOnce()) {
    let sync = current(&store).0;
    let full = |result: c1z::Result<()>| result.is_ok() || why(result).0 == Code::ResourceExhausted;
    for _ in 0..2 {
        let before = place.bytes();
        fill(&place.work());
        // Blocks that were set aside for a log may be enough for little.
        assert!(full(store.checkpoint_sync(&CheckpointSyncRequest { sync_token: "half way".into() })));
        match store.end_sync(&Control::none()) {
            Ok(()) => drop(resume(&store, &sync).unwrap()),
            Err(error) => assert_eq!(error.code(), Code::ResourceExhausted, "{error}"),
        }
        fill(&place.work());
        if let Err(error) = store.save(&Control::none()) {
            assert_eq!(
                (error.code(), error.reason().name()),
                (Code::ResourceExhausted, "ARTIFACT_UNUSABLE"),
                "{error}"
            );
            assert!(place.bytes() == before);
        }
    }
    repaired();
    checkpoint(&store, "again");
    assets(&store, count);
    end(&store);
    close(store);
    std::fs::remove_file(place.work().join("ballast")).unwrap();
    let store = place.open();
    resume(&store, &sync).unwrap();
    assets(&store, count);
    store.close().unwrap();
    assert_eq!(place.saved().has_ended(&sync), Some(true));
}

fn filled(place: &Place) -> (Store, u64) {
    let store = place.open();
    start(&store, "full");
    put_all(&store).unwrap();
    checkpoint(&store, "half way");
    let count = put_until_full(&store);
    (store, count)
}

/// A place with a file.
fn place_with_file() -> Place {
    let place = Place::new();
    let store = place.open();
    whole_sync(&store);
    close(store);
    place
}

#[test]
fn a_full_disk_below_the_working_copy_loses_nothing_that_was_put_and_ends_when_there_is_space() {
    let name = "disk::a_full_disk_below_the_working_copy_loses_nothing_that_was_put_and_ends_when_there_is_space";
    with_mounts(name, || {
        let place = place_with_file();
        mount(&place.work(), 16 << 20, 0);
        let (store, count) = filled(&place);
        full_until(&place, store, count, || mount(&place.work(), 256 << 20, libc::MS_REMOUNT));
    });
}

#[test]
fn a_store_on_a_full_disk_can_be_given_up() {
    with_mounts("disk::a_store_on_a_full_disk_can_be_given_up", || {
        let place = place_with_file();
        let before = place.bytes();
        mount(&place.work(), 16 << 20, 0);
        let (store, _) = filled(&place);
        store.close().unwrap();
        assert!(place.bytes() == before);
        assert_eq!(crate::place::names(&place.work()), [""; 0]);
    });
}

/// Lets no file of this process become longer.
fn limit(bytes: libc::rlim_t) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the limit outlives the call; a signal that is ignored runs no code.
    unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &limit), 0);
    }
}

#[test]
fn a_save_beyond_the_limit_of_a_file_leaves_the_old_one_until_it_is_lifted() {
    alone("disk::a_save_beyond_the_limit_of_a_file_leaves_the_old_one_until_it_is_lifted", &[], || {
        let place = place_with_file();
        let store = place.open();
        start(&store, "full");
        for number in 0..8 {
            put_asset(&store, &number.to_string(), &noise(512 << 10, number));
        }
        limit(3 << 20);
        fails_until(&place, store, Code::ResourceExhausted, || limit(libc::RLIM_INFINITY));
    });
}

#[test]
fn a_log_that_reaches_the_limit_of_a_file_loses_nothing_that_was_put_and_goes_on_when_it_is_lifted() {
    let name = "disk::a_log_that_reaches_the_limit_of_a_file_loses_nothing_that_was_put_and_goes_on_when_it_is_lifted";
    alone(name, &[], || {
        let place = place_with_file();
        let store = place.open();
        start(&store, "full");
        put_all(&store).unwrap();
        limit(512 << 10);
        let count = put_until_full(&store);
        for _ in 0..2 {
            let checkpoint = store.checkpoint_sync(&CheckpointSyncRequest { sync_token: "half way".into() });
            assert_eq!(why(checkpoint).0, Code::ResourceExhausted);
        }
        limit(libc::RLIM_INFINITY);
        // It goes on with a log that starts anew.
        checkpoint(&store, "half way");
        put_asset(&store, "large", &noise(1 << 20, 0));
        assets(&store, count);
        let acknowledged = Contents::of(&store);
        close(store);
        assert_eq!(place.saved(), acknowledged);
    });
}

/// From now on the system cannot rename without replacing, and no file gets a second name: as some network file
/// systems.
fn forbid_links() {
    const RENAME_FLAGS: u32 = 16 + 4 * 8;
    let load = |offset| libc::sock_filter {
        code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16,
        jt: 0,
        jf: 0,
        k: offset,
    };
    let skip_unless = |value: u32, jf| {
        let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        libc::sock_filter { code, jt: 0, jf, k: value }
    };
    let answer = |k| libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k };
    let error = |number: i32| answer(libc::SECCOMP_RET_ERRNO | number as u32);
    let mut filter = [
        load(0),
        skip_unless(libc::SYS_linkat as u32, 1),
        error(libc::EPERM),
        skip_unless(libc::SYS_renameat2 as u32, 3),
        load(RENAME_FLAGS),
        skip_unless(libc::RENAME_NOREPLACE, 1),
        error(libc::EINVAL),
        answer(libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the filter outlives the calls.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let filtered = libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program);
        assert_eq!(filtered, 0, "{}", std::io::Error::last_os_error());
    }
}

#[test]
fn a_new_file_is_saved_where_the_system_can_neither_link_nor_rename_without_replacing() {
    alone("disk::a_new_file_is_saved_where_the_system_can_neither_link_nor_rename_without_replacing", &[], || {
        let place = Place::new();
        let (one, other) = (place.open(), place.open());
        forbid_links();
        let file = place.file();
        std::fs::hard_link(&file, file.with_extension("link")).unwrap_err();
        whole_sync(&one);
        let acknowledged = Contents::of(&one);
        close(one);
        assert_eq!(place.saved(), acknowledged);
        whole_sync(&other);
        assert_eq!(why(other.save(&Control::none())), (Code::Aborted, "CONFLICT"));
        assert_eq!(place.left_beside(), [""; 0]);
    });
}

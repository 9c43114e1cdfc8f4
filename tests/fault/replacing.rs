//! A database that takes no more writes, and the copy that takes its place.

use c1z::engine::{Durability, Engine, Reader};
use c1z::keys;

use crate::place::{Place, DURABLE};
use crate::syscalls::{under, Fault};

fn write(engine: &Engine, key: &str, value: &[u8]) -> c1z::Result<()> {
    let mut writer = engine.writer();
    writer.set(&keys::meta(key), value);
    writer.commit(Durability::Synced)
}

fn read(reader: &Reader<'_>, key: &str) -> Option<Vec<u8>> {
    reader.get(&keys::meta(key)).unwrap().map(|value| value.to_vec())
}

#[test]
fn a_commit_that_failed_is_not_in_the_copy_and_readers_from_before_go_on() {
    // The write of the log fails, or only its sync: then the commit stands in the log all the same.
    for (from, call) in [(1, "write log"), (2, "sync log")] {
        let place = Place::new();
        let directory = place.work();
        let engine = Engine::create(&directory, &DURABLE).unwrap();
        write(&engine, "flushed and deleted", b"1").unwrap();
        write(&engine, "kept", b"1").unwrap();
        engine.writer().flush().unwrap();
        let mut writer = engine.writer();
        writer.remove(&keys::meta("flushed and deleted"));
        writer.commit(Durability::Buffered).unwrap();
        drop(writer);
        write(&engine, "in the log", b"1").unwrap();

        let before = engine.snapshot();
        let plan = place.plan(Fault::Error(libc::EIO), from, true);
        let (written, struck) = under(plan, || write(&engine, "kept", b"2"));
        assert!(written.is_err() && struck[0] == call, "{struck:?}");
        assert_eq!(engine.directory(), directory);

        write(&engine, "later", b"1").unwrap();
        assert_ne!(engine.directory(), directory, "{call}");
        for reader in [&before, &engine.snapshot()] {
            assert_eq!(read(reader, "kept").as_deref(), Some(&b"1"[..]), "{call}");
            assert_eq!(read(reader, "in the log").as_deref(), Some(&b"1"[..]), "{call}");
            assert_eq!(read(reader, "flushed and deleted"), None, "{call}");
        }
        assert_eq!((read(&before, "later"), read(&engine.snapshot(), "later")), (None, Some(b"1".to_vec())));

        drop(before);
        let copy = engine.directory().to_path_buf();
        drop(engine);
        let engine = Engine::open(&copy, &DURABLE).unwrap();
        assert_eq!(read(&engine.snapshot(), "kept").as_deref(), Some(&b"1"[..]));
        assert_eq!(read(&engine.snapshot(), "later").as_deref(), Some(&b"1"[..]));
    }
}

#[test]
fn a_copy_that_fails_at_any_step_is_tried_again() {
    let tally = crate::place::Tally::default();
    tally.sweep(|from| {
        let place = Place::new();
        let engine = Engine::create(&place.work(), &DURABLE).unwrap();
        write(&engine, "kept", b"1").unwrap();
        let (failed, _) = under(place.plan(Fault::Error(libc::EIO), 1, true), || write(&engine, "kept", b"2"));
        failed.unwrap_err();
        let plan = place.plan(Fault::Error(libc::EIO), from, true);
        let (again, struck) = under(plan, || write(&engine, "kept", b"3"));
        let expected: &[u8] = if again.is_ok() { b"3" } else { b"1" };
        assert_eq!(read(&engine.snapshot(), "kept").as_deref(), Some(expected), "{struck:?}");
        write(&engine, "kept", b"4").unwrap_or_else(|error| panic!("{error}, after {struck:?}"));
        assert_eq!(read(&engine.snapshot(), "kept").as_deref(), Some(&b"4"[..]));
        (struck, again.is_err())
    });
    tally.print("replacing a database");
    assert!(tally.failed() > 10);
}

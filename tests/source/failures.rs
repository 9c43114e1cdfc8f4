//! Sources that fail, give too little, or are another file by now; and files that cannot be read by ranges.

use std::fs;

use c1z::envelope::Encoding;
use proptest::prelude::*;

use super::fixture::*;
use super::scripted::*;

fn list(store: &Store) -> c1z::Result<usize> {
    page(store, "", 0).map(|(rows, _)| rows.len())
}

#[test]
fn a_read_that_fails_fails_the_call_with_the_hosts_code_and_nothing_else() {
    let fixture = large();
    for threads in [1, 2] {
        let source = Scripted::of(&fixture.path());
        let store = try_open_source(&source, options(threads)).unwrap();
        for (code, said) in [
            (Code::Unavailable, Code::Unavailable),
            (Code::DeadlineExceeded, Code::DeadlineExceeded),
            (Code::Cancelled, Code::Cancelled),
            (Code::PermissionDenied, Code::PermissionDenied),
            (Code::Unauthenticated, Code::Unauthenticated),
            (Code::ResourceExhausted, Code::ResourceExhausted),
            // A file that is missing by now is not a record that is missing.
            (Code::NotFound, Code::FailedPrecondition),
            (Code::Ok, Code::Unknown),
        ] {
            source.answer(Some(Answer::Fail(code, "the network is: IO error: down")));
            let error = list(&store).unwrap_err();
            assert_eq!((error.code(), error.reason().name()), (said, "SOURCE"), "{code:?}: {error}");
            let message = error.to_string();
            assert!(message.starts_with(NAME) && message.contains("the network is: IO error: down"), "{message}");
        }
        source.answer(None);
        assert_eq!(list(&store).unwrap(), 10_000);
        assert!(all_grants(&store, 0).len() == GROUPS * USERS);
        store.close().unwrap();
    }
}

#[test]
fn a_failed_read_is_made_again_by_nobody_but_the_next_call() {
    let fixture = large();
    let source = Scripted::of(&fixture.path());
    let store = open_source(&source);
    source.counted();
    source.answer(Some(Answer::Fail(Code::Unavailable, "no answer")));
    for _ in 0..3 {
        list(&store).unwrap_err();
        assert_eq!(source.counted().0, 1);
    }
    store.close().unwrap();
}

#[test]
fn a_short_read_is_a_failure() {
    let fixture = large();
    let source = Scripted::of(&fixture.path());
    let store = open_source(&source);
    source.answer(Some(Answer::Short(1)));
    let error = list(&store).unwrap_err();
    assert_eq!((error.code(), error.reason().name()), (Code::Unavailable, "SOURCE"), "{error}");
    source.answer(None);
    assert_eq!(list(&store).unwrap(), 10_000);
    source.answer(Some(Answer::Short(1)));
    assert_eq!(why(try_open_source(&source, options(1))), (Code::Unavailable, "SOURCE"));
}

#[test]
fn a_source_that_has_changed_gives_nothing_more() {
    let fixture = large();
    for answer in [Answer::Changed, Answer::Fail(Code::Aborted, "412 Precondition Failed")] {
        let source = Scripted::of(&fixture.path());
        let store = open_source(&source);
        source.answer(Some(answer.clone()));
        for _ in 0..2 {
            let error = list(&store).unwrap_err();
            assert_eq!((error.code(), error.reason().name()), (Code::Aborted, "SOURCE_CHANGED"), "{error}");
            assert!(error.to_string().starts_with(NAME), "{error}");
        }
        store.close().unwrap();
    }
}

#[test]
fn a_source_may_fail_at_any_read_of_opening() {
    let fixture = large();
    let source = Scripted::of(&fixture.path());
    drop(open_source(&source));
    let (requests, _) = source.counted();
    for first in 0..requests {
        for (answer, expected) in [
            (Answer::Fail(Code::Unavailable, "no answer"), (Code::Unavailable, "SOURCE")),
            (Answer::Fail(Code::Cancelled, "the caller has gone"), (Code::Cancelled, "SOURCE")),
            (Answer::Changed, (Code::Aborted, "SOURCE_CHANGED")),
        ] {
            source.answer(None);
            source.counted();
            *source.script.lock().unwrap() = Some((first, answer.clone()));
            assert_eq!(why(try_open_source(&source, options(1))), expected, "read {first}: {answer:?}");
        }
    }
    source.answer(Some(Answer::Fail(Code::NotFound, "404 Not Found")));
    assert_eq!(why(try_open_source(&source, options(1))), (Code::NotFound, "SOURCE"));
}

#[test]
fn what_cannot_be_read_by_ranges_is_refused_before_its_payload_is_read() {
    for (encoding, name) in [(Encoding::Tar, " TAR,"), (Encoding::TarZstd, " TAR_ZSTD,")] {
        let fixture = in_encoding(encoding, 20, 1_000);
        let source = Scripted::of(&fixture.path());
        let error = try_open_source(&source, options(1)).err().unwrap();
        assert_eq!((error.code(), error.reason().name()), (Code::FailedPrecondition, "PAYLOAD_ENCODING"));
        assert!(error.to_string().starts_with(NAME) && error.to_string().contains(name), "{error}");
        assert!(source.counted().0 <= 2);
    }
}

#[test]
fn what_is_no_file_of_this_library_is_refused_as_a_local_file_is() {
    let open = |bytes: &[u8]| try_open_source(&Scripted::of_bytes(bytes.to_vec()), options(1));
    assert_eq!(why(open(b"")), (Code::FailedPrecondition, "NOT_C1Z"));
    assert_eq!(why(open(b"C1")), (Code::DataLoss, "CORRUPTION"));
    assert_eq!(why(open(b"PK\x03\x04 and so on")), (Code::FailedPrecondition, "NOT_C1Z"));
    assert_eq!(why(open(b"C1ZF\0 and so on")), (Code::FailedPrecondition, "FORMAT_V1"));
    let fixture = large();
    let whole = fs::read(fixture.path()).unwrap();
    assert_eq!(why(open(&whole[..whole.len() - 1])), (Code::DataLoss, "CORRUPTION"));
}

#[test]
fn a_source_is_only_read() {
    let fixture = in_encoding(Encoding::IndexedZstd, 1, 1);
    let source = Scripted::of(&fixture.path());
    let writable = OpenOptions { read_only: false, ..options(1) };
    assert_eq!(why(try_open_source(&source, writable)), (Code::InvalidArgument, "INVALID_ARGUMENT"));
    let store = open_source(&source);
    assert_eq!(why(try_put_resource_types(&store, &["other"])), (Code::FailedPrecondition, "READ_ONLY"));
    assert_eq!(store.metadata().unwrap().path, NAME);
    save(&store);
    store.close().unwrap();
}

#[test]
fn a_damaged_table_fails_the_reads_that_need_it() {
    let fixture = large();
    let entries = c1z::envelope::list(&fixture.path()).unwrap();
    let frame = entries.into_iter().max_by_key(|entry| entry.raw_size).unwrap().stored.unwrap();
    let mut bytes = fs::read(fixture.path()).unwrap();
    bytes[(frame.offset + frame.size / 2) as usize] ^= 1;
    let store = open_source(&Scripted::of_bytes(bytes));
    assert_eq!(store.list_resource_types(&Default::default()).unwrap().decode().unwrap().list.len(), 2);
    let error = read_all(&store).unwrap_err();
    assert_eq!((error.code(), error.reason().name()), (Code::DataLoss, "CORRUPTION"), "{error}");
    assert!(error.to_string().contains("file.c1z"), "{error}");
    store.close().unwrap();
}

#[test]
fn one_wrong_answer_damages_one_call() {
    let fixture = large();
    let entries = c1z::envelope::list(&fixture.path()).unwrap();
    let tables: Vec<_> = entries.into_iter().filter(|entry| entry.name.ends_with(".sst")).collect();
    let ends_start = fs::metadata(fixture.path()).unwrap().len() - (256 << 10);
    let mut at_the_end = 0;
    for (table, threads) in tables.into_iter().zip([1, 2].into_iter().cycle()) {
        let frame = table.stored.unwrap();
        let middle = frame.offset + frame.size / 2;
        at_the_end += usize::from(middle >= ends_start);
        let source = Scripted::of(&fixture.path());
        // What opening reads is wrong there too.
        source.answer(Some(Answer::Flipped(middle)));
        let opened = try_open_source(&source, options(threads));
        if let Err(error) = opened.as_ref().map_or_else(|_| Ok(0), read_all) {
            assert_eq!((error.code(), error.reason().name()), (Code::DataLoss, "CORRUPTION"), "{error}");
        }
        source.answer(None);
        // Opening looks into a table or two.
        let store = opened.or_else(|_| try_open_source(&source, options(threads))).unwrap();
        let rows = read_all(&store).unwrap_or_else(|error| panic!("{}, {threads} threads: {error}", table.name));
        assert_eq!(rows, GROUPS * USERS);
        store.close().unwrap();
    }
    assert!(at_the_end > 0, "no table lies in what is read when a file is opened");
}

/// Reads all grants and their index by principals, and counts the grants.
fn read_all(store: &Store) -> c1z::Result<usize> {
    let (mut rows, mut token) = page(store, "", 0)?;
    while !token.is_empty() {
        let (more, next) = page(store, &token, 0)?;
        rows.extend(more);
        token = next;
    }
    grants_by_principals(store)?;
    Ok(rows.len())
}

/// Reads the index of grants by principal too.
fn grants_by_principals(store: &Store) -> c1z::Result<()> {
    for user in 0..USERS {
        let principal_id = Some(id(("user", &format!("user-{user:06}"))));
        store.list_grants_for_principal(&c1z::proto::reader::GrantsReaderServiceListGrantsForPrincipalRequest {
            principal_id,
            ..Default::default()
        })?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// A host may say anything of a size, and give anything.
    #[test]
    fn bytes_from_anywhere_are_refused_or_read(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let fixture = in_encoding(Encoding::IndexedZstd, 1, 3);
        let mut bytes = fs::read(fixture.path()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(store) = try_open_source(&Scripted::of_bytes(bytes), options(1)) {
            let _ = list(&store);
            store.close().unwrap();
        }
    }
}

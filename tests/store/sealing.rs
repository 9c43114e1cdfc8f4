//! The end of a sync, raced by writers.

use std::sync::atomic::{AtomicUsize, Ordering};

use c1z::Error;

use super::fixture::*;
use super::index;

const WRITERS: usize = 4;

#[test]
fn a_write_that_races_the_end_is_refused_or_complete_and_counted() {
    for round in 0..5 {
        let fixture = Fixture::new();
        let store = fixture.open();
        let sync = start(&store, "full");
        let written = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (store, written) = (&store, &written);
                scope.spawn(move || {
                    for row in 0.. {
                        let grant = expandable(membership("g", &format!("{writer}-{row}")));
                        match try_put_grants(store, &[grant]) {
                            Ok(()) => written.fetch_add(1, Ordering::SeqCst),
                            Err(Error::Sealed) => return,
                            Err(other) => panic!("{other}"),
                        };
                    }
                });
            }
            while written.load(Ordering::SeqCst) < 50 * (round + 1) {
                std::thread::yield_now();
            }
            end(&store);
        });
        let written = written.load(Ordering::SeqCst);
        assert_eq!(get_sync(&store, &sync).stats.unwrap().grants as usize, written);
        let store = fixture.reopen(store);
        assert_eq!(grants(&store).len(), written);
        assert_eq!(pending(&store).len(), written);
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn a_write_that_races_a_save_is_in_the_file_or_makes_the_store_dirty() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    const ROWS: usize = 300;
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            (0..ROWS).for_each(|row| put_grants(&store, &[membership("g", &row.to_string())]));
        });
        while !writer.is_finished() {
            save(&store);
        }
    });
    let store = fixture.reopen(store);
    assert_eq!(grants(&store).len(), ROWS);
}

#[test]
fn session_values_are_written_and_cleared_after_the_end() {
    let fixture = Fixture::new();
    let store = fixture.open();
    let sync = start(&store, "full");
    set_session(&store, &sync, &[("a", b"1"), ("a\0b", b"2"), ("ab", b"3"), ("%", b"4")]);
    end(&store);
    set_session(&store, &sync, &[("after", b"5")]);
    let clear = |prefix: &str| {
        store.clear_session(&ClearSessionRequest { sync_id: sync.clone(), prefix: prefix.into() }).unwrap();
        session(&store, &sync).into_iter().map(|value| value.key).collect::<Vec<_>>()
    };
    assert_eq!(clear("ab"), ["%", "a", "a\0b", "after"]);
    assert_eq!(clear("%"), ["a", "a\0b", "after"]);
    assert_eq!(clear("a\0"), ["a", "after"]);
    assert_eq!(clear(""), [""; 0]);
}

#[test]
fn a_page_of_session_values_holds_as_many_as_fit_and_never_none() {
    const LIMIT: usize = 4_132_864;
    let fixture = Fixture::new();
    let store = fixture.open();
    // A row costs its key, its value and 20 bytes; a value that is got costs its key and 10, its bytes and 10.
    let listed = |sizes: &[usize]| {
        let largest = vec![1; LIMIT + 1];
        let values: Vec<(&str, &[u8])> =
            ["a", "b", "c"].into_iter().zip(sizes.iter().map(|&size| &largest[..size])).collect();
        set_session(&store, "s", &values);
        let page = store.list_session_values(&ListSessionValuesRequest { sync_id: "s".into(), ..Default::default() });
        let page = page.unwrap();
        (page.list.len(), page.next_page_token)
    };
    assert_eq!(listed(&[LIMIT - 42, 0, 0]), (2, "c".into()));
    assert_eq!(listed(&[LIMIT - 41, 0, 0]), (1, "b".into()));
    assert_eq!(listed(&[LIMIT + 1, LIMIT + 1, 0]), (1, "b".into()));
    let got = |keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).into()).collect();
        let request = GetSessionValuesRequest { sync_id: "s".into(), prefix: String::new(), keys };
        let response = store.get_session_values(&request).unwrap();
        (response.values.into_keys().collect::<Vec<_>>(), response.unprocessed_keys)
    };
    let text = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<String>>();
    assert_eq!(got(&["b", "absent", "a"]), (text(&["a"]), text(&["b"])));
    listed(&[LIMIT - 42, 0, 0]);
    assert_eq!(got(&["a", "c"]), (text(&["a", "c"]), text(&[])));
    listed(&[LIMIT - 41, 0, 0]);
    assert_eq!(got(&["a", "c"]), (text(&["a"]), text(&["c"])));
}

//! How many session values one response holds.

use super::fixture::*;

const SYNC: &str = "session";

fn set(store: &Store, key: &str, size: usize) {
    let values = [(key.to_owned(), vec![1; size])].into();
    store.set_session_values(&SetSessionValuesRequest { sync_id: SYNC.into(), values, ..Default::default() }).unwrap();
}

/// The keys of the values that come, and of those that do not.
fn get(store: &Store, keys: &[&str]) -> (Vec<String>, Vec<String>) {
    let keys = keys.iter().map(|&key| key.to_owned()).collect();
    let request = GetSessionValuesRequest { sync_id: SYNC.into(), keys, ..Default::default() };
    let response = store.get_session_values(&request).unwrap();
    (response.values.into_keys().collect(), response.unprocessed_keys)
}

#[test]
fn a_value_that_does_not_fit_takes_no_room_from_others() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for key in ["a", "b"] {
        set(&store, key, 2_500_000);
    }
    for key in ["c", "d"] {
        set(&store, key, 1);
    }
    assert_eq!(get(&store, &["d", "b", "a", "none", "c"]), (text(&["a", "c", "d"]), text(&["b"])));
}

#[test]
fn a_value_that_fits_into_no_response_comes_alone_and_last() {
    let fixture = Fixture::new();
    let store = fixture.open();
    set(&store, "a", 5_000_000);
    set(&store, "b", 6_000_000);
    set(&store, "c", 1);
    assert_eq!(get(&store, &["a", "b", "c"]), (text(&["c"]), text(&["a", "b"])));
    assert_eq!(get(&store, &["a", "b"]), (text(&["a"]), text(&["b"])));
    assert_eq!(get(&store, &["b"]), (text(&["b"]), text(&[])));
    assert_eq!(get(&store, &["none"]), (text(&[]), text(&[])));
}

fn text(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

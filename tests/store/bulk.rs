//! Bulk load: whatever is pending shows, wins and survives as if it had been written at once.

use c1z::control::Control;

use super::fixture::*;
use super::index;

/// A store whose budget holds some hundred records: nearly every put spills.
fn open_with_a_small_budget(fixture: &Fixture) -> Store {
    let options = OpenOptions { memory_budget: 1, threads: 2, ..OpenOptions::default() };
    Store::open(&fixture.path(), options, &Control::none()).unwrap()
}

/// A membership with a user's id of six digits.
fn numbered(group: usize, user: usize) -> Grant {
    membership(&format!("g{group}"), &format!("u{user:06}"))
}

fn named(mut grant: Grant, id: String) -> Grant {
    grant.id = id;
    grant
}

fn count(store: &Store) -> usize {
    let mut request = GrantsServiceListGrantsRequest::default();
    let mut rows = 0;
    loop {
        let page = store.list_grants(&request).unwrap().decode().unwrap();
        rows += page.list.len();
        if page.next_page_token.is_empty() {
            return rows;
        }
        request.page_token = page.next_page_token;
    }
}

/// A permutation of 0..`n`: seven and `n` have no common factor.
fn shuffled(n: usize) -> impl Iterator<Item = usize> {
    assert!(!n.is_multiple_of(7));
    (0..n).map(move |at| at * 7 % n)
}

#[test]
fn a_wish_to_stop_is_looked_at_before_every_long_record() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    for user in 0..40 {
        let name = "x".repeat(1 << 20);
        put_resources(&store, &[Resource { display_name: name, ..resource(("user", &user.to_string())) }]);
    }
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let stop = || looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 20;
    let stopped = store.end_sync(&Control::new(&stop, &|_, _| ()));
    assert_eq!(why(stopped), (Code::Cancelled, "CANCELLED"));
    end(&store);
    assert_eq!(resources(&store).len(), 8, "a page of them");
}

#[test]
fn kinds_become_tables_in_whatever_order_a_reader_names_them() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    put_entitlements(&store, &[entitlement(("group", "g0"), "group:g0:member")]);
    put_grants(&store, &(0..5_000).map(|user| numbered(0, user)).collect::<Vec<_>>());
    // It reads grants, and entitlements for their ids.
    assert_eq!(count(&store), 5_000);
    assert_eq!(entitlements(&store).len(), 1);
}

#[test]
fn the_last_of_many_puts_wins_across_runs_and_leaves_its_index_entries_alone() {
    const N: usize = 40_000;
    let fixture = Fixture::new();
    let store = open_with_a_small_budget(&fixture);
    let sync = start(&store, "full");
    // First every grant needs expansion and has an id of its own; then every second is put again without either.
    for page in shuffled(N).collect::<Vec<_>>().chunks(1_000) {
        let grants = page.iter().map(|&user| named(expandable(numbered(user % 11, user)), format!("own-{user}")));
        put_grants(&store, &grants.collect::<Vec<_>>());
    }
    for page in shuffled(N).filter(|user| user % 2 == 0).collect::<Vec<_>>().chunks(999) {
        put_grants(&store, &page.iter().map(|&user| numbered(user % 11, user)).collect::<Vec<_>>());
    }
    end(&store);
    assert_eq!(count(&store), N);
    assert_eq!(get_sync(&store, &sync).stats.unwrap().grants, N as i64);
    assert_eq!(why(get_grant(&store, "own-0")), NOT_FOUND);
    assert_eq!(get_grant(&store, "own-1").unwrap().id, "own-1");
    assert_eq!(get_grant(&store, "group:g0:member:user:u000000").unwrap().principal, numbered(0, 0).principal);
    select(&store, &sync);
    let mut waiting = ListPendingExpansionRequest::default();
    let mut pending = 0;
    loop {
        let page = store.list_pending_expansion(&waiting).unwrap().decode().unwrap();
        pending += page.list.len();
        waiting.page_token = page.next_page_token;
        if waiting.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(pending, N / 2);
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn refreshed_grants_among_new_ones_have_the_entries_of_what_stays() {
    const N: usize = 40_001;
    for small in [true, false] {
        let fixture = Fixture::new();
        let store = if small { open_with_a_small_budget(&fixture) } else { fixture.open() };
        let sync = start(&store, "full");
        let users = |every: usize| shuffled(N).filter(move |user| user % every == 0).collect::<Vec<_>>();
        let own = |user: usize| named(expandable(numbered(0, user)), format!("own-{user}"));
        let put_own = |users: &[usize]| put_grants(&store, &users.iter().map(|&user| own(user)).collect::<Vec<_>>());
        users(5).chunks(1_000).for_each(put_own);
        assert_eq!(count(&store), N.div_ceil(5), "which merges them");
        users(3).chunks(1_000).for_each(put_own);
        for page in users(2).chunks(1_000) {
            let written_back = |&user: &usize| Grant { sources: Some(GrantSources::default()), ..numbered(0, user) };
            try_put_expanded(&store, &page.iter().map(written_back).collect::<Vec<_>>()).unwrap();
        }
        for page in users(7).chunks(1_000) {
            let names: Vec<String> = page.iter().map(|user| format!("u{user:06}")).collect();
            try_put_contributions(&store, "g0", &names.iter().map(String::as_str).collect::<Vec<_>>(), true).unwrap();
        }
        end(&store);
        let there = |user: &usize| [2, 3, 5, 7].iter().any(|every| user.is_multiple_of(*every));
        assert_eq!(get_sync(&store, &sync).stats.unwrap().grants, (0..N).filter(there).count() as i64);
        assert_eq!(get_grant(&store, "own-9").unwrap().id, "own-9");
        for user in ["u000006", "u000010", "u000014", "u000021", "u000035"] {
            assert_eq!(
                get_grant(&store, &format!("group:g0:member:user:{user}"))
                    .unwrap()
                    .principal
                    .unwrap()
                    .id
                    .unwrap()
                    .resource,
                user
            );
        }
        for user in [6, 10, 21, 35] {
            assert_eq!(why(get_grant(&store, &format!("own-{user}"))), NOT_FOUND);
        }
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn what_merging_counts_is_what_a_recount_finds() {
    let fixture = Fixture::new();
    let store = open_with_a_small_budget(&fixture);
    let sync = start(&store, "full");
    let grants = |users: std::ops::Range<usize>| users.map(|user| numbered(user % 11, user)).collect::<Vec<_>>();
    put_grants(&store, &grants(0..6_000));
    assert_eq!(count(&store), 6_000, "which merges them");
    put_grants(&store, &grants(3_000..12_000));
    put_grants(&store, &grants(11_000..12_500));
    assert_eq!(count(&store), 12_500, "which merges those");
    put_grants(&store, &grants(12_000..12_600));
    end(&store);
    let counted = get_sync(&store, &sync).stats.unwrap();
    assert_eq!(counted.grants, 12_600);
    store.recalculate_stats(&RecalculateStatsRequest { sync_id: sync.clone() }, &Control::none()).unwrap();
    let again = get_sync(&store, &sync).stats.unwrap();
    assert_eq!(again, counted);
}

#[test]
fn what_is_pending_shows_in_every_read_of_its_kind() {
    let fixture = Fixture::new();
    let store = open_with_a_small_budget(&fixture);
    let sync = start(&store, "full");
    for round in 0..20 {
        put_resources(&store, &[child(("user", &format!("u{round}")), ("org", "o"))]);
        assert_eq!(resources(&store).len(), round + 1);
        assert_eq!(children(&store, ("org", "o")).len(), round + 1);
        let page: Vec<Grant> = (0..300).map(|user| expandable(numbered(round, user))).collect();
        put_grants(&store, &page);
        assert_eq!(count(&store), 300 * (round + 1));
        assert_eq!(pending(&store).len(), 300 * (round + 1));
        assert!(get_grant(&store, &format!("group:g{round}:member:user:u000299")).is_ok());
        let stats = get_sync(&store, &sync).stats.unwrap();
        assert_eq!((stats.resources, stats.grants), (round as i64 + 1, 300 * (round as i64 + 1)));
    }
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn a_record_that_moves_in_an_index_leaves_nothing_behind_wherever_the_earlier_one_was() {
    // The earlier resource is in memory, in the database by way of a batch, or in a file that was saved and opened.
    for earlier in ["pending", "read", "saved"] {
        let fixture = Fixture::new();
        let mut store = open_with_a_small_budget(&fixture);
        let sync = start(&store, "full");
        put_resources(&store, &[child(("user", "u"), ("org", "before"))]);
        match earlier {
            "read" => assert_eq!(resources(&store).len(), 1),
            "saved" => {
                close(store);
                store = open_with_a_small_budget(&fixture);
                resume(&store, &sync).unwrap();
            }
            _ => {}
        }
        put_resources(&store, &[child(("user", "u"), ("org", "after"))]);
        end(&store);
        assert_eq!(children(&store, ("org", "before")), [], "{earlier}");
        assert_eq!(children(&store, ("org", "after")), [id(("user", "u"))], "{earlier}");
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn an_expanders_write_keeps_the_state_of_the_grant_wherever_that_is() {
    for earlier in ["pending", "read", "saved", "spilled"] {
        let fixture = Fixture::new();
        let mut store = open_with_a_small_budget(&fixture);
        let sync = start(&store, "full");
        put_grants(&store, &[expandable(numbered(0, 0))]);
        match earlier {
            "read" => assert_eq!(pending(&store).len(), 1),
            "saved" => {
                close(store);
                store = open_with_a_small_budget(&fixture);
                resume(&store, &sync).unwrap();
            }
            "spilled" => (1..20).for_each(|group| {
                put_grants(&store, &(0..300).map(|user| numbered(group, user)).collect::<Vec<_>>());
            }),
            _ => {}
        }
        // Twice: a refresh may follow another that is itself pending.
        try_put_expanded(&store, &[numbered(0, 0), numbered(0, 1)]).unwrap();
        try_put_expanded(&store, &[named(numbered(0, 0), "renamed".into()), expandable(numbered(0, 1))]).unwrap();
        let waiting = pending(&store);
        assert_eq!(waiting.len(), 1, "{earlier}");
        assert_eq!(
            (waiting[0].grant_id.as_str(), waiting[0].principal.clone()),
            ("renamed", Some(id(("user", "u000000"))))
        );
        end(&store);
        assert_eq!(get_grant(&store, "renamed").unwrap().annotations.len(), 1, "{earlier}");
        close(store);
        index::agrees_with_the_records(&fixture.path());
    }
}

#[test]
fn a_put_of_records_that_are_partly_incomplete_puts_none() {
    let fixture = Fixture::new();
    let store = fixture.open();
    start(&store, "full");
    let incomplete = Grant { principal: None, ..numbered(0, 1) };
    assert_eq!(why(try_put_grants(&store, &[numbered(0, 0), incomplete])), INVALID);
    assert_eq!(count(&store), 0);
}

#[test]
fn puts_go_on_after_the_folder_for_runs_was_gone_for_a_while() {
    let fixture = Fixture::new();
    let store = open_with_a_small_budget(&fixture);
    start(&store, "full");
    let staging = std::path::PathBuf::from(store.metadata().unwrap().database_path).join("staging");
    let away = staging.with_file_name("away");
    std::fs::rename(&staging, &away).unwrap();
    let mut accepted = Vec::new();
    let mut refused = 0;
    for group in 0..20 {
        let page: Vec<Grant> = (0..300).map(|user| numbered(group, user)).collect();
        match try_put_grants(&store, &page) {
            Ok(()) => accepted.push(group),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0, "a run that cannot be spilled is told");
    std::fs::rename(&away, &staging).unwrap();
    for group in (0..20).filter(|group| !accepted.contains(group)) {
        put_grants(&store, &(0..300).map(|user| numbered(group, user)).collect::<Vec<_>>());
    }
    end(&store);
    assert_eq!(count(&store), 20 * 300);
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

#[test]
fn a_sync_that_is_dropped_takes_what_is_pending_with_it() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for _ in 0..4 {
        start(&store, "full");
        put_grants(&store, &[numbered(0, 0)]);
        end(&store);
    }
    let open = start(&store, "full");
    put_grants(&store, &[numbered(0, 0), numbered(0, 1)]);
    store.cleanup(&CleanupRequest { keep: 1 }, &Control::none()).unwrap();
    select(&store, &open);
    assert_eq!(count(&store), 2);
    close(store);
    index::agrees_with_the_records(&fixture.path());
}

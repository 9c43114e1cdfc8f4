//! A read of a file whose tables are unpacked when they are needed, and the disk fails: the read fails and says so, what it
//! shows is right, and it can be tried again.

use c1z::control::Control;

use crate::fixture::*;
use crate::place::{names, Place, Tally};
use crate::syscalls::{under, Fault};

const GROUPS: usize = 30;
const USERS: usize = 1_000;

fn large() -> Place {
    let place = Place::new();
    let store = place.open();
    start(&store, "full");
    // RocksDB: whatever is scanned, it looks into the first table. This one is too small to be left for later.
    put_resources(&store, &(0..5_000).map(|user| resource(("user", &user.to_string()))).collect::<Vec<_>>());
    put_memberships(&store, GROUPS, USERS);
    end(&store);
    close(store);
    place
}

fn list(store: &Store) -> c1z::Result<usize> {
    let (mut rows, mut page_token) = (0, String::new());
    loop {
        let request = GrantsServiceListGrantsRequest { page_token, page_size: 5_000, ..Default::default() };
        let page = store.list_grants(&request)?.decode().unwrap();
        for (index, grant) in page.list.iter().enumerate() {
            let user = grant.principal.as_ref().and_then(|principal| principal.id.as_ref()).unwrap();
            assert!(user.resource.ends_with(&format!("{:06}", (rows + index) % USERS)), "{user:?}");
        }
        rows += page.list.len();
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(rows);
        }
    }
}

fn round(place: &Place, threads: usize, fault: i32, from: u64, and_later: bool) -> (Vec<String>, bool) {
    let options = OpenOptions { read_only: true, tmp_dir: Some(place.work()), threads, ..OpenOptions::default() };
    let store = Store::open(&place.file(), options, &Control::none()).unwrap();
    let (listed, struck) = under(place.plan(Fault::Error(fault), from, and_later), || list(&store));
    let at = format!("{from}: {struck:?}, {:?}", listed.as_ref().err());
    let failed = listed.is_err();
    match listed {
        Ok(rows) => assert_eq!(rows, GROUPS * USERS, "{at}"),
        Err(error) => {
            assert_eq!(error.reason().name(), "ENGINE", "{at}");
            let code = if fault == libc::ENOSPC { Code::ResourceExhausted } else { Code::Unknown };
            assert_eq!(error.code(), code, "{at}");
        }
    }
    assert_eq!(list(&store).unwrap_or_else(|error| panic!("{error}, after {at}")), GROUPS * USERS);
    store.close().unwrap();
    assert_eq!(names(&place.work()), [""; 0], "{at}");
    (struck, failed)
}

#[test]
fn a_read_that_fails_to_unpack_a_table_fails_and_works_when_the_disk_does_again() {
    let template = large();
    let before = template.bytes();
    let tally = Tally::default();
    // Where a thread reads ahead, the fault may be its alone, and a second reader never sees it.
    for threads in [1, 2] {
        tally.sweep(|from| round(&Place::like(&template), threads, libc::ENOSPC, from, false));
        tally.sweep(|from| round(&Place::like(&template), threads, libc::EIO, from, true));
    }
    tally.print("read");
    assert!(tally.failed() > 0);
    for point in ["open sst", "write sst"] {
        assert!(tally.struck(point), "no fault struck at {point}");
    }
    assert!(template.bytes() == before);
}

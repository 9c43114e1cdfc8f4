//! Pages: bounded by their differences, by their bytes, and by what was read for them.

use c1z::control::Control;
use c1z::store::FileComparison;
use prost::Message;

use crate::comparing::{self, request};
use crate::family::{self, sync};
use crate::fixture::*;
use crate::record::Record;
use crate::reference::{differences, rows};

fn grants(identities: std::ops::Range<u32>, content: u32) -> Vec<Record> {
    identities.map(|identity| Record { kind: 3, identity, content, discovered_at: None }).collect()
}

#[test]
fn thousands_of_differences_come_in_pages_and_each_of_them_once() {
    let folder = Fixture::new();
    let records = [grants(0..2500, 0), [grants(0..1, 0), grants(1..2500, 1)].concat()];
    let paths = family::write_files(&folder, &records.clone().map(|records| sync(1, records)));
    let found = comparing::of_files(&paths[0], &paths[1]);
    assert_eq!(found.pages, 3);
    assert_eq!(found.records_read, 5000);
    assert_eq!(rows(&found.list), differences(&records[0], &records[1], &CompareOptions::default()));
    let back = comparing::of_files(&paths[1], &paths[0]);
    assert_eq!(back.list.len(), 2499);
}

#[test]
fn a_page_ends_also_where_nothing_differs() {
    let folder = Fixture::new();
    let mut records = grants(0..60_000, 0);
    let paths = family::write_files(
        &folder,
        &[sync(1, records.clone()), {
            records.pop();
            sync(2, records)
        }],
    );
    let found = comparing::of_files(&paths[0], &paths[1]);
    assert!(found.pages > 2, "{} pages of {} records", found.pages, found.records_read);
    assert_eq!(found.records_read, 119_999);
    assert_eq!(found.list.len(), 1);
}

#[test]
fn a_record_of_any_size_fits_and_none_is_added_to_a_full_page() {
    let folder = Fixture::new();
    let write = |name: &str, letter: char| {
        let store = open(&folder.beside(name), false).unwrap();
        start(&store, "full");
        let long = |id: &str| Resource { display_name: letter.to_string().repeat(3 << 20), ..resource(("user", id)) };
        put_resources(&store, &[long("a"), long("b")]);
        end(&store);
        close(store);
    };
    write("before.c1z", 'b');
    write("after.c1z", 'a');
    let request = request(&folder.beside("before.c1z"), &folder.beside("after.c1z"));
    let mut comparison = FileComparison::open(&request, &Control::none()).unwrap();
    for id in ["a", "b"] {
        let page = ComparePage::decode(&comparison.next_page().unwrap().unwrap()[..]).unwrap();
        let [found] = &page.list[..] else { panic!("{} differences", page.list.len()) };
        match found.after.as_ref().unwrap().record.as_ref().unwrap() {
            compared_record::Record::Resource(resource) => assert_eq!(resource.id.as_ref().unwrap().resource, id),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nothing_compared_with_nothing_is_nothing() {
    let folder = Fixture::new();
    let paths = family::write_files(&folder, &[sync(1, Vec::new()), sync(2, Vec::new())]);
    let found = comparing::of_files(&paths[0], &paths[1]);
    assert_eq!((found.list.len(), found.records_read), (0, 0));
}

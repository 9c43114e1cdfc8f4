//! What is created in the temporary folder, and who might look into it before anybody could change that.

use c1z::control::Control;
use c1z::store::verify;

use crate::fixture::*;
use crate::place::{open_at, Place};
use crate::syscalls::creations;

#[test]
fn every_folder_and_file_is_created_for_its_owner_alone() {
    let place = Place::new();
    let work = place.work();
    let string = |name: &str| place.folder().join(name).to_str().unwrap().to_owned();
    let ((), created) = creations(&work, || {
        let options = OpenOptions {
            tmp_dir: Some(work.clone()),
            threads: 2,
            memory_budget: 1 << 20,
            durable: true,
            ..OpenOptions::default()
        };
        let store = Store::open(&place.file(), options.clone(), &Control::none()).unwrap();
        start(&store, "full");
        put_resource_types(&store, &["user", "group"]);
        put_memberships(&store, 40, 1_000);
        checkpoint(&store, "token");
        end(&store);
        save(&store);
        let path = string("clone.c1z");
        store.clone_sync(&CloneSyncRequest { path, ..Default::default() }, &Control::none()).unwrap();
        store.close().unwrap();
        let options = OpenOptions { read_only: true, ..options };
        let store = Store::open(&place.file(), options, &Control::none()).unwrap();
        grants(&store);
        store.close().unwrap();
        let request = VerifyRequest { path: string("file.c1z"), tmp_dir: string("work"), ..Default::default() };
        verify(&request, &Control::none()).unwrap();
        open_at(&place.file(), &work).unwrap().close().unwrap();
    });
    let open_to_others: Vec<_> = created.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open_to_others.is_empty(), "{open_to_others:?}");
    for part in ["database", "staging", "CURRENT", "LOCK", "MANIFEST-", ".log", ".sst", "flush-"] {
        assert!(created.iter().any(|(path, _)| path.to_str().unwrap().contains(part)), "no {part} among {created:?}");
    }
}

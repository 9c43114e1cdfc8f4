//! A file with several syncs, ways to break it, and what is said of it then.

use std::fs;
use std::path::Path;

use c1z::control::Control;
use c1z::envelope::Encoding;
use c1z::findings::hex;
use c1z::keys::{EntitlementRef, GrantRef, ResourceRef, Slot};
use c1z::proto::manifest::C1zManifestV3;
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{FlushOptions, Options, DB};

use super::fixture::*;

/// The slot of the first sync.
pub const FIRST: Slot = Slot(1);

pub struct Sample {
    pub fixture: Fixture,
    /// Full, ended; partial, ended; full, unfinished.
    pub syncs: [String; 3],
}

/// The grant of the sample that has an entry in every index of grants.
pub const GRANT: GrantRef<'static> = GrantRef {
    entitlement: EntitlementRef {
        resource: ResourceRef { resource_type: "group", resource: "g" },
        id: "group:g:member",
    },
    principal: ResourceRef { resource_type: "user", resource: "named" },
};
pub const CHILD: ResourceRef<'static> = ResourceRef { resource_type: "user", resource: "child" };
pub const PARENT: ResourceRef<'static> = ResourceRef { resource_type: "org", resource: "o" };

fn fill(store: &Store) {
    put_resource_types(store, &["user", "group", "org"]);
    put_resources(
        store,
        &[child(("user", "child"), ("org", "o")), resource(("org", "o")), resource(("group", "g\0\u{1}"))],
    );
    put_entitlements(store, &[entitlement(("group", "g"), "group:g:member"), entitlement(("group", "g"), "other id")]);
    let named = Grant { id: "named".into(), ..expandable(membership("g", "named")) };
    put_grants(store, &[named, membership("g", "u"), grant(entitlement(("group", "g"), "other id"), ("user", "u"))]);
    put_asset(store, "icon", b"bytes");
}

impl Sample {
    pub fn new() -> Sample {
        Sample::encoded(Encoding::IndexedZstd)
    }

    pub fn encoded(encoding: Encoding) -> Sample {
        let fixture = Fixture::new();
        // Whoever changes a grant would find the same fault in the digests.
        let options =
            OpenOptions { encoding: Some(encoding), threads: 1, no_grant_digests: true, ..OpenOptions::default() };
        let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
        let syncs = [("full", true), ("partial", true), ("full", false)].map(|(of_type, ends)| {
            let sync = start(&store, of_type);
            fill(&store);
            checkpoint(&store, "token");
            set_session(&store, &sync, &[("key", b"value")]);
            if ends {
                end(&store);
            }
            sync
        });
        close(store);
        Sample { fixture, syncs }
    }

    /// Changes the database behind the store's back, key by key.
    pub fn tamper(&self, change: impl FnOnce(&DB)) {
        self.repack(|folder, _| {
            let database = folder.join("database");
            fs::create_dir(&database).unwrap();
            for name in files(folder) {
                fs::rename(folder.join(&name), database.join(&name)).unwrap();
            }
            let mut options = Options::default();
            options.set_disable_auto_compactions(true);
            let db = DB::open(&options, &database).unwrap();
            change(&db);
            db.flush_opt(&FlushOptions::default()).unwrap();
            let checkpoint = folder.join("checkpoint");
            Checkpoint::new(&db).unwrap().create_checkpoint(&checkpoint).unwrap();
            drop(db);
            fs::remove_dir_all(&database).unwrap();
            for name in files(&checkpoint).into_iter().filter(|name| is_ours(name)) {
                fs::rename(checkpoint.join(&name), folder.join(&name)).unwrap();
            }
            fs::remove_dir_all(&checkpoint).unwrap();
        });
    }

    /// Changes the files of the payload, and the manifest.
    pub fn repack(&self, change: impl FnOnce(&Path, &mut C1zManifestV3)) {
        repack(&self.fixture.path(), change);
    }

    pub fn bytes(&self) -> Vec<u8> {
        fs::read(self.fixture.path()).unwrap()
    }

    pub fn write(&self, bytes: &[u8]) {
        fs::write(self.fixture.path(), bytes).unwrap();
    }

    pub fn verify(&self) -> VerifyReport {
        verify(&self.fixture.path())
    }

    /// The faults, which must be of these kinds and about these keys.
    #[track_caller]
    pub fn assert_faults(&self, expected: &[(FaultKind, &[u8])]) -> Vec<Fault> {
        let report = self.verify();
        let mut found: Vec<(FaultKind, String)> =
            report.faults.iter().map(|fault| (fault.kind(), fault.key_hex.clone())).collect();
        let mut expected: Vec<(FaultKind, String)> = expected.iter().map(|(kind, key)| (*kind, hex(key))).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}", report.text);
        assert!(!report.truncated);
        for fault in &report.faults {
            assert!(report.text.lines().any(|line| line == fault.line()), "{fault:?} is no line of {}", report.text);
        }
        report.faults
    }
}

fn is_ours(name: &str) -> bool {
    name == "CURRENT" || name.starts_with("MANIFEST-") || name.ends_with(".sst")
}

/// The names of the files in a folder.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let names = entries.filter(|entry| entry.file_type().unwrap().is_file());
    let mut names: Vec<String> = names.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub fn request(path: &Path) -> VerifyRequest {
    VerifyRequest {
        path: path.to_str().unwrap().into(),
        threads: 1,
        memory_budget_bytes: 16 << 20,
        ..Default::default()
    }
}

pub fn verify(path: &Path) -> VerifyReport {
    let before = fs::read(path).unwrap();
    let report = c1z::store::verify(&request(path), &Control::none()).unwrap();
    assert!(fs::read(path).unwrap() == before, "verifying changes nothing");
    report
}

//! Inputs that cannot be merged: the error says which one it is, and why.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use c1z::control::Control;
use c1z::keys::SyncId;
use c1z::proto::storage::SyncType;
use c1z::store::merge_files;

use crate::family::{self, sync, Sync};
use crate::fixture::*;
use crate::merging::{merge, request_of};
use crate::output::{fails, pair};
use crate::record::Record;
use crate::stored;

/// What a merge of these two syncs fails with, in either order; the message has `named` in it.
#[track_caller]
fn refused(folder: &Fixture, sound: (&Path, &str), other: (&Path, &str), why: (Code, &str), named: &[&str]) {
    for inputs in [[sound, other], [other, sound]] {
        let error = fails(folder, &request_of(&inputs, &folder.beside("output.c1z")));
        assert_eq!((error.code(), error.reason().name()), why, "{error}");
        for name in named {
            assert!(error.to_string().contains(name), "{error} does not name {name}");
        }
    }
}

#[test]
fn fewer_than_two_inputs_are_refused() {
    let (folder, request) = pair(true);
    for count in [0, 1] {
        let error = fails(&folder, &MergeFilesRequest { inputs: request.inputs[..count].to_vec(), ..request.clone() });
        assert_eq!((error.code(), error.reason().name()), INVALID, "{error}");
    }
    let mut nameless = request.clone();
    nameless.inputs[1].path = String::new();
    let error = fails(&folder, &nameless);
    assert_eq!((error.code(), error.reason().name()), INVALID, "{error}");
    let error = fails(&folder, &MergeFilesRequest { payload_encoding: 77, ..request });
    assert_eq!((error.code(), error.reason().name()), INVALID, "{error}");
    assert!(error.to_string().contains("payload_encoding"), "{error}");
}

#[test]
fn a_sync_that_is_named_twice_is_found_by_whatever_path() {
    let (folder, request) = pair(true);
    let [base, partial] = ["input-0.c1z", "input-1.c1z"].map(|name| folder.beside(name));
    let [link, symlink] = ["link.c1z", "symlink.c1z"].map(|name| folder.beside(name));
    std::fs::hard_link(&partial, &link).unwrap();
    std::os::unix::fs::symlink(&partial, &symlink).unwrap();
    let id = stored::of_file(&partial).into_keys().next().unwrap();
    let dotted = folder.beside("./input-1.c1z");
    for (other, sync) in [(&partial, ""), (&partial, &id[..]), (&link, ""), (&symlink, &id), (&dotted, "")] {
        let inputs = [(base.as_path(), ""), (partial.as_path(), ""), (other.as_path(), sync)];
        let error = fails(&folder, &request_of(&inputs, &folder.beside("output.c1z")));
        assert_eq!((error.code(), error.reason().name()), INVALID, "{error}");
        let name = other.file_name().unwrap().to_str().unwrap();
        assert!(error.to_string().contains(name) && error.to_string().contains(&id), "{error}");
    }
    // A copy is another file, whatever is in it.
    let copy = folder.beside("copy.c1z");
    std::fs::copy(&partial, &copy).unwrap();
    let inputs = [(base.as_path(), ""), (partial.as_path(), ""), (copy.as_path(), "")];
    merge(&request_of(&inputs, Path::new(&request.output_path)));
}

#[test]
fn a_file_or_a_sync_that_is_missing_is_named() {
    let (folder, _) = pair(true);
    let sound = folder.beside("input-0.c1z");
    let other = folder.beside("input-1.c1z");
    refused(&folder, (&sound, ""), (&folder.beside("nowhere.c1z"), ""), NOT_FOUND, &["nowhere.c1z"]);
    let strange = SyncId::generate().to_string();
    refused(&folder, (&sound, ""), (&other, &strange), NOT_FOUND, &["input-1.c1z", &strange]);
    refused(&folder, (&sound, ""), (&other, "no ksuid"), NOT_FOUND, &["input-1.c1z", "no ksuid"]);
}

#[test]
fn a_file_without_a_sync_that_can_be_merged_is_named() {
    const NONE: (Code, &str) = (Code::FailedPrecondition, "FAILED_PRECONDITION");
    let (folder, _) = pair(true);
    let sound = folder.beside("input-0.c1z");
    let other = folder.beside("other.c1z");
    let unfinished = Sync { ended: None, ..sync(1, Vec::new()) };
    let unknown = Sync { of_type: SyncType::Unspecified, ..sync(1, Vec::new()) };
    family::write_file(&other, &[]);
    refused(&folder, (&sound, ""), (&other, ""), NONE, &["other.c1z"]);
    for not_merged in [unfinished, unknown] {
        let ids = family::write_file(&other, &[not_merged.clone(), sync(2, Vec::new())]);
        refused(&folder, (&sound, ""), (&other, &ids[0]), NONE, &["other.c1z", &ids[0]]);
        family::write_file(&other, &[not_merged]);
        refused(&folder, (&sound, ""), (&other, ""), NONE, &["other.c1z"]);
    }
}

#[test]
fn without_a_name_the_sync_that_ended_last_is_merged() {
    let (folder, _) = pair(true);
    let sound = folder.beside("input-0.c1z");
    let several = folder.beside("several.c1z");
    let of_time = |ended, of_type| Sync { ended, of_type, ..sync(1, Vec::new()) };
    let ids = family::write_file(
        &several,
        &[
            of_time(Some(1900), SyncType::Full),
            of_time(Some(2500), SyncType::Partial),
            of_time(Some(2400), SyncType::Full),
            of_time(Some(9000), SyncType::Unspecified),
            of_time(None, SyncType::Full),
        ],
    );
    for (number, inputs) in [[&sound, &several], [&several, &sound]].into_iter().enumerate() {
        let output = folder.beside(&format!("output-{number}.c1z"));
        let response = merge(&request_of(&inputs.map(|path| (path.as_path(), "")), &output));
        let token: serde_json::Value =
            serde_json::from_str(&stored::of_file(&output)[&response.sync_id].token).unwrap();
        let named = [&token["compaction"]["partial_sync_ids"][0], &token["compaction"]["base_sync_id"]][number];
        assert_eq!(named.as_str(), Some(&ids[1][..]));
    }
}

#[test]
fn what_opening_refuses_is_refused_and_named() {
    let (folder, _) = pair(true);
    let sound = folder.beside("input-0.c1z");
    let other = folder.beside("other.c1z");
    let precondition = |reason| (Code::FailedPrecondition, reason);
    std::fs::write(&other, b"C1ZF\0 and something else").unwrap();
    refused(&folder, (&sound, ""), (&other, ""), precondition("FORMAT_V1"), &["other.c1z"]);

    family::write_file(&other, &[sync(1, Vec::new())]);
    repack(&other, |_, manifest| manifest.engine = "pebble3".into());
    refused(&folder, (&sound, ""), (&other, ""), precondition("ENGINE_MISMATCH"), &["other.c1z"]);

    for version in [0, 2] {
        family::write_file(&other, &[sync(1, Vec::new())]);
        repack(&other, |_, manifest| manifest.engine_schema_version = version);
        refused(&folder, (&sound, ""), (&other, ""), precondition("LAYOUT_MISMATCH"), &["other.c1z"]);
        family::write_file(&other, &[sync(1, Vec::new())]);
        tamper(&other, |writer, _| writer.set(&c1z::keys::meta("layout"), &version.to_be_bytes()));
        refused(&folder, (&sound, ""), (&other, ""), precondition("LAYOUT_MISMATCH"), &["other.c1z"]);
    }
}

#[test]
fn what_is_no_file_of_ours_is_refused_and_named() {
    let (folder, _) = pair(true);
    let sound = folder.beside("input-0.c1z");
    let other = folder.beside("other.c1z");
    for bytes in [&b""[..], b"C1Z", b"something else that is long enough to have a head in it"] {
        std::fs::write(&other, bytes).unwrap();
        for inputs in [[&sound, &other], [&other, &sound]] {
            let inputs = inputs.map(|path| (path.as_path(), ""));
            let error = fails(&folder, &request_of(&inputs, &folder.beside("output.c1z")));
            assert!(
                [Code::DataLoss, Code::FailedPrecondition, Code::InvalidArgument].contains(&error.code()),
                "{error}"
            );
            assert!(error.to_string().contains("other.c1z"), "{error}");
        }
    }
    std::fs::remove_file(&other).unwrap();
    std::fs::create_dir(&other).unwrap();
    let error = fails(&folder, &request_of(&[(&sound, ""), (&other, "")], &folder.beside("output.c1z")));
    assert!(error.to_string().contains("other.c1z"), "{error}");
}

/// A second base takes the place of the first at each look at the caller's wish in turn.
#[test]
fn a_base_that_is_replaced_meanwhile_is_merged_as_it_was_or_not_at_all() {
    for small in [true, false] {
        let mut conflicts = 0;
        for at in 0.. {
            let (folder, request) = pair(small);
            let second = folder.beside("second.c1z");
            let record = |identity| Record { kind: 3, identity, content: 7, discovered_at: None };
            family::write_file(&second, &[sync(1, (0..40).map(record).collect())]);
            let grants = |base: &Path| stored::of_file(base).into_values().next().unwrap().records;
            let [of_first, of_second] = [grants(&folder.beside("input-0.c1z")), grants(&second)];
            let looks = AtomicU64::new(0);
            let replace = || {
                if looks.fetch_add(1, Ordering::Relaxed) == at {
                    std::fs::rename(&second, folder.beside("input-0.c1z")).unwrap();
                }
                false
            };
            match merge_files(&request, &Control::new(&replace, &|_, _| ())) {
                Ok(response) => {
                    let output = folder.beside("output.c1z");
                    stored::is_sound(&output);
                    let merged = stored::of_file(&output).remove(&response.sync_id).unwrap().records;
                    let is_of = |base: &stored::Stored| base.keys().all(|key| merged.contains_key(key));
                    assert!(is_of(&of_first) || is_of(&of_second), "a mixture, replaced at look {at}");
                }
                Err(error) => {
                    assert_eq!((error.code(), error.reason().name()), (Code::Aborted, "CONFLICT"), "{error}");
                    assert!(error.to_string().contains("input-0.c1z"), "{error}");
                    assert!(!folder.beside("output.c1z").exists());
                    conflicts += 1;
                }
            }
            if looks.into_inner() <= at {
                break;
            }
        }
        // In one pass the base is opened once.
        assert_eq!(conflicts > 0, small);
    }
}

//! What the tests share: directories, manifests, files made by hand.

mod abandoned;
mod damage;
mod hostile_frames;
mod hostile_tar;
mod lazy_files;
mod lazy_splicing;
mod publishing;
mod reading;
mod round_trip;
mod saving;
mod splicing;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::control::Control;
use crate::envelope::*;
use crate::proto::manifest::{C1zManifestV3, SyncRunSummary};
use crate::{Error, Result};

const ENCODINGS: [Encoding; 3] = [Encoding::TarZstd, Encoding::Tar, Encoding::IndexedZstd];

/// A payload: names and contents.
type Tree = BTreeMap<String, Vec<u8>>;

fn manifest() -> C1zManifestV3 {
    let run = SyncRunSummary { sync_id: "a-sync".into(), ..Default::default() };
    C1zManifestV3 { engine: "test".into(), engine_schema_version: 7, sync_runs: vec![run], ..Default::default() }
}

fn tree(files: &[(&str, &[u8])]) -> Tree {
    files.iter().map(|(name, bytes)| (name.to_string(), bytes.to_vec())).collect()
}

fn small_tree() -> Tree {
    tree(&[("CURRENT", b"MANIFEST-000004\n"), ("LOCK", b""), ("archive/deep/000007.log", &[7; 3000])])
}

fn below(folder: &TempDir) -> Payload {
    Payload::below(folder.path()).unwrap()
}

/// More than is compressed in memory.
fn huge() -> Vec<u8> {
    [noise(9 << 20), vec![1; 12 << 20]].concat()
}

/// Bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn lay_out(tree: &Tree, folder: &Path) {
    for (name, bytes) in tree {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn folder_of(tree: &Tree) -> TempDir {
    let folder = TempDir::new().unwrap();
    lay_out(tree, folder.path());
    folder
}

/// What lies below `folder`.
fn read_tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                tree.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    tree
}

/// A folder to play in, with a file in it that may exist.
struct Place {
    folder: TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("test.c1z");
        Place { folder, file }
    }

    /// A file with these bytes.
    fn with(bytes: &[u8]) -> Place {
        let place = Place::new();
        fs::write(&place.file, bytes).unwrap();
        place
    }

    fn save(&self, encoding: Encoding, tree: &Tree) -> Result<()> {
        let options = SaveOptions { threads: 2, ..Default::default() };
        save(&self.file, manifest(), encoding, below(&folder_of(tree)), &options, &Control::none()).map(drop)
    }

    fn unpack(&self) -> Result<Tree> {
        self.unpack_within(&Limits::default())
    }

    /// Unpacks, and checks that nothing is left behind by an error.
    fn unpack_within(&self, limits: &Limits) -> Result<Tree> {
        let into = TempDir::new().unwrap();
        let unpacked = unpack(&self.file, into.path(), limits, &Control::none());
        if unpacked.is_err() {
            assert_eq!(fs::read_dir(into.path()).unwrap().count(), 0, "something is left after {unpacked:?}");
        }
        unpacked.map(|_| read_tree(into.path()))
    }

    /// Puts the file in the place of another.
    fn move_to(&self, path: &Path) {
        fs::rename(&self.file, path).unwrap();
    }

    /// The names of what lies beside the file.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn saved(encoding: Encoding, tree: &Tree) -> Place {
    let place = Place::new();
    place.save(encoding, tree).unwrap();
    place
}

/// A head for a payload made by hand.
fn head_bytes(encoding: Encoding) -> Vec<u8> {
    head::encode_head(&head::manifest::encode(manifest(), encoding).unwrap()).unwrap().0
}

#[track_caller]
fn assert_corrupt<T: std::fmt::Debug>(result: Result<T>, part: &str) {
    match result {
        Err(Error::Corruption { place, detail }) => {
            assert!(place.ends_with("test.c1z"), "{place} does not name the file");
            assert!(detail.contains(part), "{detail:?} does not say {part:?}");
        }
        other => panic!("{other:?} is not a corruption that says {part:?}"),
    }
}

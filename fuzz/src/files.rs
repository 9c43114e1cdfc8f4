//! Files, and what must hold of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use c1z::control::Control;
use c1z::envelope::{list, read_head, save, unpack, Encoding, Limits, Payload, SaveOptions};
use c1z::proto::manifest::{C1zManifestV3, PayloadEncoding};
use c1z::Error;
use prost::Message;
use tempfile::TempDir;
use xxhash_rust::xxh64::xxh64;

/// Small, so that no input takes long.
const LIMITS: Limits = Limits {
    max_decoded_bytes: Some(1 << 20),
    max_decoder_memory_bytes: Some(1 << 20),
    max_local_bytes: Some(1 << 20),
    threads: 1,
};

/// Magic, length and a manifest as short as one can be.
pub fn head(encoding: PayloadEncoding) -> Vec<u8> {
    let manifest = C1zManifestV3 { engine: "e".into(), payload_encoding: encoding.into(), ..Default::default() };
    let manifest = manifest.encode_to_vec();
    [b"C1Z3\0", &(manifest.len() as u32).to_be_bytes()[..], &manifest].concat()
}

/// Frames and index of an indexed payload in one input: two bytes say how many bytes of frames come first.
pub struct Parts<'a> {
    pub frames: &'a [u8],
    pub index: &'a [u8],
}

impl<'a> Parts<'a> {
    pub fn of(data: &'a [u8]) -> Option<Parts<'a>> {
        let (len, rest) = data.split_first_chunk()?;
        let (frames, index) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
        Some(Parts { frames, index })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let len = u16::try_from(self.frames.len()).expect("frames of less than 64 KiB");
        [&len.to_be_bytes()[..], self.frames, self.index].concat()
    }
}

/// A file of these frames and this index, with a footer that fits.
pub fn indexed(Parts { frames, index }: Parts<'_>) -> Vec<u8> {
    let head = head(PayloadEncoding::IndexedZstd);
    let offset = (head.len() + frames.len()) as u64;
    let footer =
        [&offset.to_be_bytes()[..], &(index.len() as u32).to_be_bytes(), &xxh64(index, 0).to_be_bytes(), b"C1ZIDX1\0"];
    [&head, frames, index, &footer.concat()].concat()
}

/// A folder with one file in it and another folder to unpack that into.
pub struct File {
    folder: TempDir,
    file: PathBuf,
    into: PathBuf,
}

thread_local! {
    static PLACE: File = File::new();
}

/// Reads a file of these bytes in every way there is.
///
/// A payload that is unpacked has the names and sizes that are listed, and comes back when it is packed again. One that
/// is refused leaves nothing behind. Neither writes anywhere else.
pub fn check(bytes: &[u8]) {
    PLACE.with(|place| place.check(bytes));
}

impl File {
    fn new() -> File {
        let folder = TempDir::new().expect("a folder");
        let (file, into) = (folder.path().join("file"), folder.path().join("into"));
        fs::create_dir(&into).expect("a folder");
        File { folder, file, into }
    }

    fn check(&self, bytes: &[u8]) {
        fs::write(&self.file, bytes).expect("a file");
        if let Ok(head) = read_head(&self.file) {
            assert!(head.payload_start <= head.file_len && head.file_len == bytes.len() as u64);
        }
        let listed = list(&self.file).inspect_err(understood);
        let unpacked = unpack(&self.file, &self.into, &LIMITS, &Control::none()).inspect_err(understood);
        let tree = tree(&self.into);
        match unpacked {
            Err(_) => assert!(fs::read_dir(&self.into).expect("the folder").next().is_none(), "something is left"),
            Ok(head) => {
                let listed: BTreeMap<String, u64> =
                    listed.expect("a list").into_iter().map(|entry| (entry.name, entry.raw_size)).collect();
                let sizes = tree.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect();
                assert_eq!(listed, sizes);
                if !head.manifest.engine.is_empty() {
                    self.pack_again(head.manifest, &tree);
                }
            }
        }
        clear(&self.into);
        let around = fs::read_dir(self.folder.path()).expect("the folder").count();
        assert_eq!(around, 2, "something was written beside the folder");
    }

    fn pack_again(&self, manifest: C1zManifestV3, expected: &BTreeMap<String, Vec<u8>>) {
        let encoding = Encoding::try_from(manifest.payload_encoding()).expect("an encoding that was unpacked");
        let options = SaveOptions { threads: 1, level: 1, ..Default::default() };
        let payload = Payload::below(&self.into).expect("what was unpacked");
        match save(&self.file, manifest, encoding, payload, &options, &Control::none()) {
            Ok(_) => {}
            // A manifest that grows by our descriptors may become too long.
            Err(Error::LimitExceeded { .. }) => return,
            Err(error) => panic!("{error}"),
        }
        clear(&self.into);
        unpack(&self.file, &self.into, &Limits::default(), &Control::none()).expect("what was packed");
        assert_eq!(&tree(&self.into), expected);
    }
}

/// Whatever is in a file, reading it fails for what it holds.
fn understood(error: &Error) {
    let expected = matches!(error, Error::Corruption { .. } | Error::LimitExceeded { .. } | Error::Unsupported { .. });
    assert!(expected, "{error:?}");
}

/// The files below a folder.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match fs::symlink_metadata(&path).expect("a file").file_type() {
                kind if kind.is_dir() => open.push(path),
                kind => {
                    assert!(kind.is_file(), "{} is neither file nor folder", path.display());
                    let name = path.strip_prefix(root).expect("below").to_str().expect("UTF-8").to_owned();
                    found.insert(name, fs::read(&path).expect("a file"));
                }
            }
        }
    }
    found
}

fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path)).expect("it can be removed");
    }
}

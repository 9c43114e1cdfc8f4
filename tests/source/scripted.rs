//! A source in memory that counts what it is asked for, and fails as it is told.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use c1z::control::Control;
use c1z::envelope::{ByteSource, Encoding, SourceFailure};

use super::fixture::*;

/// What a source does with a read.
#[derive(Clone, Debug)]
pub enum Answer {
    Fail(Code, &'static str),
    /// Gives that many bytes less.
    Short(usize),
    /// Gives what was asked for, of another version.
    Changed,
    /// Gives another byte at that offset.
    Flipped(u64),
}

#[derive(Default)]
pub struct Scripted {
    bytes: Vec<u8>,
    /// Ranges that were read, in turn.
    pub reads: Mutex<Vec<(u64, usize)>>,
    /// What the reads from that one on come to, as long as it stays.
    pub script: Mutex<Option<(usize, Answer)>>,
    changed: AtomicBool,
    at_work: AtomicUsize,
    /// How many were read at one time.
    pub most_at_work: AtomicUsize,
    pub released: Arc<AtomicBool>,
}

impl Scripted {
    pub fn of(path: &Path) -> Arc<Scripted> {
        Scripted::of_bytes(fs::read(path).unwrap())
    }

    pub fn of_bytes(bytes: Vec<u8>) -> Arc<Scripted> {
        let mut source = Scripted::default();
        source.bytes = bytes;
        Arc::new(source)
    }

    /// From now on all reads come to that.
    pub fn answer(&self, answer: Option<Answer>) {
        *self.script.lock().unwrap() = answer.map(|answer| (0, answer));
        self.changed.store(false, Ordering::SeqCst);
    }

    /// Requests and bytes since somebody asked last.
    pub fn counted(&self) -> (usize, usize) {
        let reads = std::mem::take(&mut *self.reads.lock().unwrap());
        (reads.len(), reads.iter().map(|(_, len)| len).sum())
    }
}

impl ByteSource for Scripted {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn identity(&self) -> Vec<u8> {
        if self.changed.load(Ordering::SeqCst) {
            b"second".to_vec()
        } else {
            b"first".to_vec()
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, SourceFailure> {
        let at_work = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_work.fetch_max(at_work, Ordering::SeqCst);
        let count = {
            let mut reads = self.reads.lock().unwrap();
            reads.push((offset, buffer.len()));
            reads.len()
        };
        let answer = self.script.lock().unwrap().clone();
        let answer = answer.filter(|(first, _)| count > *first).map(|(_, answer)| answer);
        let len = match answer {
            Some(Answer::Short(less)) => buffer.len().saturating_sub(less),
            _ => buffer.len(),
        };
        let start = usize::try_from(offset).unwrap();
        buffer[..len].copy_from_slice(&self.bytes[start..start + len]);
        if let Some(Answer::Flipped(at)) = answer {
            if let Some(byte) = at.checked_sub(offset).and_then(|at| buffer.get_mut(at as usize)) {
                *byte ^= 1;
            }
        }
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        match answer {
            Some(Answer::Fail(code, message)) => Err(SourceFailure { code, message: message.into() }),
            Some(Answer::Changed) => {
                self.changed.store(true, Ordering::SeqCst);
                Ok(len)
            }
            _ => Ok(len),
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.released.store(true, Ordering::SeqCst);
    }
}

pub const NAME: &str = "s3://bucket/file.c1z";

pub fn options(threads: usize) -> OpenOptions {
    OpenOptions { read_only: true, threads, ..OpenOptions::default() }
}

pub fn try_open_source(source: &Arc<Scripted>, options: OpenOptions) -> c1z::Result<Store> {
    Store::open_source(Path::new(NAME), source.clone(), options, &Control::none())
}

pub fn open_source(source: &Arc<Scripted>) -> Store {
    try_open_source(source, options(1)).unwrap()
}

pub const GROUPS: usize = 100;
pub const USERS: usize = 1_000;

/// A file whose grants and index entries take several large tables, which do not compress well.
pub fn large() -> Fixture {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = BYTES.get_or_init(|| fs::read(in_encoding(Encoding::IndexedZstd, GROUPS, USERS).path()).unwrap());
    let fixture = Fixture::new();
    fs::write(fixture.path(), bytes).unwrap();
    fixture
}

pub fn in_encoding(encoding: Encoding, groups: usize, users: usize) -> Fixture {
    let fixture = Fixture::new();
    let options = OpenOptions { encoding: Some(encoding), threads: 1, ..OpenOptions::default() };
    let store = Store::open(&fixture.path(), options, &Control::none()).unwrap();
    start(&store, "full");
    put_resource_types(&store, &["user", "group"]);
    let mut number = 1u64;
    let mut digits = || {
        // Marsaglia's xorshift.
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        format!("{number:016x}")
    };
    for group in 0..groups {
        let name = format!("group-{group:06}");
        let mut member = |user| {
            let id = (0..6).map(|_| digits()).collect();
            Grant { id, ..membership(&name, &format!("user-{user:06}")) }
        };
        put_grants(&store, &(0..users).map(&mut member).collect::<Vec<_>>());
    }
    end(&store);
    close(store);
    fixture
}

/// A page of a listing, and the token of the one that follows.
pub fn page(store: &Store, token: &str, size: u32) -> c1z::Result<(Vec<Grant>, String)> {
    let request = GrantsServiceListGrantsRequest { page_size: size, page_token: token.into(), ..Default::default() };
    let page = store.list_grants(&request)?.decode().unwrap();
    Ok((page.list, page.next_page_token))
}

pub fn all_grants(store: &Store, size: u32) -> Vec<Grant> {
    let (mut all, mut token) = page(store, "", size).unwrap();
    while !token.is_empty() {
        let (rows, next) = page(store, &token, size).unwrap();
        all.extend(rows);
        token = next;
    }
    all
}

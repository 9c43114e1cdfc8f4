//! Files of an indexed payload that are unpacked when they are asked for.

use std::collections::HashMap;
use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::index::Frame;
use super::read_frame::{self, Damage, Hashes, Read};
use super::shared_files::Shared;
use super::streams::Streams;
use super::unpack_frames::LaterFrame;
use crate::envelope::io::{Input, Later};
use crate::envelope::{Identity, Limits};
use crate::threads::Workers;
use crate::{files, Error, Result};

/// Bytes between two frames that are read rather than left out: they take no longer than a request.
const WORTH_READING_OVER: u64 = 64 << 10;

/// Files that lie in their folder with the size that they will have, and hold nothing until they are asked for.
///
/// Who asks for one gets it and has, if there are threads to spare, the one behind it unpacked meanwhile: what is read
/// from one end to the other waits for its first file only. The file that they come from is held open.
///
/// Of a source nothing is read that nobody asks for, unless he has come from the file before; then those behind come with
/// the same request. There may be a limit to what they take: then those that nobody holds are emptied again, those first
/// that nobody has held for longest.
pub struct LazyFiles {
    files: Arc<Files>,
}

struct Files {
    input: Input,
    folder: PathBuf,
    limits: Limits,
    /// With whom what was unpacked is shared.
    shared: Option<Shared>,
    /// In the order of their names.
    files: Vec<File>,
    ahead: Mutex<Option<Ahead>>,
    given_up: AtomicBool,
    streams: Streams,
    /// Bytes that those which are whole may take.
    limit: Option<u64>,
    /// Bytes that they take, if there is a limit.
    taken: AtomicU64,
    /// Counts those who come for one.
    clock: AtomicU64,
}

struct File {
    frame: Frame,
    /// While it holds nothing.
    identity: Identity,
    /// Locked by whoever unpacks it.
    slot: Mutex<Slot>,
}

struct Slot {
    state: State,
    /// How many read it: it stays whole for them.
    holders: u64,
    /// When somebody came for it last.
    held_at: u64,
}

enum State {
    Empty,
    Whole,
    /// For this reason, whoever asks: a file gives the same bytes again. Of a source none is: its next answer may be right.
    Damaged(String),
}

/// The thread that unpacks what has not been asked for yet.
struct Ahead {
    index: usize,
    thread: JoinHandle<()>,
}

impl LazyFiles {
    /// `frames` of `input`, whose files are in `folder`. Of a source, those that are whole take no more than its `limits` say,
    /// and those that are read at the moment.
    pub(in crate::envelope) fn new(
        input: Input,
        folder: PathBuf,
        limits: Limits,
        shared: Option<Shared>,
        mut frames: Vec<LaterFrame>,
    ) -> LazyFiles {
        let limit = input.is_source().then(|| limits.local_bytes());
        frames.sort_unstable_by(|a, b| a.frame.name.cmp(&b.frame.name));
        let slot = || Mutex::new(Slot { state: State::Empty, holders: 0, held_at: 0 });
        let empty = |LaterFrame { frame, identity }| File { frame, identity, slot: slot() };
        let files = Files {
            input,
            folder,
            limits,
            shared,
            files: frames.into_iter().map(empty).collect(),
            ahead: Mutex::default(),
            given_up: AtomicBool::default(),
            streams: Streams::default(),
            limit,
            taken: AtomicU64::default(),
            clock: AtomicU64::default(),
        };
        LazyFiles { files: Arc::new(files) }
    }

    /// The file of a name, if it is one of these.
    pub fn file(&self, name: &str) -> Option<LazyFile> {
        let files = self.files.clone();
        files.index_of(name).map(|index| LazyFile { files, index })
    }

    /// Whether the file of a name has been asked for and is whole.
    pub fn has_unpacked(&self, name: &str) -> bool {
        self.files.files.iter().any(|file| file.frame.name == name && matches!(file.slot.lock().state, State::Whole))
    }

    /// Files of these and of others that may hold the same bytes: size and hash are the same, as far as the indexes say.
    pub fn alike(&self, others: &LazyFiles) -> Vec<(LazyFile, LazyFile)> {
        let key = |file: &File| (file.frame.digest, file.frame.compressed_size);
        let of = |files: &Arc<Files>, index| LazyFile { files: files.clone(), index };
        let mut by_key: HashMap<_, _> =
            others.files.files.iter().enumerate().map(|(index, file)| (key(file), index)).collect();
        let own = self.files.files.iter().enumerate();
        let pairs = own.filter_map(|(index, file)| Some((index, by_key.remove(&key(file))?)));
        pairs.map(|(own, other)| (of(&self.files, own), of(&others.files, other))).collect()
    }

    /// What unpacks the file of a name, unless it is there already or was never left out. It fails if the file is
    /// damaged, always for the same reason unless it is a source's, which is asked again; if the system refuses something,
    /// the next call tries again; and once `self` is dropped.
    pub fn fetch(&self, workers: &Workers) -> impl Fn(&str) -> Result<()> + Send + Sync + 'static {
        let holder = self.holder(workers);
        move |name| holder.hold(name)
    }

    /// What does the same for who says when he has read a file.
    pub fn holder(&self, workers: &Workers) -> Holder {
        Holder { files: self.files.clone(), workers: workers.clone() }
    }

    /// Whether a file that nobody holds may be emptied.
    pub fn are_limited(&self) -> bool {
        self.files.limit.is_some()
    }
}

/// Has lazy files unpacked, and keeps those whole that somebody reads.
pub struct Holder {
    files: Arc<Files>,
    workers: Workers,
}

impl Holder {
    /// Does what [`LazyFiles::fetch`] says. The file stays whole until it is let go as often.
    pub fn hold(&self, name: &str) -> Result<()> {
        self.files.fetch(name, &self.workers)
    }

    /// Somebody who held it has read it.
    pub fn let_go(&self, name: &str) {
        if let Some(index) = self.files.index_of(name) {
            let mut slot = self.files.files[index].slot.lock();
            slot.holders = slot.holders.saturating_sub(1);
        }
    }
}

#[cfg(test)]
impl Holder {
    /// Whether somebody unpacks, or has unpacked, what was not asked for.
    pub fn has_gone_ahead(&self) -> bool {
        self.files.ahead.lock().is_some()
    }
}

/// One of some lazy files.
#[derive(Clone)]
pub struct LazyFile {
    files: Arc<Files>,
    index: usize,
}

impl LazyFile {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.frame().name
    }

    /// Whether its frame is byte for byte that of another file: then it holds the same bytes, whatever the indexes say.
    pub fn has_frame_of(&self, other: &LazyFile) -> Result<bool> {
        const CHUNK: usize = 256 << 10;
        let ([own, others], inputs) = ([self, other].map(LazyFile::frame), [self, other].map(|file| &file.files.input));
        if own.compressed_size != others.compressed_size {
            return Ok(false);
        }
        let identities = inputs.map(|input| input.identity);
        if identities[0].is_some() && identities[0] == identities[1] && own.offset == others.offset {
            return Ok(true);
        }
        let section =
            |side: usize, frame: &Frame| inputs[side].section(frame.offset, frame.offset + frame.compressed_size);
        let mut sections = [section(0, own), section(1, others)];
        let mut buffers = [vec![0; CHUNK], vec![0; CHUNK]];
        while sections[0].remaining() > 0 {
            let length = usize::try_from(sections[0].remaining()).map_or(CHUNK, |left| left.min(CHUNK));
            for ((section, buffer), input) in sections.iter_mut().zip(&mut buffers).zip(inputs) {
                match section.read_exact(&mut buffer[..length]) {
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
                    read => read.map_err(Error::io("read", &input.path))?,
                }
            }
            if buffers[0][..length] != buffers[1][..length] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn frame(&self) -> &Frame {
        &self.files.files[self.index].frame
    }
}

impl Later for LazyFile {
    /// Unpacks it for good, unless it is there already; fails as what [`LazyFiles::fetch`] returns does.
    fn unpack(&self) -> Result<()> {
        self.files.hold(self.index)
    }

    fn identity(&self) -> Identity {
        self.files.files[self.index].identity
    }
}

impl std::fmt::Debug for LazyFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("LazyFile").field(&self.files.files[self.index].frame.name).finish()
    }
}

impl Drop for LazyFiles {
    fn drop(&mut self) {
        self.files.given_up.store(true, Ordering::Release);
        if let Some(ahead) = self.files.ahead.lock().take() {
            let _ = ahead.thread.join();
        }
    }
}

impl Files {
    fn fetch(self: &Arc<Files>, name: &str, workers: &Workers) -> Result<()> {
        let Some(index) = self.index_of(name) else { return Ok(()) };
        if self.input.is_source() {
            self.hold(index)?;
            if self.streams.lead_to(index + 1) {
                self.go_ahead(index, workers);
            }
            return Ok(());
        }
        self.go_ahead(index, workers);
        self.hold(index)
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.files.binary_search_by(|file| file.frame.name.as_str().cmp(name)).ok()
    }

    /// Has the file behind `index` unpacked, unless there is nothing to do it with.
    fn go_ahead(self: &Arc<Files>, index: usize, workers: &Workers) {
        let next = index + 1;
        let is_empty = |file: &File| file.slot.try_lock().is_some_and(|slot| matches!(slot.state, State::Empty));
        if !self.files.get(next).is_some_and(is_empty) {
            return;
        }
        let Some(mut ahead) = self.ahead.try_lock() else { return };
        // Whoever gives up waits for the thread that he finds here, and for none that comes later.
        if self.given_up.load(Ordering::Acquire) {
            return;
        }
        // A thread that is at the file that is asked for has to be waited for in any case.
        if let Some(done) = ahead.take_if(|ahead| ahead.index == index || ahead.thread.is_finished()) {
            let _ = done.thread.join();
        }
        if ahead.is_none() {
            let files = self.clone();
            let work = move || {
                // Who asks for the file will see what is wrong with it.
                let _ = files.unpack(next, &mut files.files[next].slot.lock());
            };
            let spawned = workers.claim().and_then(|worker| worker.spawn("c1z-unpack", work));
            *ahead = spawned.map(|thread| Ahead { index: next, thread });
        }
    }

    fn hold(&self, index: usize) -> Result<()> {
        let mut slot = self.files[index].slot.lock();
        self.unpack(index, &mut slot)?;
        slot.holders += 1;
        Ok(())
    }

    fn unpack(&self, index: usize, slot: &mut Slot) -> Result<()> {
        slot.held_at = self.clock.fetch_add(1, Ordering::Relaxed);
        if let State::Empty = slot.state {
            slot.state = self.obtain(index)?;
            if let State::Whole = slot.state {
                self.make_room_for(index);
            }
        }
        match &slot.state {
            State::Damaged(detail) => Err(self.input.corrupt(detail)),
            _ => Ok(()),
        }
    }

    /// Empties what nobody holds, if there is a limit and the file of `index`, whose slot is locked, takes them beyond it.
    fn make_room_for(&self, index: usize) {
        let Some(limit) = self.limit else { return };
        let size = self.files[index].frame.digest.size;
        let mut taken = self.taken.fetch_add(size, Ordering::AcqRel) + size;
        while taken > limit {
            let is_free = |slot: &Slot| matches!(slot.state, State::Whole) && slot.holders == 0;
            let held_at = |file: &File| file.slot.try_lock().filter(|slot| is_free(slot)).map(|slot| slot.held_at);
            let others = self.files.iter().filter(|file| file.frame.name != self.files[index].frame.name);
            let oldest = others.filter_map(|file| Some((held_at(file)?, file))).min_by_key(|(held_at, _)| *held_at);
            let Some((_, oldest)) = oldest else { return };
            // Somebody may have come for it meanwhile.
            let Some(mut slot) = oldest.slot.try_lock().filter(|slot| is_free(slot)) else { continue };
            let size = oldest.frame.digest.size;
            let path = self.folder.join(&oldest.frame.name);
            if files::open_to_write(&path).and_then(|file| empty(&file, size)).is_err() {
                return;
            }
            slot.state = State::Empty;
            taken = self.taken.fetch_sub(size, Ordering::AcqRel) - size;
        }
    }

    /// How far it pays to read at once for somebody who comes for a file.
    fn worth_reading(&self, index: usize) -> u64 {
        let Some(first) = self.files.get(index).map(|file| &file.frame) else { return 0 };
        let Some(piece_bytes) = self.input.piece_bytes() else { return first.end() };
        let behind = self.files.iter().skip(index + 1).take(self.streams.come_for(index) - 1);
        let mut until = first.end();
        for file in behind {
            let is_empty = file.slot.try_lock().is_some_and(|slot| matches!(slot.state, State::Empty));
            let is_next = file.frame.offset >= until && file.frame.offset - until <= WORTH_READING_OVER;
            if !is_empty || !is_next || file.frame.end() - first.offset > piece_bytes {
                break;
            }
            until = file.frame.end();
        }
        until
    }

    fn obtain(&self, index: usize) -> Result<State> {
        let frame = &self.files[index].frame;
        let path = self.folder.join(&frame.name);
        if self.shared.as_ref().is_some_and(|shared| shared.take(frame, &path)) {
            return Ok(State::Whole);
        }
        Ok(match self.write(frame, self.worth_reading(index), &path)? {
            Read::Damaged(Damage { detail, .. }) if self.input.is_source() => {
                self.input.forget(frame.offset, frame.end());
                return Err(self.input.corrupt(detail));
            }
            Read::Damaged(Damage { detail, .. }) => State::Damaged(detail),
            Read::Whole { .. } => {
                if let Some(shared) = &self.shared {
                    shared.give(frame, &path);
                }
                State::Whole
            }
        })
    }

    fn write(&self, frame: &Frame, until: u64, path: &Path) -> Result<Read> {
        let mut file = files::open_to_write(path).map_err(Error::io("open", path))?;
        let window_log = self.limits.window_log();
        let read = read_frame::read(&self.input, frame, until, window_log, Hashes::Xxh64, &mut |bytes| {
            if self.given_up.load(Ordering::Acquire) {
                return Err(Error::Closed);
            }
            file.write_all(bytes).map_err(Error::io("write", path))
        });
        if !matches!(read, Ok(Read::Whole { .. })) {
            // No limit counts it. If this fails, the next one who comes for it writes over what is there.
            let _ = empty(&file, frame.digest.size);
        }
        read
    }
}

/// Leaves a file's size, and nothing of it on the disk.
fn empty(file: &fs::File, size: u64) -> io::Result<()> {
    file.set_len(0).and_then(|()| file.set_len(size))
}

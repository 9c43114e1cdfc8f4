//! Files of an indexed payload that are unpacked when they are asked for.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::index::Frame;
use super::read_frame::{self, Damage, Hashes, Read};
use super::shared_files::Shared;
use super::unpack_frames::LaterFrame;
use crate::envelope::reading::Input;
use crate::envelope::{Identity, Limits};
use crate::threads::Workers;
use crate::{files, Error, Result};

/// Files that lie in their folder with the size that they will have, and hold nothing until they are asked for.
///
/// Who asks for one gets it and has, if there are threads to spare, the one behind it unpacked meanwhile: what is read
/// from one end to the other waits for its first file only. The file that they come from is held open.
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
}

struct File {
    frame: Frame,
    /// While it holds nothing.
    identity: Identity,
    /// Held by whoever unpacks it.
    state: Mutex<State>,
}

enum State {
    Empty,
    Whole,
    /// For this reason, whoever asks.
    Damaged(String),
}

/// The thread that unpacks what has not been asked for yet.
struct Ahead {
    index: usize,
    thread: JoinHandle<()>,
}

impl LazyFiles {
    /// `frames` of `input`, whose files are in `folder`.
    pub(in crate::envelope) fn new(
        input: Input,
        folder: PathBuf,
        limits: Limits,
        shared: Option<Shared>,
        mut frames: Vec<LaterFrame>,
    ) -> LazyFiles {
        frames.sort_unstable_by(|a, b| a.frame.name.cmp(&b.frame.name));
        let empty = |LaterFrame { frame, identity }| File { frame, identity, state: Mutex::new(State::Empty) };
        let files = frames.into_iter().map(empty).collect();
        let (ahead, given_up) = (Mutex::default(), AtomicBool::default());
        LazyFiles { files: Arc::new(Files { input, folder, limits, shared, files, ahead, given_up }) }
    }

    /// The file of a name, if it is one of these.
    pub fn file(&self, name: &str) -> Option<LazyFile> {
        let files = self.files.clone();
        files.index_of(name).map(|index| LazyFile { files, index })
    }

    /// Whether the file of a name has been asked for and is whole.
    pub fn has_unpacked(&self, name: &str) -> bool {
        self.files.files.iter().any(|file| file.frame.name == name && matches!(*file.state.lock(), State::Whole))
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
    /// damaged, always for the same reason; if the system refuses something, the next call tries again; and once `self`
    /// is dropped.
    pub fn fetch(&self, workers: &Workers) -> impl Fn(&str) -> Result<()> + Send + Sync + 'static {
        let (files, workers) = (self.files.clone(), workers.clone());
        move |name| files.fetch(name, &workers)
    }
}

/// One of some lazy files.
#[derive(Clone)]
pub struct LazyFile {
    files: Arc<Files>,
    index: usize,
}

impl LazyFile {
    /// Which file it was while it held nothing.
    pub fn identity(&self) -> Identity {
        self.files.files[self.index].identity
    }

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
        if inputs[0].identity == inputs[1].identity && own.offset == others.offset {
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

    /// Unpacks it, unless it is there already; fails as what [`LazyFiles::fetch`] returns does.
    pub fn unpack(&self) -> Result<()> {
        self.files.unpack(self.index)
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
        self.go_ahead(index, workers);
        self.unpack(index)
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.files.binary_search_by(|file| file.frame.name.as_str().cmp(name)).ok()
    }

    /// Has the file behind `index` unpacked, unless there is nothing to do it with.
    fn go_ahead(self: &Arc<Files>, index: usize, workers: &Workers) {
        let next = index + 1;
        let is_empty = |file: &File| file.state.try_lock().is_some_and(|state| matches!(*state, State::Empty));
        if !self.files.get(next).is_some_and(is_empty) {
            return;
        }
        let Some(mut ahead) = self.ahead.try_lock() else { return };
        // A thread that is at the file that is asked for has to be waited for in any case.
        if let Some(done) = ahead.take_if(|ahead| ahead.index == index || ahead.thread.is_finished()) {
            let _ = done.thread.join();
        }
        if ahead.is_none() {
            let files = self.clone();
            let work = move || {
                // Who asks for the file will see what is wrong with it.
                let _ = files.unpack(next);
            };
            let spawned = workers.claim().and_then(|worker| worker.spawn("c1z-unpack", work));
            *ahead = spawned.map(|thread| Ahead { index: next, thread });
        }
    }

    fn unpack(&self, index: usize) -> Result<()> {
        let File { frame, state, .. } = &self.files[index];
        let mut state = state.lock();
        if let State::Empty = *state {
            *state = self.obtain(frame)?;
        }
        match &*state {
            State::Damaged(detail) => Err(self.input.corrupt(detail)),
            _ => Ok(()),
        }
    }

    fn obtain(&self, frame: &Frame) -> Result<State> {
        let path = self.folder.join(&frame.name);
        if self.shared.as_ref().is_some_and(|shared| shared.take(frame, &path)) {
            return Ok(State::Whole);
        }
        Ok(match self.write(frame, &path)? {
            Read::Damaged(Damage { detail, .. }) => State::Damaged(detail),
            Read::Whole { .. } => {
                if let Some(shared) = &self.shared {
                    shared.give(frame, &path);
                }
                State::Whole
            }
        })
    }

    fn write(&self, frame: &Frame, path: &Path) -> Result<Read> {
        let mut file = files::open_to_write(path).map_err(Error::io("open", path))?;
        read_frame::read(&self.input, frame, self.limits.window_log(), Hashes::Xxh64, &mut |bytes| {
            if self.given_up.load(Ordering::Acquire) {
                return Err(Error::Closed);
            }
            file.write_all(bytes).map_err(Error::io("write", path))
        })
    }
}

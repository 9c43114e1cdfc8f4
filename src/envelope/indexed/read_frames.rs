//! Reading the frames of an indexed payload, several at a time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use parking_lot::Mutex;

use super::index::Frame;
use super::read_frame::{self, Hashes, Read};
use crate::control::Control;
use crate::envelope::io::Input;
use crate::envelope::Limits;
use crate::{Error, Result};

/// Frames to read.
pub struct Work<'a> {
    pub input: &'a Input,
    pub frames: &'a [Frame],
    pub limits: &'a Limits,
    pub control: &'a Control<'a>,
}

/// What the workers share.
struct Shared {
    next: AtomicUsize,
    failed: AtomicBool,
}

/// A frame in the hands of a worker.
pub struct Reading<'w> {
    pub frame: &'w Frame,
    work: &'w Work<'w>,
    shared: &'w Shared,
    done: &'w Sender<Result<u64>>,
}

/// Why a worker ends before there is nothing left to do.
pub enum Stop {
    /// It has failed.
    Failed(Error),
    /// Another one has failed, and says why.
    OtherFailed,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

impl Work<'_> {
    /// Has `each` read every frame, on any of several threads, and tells `advance` the bytes that came out, on this one.
    /// The first failure of `each` stops them all. Gives what `each` gave, in no order.
    pub fn run<T: Send>(
        &self,
        mut advance: impl FnMut(u64),
        each: impl Fn(&Reading<'_>) -> Result<T, Stop> + Sync,
    ) -> Result<Vec<T>> {
        let workers = self.limits.workers().min(self.frames.len());
        let results = Mutex::new(Vec::with_capacity(self.frames.len()));
        let each = |reading: &Reading<'_>| each(reading).map(|result| results.lock().push(result));
        let shared = Shared { next: AtomicUsize::new(0), failed: AtomicBool::new(false) };
        let (shared, each) = (&shared, &each);
        let mut outcome = Ok(());
        thread::scope(|scope| {
            let (done, news) = mpsc::channel();
            for _ in 0..workers {
                let done = done.clone();
                let spawned = thread::Builder::new().spawn_scoped(scope, move || self.work(shared, &done, each));
                if let Err(error) = spawned {
                    shared.failed.store(true, Ordering::Release);
                    return Err(Error::io("start a thread to unpack", &self.input.path)(error));
                }
            }
            drop(done);
            for news in news {
                match news {
                    Ok(bytes) => advance(bytes),
                    Err(error) if outcome.is_ok() => outcome = Err(error),
                    Err(_) => {}
                }
            }
            outcome
        })?;
        Ok(results.into_inner())
    }

    /// Takes frames until there are no more.
    fn work(&self, shared: &Shared, done: &Sender<Result<u64>>, each: &impl Fn(&Reading<'_>) -> Result<(), Stop>) {
        while let Some(frame) = self.frames.get(shared.next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(stop) = each(&Reading { frame, work: self, shared, done }) {
                shared.failed.store(true, Ordering::Release);
                if let Stop::Failed(error) = stop {
                    // The receiver lives as long as any sender does.
                    let _ = done.send(Err(error));
                }
                return;
            }
        }
    }
}

impl Reading<'_> {
    /// Reads the frame as [`read_frame::read`] does, and fails once the caller cancels or another frame has failed.
    pub fn read(&self, each: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<Read, Stop> {
        let Work { input, limits, .. } = self.work;
        self.go_on()?;
        read_frame::read(input, self.frame, self.frame.end(), limits.window_log(), Hashes::All, &mut |bytes| {
            self.go_on()?;
            each(bytes)?;
            let _ = self.done.send(Ok(bytes.len() as u64));
            Ok(())
        })
    }

    fn go_on(&self) -> Result<(), Stop> {
        self.work.control.check()?;
        match self.shared.failed.load(Ordering::Acquire) {
            true => Err(Stop::OtherFailed),
            false => Ok(()),
        }
    }
}

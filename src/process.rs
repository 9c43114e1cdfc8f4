//! Which processes may use the library: none that was forked from one that did.
//!
//! A fork copies memory and locks, but of the threads only the one that forks. In the copy, RocksDB waits for threads that
//! are not there; and what the copy removes or writes is its parent's. So the first use leaves a mark in memory that a
//! fork wipes.
#![allow(unsafe_code)]

use std::process;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use rustix::mm::{madvise, mmap_anonymous, Advice, MapFlags, ProtFlags};

use crate::{Error, Result};

/// The mark in memory that a fork wipes. Where the system wipes none, the id of the process stands for it.
const USED: u32 = u32::MAX;

/// Where the mark is; null before the first use. It is never freed.
static MARK: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());

/// Notes that this process uses the library; refused if it was forked from one that did.
pub(crate) fn enter() -> Result<()> {
    if MARK.load(Ordering::Acquire).is_null() {
        let id = || NonNull::from(Box::leak(Box::new(AtomicU32::new(process::id()))));
        let mark = wiped_memory().unwrap_or_else(id);
        // Where another thread was faster, its mark says the same.
        let _ = MARK.compare_exchange(ptr::null_mut(), mark.as_ptr(), Ordering::AcqRel, Ordering::Acquire);
    }
    check()
}

/// Refused in a process that was forked from one that used the library.
pub(crate) fn check() -> Result<()> {
    match is_forked() {
        true => Err(Error::Forked),
        false => Ok(()),
    }
}

/// Whether this process was forked from one that used the library.
pub(crate) fn is_forked() -> bool {
    // SAFETY: what it points at is never freed.
    let mark = unsafe { MARK.load(Ordering::Acquire).as_ref() };
    mark.is_some_and(|mark| match mark.load(Ordering::Relaxed) {
        USED => false,
        wiped_or_id => wiped_or_id != process::id(),
    })
}

/// A mark that a fork wipes, if the system has such memory.
fn wiped_memory() -> Option<NonNull<AtomicU32>> {
    const SIZE: usize = size_of::<AtomicU32>();
    // SAFETY: the mapping is new; the system rounds its size up to a page, and fills it with zeros.
    unsafe {
        let memory =
            mmap_anonymous(ptr::null_mut(), SIZE, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE).ok()?;
        madvise(memory, SIZE, Advice::LinuxWipeOnFork).ok()?;
        let mark = NonNull::new(memory.cast::<AtomicU32>())?;
        mark.as_ref().store(USED, Ordering::Relaxed);
        Some(mark)
    }
}

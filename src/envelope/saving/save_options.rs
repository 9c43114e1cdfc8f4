//! What the caller of a save decides.

use crate::envelope::{Replace, Source};
use crate::processors::processors;
use crate::{Error, Result};

/// How hard a save works.
#[derive(Clone, Copy, Debug)]
pub struct SaveOptions<'a> {
    /// Threads that compress; 0 means one for each processor. The bytes that are written do not depend on it.
    pub threads: usize,
    /// zstd compression level.
    pub level: i32,
    /// Which file may be replaced.
    pub replace: Replace,
    /// Frames to copy where the payload has not changed, whatever their level; of use for an indexed payload only.
    pub source: Option<&'a Source>,
}

impl Default for SaveOptions<'_> {
    /// One thread for each processor, zstd's default level, any file replaced.
    fn default() -> Self {
        SaveOptions { threads: 0, level: zstd::DEFAULT_COMPRESSION_LEVEL, replace: Replace::Any, source: None }
    }
}

impl SaveOptions<'_> {
    /// The number of threads that `threads` stands for.
    pub(in crate::envelope) fn workers(&self) -> u32 {
        const MOST: usize = 64;
        let threads = match self.threads {
            0 => processors(),
            threads => threads,
        };
        threads.min(MOST) as u32
    }

    pub(in crate::envelope) fn check(&self) -> Result<()> {
        let range = zstd::compression_level_range();
        if !range.contains(&self.level) {
            return Err(Error::invalid(format!("zstd level {} is not in {range:?}", self.level)));
        }
        Ok(())
    }
}

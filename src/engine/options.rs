//! How RocksDB is set up.

use std::path::Path;

use rocksdb::{DBCompressionType, Env, InfoLogger, LogLevel, Options};

use super::{rocksdb_ext, FileProvider};
use crate::memory::ask_for;
use crate::threads::ask_for_threads;
use crate::Result;

/// What the caller decides about a database.
#[derive(Clone, Copy, Debug)]
pub struct EngineOptions {
    /// Bytes that block cache and write buffers stay below together.
    pub memory_budget: usize,
    /// Threads for flushes and compactions.
    pub threads: usize,
    /// Whether what is committed as durable survives a crash of the machine: only of use to whoever opens the database
    /// again after one.
    pub durable: bool,
    /// Whether SST blocks are compressed: only of use when the file around them is not.
    pub compress_blocks: bool,
}

impl EngineOptions {
    /// Fails if there is no memory for the budget and for opening a database, or no threads for one: RocksDB would end the
    /// process. The file at `path` is what the database is for.
    pub fn ask_for_means(&self, path: &Path) -> Result<()> {
        /// What opening takes besides the budget.
        const OPENING_BYTES: usize = 64 << 20;
        /// RocksDB's threads besides those for flushes and compactions: one for what it does from time to time.
        const OTHER_THREADS: usize = 1;
        ask_for(self.memory_budget.saturating_add(OPENING_BYTES))?;
        ask_for_threads(self.background_jobs() + OTHER_THREADS, path)
    }

    fn background_jobs(&self) -> usize {
        self.threads.clamp(2, 64)
    }

    /// Half of the budget caches blocks, the rest holds at most three write buffers and their slack.
    fn database(&self) -> Options {
        let mut options = Options::default();
        rocksdb_ext::cached_tables(&mut options, (self.memory_budget / 2).max(1 << 20));
        options.create_if_missing(true);
        options.set_write_buffer_size((self.memory_budget / 8).max(1 << 20));
        // RocksDB: a writer that it stops waits for ever when the disk is full, because what it does about that waits for
        // the writer. So it stops none, and `Databases` waits for flushes.
        options.set_max_write_buffer_number(16);
        options.set_level_zero_slowdown_writes_trigger(i32::MAX);
        options.set_level_zero_stop_writes_trigger(i32::MAX);
        options.set_soft_pending_compaction_bytes_limit(0);
        options.set_hard_pending_compaction_bytes_limit(0);
        options.set_max_background_jobs(self.background_jobs() as i32);
        options.set_compression_type(match self.compress_blocks {
            true => DBCompressionType::Zstd,
            false => DBCompressionType::None,
        });
        // RocksDB: it starts that many threads to open tables, however few there are.
        options.set_max_file_opening_threads(1);
        // Opening must cost milliseconds.
        options.set_skip_stats_update_on_db_open(true);
        options.set_stats_persist_period_sec(0);
        options.set_stats_dump_period_sec(0);
        // More only costs fresh memory: files are written in large pieces all the same.
        options.set_writable_file_max_buffer_size(64 << 10);
        // What RocksDB would tell of itself has no reader, and its file would be one more in every working copy.
        options.set_info_logger(InfoLogger::new_callback_logger(LogLevel::Header, |_, _| ()));
        rocksdb_ext::without_preallocation(&mut options);
        rocksdb_ext::without_rewriting_last_level(&mut options);
        rocksdb_ext::clear_host_id(&mut options);
        rocksdb_ext::without_identity_file(&mut options);
        options
    }

    /// Bytes of pages that are read ahead. They are read of a database that does not change, which has neither write buffers
    /// nor pending rows.
    pub fn prefetch_budget(&self) -> usize {
        self.memory_budget / 4
    }

    /// Bytes of pending rows in memory above which some are spilled. A run of the same size may be on its way to its file.
    pub(super) fn pending_budget(&self) -> usize {
        (self.memory_budget / 6).clamp(64 << 10, 1 << 30)
    }

    /// For a database that is only read. If there is a provider, its files are asked for before they are read.
    pub(super) fn reading(&self, provider: Option<FileProvider>) -> Options {
        let mut options = self.database_in(rocksdb_ext::private_files(), provider);
        options.create_if_missing(false);
        options
    }

    /// For a database that is written to, in a folder of its own. If there is a provider, its files are asked for before
    /// they are read, and none is read only because RocksDB wants to rewrite it.
    pub(super) fn working_copy(&self, provider: Option<FileProvider>) -> Options {
        /// Tables that may lie over each other before RocksDB merges them. A sync is written once: merging what its flushes
        /// have left after every fourth, as RocksDB does by default, takes a fifth of a full sync with expansion and makes
        /// its file larger, and a walk is no faster for it.
        const LAYERS: i32 = 16;
        let is_lazy = provider.is_some();
        let mut options = self.database_in(rocksdb_ext::working_copy(self.durable), provider);
        options.set_disable_auto_compactions(is_lazy);
        options.set_level_zero_file_num_compaction_trigger(LAYERS);
        options
    }

    fn database_in(&self, files: Env, provider: Option<FileProvider>) -> Options {
        let mut options = self.database();
        match provider {
            Some(provider) => rocksdb_ext::provided_files(&mut options, &files, provider),
            None => options.set_env(&files),
        }
        options
    }
}

/// How SSTs are written: index entries are scanned, never looked up, so a filter would be of no use to them.
pub(super) struct Tables {
    pub records: Options,
    pub entries: Options,
}

impl Tables {
    /// How SSTs are written that a database with these options ingests.
    pub fn of(database: &Options) -> Tables {
        let (mut records, mut entries) = (database.clone(), database.clone());
        rocksdb_ext::written_tables(&mut records, true);
        rocksdb_ext::written_tables(&mut entries, false);
        Tables { records, entries }
    }
}

#[cfg(test)]
mod tests {
    use rocksdb::DB;

    use super::*;

    #[test]
    fn rocksdb_writes_no_log_and_no_identity_beside_a_database() {
        let options = EngineOptions { memory_budget: 8 << 20, threads: 1, durable: false, compress_blocks: false };
        let folder = tempfile::tempdir().unwrap();
        let db = DB::open(&options.working_copy(None), folder.path()).unwrap();
        db.put(b"key", b"value").unwrap();
        db.flush().unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        assert!(names.iter().any(|name| name == "CURRENT"), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("LOG") || name == "IDENTITY"), "{names:?}");
    }
}

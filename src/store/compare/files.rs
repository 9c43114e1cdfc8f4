//! Comparing two syncs, each of a file.

use std::path::{Path, PathBuf};

use super::walk::Walk;
use crate::control::Control;
use crate::engine::{CommonTables, ComparedSync, Reader, SyncRun};
use crate::envelope::Limits;
use crate::keys::SyncId;
use crate::proto::api::{CompareFilesRequest, CompareInput};
use crate::store::file::{absolute, naming, optional_path, required_path, OpenOptions, Store};
use crate::store::listing::latest_finished;
use crate::{process, quoted, Error, Result};

/// A walk through two syncs, each of a file that it has open, and where it is.
pub struct FileComparison {
    /// What is passed over. Declared before the files: it reads tables of theirs.
    common: Option<CommonTables>,
    files: [File; 2],
    walk: Walk,
}

/// A file that is open, and the run of it that is compared.
struct File {
    path: PathBuf,
    store: Store,
    run: SyncRun,
}

impl FileComparison {
    /// Opens both files read-only. Tables of an indexed file are unpacked when the walk comes to them.
    pub fn open(request: &CompareFilesRequest, control: &Control<'_>) -> Result<FileComparison> {
        process::enter()?;
        let walk = Walk::new(request.options.clone())?;
        let options = options(request)?;
        let open = |name: &str, input: &Option<CompareInput>| {
            let input = input.as_ref().ok_or_else(|| Error::invalid(format!("{name} is missing")))?;
            let path = required_path(&format!("{name}.path"), &input.path, &input.path_bytes)?;
            File::open(&absolute(&path)?, &input.sync_id, options.clone(), control)
        };
        let files = [open("before", &request.before)?, open("after", &request.after)?];
        let [before, after] = &files;
        let common = match before.run.slot == after.run.slot {
            true => before.store.common_tables(&after.store)?,
            false => None,
        };
        Ok(FileComparison { common, files, walk })
    }

    /// The next page, an encoded `c1z.v1.ComparePage`; `None` behind the last. A page that fails can be asked for again.
    pub fn next_page(&mut self) -> Result<Option<Vec<u8>>> {
        let FileComparison { common, files, walk } = self;
        let readers = files.each_ref().map(|file| file.store.engine.ended());
        let named = files.each_ref().map(|file| |error| naming(&file.path, error));
        let sync =
            |side: usize| ComparedSync { reader: &readers[side], slot: files[side].run.slot, named: &named[side] };
        walk.page([sync(0), sync(1)], common.as_mut())
    }
}

impl File {
    fn open(path: &Path, sync_id: &str, options: OpenOptions, control: &Control<'_>) -> Result<File> {
        let store = Store::open(path, options, control)?;
        let run = chosen(&store.engine.ended(), sync_id, path).map_err(|error| naming(path, error))?;
        Ok(File { path: path.to_path_buf(), store, run })
    }
}

fn options(request: &CompareFilesRequest) -> Result<OpenOptions> {
    let options = OpenOptions {
        read_only: true,
        tmp_dir: optional_path("tmp_dir", &request.tmp_dir, &request.tmp_dir_bytes)?,
        threads: request.threads as usize,
        memory_budget: request.memory_budget_bytes,
        limits: Limits::of_request(request.max_decoded_bytes, request.max_decoder_memory_bytes),
        ..OpenOptions::default()
    };
    Ok(OpenOptions { memory_budget: options.memory_share(2), ..options })
}

/// The run that a request names or, without an id, the newest one that has ended.
fn chosen(reader: &Reader<'_>, id: &str, path: &Path) -> Result<SyncRun> {
    if id.is_empty() {
        let runs = reader.sync_runs()?;
        return latest_finished(&runs, None)
            .cloned()
            .ok_or_else(|| Error::FailedPrecondition(format!("{} has no sync that has ended", quoted::path(path))));
    }
    let not_found = || Error::not_found("sync", format!("{id} of {}", path.display()));
    reader.run(SyncId::parse(id).map_err(|_| not_found())?)?.ok_or_else(not_found)
}

//! Merging syncs of several files into a new one.

use std::path::{Path, PathBuf};

use super::merging::{Merged, Merging};
use super::{is_overlay_cheaper, rank, tidy, too_few, Input};
use crate::control::Control;
use crate::engine::{MergeInput, Reader, Step, SyncRun};
use crate::envelope::{Encoding, Limits};
use crate::keys::SyncId;
use crate::proto::api::{MergeFilesRequest, MergeResponse};
use crate::store::file::{
    absolute, check_absent, encoding, naming, optional_path, required_path, save_as_new, OpenOptions, Store,
};
use crate::store::listing::latest_finished;
use crate::{process, quoted, Error, Result};

/// Merges ended syncs, each of a file, into a sync that is alone in a new file. The files stay as they are; if anything
/// fails there is no new one.
///
/// Progress is in records, then in bytes of the new file.
pub fn merge_files(request: &MergeFilesRequest, control: &Control<'_>) -> Result<MergeResponse> {
    process::enter()?;
    too_few(request.inputs.len())?;
    let output = absolute(&required_path("output_path", &request.output_path, &request.output_path_bytes)?)?;
    check_absent(&output)?;
    let options = options(request)?;
    let share = OpenOptions { memory_budget: options.memory_share(request.inputs.len() as u64 + 1), ..options.clone() };
    let files = open_all(request, &OpenOptions { read_only: true, encoding: None, ..share.clone() }, control)?;
    let inputs: Vec<Input> = files.iter().map(|file| file.input(control)).collect::<Result<_>>()?;
    let base = &files[0];
    let indexed = [Some(base.store.encoding), options.encoding] == [Some(Encoding::IndexedZstd); 2];
    let is_over_base = indexed && is_overlay_cheaper(&inputs);
    let target = match is_over_base {
        true => Store::open_copy(&base.store, &output, share, control)?,
        false => Store::create(&output, share, control)?,
    };
    save_as_new(target, control, |target| match is_over_base {
        true => over_base(target, &files, &inputs, control),
        false => anew(target, &files, &inputs, control),
    })
}

fn options(request: &MergeFilesRequest) -> Result<OpenOptions> {
    Ok(OpenOptions {
        tmp_dir: optional_path("tmp_dir", &request.tmp_dir, &request.tmp_dir_bytes)?,
        encoding: encoding(request.payload_encoding)?.or(Some(Encoding::IndexedZstd)),
        no_grant_digests: request.no_grant_digests,
        threads: request.threads as usize,
        memory_budget: request.memory_budget_bytes,
        limits: Limits::of_request(request.max_decoded_bytes, request.max_decoder_memory_bytes),
        ..OpenOptions::default()
    })
}

/// A file that is open, and the run of it that is merged.
struct File {
    path: PathBuf,
    store: Store,
    run: SyncRun,
}

impl File {
    fn input(&self, control: &Control<'_>) -> Result<Input> {
        Input::of(&self.store.engine.ended(), self.run.clone(), control)
            .map_err(|error| naming_input(&self.path, error))
    }

    fn source(&self) -> MergeInput<'_> {
        let named = Box::new(|error| naming_input(&self.path, error));
        MergeInput { reader: self.store.engine.ended(), slot: self.run.slot, named }
    }
}

fn naming_input(path: &Path, error: Error) -> Error {
    match error {
        Error::FailedPrecondition(what) => Error::FailedPrecondition(format!("{}: {what}", quoted::path(path))),
        other => naming(path, other),
    }
}

fn open_all(request: &MergeFilesRequest, options: &OpenOptions, control: &Control<'_>) -> Result<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    for input in &request.inputs {
        control.check()?;
        let path = absolute(&required_path("inputs.path", &input.path, &input.path_bytes)?)?;
        let store = Store::open(&path, options.clone(), control)?;
        let run = chosen(&store.engine.ended(), &input.sync_id, &path).map_err(|error| naming(&path, error))?;
        let is_same = |other: &&File| other.run.id == run.id && other.store.is_of_same_file(&store);
        if let Some(other) = files.iter().find(is_same) {
            let [path, other] = [&path, &other.path].map(|path| quoted::path(path));
            return Err(Error::invalid(format!("sync {} of {path} is an input already, as one of {other}", run.id)));
        }
        files.push(File { path, store, run });
    }
    Ok(files)
}

/// The run that a request names or, without an id, the newest one that can be merged.
fn chosen(reader: &Reader<'_>, id: &str, path: &Path) -> Result<SyncRun> {
    if id.is_empty() {
        let mut runs = reader.sync_runs()?;
        runs.retain(|run| run.record.ended_at.is_some() && rank(run.record.r#type()).is_some());
        return latest_finished(&runs, None)
            .cloned()
            .ok_or_else(|| Error::FailedPrecondition(format!("{} has no sync that has ended", quoted::path(path))));
    }
    let not_found = || Error::not_found("sync", format!("{id} of {}", path.display()));
    reader.run(SyncId::parse(id).map_err(|_| not_found())?)?.ok_or_else(not_found)
}

fn anew(target: &Store, files: &[File], inputs: &[Input], control: &Control<'_>) -> Result<MergeResponse> {
    let sources: Vec<_> = files.iter().map(File::source).collect();
    let merging =
        Merging { inputs, sources: &sources, times: &[], gone: &[], digests: target.options.grant_digests(), control };
    Ok(merging.anew(&mut target.writer()?)?.answer)
}

/// The target is a copy of the base's file: what is not the base's goes.
fn over_base(target: &Store, files: &[File], inputs: &[Input], control: &Control<'_>) -> Result<MergeResponse> {
    let mut sources: Vec<_> = files.iter().map(File::source).collect();
    sources[0].reader = target.engine.ended();
    let mut writer = target.writer()?;
    let runs = target.engine.ended().sync_runs()?;
    let merging = Merging {
        inputs,
        sources: &sources,
        times: &[],
        gone: &runs,
        digests: target.options.grant_digests(),
        control,
    };
    let mut step = Step::default();
    step.clear_sessions();
    let Merged { answer, run: merged, dead_bytes } = merging.over_base(&mut writer, step)?;
    // What somebody reads is not given back.
    drop(sources);
    let others: Vec<_> = runs.iter().map(|run| run.slot).filter(|slot| *slot != merged.slot).collect();
    writer.reclaim(&others, control)?;
    tidy(target, &writer, merged.slot, dead_bytes, control)?;
    Ok(answer)
}

//! Requests to merge.

use std::path::{Path, PathBuf};

use c1z::control::Control;
use c1z::store::merge_files;

use crate::fixture::*;

/// A request to merge the newest sync of each file.
pub fn request(inputs: &[PathBuf], output: &Path) -> MergeFilesRequest {
    request_of(&inputs.iter().map(|path| (path.as_path(), "")).collect::<Vec<_>>(), output)
}

/// A request to merge these syncs of files.
pub fn request_of(inputs: &[(&Path, &str)], output: &Path) -> MergeFilesRequest {
    let input = |(path, sync): &(&Path, &str)| MergeInput {
        path: path.to_str().unwrap().into(),
        sync_id: (*sync).into(),
        ..Default::default()
    };
    MergeFilesRequest {
        inputs: inputs.iter().map(input).collect(),
        output_path: output.to_str().unwrap().into(),
        threads: 1,
        memory_budget_bytes: 32 << 20,
        ..Default::default()
    }
}

pub fn merge(request: &MergeFilesRequest) -> MergeResponse {
    merge_files(request, &Control::none()).unwrap()
}

pub fn merge_syncs(store: &Store, syncs: &[&str], keep_inputs: bool) -> c1z::Result<MergeResponse> {
    let sync_ids = syncs.iter().map(|sync| (*sync).to_owned()).collect();
    store.merge_syncs(&MergeSyncsRequest { sync_ids, keep_inputs }, &Control::none())
}

/// The counts of a response in the order of [`crate::record::KINDS`].
pub fn counts(response: &MergeResponse) -> [MergeCounts; 5] {
    let MergeResponse { resource_types, resources, entitlements, grants, assets, .. } = *response;
    [resource_types, resources, entitlements, grants, assets].map(|counts| counts.unwrap())
}

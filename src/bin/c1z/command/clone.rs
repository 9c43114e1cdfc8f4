//! `c1z clone`: one sync into a file of its own.

use std::path::PathBuf;

use c1z::proto::api::CloneSyncRequest;
use clap::Args;

use crate::arguments::FileArguments;
use crate::failure::{Failure, Status};
use crate::progress::Progress;
use crate::sync;

/// Writes one sync into a new file: that of --sync, or the newest full one
#[derive(Args)]
#[command(mut_arg("sync", |sync| sync.help("The sync that is written; the newest full one that has ended if not given")))]
pub struct Clone {
    #[command(flatten)]
    file: FileArguments,
    /// The new file; must not exist
    out: PathBuf,
}

impl Clone {
    pub fn run(self) -> Result<Status, Failure> {
        let store = sync::open(&self.file)?;
        let request = CloneSyncRequest {
            path_bytes: super::path_bytes(&self.out),
            sync_id: self.file.sync.unwrap_or_default(),
            ..CloneSyncRequest::default()
        };
        Progress::new("cloning").during(|control| store.clone_sync(&request, control))?;
        store.close()?;
        Ok(Status::Done)
    }
}

//! A sync of a file that is open to be read.

use c1z::proto::api::SetCurrentSyncRequest;
use c1z::store::{OpenOptions, Store};

use crate::address;
use crate::arguments::FileArguments;
use crate::failure::Failure;
use crate::progress::Progress;

/// Opens the file; what is read is the sync that the arguments name, or the newest one.
pub fn open(arguments: &FileArguments) -> Result<Store, Failure> {
    let options = OpenOptions { read_only: true, tmp_dir: arguments.work.tmp_dir.clone(), ..OpenOptions::default() };
    let store = Progress::late("opening").during(|control| address::open(&arguments.file, options, control))?;
    if let Some(sync_id) = &arguments.sync {
        store.set_current_sync(&SetCurrentSyncRequest { sync_id: sync_id.clone() })?;
    }
    Ok(store)
}

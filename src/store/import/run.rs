//! The run of a sync that comes from elsewhere.

use prost::Message;

use crate::engine::SyncRun;
use crate::keys::SyncId;
use crate::proto::first_unreadable;
use crate::proto::storage::SyncRunRecord;
use crate::quoted::{self, Quoted};
use crate::reflect::check_cost;
use crate::{Error, Result};

const RECORD: &str = "c1.storage.v3.SyncRunRecord";

/// The most bytes of a run without its token: thousands of times those of any real one. All runs of a file are read together.
const MAX_BYTES: usize = 1 << 20;

/// The run that an encoded `c1.storage.v3.SyncRunRecord` says the sync has, in no slot yet, and its token.
pub fn read_run(id: SyncId, encoded: &[u8]) -> Result<(SyncRun, String)> {
    check_cost(RECORD, encoded)?;
    let mut record = SyncRunRecord::decode(encoded).map_err(|error| {
        let unreadable = first_unreadable(RECORD, encoded).unwrap_or_else(|| quoted::line(error));
        Error::invalid(format!("request: run: {unreadable}"))
    })?;
    if !record.sync_id.is_empty() && record.sync_id != id.to_string() {
        return Err(Error::invalid(format!("run is that of sync {}, not of {id}", Quoted::new(&record.sync_id))));
    }
    let token = std::mem::take(&mut record.sync_token);
    let bytes = encoded.len().saturating_sub(token.len());
    if bytes > MAX_BYTES {
        return Err(Error::invalid(format!(
            "run has {bytes} bytes beside its token, at most {MAX_BYTES} are permitted"
        )));
    }
    let run = SyncRun::with_unknown(id, record, encoded);
    Ok((run.map_err(|error| Error::invalid(format!("request: run: {error}")))?, token))
}

//! One sync of the reference.

use c1z::proto::{api, reader};
use prost_types::Timestamp;

use super::driver::*;
use super::rows::Rows;

/// A token that carries timings, which statistics take over.
pub const TIMINGS: &str = r#"{"step_durations_ms":{"grants":7}}"#;

#[derive(Clone, Debug, Default)]
pub struct Sync {
    pub id: String,
    pub of_type: String,
    pub parent: String,
    pub started: u64,
    pub ended: Option<u64>,
    pub token: String,
    pub taken_stats: Option<SyncStats>,
    pub supports_diff: bool,
    pub verification: Option<Verification>,
    pub rows: Rows,
}

impl Sync {
    /// The statistics that were taken when it ended; of an unfinished sync, those of now.
    pub fn stats(&self) -> SyncStats {
        match &self.taken_stats {
            Some(taken) if self.ended.is_some() => taken.clone(),
            _ => self.stats_now(),
        }
    }

    pub fn stats_now(&self) -> SyncStats {
        let timings = (self.token == TIMINGS).then(|| ("grants".to_owned(), 7));
        SyncStats { step_durations_ms: timings.into_iter().collect(), ..self.rows.stats() }
    }

    /// The sync as readers are told of it; of its times only whether it has ended.
    pub fn described(&self) -> reader::SyncRun {
        reader::SyncRun {
            id: self.id.clone(),
            started_at: None,
            ended_at: self.ended.map(|_| Timestamp::default()),
            sync_token: self.token.clone(),
            sync_type: self.of_type.clone(),
            parent_sync_id: self.parent.clone(),
            stats: Some(self.stats()),
        }
    }

    /// The same with all that only the library tells.
    pub fn run(&self) -> api::SyncRun {
        let reader::SyncRun { id, started_at, ended_at, sync_token, sync_type, parent_sync_id, stats } =
            self.described();
        let (supports_diff, verification) = (self.supports_diff, self.verification.clone());
        api::SyncRun {
            id,
            started_at,
            ended_at,
            sync_token,
            sync_type,
            parent_sync_id,
            stats,
            supports_diff,
            compacted: false,
            verification,
        }
    }
}

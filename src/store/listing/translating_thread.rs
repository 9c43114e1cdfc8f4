//! Rows of a page translated by a second thread while the first goes on reading.

use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread::{Scope, ScopedJoinHandle};

use super::response::Response;
use crate::keys::Keyspace;
use crate::memory::reserve;
use crate::threads::Worker;
use crate::{Error, Result};

/// Rows that are handed over at once, fewer if they have so many bytes.
const BATCH_ROWS: usize = 256;
const BATCH_BYTES: usize = 256 << 10;

/// Batches that may wait, so that neither thread waits for the other because of one slow block.
const WAITING: usize = 4;

/// Hands stored records to the thread that translates them.
pub(super) struct TranslatingThread<'scope> {
    batch: Batch,
    batches: SyncSender<Batch>,
    thread: ScopedJoinHandle<'scope, Result<Response>>,
}

/// Keys and stored records, one behind the other, and where each ends.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    ends: Vec<(usize, usize)>,
}

impl<'scope> TranslatingThread<'scope> {
    /// Starts the thread, which takes `response` and appends to it; `None` if the system has no thread to spare.
    pub fn start(
        worker: Worker,
        scope: &'scope Scope<'scope, '_>,
        response: &mut Response,
        keyspace: Keyspace,
    ) -> Option<TranslatingThread<'scope>> {
        let (batches, received) = sync_channel(WAITING);
        let (first, begun) = sync_channel(1);
        let work = move || {
            let begun = begun.recv().map_err(|_| Error::Internal("no rows to go on behind".into()))?;
            translate_all(received, begun, keyspace)
        };
        let thread = worker.spawn_scoped(scope, "c1z-translate", work)?;
        // It is received: the thread waits for it, and there is room for it.
        let _ = first.send(response.take());
        Some(TranslatingThread { batch: Batch::default(), batches, thread })
    }

    /// Takes a row. `false`: no more are wanted, because one could not be translated; [`TranslatingThread::finish`] says why.
    pub fn row(&mut self, key: &[u8], stored: &[u8]) -> Result<bool> {
        self.batch.push(key, stored)?;
        Ok(!self.batch.is_full() || self.batches.send(std::mem::take(&mut self.batch)).is_ok())
    }

    /// The response with all rows.
    pub fn finish(self) -> Result<Response> {
        // Nobody receives it if a row could not be translated.
        let _ = self.batches.send(self.batch);
        drop(self.batches);
        self.thread.join().map_err(|_| Error::Internal("translating rows panicked".into()))?
    }
}

impl Batch {
    fn is_full(&self) -> bool {
        self.ends.len() >= BATCH_ROWS || self.bytes.len() >= BATCH_BYTES
    }

    fn push(&mut self, key: &[u8], stored: &[u8]) -> Result<()> {
        reserve(&mut self.bytes, key.len() + stored.len())?;
        self.bytes.extend_from_slice(key);
        let key = self.bytes.len();
        self.bytes.extend_from_slice(stored);
        self.ends.push((key, self.bytes.len()));
        Ok(())
    }

    fn rows(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(key, end)| {
            let row = (&self.bytes[start..key], &self.bytes[key..end]);
            start = end;
            row
        })
    }
}

fn translate_all(batches: Receiver<Batch>, mut response: Response, keyspace: Keyspace) -> Result<Response> {
    for batch in batches {
        for (key, stored) in batch.rows() {
            response.row(keyspace, key, stored)?;
        }
    }
    Ok(response)
}

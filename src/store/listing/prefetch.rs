//! Pages of a file that is only read, read before they are asked for.
//!
//! Who asks for a page behind another will ask for the one behind that. It is read while the caller looks at the one that
//! it was given.

use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use prost::Message;

use super::page::{self, Query, Source, MANY_ROWS, PAGE_BYTES};
use super::response::Response;
use crate::engine::{Engine, EngineOptions, Reader};
use crate::store::{Encoded, Store};
use crate::translate::Shape;
use crate::Result;

/// A page that nobody has come for after so many others is not waited for any longer.
const STALE_PAGES: u64 = 8;

/// A page and the token of the one that follows.
type Page = (Response, String);

/// Reads pages, and the next ones of whoever goes through many. Dropping it waits for those that are being read.
pub struct Prefetch {
    engine: Arc<Engine>,
    /// How many pages may wait for their readers.
    limit: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// Pages behind others that were given out so far.
    given: u64,
    pages: Vec<Next>,
}

/// All that decides what is in a page.
#[derive(Clone, PartialEq)]
struct Wanted {
    query: Query,
    source: Source,
    shape: Shape,
}

/// A page that is being read, or has been.
struct Next {
    wanted: Wanted,
    thread: JoinHandle<Result<Page>>,
    /// What had been given out when this was begun.
    begun: u64,
}

impl Store {
    /// A page of records, and the token of the page that follows.
    pub(in crate::store) fn rows(
        &self,
        reader: &Reader<'_>,
        query: &Query,
        source: Source,
        shape: Shape,
    ) -> Result<(Response, String)> {
        match &self.prefetch {
            Some(prefetch) => prefetch.page(reader, query, source, shape),
            None => page::page(reader, query, source, shape, self.engine.workers()),
        }
    }

    /// A page of records as a list response.
    pub(in crate::store) fn page<M: Message + Default>(
        &self,
        reader: &Reader<'_>,
        query: &Query,
        source: Source,
        shape: Shape,
    ) -> Result<Encoded<M>> {
        let (response, next) = self.rows(reader, query, source, shape)?;
        Ok(response.finish(&next))
    }
}

impl Prefetch {
    /// For a database that does not change. As many pages may wait as there is memory for.
    pub fn new(engine: Arc<Engine>, options: &EngineOptions) -> Prefetch {
        let room = (options.prefetch_budget() / PAGE_BYTES).max(1);
        Prefetch { engine, limit: options.threads.saturating_sub(1).min(room), waiting: Mutex::default() }
    }

    /// The page of `query`, and the token of the one that follows.
    pub fn page(&self, reader: &Reader<'_>, query: &Query, source: Source, shape: Shape) -> Result<Page> {
        if query.token.is_empty() || query.size < MANY_ROWS {
            return page::page(reader, query, source, shape, self.engine.workers());
        }
        let mut wanted = Wanted { query: query.clone(), source, shape };
        let page = match self.take(&wanted) {
            Some(page) => page,
            None => page::page(reader, query, source, shape, self.engine.workers())?,
        };
        if !page.1.is_empty() {
            wanted.query.token.clone_from(&page.1);
            self.begin(wanted);
        }
        Ok(page)
    }

    /// The page if it has been begun. One that has failed is read again, by whoever is to see how it fails.
    fn take(&self, wanted: &Wanted) -> Option<Page> {
        let mut waiting = self.waiting.lock();
        waiting.given += 1;
        let index = waiting.pages.iter().position(|next| next.wanted == *wanted)?;
        let next = waiting.pages.swap_remove(index);
        drop(waiting);
        next.thread.join().ok()?.ok()
    }

    fn begin(&self, wanted: Wanted) {
        let mut waiting = self.waiting.lock();
        let given = waiting.given;
        waiting.pages.retain(|next| given - next.begun < STALE_PAGES || !next.thread.is_finished());
        if waiting.pages.len() == self.limit || waiting.pages.iter().any(|next| next.wanted == wanted) {
            return;
        }
        let (engine, Wanted { query, source, shape }) = (self.engine.clone(), wanted.clone());
        let read = move || page::page(&engine.ended(), &query, source, shape, engine.workers());
        let worker = self.engine.workers().claim();
        if let Some(thread) = worker.and_then(|worker| worker.spawn("c1z-prefetch", read)) {
            waiting.pages.push(Next { wanted, thread, begun: given });
        }
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        for next in self.waiting.get_mut().pages.drain(..) {
            let _ = next.thread.join();
        }
    }
}

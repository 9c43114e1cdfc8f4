//! How records are listed: which sync is in view, which rows a page has and what the token of the next one is, how a
//! stored row becomes a row of the answer, and what is read ahead or remembered.
//!
//! The rooms that know a kind of record or a sync call it with a [`Query`], which knows neither requests nor kinds; scans
//! alone are asked for by `capi`.

mod encoded;
mod lookup_cache;
pub mod page;
mod prefetch;
mod response;
mod scan;
mod translating_thread;
pub mod view;

pub use encoded::Encoded;
pub use lookup_cache::LookupCache;
pub use page::{page_size, Query, Source, PAGE_BYTES};
pub use prefetch::Prefetch;
pub use response::{Response, MAX_ANSWER_BYTES};
pub use scan::{Scan, ScanRequest};
pub use view::{is_sync_details, latest_finished, latest_unfinished, View};

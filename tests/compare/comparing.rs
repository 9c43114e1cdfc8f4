//! Requests to compare, and what they find.

use std::path::Path;

use c1z::control::Control;
use c1z::store::FileComparison;
use prost::Message;

use crate::fixture::*;

/// What is found, and how many records were read for it.
#[derive(Debug, Default)]
pub struct Found {
    pub list: Vec<Difference>,
    pub records_read: u64,
    pub pages: usize,
}

impl Found {
    fn of(mut next: impl FnMut() -> c1z::Result<Option<Vec<u8>>>) -> c1z::Result<Found> {
        let mut found = Found::default();
        while let Some(page) = next()? {
            let page = ComparePage::decode(&page[..]).unwrap();
            assert!(page.records_read >= found.records_read);
            found.list.extend(page.list);
            found.records_read = page.records_read;
            found.pages += 1;
        }
        assert_eq!(next()?, None, "the end is the end");
        Ok(found)
    }
}

pub fn input(path: &Path, sync_id: &str) -> Option<CompareInput> {
    Some(CompareInput { path: path.to_str().unwrap().into(), sync_id: sync_id.into(), ..Default::default() })
}

/// A request to compare the newest sync of each file.
pub fn request(before: &Path, after: &Path) -> CompareFilesRequest {
    CompareFilesRequest {
        before: input(before, ""),
        after: input(after, ""),
        threads: 1,
        memory_budget_bytes: 32 << 20,
        ..Default::default()
    }
}

pub fn of_request(request: &CompareFilesRequest) -> c1z::Result<Found> {
    let mut comparison = FileComparison::open(request, &Control::none())?;
    Found::of(|| comparison.next_page())
}

pub fn of_files(before: &Path, after: &Path) -> Found {
    of_request(&request(before, after)).unwrap()
}

pub fn of_syncs(store: &Store, before: &str, after: &str, options: &CompareOptions) -> c1z::Result<Found> {
    let mut comparison = store.compare_syncs(&CompareSyncsRequest {
        before_sync_id: before.into(),
        after_sync_id: after.into(),
        options: Some(options.clone()),
    })?;
    Found::of(|| store.compare_next(&mut comparison))
}

//! What an open file promises, case by case: the safe API against failures that engines of this kind have had.

#[path = "store/bare_ids.rs"]
mod bare_ids;
#[path = "store/bulk.rs"]
mod bulk;
#[path = "store/checkpoints.rs"]
mod checkpoints;
#[path = "store/clock.rs"]
mod clock;
#[path = "store/codes.rs"]
mod codes;
#[path = "store/commit_page.rs"]
mod commit_page;
#[path = "store/conflicts.rs"]
mod conflicts;
#[path = "store/contributions.rs"]
mod contributions;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/digests.rs"]
mod digests;
#[path = "store/dirty.rs"]
mod dirty;
#[path = "store/fixture.rs"]
mod fixture;
#[path = "store/ids.rs"]
mod ids;
#[path = "store/import.rs"]
mod import;
#[path = "equivalence/index.rs"]
mod index;
#[path = "store/inspect.rs"]
mod inspect;
#[path = "store/isolation.rs"]
mod isolation;
#[path = "store/lazy_files.rs"]
mod lazy_files;
#[path = "store/other_process.rs"]
mod other_process;
#[path = "store/pages.rs"]
mod pages;
#[path = "store/permissions.rs"]
mod permissions;
#[path = "store/places.rs"]
mod places;
#[path = "store/references.rs"]
mod references;
#[path = "store/rejected.rs"]
mod rejected;
#[path = "store/resume.rs"]
mod resume;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/sealing.rs"]
mod sealing;
#[path = "store/sessions.rs"]
mod sessions;
#[path = "store/sharing.rs"]
mod sharing;
#[path = "store/source_cache.rs"]
mod source_cache;
#[path = "store/source_cache_model.rs"]
mod source_cache_model;
#[path = "store/splicing.rs"]
mod splicing;
#[path = "store/strangers.rs"]
mod strangers;
#[path = "store/tokens.rs"]
mod tokens;
#[path = "store/view.rs"]
mod view;

//! What an open file promises, case by case: the safe API against failures that engines of this kind have had.

#[path = "store/bulk.rs"]
mod bulk;
#[path = "store/checkpoints.rs"]
mod checkpoints;
#[path = "store/clock.rs"]
mod clock;
#[path = "store/codes.rs"]
mod codes;
#[path = "store/conflicts.rs"]
mod conflicts;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/dirty.rs"]
mod dirty;
#[path = "store/fixture.rs"]
mod fixture;
#[path = "store/ids.rs"]
mod ids;
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
#[path = "store/splicing.rs"]
mod splicing;
#[path = "store/strangers.rs"]
mod strangers;
#[path = "store/tokens.rs"]
mod tokens;
#[path = "store/view.rs"]
mod view;

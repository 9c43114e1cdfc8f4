//! Files that lie elsewhere and are read by ranges: what is asked of a source, and what its failures come to.

#[path = "source/failures.rs"]
mod failures;
#[allow(dead_code)]
#[path = "store/fixture.rs"]
mod fixture;
#[path = "source/requests.rs"]
mod requests;
#[path = "source/scripted.rs"]
mod scripted;

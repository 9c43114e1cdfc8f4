//! Random operations on a file and on a reference must be told apart by no read.
//!
//! A reference of maps (`model`, `sync`, `rows`, `sessions`) and a file, driven through the safe API or through the C ABI, are
//! given the same operations; after each of them every read that it touches is compared, in the end all are.
//! `C1Z_EQUIVALENCE_CASES` sets how many lists of operations are tried.

#[path = "equivalence/capi_driver.rs"]
mod capi_driver;
#[path = "equivalence/check.rs"]
mod check;
#[path = "equivalence/driver.rs"]
mod driver;
#[path = "equivalence/harness.rs"]
mod harness;
#[path = "equivalence/index.rs"]
mod index;
#[path = "equivalence/model.rs"]
mod model;
#[path = "equivalence/operation.rs"]
mod operation;
#[path = "equivalence/rows.rs"]
mod rows;
#[path = "equivalence/sessions.rs"]
mod sessions;
#[path = "equivalence/store_driver.rs"]
mod store_driver;
#[path = "equivalence/strategy.rs"]
mod strategy;
#[path = "equivalence/sync.rs"]
mod sync;

use capi_driver::CapiDriver;
use driver::Driver;
use harness::Harness;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use store_driver::StoreDriver;
use strategy::operations;

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/equivalence/regressions.txt");
const LONGEST: usize = 25;

fn no_read_tells_it_from_the_reference<D: Driver>(default_cases: u32) {
    let cases = std::env::var("C1Z_EQUIVALENCE_CASES").ok().map(|cases| cases.parse().expect("a number of cases"));
    let config = Config {
        cases: cases.unwrap_or(default_cases),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&operations(LONGEST), |operations| {
        Harness::<D>::run(&operations);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{}: {failure}", D::NAME);
    }
}

#[test]
fn a_store_answers_as_the_reference_does() {
    no_read_tells_it_from_the_reference::<StoreDriver>(24);
}

#[test]
fn the_c_abi_answers_as_the_reference_does() {
    no_read_tells_it_from_the_reference::<CapiDriver>(12);
}

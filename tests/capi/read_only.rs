//! A read-only store refuses every write and answers every read.

use c1z::capi::code::C1Z_FAILED_PRECONDITION;

use crate::functions::{all, Needs};
use crate::sample::Sample;
use crate::support::assert_refused;

#[test]
fn a_read_only_store_refuses_every_write_and_names_the_file() {
    let sample = Sample::new();
    let store = sample.open_read_only();
    for function in all(&sample).iter().filter(|function| function.needs != Needs::Open) {
        let result = store.send(function.exported, &function.request);
        assert!(result.is_err(), "{} wrote", function.name);
        assert_refused(result, C1Z_FAILED_PRECONDITION, "READ_ONLY", sample.path.to_str().unwrap());
    }
}

#[test]
fn a_read_only_store_answers_everything_else_and_leaves_the_file_alone() {
    let sample = Sample::new();
    let before = std::fs::read(&sample.path).unwrap();
    let store = sample.open_read_only();
    let reads = |close: bool| {
        let wanted = all(&sample).into_iter();
        wanted.filter(move |function| function.needs == Needs::Open && function.is_close() == close)
    };
    for function in reads(false).chain(reads(true)) {
        let result = store.send(function.exported, &function.request);
        assert!(result.is_ok(), "{}: {result:?}", function.name);
    }
    assert_eq!(std::fs::read(&sample.path).unwrap(), before);
}

//! One put of a page of grants into an open sync that is empty.

mod support;

use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};

use support::workload::{Shape, Workload};
use support::{messages, store};

fn pages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("put");
    group.sample_size(20);
    for rows in [1_000, 10_000] {
        let request = messages::grants(Workload::new(Shape::Groups, rows).rows().map(messages::grant).collect());
        let folder = tempfile::tempdir().expect("a temporary folder");
        group.throughput(Throughput::Elements(rows));
        group.bench_function(format!("{rows} grants"), |bencher| {
            bencher.iter_batched(
                || {
                    let store = store::scratch(folder.path()).expect("a new store");
                    store::start(&store).expect("a new sync");
                    store
                },
                |store| {
                    store.put_grants(&request).expect("the page is put");
                    // Dropped outside the measurement.
                    store
                },
                BatchSize::PerIteration,
            )
        });
    }
    group.finish();
}

criterion_group!(benches, pages);
criterion_main!(benches);

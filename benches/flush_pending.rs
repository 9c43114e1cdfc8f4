//! Ending a sync of 100,000 pending grants: sort, merge, SSTs, ingestion, statistics, flush.

mod support;

use c1z::control::Control;
use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use prost::Message;

use support::workload::{shuffle, Shape, Workload};
use support::{messages, store};

const GRANTS: u64 = 100_000;

/// The requests for an order of arrival: each grant once, or a fourth of them four times over.
fn requests(order: &str) -> Vec<Vec<u8>> {
    let distinct = if order == "duplicated" { GRANTS / 4 } else { GRANTS };
    let rows = Workload::new(Shape::Groups, distinct).rows();
    let mut grants: Vec<Vec<u8>> = rows.map(|row| messages::grant(row).encode_to_vec()).collect();
    match order {
        "shuffled" => shuffle(&mut grants),
        "duplicated" => grants = vec![grants; 4].concat(),
        _ => {}
    }
    messages::grant_pages(&grants, store::PAGE)
}

fn orders(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flush pending");
    group.sample_size(10).throughput(Throughput::Elements(GRANTS));
    for order in ["sorted", "shuffled", "duplicated"] {
        let (requests, folder) = (requests(order), tempfile::tempdir().expect("a temporary folder"));
        group.bench_function(format!("{GRANTS} grants, {order}"), |bencher| {
            bencher.iter_batched(
                || {
                    let store = store::scratch(folder.path()).expect("a new store");
                    store::start(&store).expect("a new sync");
                    requests.iter().for_each(|page| store.put_grants(page).expect("the page is put"));
                    store
                },
                |store| {
                    store.end_sync(&Control::none()).expect("the sync ends");
                    // Dropped outside the measurement.
                    store
                },
                BatchSize::PerIteration,
            )
        });
    }
    group.finish();
}

criterion_group!(benches, orders);
criterion_main!(benches);

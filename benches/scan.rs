//! Reading the grants of an ended sync: 100,000 of them, in groups of 200.

mod support;

use c1z::proto::connector::GrantsServiceListGrantsRequest as ListRequest;
use c1z::proto::reader::{
    GrantsReaderServiceGetGrantRequest as GetRequest,
    GrantsReaderServiceListGrantsForEntitlementRequest as ForEntitlementRequest,
    GrantsReaderServiceListGrantsForPrincipalRequest as ForPrincipalRequest,
};
use c1z::store::Store;
use criterion::{criterion_group, criterion_main, Criterion, Throughput};

use support::workload::{scatter, Row, Shape, Workload};
use support::{messages, pages, store};

const GRANTS: u64 = 100_000;

fn reads(criterion: &mut Criterion) {
    let workload = Workload::new(Shape::Groups, GRANTS);
    let rows: Vec<Row> = workload.rows().collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("scan.c1z");
    store::save_workload(&path, workload).expect("a new file");
    let store = store::open(&path, true).expect("the file opens");
    let mut turn = 0;
    let mut any = move || {
        turn += 1;
        rows[(scatter(turn) % GRANTS) as usize]
    };

    let mut group = criterion.benchmark_group("scan");
    group.sample_size(20);
    group.throughput(Throughput::Elements(GRANTS));
    group.bench_function("all, in pages of 10,000", |bencher| bencher.iter(|| list_all(&store)));
    group.throughput(Throughput::Elements(200));
    group.bench_function("by entitlement", |bencher| {
        bencher.iter(|| {
            let Row { resource, entitlement, .. } = any();
            let entitlement = Some(messages::entitlement_of(resource, entitlement));
            let request = ForEntitlementRequest { entitlement, ..ForEntitlementRequest::default() };
            store.list_grants_for_entitlement(&request).expect("a page")
        })
    });
    group.throughput(Throughput::Elements(GRANTS / workload.users));
    group.bench_function("by principal", |bencher| {
        bencher.iter(|| {
            let principal_id = Some(messages::user(any().user));
            let request = ForPrincipalRequest { principal_id, ..ForPrincipalRequest::default() };
            store.list_grants_for_principal(&request).expect("a page")
        })
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("one grant by its id", |bencher| {
        bencher.iter(|| {
            let request = GetRequest { grant_id: messages::grant(any()).id, ..GetRequest::default() };
            store.get_grant(&request).expect("the grant")
        })
    });
    group.finish();
}

fn list_all(store: &Store) -> u64 {
    let page = |page_token: &str| {
        let request = ListRequest { page_size: 10_000, page_token: page_token.into(), ..ListRequest::default() };
        store.list_grants(&request).map(|page| page.into_bytes())
    };
    pages::walk(page, |_| ()).expect("every page")
}

criterion_group!(benches, reads);
criterion_main!(benches);

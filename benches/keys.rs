//! Keys and page tokens: what every record pays at least once.

use std::hint::black_box;

use c1z::keys::{
    self, unescape, Elements, EntitlementRef, GrantRef, Keyspace, Listing, ResourceRef, Slot, TupleWriter,
};
use criterion::{criterion_group, criterion_main, Criterion};

const SLOT: Slot = Slot(1);
const GRANT: GrantRef<'static> = GrantRef {
    entitlement: EntitlementRef {
        resource: ResourceRef { resource_type: "group", resource: "grp-00001234" },
        id: "group:grp-00001234:member",
    },
    principal: ResourceRef { resource_type: "user", resource: "usr-00004321" },
};

fn tuples(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("keys/tuple");
    let elements = |id| ["group", id, "1", "member", "user", "usr-00004321"];
    for (name, id) in [("plain", "grp-00001234"), ("escaped", "grp\0\0\x01\x01-1234")] {
        group.bench_function(format!("encode {name}"), |bencher| {
            bencher.iter(|| {
                let writer = TupleWriter::new(SLOT, Keyspace::Grant);
                black_box(elements(id)).into_iter().fold(writer, TupleWriter::element).key()
            })
        });
        let key = elements(id).into_iter().fold(TupleWriter::new(SLOT, Keyspace::Grant), TupleWriter::element).key();
        group.bench_function(format!("decode {name}"), |bencher| {
            bencher.iter(|| {
                let decoded = Elements::of(keys::tuple_of(black_box(&key))).filter_map(unescape);
                decoded.fold(0, |bytes, element| bytes + element.len())
            })
        });
    }
    group.finish();
}

fn grants(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("keys/grant");
    group.bench_function("primary", |bencher| bencher.iter(|| keys::grant(SLOT, black_box(GRANT))));
    group.bench_function("by principal", |bencher| bencher.iter(|| keys::grant_by_principal(SLOT, black_box(GRANT))));
    let entry = keys::grant_by_principal(SLOT, GRANT);
    group.bench_function("entry to record", |bencher| {
        bencher.iter(|| keys::record_of_entry(Keyspace::GrantByPrincipal, keys::tuple_of(black_box(&entry))))
    });
    group.finish();
}

fn tokens(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("keys/token");
    let (prefix, last) = (keys::keyspace(SLOT, Keyspace::Grant), keys::grant(SLOT, GRANT));
    group.bench_function("encode", |bencher| bencher.iter(|| Listing::Grants.token(&prefix, &[], black_box(&last))));
    let token = Listing::Grants.token(&prefix, &[], &last);
    group.bench_function("decode", |bencher| {
        bencher.iter(|| Listing::Grants.after(&prefix, &[], black_box(&token)).expect("the token is good"))
    });
    group.finish();
}

criterion_group!(benches, tuples, grants, tokens);
criterion_main!(benches);

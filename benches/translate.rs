//! Connector messages to stored records and back. Each iteration translates one row.

mod support {
    #![allow(dead_code)]
    pub mod messages;
    pub mod workload;
}

use c1z::proto::wire::Malformed;
use c1z::translate::{self, Stamp};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use prost::Message;

use support::messages;
use support::workload::{Held, Row};

type ToRecord = fn(&[u8], &Stamp<'_>, &mut Vec<u8>) -> Result<(), Malformed>;
type FromRecord = fn(&[u8], &mut Vec<u8>) -> Result<(), Malformed>;

fn noun(criterion: &mut Criterion, name: &str, message: &impl Message, to_record: ToRecord, from_record: FromRecord) {
    let mut group = criterion.benchmark_group(format!("translate/{name}"));
    let (message, stamp) = (message.encode_to_vec(), Stamp::default());
    let mut record = Vec::new();
    to_record(&message, &stamp, &mut record).expect("the message is well formed");

    let mut out = Vec::with_capacity(1 << 12);
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("to record", |bencher| {
        bencher.iter(|| {
            out.clear();
            to_record(&message, &stamp, &mut out)
        })
    });
    group.throughput(Throughput::Bytes(record.len() as u64));
    group.bench_function("from record", |bencher| {
        bencher.iter(|| {
            out.clear();
            from_record(&record, &mut out)
        })
    });
    group.finish();
}

fn translations(criterion: &mut Criterion) {
    let grant = messages::grant(Row { resource: 1234, entitlement: 0, user: 4321 });
    noun(criterion, "grant", &grant, translate::grant_to_record, translate::grant_from_record);
    let user = messages::described_user(4321);
    noun(criterion, "resource", &user, translate::resource_to_record, translate::resource_from_record);
    let user = messages::user_with_profile(4321);
    noun(criterion, "resource with profile", &user, translate::resource_to_record, translate::resource_from_record);
    let held = messages::described_entitlement(Held { resource: 1234, entitlement: 0, holders: 200 });
    noun(criterion, "entitlement", &held, translate::entitlement_to_record, translate::entitlement_from_record);
}

criterion_group!(benches, translations);
criterion_main!(benches);

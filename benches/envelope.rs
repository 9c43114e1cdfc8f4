//! Packing and unpacking the database of 100,000 grants, in each encoding.

mod support;

use c1z::control::Control;
use c1z::envelope::{self, Encoding, Limits, Payload, SaveOptions};
use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};

use support::store;
use support::workload::{Shape, Workload};

fn encodings(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, database) = (folder.path().join("file.c1z"), folder.path().join("database"));
    store::save_workload(&file, Workload::new(Shape::Groups, 100_000)).expect("a new file");
    std::fs::create_dir(&database).expect("a new folder");
    let head = envelope::unpack(&file, &database, &Limits::default(), &Control::none()).expect("it unpacks");
    let files = std::fs::read_dir(&database).expect("the folder").flatten();
    let bytes: u64 = files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();

    let mut group = criterion.benchmark_group("envelope");
    group.sample_size(10).throughput(Throughput::Bytes(bytes));
    for encoding in [Encoding::IndexedZstd, Encoding::TarZstd, Encoding::Tar] {
        let path = folder.path().join(format!("{encoding:?}.c1z"));
        let save = || {
            let (manifest, options) = (head.manifest.clone(), SaveOptions::default());
            envelope::save(
                &path,
                manifest,
                encoding,
                Payload::below(&database).expect("it is listed"),
                &options,
                &Control::none(),
            )
            .expect("it is saved")
        };
        group.bench_function(format!("save {encoding:?}"), |bencher| bencher.iter(save));
        save();
        group.bench_function(format!("unpack {encoding:?}"), |bencher| {
            bencher.iter_batched(
                || tempfile::tempdir_in(folder.path()).expect("an empty folder"),
                |into| {
                    let unpacked = envelope::unpack(&path, into.path(), &Limits::default(), &Control::none());
                    unpacked.expect("it unpacks");
                    // Removed outside the measurement.
                    into
                },
                BatchSize::PerIteration,
            )
        });
    }
    group.finish();
}

criterion_group!(benches, encodings);
criterion_main!(benches);

//! What a write cannot be faster than: sort rows in memory, write them to one flat file, compress that.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use c1z::engine::{Kind, RecordKeys};
use c1z::envelope::SaveOptions;
use c1z::keys::Slot;
use c1z::translate::{grant_to_record, Stamp};

use crate::write::Stages;
use crate::{cpu, Outcome};

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// The rows that grants become, in the order of the grants: records, and index entries too if asked for.
pub fn pairs(grants: &[Vec<u8>], entries: bool) -> Outcome<Vec<Pair>> {
    let mut pairs = Vec::with_capacity(grants.len() * (1 + usize::from(entries)));
    for grant in grants {
        let mut record = Vec::new();
        grant_to_record(grant, &Stamp::default(), &mut record)?;
        record.shrink_to_fit();
        let keys = RecordKeys::of(Kind::Grant, Slot(1), &record)?;
        if entries {
            pairs.extend(keys.entries().map(|(entry, value)| (entry.to_vec(), value.to_vec())));
        }
        pairs.push((keys.record, record));
    }
    Ok(pairs)
}

/// Sorts the rows and writes the files, with as many threads and the zstd level that the library saves with.
pub fn run(mut pairs: Vec<Pair>, folder: &Path, threads: usize) -> Outcome<Stages> {
    let (started, cpu) = (Instant::now(), cpu::used()?);
    sort(&mut pairs, threads);
    let first = started.elapsed();

    let flat = folder.join("floor");
    write_flat(&pairs, &flat)?;
    let second = started.elapsed() - first;

    let packed = folder.join("floor.zst");
    compress(&flat, &packed, threads)?;
    let third = started.elapsed() - first - second;
    let cpu = cpu::used()? - cpu;
    Ok(Stages { first, second, third, cpu, bytes: std::fs::metadata(&packed)?.len() })
}

/// Sorts parts on threads of their own, then merges the parts.
fn sort(pairs: &mut [Pair], threads: usize) {
    let part = pairs.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        for part in pairs.chunks_mut(part) {
            scope.spawn(|| part.sort_unstable());
        }
    });
    // A stable sort finds runs that are sorted, and merges them.
    pairs.sort();
}

fn write_flat(pairs: &[Pair], path: &Path) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for (key, value) in pairs {
        for part in [key, value] {
            out.write_all(&(part.len() as u32).to_le_bytes())?;
            out.write_all(part)?;
        }
    }
    out.flush()
}

fn compress(from: &Path, to: &Path, threads: usize) -> io::Result<()> {
    let mut from = BufReader::with_capacity(1 << 20, File::open(from)?);
    let mut encoder = zstd::Encoder::new(File::create(to)?, SaveOptions::default().level)?;
    encoder.multithread(threads as u32)?;
    io::copy(&mut from, &mut encoder)?;
    encoder.finish()?.sync_all()
}

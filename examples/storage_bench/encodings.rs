//! What each payload encoding, block compression and zstd level costs and saves, on one workload.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use c1z::control::Control;
use c1z::envelope::{self, Encoding, Head, Limits, Payload, SaveOptions};
use c1z::proto::reader::GrantsReaderServiceGetGrantRequest as GetRequest;
use c1z::store::{OpenOptions, Store};

use crate::latencies::Latencies;
use crate::progress::bar;
use crate::support::workload::Workload;
use crate::support::{messages, store};
use crate::table::{count, latency, megabytes, seconds, Table};
use crate::{cpu, read, Arguments, Outcome};

const LEVELS: [i32; 3] = [1, 3, 6];

/// How a file is written.
#[derive(Clone, Copy)]
struct Way {
    encoding: Encoding,
    compressed_blocks: bool,
    /// Of the payload; a plain tar stream has none.
    level: Option<i32>,
}

/// The database of the workload, as a save finds it.
struct Database {
    head: Head,
    folder: PathBuf,
    bytes: u64,
    /// Processor time of ending the sync, where blocks are compressed if they are.
    end_cpu: Duration,
}

/// What one file cost.
#[derive(Clone, Copy)]
struct Cost {
    save: Duration,
    save_cpu: Duration,
    bytes: u64,
    open: Duration,
    open_cpu: Duration,
    first_get: Duration,
    scan: Duration,
    scan_cpu: Duration,
}

pub fn run(grants: u64, arguments: &Arguments) -> Outcome<()> {
    let folder = arguments.folder()?;
    let workload = Workload::new(arguments.shape.into(), grants);
    let [plain, compressed] = [false, true].map(|compressed| database(workload, folder.path(), compressed, arguments));
    let (plain, compressed) = (plain?, compressed?);
    let id = workload.rows().nth(grants as usize / 2).map(|row| messages::grant(row).id).unwrap_or_default();

    let columns = [
        "encoding",
        "blocks",
        "level",
        "file MB",
        "save s",
        "CPU s",
        "open s",
        "CPU s",
        "first get",
        "open to first get s",
        "scan s",
        "CPU s",
    ];
    let mut table = Table::new(&columns);
    let bar = bar("encodings", ways().count() as u64)?;
    for way in ways() {
        let database = if way.compressed_blocks { &compressed } else { &plain };
        let cost = best(way, database, folder.path(), &id, arguments)?;
        table.row(&[
            format!("{:?}", way.encoding),
            if way.compressed_blocks { "zstd" } else { "plain" }.to_owned(),
            way.level.map_or("–".into(), |level| level.to_string()),
            megabytes(cost.bytes),
            seconds(cost.save),
            seconds(cost.save_cpu),
            format!("{:.3}", cost.open.as_secs_f64()),
            seconds(cost.open_cpu),
            latency(cost.first_get),
            format!("{:.3}", (cost.open + cost.first_get).as_secs_f64()),
            seconds(cost.scan),
            seconds(cost.scan_cpu),
        ]);
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!(
        "{} grants with users, groups and entitlements, {} threads, best of {} rounds\n",
        count(grants),
        arguments.workers(),
        arguments.rounds.max(1),
    );
    for (name, database) in [("plain", &plain), ("zstd", &compressed)] {
        let (bytes, cpu) = (megabytes(database.bytes), seconds(database.end_cpu));
        println!("- {name} blocks: database of {bytes} MB, sync ended with {cpu} s of processor time");
    }
    println!();
    table.print();
    Ok(())
}

fn ways() -> impl Iterator<Item = Way> {
    [Encoding::IndexedZstd, Encoding::TarZstd, Encoding::Tar].into_iter().flat_map(|encoding| {
        let levels = match encoding {
            Encoding::Tar => vec![None],
            _ => LEVELS.map(Some).to_vec(),
        };
        [false, true].into_iter().flat_map(move |compressed_blocks| {
            levels.clone().into_iter().map(move |level| Way { encoding, compressed_blocks, level })
        })
    })
}

/// A store compresses blocks exactly if its payload is a plain tar stream: such a file gives the database, whatever it
/// is packed into then.
fn database(workload: Workload, folder: &Path, compressed: bool, arguments: &Arguments) -> Outcome<Database> {
    let encoding = if compressed { Encoding::Tar } else { Encoding::IndexedZstd };
    let file = folder.join("database.c1z");
    let options = OpenOptions { encoding: Some(encoding), ..read::options(arguments, false) };
    let store = Store::open(&file, options, &Control::none())?;
    store::start(&store)?;
    store::load(&store, workload, &|_| ())?;
    let cpu = cpu::used()?;
    store.end_sync(&Control::none())?;
    let end_cpu = cpu::used()? - cpu;
    store.save(&Control::none())?;
    store.close()?;

    let folder = folder.join(format!("{encoding:?}"));
    std::fs::create_dir(&folder)?;
    let head = envelope::unpack(&file, &folder, &Limits::default(), &Control::none())?;
    std::fs::remove_file(&file)?;
    let mut bytes = 0;
    for file in std::fs::read_dir(&folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(Database { head, folder, bytes, end_cpu })
}

/// The least of each figure over all rounds.
fn best(way: Way, database: &Database, folder: &Path, id: &str, arguments: &Arguments) -> Outcome<Cost> {
    let mut best = measure(way, database, folder, id, arguments)?;
    for _ in 1..arguments.rounds {
        let cost = measure(way, database, folder, id, arguments)?;
        best = Cost {
            save: best.save.min(cost.save),
            save_cpu: best.save_cpu.min(cost.save_cpu),
            bytes: cost.bytes,
            open: best.open.min(cost.open),
            open_cpu: best.open_cpu.min(cost.open_cpu),
            first_get: best.first_get.min(cost.first_get),
            scan: best.scan.min(cost.scan),
            scan_cpu: best.scan_cpu.min(cost.scan_cpu),
        };
    }
    Ok(best)
}

fn measure(way: Way, database: &Database, folder: &Path, id: &str, arguments: &Arguments) -> Outcome<Cost> {
    let file = folder.join("encoded.c1z");
    let default = SaveOptions { threads: arguments.threads, ..SaveOptions::default() };
    let options = SaveOptions { level: way.level.unwrap_or(default.level), ..default };
    let manifest = database.head.manifest.clone();

    let (started, cpu) = (Instant::now(), cpu::used()?);
    envelope::save(&file, manifest, way.encoding, Payload::below(&database.folder)?, &options, &Control::none())?;
    let (save, save_cpu) = (started.elapsed(), cpu::used()? - cpu);
    let bytes = std::fs::metadata(&file)?.len();

    let (started, cpu) = (Instant::now(), cpu::used()?);
    let store = Store::open(&file, read::options(arguments, true), &Control::none())?;
    let (open, open_cpu) = (started.elapsed(), cpu::used()? - cpu);
    store.get_grant(&GetRequest { grant_id: id.to_owned(), ..GetRequest::default() })?;
    let first_get = started.elapsed() - open;

    let (mut pages, cpu) = (Latencies::default(), cpu::used()?);
    read::list_all(&store, &mut pages, |_| ())?;
    let scan_cpu = cpu::used()? - cpu;
    store.close()?;
    Ok(Cost { save, save_cpu, bytes, open, open_cpu, first_get, scan: pages.total(), scan_cpu })
}

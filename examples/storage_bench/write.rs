//! A sync of grants through the C ABI, beside the floor on the same grants.

use std::path::Path;
use std::time::{Duration, Instant};

use c1z::capi::api::CallFn;
use c1z::capi::file::{c1z_close, c1z_save};
use c1z::capi::grants::c1z_put_grants;
use c1z::capi::pages::c1z_commit_page;
use c1z::capi::syncs::{c1z_end_sync, c1z_start_sync};
use c1z::proto::api::{CommitPageRequest, OpenRequest, StartSyncRequest};
use c1z::proto::wire::put_message;
use prost::Message;

use crate::abi::Handle;
use crate::progress::bar;
use crate::support::workload::{shuffle, Workload};
use crate::support::{messages, store};
use crate::table::{count, megabytes, seconds, Table};
use crate::{cpu, memory};
use crate::{floor, Arguments, Outcome};

/// How long the three parts of a write took, the processor time of all, and the bytes of the file at its end.
#[derive(Clone, Copy, Debug)]
pub struct Stages {
    pub first: Duration,
    pub second: Duration,
    pub third: Duration,
    pub cpu: Duration,
    pub bytes: u64,
}

impl Stages {
    fn total(&self) -> Duration {
        self.first + self.second + self.third
    }
}

/// What is measured of one order of arrival, all on the same grants.
struct Round {
    library: Stages,
    peak: f64,
    /// The same with pages, each of which has a named value too.
    pages: Stages,
    floor: Stages,
    floor_with_entries: Stages,
}

/// One of the writes of a round.
type Measured = fn(&Round) -> Stages;

pub fn run(grants: u64, arguments: &Arguments) -> Outcome<()> {
    let folder = arguments.folder()?;
    let columns = [
        "",
        "put / sort s",
        "end / flat file s",
        "save / zstd s",
        "total s",
        "CPU s",
        "file MB",
        "× floor",
        "CPU × floor",
        "peak MB",
    ];
    let mut table = Table::new(&columns);
    let bar = bar("write", 2 * u64::from(arguments.rounds.max(1)))?;
    for order in ["sorted", "shuffled"] {
        let rows = Workload::new(arguments.shape.into(), grants).rows();
        let mut encoded: Vec<Vec<u8>> = rows.map(|row| messages::grant(row).encode_to_vec()).collect();
        if order == "shuffled" {
            shuffle(&mut encoded);
        }
        let mut rounds = Vec::new();
        for _ in 0..arguments.rounds.max(1) {
            rounds.push(round(&encoded, folder.path(), arguments)?);
            bar.inc(1);
        }
        print_order(&mut table, order, &rounds);
    }
    bar.finish_and_clear();
    println!(
        "{} grants, {} threads, best of {} rounds:\n",
        count(grants),
        arguments.workers(),
        arguments.rounds.max(1)
    );
    table.print();
    Ok(())
}

fn print_order(table: &mut Table, order: &str, rounds: &[Round]) {
    let best = |of: Measured| rounds.iter().map(of).min_by_key(Stages::total);
    let Some(floor) = best(|round| round.floor) else { return };
    let times = |of: Duration, than: Duration| format!("{:.2}", of.as_secs_f64() / than.as_secs_f64());
    let peak = rounds.iter().map(|round| round.peak).fold(0.0, f64::max);
    let measured: [(&str, Measured, String); 4] = [
        ("library", |round| round.library, format!("{peak:.0}")),
        ("library, as pages", |round| round.pages, String::new()),
        ("floor", |round| round.floor, String::new()),
        ("floor with index entries", |round| round.floor_with_entries, String::new()),
    ];
    for (name, of, peak) in measured {
        let Some(stages) = best(of) else { return };
        table.row(&[
            format!("{name}, {order}"),
            seconds(stages.first),
            seconds(stages.second),
            seconds(stages.third),
            seconds(stages.total()),
            seconds(stages.cpu),
            megabytes(stages.bytes),
            times(stages.total(), floor.total()),
            times(stages.cpu, floor.cpu),
            peak,
        ]);
    }
}

/// All measurements of a round follow each other closely: what else the machine does hits all of them.
fn round(grants: &[Vec<u8>], folder: &Path, arguments: &Arguments) -> Outcome<Round> {
    let requests = messages::grant_pages(grants, store::PAGE);
    memory::reset_peak()?;
    let before = memory::resident()?.now;
    let library = library(c1z_put_grants, &requests, folder, arguments)?;
    let peak = memory::resident()?.peak - before;
    let pages: Vec<Vec<u8>> = requests.iter().map(|grants| page(grants)).collect();
    drop(requests);
    let as_pages = self::library(c1z_commit_page, &pages, folder, arguments)?;
    drop(pages);
    let floor = |entries| floor::run(floor::pairs(grants, entries)?, folder, arguments.workers());
    Ok(Round { library, peak, pages: as_pages, floor: floor(false)?, floor_with_entries: floor(true)? })
}

/// A page of a put request, with a value as long as a row of a ledger.
fn page(grants: &[u8]) -> Vec<u8> {
    /// Where a page has its grants.
    const GRANTS: u32 = 7;
    let values = [("ledger".to_owned(), vec![0; 200])].into();
    let mut page = CommitPageRequest { values, ..CommitPageRequest::default() }.encode_to_vec();
    put_message(&mut page, GRANTS, grants);
    page
}

fn library(put: CallFn, requests: &[Vec<u8>], folder: &Path, arguments: &Arguments) -> Outcome<Stages> {
    let path = folder.join("library.c1z");
    if path.exists() {
        std::fs::remove_file(&path)?;
    }
    let open = OpenRequest {
        path: path.to_string_lossy().into_owned(),
        tmp_dir: folder.to_string_lossy().into_owned(),
        threads: arguments.threads as u32,
        memory_budget_bytes: arguments.memory_mib << 20,
        no_grant_digests: arguments.no_grant_digests,
        ..OpenRequest::default()
    };
    let store = Handle::open(&open.encode_to_vec())?;
    let start = StartSyncRequest { sync_type: "full".into(), ..StartSyncRequest::default() };
    store.call(c1z_start_sync, &start.encode_to_vec())?;

    let (started, cpu) = (Instant::now(), cpu::used()?);
    requests.iter().try_for_each(|request| store.call(put, request))?;
    let first = started.elapsed();
    store.call_long(c1z_end_sync)?;
    let second = started.elapsed() - first;
    store.call_long(c1z_save)?;
    let third = started.elapsed() - first - second;
    let cpu = cpu::used()? - cpu;
    store.call_long(c1z_close)?;
    Ok(Stages { first, second, third, cpu, bytes: std::fs::metadata(&path)?.len() })
}

//! Reads of one file: opened, walked, listed by what grants have in common, looked up one by one.

use std::path::Path;
use std::time::{Duration, Instant};

use c1z::control::Control;
use c1z::error::Code;
use c1z::proto::api::ScanGrantsRequest;
use c1z::proto::connector::{Grant, GrantsServiceListGrantsRequest as ListRequest};
use c1z::proto::reader::{
    GrantsReaderServiceGetGrantRequest as GetRequest,
    GrantsReaderServiceListGrantsForEntitlementRequest as ForEntitlementRequest,
    GrantsReaderServiceListGrantsForPrincipalRequest as ForPrincipalRequest,
};
use c1z::store::{OpenOptions, ScanRequest, Store};
use prost::Message;

use crate::latencies::Latencies;
use crate::progress::bar;
use crate::support::pages::walk;
use crate::support::workload::shuffle;
use crate::table::{count, latency, seconds, Table};
use crate::{cpu, memory};
use crate::{Arguments, Outcome};

/// Lists all grants that one of them stands for, and says how many they are.
type Listing = fn(&Store, &Grant, &mut Latencies) -> c1z::Result<u64>;

const BY_WHAT: [(&str, Listing); 4] = [
    ("grants of an entitlement", of_entitlement),
    ("grants of a principal", of_principal),
    ("grants on a resource", on_resource),
    ("one grant by its id", one),
];

pub fn run(file: &Path, arguments: &Arguments) -> Outcome<()> {
    let columns = ["", "calls", "rows", "seconds", "CPU s", "rows/s", "p50", "p90", "p99", "max"];
    let mut table = Table::new(&columns);
    memory::reset_peak()?;

    let (mut calls, before) = (Latencies::default(), cpu::used()?);
    let store = calls.time(|| Store::open(file, options(arguments, true), &Control::none()))?;
    add(&mut table, "open", &calls, 0, cpu::used()? - before);

    let (mut calls, before) = (Latencies::default(), cpu::used()?);
    let mut sample = Sample::of(arguments.samples);
    let rows = list_all(&store, &mut calls, |grant| sample.offer(grant))?;
    add(&mut table, "all grants, pages of 10,000", &calls, rows, cpu::used()? - before);

    let (mut calls, before) = (Latencies::default(), cpu::used()?);
    let rows = scan_all(&store, &mut calls)?;
    add(&mut table, "all grants, cursor", &calls, rows, cpu::used()? - before);

    #[cfg(feature = "arrow")]
    {
        let (mut calls, before) = (Latencies::default(), cpu::used()?);
        let rows = export_all(&store, &mut calls)?;
        add(&mut table, "all grants, Arrow batches", &calls, rows, cpu::used()? - before);
    }

    let sample = sample.take()?;
    for (name, listing) in BY_WHAT {
        let (mut calls, mut rows) = (Latencies::default(), 0);
        let bar = bar(name, sample.len() as u64)?;
        let (started, before) = (Instant::now(), cpu::used()?);
        for grant in &sample {
            rows += listing(&store, grant, &mut calls)?;
            bar.inc(1);
            if started.elapsed().as_secs_f64() > arguments.seconds {
                break;
            }
        }
        bar.finish_and_clear();
        add(&mut table, name, &calls, rows, cpu::used()? - before);
    }
    println!("{}, {} threads, peak RSS {:.0} MB:\n", file.display(), arguments.workers(), memory::resident()?.peak);
    table.print();
    store.close()?;
    Ok(())
}

/// How a file is opened as the command line asks for.
pub fn options(arguments: &Arguments, read_only: bool) -> OpenOptions {
    OpenOptions {
        read_only,
        tmp_dir: arguments.tmp_dir.clone(),
        threads: arguments.threads,
        memory_budget: arguments.memory_mib << 20,
        ..OpenOptions::default()
    }
}

fn add(table: &mut Table, name: &str, calls: &Latencies, rows: u64, cpu: Duration) {
    let Some(percentiles) = calls.percentiles() else { return };
    let total = calls.total();
    let rate = match rows {
        0 => String::new(),
        rows => count((rows as f64 / total.as_secs_f64()) as u64),
    };
    let mut cells = vec![name.to_owned(), count(calls.count() as u64), count(rows), seconds(total), seconds(cpu), rate];
    cells.extend(percentiles.map(latency));
    table.row(&cells);
}

/// Lists all grants; the calls alone are timed, not the look at what they returned.
pub fn list_all(store: &Store, calls: &mut Latencies, look: impl FnMut(&[u8])) -> c1z::Result<u64> {
    let page = |token: &str| {
        let request = ListRequest { page_token: token.into(), ..ListRequest::default() };
        Ok(calls.time(|| store.list_grants(&request))?.into_bytes())
    };
    walk(page, look)
}

fn scan_all(store: &Store, calls: &mut Latencies) -> Outcome<u64> {
    let mut scan = store.scan(&ScanRequest::Grants(ScanGrantsRequest::default()))?;
    let mut rows = 0;
    while let Some(page) = calls.time(|| store.scan_next(&mut scan))? {
        rows += walk(|_| Ok(page.clone()), |_| ())?;
    }
    Ok(rows)
}

#[cfg(feature = "arrow")]
fn export_all(store: &Store, calls: &mut Latencies) -> Outcome<u64> {
    use c1z::proto::api::{ExportRequest, Table};

    let request = ExportRequest { table: Table::Grants.into(), ..ExportRequest::default() };
    let mut batches = calls.time(|| c1z::columns::Batches::start(store, &request))?;
    let mut rows = 0;
    while let Some(batch) = calls.time(|| batches.next(store, &Control::none()))? {
        rows += batch.num_rows() as u64;
    }
    batches.end(store);
    Ok(rows)
}

fn of_entitlement(store: &Store, grant: &Grant, calls: &mut Latencies) -> c1z::Result<u64> {
    let page = |token: &str| {
        let entitlement = grant.entitlement.clone();
        let request = ForEntitlementRequest { entitlement, page_token: token.into(), ..Default::default() };
        Ok(calls.time(|| store.list_grants_for_entitlement(&request))?.into_bytes())
    };
    walk(page, |_| ())
}

fn of_principal(store: &Store, grant: &Grant, calls: &mut Latencies) -> c1z::Result<u64> {
    let page = |token: &str| {
        let principal_id = grant.principal.as_ref().and_then(|principal| principal.id.clone());
        let request = ForPrincipalRequest { principal_id, page_token: token.into(), ..Default::default() };
        Ok(calls.time(|| store.list_grants_for_principal(&request))?.into_bytes())
    };
    walk(page, |_| ())
}

fn on_resource(store: &Store, grant: &Grant, calls: &mut Latencies) -> c1z::Result<u64> {
    let page = |token: &str| {
        let resource = grant.entitlement.as_ref().and_then(|entitlement| entitlement.resource.clone());
        let request = ListRequest { resource, page_token: token.into(), ..ListRequest::default() };
        Ok(calls.time(|| store.list_grants(&request))?.into_bytes())
    };
    walk(page, |_| ())
}

/// Several grants may answer to one id, which the library refuses to choose from: that is an answer too.
fn one(store: &Store, grant: &Grant, calls: &mut Latencies) -> c1z::Result<u64> {
    let request = GetRequest { grant_id: grant.id.clone(), ..GetRequest::default() };
    match calls.time(|| store.get_grant(&request)) {
        Ok(_) => Ok(1),
        Err(error) if error.code() == Code::FailedPrecondition => Ok(0),
        Err(error) => Err(error),
    }
}

/// Grants spread evenly over a listing of unknown length: every so many, and ever fewer.
struct Sample {
    wanted: usize,
    stride: usize,
    seen: usize,
    grants: Vec<Vec<u8>>,
}

impl Sample {
    fn of(wanted: usize) -> Sample {
        Sample { wanted: wanted.max(1), stride: 1, seen: 0, grants: Vec::new() }
    }

    fn offer(&mut self, grant: &[u8]) {
        if self.seen.is_multiple_of(self.stride) {
            self.grants.push(grant.to_vec());
        }
        self.seen += 1;
        if self.grants.len() == 2 * self.wanted {
            let mut place = 0;
            self.grants.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
        }
    }

    /// The grants in an order that has nothing to do with that of the listing.
    fn take(mut self) -> Outcome<Vec<Grant>> {
        shuffle(&mut self.grants);
        self.grants.truncate(self.wanted);
        Ok(self.grants.iter().map(|grant| Grant::decode(&grant[..])).collect::<Result<_, _>>()?)
    }
}

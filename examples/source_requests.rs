//! What a file costs that is read where it lies: requests, bytes and time, with a delay at each request.
//!
//! ```text
//! cargo run --release --example fixture_gen -- --out big.c1z --grants 4000000
//! cargo run --release --example source_requests -- big.c1z 20
//! ```

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use c1z::control::Control;
use c1z::envelope::{ByteSource, SourceFailure};
use c1z::error::Code;
use c1z::proto::connector::{Entitlement, GrantsServiceListGrantsRequest, ResourceId};
use c1z::proto::reader::{
    GrantsReaderServiceListGrantsForEntitlementRequest, GrantsReaderServiceListGrantsForPrincipalRequest,
};
use c1z::store::{OpenOptions, Store};

/// A file of this machine that answers as one does that is far away.
struct Far {
    file: File,
    size: u64,
    delay: Duration,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl ByteSource for Far {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, SourceFailure> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        std::thread::sleep(self.delay);
        let failed = |error: std::io::Error| SourceFailure { code: Code::Unavailable, message: error.to_string() };
        self.file.read_exact_at(buffer, offset).map_err(failed).map(|()| buffer.len())
    }
}

impl Far {
    fn open(path: &Path, delay: Duration) -> Result<(Arc<Far>, Store), Box<dyn Error>> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let far = Arc::new(Far { file, size, delay, requests: AtomicU64::new(0), bytes: AtomicU64::new(0) });
        let options = OpenOptions { read_only: true, ..OpenOptions::default() };
        let store = Store::open_source(path, far.clone(), options, &Control::none())?;
        Ok((far, store))
    }

    /// Prints what was asked since it was asked last.
    fn row(&self, what: &str, rows: usize, since: Instant) {
        let requests = self.requests.swap(0, Ordering::Relaxed);
        let megabytes = self.bytes.swap(0, Ordering::Relaxed) as f64 / 1e6;
        println!("| {what} | {rows} | {requests} | {megabytes:.2} | {:.0} ms |", since.elapsed().as_secs_f64() * 1e3);
    }
}

fn page(store: &Store, token: String) -> c1z::Result<c1z::proto::connector::GrantsServiceListGrantsResponse> {
    let page = store.list_grants(&GrantsServiceListGrantsRequest { page_token: token, ..Default::default() })?;
    page.decode().map_err(|error| c1z::Error::Internal(error.to_string()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: source_requests FILE.c1z [MILLISECONDS]")?;
    let delay = Duration::from_millis(arguments.next().as_deref().unwrap_or("20").parse()?);
    let path = Path::new(&path);
    // Whom to ask for: a grant of the file's first page.
    let options = OpenOptions { read_only: true, ..OpenOptions::default() };
    let local = Store::open(path, options, &Control::none())?;
    let grant = page(&local, String::new())?.list.pop().ok_or("the file has no grants")?;
    local.close()?;
    let principal_id: Option<ResourceId> = grant.principal.and_then(|principal| principal.id);
    let entitlement: Option<Entitlement> = grant.entitlement;

    let megabytes = std::fs::metadata(path)?.len() as f64 / 1e6;
    println!("| {megabytes:.0} MB, {} ms a request | rows | requests | MB | time |", delay.as_millis());
    println!("|---|---:|---:|---:|---:|");
    let since = Instant::now();
    let (far, store) = Far::open(path, delay)?;
    far.row("open", 0, since);
    let request = GrantsReaderServiceListGrantsForPrincipalRequest { principal_id, ..Default::default() };
    for what in ["grants of a principal", "the same once more"] {
        let since = Instant::now();
        let rows = store.list_grants_for_principal(&request)?.decode()?.list.len();
        far.row(what, rows, since);
    }
    store.close()?;

    let (far, store) = Far::open(path, delay)?;
    far.row("open, a second store", 0, Instant::now());
    let since = Instant::now();
    let request = GrantsReaderServiceListGrantsForEntitlementRequest { entitlement, ..Default::default() };
    let rows = store.list_grants_for_entitlement(&request)?.decode()?.list.len();
    far.row("grants of an entitlement", rows, since);
    store.close()?;

    let (far, store) = Far::open(path, delay)?;
    far.row("open, a third store", 0, Instant::now());
    let (since, mut rows, mut token) = (Instant::now(), 0, String::new());
    loop {
        let page = page(&store, token)?;
        rows += page.list.len();
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    far.row("all grants", rows, since);
    Ok(store.close()?)
}

//! Opening a file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

use parking_lot::Mutex;

use super::changes::Changes;
use super::paths::{absolute, optional_path, shown};
use super::save::Origin;
use super::working_folder::WorkingFolder;
use crate::control::Control;
use crate::engine::{self, is_database_file, is_table, Engine, EngineOptions, FileProvider, ProvidesFiles};
use crate::envelope::{
    self, ByteSource, Encoding, FileFormat, Head, Holder, Identity, LazyFiles, Limits, PackedFile, Source,
};
use crate::error::Reason;
use crate::keys::LAYOUT_VERSION;
use crate::processors::processors;
use crate::proto::api::{GetMetadataResponse, OpenRequest};
use crate::proto::manifest::PayloadEncoding;
use crate::quoted::Quoted;
use crate::store::convert::{self, Conversion};
use crate::store::export::PartBounds;
use crate::store::import::Import;
use crate::store::listing::{view, LookupCache, Prefetch};
use crate::store::sync::Binding;
use crate::store::ENGINE;
use crate::threads::Workers;
use crate::{process, Error, Result};

const DEFAULT_MEMORY_BUDGET: u64 = 256 << 20;

/// How a file is opened; see `c1z.v1.OpenRequest` for units and defaults.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Refuse writes; the file must exist.
    pub read_only: bool,
    /// Saves replace whatever lies at the path by then.
    pub overwrite: bool,
    /// Where the working copy is kept; the system's temporary folder if `None`.
    pub tmp_dir: Option<PathBuf>,
    /// A file of format v1 is converted into the working copy.
    pub convert_v1: bool,
    /// Whether a crash of the machine leaves the working copy as the last durable commit left it. Nobody reads one in a
    /// temporary folder after that, so it is not synced to the disk unless this is set; a saved file always is.
    pub durable: bool,
    /// How a save frames the payload; as the opened file has it, or indexed zstd, if `None`.
    pub encoding: Option<Encoding>,
    /// Threads for packing, unpacking and background work; 0 means one for each processor.
    pub threads: usize,
    /// Bytes that block cache and write buffers stay below together; 0 means 256 MiB.
    pub memory_budget: u64,
    /// No digests of grants are taken.
    pub no_grant_digests: bool,
    /// What unpacking may cost, but for its threads.
    pub limits: Limits,
}

/// The encoding in a request; `None` if it leaves that open.
pub fn encoding(payload_encoding: i32) -> Result<Option<Encoding>> {
    match PayloadEncoding::try_from(payload_encoding) {
        Ok(PayloadEncoding::Unspecified) => Ok(None),
        Ok(encoding) => Encoding::try_from(encoding).map(Some),
        Err(_) => Err(Error::invalid(format!("payload_encoding {payload_encoding} is unknown"))),
    }
}

impl OpenOptions {
    /// Reads the options of a request.
    pub fn of(request: &OpenRequest) -> Result<OpenOptions> {
        Ok(OpenOptions {
            read_only: request.read_only,
            overwrite: request.overwrite,
            convert_v1: request.convert_v1,
            tmp_dir: optional_path("tmp_dir", &request.tmp_dir, &request.tmp_dir_bytes)?,
            encoding: encoding(request.payload_encoding)?,
            threads: request.threads as usize,
            memory_budget: request.memory_budget_bytes,
            durable: false,
            no_grant_digests: request.no_grant_digests,
            limits: Limits {
                max_local_bytes: Some(request.max_local_bytes).filter(|&bytes| bytes > 0),
                ..Limits::of_request(request.max_decoded_bytes, request.max_decoder_memory_bytes)
            },
        })
    }

    pub(in crate::store) fn grant_digests(&self) -> bool {
        !self.no_grant_digests
    }

    pub(in crate::store) fn threads(&self) -> usize {
        match self.threads {
            0 => processors(),
            threads => threads,
        }
    }

    /// One of so many equal parts of the memory budget.
    pub(in crate::store) fn memory_share(&self, parts: u64) -> u64 {
        (self.engine(Encoding::IndexedZstd).memory_budget as u64 / parts).max(1)
    }

    pub(in crate::store) fn engine(&self, encoding: Encoding) -> EngineOptions {
        let budget = if self.memory_budget == 0 { DEFAULT_MEMORY_BUDGET } else { self.memory_budget };
        EngineOptions {
            memory_budget: usize::try_from(budget).unwrap_or(usize::MAX),
            threads: self.threads(),
            durable: self.durable,
            // A payload that is compressed as a whole becomes smaller if the blocks in it are not.
            compress_blocks: encoding == Encoding::Tar,
        }
    }
}

/// An open `.c1z` file.
///
/// Dropping it gives up what was not saved and removes the working copy; the file stays as the last save left it.
pub struct Store {
    pub(in crate::store) path: PathBuf,
    pub(in crate::store) options: OpenOptions,
    pub(in crate::store) encoding: Encoding,
    pub(in crate::store) engine_options: EngineOptions,
    /// The files of the database that are not unpacked before they are needed. Declared before those who wait for them:
    /// what is being unpacked is given up.
    pub(super) lazy_files: Option<LazyFiles>,
    /// If the file is only read.
    pub(in crate::store) prefetch: Option<Prefetch>,
    pub(in crate::store) engine: Arc<Engine>,
    pub(in crate::store) binding: Mutex<Binding>,
    /// Held by whoever saves.
    pub(super) saving: Mutex<Origin>,
    /// The opened file's: how much of it merges have left unused.
    pub(super) fold_dead_bytes: AtomicI64,
    pub(in crate::store) changes: Changes,
    /// The sync that is being imported. Taken under the barrier.
    pub(in crate::store) importing: Mutex<Option<Import>>,
    pub(in crate::store) lookup_cache: LookupCache,
    pub(in crate::store) part_bounds: PartBounds,
    // Declared after the engine: the database closes before its folder goes.
    pub(in crate::store) work: WorkingFolder,
}

impl Store {
    /// Opens the file at `path`. A missing or empty one is created by the first save, unless it is opened read-only.
    /// Where it is plain that a save would fail, a store that may be written is not opened.
    ///
    /// Binds the sync that a reader would be shown, so that reads and writes go on where the last process stopped.
    pub fn open(path: &Path, options: OpenOptions, control: &Control<'_>) -> Result<Store> {
        Store::open_with_head(path, options, control).map(|(store, _)| store)
    }

    /// As [`Store::open`]; also returns the head of the file, if there is one yet.
    pub(super) fn open_with_head(
        path: &Path,
        options: OpenOptions,
        control: &Control<'_>,
    ) -> Result<(Store, Option<Head>)> {
        Store::open_from(Packed::InPlace, path, options, control)
    }

    /// A store with nothing in it, that the first save writes to `path`, where nothing may be by then.
    pub(in crate::store) fn create(path: &Path, options: OpenOptions, control: &Control<'_>) -> Result<Store> {
        Ok(Store::open_from(Packed::Nothing, path, options, control)?.0)
    }

    /// Opens the file of `source` once more, as a store that may be written, and that the first save writes to `path`,
    /// where nothing may be by then. In an indexed file, tables that nobody needs are not unpacked.
    pub(in crate::store) fn open_copy(
        source: &Store,
        path: &Path,
        options: OpenOptions,
        control: &Control<'_>,
    ) -> Result<Store> {
        let (store, _) = Store::open_from(Packed::CopyOf(&source.path), path, options, control)?;
        if !store.is_of_same_file(source) {
            // Somebody has saved it meanwhile.
            return Err(Error::Conflict { path: source.path.clone() });
        }
        store.saving.lock().identity = None;
        Ok(store)
    }

    /// Opens a file that lies elsewhere, read-only: its head and index are read, and of its tables those that a call needs.
    /// Messages call it `name`. It must be an indexed file; any other is refused with `PAYLOAD_ENCODING`.
    ///
    /// The source is kept until the store is closed. A failure of it fails the call that needs the bytes, and nothing else.
    pub fn open_source(
        name: &Path,
        source: Arc<dyn ByteSource>,
        options: OpenOptions,
        control: &Control<'_>,
    ) -> Result<Store> {
        if !options.read_only {
            return Err(Error::invalid("read_only is not set: a source cannot be written to"));
        }
        Ok(Store::open_from(Packed::Source(&source), name, options, control)?.0)
    }

    fn open_from(
        packed: Packed<'_>,
        path: &Path,
        options: OpenOptions,
        control: &Control<'_>,
    ) -> Result<(Store, Option<Head>)> {
        process::enter()?;
        let path = &match packed {
            Packed::Source(_) => path.to_path_buf(),
            _ => absolute(path)?,
        };
        let tmp_dir = options.tmp_dir.as_deref().map(absolute).transpose()?;
        let options = OpenOptions { tmp_dir, ..options };
        options.engine(Encoding::IndexedZstd).ask_for_means(path)?;
        if !options.read_only {
            envelope::check_destination(path)?;
        }
        let work = WorkingFolder::create(options.tmp_dir.as_deref())?;
        let database = work.create_folder("database")?;

        let is_v1 = matches!(packed, Packed::InPlace) && options.convert_v1 && is_v1(path)?;
        let (file, identity) = match packed {
            _ if is_v1 => (None, None),
            Packed::Nothing => (None, None),
            Packed::InPlace => packed_file(path, options.read_only)?,
            Packed::CopyOf(packed) => packed_file(packed, true)?,
            Packed::Source(source) => {
                let memory = options.engine(Encoding::IndexedZstd).memory_budget as u64;
                control.check()?;
                (Some(of_this_library(path, PackedFile::of_source(Arc::clone(source), path, memory)?)?), None)
            }
        };
        let head = file.as_ref().map(|file| file.head().clone());
        let Opened { encoding, engine_options, engine, source, lazy_files } = match (file, packed) {
            (None, _) => Opened::create(&database, &options)?,
            (Some(file), Packed::CopyOf(packed)) => Opened::unpack_lazily(packed, file, &database, &options, control)?,
            (Some(file), _) => Opened::unpack(path, file, &work, &database, &options, control)?,
        };
        let identity = match is_v1 {
            true => {
                // Digests are for files that others compare with.
                let digests = !options.read_only && options.grant_digests();
                let limits = options.limits;
                let conversion = Conversion { path, work: &work, limits, skip_unreadable: false, digests };
                Some(convert::fill(&engine, &conversion, control)?.1)
            }
            false => identity,
        };
        let binding = view::default_run(&engine.snapshot().sync_runs()?).map(Binding::at_open).unwrap_or_default();
        let engine = Arc::new(engine);
        let prefetch = options.read_only.then(|| Prefetch::new(engine.clone(), &engine_options));
        let store = Store {
            path: path.to_path_buf(),
            options,
            encoding,
            engine_options,
            lazy_files,
            prefetch,
            engine,
            binding: Mutex::new(binding),
            saving: Mutex::new(Origin { identity, source }),
            fold_dead_bytes: AtomicI64::new(head.as_ref().map_or(0, |head| head.manifest.fold_dead_bytes)),
            changes: Changes::default(),
            importing: Mutex::new(None),
            lookup_cache: LookupCache::default(),
            part_bounds: PartBounds::default(),
            work,
        };
        Ok((store, head))
    }

    /// Closes the database and removes the working copy; what was not saved is gone.
    pub fn close(self) -> Result<()> {
        let Store { lazy_files, prefetch, engine, work, .. } = self;
        drop(lazy_files);
        drop(prefetch);
        drop(engine);
        work.remove()
    }

    /// What is known of the store without reading a record.
    pub fn metadata(&self) -> Result<GetMetadataResponse> {
        let bound = self.binding.lock().bound();
        let (path, path_bytes) = shown(&self.path);
        let (database_path, database_path_bytes) = shown(self.engine.directory());
        Ok(GetMetadataResponse {
            engine: ENGINE.to_owned(),
            format: "v3".to_owned(),
            payload_encoding: PayloadEncoding::from(self.encoding).into(),
            path,
            path_bytes,
            read_only: self.options.read_only,
            dirty: self.is_dirty(),
            current_sync_id: bound.map(|bound| bound.id.to_string()).unwrap_or_default(),
            database_size_bytes: self.engine.size_on_disk()?,
            database_path,
            database_path_bytes,
        })
    }

    /// Whether there is something to save.
    pub fn is_dirty(&self) -> bool {
        self.changes.unsaved()
    }

    /// Whether the other store was opened from the same file, whatever it is called.
    pub(in crate::store) fn is_of_same_file(&self, other: &Store) -> bool {
        let [own, other] = [self, other].map(|store| store.saving.lock().identity);
        own.is_some() && own == other
    }

    /// Notes that so many bytes of the database take space for nothing.
    pub(in crate::store) fn add_dead_bytes(&self, bytes: u64) {
        self.fold_dead_bytes.fetch_add(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Bytes of the database that take space for nothing.
    pub(in crate::store) fn dead_bytes(&self) -> u64 {
        self.fold_dead_bytes.load(Ordering::Relaxed).unsigned_abs()
    }

    /// Notes that the database was rewritten without what took space for nothing.
    pub(in crate::store) fn forget_dead_bytes(&self) {
        self.fold_dead_bytes.store(0, Ordering::Relaxed);
    }

    /// Notes a change. Called under the barrier: a save that takes its checkpoint behind it has seen it.
    pub(in crate::store) fn mark_dirty(&self) {
        self.changes.made();
    }
}

/// Where the database of a store comes from.
#[derive(Clone, Copy)]
enum Packed<'p> {
    /// From nowhere.
    Nothing,
    /// From the file at the store's path, if there is one.
    InPlace,
    /// From the file at this path, which stays as it is.
    CopyOf(&'p Path),
    /// From a file that lies elsewhere.
    Source(&'p Arc<dyn ByteSource>),
}

/// An open database, and what came with it.
struct Opened {
    encoding: Encoding,
    engine_options: EngineOptions,
    engine: Engine,
    source: Option<Source>,
    lazy_files: Option<LazyFiles>,
}

impl Opened {
    /// The database that is packed in the file at `path`. Of one that is only read, tables are unpacked when they are
    /// needed.
    fn unpack(
        path: &Path,
        file: PackedFile,
        work: &WorkingFolder,
        database: &Path,
        options: &OpenOptions,
        control: &Control<'_>,
    ) -> Result<Opened> {
        let packed = file.head().manifest.payload_encoding();
        let file = file.only(is_database_file);
        let limits = Limits { threads: options.threads, ..options.limits };
        let workers = Workers::of_threads(options.threads());
        let (mut source, mut lazy_files) = (None, None);
        match options.read_only {
            true => {
                // Of a source even what is small is left for later, and opening needs all but the tables.
                let is_source = file.identity().is_none();
                let later = |name: &str| !is_source || is_table(name);
                lazy_files = file.unpack_some(database, work.home(), &limits, control, later)?;
            }
            false => {
                let named = |lazy_files: &LazyFiles| {
                    let options = options.engine(Encoding::IndexedZstd);
                    let named = engine::named_files(database, &options, Box::new(lazy_files.fetch(&workers)));
                    named.map_err(|error| naming(path, error))
                };
                source = file.unpack_needed(database, &limits, control, &named)?;
            }
        }
        let encoding = options.encoding.map_or_else(|| Encoding::try_from(packed), Ok)?;
        let engine_options = options.engine(encoding);
        let engine = match options.read_only {
            true => {
                let provider = lazy_files.as_ref().map(|lazy_files| match lazy_files.are_limited() {
                    true => Box::new(Held(lazy_files.holder(&workers))) as FileProvider,
                    false => Box::new(lazy_files.fetch(&workers)),
                });
                Engine::open_read_only(database, &engine_options, provider)
            }
            false => Engine::open(database, &engine_options),
        };
        let engine = engine.map_err(|error| naming(path, error))?.sharing(&workers);
        let source = source.filter(|_| encoding == Encoding::IndexedZstd);
        Ok(Opened { encoding, engine_options, engine, source, lazy_files })
    }

    /// The database that is packed in the file at `path`, to be written to. Tables of an indexed file are unpacked when they
    /// are needed.
    fn unpack_lazily(
        path: &Path,
        file: PackedFile,
        database: &Path,
        options: &OpenOptions,
        control: &Control<'_>,
    ) -> Result<Opened> {
        let packed = file.head().manifest.payload_encoding();
        let limits = Limits { threads: options.threads, ..options.limits };
        let workers = Workers::of_threads(options.threads());
        let encoding = options.encoding.map_or_else(|| Encoding::try_from(packed), Ok)?;
        let engine_options = options.engine(encoding);
        let unpacked = file.only(is_database_file).unpack_lazily(database, &limits, control)?;
        let engine = match &unpacked {
            Some((_, lazy_files)) => {
                Engine::open_lazily(database, &engine_options, Box::new(lazy_files.fetch(&workers)))
            }
            None => Engine::open(database, &engine_options),
        };
        let engine = engine.map_err(|error| naming(path, error))?.sharing(&workers);
        let (source, lazy_files) = unpacked.unzip();
        let source = source.filter(|_| encoding == Encoding::IndexedZstd);
        Ok(Opened { encoding, engine_options, engine, source, lazy_files })
    }

    /// A new database.
    fn create(database: &Path, options: &OpenOptions) -> Result<Opened> {
        let encoding = options.encoding.unwrap_or(Encoding::IndexedZstd);
        let engine_options = options.engine(encoding);
        let engine = Engine::create(database, &engine_options)?;
        Ok(Opened { encoding, engine_options, engine, source: None, lazy_files: None })
    }
}

/// Whether there is a file of format v1.
fn is_v1(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(file) if file.is_file() && file.len() > 0 => Ok(envelope::read_format(path)? == FileFormat::V1),
        // What else it is, or why it cannot be told, is said where it is opened.
        _ => Ok(false),
    }
}

/// The file, if it is one of ours, and its identity. There is no file if one may be created, and no identity either if
/// none of length 0 is in its place.
fn packed_file(path: &Path, read_only: bool) -> Result<(Option<PackedFile>, Option<Identity>)> {
    match std::fs::metadata(path) {
        Ok(empty) if !read_only && empty.is_file() && empty.len() == 0 => {
            return Ok((None, Some(Identity::of(&empty))));
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match read_only {
                true => Err(Error::no_file(path)),
                false => Ok((None, None)),
            };
        }
        Err(error) => return Err(Error::io_of_named("open", path)(error)),
    }
    if envelope::read_format(path)? == FileFormat::V1 {
        let (reason, detail) = (Reason::FormatV1, "a file of format v1 (SQLite); convert it first".into());
        return Err(Error::Unsupported { path: path.to_path_buf(), reason, detail });
    }
    let file = of_this_library(path, PackedFile::open(path)?)?;
    let identity = file.identity();
    Ok((Some(file), identity))
}

/// The file, unless it is of another engine or version, or its descriptors are damaged.
fn of_this_library(path: &Path, file: PackedFile) -> Result<PackedFile> {
    let unsupported = |reason, detail| Error::Unsupported { path: path.to_path_buf(), reason, detail };
    let manifest = &file.head().manifest;
    if manifest.engine != ENGINE {
        let engine = Quoted::new(&manifest.engine);
        let detail = format!("written by engine {engine}, this library opens {ENGINE:?}");
        return Err(unsupported(Reason::EngineMismatch, detail));
    }
    if manifest.engine_schema_version != LAYOUT_VERSION {
        let version = manifest.engine_schema_version;
        let detail = format!("database layout {version}, this library knows {LAYOUT_VERSION}");
        return Err(unsupported(Reason::LayoutMismatch, detail));
    }
    // A set that lacks a file is damage; a file without descriptors only cannot be inspected.
    envelope::verify_descriptors(&file.head().descriptors).map_err(|error| naming(path, error))?;
    Ok(file)
}

/// Files of a database that may be emptied while nobody holds them.
struct Held(Holder);

impl ProvidesFiles for Held {
    fn provide(&self, name: &str) -> Result<()> {
        self.0.hold(name)
    }

    fn takes_back(&self) -> bool {
        true
    }

    fn take_back(&self, name: &str) {
        self.0.let_go(name);
    }
}

/// Says which file a damaged database came from; the working folder means nothing to the caller. What keeps an unpacked
/// database from opening, other than this machine, is the file; a file of the database that is missing was never in it.
pub fn naming(path: &Path, error: Error) -> Error {
    match error {
        Error::Engine { cause, message } if !cause.is_of_machine() => Error::corrupt_file(path, message),
        Error::Corruption { place, detail } => Error::corrupt_file(path, format!("{place}: {detail}")),
        Error::Unsupported { reason, detail, .. } => Error::Unsupported { path: path.to_path_buf(), reason, detail },
        other => other,
    }
}

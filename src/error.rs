//! The one error of the crate, and the only place where gRPC codes are chosen.

use std::path::{Path, PathBuf};

/// Shorthand used throughout the crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Status codes with the numbers of gRPC (`google.rpc.Code`), which hosts already branch on.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// Everything that can go wrong, each with what is needed to act on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request that no state of the store could answer.
    #[error("{0}")]
    InvalidArgument(String),
    /// A page token that is malformed or was made by another listing.
    #[error("page token is not one of {listing}")]
    BadToken {
        /// The listing that was asked.
        listing: &'static str,
    },
    /// The named thing is not there.
    #[error("{noun} {id:?} not found")]
    NotFound {
        /// What was looked for: "grant", "sync", ….
        noun: &'static str,
        /// The id as the caller gave it.
        id: String,
    },
    /// Several records answer to one bare id.
    #[error("{noun} id {id:?} is ambiguous: several records have it")]
    Ambiguous {
        /// What was looked for.
        noun: &'static str,
        /// The id as the caller gave it.
        id: String,
    },
    /// The call needs a bound sync, or at least one to view, and there is none.
    #[error("no current sync")]
    NoCurrentSync,
    /// The sync that was bound has ended; bind one again before writing.
    #[error("the sync has ended: start, resume or select one before writing")]
    Sealed,
    /// A write on a store that was opened read-only.
    #[error("{}: opened read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The store's state does not permit the call.
    #[error("{0}")]
    FailedPrecondition(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// An earlier call panicked; nothing in memory can be trusted any more.
    #[error("the store is poisoned by an earlier internal error: close it")]
    Poisoned,
    /// The caller cancelled the call.
    #[error("cancelled")]
    Cancelled,
    /// The file exists where one must not.
    #[error("{}: already exists", .0.display())]
    AlreadyExists(PathBuf),
    /// The file is sound, but not one that this library opens.
    #[error("{}: {detail}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// A stable word for a host: `NOT_C1Z`, `FORMAT_V1`, `ENGINE_MISMATCH`, `LAYOUT_MISMATCH`, `PAYLOAD_ENCODING`,
        /// `NO_DESCRIPTORS`.
        reason: &'static str,
        /// What it is instead.
        detail: String,
    },
    /// Stored bytes contradict themselves: truncated, damaged, or not what their key promises.
    #[error("{place}: {detail}")]
    Corruption {
        /// The file, frame or key.
        place: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A size limit was reached before memory or disk was spent.
    #[error("{place}: {what} exceeds the limit of {limit}")]
    LimitExceeded {
        /// The file or field.
        place: String,
        /// What was measured.
        what: String,
        /// The limit, in the unit of `what`.
        limit: u64,
    },
    /// The system has no memory to spare, or the process may have no more.
    #[error("{bytes} bytes of memory were refused")]
    OutOfMemory {
        /// How many were asked for at once.
        bytes: usize,
    },
    /// The operating system refused.
    #[error("{op} {}: {source}", path.display())]
    Io {
        /// What was tried: "open", "rename", ….
        op: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The storage engine refused.
    #[cfg(feature = "engine")]
    #[error("storage engine: {0}")]
    Engine(#[from] rocksdb::Error),
    /// The file could not be saved: the store stays open, the previous file is untouched, closing can be tried again.
    #[error("not saved, the previous file is untouched: {0}")]
    ArtifactUnusable(#[source] Box<Error>),
    /// A defect of this library.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// The gRPC code that a host sees.
    pub fn code(&self) -> Code {
        match self {
            Error::InvalidArgument(_) | Error::BadToken { .. } => Code::InvalidArgument,
            Error::NotFound { .. } => Code::NotFound,
            Error::Ambiguous { .. }
            | Error::NoCurrentSync
            | Error::Sealed
            | Error::ReadOnly { .. }
            | Error::FailedPrecondition(_)
            | Error::Unsupported { .. } => Code::FailedPrecondition,
            Error::Closed => Code::Unavailable,
            Error::Cancelled => Code::Cancelled,
            Error::AlreadyExists(_) => Code::AlreadyExists,
            Error::Corruption { .. } => Code::DataLoss,
            Error::LimitExceeded { .. } | Error::OutOfMemory { .. } => Code::ResourceExhausted,
            Error::Io { source, .. } => io_code(source),
            #[cfg(feature = "engine")]
            Error::Engine(error) => engine_code(error),
            Error::ArtifactUnusable(source) => source.code(),
            Error::Poisoned | Error::Internal(_) => Code::Internal,
        }
    }

    /// One stable upper-case word: what a host can tell apart beyond the code.
    pub fn reason(&self) -> &'static str {
        match self {
            Error::InvalidArgument(_) => "INVALID_ARGUMENT",
            Error::BadToken { .. } => "BAD_TOKEN",
            Error::NotFound { .. } => "NOT_FOUND",
            Error::Ambiguous { .. } => "AMBIGUOUS_ID",
            Error::NoCurrentSync => "NO_CURRENT_SYNC",
            Error::Sealed => "SEALED",
            Error::ReadOnly { .. } => "READ_ONLY",
            Error::FailedPrecondition(_) => "FAILED_PRECONDITION",
            Error::Closed => "CLOSED",
            Error::Poisoned => "POISONED",
            Error::Cancelled => "CANCELLED",
            Error::AlreadyExists(_) => "ALREADY_EXISTS",
            Error::Unsupported { reason, .. } => reason,
            Error::Corruption { .. } => "CORRUPTION",
            Error::LimitExceeded { .. } => "LIMIT_EXCEEDED",
            Error::OutOfMemory { .. } => "OUT_OF_MEMORY",
            Error::Io { .. } => "IO",
            #[cfg(feature = "engine")]
            Error::Engine(error) if error.kind() == rocksdb::ErrorKind::Corruption => "CORRUPTION",
            #[cfg(feature = "engine")]
            Error::Engine(_) => "ENGINE",
            Error::ArtifactUnusable(_) => "ARTIFACT_UNUSABLE",
            Error::Internal(_) => "INTERNAL",
        }
    }

    /// Whether the system refused something to the storage engine, other than a file that is not there.
    #[cfg(feature = "engine")]
    pub(crate) fn is_refusal(&self) -> bool {
        use rocksdb::ErrorKind::{IOError, Unknown};
        // Errors of the crate itself, when it creates the folder, have no kind.
        matches!(self, Error::Engine(error) if matches!(error.kind(), IOError | Unknown)
            && !error.as_ref().contains("No such file or directory"))
    }

    /// Names the operation and the path of an I/O error: `.map_err(Error::io("open", path))`.
    pub fn io(op: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Io { op, path: path.as_ref().to_path_buf(), source }
    }

    /// A [`Error::NotFound`] of `noun` with that id.
    pub fn not_found(noun: &'static str, id: impl Into<String>) -> Error {
        Error::NotFound { noun, id: id.into() }
    }

    /// A [`Error::Corruption`] at `place`.
    pub fn corruption(place: impl Into<String>, detail: impl ToString) -> Error {
        Error::Corruption { place: place.into(), detail: detail.to_string() }
    }

    /// An [`Error::InvalidArgument`] saying why.
    pub fn invalid(detail: impl Into<String>) -> Error {
        Error::InvalidArgument(detail.into())
    }
}

fn io_code(error: &std::io::Error) -> Code {
    use std::io::ErrorKind::*;
    match error.kind() {
        NotFound => Code::NotFound,
        PermissionDenied | ReadOnlyFilesystem => Code::PermissionDenied,
        AlreadyExists => Code::AlreadyExists,
        StorageFull | QuotaExceeded | FileTooLarge | OutOfMemory => Code::ResourceExhausted,
        UnexpectedEof | InvalidData => Code::DataLoss,
        _ => Code::Unknown,
    }
}

#[cfg(feature = "engine")]
fn engine_code(error: &rocksdb::Error) -> Code {
    use rocksdb::ErrorKind::*;
    match error.kind() {
        NotFound => Code::NotFound,
        Corruption => Code::DataLoss,
        InvalidArgument => Code::InvalidArgument,
        Busy | TryAgain | ShutdownInProgress => Code::Unavailable,
        _ => system_code(error.as_ref()),
    }
}

/// RocksDB hands on what the system said as a text.
#[cfg(feature = "engine")]
fn system_code(text: &str) -> Code {
    let says = |messages: &[&str]| messages.iter().any(|message| text.contains(message));
    if says(&["No space left", "Disk quota exceeded", "File too large", "Cannot allocate memory"]) {
        return Code::ResourceExhausted;
    }
    match says(&["Permission denied", "Operation not permitted", "Read-only file system"]) {
        true => Code::PermissionDenied,
        false => Code::Unknown,
    }
}

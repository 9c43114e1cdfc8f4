//! The one error of the crate, and the only place where gRPC codes are chosen.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::quoted::{self, Quoted};

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

impl Code {
    /// The code with that number; [`Code::Unknown`] if none has it.
    pub fn of_number(number: i32) -> Code {
        use Code::*;
        let all = [
            Ok,
            Cancelled,
            Unknown,
            InvalidArgument,
            DeadlineExceeded,
            NotFound,
            AlreadyExists,
            PermissionDenied,
            ResourceExhausted,
            FailedPrecondition,
            Aborted,
            OutOfRange,
            Unimplemented,
            Internal,
            Unavailable,
            DataLoss,
            Unauthenticated,
        ];
        usize::try_from(number).ok().and_then(|number| all.get(number)).copied().unwrap_or(Unknown)
    }
}

macro_rules! reasons {
    ($($reason:ident = $name:literal,)*) => {
        /// What a host can tell apart beyond the code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Reason { $($reason,)* }

        impl Reason {
            /// All of them.
            pub const ALL: &[Reason] = &[$(Reason::$reason,)*];

            /// The stable word that a host sees, as the header lists it.
            pub fn name(self) -> &'static str {
                match self { $(Reason::$reason => $name,)* }
            }
        }
    };
}

reasons! {
    InvalidArgument = "INVALID_ARGUMENT",
    BadToken = "BAD_TOKEN",
    NotFound = "NOT_FOUND",
    AlreadyExists = "ALREADY_EXISTS",
    AmbiguousId = "AMBIGUOUS_ID",
    NoCurrentSync = "NO_CURRENT_SYNC",
    Sealed = "SEALED",
    ReadOnly = "READ_ONLY",
    FailedPrecondition = "FAILED_PRECONDITION",
    NotC1z = "NOT_C1Z",
    FormatV1 = "FORMAT_V1",
    EngineMismatch = "ENGINE_MISMATCH",
    LayoutMismatch = "LAYOUT_MISMATCH",
    PayloadEncoding = "PAYLOAD_ENCODING",
    NoDescriptors = "NO_DESCRIPTORS",
    Corruption = "CORRUPTION",
    LimitExceeded = "LIMIT_EXCEEDED",
    OutOfMemory = "OUT_OF_MEMORY",
    Io = "IO",
    Source = "SOURCE",
    SourceChanged = "SOURCE_CHANGED",
    Engine = "ENGINE",
    ArtifactUnusable = "ARTIFACT_UNUSABLE",
    Conflict = "CONFLICT",
    Unimplemented = "UNIMPLEMENTED",
    Cancelled = "CANCELLED",
    Closed = "CLOSED",
    Poisoned = "POISONED",
    Forked = "FORKED",
    Internal = "INTERNAL",
}

/// Everything that can go wrong, each with what is needed to act on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request that no state of the store could answer.
    #[error("{0}")]
    InvalidArgument(String),
    /// A page token that is malformed or was made by another listing.
    #[error("page token is not one of {listing}: {fault}")]
    BadToken {
        /// The listing that was asked.
        listing: &'static str,
        /// Why it is not.
        fault: TokenFault,
    },
    /// The named thing is not there: a record, or the file that a request names. No other file that is missing.
    #[error("{noun} {id} not found")]
    NotFound {
        /// What was looked for: "grant", "sync", ….
        noun: &'static str,
        /// The id as the caller gave it.
        id: Quoted,
    },
    /// Several records answer to one bare id.
    #[error("{noun} id {id} is ambiguous: several records have it")]
    Ambiguous {
        /// What was looked for.
        noun: &'static str,
        /// The id as the caller gave it.
        id: Quoted,
    },
    /// The call needs a bound sync, or at least one to view, and there is none.
    #[error("no current sync")]
    NoCurrentSync,
    /// The sync that was bound has ended; bind one again before writing.
    #[error("the sync has ended and is sealed: start, resume or select one before writing")]
    Sealed,
    /// A write on a store that was opened read-only.
    #[error("{}: opened read-only", quoted::path(path))]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The store's state does not permit the call.
    #[error("{0}")]
    FailedPrecondition(String),
    /// The library was built without what the call needs.
    #[error("this library was built without {0}")]
    Unimplemented(&'static str),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// An earlier call panicked; nothing in memory can be trusted any more.
    #[error("the store is poisoned by an earlier internal error: close it")]
    Poisoned,
    /// The process was forked from one that used the library.
    #[error("this process was forked from one that had used the library, whose threads it lacks: fork before the first use, or start a program")]
    Forked,
    /// The caller cancelled the call.
    #[error("cancelled")]
    Cancelled,
    /// The file that a request asks for is there already. No other file that is in the way.
    #[error("{}: must not exist, but does", quoted::path(.0))]
    AlreadyExists(PathBuf),
    /// The file is sound, but not one that this library opens.
    #[error("{}: {detail}", quoted::path(path))]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Which other kind of file it is.
        reason: Reason,
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
    #[error("{place}: {what} exceeds {}", limit_text(*limit, *setting))]
    LimitExceeded {
        /// The file or field.
        place: String,
        /// What was measured, and how much it is.
        what: String,
        /// The limit, in the unit of `what`.
        limit: u64,
        /// The field of a request that raises it, if one does.
        setting: Option<&'static str>,
    },
    /// The system has no memory to spare, or the process may have no more.
    #[error("{bytes} bytes of memory were refused")]
    OutOfMemory {
        /// How many were asked for at once.
        bytes: usize,
    },
    /// The operating system refused.
    #[error("{op} {}: {source}", quoted::path(path))]
    Io {
        /// What was tried: "open", "rename", ….
        op: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The source that a host brought refused, or is another by now.
    #[error("{message}")]
    Source {
        /// What kind of failure it is.
        cause: SourceCause,
        /// Which source, which bytes of it and why: one line.
        message: String,
    },
    /// The storage engine refused.
    #[error("storage engine: {}", quoted::line(message))]
    Engine {
        /// What kind of failure it is.
        cause: EngineCause,
        /// The engine's words.
        message: String,
    },
    /// The file that a save would replace is not the one that was opened or last saved. Nothing was replaced, and the
    /// store stays open.
    #[error("{}: not saved: the file there is not the one that was opened or last saved", quoted::path(path))]
    Conflict {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be saved: the store stays open, the previous file is untouched, closing can be tried again.
    #[error("not saved, the previous file is untouched: {0}")]
    ArtifactUnusable(#[source] Box<Error>),
    /// A defect of this library.
    #[error("internal error: {0}")]
    Internal(String),
}

/// Why a page token does not lead to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// No token of this library.
    #[error("malformed")]
    Malformed,
    /// Made by another listing.
    #[error("it is of another listing")]
    Listing,
    /// Made by this listing, of another sync.
    #[error("it is of another sync")]
    Sync,
    /// Made by this listing, of a request that asked for something else.
    #[error("it is of a request with another filter")]
    Filter,
}

fn limit_text(limit: u64, setting: Option<&str>) -> String {
    match setting {
        Some(setting) => format!("{setting}, which is {limit}"),
        None => format!("the limit of {limit}"),
    }
}

/// What kind of failure of the storage engine one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineCause {
    /// Damaged bytes.
    Corruption,
    /// What the operating system refused, by its number.
    System(i32),
    /// A limit of the engine's own.
    Limit,
    /// It works on something else, or is about to end.
    Busy,
    /// It was asked for something that it cannot do: a defect of this library, or a database that is not one.
    Misuse,
    /// Anything else.
    Other,
}

/// What kind of failure of a host's source one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceCause {
    /// It gave nothing, or too little, with a code of the host's.
    Failed(Code),
    /// It is not what it was when it was opened.
    Changed,
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
            | Error::Forked
            | Error::Unsupported { .. } => Code::FailedPrecondition,
            Error::Unimplemented(_) => Code::Unimplemented,
            Error::Closed => Code::Unavailable,
            Error::Cancelled => Code::Cancelled,
            Error::Conflict { .. } => Code::Aborted,
            Error::AlreadyExists(_) => Code::AlreadyExists,
            Error::Corruption { .. } => Code::DataLoss,
            Error::LimitExceeded { .. } | Error::OutOfMemory { .. } => Code::ResourceExhausted,
            Error::Io { source, .. } => io_code(source),
            Error::Source { cause: SourceCause::Failed(code), .. } => *code,
            Error::Source { cause: SourceCause::Changed, .. } => Code::Aborted,
            Error::Engine { cause, .. } => cause.code(),
            Error::ArtifactUnusable(source) => source.code(),
            Error::Poisoned | Error::Internal(_) => Code::Internal,
        }
    }

    /// What a host can tell apart beyond the code.
    pub fn reason(&self) -> Reason {
        match self {
            Error::InvalidArgument(_) => Reason::InvalidArgument,
            Error::BadToken { .. } => Reason::BadToken,
            Error::NotFound { .. } => Reason::NotFound,
            Error::Ambiguous { .. } => Reason::AmbiguousId,
            Error::NoCurrentSync => Reason::NoCurrentSync,
            Error::Sealed => Reason::Sealed,
            Error::ReadOnly { .. } => Reason::ReadOnly,
            Error::FailedPrecondition(_) => Reason::FailedPrecondition,
            Error::Unimplemented(_) => Reason::Unimplemented,
            Error::Closed => Reason::Closed,
            Error::Poisoned => Reason::Poisoned,
            Error::Forked => Reason::Forked,
            Error::Cancelled => Reason::Cancelled,
            Error::Conflict { .. } => Reason::Conflict,
            Error::AlreadyExists(_) => Reason::AlreadyExists,
            Error::Unsupported { reason, .. } => *reason,
            Error::Corruption { .. } => Reason::Corruption,
            Error::LimitExceeded { .. } => Reason::LimitExceeded,
            Error::OutOfMemory { .. } => Reason::OutOfMemory,
            Error::Io { .. } => Reason::Io,
            Error::Source { cause: SourceCause::Failed(_), .. } => Reason::Source,
            Error::Source { cause: SourceCause::Changed, .. } => Reason::SourceChanged,
            Error::Engine { cause: EngineCause::Corruption, .. } => Reason::Corruption,
            Error::Engine { .. } => Reason::Engine,
            Error::ArtifactUnusable(_) => Reason::ArtifactUnusable,
            Error::Internal(_) => Reason::Internal,
        }
    }

    /// Names the operation and the path of an I/O error: `.map_err(Error::io("open", path))`. For files that the library
    /// chose, and for what lies around the file that a request names.
    pub fn io(op: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Io { op, path: path.as_ref().to_path_buf(), source }
    }

    /// [`Error::io`] for the file that a request names and that has to be there: if it is missing, the caller's answer is
    /// [`Error::NotFound`].
    pub fn io_of_named(op: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Error::no_file(path),
            _ => Error::io(op, path)(source),
        }
    }

    /// The file that a request names is not there.
    pub fn no_file(path: impl AsRef<Path>) -> Error {
        Error::NotFound { noun: "file", id: Quoted::path(path.as_ref()) }
    }

    /// A [`Error::NotFound`] of `noun` with that id.
    pub fn not_found(noun: &'static str, id: impl AsRef<[u8]>) -> Error {
        Error::NotFound { noun, id: Quoted::new(id) }
    }

    /// A [`Error::Ambiguous`] of `noun` with that id.
    pub fn ambiguous(noun: &'static str, id: impl AsRef<[u8]>) -> Error {
        Error::Ambiguous { noun, id: Quoted::new(id) }
    }

    /// A [`Error::Corruption`] at `place`. Either may hold bytes of the file, or what another library says of them.
    pub fn corruption(place: impl std::fmt::Display, detail: impl std::fmt::Display) -> Error {
        Error::Corruption { place: quoted::line(place), detail: quoted::line(detail) }
    }

    /// A [`Error::Corruption`] of the file at `path`.
    pub fn corrupt_file(path: &Path, detail: impl std::fmt::Display) -> Error {
        Error::Corruption { place: quoted::path(path), detail: quoted::line(detail) }
    }

    /// An [`Error::InvalidArgument`] saying why.
    pub fn invalid(detail: impl Into<String>) -> Error {
        Error::InvalidArgument(detail.into())
    }
}

impl EngineCause {
    fn code(self) -> Code {
        match self {
            EngineCause::Corruption => Code::DataLoss,
            EngineCause::System(errno) => io_code(&io::Error::from_raw_os_error(errno)),
            EngineCause::Limit => Code::ResourceExhausted,
            EngineCause::Busy => Code::Unavailable,
            EngineCause::Misuse => Code::Internal,
            EngineCause::Other => Code::Unknown,
        }
    }

    /// Whether it says something of this machine, and nothing of the database. A file that is missing, and a name that the
    /// system does not take, may come from the database itself.
    #[cfg(feature = "engine")]
    pub(crate) fn is_of_machine(self) -> bool {
        match self {
            EngineCause::System(_) => !matches!(self.code(), Code::FailedPrecondition | Code::InvalidArgument),
            EngineCause::Limit | EngineCause::Busy => true,
            EngineCause::Corruption | EngineCause::Misuse | EngineCause::Other => false,
        }
    }
}

/// What the host is told of an error of the operating system, see the table in `docs/abi.md`.
///
/// A file that is missing, or one that is in the way, is a failure of the store: it is neither the record that a request
/// asks for nor the file that it names, which [`Error::io_of_named`] and [`Error::AlreadyExists`] stand for.
fn io_code(error: &io::Error) -> Code {
    use io::ErrorKind::*;
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOLCK) => return Code::ResourceExhausted,
        // Of a path the system never says EINVAL: it may lack something that was asked of it.
        Some(Errno::INVAL) => return Code::FailedPrecondition,
        Some(Errno::NOTCONN | Errno::HOSTDOWN) => return Code::Unavailable,
        _ => {}
    }
    match error.kind() {
        // A NUL in a path, or a name that is too long.
        InvalidInput | InvalidFilename => Code::InvalidArgument,
        // The kind has no stable name, and an error that another crate wraps has no number.
        kind if kind == io::Error::from(Errno::LOOP).kind() => Code::InvalidArgument,
        NotFound
        | AlreadyExists
        | NotADirectory
        | IsADirectory
        | DirectoryNotEmpty
        | StaleNetworkFileHandle
        | CrossesDevices
        | NotSeekable
        | Unsupported
        | ResourceBusy
        | ExecutableFileBusy => Code::FailedPrecondition,
        PermissionDenied | ReadOnlyFilesystem => Code::PermissionDenied,
        // `WouldBlock` is what the system says when it has no thread to spare.
        StorageFull | QuotaExceeded | FileTooLarge | OutOfMemory | TooManyLinks | ArgumentListTooLong | WouldBlock
        | WriteZero => Code::ResourceExhausted,
        UnexpectedEof | InvalidData => Code::DataLoss,
        // File systems may lie behind a network.
        Deadlock | Interrupted | TimedOut | BrokenPipe | ConnectionRefused | ConnectionReset | ConnectionAborted
        | NotConnected | AddrInUse | AddrNotAvailable | HostUnreachable | NetworkUnreachable | NetworkDown => {
            Code::Unavailable
        }
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// What each error of the system comes to; those that are not listed are unknown.
    const ERRNOS: &[(&str, &[(&str, i32)])] = &[
        ("C1Z_INVALID_ARGUMENT", &[("ENAMETOOLONG", libc::ENAMETOOLONG), ("ELOOP", libc::ELOOP)]),
        ("C1Z_PERMISSION_DENIED", &[("EACCES", libc::EACCES), ("EPERM", libc::EPERM), ("EROFS", libc::EROFS)]),
        (
            "C1Z_RESOURCE_EXHAUSTED",
            &[
                ("ENOSPC", libc::ENOSPC),
                ("EDQUOT", libc::EDQUOT),
                ("EFBIG", libc::EFBIG),
                ("EMFILE", libc::EMFILE),
                ("ENFILE", libc::ENFILE),
                ("ENOMEM", libc::ENOMEM),
                ("EAGAIN", libc::EAGAIN),
                ("EMLINK", libc::EMLINK),
                ("ENOLCK", libc::ENOLCK),
                ("ENOBUFS", libc::ENOBUFS),
                ("E2BIG", libc::E2BIG),
            ],
        ),
        (
            "C1Z_FAILED_PRECONDITION",
            &[
                ("ENOENT", libc::ENOENT),
                ("EEXIST", libc::EEXIST),
                ("ENOTDIR", libc::ENOTDIR),
                ("EISDIR", libc::EISDIR),
                ("ENOTEMPTY", libc::ENOTEMPTY),
                ("ESTALE", libc::ESTALE),
                ("EXDEV", libc::EXDEV),
                ("ESPIPE", libc::ESPIPE),
                ("EBUSY", libc::EBUSY),
                ("ETXTBSY", libc::ETXTBSY),
                ("EINVAL", libc::EINVAL),
                ("ENOSYS", libc::ENOSYS),
                ("EOPNOTSUPP", libc::EOPNOTSUPP),
            ],
        ),
        (
            "C1Z_UNAVAILABLE",
            &[
                ("EDEADLK", libc::EDEADLK),
                ("EINTR", libc::EINTR),
                ("ETIMEDOUT", libc::ETIMEDOUT),
                ("EPIPE", libc::EPIPE),
                ("ECONNREFUSED", libc::ECONNREFUSED),
                ("ECONNRESET", libc::ECONNRESET),
                ("ECONNABORTED", libc::ECONNABORTED),
                ("ENOTCONN", libc::ENOTCONN),
                ("EADDRINUSE", libc::EADDRINUSE),
                ("EADDRNOTAVAIL", libc::EADDRNOTAVAIL),
                ("EHOSTUNREACH", libc::EHOSTUNREACH),
                ("EHOSTDOWN", libc::EHOSTDOWN),
                ("ENETUNREACH", libc::ENETUNREACH),
                ("ENETDOWN", libc::ENETDOWN),
            ],
        ),
    ];

    /// The kinds of the standard library, with what one without a number comes to.
    const KINDS: &[(io::ErrorKind, Code)] = {
        use io::ErrorKind::*;
        &[
            (NotFound, Code::FailedPrecondition),
            (PermissionDenied, Code::PermissionDenied),
            (ConnectionRefused, Code::Unavailable),
            (ConnectionReset, Code::Unavailable),
            (HostUnreachable, Code::Unavailable),
            (NetworkUnreachable, Code::Unavailable),
            (ConnectionAborted, Code::Unavailable),
            (NotConnected, Code::Unavailable),
            (AddrInUse, Code::Unavailable),
            (AddrNotAvailable, Code::Unavailable),
            (NetworkDown, Code::Unavailable),
            (BrokenPipe, Code::Unavailable),
            (AlreadyExists, Code::FailedPrecondition),
            (WouldBlock, Code::ResourceExhausted),
            (NotADirectory, Code::FailedPrecondition),
            (IsADirectory, Code::FailedPrecondition),
            (DirectoryNotEmpty, Code::FailedPrecondition),
            (ReadOnlyFilesystem, Code::PermissionDenied),
            (StaleNetworkFileHandle, Code::FailedPrecondition),
            (InvalidInput, Code::InvalidArgument),
            (InvalidData, Code::DataLoss),
            (TimedOut, Code::Unavailable),
            (WriteZero, Code::ResourceExhausted),
            (StorageFull, Code::ResourceExhausted),
            (NotSeekable, Code::FailedPrecondition),
            (QuotaExceeded, Code::ResourceExhausted),
            (FileTooLarge, Code::ResourceExhausted),
            (ResourceBusy, Code::FailedPrecondition),
            (ExecutableFileBusy, Code::FailedPrecondition),
            (Deadlock, Code::Unavailable),
            (CrossesDevices, Code::FailedPrecondition),
            (TooManyLinks, Code::ResourceExhausted),
            (InvalidFilename, Code::InvalidArgument),
            (ArgumentListTooLong, Code::ResourceExhausted),
            (Interrupted, Code::Unavailable),
            (Unsupported, Code::FailedPrecondition),
            (UnexpectedEof, Code::DataLoss),
            (OutOfMemory, Code::ResourceExhausted),
            (Other, Code::Unknown),
        ]
    };

    fn code_of(error: io::Error) -> Code {
        Error::io("open", "/tmp/a")(error).code()
    }

    fn name_of(code: Code) -> &'static str {
        match code {
            Code::InvalidArgument => "C1Z_INVALID_ARGUMENT",
            Code::PermissionDenied => "C1Z_PERMISSION_DENIED",
            Code::ResourceExhausted => "C1Z_RESOURCE_EXHAUSTED",
            Code::FailedPrecondition => "C1Z_FAILED_PRECONDITION",
            Code::Unavailable => "C1Z_UNAVAILABLE",
            Code::Unknown => "C1Z_UNKNOWN",
            other => panic!("no error of the system is {other:?}"),
        }
    }

    #[test]
    fn every_error_of_the_system_has_the_code_that_is_documented() {
        let listed: BTreeMap<i32, &str> =
            ERRNOS.iter().flat_map(|(code, errnos)| errnos.iter().map(|(_, errno)| (*errno, *code))).collect();
        for errno in 1..=133 {
            let expected = listed.get(&errno).copied().unwrap_or("C1Z_UNKNOWN");
            let error = io::Error::from_raw_os_error(errno);
            assert_eq!(name_of(code_of(io::Error::from_raw_os_error(errno))), expected, "{error}");
            assert_eq!(name_of(EngineCause::System(errno).code()), expected, "{error}");
        }
        let documented = include_str!("../docs/abi.md");
        for (code, errnos) in ERRNOS {
            let rows: Vec<&str> =
                documented.lines().filter_map(|line| line.strip_prefix(&format!("| `{code}` | "))).collect();
            let names: Vec<String> = errnos.iter().map(|(name, _)| format!("`{name}`")).collect();
            assert_eq!(rows.join(", ").replace(" |", ""), names.join(", "), "docs/abi.md, {code}");
        }
    }

    #[test]
    fn every_kind_of_error_has_a_code() {
        for (kind, code) in KINDS {
            assert_eq!(code_of((*kind).into()), *code, "{kind:?}");
        }
        // A kind that is not listed is one that the system has no error of.
        for errno in 1..=133 {
            let kind = io::Error::from_raw_os_error(errno).kind();
            let is_named = !matches!(format!("{kind:?}").as_str(), "Uncategorized" | "FilesystemLoop" | "InProgress");
            assert!(!is_named || KINDS.iter().any(|(listed, _)| *listed == kind), "{kind:?}");
        }
    }

    #[test]
    fn only_the_file_that_a_request_names_is_not_found() {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let named = Error::io_of_named("open", "/tmp/a")(missing());
        assert_eq!((named.code(), named.reason()), (Code::NotFound, Reason::NotFound));
        assert_eq!(named.to_string(), "file \"/tmp/a\" not found");
        let ours = Error::io("open", "/tmp/a")(missing());
        assert_eq!((ours.code(), ours.reason()), (Code::FailedPrecondition, Reason::Io));
        let denied = Error::io_of_named("open", "/tmp/a")(io::ErrorKind::PermissionDenied.into());
        assert_eq!((denied.code(), denied.reason()), (Code::PermissionDenied, Reason::Io));
    }

    #[test]
    fn no_message_is_longer_or_less_readable_for_what_it_is_about() {
        let long = "a\n\0\u{1b}".repeat(1 << 18);
        let path = || PathBuf::from(&long);
        for error in [
            Error::not_found("grant", &long),
            Error::ambiguous("grant", &long),
            Error::no_file(path()),
            Error::AlreadyExists(path()),
            Error::ReadOnly { path: path() },
            Error::corruption(&long, &long),
            Error::corrupt_file(&path(), &long),
            Error::io("open", path())(io::ErrorKind::NotFound.into()),
            Error::Engine { cause: EngineCause::Other, message: long.clone() },
        ] {
            let message = error.to_string();
            assert!(message.len() < 32 << 10, "{} bytes: {message:.100}", message.len());
            assert!(!message.chars().any(char::is_control), "{message:.100}");
        }
    }

    #[test]
    fn the_header_lists_every_reason() {
        let header = include_str!("../include/c1z.h");
        for reason in Reason::ALL {
            let name = reason.name();
            let rows = || header.lines().filter(|line| line.starts_with("// | "));
            let is_listed = rows().any(|row| row.split(['|', ',', ' ']).any(|word| word == name));
            assert!(is_listed, "the header does not list {name}");
        }
    }
}

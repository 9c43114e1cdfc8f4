//! How the payload directory lies in the file.

use std::path::Path;

use crate::error::Reason;
use crate::proto::manifest::PayloadEncoding;
use crate::{Error, Result};

/// How the payload directory lies in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// A tar stream within one zstd frame.
    TarZstd,
    /// A plain tar stream: each file lies uncompressed at a fixed place.
    Tar,
    /// One zstd frame for each file, then an index of the frames and a footer.
    #[default]
    IndexedZstd,
}

impl Encoding {
    /// The encoding that a manifest names by number; an error for those that no reader knows, 0 among them.
    pub(super) fn of_manifest(path: &Path, number: i32) -> Result<Encoding> {
        PayloadEncoding::try_from(number).ok().and_then(Encoding::known).ok_or_else(|| Error::Unsupported {
            path: path.to_path_buf(),
            reason: Reason::PayloadEncoding,
            detail: format!("payload_encoding {number} is not supported"),
        })
    }

    fn known(encoding: PayloadEncoding) -> Option<Encoding> {
        match encoding {
            PayloadEncoding::Unspecified => None,
            PayloadEncoding::TarZstd => Some(Encoding::TarZstd),
            PayloadEncoding::Tar => Some(Encoding::Tar),
            PayloadEncoding::IndexedZstd => Some(Encoding::IndexedZstd),
        }
    }
}

impl TryFrom<PayloadEncoding> for Encoding {
    type Error = Error;

    /// Refuses `PAYLOAD_ENCODING_UNSPECIFIED`, which names no encoding.
    fn try_from(encoding: PayloadEncoding) -> Result<Encoding> {
        Encoding::known(encoding).ok_or_else(|| Error::invalid("payload_encoding is unspecified"))
    }
}

impl From<Encoding> for PayloadEncoding {
    fn from(encoding: Encoding) -> PayloadEncoding {
        match encoding {
            Encoding::TarZstd => PayloadEncoding::TarZstd,
            Encoding::Tar => PayloadEncoding::Tar,
            Encoding::IndexedZstd => PayloadEncoding::IndexedZstd,
        }
    }
}

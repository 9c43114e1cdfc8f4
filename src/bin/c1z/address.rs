//! Where a file lies: at a path, or at an address on the network that it is read from by ranges.

use std::path::Path;

use c1z::control::Control;
use c1z::proto::api::FileHeader;
use c1z::store::{self, OpenOptions, Store};
use c1z::Error;

#[cfg(not(feature = "remote"))]
use without_remote as remote;

#[cfg(feature = "remote")]
use crate::remote;
use crate::scheme::{scheme, shown};

const SCHEMES: [&str; 3] = ["http", "https", "s3"];

/// The file's address, if it is none of this system. Fails for one that nothing here reads, instead of looking for a path of
/// that name: with `./` before it, it is a path.
fn address(file: &Path) -> c1z::Result<Option<&str>> {
    let Some((text, scheme)) = file.to_str().and_then(|text| Some((text, scheme(text)?))) else { return Ok(None) };
    match SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        true => Ok(Some(text)),
        false => Err(Error::InvalidArgument(format!(
            "{}: no address with {scheme}:// is read, but those with http://, https:// and s3://",
            shown(text)
        ))),
    }
}

/// Opens a file to be read. Of one at an address, what is needed is read.
pub fn open(file: &Path, options: OpenOptions, control: &Control<'_>) -> c1z::Result<Store> {
    match address(file)? {
        Some(address) => Store::open_source(file, remote::source(address)?, options, control),
        None => Store::open(file, options, control),
    }
}

/// What a file says of itself.
pub fn read_header(file: &Path) -> c1z::Result<FileHeader> {
    match address(file)? {
        Some(address) => store::read_header_of_source(file, remote::source(address)?),
        None => store::read_header(file),
    }
}

/// Fails for an address, which a command has no use for that reads whole files.
pub fn check_path(file: &Path) -> c1z::Result<()> {
    match address(file)? {
        Some(address) => Err(Error::InvalidArgument(format!(
            "{}: this command reads whole files: fetch it, and name the path where it lies",
            shown(address)
        ))),
        None => Ok(()),
    }
}

#[cfg(not(feature = "remote"))]
mod without_remote {
    use std::sync::Arc;

    use c1z::envelope::ByteSource;
    use c1z::Error;

    /// This command was built without what reads it.
    pub fn source(address: &str) -> c1z::Result<Arc<dyn ByteSource>> {
        Err(Error::FailedPrecondition(format!(
            "{}: this c1z was built without the feature \"remote\"",
            crate::scheme::shown(address)
        )))
    }
}

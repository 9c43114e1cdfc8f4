//! Which file of the system one is.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Which file of the system one is, and when it was last changed.
///
/// Equal identities of one name mean equal bytes as long as the file is not changed and its name is not given to another
/// when it is gone: the system uses the numbers of removed files again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Identity {
    /// The identity of the file that has this metadata.
    pub fn of(file: &Metadata) -> Identity {
        Identity {
            device: file.dev(),
            inode: file.ino(),
            size: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
        }
    }

    /// Whether both are of one file, changed meanwhile or not.
    pub(in crate::envelope) fn is_same_file(&self, other: &Identity) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

//! Reading a file, whatever its payload: opening it, unpacking it within limits, listing and examining what is in it.

mod byte_source;
mod decoder;
mod input;
mod limits;
mod list;
mod ranges;
mod target;
mod unpack;
mod verify;

pub use byte_source::{ByteSource, SourceFailure};
pub use decoder::{decode_error, decoder, finish, is_wrong_checksum};
pub use input::{check_regular, Input, Section};
pub use limits::{Budget, Limits};
pub use list::{list, Entry, Stored};
pub use target::{folder_of, Target};
pub use unpack::{unpack, PackedFile};
pub use verify::{examine, Examination, PayloadEntry};

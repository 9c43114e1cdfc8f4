//! What files are read from and written to: inputs and the limits on what comes of them, folders that are unpacked into, and
//! the files that are packed. The rooms beside it, `head`, `indexed` and `tar`, say what the bytes mean; all of `envelope` calls
//! this one, and it calls none of them.

mod byte_source;
mod decoder;
mod identity;
mod input;
mod limits;
mod payload;
mod progress;
mod ranges;
mod sink;
mod target;

pub use byte_source::{ByteSource, SourceFailure};
pub use decoder::{decode_error, decoder, finish, is_wrong_checksum};
pub use identity::Identity;
pub use input::{check_regular, Input, Section};
pub use limits::{Budget, Limits};
pub use payload::{Later, Payload, PayloadFile, CHUNK};
pub use progress::Progress;
pub use sink::Sink;
pub use target::{folder_of, Output, Target};

//! The payload `INDEXED_ZSTD`: a zstd frame for each file, and an index of them at the end.
//!
//! Because a frame can be found and decoded alone, a save copies the frames of files that have not changed
//! ([`Source`]), and a file that is only read is unpacked when somebody asks for it ([`LazyFiles`]). `reading` and `saving` call it.

pub mod index;
mod lazy_files;
mod read_frame;
mod read_frames;
mod shared_files;
mod source;
mod streams;
pub mod unpack_frames;
pub mod write_frames;

pub use index::Frame;
pub use lazy_files::{Holder, LazyFile, LazyFiles};
pub use read_frame::Read;
pub use read_frames::Work;
pub use shared_files::{Shared, PREFIX as SHARED_PREFIX};
pub use source::{Failure, Source};
pub use unpack_frames::{total, Frames, LaterFrame};
pub use write_frames::Written;

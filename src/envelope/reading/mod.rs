//! Reading a file, whatever its payload: opening it, unpacking it within limits, listing and examining what is in it. `store`
//! calls it; it calls `head`, `indexed` and `tar`, and is called by none of them.

mod list;
mod unpack;
mod verify;

pub use list::{list, Entry, Stored};
pub use unpack::{unpack, PackedFile};
pub use verify::{examine, Examination, PayloadEntry};

//! Writing a file, whatever its payload: the temporary file beside the target, and the rename that puts it there if nobody
//! else has. `store` calls it; it calls `head`, `indexed` and `tar`, and is called by none of them.

mod destination;
mod pack;
mod publish;
mod replace;
mod save;
mod save_options;
mod temporary;

pub use destination::check_destination;
pub use pack::write;
pub use replace::Replace;
pub use save::{save, Saved};
pub use save_options::SaveOptions;

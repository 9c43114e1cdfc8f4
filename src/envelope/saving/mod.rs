//! Writing a file, whatever its payload: what goes into it, the temporary file beside the target, and the rename that
//! puts it there if nobody else has.

mod destination;
mod identity;
mod pack;
mod payload;
mod progress;
mod publish;
mod replace;
mod save;
mod save_options;
mod sink;
mod temporary;

pub use destination::check_destination;
pub use identity::Identity;
pub use pack::write;
pub use payload::{Payload, PayloadFile, CHUNK};
pub use progress::Progress;
pub use replace::Replace;
pub use save::{save, Saved};
pub use save_options::SaveOptions;
pub use sink::Sink;

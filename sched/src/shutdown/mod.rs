//! The end in order: what must be done before it, and the status that it ends with.

mod error;
mod outcome;
#[expect(clippy::module_inception, reason = "the room is named after the noun in it")]
mod shutdown;

pub use error::{AtShutdownError, StatusError};
pub use outcome::Outcome;
pub use shutdown::{Ended, Shutdown};

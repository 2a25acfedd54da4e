//! What a ring is: operations go in, completions come out.
//!
//! Above this room everything speaks [`Op`] and [`Completion`]; only this room knows io_uring. The kernel's ring is one engine; a simulated one, with faults on
//! demand, is another (feature `sim`). One over epoll for hosts that forbid io_uring is to come. Each is a variant of [`Engine`].

mod buffers;
mod config;
mod entry;
#[cfg(test)]
mod fidelity;
#[cfg(test)]
mod fidelity_direct;
mod kernel;
mod op;
mod place;
mod probe;
mod refusal;
mod select;
#[cfg(any(test, feature = "sim"))]
mod sim;
mod target;

pub(crate) use config::{Config, Until};
pub(crate) use kernel::GROUP;
pub(crate) use op::{Completion, Message, Op};
pub use probe::Setup;
pub(crate) use refusal::explain;
pub(crate) use select::Engine;
#[cfg(any(test, feature = "sim"))]
pub use sim::{Counts, Plan, Random};
#[cfg(any(test, feature = "sim"))]
pub(crate) use sim::{End, World};
pub(crate) use target::Target;

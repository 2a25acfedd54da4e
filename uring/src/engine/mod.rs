//! What a ring is: operations go in, completions come out.
//!
//! Above this room everything speaks [`Op`] and [`Completion`]; only this room knows io_uring. The kernel's ring is one engine. A simulated one, with faults on
//! demand, and one over epoll for hosts that forbid io_uring are to come: each is another variant of [`Engine`].

mod buffers;
mod config;
mod kernel;
mod op;
mod probe;
mod refusal;
mod select;

pub(crate) use config::{Config, Until};
pub(crate) use kernel::GROUP;
pub(crate) use op::{Completion, Message, Op};
pub use probe::Setup;
pub(crate) use refusal::explain;
pub(crate) use select::Engine;

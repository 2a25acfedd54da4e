//! Simulations: a runtime on a ring in memory, with peers in memory, in virtual time, with faults on demand; a seed decides everything.
//!
//! For the tests of this project: nothing here is promised to stay. Whatever runs on the kernel's ring runs here, by the same code above the engine.

mod net;
mod peer;
mod seeds;
mod stage;

pub use crate::engine::{Counts, Plan, Random};
pub use net::Net;
pub use peer::{Callers, Peer};
pub use seeds::seeds;
pub use stage::Sim;

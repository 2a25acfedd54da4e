//! A ring that is simulated: the operations of [`Op`](super::Op) on sockets in memory, in virtual time, with faults on demand, every choice drawn
//! from one seed.
//!
//! | the kernel's             | here                                                                                     |
//! |--------------------------|------------------------------------------------------------------------------------------|
//! | submission queue         | a queue of the same capacity; an enter may refuse it, or take a part                     |
//! | completion queue         | the same capacity; what finds no room is kept back, in order, until an enter finds some   |
//! | sockets                  | two pipes of bytes; a real descriptor stands for each, so that leaks and closes are seen |
//! | direct descriptors       | a table of sockets; at a full one a connection is accepted and destroyed, as the kernel does |
//! | provided buffers         | taken in order; poisoned while they are lent, and the poison is checked                  |
//! | a timeout                | the clock moves on when nothing else can happen                                          |
//! | nothing can ever happen  | a panic that names the seed                                                              |
//!
//! [I1] Completions appear in `enter` alone. [I2] Those of one operation keep their order; those of several may be late and change places.
//! [I3] No choice depends on an address, a descriptor's number or real time, so that a seed replays.
//! [I4] A quiet send is executed by the enter that takes it, which posts its failure or keeps it back as overflow.

mod answers;
mod deed;
mod execute;
mod files;
mod lent;
mod memory;
mod net;
mod peer;
mod pipe;
mod plan;
mod random;
mod world;

pub use plan::{Counts, Plan};
pub use random::Random;

pub(crate) use net::End;
pub(crate) use world::World;

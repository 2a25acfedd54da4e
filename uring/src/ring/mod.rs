//! A worker's ring: its operations in flight, its buffers, its sockets' two directions, its timer and its doorbell.

mod accepting;
mod acceptor;
mod address;
mod buf;
mod chain;
mod dispatch;
mod doorbell;
mod driver;
mod ending;
mod fd;
mod flush;
mod inbound;
mod lent;
mod listening;
mod message;
mod outbound;
mod relief;
mod slab;
mod slots;
mod socket;
mod submit;
mod table;
mod tally;
mod time;
mod timer;
mod worker;

pub use doorbell::Way;
pub use driver::Stats;

pub(crate) use {
    acceptor::Acceptor,
    doorbell::Bell,
    fd::{Fd, File},
    inbound::{Inbound, Next},
    lent::Lent,
    outbound::Outbound,
    submit::Single,
    tally::Tally,
    time::Time,
    worker::{InRing, Worker},
};

//! A worker's ring: its operations in flight, its buffers, its sockets' two directions, its timer and its doorbell.

mod acceptor;
mod address;
mod buf;
mod dispatch;
mod doorbell;
mod driver;
mod fd;
mod flush;
mod inbound;
mod listening;
mod message;
mod outbound;
mod sender;
mod submit;
mod table;
mod time;
mod timer;
mod worker;

pub use driver::Stats;

pub(crate) use {
    acceptor::Acceptor,
    doorbell::Bell,
    fd::Fd,
    inbound::Inbound,
    outbound::Outbound,
    submit::Single,
    time::Time,
    worker::{InRing, Worker},
};

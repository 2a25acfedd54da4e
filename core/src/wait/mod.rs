//! Waiting is being told later.

mod mpsc;
mod park;
mod wake;

pub use mpsc::{Chain, Inbox, Link, Linked, Push};
pub use park::{Doorbell, Park, Wait};
pub use wake::{WakeBatch, WakeCell};

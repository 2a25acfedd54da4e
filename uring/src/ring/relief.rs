//! Relief for a pool that runs low: what nobody reads or takes is copied together, out of the way of those who do.
//!
//! | who holds chunks                       | what happens to them, when the pool is low                                        |
//! |----------------------------------------|-----------------------------------------------------------------------------------|
//! | a socket that receives, over 2 of them | its receive is cancelled: or else the flood would take again what is given back   |
//! | a socket that does not                 | all but the first, which may be lent, are copied together                         |
//! | a socket that sends                    | what is queued is copied together; what is in flight stays                        |
//!
//! A turn looks at some of them, and the next goes on from there. The copies are bounded: see [`Pool::spill`](super::buf::Pool::spill). Beyond that,
//! streams wait for buffers until somebody reads.

use super::{buf::Pool, driver::Driver};

/// Sockets that one turn looks at.
const STEP: usize = 64;

impl Driver {
    /// Looks for chunks that are held for nothing.
    #[cold]
    pub(super) fn relieve(&mut self) {
        let most = self.sockets.capacity().max(1);
        for place in 0..STEP.min(most) {
            self.relieve_socket((self.round + place) % most);
        }
        self.round = (self.round + STEP) % most;
    }

    fn relieve_socket(&mut self, place: usize) {
        let share = self.pool.share();
        let Some(socket) = self.sockets.get_mut(place) else { return };
        if !socket.queued.is_empty() {
            socket.spill(&mut self.pool);
        }
        if socket.received.count() < Pool::LEAST {
            return;
        }
        if socket.receive == 0 {
            self.pool.spill(&mut socket.received, 1);
        } else if socket.received.count() >= share {
            self.cancel_receive(place as u32);
        }
    }
}

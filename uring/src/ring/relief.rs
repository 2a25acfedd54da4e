//! Relief for a pool that runs low: what nobody reads or takes is copied together, out of the way of those who do.
//!
//! | who holds chunks                       | what happens to them, when the pool is low                                        |
//! |----------------------------------------|-----------------------------------------------------------------------------------|
//! | a stream that receives, over 2 of them | its receive is cancelled: or else the flood would take again what is given back   |
//! | a stream that does not                 | all but the first, which may be lent, are copied together                         |
//! | a sender                               | what is queued is copied together; what is in flight stays                        |
//!
//! A turn looks at some of them, and the next goes on from there. The copies are bounded: see [`Pool::spill`](super::buf::Pool::spill). Beyond that,
//! streams wait for buffers until somebody reads.

use super::{
    driver::Driver,
    table::{Role, Slot},
};

/// Entries, and senders, that one turn looks at.
const STEP: usize = 64;

impl Driver {
    /// Looks for chunks that are held for nothing.
    #[cold]
    pub(super) fn relieve(&mut self) {
        let most = self.table.places().max(self.senders.capacity()).max(1);
        for place in 0..STEP.min(most) {
            let place = (self.round + place) % most;
            if let Some(slot) = self.table.place(place) {
                self.relieve_stream(slot);
            }
            if let Some(sender) = self.senders.get_mut(place)
                && !sender.queued.is_empty()
            {
                self.pool.spill(&mut sender.queued);
            }
        }
        self.round = (self.round + STEP) % most;
    }

    fn relieve_stream(&mut self, slot: Slot) {
        let allowance = self.allowance();
        let entry = self.table.at(slot);
        if entry.role != Role::Receive || entry.chain.count() < 2 {
            return;
        }
        if !entry.armed {
            self.pool.spill(&mut entry.chain);
        } else if entry.chain.count() >= allowance {
            self.cancel(slot);
        }
    }
}

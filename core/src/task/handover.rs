//! Handing over: the turns of a [pooled](super::pooled) task, which any thread may take, one after the other. Each is one change of its
//! [word](super::state) at its beginning, and one at its end.

use super::{
    slot::Slot,
    state::{
        AWAITED, BIAS, CANCELLED, COMPLETE, Complete, JOIN, REFERENCE, RETAKEN, RUNNING, SENT,
        State, Wake,
    },
};
use crate::sync::Ordering::{AcqRel, Acquire, Relaxed, Release};

impl State {
    /// Begins a turn of a pooled task, which has just left its queue. `false`: its end was asked for.
    #[inline]
    pub(super) fn begin(&self) -> bool {
        // ordering: Acquire pairs with Release in `send`: the turn sees what its wakers did before; and with that in `pause`: what the turn before
        // did, on whatever thread.
        let before = self.0.fetch_add(RUNNING - SENT, Acquire);
        debug_assert_eq!(before & (SENT | RUNNING | COMPLETE), SENT, "[S1]");
        before & CANCELLED == 0
    }

    /// Ends a turn of a pooled task that goes on. `Enqueue`: it was woken meanwhile.
    #[inline]
    pub(super) fn pause(&self) -> Wake {
        // ordering: Release pairs with Acquire in `begin`.
        let before = self.0.fetch_and(!RUNNING, Release);
        if before & SENT == 0 { Wake::Nothing } else { Wake::Enqueue }
    }

    /// Takes a pooled task for good, in whatever queue it stands: nobody uses that again, or takes turns.
    pub(super) fn seize(&self) {
        // ordering: Relaxed, who knows that no turn is taken has seen what they did.
        self.0.fetch_or(RUNNING, Relaxed);
    }

    /// As [`complete`](State::complete), of a pooled task: in its turn it is in no queue, and all its references are counted here.
    pub(super) fn finish(&self, slot: &Slot, output_dropped: bool) -> Complete {
        // ordering: as in `complete`.
        let mut word = self.0.load(Acquire);
        if word == BIAS + REFERENCE + RUNNING && output_dropped {
            // As in `complete`, nobody else is left.
            return Complete::Free;
        }
        loop {
            if word & JOIN == 0 && !output_dropped {
                return Complete::DropOutput;
            }
            let told = word & AWAITED != 0;
            let kept = told && word & RETAKEN != 0;
            let waker = slot.copy();
            let next = (word | COMPLETE) - BIAS - if kept { 0 } else { REFERENCE };
            // ordering: as in `complete`.
            match self.0.compare_exchange_weak(word, next, AcqRel, Acquire) {
                Ok(_) if kept => return Complete::TellSlowly { queued: false },
                Ok(_) if told => return Complete::Tell(waker),
                Ok(_) if next < REFERENCE => return Complete::Free,
                Ok(_) => return Complete::Nothing,
                Err(now) => word = now,
            }
        }
    }
}

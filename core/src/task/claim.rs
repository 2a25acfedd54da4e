//! A claim: what the handle of a task does with its [state](super::state). It looks for the output, leaves a waker, and goes.
//!
//! | who has references           | where the handle is | it changes the word            |
//! |------------------------------|---------------------|--------------------------------|
//! | the list and the handle      | on the home thread  | by a store                     |
//! | others too                   | anywhere            | by an atomic change            |
//!
//! \[M1] Where the word counts two references, and the home thread's half none, those are the list's and the handle's. Nobody else can make another, and who
//!      has the handle to himself has had all that was done with it before; so on the home thread nobody changes the word meanwhile.

use super::{
    own::Own,
    state::{AWAITED, BIAS, COMPLETE, JOIN, NEW, REFERENCE, RETAKEN, State},
};
use crate::sync::Ordering::{Acquire, Relaxed, Release};

/// What a handle that goes has to do.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Detach {
    /// Drop the output, then the reference, which is still held.
    DropOutput,
    /// Nothing; its reference is given up, and was not the last.
    Nothing,
}

impl State {
    /// Whether a handle wants the output. If not, none ever will.
    #[inline]
    pub(super) fn is_joined(&self) -> bool {
        // ordering: Relaxed, it says whose the output is, and publishes nothing.
        self.0.load(Relaxed) & JOIN != 0
    }

    /// Whether it has ended: then the output is the handle's, if it is there.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        // ordering: Acquire pairs with Release in `complete`.
        self.0.load(Acquire) & COMPLETE != 0
    }

    /// Whether this is `NEW`, and nobody changes it meanwhile. `own` is given on the home thread; only the handle asks, which its caller has to itself.
    #[inline]
    fn is_new(&self, word: usize, own: Option<&Own>) -> bool {
        word == NEW && own.is_some_and(|own| own.references() == 0)
    }

    /// The handle has left a waker. Whether the task ended meanwhile.
    #[inline]
    pub(super) fn await_end(&self, own: Option<&Own>) -> bool {
        // ordering: Relaxed, [M1] where it is new nobody else has changed it.
        if self.is_new(self.0.load(Relaxed), own) {
            // ordering: Relaxed, [M1] the task ends on this thread.
            self.0.store(NEW | AWAITED, Relaxed);
            return false;
        }
        // ordering: Release publishes the waker to `complete`. Who then takes the output looks again, with Acquire.
        self.0.fetch_or(AWAITED, Release) & COMPLETE != 0
    }

    /// The handle wants its slot back, in which it has left a waker. Whether it gets it: not if the task ended meanwhile [S5].
    pub(crate) fn take_back(&self) -> bool {
        // ordering: Relaxed, who then takes the output looks again, with Acquire.
        let mut word = self.0.load(Relaxed);
        while word & COMPLETE == 0 {
            let next = (word & !AWAITED) | RETAKEN;
            // ordering: Relaxed, the slot was written by the handle alone, and is from now on; RETAKEN has who copied it fail.
            match self.0.compare_exchange_weak(word, next, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Whether the handle has left a waker. Only the handle asks.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        // ordering: Relaxed, the handle reads what it wrote.
        self.0.load(Relaxed) & AWAITED != 0
    }

    /// The handle goes.
    #[inline]
    pub(super) fn detach(&self, own: Option<&Own>) -> Detach {
        // ordering: Relaxed, who then takes the output looks again, with Acquire.
        let mut word = self.0.load(Relaxed);
        if self.is_new(word, own) {
            // ordering: Relaxed, [M1] the task ends on this thread.
            self.0.store(REFERENCE + BIAS, Relaxed);
            return Detach::Nothing;
        }
        loop {
            if word & COMPLETE != 0 {
                return Detach::DropOutput;
            }
            // [S2] Not complete: the list holds a reference, so ours is not the last.
            let next = (word & !(JOIN | AWAITED)) - REFERENCE;
            // ordering: Release as in `release`.
            match self.0.compare_exchange_weak(word, next, Release, Relaxed) {
                Ok(_) => return Detach::Nothing,
                Err(now) => word = now,
            }
        }
    }
}

//! What a listener has armed, and what it was given and nobody took yet: connections in the order of their arrival, and what ended the accept.
//!
//! | it has armed                         | while                                                              | then                              |
//! |--------------------------------------|--------------------------------------------------------------------|-----------------------------------|
//! | one accept, `many`                   | more slots are free than one enter may deliver                      | cancelled when they are not       |
//! | nothing but `many`, being cancelled  | its last completion has not come; what it delivers is in the queue | as many `shots` as slots are free |
//! | `shots`, accepts of one connection   | slots are few                                                      | `many`, once all have landed      |

use std::{collections::VecDeque, task::Waker};

use super::{fd::File, slots::Slots, table::Slot};

/// What a listener has armed, was given, and nobody took yet.
pub(super) struct Listening {
    pub(super) ready: VecDeque<File>,
    pub(super) waker: Option<Waker>,
    /// The errno that ended the accept.
    pub(super) error: Option<i32>,
    /// Somebody asked for a connection and got none yet.
    pub(super) wanted: bool,
    /// The entry of the accept for many connections.
    pub(super) many: Slot,
    /// The entries of accepts for one connection each, all in flight.
    pub(super) shots: Vec<Slot>,
    /// Connections that one enter may deliver to `many`.
    pub(super) backlog: u32,
}

impl Listening {
    /// Connections that wait here at the most before the accept is cancelled until they are taken; what one enter delivers comes on top.
    pub(super) const BOUND: usize = 1024;

    /// Nothing yet. `many` is idle.
    pub(super) fn new(many: Slot, backlog: u32) -> Self {
        Self {
            ready: VecDeque::new(),
            waker: None,
            error: None,
            wanted: false,
            many,
            shots: Vec::new(),
            backlog,
        }
    }

    /// Slots that `many` is promised while it is armed.
    pub(super) fn promise(&self) -> u32 {
        Slots::of_many(self.backlog)
    }

    /// The shot has landed.
    pub(super) fn forget(&mut self, shot: Slot) {
        if let Some(at) = self.shots.iter().position(|it| *it == shot) {
            self.shots.swap_remove(at);
        }
    }

    /// Whether somebody waits, and there is nothing for them.
    pub(super) fn is_waiting(&self) -> bool {
        self.wanted && self.ready.is_empty()
    }
}

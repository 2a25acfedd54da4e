//! The orders in which a test runs.

use std::pin::pin;

use crate::board::{Board, Log, VirtualTime};
use tidemill_sched::Local;

/// An executor in virtual time.
pub(crate) struct Play {
    pub(crate) local: Local<Board>,
    pub(crate) log: Log,
    time: VirtualTime,
}

impl Play {
    /// Runs `future` to its end, beside all tasks.
    pub(crate) fn run<F: Future>(&mut self, future: F) -> F::Output {
        self.local.run_with(pin!(future), &mut self.time)
    }

    /// Runs until nothing is ready.
    pub(crate) fn settle(&self) {
        while self.local.tick() == tidemill_core::wait::Wait::Poll {}
    }
}

/// Runs a test in every order in which its tasks may take their turns.
pub(crate) fn everywhere(test: impl Fn(&mut Play)) {
    let board = Board::default();
    let time = board.virtual_time();
    test(&mut Play { local: Local::new(board), log: Log::default(), time });
}

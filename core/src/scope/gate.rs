//! A gate counts who is in a scope; the scope's end waits until nobody is.
//!
//! | row    | who sits there                                                          | waited for           |
//! |--------|-------------------------------------------------------------------------|----------------------|
//! | Child  | children, and what is left behind in the scope as long as it is open    | first                |
//! | Daemon | daemons, and what is left behind later                                  | before the releases  |
//!
//! \[G1] A gate is ended in the moment in which no child sits there, and then nobody sits down as a child any more.

use core::{future::poll_fn, pin::pin};

use alloc::sync::Arc as Shared;

use crate::{
    context::Keeper,
    lock::Lock,
    wait::{WaitList, Waiter},
};

/// See the [module](self).
pub(super) struct Gate {
    line: WaitList<Lock, Count>,
}

struct Count {
    rows: [usize; 2],
    ended: bool,
}

/// Who sits where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Child,
    Daemon,
}

impl Gate {
    pub(super) fn new() -> Shared<Self> {
        let count = Count { rows: [0; 2], ended: false };
        Shared::new(Self { line: WaitList::new_in(count) })
    }

    pub(super) fn is_ended(&self) -> bool {
        self.line.with(|turn| turn.state.ended)
    }

    /// A seat for whoever comes. `None`: it is ended.
    pub(super) fn sit(self: &Shared<Self>, row: Row) -> Option<Seat> {
        let sits = self.line.with(|turn| {
            turn.state.rows[row as usize] += usize::from(!turn.state.ended);
            !turn.state.ended
        });
        sits.then(|| Seat { gate: self.clone(), row })
    }

    /// Waits until nobody sits in this row.
    pub(super) async fn empty(&self, row: Row) {
        let mut waiter = pin!(Waiter::new(&self.line, ()));
        let free = |count: &mut Count| {
            let free = count.rows[row as usize] == 0;
            // [G1]
            count.ended |= free && row == Row::Child;
            free.then_some(())
        };
        poll_fn(|cx| waiter.as_mut().poll_with(cx.waker(), |turn| free(turn.state))).await;
    }

    fn rise(&self, row: usize) {
        self.line.with(|turn| turn.state.rows[row] -= 1);
        self.line.wake_all();
    }
}

impl Keeper for Gate {
    fn enter(&self) -> u8 {
        self.line.with(|turn| {
            let row = if turn.state.ended { Row::Daemon } else { Row::Child };
            turn.state.rows[row as usize] += 1;
            row as u8
        })
    }

    fn leave(&self, entered: u8) {
        self.rise(entered.into());
    }
}

/// A place that is counted.
pub(super) struct Seat {
    gate: Shared<Gate>,
    row: Row,
}

impl Seat {
    pub(super) fn row(&self) -> Row {
        self.row
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gate.rise(self.row as usize);
    }
}

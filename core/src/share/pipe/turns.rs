//! A long loop over values that are all there gives up its turn now and then: no loop without a budget.

use core::{future::poll_fn, mem, task::Poll};

/// How many values pass in one turn.
const BUDGET: u32 = 128;

/// Counts the values of a loop.
#[derive(Default)]
pub(super) struct Turns(u32);

impl Turns {
    /// One value passed: gives up the turn if it was one too many.
    pub(super) async fn pass(&mut self) {
        self.0 += 1;
        if self.0 < BUDGET {
            return;
        }
        self.0 = 0;
        let mut gone = false;
        poll_fn(|cx| {
            if mem::replace(&mut gone, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

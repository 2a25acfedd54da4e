//! A batch: tasks of a Local that were ready together, on their way to one turn each.
//!
//! | step     | does                                                                                       |
//! |----------|--------------------------------------------------------------------------------------------|
//! | `begin`  | takes the inbox and those who yielded, fires timers, and arranges what is ready then       |
//! | `turn`   | gives the first of the batch its turn; what becomes ready meanwhile waits for the next one |
//!
//! [B1] What stands in the batch was taken from the queues of the same Local, and stands in none of them.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use core::{cell::Cell, future::Future, pin::Pin};

use tidemill_core::{
    context::Priority,
    task::{Header, Hooks},
    wait::{Chain, Wait},
};

use crate::{local::Local, order::Order};

/// A Local whose tasks take their turns batch by batch, in an order of one's choice.
pub(crate) struct Batches<H: Hooks> {
    local: Local<H>,
    order: Cell<Order>,
    batch: Cell<Chain<Header>>,
}

impl<H: Hooks> Batches<H> {
    pub(crate) fn new(local: Local<H>, order: Order) -> Self {
        Self { local, order: Cell::new(order), batch: Cell::new(Chain::new()) }
    }

    pub(crate) fn local(&self) -> &Local<H> {
        &self.local
    }

    /// Whether every task of the batch has had its turn.
    pub(crate) fn is_over(&self) -> bool {
        let batch = self.batch.take();
        let over = batch.is_empty();
        self.batch.set(batch);
        over
    }

    /// Begins a batch, when the last one is over. `Poll`: there is one; otherwise for what there is to wait.
    pub(crate) fn begin(&self) -> Wait {
        let wait = self.local.enter(|| self.local.gather());
        let (home, bound) = (self.local.home(), self.local.bound());
        bound.cycles.set(bound.cycles.get().wrapping_add(1));
        let (mut order, mut batch) = (self.order.get(), self.batch.take());
        for priority in Priority::ALL {
            let mut ready = home.take(priority);
            let all = order.arrange(&mut ready, &mut batch);
            // SAFETY: they left the queue just now.
            unsafe { home.append(ready) };
            if !all {
                break;
            }
        }
        self.batch.set(batch);
        self.order.set(order);
        wait
    }

    /// Leaves the Normal tasks of the batch to the next one.
    pub(crate) fn cut(&self) {
        let home = self.local.home();
        let mut batch = self.batch.take();
        let (mut rest, mut low) = (Chain::new(), Chain::new());
        while let Some(task) = batch.pop() {
            // SAFETY: [B1], what is queued is alive.
            let priority = unsafe { task.as_ref() }.priority();
            let to = if priority == Priority::Normal { &mut rest } else { &mut low };
            // SAFETY: as above, and it has left the batch.
            unsafe { to.push(task) };
        }
        self.batch.set(low);
        rest.append(home.take(Priority::Normal));
        // SAFETY: [B1], and they are in the batch no more.
        unsafe { home.append(rest) };
    }

    /// Gives one task its turn. `false`: the batch is over.
    pub(crate) fn turn(&self) -> bool {
        let mut batch = self.batch.take();
        let task = batch.pop();
        self.batch.set(batch);
        let Some(task) = task else { return false };
        let (home, bound) = (self.local.home(), self.local.bound());
        home.forget_cut();
        self.local.enter(|| {
            // SAFETY: [B1] it has left its queue; the Local stays on its thread ([L1] of `local`).
            unsafe { home.give(task) };
        });
        bound.turns.set(bound.turns.get().wrapping_add(1));
        if home.was_cut() {
            self.cut();
        }
        true
    }

    /// Runs `future` as the root for as long as `step` says that there is more to do.
    pub(crate) fn run_with<F: Future>(
        &self,
        future: Pin<&mut F>,
        step: impl FnMut() -> bool,
    ) -> Option<F::Output> {
        let (home, handle) = (self.local.home(), self.local.here.home());
        // SAFETY: begun in `on`, ended by the drop; [L1] of `local`, and entered.
        self.local.enter(|| unsafe { home.run_root_while(handle, future, step) })
    }
}

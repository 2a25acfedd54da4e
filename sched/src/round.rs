//! The parts of a cycle of a Home without `alloc`: turns within the budget, timers, and the end of it all.
//!
//! The invariants [L1] and [L2] are those of `local`.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use tidemill_core::{
    context::{Priority, leave},
    task::{Base, Hooks},
    wait::Wait,
};

use crate::local::Local;

impl<H: Hooks> Local<H> {
    /// The half that handles know.
    #[inline(always)]
    fn base(&self) -> &Base {
        &self.home().base
    }

    /// Gives turns to what is ready, within the budget. `true`: the root has ended in its turn, and nothing more was done.
    #[inline(always)]
    pub(crate) fn run_ready(&self) -> bool {
        let (base, bound) = (self.base(), self.bound());
        // SAFETY: [L1].
        let _held = unsafe { base.hold() };
        let rooted = self.home().is_rooted();
        let turns = bound.budget.get();
        let interrupted = base.begin(turns);
        self.run_queue(Priority::Normal);
        // A root that ends has left no turn.
        let mut ended = rooted && !self.home().is_rooted();
        if base.is_graded() && !ended {
            ended = self.run_queues(turns, rooted);
        }
        let left = base.head().end(Priority::Normal, interrupted);
        bound.turns.set(bound.turns.get().wrapping_add_signed(turns - left));
        ended
    }

    /// Gives turns to the tasks of a priority, as far as it has some left.
    #[inline]
    fn run_queue(&self, priority: Priority) {
        // SAFETY: [L1].
        while unsafe { self.base().turn(priority) } {}
    }

    /// The rest of a cycle in which not all tasks are Normal: Low ones, and whatever those make. `true`: the root has ended in its turn.
    #[cold]
    fn run_queues(&self, turns: isize, rooted: bool) -> bool {
        let (base, bound) = (self.base(), self.bound());
        let interrupted = base.head().begin(Priority::Low, turns);
        let goes_on = |priority| base.head().goes_on(priority) && !base.is_idle(priority);
        let mut ended = false;
        while !ended && Priority::ALL.into_iter().any(goes_on) {
            self.run_queue(Priority::Low);
            self.run_queue(Priority::Normal);
            ended = rooted && !self.home().is_rooted();
        }
        let left = base.head().end(Priority::Low, interrupted);
        bound.turns.set(bound.turns.get().wrapping_add_signed(turns - left));
        ended
    }

    /// Fires what is due, and says how one would park.
    pub(crate) fn gather(&self) -> Wait {
        let wait = self.prepare();
        self.rouse();
        wait
    }

    /// Nobody rings from now on.
    #[inline(always)]
    pub(crate) fn rouse(&self) {
        self.base().wake_up();
    }

    /// Fires what is due, and says how to park.
    #[inline(always)] // Every cycle passes here, and saves its registers once.
    pub(crate) fn prepare(&self) -> Wait {
        let wheel = self.home().wheel();
        let mut wait = Wait::Forever;
        if let Some(next) = wheel.next_deadline() {
            let now = self.hooks().now();
            wait = Wait::Until(next);
            if next <= now {
                wheel.fire(now);
                wait = match wheel.next_deadline() {
                    None => Wait::Forever,
                    Some(next) if next <= now => Wait::Poll,
                    Some(next) => Wait::Until(next),
                };
            }
        }
        if wait == Wait::Poll || self.base().sleep() { wait } else { Wait::Poll }
    }
}

impl<H: Hooks> Drop for Local<H> {
    fn drop(&mut self) {
        // No Home is current meanwhile: spawns are refused.
        leave(|| {
            // SAFETY: [L1]; nobody is in a turn, since turns borrow the Local.
            unsafe { self.base().close() };
            self.home().wheel().close();
        });
    }
}

//! The parts of a cycle of a Home without `alloc`: turns within the budget, timers, and the end of it all.
//!
//! The invariants [L1] and [L2] are those of `local`.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use core::mem::ManuallyDrop;

use tidemill_core::{
    clock::Instant,
    context::{leave, stay},
    task::{Base, Hooks, Rest},
    wait::{Park, Wait},
};

use crate::{fixed::ring, local::Local};

impl<H: Hooks> Local<H> {
    /// The half that handles know.
    #[inline(always)]
    fn base(&self) -> &Base {
        &self.home().base
    }

    /// Gives turns to what is ready, within the budget. `true`: the root has ended in its turn, and nothing more was done.
    #[inline(always)]
    pub(crate) fn run_ready(&self) -> bool {
        let rooted = self.home().is_rooted();
        let turns = self.bound().budget.get();
        // SAFETY: [L1].
        let cycle = unsafe { self.base().cycle(turns) };
        let has_ended = || rooted && !self.home().is_rooted();
        if has_ended() {
            return true;
        }
        cycle.go_on(turns);
        has_ended()
    }

    /// A cycle after the other, of a Local that nobody else has.
    #[inline(always)]
    pub(crate) fn forever(self, park: &mut impl Park) -> ! {
        // Not even a panic has its tasks cancelled: what that takes is not linked.
        let local = ManuallyDrop::new(self);
        // SAFETY: [L1], and the Local is never dropped.
        let _stays = unsafe { stay(&local.here) };
        let park = |rest: Rest| {
            park.park(match rest.until {
                _ if !rest.idle => Wait::Poll,
                Some(moment) => Wait::Until(moment),
                None => Wait::Forever,
            });
        };
        let turns = local.bound().budget.get();
        // SAFETY: [L1]; nobody has the Local, so no cycle is within another.
        unsafe { local.base().run_parking(turns, || local.hooks().now(), ring::<H>, park) }
    }

    /// Likewise; it sleeps within the mask in which it has found no task.
    #[inline(always)]
    pub(crate) fn sleeping(self, sleep: impl FnMut(Option<Instant>)) -> ! {
        let local = ManuallyDrop::new(self);
        // SAFETY: [L1], and the Local is never dropped.
        let _stays = unsafe { stay(&local.here) };
        let turns = local.bound().budget.get();
        // SAFETY: [L1]; nobody has the Local, so no cycle is within another.
        unsafe { local.base().run_sleeping(turns, || local.hooks().now(), sleep) }
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
        let mut fired = false;
        let wait = loop {
            let Some(next) = self.home().wheel().next_deadline() else { break Wait::Forever };
            let now = self.hooks().now();
            if now < next {
                break Wait::Until(next);
            }
            if fired {
                return Wait::Poll;
            }
            self.home().wheel().fire(now);
            fired = true;
        };
        // SAFETY: it is that of this Home.
        if unsafe { self.base().sleep(ring::<H>) } { wait } else { Wait::Poll }
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

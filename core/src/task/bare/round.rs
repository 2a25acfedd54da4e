//! Rounds: the cycles, one after the other, of a Home of which nobody has the Local any more but who runs it for ever.
//!
//! | a step finds, under one mask    | and then, after it                                                              |
//! |---------------------------------|---------------------------------------------------------------------------------|
//! | a Normal task, and a turn left  | gives the task its turn                                                         |
//! | else: somebody whose moment has come, if not so many were in a row | wakes him; a Normal task of this Home has its turn at once |
//! | else: tasks that are ready      | Low ones have their turns; as many turns as before are left                     |
//! | else nothing                    | likewise. Whoever wakes one from now on rings, or it sleeps within the mask     |
//!
//! [N1] No cycle is within another: for one, somebody would need the Local.
//! [N2] To find nothing, and to have others ring or to sleep, is one step: no wake falls between.

#![expect(unsafe_code, reason = "gives turns, which are for the home thread")]

use core::{mem, task::Waker};

use super::{
    base::Base,
    header::{Task, Turn},
    waker::{task_of_clone, wake_task},
};
use crate::{
    clock::Instant,
    context::{Priority, Ring},
    mask::{Mask, masked},
};

/// What there is to wait for.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// Whether no task is ready.
    pub idle: bool,
    /// The earliest moment that anyone waits for, if it ever comes.
    pub until: Option<Instant>,
}

/// What a step has found.
enum Step {
    /// It is to have its turn, in which this is called.
    Turn(Task, Turn),
    /// This is to be woken.
    Wake(Waker),
    /// Likewise, a task of ours.
    WakeTask(Task),
    /// This is what there is to wait for, as no task is ready, or all turns were given. Whether a Low one is ready.
    Rest(Rest, bool),
}

impl Base {
    /// Runs for ever, with so many turns in a row for either priority. `park` is called when they are used up, or nothing is ready; in that case whoever wakes a
    /// task rings, by calling `ring`.
    ///
    /// # Safety
    /// This is the home thread, outside of turns, and [N1]; `ring` fits the Home that begins with this.
    #[inline(always)]
    pub unsafe fn run_parking(
        &self,
        turns: isize,
        now: impl Fn() -> Instant,
        ring: Ring,
        mut park: impl FnMut(Rest),
    ) -> ! {
        let mut left = turns;
        loop {
            let rest = self.step::<true, true>(&mut left, turns, &now, |mask, _| {
                // SAFETY: the contract.
                unsafe { self.fall_asleep(mask, ring) };
            });
            if let Some(rest) = rest {
                park(Rest { until: comes(rest.until), ..rest });
            }
        }
    }

    /// Runs for ever, with so many turns in a row for either priority. `sleep` is called under the mask, when nothing is ready, with the next moment.
    ///
    /// # Safety
    /// This is the home thread, outside of turns, and [N1].
    #[inline(always)]
    pub unsafe fn run_sleeping(
        &self,
        turns: isize,
        now: impl Fn() -> Instant,
        mut sleep: impl FnMut(Option<Instant>),
    ) -> ! {
        let mut left = turns;
        loop {
            let sleep = |_: Mask<'_>, until| sleep(comes(until));
            // Where nobody is Low there is nobody to share with.
            let _ = if Self::is_graded() {
                self.step::<false, true>(&mut left, turns, &now, sleep)
            } else {
                self.step::<false, false>(&mut left, turns, &now, sleep)
            };
        }
    }

    /// One step, with so many turns left. What there is to wait for, if all turns were given. Others may have been asked to ring if it PARKS. If it SHARES, Normal tasks and
    /// moments leave others their time: below none, `left` counts down to as many who were due.
    #[inline(always)]
    fn step<const PARKS: bool, const SHARES: bool>(
        &self,
        left: &mut isize,
        turns: isize,
        now: impl Fn() -> Instant,
        idle: impl FnOnce(Mask<'_>, Option<Instant>),
    ) -> Option<Rest> {
        let step = masked(|mask| self.look::<PARKS, SHARES>(mask, left, turns, now, idle));
        match step {
            // Nobody asks whose turn it is: [N1].
            // SAFETY: [H3] of `header`, this is its turn.
            Step::Turn(task, turn) => unsafe { turn(task) },
            Step::Wake(waker) => waker.wake(),
            Step::WakeTask(task) => wake_task(task),
            Step::Rest(rest, low) => {
                if low {
                    self.head().grant(turns);
                    self.low_turns(turns);
                    *left = self.head().granted();
                }
                return Some(rest);
            }
        }
        None
    }

    /// What a step finds.
    #[inline(always)]
    fn look<const PARKS: bool, const SHARES: bool>(
        &self,
        mask: Mask<'_>,
        left: &mut isize,
        turns: isize,
        now: impl Fn() -> Instant,
        idle: impl FnOnce(Mask<'_>, Option<Instant>),
    ) -> Step {
        let may = || {
            if self.head().is_cut(mask) {
                return false;
            }
            // Who finds none in between has not used them up, and has no more to do for that.
            *left -= 1;
            if *left < 0 {
                if !SHARES {
                    *left = turns;
                }
                return false;
            }
            true
        };
        if let Some(task) = self.next_if(mask, Priority::Normal, may) {
            // SAFETY: [H4] of `header`, it was queued.
            return Step::Turn(task, unsafe { task.turn(mask) });
        }
        self.head().mend(mask);
        let until = self.head().wheel().next_in(mask);
        if SHARES && *left < -turns {
            *left = turns;
            return Step::Rest(Rest { idle: false, until }, self.has_low(mask));
        }
        // A clock is asked where somebody waits for a moment.
        if until.is_some()
            && let Some(step) = self.fire(mask, now())
        {
            if SHARES {
                *left -= 1;
            }
            if PARKS {
                self.stay_up(mask);
            }
            return step;
        }
        if SHARES {
            *left = turns;
        }
        let low = self.has_low(mask);
        let is_idle = self.is_idle_in(mask, Priority::Normal) && !low;
        if is_idle {
            idle(mask, until);
        }
        Step::Rest(Rest { idle: is_idle, until }, low)
    }

    /// Takes out the first one that is due.
    #[inline(always)]
    fn fire(&self, mask: Mask<'_>, now: Instant) -> Option<Step> {
        let waker = self.head().wheel().pop_due(mask, now)?;
        let Some(task) = task_of_clone(&waker) else { return Some(Step::Wake(waker)) };
        mem::forget(waker); // To drop it is nothing.
        // Nobody is before him in the queue who has not had as many turns as there are in a row.
        if !self.would_queue(mask, task) {
            return Some(Step::WakeTask(task));
        }
        task.node().wakes();
        // SAFETY: [H4] of `header`, it waits.
        Some(Step::Turn(task, unsafe { task.turn(mask) }))
    }
}

/// The moment, unless it never comes.
#[inline(always)]
fn comes(until: Option<Instant>) -> Option<Instant> {
    until.filter(|&until| until != Instant::FAR)
}

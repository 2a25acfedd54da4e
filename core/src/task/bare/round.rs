//! A round: a cycle but for its park, of a Home of which nobody has the Local any more but who runs it for ever.
//!
//! | step       | does                                                                                             |
//! |------------|--------------------------------------------------------------------------------------------------|
//! | what is due | is woken, each in one masked step; the last one, where no task is ready before it, has its turn at once |
//! | turns      | are given to Normal tasks, within the budget                                                     |
//! | rest       | in the step that finds none: whoever wakes one from now on rings, and for what there is to wait |
//!
//! [N1] No cycle is within another: for one, somebody would need the Local.
//! [N2] Between two rounds either no task is ready, or nobody is to ring: who wakes the first one after a round that was idle sees to that.

#![expect(unsafe_code, reason = "gives turns, which are for the home thread")]

use core::{mem, task::Waker};

use super::{
    base::Base,
    header::{Call, Task},
    waker::task_of,
};
use crate::{
    clock::Instant,
    context::Priority,
    mask::{Mask, masked},
};

/// What there is to wait for after a round.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// Whether no task is ready. Then whoever wakes one rings.
    pub idle: bool,
    /// The earliest moment that anyone waits for.
    pub until: Option<Instant>,
}

/// What became of one whose moment has come.
enum Fired {
    /// It is to have its turn, and said this.
    Turn(Task, (u8, Option<Call>)),
    /// This is to be woken; perhaps there are more.
    Wake(Waker),
}

impl Base {
    /// Gives turns to what is ready, so many at the most to either priority.
    ///
    /// # Safety
    /// This is the home thread, outside of turns, and [N1].
    #[inline(always)]
    pub unsafe fn round(&self, turns: isize) -> Rest {
        self.head().grant(turns);
        loop {
            let next = masked(|mask| match self.next(mask, Priority::Normal) {
                Some(task) => Ok((task, task.leave_queue(mask))),
                None => {
                    Err(Rest { idle: self.rest(mask), until: self.head().wheel().next_in(mask) })
                }
            });
            match next {
                Ok((task, left)) => self.give(task, left),
                Err(rest) => {
                    if !rest.idle
                        && let Some(low) = self.low()
                    {
                        low(self, turns);
                    }
                    return rest;
                }
            }
        }
    }

    /// Wakes what is due, so many at the most; the last one may have its turn already.
    ///
    /// # Safety
    /// As for `round`.
    #[inline(never)] // A round without it is to save fewer registers.
    pub unsafe fn fire(&self, now: Instant, most: isize) {
        let mut left = most;
        loop {
            match masked(|mask| self.fire_next(mask, now)) {
                None => return,
                Some(Fired::Turn(task, said)) => return self.give(task, said),
                Some(Fired::Wake(waker)) => waker.wake(),
            }
            left -= 1;
            if left <= 0 {
                return;
            }
        }
    }

    #[inline(always)]
    fn fire_next(&self, mask: Mask<'_>, now: Instant) -> Option<Fired> {
        let wheel = self.head().wheel();
        let waker = wheel.pop_due(mask, now)?;
        self.stay_up(mask);
        // [N2] Who would be the only one in the queue need not get there.
        if let Some(task) = task_of(&waker)
            && self.would_be_alone(mask, task)
            && wheel.next_in(mask).is_none_or(|next| next > now)
        {
            mem::forget(waker); // To drop it is nothing.
            task.node().wakes();
            return Some(Fired::Turn(task, task.leave_queue(mask)));
        }
        Some(Fired::Wake(waker))
    }
}

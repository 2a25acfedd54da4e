//! A round: a cycle but for its park, of a Home of which nobody has the Local any more but who runs it for ever.
//!
//! | step      | does                                                                                     |
//! |-----------|------------------------------------------------------------------------------------------|
//! | `fire`    | wakes all whose moment has come, each in one masked step                                 |
//! | `round`   | gives turns to what is ready, within the budget, and says for what there is to wait      |
//!
//! [N1] No cycle is within another: for one, somebody would need the Local.
//! [N2] Between two rounds either no task is ready, or nobody is to ring: who wakes the first one after a round that was idle sees to that.

#![expect(unsafe_code, reason = "gives turns, which are for the home thread")]

use core::{mem, task::Waker};

use super::{
    base::{Base, LowTurns},
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
    /// The earliest moment that anyone waits for; [`Instant::FAR`] if there is none.
    pub until: Instant,
}

impl Base {
    /// Wakes all whose moment has come, so many at the most.
    pub fn fire(&self, now: Instant, most: isize) {
        for _ in 0..most {
            let woken = masked(|mask| {
                let waker = self.head().wheel().pop_due(mask, now)?;
                self.stay_up(mask);
                Some(match task_of(&waker) {
                    Some(task) => {
                        mem::forget(waker); // To drop it is nothing.
                        task.wake_in(mask)
                    }
                    None => Some(waker),
                })
            });
            let Some(woken) = woken else { return };
            woken.into_iter().for_each(Waker::wake);
        }
    }

    /// Gives turns to what is ready, as many at the most as the round before has granted: this grants `turns` to the next one.
    ///
    /// # Safety
    /// This is the home thread, outside of turns, and [N1].
    #[inline(always)]
    pub unsafe fn round(&self, turns: isize) -> Rest {
        let low = loop {
            let next = masked(|mask| match self.next(mask, Priority::Normal) {
                Some(task) => Ok((task, task.leave_queue(mask))),
                None => Err(self.rest(mask, turns, false)),
            });
            match next {
                Ok((task, left)) => self.give(task, left),
                Err(Ok(rest)) => return rest,
                Err(Err(low)) => break low,
            }
        };
        low(self, turns);
        masked(|mask| self.rest(mask, turns, true))
            .unwrap_or(Rest { idle: false, until: Instant::FAR })
    }

    /// What there is to wait for; or how Low tasks have their turns, if there ever was one, and they had none.
    #[inline(always)]
    fn rest(&self, mask: Mask<'_>, turns: isize, had_low: bool) -> Result<Rest, LowTurns> {
        let idle = self.rests(mask, had_low)?;
        self.head().grant(mask, turns);
        Ok(Rest { idle, until: self.head().wheel().next_in(mask) })
    }
}

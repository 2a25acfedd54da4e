//! Driving a Local: turns on top of a frame that waits, inside of a turn or beside it.
//!
//! | step   | does                                                                                    |
//! |--------|-----------------------------------------------------------------------------------------|
//! | `turn` | gives one task its turn: Normal ones first, but a Low one now and then                  |
//! | `look` | takes the inbox and those who yielded, fires timers                                     |
//!
//! It keeps to no budget: it ends when what is waited for is there.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use core::{cell::RefCell, fmt, task::Waker};

use tidemill_core::{
    clock::Instant,
    context::{Here, Priority, enter},
    task::{Deadlock, Done, Drive, Hooks, Undone},
    wait::{Park, Wait},
};

#[cfg(not(feature = "alloc"))]
use crate::fixed::Home;
#[cfg(feature = "alloc")]
use crate::home::Home;
use crate::local::Local;

/// A Low task has its turn after so many others.
const PATIENCE: usize = 64;

impl<H: Hooks> Home<H> {
    /// Gives turns until `done`. Where only a later moment brings more, `sleep` waits for that, or says that it cannot.
    ///
    /// # Safety
    /// This is the home thread, and `here` is a handle on this.
    pub(crate) unsafe fn drive(
        &self,
        here: &Here,
        done: &mut Done<'_>,
        mut sleep: impl FnMut(Instant) -> bool,
    ) -> Result<(), Undone> {
        let _deeper = self.bound.waits.deeper()?;
        let mut turns = 0_usize;
        loop {
            if done(Waker::noop()) {
                return Ok(());
            }
            if self.is_closed() {
                return Err(Undone::Gone);
            }
            turns = turns.wrapping_add(1);
            // SAFETY: the contract is the same.
            if unsafe { self.turn(here, turns) } {
                continue;
            }
            // SAFETY: the contract is the same.
            match unsafe { self.look(here) } {
                Wait::Poll => {}
                Wait::Until(moment) if sleep(moment) => {}
                Wait::Until(_) => return Err(Undone::Asleep),
                // SAFETY: the contract is the same.
                Wait::Forever => return Err(Undone::Deadlock(unsafe { self.deadlock() })),
            }
        }
    }

    /// Gives one task its turn. `false`: none is ready.
    ///
    /// # Safety
    /// As `drive`.
    unsafe fn turn(&self, here: &Here, turns: usize) -> bool {
        let bound = &self.bound;
        let patient = !turns.is_multiple_of(PATIENCE);
        let [first, second] = match patient {
            true => [Priority::Normal, Priority::Low],
            false => [Priority::Low, Priority::Normal],
        };
        let Some(task) = self.pop(first).or_else(|| self.pop(second)) else { return false };
        let run = || {
            // SAFETY: it has left its queue just now; the home thread (contract).
            unsafe { self.give(task) };
        };
        // SAFETY: the contract, and the Local is borrowed by who gives the turn that this is in, or by who drives.
        unsafe { enter(here, run) };
        bound.turns.set(bound.turns.get().wrapping_add(1));
        true
    }

    /// Takes in what has come meanwhile. `Poll`: there is some; else what there is to wait for.
    ///
    /// # Safety
    /// As `drive`.
    unsafe fn look(&self, here: &Here) -> Wait {
        // SAFETY: this is the home thread (contract).
        unsafe { self.collect() };
        let wheel = self.wheel();
        let now = self.hooks().now();
        if wheel.next_deadline().is_some_and(|next| next <= now) {
            // SAFETY: as in `turn`.
            unsafe { enter(here, || wheel.fire(now)) };
        }
        match wheel.next_deadline() {
            _ if !self.are_idle() => Wait::Poll,
            Some(moment) => Wait::Until(moment),
            None => Wait::Forever,
        }
    }

    /// Who waits.
    ///
    /// # Safety
    /// As `drive`.
    unsafe fn deadlock(&self) -> Deadlock {
        // SAFETY: this is the home thread (contract).
        Deadlock::of(unsafe { self.tasks() })
    }
}

impl<H: Hooks> Local<H> {
    /// This with a place to sleep, for a wait that may last until a later moment: `value.wait_on(&local.parking(&mut park))`.
    pub fn parking<'l, P: Park>(&'l self, park: &'l mut P) -> Parking<'l, H, P> {
        Parking { local: self, park: RefCell::new(park) }
    }

    /// Lets so many wait inside of tasks on top of each other: 32 by default. None where waiting inside of tasks is an error.
    pub fn set_waits(&self, deepest: usize) {
        self.bound().waits.allow(deepest);
    }

    /// Gives one task its turn, on top of another's. `false`: none is ready.
    #[cfg(feature = "std")]
    pub(crate) fn step_within(&self, turns: usize) -> bool {
        // SAFETY: [L1] of `local`.
        unsafe { self.home().turn(&self.here(), turns) }
    }

    /// Gives turns until `done`; `sleep` waits for a moment, or says that it cannot.
    fn drive_with(
        &self,
        done: &mut Done<'_>,
        sleep: impl FnMut(Instant) -> bool,
    ) -> Result<(), Undone> {
        self.rouse();
        // SAFETY: [L1] of `local`.
        unsafe { self.home().drive(&self.here(), done, sleep) }
    }
}

/// It does not sleep: where only a later moment brings more, that is [`Undone::Asleep`]. [`parking`](Local::parking) sleeps.
impl<H: Hooks> Drive for Local<H> {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        self.drive_with(done, |_| false)
    }
}

/// A Local with a place to sleep, to wait on: made by [`Local::parking`].
pub struct Parking<'l, H: Hooks, P: Park> {
    local: &'l Local<H>,
    park: RefCell<&'l mut P>,
}

impl<H: Hooks, P: Park> Drive for Parking<'_, H, P> {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        self.local.drive_with(done, |moment| {
            // Nobody parks within a park.
            let Ok(mut park) = self.park.try_borrow_mut() else { return false };
            park.park(Wait::Until(moment));
            true
        })
    }
}

impl<H: Hooks, P: Park> fmt::Debug for Parking<'_, H, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parking").field("local", &self.local).finish_non_exhaustive()
    }
}

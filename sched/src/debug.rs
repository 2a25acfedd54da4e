//! A scheduler for tests: a Local in virtual time, whose tasks take their turns in an order of one's choice.
//!
//! | nothing is ready, and | `done` | `run`                                                    |
//! |-----------------------|--------|----------------------------------------------------------|
//! | a timer waits         | false  | moves the clock to it, and runs what that made ready     |
//! | tasks wait            | true   | does nothing: [`Deadlock`]                               |
//! | nobody waits          | true   | does nothing                                             |
//!
//! Turns are given in batches: those that are ready together take one turn each, the Normal ones first, and what becomes ready meanwhile is in
//! the next batch. A batch is a cycle: yielders go on in the next one. The orders, and `run` for a batch, are uni20's `DebugScheduler`.
//!
//! \[D1] The clock moves only when nothing is ready, and then to the next deadline.

use core::{error, fmt, future::Future, ops::Deref, pin::Pin, task::Waker};

use tidemill_core::{
    clock::{Clock, Instant, ManualClock},
    const_new,
    sync::{AtomicBool, Ordering::Relaxed},
    task::{Deadlock, Done, Drive, Undone},
    wait::{Doorbell, Wait},
};

#[cfg(feature = "alloc")]
use tidemill_core::sync::Arc;

#[cfg(not(feature = "alloc"))]
use crate::fixed::Home;
#[cfg(feature = "alloc")]
use crate::home::Home;
pub use crate::order::Order;
use crate::{batch::Batches, local::Local};

/// The platform of a [`DebugScheduler`]: virtual time, and nobody who sleeps.
pub struct Virtual {
    clock: ManualClock,
    paused: AtomicBool,
}

impl Virtual {
    const_new! {
        /// A clock at its origin, not paused.
        #[allow(clippy::new_without_default, reason = "it belongs into a Home")]
        pub fn new() -> Self {
            Self { clock: ManualClock::new(), paused: AtomicBool::new(false) }
        }
    }

    /// The clock.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Has the scheduler stop after the turn that is under way, from wherever it is called: inside a task, too.
    pub fn pause(&self) {
        // ordering: Relaxed, nothing is published with it.
        self.paused.store(true, Relaxed);
    }

    /// Ends the pause. It runs nothing.
    pub fn resume(&self) {
        // ordering: Relaxed, nothing is published with it.
        self.paused.store(false, Relaxed);
    }

    /// Whether the scheduler runs nothing.
    pub fn is_paused(&self) -> bool {
        // ordering: Relaxed, nothing is published with it.
        self.paused.load(Relaxed)
    }
}

impl Clock for Virtual {
    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl Doorbell for Virtual {
    fn ring(&self) {}
}

impl fmt::Debug for Virtual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Virtual")
            .field("now", &self.now())
            .field("paused", &self.is_paused())
            .finish()
    }
}

/// A deterministic executor: a [`Local`] whose tasks take their turns in a given order, in virtual time.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use std::{pin::pin, time::Duration};
/// use tidemill_core::{clock::{Clock, Instant}, scope::after};
/// use tidemill_sched::debug::{DebugScheduler, Order};
///
/// let scheduler = DebugScheduler::new(Order::Random(7));
/// let slept = scheduler.run_with(pin!(after(Duration::from_secs(3600)))).unwrap();
/// assert!(slept.is_ok());
/// assert_eq!(scheduler.hooks().now(), Instant::ORIGIN + Duration::from_secs(3600));
/// # }
/// ```
///
/// Dropping it cancels what is left, one task after the other.
pub struct DebugScheduler {
    batches: Batches<Virtual>,
}

impl DebugScheduler {
    /// A scheduler with a Home of its own.
    #[cfg(feature = "alloc")]
    pub fn new(order: Order) -> Self {
        Self { batches: Batches::new(Local::new(Virtual::new()), order) }
    }

    /// The scheduler of a Home in a static. `None`: someone has it, or had it.
    pub fn claim(home: &'static Home<Virtual>, order: Order) -> Option<Self> {
        Some(Self { batches: Batches::new(home.claim()?, order) })
    }

    /// The scheduler of a shared Home, through which tasks pause it. `None`: someone has it, or had it.
    #[cfg(feature = "alloc")]
    pub fn claim_shared(home: &Arc<Home<Virtual>>, order: Order) -> Option<Self> {
        Some(Self { batches: Batches::new(Home::claim_shared(home)?, order) })
    }

    /// Stops after the turn that is under way; until it is resumed, nothing runs. Tasks call it through [`Virtual::pause`].
    pub fn pause(&self) {
        self.hooks().pause();
    }

    /// Ends the pause. It runs nothing.
    pub fn resume(&self) {
        self.hooks().resume();
    }

    /// Leaves the Normal tasks that are ready to the next batch, if it is called within one.
    pub fn end_cycle(&self) {
        self.batches.cut();
    }

    /// Whether nothing will run again by itself: no task is ready and no timer waits. Tasks that wait for something else do not count.
    pub fn done(&self) -> bool {
        self.batches.is_over() && self.local_wait() == Wait::Forever
    }

    /// Whether there is something to run, and no pause.
    pub fn can_run(&self) -> bool {
        !self.hooks().is_paused() && !self.done()
    }

    /// For what there is to wait, outside of a batch.
    fn local_wait(&self) -> Wait {
        self.enter(|| self.gather())
    }

    /// Gives one task its turn; if none is ready, in the moment of the next timer. `false`: it is paused, or done.
    pub fn run_one(&self) -> bool {
        self.step(Instant::FAR)
    }

    /// Gives every task that is ready one turn, or what is left of a batch; if none is ready, in the moment of the next timer. Says how many
    /// turns that were: none if it is paused, or done.
    pub fn run(&self) -> usize {
        let mut turns = usize::from(self.run_one());
        while turns > 0 && !self.hooks().is_paused() && self.turn() {
            turns += 1;
        }
        turns
    }

    /// Runs until it is done or paused, and says how many turns that took.
    pub fn run_all(&self) -> usize {
        self.run_while_due(Instant::FAR)
    }

    /// Runs all that is ready or due until `moment`, and moves the clock there, if it is not paused meanwhile. Says how many turns that took.
    pub fn run_until(&self, moment: Instant) -> usize {
        let turns = self.run_while_due(moment);
        if !self.hooks().is_paused() {
            self.hooks().clock.advance_to(moment);
        }
        turns
    }

    fn run_while_due(&self, moment: Instant) -> usize {
        let mut turns = 0;
        while self.step(moment) {
            turns += 1;
        }
        turns
    }

    /// Runs tasks and `future` until `future` has ended.
    ///
    /// # Errors
    /// It has not ended: the scheduler was paused, or all that is left waits for what never comes.
    ///
    /// # Panics
    /// If it is called from inside itself.
    pub fn run_with<F: Future>(&self, future: Pin<&mut F>) -> Result<F::Output, Stopped> {
        let output = self.batches.run_with(future, || self.run_one());
        output.ok_or_else(|| match self.hooks().is_paused() {
            true => Stopped::Paused,
            false => Stopped::Deadlock(Deadlock::of(self.tasks())),
        })
    }

    /// The tasks that wait for what never comes: if it is [`done`](Self::done), and there are some.
    pub fn deadlock(&self) -> Option<Deadlock> {
        (self.live() > 0 && self.done()).then(|| Deadlock::of(self.tasks()))
    }

    /// Gives one task its turn, in a moment that is not after `last`.
    fn step(&self, last: Instant) -> bool {
        if self.hooks().is_paused() {
            return false;
        }
        while self.batches.is_over() {
            match self.batches.begin() {
                Wait::Poll => {}
                Wait::Until(moment) if moment <= last => self.hooks().clock.advance_to(moment),
                Wait::Until(_) | Wait::Forever => return false,
            }
        }
        self.turn()
    }

    /// Gives one task of the batch its turn, in which it may wait for others. `false`: the batch is over.
    fn turn(&self) -> bool {
        self.bound().waits.driven_by(self, || self.batches.turn())
    }
}

/// The clock moves as it does for `run`. In a task the same is reached by a handle on this executor.
impl Drive for DebugScheduler {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        let _deeper = self.bound().waits.deeper()?;
        loop {
            if done(Waker::noop()) {
                return Ok(());
            }
            if !self.run_one() {
                return Err(match self.hooks().is_paused() {
                    true => Undone::Paused,
                    false => Undone::Deadlock(Deadlock::of(self.tasks())),
                });
            }
        }
    }
}

impl Deref for DebugScheduler {
    type Target = Local<Virtual>;

    fn deref(&self) -> &Local<Virtual> {
        self.batches.local()
    }
}

impl fmt::Debug for DebugScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebugScheduler")
            .field("live", &self.live())
            .field("hooks", self.hooks())
            .finish_non_exhaustive()
    }
}

/// Why a future was not run to its end.
#[derive(Clone, PartialEq, Eq)]
pub enum Stopped {
    /// The scheduler is paused.
    Paused,
    /// Nothing is ready, and no timer waits.
    Deadlock(Deadlock),
}

impl fmt::Debug for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused => f.write_str("the scheduler is paused: resume it"),
            Self::Deadlock(deadlock) => deadlock.fmt(f),
        }
    }
}

impl error::Error for Stopped {}

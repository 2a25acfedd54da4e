//! A Local: the executor of one thread, of a microcontroller and of a ring worker.
//!
//! A *cycle* is: run ready tasks within the budget -> take the inbox and those who yielded -> fire timers -> park, exactly once.
//!
//! There are two queues, and each has its own budget: the Normal tasks run to theirs, then the Low ones to theirs, and again while either
//! has both tasks and turns, as in Async. So Low never starves, and what Low wakes at Normal runs in what is left.
//!
//! | the queue then | the inbox then | the next timer | parks with                                       |
//! |----------------|----------------|----------------|--------------------------------------------------|
//! | holds tasks    | awake          | -              | `Poll`                                           |
//! | empty          | has work       | -              | `Poll`                                           |
//! | empty          | put to sleep   | is due         | `Poll`                                           |
//! | empty          | put to sleep   | at `t`         | `Until(t)`                                       |
//! | empty          | put to sleep   | none           | `Forever`                                        |
//!
//! [L1] The Local is `!Send` and `!Sync`, and there is one per Home ([A1] of `home`): where there is a `&Local` is the home thread.
//! [L2] Its handle keeps the Home alive ([A3] of `home`).
//! [L3] Tasks enter the queue of their priority when their state answers `Enqueue` (or in the beginning), and leave it for their turn.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use core::{fmt, future::Future, marker::PhantomData, pin::Pin, ptr::NonNull, time::Duration};

use tidemill_core::{
    clock::Instant,
    context::{Here, HomeRef, enter},
    task::{Hooks, TaskInfo},
    wait::{Park, Wait},
};

#[cfg(feature = "alloc")]
use tidemill_core::sync::Arc;

#[cfg(not(feature = "alloc"))]
use crate::fixed::{Bound, Home};
#[cfg(feature = "alloc")]
use crate::home::{Bound, Home};
use crate::stats::Stats;

/// The executor of one thread, of a microcontroller and of a ring worker: the half of a [`Home`] that one thread has.
///
/// A *cycle* is: run ready tasks within the budget, take the inbox, fire timers, park exactly once. Tasks take their turns first in first
/// out; those that are woken meanwhile, by themselves too, go to the end.
///
/// It stays on its thread:
/// ```compile_fail,E0277
/// fn is_send<T: Send>() {}
/// fn check<H: tidemill_core::task::Hooks>() {
///     is_send::<tidemill_sched::Local<H>>();
/// }
/// ```
///
/// Dropping it cancels every task that it has, on this thread, one after the other.
pub struct Local<H: Hooks> {
    pub(crate) home: NonNull<Home<H>>,
    pub(crate) here: Here,
    thread: PhantomData<*const ()>,
}

impl<H: Hooks> Local<H> {
    /// A Home and its Local at once.
    #[cfg(feature = "alloc")]
    #[inline(never)] // A Home is large, and on its way into the `Arc` stands on the stack: on a frame of its own.
    pub fn new(hooks: H) -> Self {
        let home = Arc::new(Home::new(hooks));
        home.bound.furnish();
        Home::claim_shared(&home).expect("nobody else knows this Home")
    }

    /// The other half of `home`.
    ///
    /// # Safety
    /// The caller has claimed `home`, of which `handle` is a counted handle; neither was used yet.
    pub(crate) unsafe fn on(home: NonNull<Home<H>>, handle: HomeRef) -> Self {
        // SAFETY: the handle keeps it alive.
        let claimed = unsafe { home.as_ref() };
        // SAFETY: claimed just now, so this is the first thing that happens to the root.
        unsafe { claimed.bear(&handle) };
        // SAFETY: the thread that has the Local is the home thread.
        let here = unsafe { Here::new(handle) };
        Self { home, here, thread: PhantomData }
    }

    /// A counted handle for tasks and other code on this thread: to spawn, and to wait for moments.
    pub fn here(&self) -> Here {
        self.here.clone()
    }

    /// The half that everyone may know.
    #[inline]
    pub fn home(&self) -> &Home<H> {
        // SAFETY: [L2].
        unsafe { self.home.as_ref() }
    }

    /// The platform.
    pub fn hooks(&self) -> &H {
        self.home().hooks()
    }

    /// The tasks that have not ended, the oldest first; without `alloc`, the one in the place that was used first.
    pub fn tasks(&self) -> impl Iterator<Item = TaskInfo> {
        // SAFETY: [L1], and the iterator borrows the Local.
        unsafe { self.home().tasks() }
    }

    #[inline]
    pub(crate) fn bound(&self) -> &Bound {
        &self.home().bound
    }

    /// How many tasks have not ended.
    pub fn live(&self) -> usize {
        self.home().live()
    }

    /// How many turns a cycle has for each priority: 256 by default, without `std` 16; 1 at least.
    pub fn set_budget(&self, turns: usize) {
        self.bound().budget.set(isize::try_from(turns).unwrap_or(isize::MAX).max(1));
    }

    /// Leaves the Normal tasks that are ready to the next cycle, if it is called within one. (Async's `force_current_cycle_to_end`.)
    pub fn end_cycle(&self) {
        self.home().cut();
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        Stats { cycles: self.bound().cycles.get(), turns: self.home().turns() }
    }

    /// Has `tell` told how long a cycle took, without its wait, whenever that is `at_least` so much. The clock is read twice per cycle then.
    /// (Async's `long_cycles`.)
    pub fn watch(&self, at_least: Duration, tell: fn(Duration)) {
        self.bound().watch.set(at_least, tell);
    }

    /// Runs `f` with this as the current executor, so that ambient calls (`spawn`, `after`) find it.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: the Local is borrowed until `f` returns, and [L1].
        unsafe { enter(&self.here, f) }
    }

    /// Runs tasks and `future` until `future` has ended, and returns at once then. Tasks stay for the next time, or until the
    /// Local is dropped.
    ///
    /// `future` takes its turns in the one queue with the tasks. A panic in it goes through to the caller.
    ///
    /// # Panics
    /// If it is called from inside itself.
    pub fn run_with<F: Future>(&self, future: Pin<&mut F>, park: &mut impl Park) -> F::Output {
        self.enter(|| {
            // SAFETY: begun in `on`, ended by the drop; [L1], and entered.
            unsafe { self.home().run_root(self.here.home(), future, || self.cycle_within(park)) }
        })
    }

    /// Runs tasks for ever, without a root: what firmware does. It is the smallest of all ways to run them, since nobody has the Local any more. Without `alloc` its
    /// cycles are neither counted nor [watched](Self::watch).
    ///
    /// # Panics
    /// A panic of `park`, and without `std` of a task, goes through to the caller. With `alloc` the Local is dropped then; without, its tasks stay as they are.
    ///
    /// ```no_run
    /// # use tidemill_core::{clock::{Clock, Instant}, task_place, wait::{Doorbell, Park, Wait}};
    /// # use tidemill_sched::Home;
    /// # struct Board;
    /// # impl Clock for Board { fn now(&self) -> Instant { Instant::ORIGIN } }
    /// # impl Doorbell for Board { fn ring(&self) {} }
    /// # struct Sleep;
    /// # impl Park for Sleep { fn park(&mut self, _: Wait) {} }
    /// async fn blink() {}
    ///
    /// static HOME: Home<Board> = Home::new(Board);
    /// let local = HOME.claim().expect("nobody else claims it");
    /// local.spawn_place(task_place!(blink), blink()).expect("it is spawned once").detach();
    /// local.run_forever(&mut Sleep)
    /// ```
    pub fn run_forever(self, park: &mut impl Park) -> ! {
        self.forever(park)
    }

    /// Runs tasks for ever on a single core that interrupts alone wake: the smallest way of all. `sleep` is called with interrupts masked, when no task is
    /// ready, with the next moment for which anybody waits, if there is one. It sleeps until an interrupt is pending or that moment has come, or returns
    /// early; then the interrupt is taken.
    ///
    /// Nobody rings, since to find no task and to sleep is one step with interrupts masked: a [`Doorbell`](tidemill_core::wait::Doorbell) that does nothing
    /// will do. It takes a sleep that ends when an interrupt is pending that is masked, and a critical section that masks in the way that such a sleep looks
    /// through: `wfi` and PRIMASK on a Cortex-M (not BASEPRI), `wfi` and `mstatus.MIE` on a RISC-V. It is not for a Home whose tasks are woken by
    /// another core, nor for a critical section that keeps another core waiting: [`run_forever`](Self::run_forever) is.
    ///
    /// ```ignore
    /// local.run_sleeping(|_| cortex_m::asm::wfi())
    /// ```
    ///
    /// With `std` nothing is masked: there it is for tests, and `ring` must end the sleep.
    ///
    /// # Panics
    /// As [`run_forever`](Self::run_forever).
    pub fn run_sleeping(self, sleep: impl FnMut(Option<Instant>)) -> ! {
        self.sleeping(sleep)
    }

    /// One cycle.
    pub fn cycle(&self, park: &mut impl Park) {
        self.enter(|| {
            self.cycle_within(park);
            self.rouse();
        });
    }

    /// One cycle without its end, for those who park in their own way: it says how. Until the next tick the inbox stays put to
    /// sleep, so the doorbell rings if work comes from elsewhere.
    pub fn tick(&self) -> Wait {
        // The root runs within `run_with` alone; if that is called in a turn of this, the cycle may end early.
        self.enter(|| self.work().unwrap_or(Wait::Poll))
    }

    pub(crate) fn cycle_within(&self, park: &mut impl Park) {
        let Some(wait) = self.work() else { return };
        park.park(wait);
    }

    /// A cycle but for its wait. `None`: the root has ended in its turn, and nothing more was done.
    pub(crate) fn work(&self) -> Option<Wait> {
        let bound = self.bound();
        bound.cycles.set(bound.cycles.get().wrapping_add(1));
        let begun = bound.watch.begin(self.hooks());
        let wait = if self.run_ready() { None } else { Some(self.prepare()) };
        bound.watch.end(self.hooks(), begun);
        wait
    }
}

impl<H: Hooks> fmt::Debug for Local<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("live", &self.live()).finish_non_exhaustive()
    }
}

//! A throttle lets at most so many jobs run at a time; the others wait in line.
//!
//! | a job   | is                                        | `kill`                  | dropped                                   |
//! |---------|-------------------------------------------|-------------------------|-------------------------------------------|
//! | new     | a future that was not polled              | [`Aborted`](super::Aborted) when polled | as if it had never been   |
//! | waiting | in line, in the order of first polls      | [`Aborted`](super::Aborted) | leaves the line                       |
//! | granted | out of line, a slot is its own            | runs                    | the slot goes to the next in line         |
//! | running | polled                                    | runs on                 | cancelled; the slot goes to the next      |
//!
//! [I1] `taken` counts the slots of granted and running jobs; all others are in `slots`. Where somebody is in line, the first has no room.
//! [I2] A slot that is given back goes to the first in line in the same stretch under the lock: nobody overtakes.
//! [I3] A dead throttle has nobody in line, and grants nothing.
//!
//! A job runs inside the task that awaits it, and never inside the call that made it. Source: Async's `Throttle`.

use core::{fmt, future::poll_fn, num::NonZeroUsize, pin::pin, task::Poll};

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

#[cfg(feature = "alloc")]
use tidemill_core::error::ZeroCapacity;
use tidemill_core::{
    const_new,
    lock::{Lock, RawLock},
    wait::{Turn, WaitList, Waiter, WakeBatch},
};

use crate::pace::slots::{Count, Slots};

/// What somebody in line waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// A slot, for a job.
    Slot,
    /// All slots, for a job that runs alone.
    All,
    /// That no slot is taken. It is no job, and takes none.
    Idle,
}

/// What a throttle knows.
pub(super) struct State<S> {
    /// The slots that no job has.
    pub(super) slots: S,
    most: usize,
    pub(super) taken: usize,
    running: usize,
    waiting: usize,
    pub(super) dead: bool,
    /// How many are to clean up what is left after the death, and are not through.
    pub(super) cleaners: usize,
}

impl<S> State<S> {
    const fn new(slots: S, most: usize) -> Self {
        Self { slots, most, taken: 0, running: 0, waiting: 0, dead: false, cleaners: 0 }
    }
}

impl<S: Slots> State<S> {
    pub(super) fn has_room(&self, want: Want) -> bool {
        match want {
            Want::Slot => self.taken < self.most,
            Want::All | Want::Idle => self.taken == 0,
        }
    }

    /// Gives what is wanted. The caller knows that there is room.
    pub(super) fn give(&mut self, want: Want) -> Option<S::Resource> {
        self.running += usize::from(want != Want::Idle);
        match want {
            Want::Slot => {
                self.taken += 1;
                self.slots.take()
            }
            Want::All => {
                self.taken = self.most;
                None
            }
            Want::Idle => None,
        }
    }

    fn take_back(&mut self, want: Want, resource: Option<S::Resource>) {
        self.running -= usize::from(want != Want::Idle);
        self.taken -= match want {
            Want::Slot => 1,
            Want::All => self.most,
            Want::Idle => 0,
        };
        resource.into_iter().for_each(|resource| self.slots.put(resource));
    }

    /// Somebody joins the line.
    pub(super) fn join(&mut self, want: Want) {
        self.waiting += usize::from(want != Want::Idle);
    }

    /// Somebody leaves the line.
    pub(super) fn leave(&mut self, want: Want) {
        self.waiting -= usize::from(want != Want::Idle);
    }
}

/// Where somebody stands who wants something.
pub(super) struct Place<R> {
    pub(super) want: Want,
    pub(super) standing: Standing<R>,
}

/// Where somebody stands.
pub(super) enum Standing<R> {
    /// Not in line: new, aborted, or through.
    Out,
    /// In line.
    InLine,
    /// Out of line, with what it wanted.
    Granted(Option<R>),
}

/// Lets at most so many jobs run at a time; the others wait in line, and nobody overtakes.
///
/// ```
/// use std::{future::Future, num::NonZeroUsize, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_sched::pace::Throttle;
///
/// static DOOR: Throttle = Throttle::new(NonZeroUsize::MIN);
///
/// let mut cx = Context::from_waker(Waker::noop());
/// let mut first = Box::pin(DOOR.run(std::future::pending::<()>()));
/// let mut second = pin!(DOOR.run(async { "through" }));
/// assert!(first.as_mut().poll(&mut cx).is_pending());
/// assert!(second.as_mut().poll(&mut cx).is_pending());
/// drop(first);
/// assert_eq!(second.poll(&mut cx), Poll::Ready(Ok("through")));
/// ```
///
/// Its slots may hold resources, each of which one job at a time has: see [`of`](Self::of), and [`Sequencer`](super::Sequencer) for a single one.
///
/// A job runs inside the task that awaits it, and never inside the call that made it. It comes in line when it is first polled, and slots are
/// given in that order. Under an executor that is first in first out jobs start in it too; with one slot they do under any. A job that is
/// forgotten keeps its slot for ever.
///
/// Source: Async's `Throttle`.
pub struct Throttle<S: Slots = Count, L: RawLock = Lock> {
    pub(super) line: WaitList<L, State<S>, Place<S::Resource>>,
    /// Who waits for something to change, without a place in line.
    watchers: WaitList<L>,
}

impl Throttle {
    const_new! {
        /// A throttle for at most `most` jobs at a time.
        pub fn new(most: NonZeroUsize) -> Self {
            Self::new_in(most)
        }
    }
}

impl<L: RawLock> Throttle<Count, L> {
    const_new! {
        /// A throttle for at most `most` jobs at a time, with the lock `L`.
        pub fn new_in(most: NonZeroUsize) -> Self {
            Self::with_slots(Count(most.get()), most.get())
        }
    }
}

impl<R, const N: usize> Throttle<[Option<R>; N]> {
    /// A throttle for as many jobs at a time as there are resources; each job has one. None does not compile:
    ///
    /// ```compile_fail,E0080
    /// let throttle = tidemill_sched::pace::Throttle::of([(); 0]);
    /// ```
    ///
    /// ```
    /// # use std::{pin::pin, task::{Context, Waker, Poll}};
    /// use tidemill_sched::pace::Throttle;
    ///
    /// let printers = Throttle::of(["laser", "ink"]);
    /// let job = printers.run_with(async |printer: &mut &str| printer.len());
    /// # assert_eq!(pin!(job).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(5)));
    /// ```
    pub fn of(resources: [R; N]) -> Self {
        Self::of_in(resources)
    }
}

impl<R, const N: usize, L: RawLock> Throttle<[Option<R>; N], L> {
    /// As [`of`](Throttle::of), with the lock `L`.
    pub fn of_in(resources: [R; N]) -> Self {
        const { assert!(N > 0, "a throttle has one slot at least") }
        Self::with_slots(resources.map(Some), N)
    }
}

#[cfg(feature = "alloc")]
impl<R> Throttle<Vec<R>> {
    /// As [`of`](Throttle::of), for resources whose number is known at run time.
    ///
    /// # Errors
    /// There is none.
    pub fn of_vec(resources: Vec<R>) -> Result<Self, ZeroCapacity> {
        Self::of_vec_in(resources)
    }
}

#[cfg(feature = "alloc")]
impl<R, L: RawLock> Throttle<Vec<R>, L> {
    /// As [`of_vec`](Throttle::of_vec), with the lock `L`.
    ///
    /// # Errors
    /// There is none.
    pub fn of_vec_in(resources: Vec<R>) -> Result<Self, ZeroCapacity> {
        match resources.len() {
            0 => Err(ZeroCapacity),
            most => Ok(Self::with_slots(resources, most)),
        }
    }
}

impl<S: Slots, L: RawLock> Throttle<S, L> {
    const_new! {
        pub(super) fn with_slots(slots: S, most: usize) -> Self {
            Self { line: WaitList::new_in(State::new(slots, most)), watchers: WaitList::new_in(()) }
        }
    }

    /// No job starts any more: those in line are aborted, those that run go on. Again it does nothing.
    pub fn kill(&self) {
        self.line.wake_with(|turn, batch| {
            turn.state.dead = true;
            while !batch.is_full()
                && let Some(place) = turn.first()
            {
                place.standing = Standing::Out;
                let want = place.want;
                turn.state.leave(want);
                turn.take(batch);
            }
            !turn.is_empty()
        });
        self.watchers.wake_all();
    }

    /// Whether it was killed.
    pub fn is_dead(&self) -> bool {
        self.line.with(|turn| turn.state.dead)
    }

    /// Jobs that have a slot.
    pub fn running(&self) -> usize {
        self.line.with(|turn| turn.state.running)
    }

    /// Jobs in line.
    pub fn waiting(&self) -> usize {
        self.line.with(|turn| turn.state.waiting)
    }

    /// Waits until a job that came now would start at once, or would be aborted.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn capacity_available(&self) {
        self.until(|turn| turn.state.dead || turn.is_empty() && turn.state.has_room(Want::Slot))
            .await;
    }

    /// Waits until no job runs or waits.
    ///
    /// # Cancel safety
    /// Strict.
    pub async fn idle(&self) {
        self.until(|turn| turn.state.running == 0 && turn.state.waiting == 0).await;
    }

    pub(super) async fn until(
        &self,
        mut met: impl FnMut(&mut Turn<'_, State<S>, Place<S::Resource>>) -> bool,
    ) {
        self.watch(|turn| met(turn).then_some(())).await;
    }

    /// Asks after each change, under the lock, until there is an answer.
    pub(super) async fn watch<R>(
        &self,
        mut ask: impl FnMut(&mut Turn<'_, State<S>, Place<S::Resource>>) -> Option<R>,
    ) -> R {
        let mut waiter = pin!(Waiter::new(&self.watchers, ()));
        poll_fn(|cx| {
            // Joined before the look: who changes the state wakes whoever has joined.
            let _ = waiter.as_mut().poll_with(cx.waker(), |_| None::<()>);
            let Some(answer) = self.line.with(&mut ask) else { return Poll::Pending };
            waiter.as_mut().leave(|_| ());
            Poll::Ready(answer)
        })
        .await
    }

    /// What was given comes back.
    pub(super) fn give_back(&self, want: Want, resource: Option<S::Resource>) {
        self.change(|state| state.take_back(want, resource));
    }

    /// Changes the state, and grants the first in line what there is room for then [I2].
    pub(super) fn change(&self, f: impl FnOnce(&mut State<S>)) {
        let (mut f, mut tell) = (Some(f), false);
        self.line.wake_with(|turn, batch| {
            if let Some(f) = f.take() {
                f(turn.state);
            }
            let more = grant(turn, batch);
            tell = turn.state.has_room(Want::Slot);
            more
        });
        if tell {
            self.watchers.wake_all();
        }
    }
}

/// Grants the first in line what they want, while there is room. Whether there may be more than the batch could hold.
fn grant<S: Slots>(
    turn: &mut Turn<'_, State<S>, Place<S::Resource>>,
    batch: &mut WakeBatch,
) -> bool {
    while let Some(want) = turn.first().map(|place| place.want)
        && turn.state.has_room(want)
    {
        if batch.is_full() {
            return true;
        }
        turn.state.leave(want);
        let given = turn.state.give(want);
        if let Some(place) = turn.first() {
            place.standing = Standing::Granted(given);
        }
        turn.take(batch);
    }
    false
}

impl<S: Slots, L: RawLock> fmt::Debug for Throttle<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (running, waiting, dead) =
            self.line.with(|turn| (turn.state.running, turn.state.waiting, turn.state.dead));
        f.debug_struct("Throttle")
            .field("running", &running)
            .field("waiting", &waiting)
            .field("dead", &dead)
            .finish()
    }
}

//! The parts of a cycle, of a Home with an inbox: turns within the budget, what others have woken, timers, and the end of it all.
//!
//! The invariants [L1] to [L3] are those of `local`, [A1] and [A2] those of `home`.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use core::{convert::Infallible, future::Future, pin::Pin, ptr::NonNull};

use tidemill_core::{
    clock::Instant,
    context::{HOME_IS_KNOWN, HomeLock, HomeRef, Priority, leave},
    lock::alone,
    task::{Header, Hooks, Root, TaskInfo},
    time::Wheel,
    wait::{Chain, Park, Wait},
};

use crate::{home::Home, local::Local};

/// What whoever drives, or arranges batches, does with a Home. All is for the home thread.
impl<H: Hooks> Home<H> {
    /// Begins: it is claimed, and `handle` is one on it.
    ///
    /// # Safety
    /// This is the first thing that happens to it.
    pub(crate) unsafe fn bear(&self, handle: &HomeRef) {
        // SAFETY: the contract is the same.
        unsafe { self.bound.root.bear(handle.clone()) };
    }

    /// Runs `future` as the root, by calling `cycle`.
    ///
    /// # Safety
    /// It was begun, and not ended; this is the home thread, and it is current.
    pub(crate) unsafe fn run_root<F: Future>(
        &self,
        _: &HomeRef,
        future: Pin<&mut F>,
        cycle: impl FnMut(),
    ) -> F::Output {
        // SAFETY: the contract is the same.
        unsafe { self.bound.root.run(future, cycle) }
    }

    /// As `run_root`, for as long as `cycle` answers `true`.
    ///
    /// # Safety
    /// As for `run_root`.
    pub(crate) unsafe fn run_root_while<F: Future>(
        &self,
        _: &HomeRef,
        future: Pin<&mut F>,
        cycle: impl FnMut() -> bool,
    ) -> Option<F::Output> {
        // SAFETY: the contract is the same.
        unsafe { self.bound.root.run_while(future, cycle) }
    }

    /// Gives a task its turn.
    ///
    /// # Safety
    /// It was taken out of a queue of this Home just now; this is the home thread.
    pub(crate) unsafe fn give(&self, task: NonNull<Header>) {
        // SAFETY: [L3], and the contract.
        if unsafe { self.bound.tasks.run(task) } {
            // SAFETY: [L3], it is in no queue.
            unsafe { self.bound.push(task) };
        }
    }

    /// Takes in a new task.
    ///
    /// # Safety
    /// It is new, and of this Home, on which `_handle` is one; this is the home thread.
    #[inline]
    pub(crate) unsafe fn adopt(
        &self,
        _handle: &HomeRef,
        task: NonNull<Header>,
        priority: Priority,
    ) {
        // SAFETY: the contract is the same.
        unsafe { self.bound.adopt(task, priority) };
    }

    /// All that waits for a moment.
    pub(crate) fn wheel(&self) -> &Wheel<HomeLock> {
        self.head.wheel()
    }

    /// The next task of this priority, whatever turns are left.
    pub(crate) fn pop(&self, priority: Priority) -> Option<NonNull<Header>> {
        self.bound.pop(priority)
    }

    /// Takes all that is queued with this priority.
    pub(crate) fn take(&self, priority: Priority) -> Chain<Header> {
        self.bound.take(priority)
    }

    /// Queues many again.
    ///
    /// # Safety
    /// They were taken out of a queue of this Home, and have had no turn since.
    pub(crate) unsafe fn append(&self, tasks: Chain<Header>) {
        self.bound.append(tasks);
    }

    /// Queues those that yielded, and those that others have woken.
    ///
    /// # Safety
    /// This is the home thread.
    pub(crate) unsafe fn collect(&self) {
        self.bound.append_later();
        // SAFETY: the one consumer (contract).
        let sent = unsafe { self.inbox.take() };
        if !sent.is_empty() {
            self.bound.receive(sent);
        }
    }

    /// Whether no task is queued.
    pub(crate) fn are_idle(&self) -> bool {
        self.bound.are_idle()
    }

    /// Whether its Local is dropped, or is being dropped.
    pub(crate) fn is_closed(&self) -> bool {
        self.inbox.is_closed()
    }

    /// Those that have not ended, the oldest first.
    ///
    /// # Safety
    /// This is the home thread, and remains so.
    pub(crate) unsafe fn tasks(&self) -> impl Iterator<Item = TaskInfo> {
        // SAFETY: the contract is the same.
        unsafe { self.bound.tasks.iter() }
    }

    /// How many turns were given.
    pub(crate) fn turns(&self) -> usize {
        self.bound.turns.get()
    }

    /// How many tasks have not ended.
    pub(crate) fn live(&self) -> usize {
        self.bound.tasks.len()
    }

    /// Asks for the end of the cycle.
    pub(crate) fn cut(&self) {
        self.bound.cut();
    }

    /// Forgets that the end of the cycle was asked for.
    pub(crate) fn forget_cut(&self) {
        self.begin();
        let _ = self.bound.was_cut();
    }

    /// Whether the end of the cycle was asked for since this was asked last.
    pub(crate) fn was_cut(&self) -> bool {
        self.heed();
        self.bound.was_cut()
    }
}

impl<H: Hooks> Local<H> {
    /// Gives turns to what is ready, within the budget. `true`: the root has ended in its turn, and nothing more was done.
    pub(crate) fn run_ready(&self) -> bool {
        // SAFETY: [L1], the one consumer.
        unsafe { self.home().inbox.wake_up() };
        self.home().begin();
        let bound = self.bound();
        let turns = bound.budget.get();
        let interrupted = bound.begin(Priority::Normal, turns);
        let mut ended = self.run_queue(Priority::Normal);
        if bound.is_graded() && !ended {
            ended = self.run_queues(turns);
        }
        bound.end(Priority::Normal, turns, interrupted);
        ended
    }

    /// Gives turns to the tasks of a priority, as far as it has some left. `true`: the root has ended in its turn.
    #[inline(always)]
    fn run_queue(&self, priority: Priority) -> bool {
        let bound = self.bound();
        let rooted = bound.root.is_running();
        loop {
            let Some(task) = bound.next(priority) else {
                // Without `std` what a task wakes is in the inbox, and belongs to this cycle as far as there are turns.
                if !HOME_IS_KNOWN && bound.is_idle(priority) && self.take_sent() {
                    continue;
                }
                return false;
            };
            // SAFETY: [L3] it has left the queue just now; [L1].
            if unsafe { bound.tasks.run(task) } {
                // SAFETY: [L3], it is in no queue.
                unsafe { bound.push(task) };
            }
            self.home().heed();
            if rooted && !bound.root.is_running() {
                return true;
            }
        }
    }

    /// Queues what others have woken. `false`: nothing.
    #[inline(always)]
    fn take_sent(&self) -> bool {
        // SAFETY: [L1], the one consumer.
        let sent = unsafe { self.home().inbox.take() };
        let some = !sent.is_empty();
        if some {
            self.bound().receive(sent);
        }
        some
    }

    /// The rest of a cycle in which not all tasks are Normal: Low ones, and whatever those make.
    #[cold]
    fn run_queues(&self, turns: isize) -> bool {
        let bound = self.bound();
        let interrupted = bound.begin(Priority::Low, turns);
        let ended = loop {
            if self.run_queue(Priority::Low) || self.run_queue(Priority::Normal) {
                break true;
            }
            if !bound.goes_on() {
                break false;
            }
        };
        bound.end(Priority::Low, turns, interrupted);
        ended
    }

    /// A cycle after the other, of a Local that nobody else has.
    pub(crate) fn forever(self, park: &mut impl Park) -> ! {
        match self.enter(|| -> Infallible {
            loop {
                self.cycle_within(park);
            }
        }) {}
    }

    /// Likewise; it sleeps within a mask in which it has found no task.
    pub(crate) fn sleeping(self, mut sleep: impl FnMut(Option<Instant>)) -> ! {
        match self.enter(|| -> Infallible {
            loop {
                let until = match self.work() {
                    None | Some(Wait::Poll) => continue,
                    Some(Wait::Until(moment)) => Some(moment),
                    Some(Wait::Forever) => None,
                };
                alone(|| {
                    let is_due = until.is_some_and(|moment| moment <= self.hooks().now());
                    if !is_due && self.home().inbox.is_asleep() {
                        sleep(until);
                    }
                });
                self.rouse();
            }
        }) {}
    }

    /// Takes the inbox, fires what is due, and says how one would park.
    pub(crate) fn gather(&self) -> Wait {
        let wait = self.prepare();
        // SAFETY: [L1], the one consumer.
        unsafe { self.home().inbox.wake_up() };
        wait
    }

    /// Takes the inbox, fires what is due, and says how to park: as `tick` leaves it, until `rouse`.
    #[cfg(feature = "std")]
    pub(crate) fn settle(&self) -> Wait {
        self.enter(|| self.prepare())
    }

    /// The inbox is awake again.
    pub(crate) fn rouse(&self) {
        // SAFETY: [L1], the one consumer.
        unsafe { self.home().inbox.wake_up() };
    }

    /// Takes the inbox, fires what is due, and says how to park.
    #[inline(always)] // Every cycle passes here, and saves its registers once.
    pub(crate) fn prepare(&self) -> Wait {
        let (home, bound) = (self.home(), self.bound());
        bound.append_later();
        bound.widen();
        self.take_sent();
        let mut next = home.head.wheel().next_deadline();
        let mut now = Instant::ORIGIN;
        if next.is_some() {
            now = home.hooks().now();
            if next <= Some(now) {
                home.head.wheel().fire(now);
                next = home.head.wheel().next_deadline();
            }
        }
        let wait = match next {
            _ if !bound.are_idle() => Wait::Poll,
            None => Wait::Forever,
            Some(deadline) if deadline <= now => Wait::Poll,
            Some(deadline) => Wait::Until(deadline),
        };
        // SAFETY: [L1], the one consumer.
        if wait != Wait::Poll && !unsafe { home.inbox.sleep() } {
            return Wait::Poll;
        }
        wait
    }
}

impl<H: Hooks> Drop for Local<H> {
    fn drop(&mut self) {
        let (home, bound) = (self.home(), self.bound());
        // No Home is current meanwhile: wakes go to the closed inbox, spawns are refused.
        leave(|| {
            // SAFETY: [L1], the one consumer.
            let mut sent = unsafe { home.inbox.close() };
            // Those that were made elsewhere come into the list, where the others are already.
            while let Some(task) = sent.pop().filter(|_| !HOME_IS_KNOWN) {
                bound.welcome(task);
            }
            bound.clear();
            // SAFETY: [L1]; nobody is in a turn, since turns borrow the Local; the queues are gone.
            while unsafe { bound.tasks.cancel_one() } {}
            home.head.wheel().close();
            #[cfg(feature = "alloc")]
            home.head.blocks().clear();
            // SAFETY: [L1], born in `on`; nothing is run any more. Our own handle keeps the Home.
            unsafe { Root::retire(NonNull::from(&bound.root)) };
            home.head.settle();
        });
    }
}

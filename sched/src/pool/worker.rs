//! A worker: a thread of a pool. It gives turns to the pool's tasks, and to those of a [`Local`] of its own, where timers are and what stays on its
//! thread.
//!
//! A *round* is: some turns of the pool's tasks -> a tick of the Local -> sleep, if there was nothing to do.
//!
//! [W1] What was taken from a queue is this worker's alone, and gets a turn.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use core::{cell::Cell, hint, mem, task::Waker, time::Duration};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Wake,
    thread,
};

use tidemill_core::{
    clock::{Clock, Instant},
    context::Monitor,
    error::Fault,
    sync::Ordering::SeqCst,
    task::{PoolHead, Turned, roam, task_info},
    wait::{Doorbell, Wait},
};

use super::{
    clock::Monotonic,
    desk::Desk,
    inject::Task,
    schedule::Why,
    shared::{LongTurn, Shared},
    trace::{long_turn, turn},
};
use crate::local::Local;

/// So many turns are given to tasks of the pool before those of the Local and timers are looked at.
pub(super) const ROUND: usize = 64;
/// So often a worker looks before it sleeps.
const LOOKS: usize = 16;
/// So many pauses of the processor lie between two looks.
const PAUSES: usize = 8;

/// The platform of a worker's Local.
pub(super) struct WorkerHooks {
    clock: Monotonic,
    bell: Bell,
}

/// Has a worker look around.
#[derive(Clone)]
pub(super) struct Bell {
    shared: Arc<Shared>,
    worker: usize,
}

impl Clock for WorkerHooks {
    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl Doorbell for WorkerHooks {
    fn ring(&self) {
        self.bell.shared.ring(self.bell.worker);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.shared.ring(self.worker);
    }
}

/// See the [module](self).
pub(super) struct Worker {
    pub(super) desk: Desk,
    pub(super) local: Local<WorkerHooks>,
    pub(super) monitor: Monitor,
    /// Wakes this worker, whatever it waits for.
    pub(super) waker: Waker,
    pub(super) ticks: Cell<usize>,
    pub(super) row: Cell<usize>,
    pub(super) searching: Cell<bool>,
    pub(super) deep: Cell<usize>,
    pub(super) victim: Cell<usize>,
}

impl Worker {
    pub(super) fn new(desk: Desk, monitor: Monitor) -> Self {
        let bell = Bell { shared: desk.shared.clone(), worker: desk.worker };
        let hooks = WorkerHooks { clock: desk.shared.clock, bell: bell.clone() };
        Self {
            local: Local::new(hooks),
            monitor,
            waker: Waker::from(Arc::new(bell)),
            ticks: Cell::new(0),
            row: Cell::new(0),
            searching: Cell::new(false),
            deep: Cell::new(0),
            victim: Cell::new(desk.worker),
            desk,
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.desk.shared
    }

    /// Works until the pool is stopped.
    pub(super) fn run(&self) {
        let rounds = || {
            while !self.shared().is_stopped() {
                self.local.bound().waits.driven_by(self, || self.round());
            }
        };
        self.monitor.as_root(self.desk.worker, || {
            // A waker of the user's may panic, or who is told of turns; what was under way is over then, and nothing is half done.
            while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.desk.sit(rounds))) {
                drop(panic);
                self.monitor.send_error(Fault::Text(
                    "a waker, or who is told of turns, panicked on a worker of the pool",
                ));
            }
        });
    }

    /// Some turns, and what is due; or sleep.
    fn round(&self) {
        let turns = self.within(|| {
            let mut turns = 0;
            while turns < ROUND && self.step() {
                turns += 1;
            }
            turns
        });
        let wait = match self.shared().is_paused() {
            true => Wait::Forever,
            false => self.local.tick(),
        };
        if turns == 0 && wait != Wait::Poll {
            self.sleep(wait);
        }
    }

    /// Runs `f` as turns of the pool's tasks are run: what they make is the pool's, if it is `Send`, or else the Local's.
    pub(super) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: the handle is on a shard, which begins with a `PoolHead`; its `adopt` is for any thread.
        self.local.enter(|| unsafe { roam(&self.desk.home, f) })
    }

    /// Gives a turn, if a task is ready.
    pub(super) fn step(&self) -> bool {
        let task = self.take();
        if let Some(task) = task {
            self.turn(task);
        }
        task.is_some()
    }

    fn turn(&self, task: Task) {
        let (shared, worker) = (self.shared(), self.desk.worker);
        let counts = &shared.seats[worker].counts;
        counts.polls.add(1);
        // SAFETY: it is alive, since it has not ended.
        let info = || unsafe { task_info(task.0) };
        let watched = shared.watch.map(|watch| (watch, info(), shared.clock.now()));
        // Who is told of turns may panic: before, the task keeps its place; after, it has it again.
        let taken = Taken { shared, task };
        let _span = turn(info, worker);
        mem::forget(taken);
        // SAFETY: [W1].
        let turned = self.desk.turn_of(task, || unsafe { PoolHead::run(task.0) });
        if turned == Turned::Enqueue {
            // SAFETY: it was told so just now.
            unsafe { shared.schedule(task, Why::Again) };
        }
        if let Some(((at_least, tell), task, begun)) = watched {
            let took = shared.clock.now() - begun;
            counts.longest.raise_to(usize::try_from(took.as_nanos()).unwrap_or(usize::MAX));
            if took >= at_least {
                long_turn(&task, worker, took);
                tell(&LongTurn { task, worker, took });
            }
        }
    }

    /// Sleeps until it is woken, or `wait` is over.
    pub(super) fn sleep(&self, wait: Wait) {
        let shared = self.shared();
        let worker = self.desk.worker;
        if !self.searching.replace(false) {
            shared.idle.search();
        }
        let timed = matches!(wait, Wait::Until(_));
        if self.linger() {
            self.searching.set(true);
            return self.answer();
        }
        // ordering: SeqCst, before the fence in `lie_down`.
        shared.timed.fetch_add(timed.into(), SeqCst);
        shared.idle.lie_down(worker);
        if !self.has_more() {
            shared.look();
            let seat = &shared.seats[worker];
            seat.counts.parks.add(1);
            while shared.idle.is_asleep(worker) && !self.is_rung() && park(&shared.clock, wait) {}
        }
        shared.idle.rise(worker);
        self.searching.set(true);
        // ordering: SeqCst, as above.
        shared.timed.fetch_sub(timed.into(), SeqCst);
        self.answer();
    }

    /// Looks a few times more, a microsecond or two in all, if nobody else searches: who makes tasks one after the other, or awaits another worker's, would have it
    /// woken for each. Not on top of a turn that waits: that parks at once. Whether there is something to do.
    fn linger(&self) -> bool {
        self.deep.get() == 0
            && self.shared().idle.is_alone()
            && (0..LOOKS).any(|_| {
                (0..PAUSES).for_each(|_| hint::spin_loop());
                self.has_more()
            })
    }

    /// Whether there is something to do for a worker that has lain down, or is about to.
    fn has_more(&self) -> bool {
        let shared = self.shared();
        let paused = shared.is_paused();
        self.is_rung()
            || shared.is_stopped()
            || (!paused && (self.desk.next.get().is_some() || shared.has_work(self.desk.group)))
    }

    pub(super) fn is_rung(&self) -> bool {
        // ordering: SeqCst pairs with the fence in `Idle::wake`, with that in `lie_down`.
        self.shared().seats[self.desk.worker].rung.load(SeqCst)
    }

    /// It looks around: the bell need not ring for that any more.
    pub(super) fn answer(&self) {
        // ordering: SeqCst, it looks around after this.
        self.shared().seats[self.desk.worker].rung.swap(false, SeqCst);
    }
}

/// A task that was taken, and has had no turn: where that does not come to be, it is queued again.
struct Taken<'s> {
    shared: &'s Shared,
    task: Task,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // SAFETY: [W1], and it is to be in a queue still.
        unsafe { self.shared.schedule(self.task, Why::Again) };
    }
}

/// Parks this thread. `false`: `wait` is over.
pub(super) fn park(clock: &Monotonic, wait: Wait) -> bool {
    match wait {
        Wait::Poll => false,
        Wait::Forever => {
            thread::park();
            true
        }
        Wait::Until(moment) => {
            let left: Duration = moment - clock.now();
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left);
            true
        }
    }
}

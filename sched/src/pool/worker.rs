//! A worker: a thread of a pool. It gives turns to the pool's tasks, and to those of a [`Local`] of its own, where timers are and what stays on its
//! thread.
//!
//! | it looks for a task      | in                                                                                                 |
//! |--------------------------|----------------------------------------------------------------------------------------------------|
//! | first                    | what was woken last; its own queue; what is bound to its node; its node's injector; Low ones there |
//! | now and then             | the same, from the other end: so that none of them starves                                         |
//! | then, searching          | the queues of its node; injectors and queues of other nodes, near before far                       |
//!
//! A wait in a turn ([`Drive`]) does the same on top of the waiting frame, and sleeps where it would; from a depth on it only sleeps.
//!
//! [W1] What was taken from a queue is this worker's alone, and gets a turn.

#![expect(unsafe_code, reason = "runs tasks of erased type")]

use core::{
    cell::Cell,
    task::Waker,
    time::Duration,
};
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
    sync::{Ordering::SeqCst, fence},
    task::{Drive, PoolHead, Turned, Undone, task_info},
    wait::{Doorbell, Wait},
};

use super::{
    clock::Monotonic,
    desk::{Desk, Task},
    inject::Kind,
    rest::{For, Told, Who, is_told},
    shared::{LongTurn, Shared, Why},
};
use crate::local::Local;

/// So many turns are given to tasks of the pool before those of the Local and timers are looked at.
const ROUND: usize = 64;
/// One turn in so many goes to whoever waits where a worker looks last.
const FAIR: usize = 61;
/// So often in a row the task that was woken last runs next.
const ROW: usize = 4;
/// So many tasks are taken from an injector or a neighbour at once, at most.
const BATCH: usize = 32;

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
    desk: Desk,
    local: Local<WorkerHooks>,
    monitor: Monitor,
    /// Wakes this worker, whatever it waits for.
    waker: Waker,
    ticks: Cell<usize>,
    row: Cell<usize>,
    searching: Cell<bool>,
    deep: Cell<usize>,
    victim: Cell<usize>,
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

    fn shared(&self) -> &Shared {
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
            // A waker of the user's may panic; what was under way is over then, and nothing is half done.
            while let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.desk.sit(rounds))) {
                drop(panic);
                self.monitor.send_error(Fault::Text("a waker panicked that a task of the pool has woken"));
            }
        });
    }

    /// Some turns, and what is due; or sleep.
    fn round(&self) {
        let turns = self.local.enter(|| {
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

    /// Gives a turn, if a task is ready.
    fn step(&self) -> bool {
        let task = self.take();
        if let Some(task) = task {
            self.turn(task);
        }
        task.is_some()
    }

    fn turn(&self, task: Task) {
        let counts = &self.shared().seats[self.desk.worker].counts;
        counts.polls.add(1);
        let turned = match self.shared().watch {
            // SAFETY: [W1].
            None => self.desk.turn_of(task, || unsafe { PoolHead::run(task.0) }),
            Some((at_least, tell)) => {
                // SAFETY: it is alive, since it has not ended.
                let info = unsafe { task_info(task.0) };
                let begun = self.shared().clock.now();
                // SAFETY: [W1].
                let turned = self.desk.turn_of(task, || unsafe { PoolHead::run(task.0) });
                let took = self.shared().clock.now() - begun;
                counts.longest.raise_to(usize::try_from(took.as_nanos()).unwrap_or(usize::MAX));
                if took >= at_least {
                    tell(&LongTurn { task: info, worker: self.desk.worker, took });
                }
                turned
            }
        };
        if turned == Turned::Enqueue {
            // SAFETY: it was told so just now.
            unsafe { self.shared().schedule(task, Why::Again) };
        }
    }

    /// The next task.
    fn take(&self) -> Option<Task> {
        if self.shared().is_paused() {
            return None;
        }
        let task = self.look_near().or_else(|| self.look_far())?;
        if self.searching.take() && self.shared().idle.found() {
            self.shared().wake_one(self.desk.group);
        }
        Some(task)
    }

    /// A task of this worker or its node.
    fn look_near(&self) -> Option<Task> {
        let ticks = self.ticks.get().wrapping_add(1);
        self.ticks.set(ticks);
        if ticks.is_multiple_of(FAIR) {
            let last = [Kind::Low, Kind::Normal, Kind::Bound];
            let task = last.into_iter().find_map(|kind| self.injected(kind, 0));
            return task.or_else(|| self.own()).or_else(|| self.latest());
        }
        if self.row.get() < ROW
            && let Some(task) = self.latest()
        {
            self.row.set(self.row.get() + 1);
            return Some(task);
        }
        self.row.set(0);
        self.own()
            .or_else(|| self.latest())
            .or_else(|| self.injected(Kind::Bound, 0))
            .or_else(|| self.injected(Kind::Normal, BATCH))
            .or_else(|| self.injected(Kind::Low, 0))
    }

    fn latest(&self) -> Option<Task> {
        self.desk.next.take()
    }

    fn own(&self) -> Option<Task> {
        self.shared().seats[self.desk.worker].queue.pop()
    }

    /// A task that its node's injector has, and its share of more, up to `more`.
    fn injected(&self, kind: Kind, more: usize) -> Option<Task> {
        let group = &self.shared().groups[self.desk.group];
        let share = group.injector.len(kind) / group.workers.len();
        self.from(self.desk.group, kind, more.min(share))
    }

    fn from(&self, group: usize, kind: Kind, more: usize) -> Option<Task> {
        let injector = &self.shared().groups[group].injector;
        let mut spilled = None;
        let first = injector.take(kind, more, |task| {
            if let Err(task) = self.shared().seats[self.desk.worker].queue.push(Task(task)) {
                // It was empty, or nearly so, and the batch is smaller than it.
                spilled = Some(task);
            }
        });
        debug_assert!(spilled.is_none());
        first.map(Task)
    }

    /// A task of others.
    fn look_far(&self) -> Option<Task> {
        let shared = self.shared();
        if !self.searching.replace(true) {
            shared.idle.search();
        }
        let near = shared.groups[self.desk.group].near.iter().copied();
        self.steal(self.desk.group).or_else(|| {
            near.into_iter().find_map(|group| {
                self.from(group, Kind::Normal, 0)
                    .or_else(|| self.steal(group))
                    .or_else(|| self.from(group, Kind::Low, 0))
            })
        })
    }

    /// Takes half of what a worker of a group has queued.
    fn steal(&self, group: usize) -> Option<Task> {
        let shared = self.shared();
        let workers = shared.groups[group].workers.clone();
        let begin = self.victim.get();
        self.victim.set(begin.wrapping_add(1));
        let (first, len) = (workers.start, workers.len());
        (0..len).map(|n| first + (begin + n) % len).find_map(|victim| {
            if victim == self.desk.worker {
                return None;
            }
            let queue = &shared.seats[victim].queue;
            let task = queue.pop()?;
            let more = (queue.len() / 2).min(BATCH);
            let mine = &shared.seats[self.desk.worker].queue;
            let moved = (0..more).map_while(|_| mine.push(queue.pop()?).ok()).count();
            shared.seats[self.desk.worker].counts.steals.add(moved + 1);
            Some(task)
        })
    }

    /// Sleeps until it is woken, or `wait` is over.
    fn sleep(&self, wait: Wait) {
        let shared = self.shared();
        let worker = self.desk.worker;
        if !self.searching.replace(false) {
            shared.idle.search();
        }
        let timed = matches!(wait, Wait::Until(_));
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

    /// Whether there is something to do for a worker that has lain down.
    fn has_more(&self) -> bool {
        let shared = self.shared();
        let paused = shared.is_paused();
        self.is_rung()
            || shared.is_stopped()
            || (!paused && (self.desk.next.get().is_some() || shared.has_work(self.desk.group)))
    }

    fn is_rung(&self) -> bool {
        // ordering: SeqCst pairs with the fence in `Idle::wake`, with that in `lie_down`.
        self.shared().seats[self.desk.worker].rung.load(SeqCst)
    }

    /// It looks around: the bell need not ring for that any more.
    fn answer(&self) {
        // ordering: SeqCst, it looks around after this.
        self.shared().seats[self.desk.worker].rung.swap(false, SeqCst);
    }

    /// Sleeps until it is rung, and takes no task.
    fn sleep_full(&self) {
        let shared = self.shared();
        let worker = self.desk.worker;
        if let Some(task) = self.desk.next.take() {
            // SAFETY: it is in no queue, and to be in one.
            unsafe { shared.schedule(task, Why::New) };
        }
        if self.searching.take() && shared.idle.found() {
            shared.wake_one(self.desk.group);
        }
        shared.full.add(worker);
        // ordering: pairs with the fence in `ring`, and in `look`.
        fence(SeqCst);
        if !self.is_rung() && !shared.is_stopped() {
            shared.look();
            shared.seats[worker].counts.parks.add(1);
            while !self.is_rung() && park(&shared.clock, Wait::Forever) {}
        }
        shared.full.remove(worker);
        self.answer();
    }

    /// Gives turns until `done`, on top of the frame that waits.
    fn drive_until(
        &self,
        told: &Told,
        done: &mut dyn FnMut(&Waker) -> bool,
    ) -> Result<(), Undone> {
        let full = self.deep.get() > self.shared().deepest;
        let mut turns = 0_usize;
        loop {
            if done(&self.waker) {
                return Ok(());
            }
            if self.shared().is_stopped() {
                return Err(Undone::Gone);
            }
            if is_told(told) {
                return Err(match full {
                    true => Undone::TooDeep,
                    false => Undone::Deadlock(self.shared().deadlock()),
                });
            }
            if full {
                self.sleep_full();
                continue;
            }
            turns = turns.wrapping_add(1);
            if self.local.enter(|| self.step()) && !turns.is_multiple_of(ROUND) {
                continue;
            }
            if self.local.step_within(turns) {
                continue;
            }
            match self.local.settle() {
                Wait::Poll => {}
                wait => self.sleep(wait),
            }
            self.local.rouse();
        }
    }
}

impl Drive for Worker {
    fn drive(&self, done: &mut dyn FnMut(&Waker) -> bool) -> Result<(), Undone> {
        struct Out<'w>(&'w Worker, Told);
        impl Drop for Out<'_> {
            fn drop(&mut self) {
                self.0.deep.set(self.0.deep.get() - 1);
                self.0.shared().leave(&self.1);
            }
        }
        if done(&self.waker) {
            return Ok(());
        }
        self.deep.set(self.deep.get() + 1);
        let told = self.shared().enter(For::Value, Who::Worker(self.desk.worker));
        let out = Out(self, told);
        self.drive_until(&out.1, done)
    }
}

/// Parks this thread. `false`: `wait` is over.
fn park(clock: &Monotonic, wait: Wait) -> bool {
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

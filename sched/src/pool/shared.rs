//! What all workers of a pool share: their queues, who sleeps, who waits, and what they were told.

#![expect(unsafe_code, reason = "cancels what is left when nobody runs it any more")]

use core::ops::Range;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread::Thread,
    time::Duration,
};

use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;
use tidemill_core::{
    context::{Monitor, TaskInfo},
    error::Fault,
    sync::{
        AtomicBool, AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
        fence,
    },
    task::Deadlock,
};

use super::{
    clock::Monotonic,
    counts::Counts,
    idle::Idle,
    inject::{Injector, Kind, Line, Task},
    rest::{For, Rest, Told, Who},
    shard::Shard,
};

/// So many tasks a worker has in its own queue at most; more overflow.
const QUEUE: usize = 256;

/// A long turn of a task, as [`on_long_turn`](super::Builder::on_long_turn) is told.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LongTurn {
    /// Whose it was.
    pub task: TaskInfo,
    /// Which worker gave it.
    pub worker: usize,
    /// How long it took.
    pub took: Duration,
}

/// Who is told of turns that take at least so long.
pub(super) type Watch = (Duration, fn(&LongTurn));

/// The workers of a node.
pub(super) struct Group {
    /// The system's number for the node.
    pub(super) node: usize,
    pub(super) workers: Range<usize>,
    pub(super) injector: Injector,
    /// The other groups, near before far.
    pub(super) near: Box<[usize]>,
    /// How many tasks were made for it, beside those that its workers keep.
    pub(super) spawned: CachePadded<AtomicUsize>,
}

/// What everybody may know of a worker.
pub(super) struct Seat {
    pub(super) queue: ArrayQueue<Task>,
    /// What the queue had no room for. It stays with its worker, whose caches have what it is about; others look here last.
    pub(super) overflow: Line,
    pub(super) thread: OnceLock<Thread>,
    /// It is to look around: its own doorbell has rung.
    pub(super) rung: AtomicBool,
    pub(super) counts: Counts,
}

impl Seat {
    pub(super) fn new() -> Self {
        Self {
            queue: ArrayQueue::new(QUEUE),
            overflow: Line::default(),
            thread: OnceLock::new(),
            rung: AtomicBool::new(false),
            counts: Counts::default(),
        }
    }

    /// Puts `task` into the queue of its worker, or where it overflows.
    ///
    /// # Safety
    /// As of [`Line::push`].
    pub(super) unsafe fn push(&self, task: Task) {
        // What has overflowed waits until the queue is empty: what was made of late is about memory that is near, and has less to bring to an end.
        if let Err(task) = self.queue.push(task) {
            // SAFETY: the contract is the same.
            unsafe { self.overflow.push(task) };
        }
    }

    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.overflow.is_empty()
    }
}

/// See the [module](self).
pub(super) struct Shared {
    pub(super) groups: Box<[Group]>,
    pub(super) seats: Box<[Seat]>,
    /// One for each worker, and one for everybody else.
    pub(super) shards: Box<[Shard]>,
    pub(super) idle: CachePadded<Idle>,
    pub(super) paused: AtomicBool,
    pub(super) stopped: AtomicBool,
    /// How many workers have not gone for good.
    pub(super) working: AtomicUsize,
    /// How many workers sleep until a moment.
    pub(super) timed: AtomicUsize,
    /// How many there are outside who will bring something: jobs of other threads.
    pub(super) expected: AtomicUsize,
    /// How many there are outside who may bring something.
    pub(super) spawners: AtomicUsize,
    /// How many wait.
    pub(super) waiting: AtomicUsize,
    pub(super) rest: Mutex<Rest>,
    pub(super) turn: CachePadded<AtomicUsize>,
    pub(super) clock: Monotonic,
    pub(super) watch: Option<Watch>,
    pub(super) deepest: usize,
}

impl Shared {
    /// Wakes a worker for what was queued in this group: one that is near.
    pub(super) fn wake_one(&self, group: usize) {
        let near = self.groups[group].near.iter().copied();
        let groups = core::iter::once(group).chain(near);
        self.unpark(self.idle.wake_one(groups.flat_map(|group| self.workers_to_wake(group))));
    }

    /// Wakes a worker of this group, for what was queued for it alone.
    pub(super) fn wake_one_of(&self, group: usize) {
        self.unpark(self.idle.wake_one_of(self.workers_to_wake(group)));
    }

    /// Whom one may wake: in a pause nobody, since who ends it has all look around. It is asked behind a fence ([I1] of `idle`), and a worker that knows
    /// of that end has a fence between this and its last look: one of the two sees the other.
    fn workers_to_wake(&self, group: usize) -> impl Iterator<Item = usize> {
        let workers = self.groups[group].workers.clone();
        workers.take_while(|_| !self.is_paused())
    }

    pub(super) fn unpark(&self, worker: Option<usize>) {
        let Some(worker) = worker else { return };
        let seat = &self.seats[worker];
        // ordering: Relaxed, it is a number and no more.
        seat.counts.rings.fetch_add(1, Relaxed);
        if let Some(thread) = seat.thread.get() {
            thread.unpark();
        }
    }

    /// Has a worker look around, whether it sleeps or not.
    pub(super) fn ring(&self, worker: usize) {
        // ordering: Release pairs with Acquire where it is taken; the fences of `idle` order it with its sleep.
        self.seats[worker].rung.store(true, Release);
        if self.idle.wake(worker) || self.idle.is_full(worker) {
            self.unpark(Some(worker));
        }
    }

    /// Has all of them look around.
    pub(super) fn ring_all(&self) {
        (0..self.seats.len()).for_each(|worker| self.ring(worker));
    }

    pub(super) fn is_paused(&self) -> bool {
        // ordering: Acquire pairs with Release where it is changed.
        self.paused.load(Acquire)
    }

    pub(super) fn is_stopped(&self) -> bool {
        // ordering: Acquire pairs with Release where it is set.
        self.stopped.load(Acquire)
    }

    /// Whether there is a task that a worker of this group could take.
    pub(super) fn has_work(&self, group: usize) -> bool {
        !self.groups[group].injector.line(Kind::Bound).is_empty() || self.has_loose_work()
    }

    /// Whether there is a task that any worker could take.
    fn has_loose_work(&self) -> bool {
        let injected = |group: &Group| {
            [Kind::Normal, Kind::Low].into_iter().any(|kind| !group.injector.line(kind).is_empty())
        };
        self.seats.iter().any(|seat| !seat.is_empty()) || self.groups.iter().any(injected)
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a wait, until `leave`.
    pub(super) fn enter(&self, what: For, who: Who) -> Told {
        let told = self.rest().enter(what, who);
        // ordering: SeqCst, as the fence in `look`: who sleeps last sees it.
        self.waiting.fetch_add(1, SeqCst);
        told
    }

    /// The wait is over.
    pub(super) fn leave(&self, told: &Told) {
        // ordering: Relaxed, at worst somebody looks once more.
        self.waiting.fetch_sub(1, Relaxed);
        self.rest().leave(told);
    }

    /// If somebody waits and nothing can come any more, tells who is to know. Called by whoever was perhaps the last to bring something.
    pub(super) fn look(&self) {
        // ordering: pairs with the fence of `idle` in the one who lies down, and with itself: the last one sees all others.
        fence(SeqCst);
        if self.waiting.load(Relaxed) == 0 {
            return;
        }
        let mut rest = self.rest();
        // ordering: SeqCst, before what they have queued is looked at.
        let alone = self.spawners.load(SeqCst) == 0;
        let over = match rest.owner_waits() && self.is_at_rest() {
            true => rest.tell(alone),
            false => Vec::new(),
        };
        drop(rest);
        for who in over {
            match who {
                Who::Worker(worker) => self.ring(worker),
                Who::Owner(thread) => thread.unpark(),
            }
        }
    }

    /// Whether nothing happens any more unless somebody outside does something. Who brings something queues it before he counts as gone, so that is
    /// looked at in this order.
    fn is_at_rest(&self) -> bool {
        // ordering: as in `look`.
        let nobody = |count: &AtomicUsize| count.load(SeqCst) == 0;
        // ordering: as in `look`.
        let rung = |seat: &Seat| seat.rung.load(SeqCst);
        let look = || {
            nobody(&self.timed)
                && nobody(&self.expected)
                && !self.seats.iter().any(rung)
                && !self.could_go_on()
        };
        !self.is_paused() && self.idle.is_still(look)
    }

    /// Whether somebody who sleeps could take a task.
    fn could_go_on(&self) -> bool {
        let can = |group: &Group| group.workers.clone().any(|worker| !self.idle.is_full(worker));
        let bound = |group: &Group| can(group) && !group.injector.line(Kind::Bound).is_empty();
        self.groups.iter().any(bound) || (self.groups.iter().any(can) && self.has_loose_work())
    }

    /// All tasks that wait, the oldest first.
    pub(super) fn deadlock(&self) -> Deadlock {
        let mut tasks: Vec<_> = self.shards.iter().flat_map(|shard| shard.head.tasks()).collect();
        tasks.sort_by_key(|task| task.id);
        Deadlock::of(tasks.into_iter())
    }

    /// How many tasks have not ended.
    pub(super) fn live(&self) -> usize {
        self.shards.iter().map(|shard| shard.head.len()).sum()
    }

    /// Takes no more tasks, and has the workers go.
    pub(super) fn stop(&self) {
        self.shards.iter().for_each(|shard| shard.head.close());
        // ordering: Release pairs with Acquire in `is_stopped`.
        self.stopped.store(true, Release);
        self.ring_all();
    }

    /// A worker goes for good; the last one cancels what is left, and tells this monitor of what goes wrong then.
    pub(super) fn leave_for_good(&self, monitor: &Monitor) {
        // ordering: AcqRel, the last one sees what the others have done.
        if self.working.fetch_sub(1, AcqRel) > 1 {
            return;
        }
        self.groups.iter().for_each(|group| group.injector.close());
        self.seats.iter().for_each(|seat| seat.overflow.close());
        for shard in &self.shards {
            shard.head.close();
            // SAFETY: closed; there is no worker any more, and what stands in queues is not looked at.
            let cancel = || unsafe { shard.head.cancel_one() };
            // A waker of the user's may panic: that task is cancelled then.
            while catch_unwind(AssertUnwindSafe(cancel)).unwrap_or_else(|panic| {
                drop(panic);
                monitor.send_error(Fault::Text("a waker panicked that a cancelled task has woken"));
                true
            }) {}
        }
    }

    /// The group of a worker.
    pub(super) fn group_with(&self, worker: usize) -> usize {
        let of = |group: &Group| group.workers.contains(&worker);
        self.groups.iter().position(of).expect("every worker is in a group")
    }

    /// The group of a node, by the system's number.
    pub(super) fn group_of(&self, node: usize) -> Option<usize> {
        self.groups.iter().position(|group| group.node == node)
    }
}

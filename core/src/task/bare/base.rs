//! A base: what a Home without `alloc` begins with. Who is ready, who lives, and whether there is somebody to be rung awake.
//!
//! | `asleep` | means                                       | a task that becomes ready |
//! |----------|---------------------------------------------|---------------------------|
//! | false    | the home thread will look at the queues     | is queued                 |
//! | true     | it found them empty, and sleeps or is about to | is queued, and rings: -> false |
//!
//! A Home's doorbell is rung once per sleep at most. All is changed under a mask, so a wake is a few instructions, and no wake is lost: the look at the
//! queues and `asleep` are one step.
//!
//! [B1] What stands in a queue is QUEUED ([H2] of `header`); the base has it until it leaves.
//! [B2] A task is in the list of all from `adopt` until it ends. Anyone puts one in front; only the home thread takes one out.

#![expect(unsafe_code, reason = "links headers into queues")]

use core::{cell::Cell, fmt, iter, ptr::NonNull};

use super::header::{Header, LOW, Task};
use crate::{
    const_new,
    context::{Head, HomeRef, HomeVTable, Priority, TaskInfo},
    mask::{Mask, Masked, masked},
    sync::{AtomicBool, Ordering::Relaxed},
    wait::Chain,
};

/// Gives turns to Low tasks, so many at the most, and to Normal ones that are left.
pub(super) type LowTurns = fn(&Base, isize);

/// What a Home without `alloc` begins with.
#[repr(C)]
pub struct Base {
    head: Head,
    asleep: Masked<bool>,
    /// By priority.
    queues: [Masked<Chain<Header>>; 2],
    newest: Masked<Option<Task>>,
    /// How the Low tasks have their turns, once there was one: named by who makes them, so that who makes none has it not in his program.
    low: Masked<Option<LowTurns>>,
    /// Whether there was.
    graded: AtomicBool,
    /// Whose turn it is: for the home thread.
    pub(super) current: Cell<Option<Task>>,
}

// SAFETY: queues are of headers, which are `Send`, and are touched under a mask; `current` is for the home thread; all else is `Sync`.
unsafe impl Sync for Base {}
// SAFETY: as above.
unsafe impl Send for Base {}

impl Base {
    const_new! {
        /// One of which nobody has a handle.
        pub fn new(vtable: &'static HomeVTable) -> Self {
            Self {
                head: Head::new(vtable),
                asleep: Masked::new(false),
                queues: [Masked::new(Chain::new()), Masked::new(Chain::new())],
                newest: Masked::new(None),
                low: Masked::new(None),
                graded: AtomicBool::new(false),
                current: Cell::new(None),
            }
        }
    }

    /// What handles know.
    #[inline]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The base of the Home.
    #[inline]
    pub(super) fn of(home: &HomeRef) -> &'static Self {
        let base: *const Self = home.as_ptr().cast();
        // SAFETY: [C1] of `fixed`, and the contract of `Head::handle`: a Home is in a static, and begins with this.
        unsafe { &*base }
    }

    /// Queues a task with these flags, which is in no queue and says that it is QUEUED. Whether to ring.
    #[inline(always)]
    pub(super) fn push(&self, mask: Mask<'_>, task: Task, flags: u8) -> bool {
        let queue = &self.queues[usize::from(flags & LOW != 0)];
        let mut tasks = queue.take(mask);
        // SAFETY: it is in no queue, and in a static.
        unsafe { tasks.push(task.as_ptr()) };
        queue.replace(mask, tasks);
        let ring = self.asleep.get(mask);
        if ring {
            self.asleep.set(mask, false);
        }
        ring
    }

    /// The next task of this priority, if it has turns left: it has not left the queue for good before its flags say so.
    #[inline(always)]
    pub(super) fn next(&self, mask: Mask<'_>, priority: Priority) -> Option<Task> {
        let queue = &self.queues[priority as usize];
        let mut tasks = queue.take(mask);
        let first = tasks.pop_if(|| self.head.spend(mask, priority));
        queue.replace(mask, tasks);
        // SAFETY: [B1] it is a header in a static.
        first.map(|first| unsafe { Task::new(first) })
    }

    /// Takes the first task of this priority, whatever turns are left. It stays QUEUED.
    pub fn pop(&self, priority: Priority) -> Option<NonNull<Header>> {
        masked(|mask| {
            let mut tasks = self.queues[priority as usize].take(mask);
            let first = tasks.pop();
            self.queues[priority as usize].replace(mask, tasks);
            first
        })
    }

    /// Takes all that is queued with this priority. They stay QUEUED.
    pub fn take(&self, priority: Priority) -> Chain<Header> {
        masked(|mask| self.queues[priority as usize].take(mask))
    }

    /// Queues many, which were taken before.
    ///
    /// # Safety
    /// They were taken out of a queue of this Home, and have had no turn since.
    pub unsafe fn append(&self, mut tasks: Chain<Header>) {
        while let Some(task) = tasks.pop() {
            // SAFETY: [B1] it was queued.
            let task = unsafe { Task::new(task) };
            masked(|mask| self.push(mask, task, task.flags_in(mask)));
        }
    }

    /// There is a Low task, and this is how such have their turns.
    #[inline(always)]
    pub(super) fn grade(&self, mask: Mask<'_>, low: LowTurns) {
        self.low.set(mask, Some(low));
        // ordering: Relaxed, whoever misses it sees it in the next cycle, for which it is rung.
        self.graded.store(true, Relaxed);
    }

    /// How the Low tasks have their turns, if there ever was one.
    #[inline(always)]
    pub(super) fn low(&self) -> Option<LowTurns> {
        // ordering: Relaxed, as above.
        if self.graded.load(Relaxed) { masked(|mask| self.low.get(mask)) } else { None }
    }

    /// Whether no task of this priority is queued.
    pub fn is_idle(&self, priority: Priority) -> bool {
        masked(|mask| self.is_idle_in(mask, priority))
    }

    #[inline(always)]
    pub(super) fn is_idle_in(&self, mask: Mask<'_>, priority: Priority) -> bool {
        let tasks = self.queues[priority as usize].take(mask);
        let idle = tasks.is_empty();
        self.queues[priority as usize].replace(mask, tasks);
        idle
    }

    /// Has whoever comes next ring, unless a task is ready: then `false`.
    #[inline]
    #[must_use]
    pub fn sleep(&self) -> bool {
        masked(|mask| {
            let idle = self.is_idle_in(mask, Priority::Normal)
                && (self.low.get(mask).is_none() || self.is_idle_in(mask, Priority::Low));
            self.asleep.set(mask, idle);
            idle
        })
    }

    /// Has whoever comes next ring, unless a task of any priority is ready: then `false`.
    #[inline(always)]
    pub(super) fn rest(&self, mask: Mask<'_>) -> bool {
        let idle = self.is_idle_in(mask, Priority::Normal) && self.is_idle_in(mask, Priority::Low);
        if idle {
            self.asleep.set(mask, true);
        }
        idle
    }

    /// Nobody is to ring, in a mask of its caller's.
    #[inline(always)]
    pub(super) fn stay_up(&self, mask: Mask<'_>) {
        self.asleep.set(mask, false);
    }

    /// Has nobody ring.
    #[inline]
    pub fn wake_up(&self) {
        masked(|mask| self.asleep.set(mask, false));
    }

    /// Puts a new task in front of the list of all.
    #[inline(always)]
    pub(super) fn link(&self, mask: Mask<'_>, task: Task) {
        task.older.set(mask, self.newest.replace(mask, Some(task)));
    }

    /// Takes a task out of the list of all. This is the home thread.
    pub(super) fn unlink(&self, task: Task) {
        let older = masked(|mask| {
            let older = task.older.get(mask);
            if self.newest.get(mask) != Some(task) {
                return Some(older);
            }
            self.newest.set(mask, older);
            None
        });
        let Some(older) = older else { return };
        // [B2] Nobody else takes one out meanwhile, and what comes is in front: a step at a time will do.
        let mut newer = self.newest();
        while let Some(one) = newer {
            newer = masked(|mask| {
                let next = one.older.get(mask);
                if next == Some(task) {
                    one.older.set(mask, older);
                    return None;
                }
                next
            });
        }
    }

    /// The newest task that has not ended.
    pub(super) fn newest(&self) -> Option<Task> {
        masked(|mask| self.newest.get(mask))
    }

    /// The task that is the next newer one to `older`; to none, the oldest.
    fn newer(&self, older: Option<Task>) -> Option<Task> {
        let mut found = self.newest();
        while let Some(task) = found {
            let next = masked(|mask| task.older.get(mask));
            if next == older {
                break;
            }
            found = next;
        }
        found
    }

    /// How many tasks have not ended. This is the home thread.
    pub fn live(&self) -> usize {
        let mut count = 0;
        let mut next = self.newest();
        while let Some(task) = next {
            count += 1;
            next = masked(|mask| task.older.get(mask));
        }
        count
    }

    /// Those that have not ended, the oldest first: for the home thread. What happens to them meanwhile may end it early.
    pub fn tasks(&self) -> impl Iterator<Item = TaskInfo> {
        let mut last = None;
        iter::from_fn(move || {
            let next = self.newer(last)?;
            last = Some(next);
            Some(next.info())
        })
    }

    /// Forgets the queues: all tasks have ended.
    pub(super) fn clear(&self) {
        for queue in &self.queues {
            let mut tasks = masked(|mask| queue.take(mask));
            while let Some(task) = tasks.pop() {
                // SAFETY: [B1] it is a header in a static.
                let task = unsafe { Task::new(task) };
                let _ = masked(|mask| task.leave_queue(mask));
            }
        }
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("head", &self.head).finish_non_exhaustive()
    }
}

//! A base: what a Home without `alloc` begins with. Who is ready, who lives, and whether there is somebody to be rung awake.
//!
//! | its queues          | mean                                                                |
//! |---------------------|---------------------------------------------------------------------|
//! | all are ASLEEP      | the home thread found them empty, and sleeps or is about to: who queues a task rings, and none is ASLEEP then |
//! | none is             | the home thread will look at them                                   |
//!
//! A Home's doorbell is rung once per sleep at most. All is changed under a mask, so a wake is a few instructions, and no wake is lost: to look at the
//! queues and to fall asleep is one step.
//!
//! [B1] What stands in a queue is queued ([H2] of `header`); the base has it until it leaves.
//! [B2] A task is in the list of all from `adopt` until it ends. Anyone puts one in front; only the home thread takes one out.

#![expect(unsafe_code, reason = "links headers into queues")]

use core::{cell::Cell, fmt, iter, ptr::NonNull, task::Waker};

use super::{
    header::{GHOST, Header, LOW, Task},
    queue::Queue,
};
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
    /// By priority.
    queues: [Queue<Header>; 2],
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
                queues: [Queue::new(), Queue::new()],
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

    /// The queue of tasks with these flags.
    #[inline(always)]
    fn queue(&self, flags: u8) -> &'static Queue<Header> {
        let queue: *const Queue<Header> = &raw const self.queues[usize::from(flags & LOW != 0)];
        // SAFETY: as in `of`: a Home that has tasks is in a static.
        unsafe { &*queue }
    }

    /// Has a task with these flags be ready, which is in no queue. Whom to wake afterwards.
    #[inline(always)]
    pub(super) fn start(
        &self,
        mask: Mask<'_>,
        home: HomeRef,
        task: Task,
        flags: u8,
    ) -> Option<Waker> {
        let queue = self.queue(flags);
        queue.settle(mask, home);
        task.set_flags(mask, flags);
        task.set_queue(mask, queue);
        task.wake_under(mask)
    }

    /// A task may be queued again that was HELD, or taken out of its queue by `pop` or `take`.
    #[inline(always)]
    pub(super) fn open(&self, mask: Mask<'_>, task: Task) {
        task.set_queue(mask, self.queue(task.flags_in(mask)));
    }

    /// The next task of this priority, if it has turns left. It may be queued again.
    #[inline(always)]
    pub(super) fn next(&self, mask: Mask<'_>, priority: Priority) -> Option<Task> {
        let queue = self.queue(if priority == Priority::Low { LOW } else { 0 });
        let task = queue.pop_if(mask, || self.head.spend(mask, priority))?;
        // SAFETY: [B1] it is a header in a static.
        let task = unsafe { Task::new(task) };
        task.set_queue(mask, queue);
        Some(task)
    }

    /// Takes the first task of this priority, whatever turns are left. It counts as queued still.
    pub fn pop(&self, priority: Priority) -> Option<NonNull<Header>> {
        masked(|mask| self.queues[priority as usize].pop_if(mask, || true))
    }

    /// Takes all that is queued with this priority. They count as queued still.
    pub fn take(&self, priority: Priority) -> Chain<Header> {
        masked(|mask| {
            let mut tasks = Chain::new();
            while let Some(task) = self.queues[priority as usize].pop_if(mask, || true) {
                // SAFETY: [B1], and it has left the queue just now.
                unsafe { tasks.push(task) };
            }
            tasks
        })
    }

    /// Queues many, which were taken before.
    ///
    /// # Safety
    /// They were taken out of a queue of this Home, and have had no turn since.
    pub unsafe fn append(&self, mut tasks: Chain<Header>) {
        while let Some(task) = tasks.pop() {
            // SAFETY: [B1] it is alive.
            let flags = unsafe { task.as_ref() }.flags();
            // SAFETY: [B1], the contract: it is in no queue now. The home thread, which does not sleep, is this one.
            masked(|mask| unsafe { self.queue(flags).push(mask, task) });
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
        self.queues[priority as usize].is_idle(mask)
    }

    /// Has whoever comes next ring, unless a task is ready: then `false`.
    #[inline]
    #[must_use]
    pub fn sleep(&self) -> bool {
        masked(|mask| {
            let idle = self.queues.iter().all(|queue| queue.is_idle(mask));
            if idle {
                self.fall_asleep(mask);
            }
            idle
        })
    }

    /// Has whoever comes next ring. No task is ready.
    #[inline(always)]
    pub(super) fn fall_asleep(&self, mask: Mask<'_>) {
        self.queues.iter().for_each(|queue| queue.fall_asleep(mask));
    }

    /// Nobody is to ring, in a mask of its caller's.
    #[inline(always)]
    pub(super) fn stay_up(&self, mask: Mask<'_>) {
        self.queues.iter().for_each(|queue| queue.stay_up(mask));
    }

    /// Has nobody ring.
    #[inline]
    pub fn wake_up(&self) {
        masked(|mask| self.stay_up(mask));
    }

    /// Puts a new task in front of the list of all.
    #[inline(always)]
    pub(super) fn link(&self, mask: Mask<'_>, task: Task) {
        task.older.set(mask, self.newest.replace(mask, Some(task)));
    }

    /// Takes a task out of the list of all. This is the home thread.
    pub(super) fn unlink(&self, task: Task) {
        // [B2] Nobody else takes one out meanwhile, and what comes is in front: a step at a time will do.
        let mut newer = None::<Task>;
        loop {
            let next = masked(|mask| {
                let link = newer.as_ref().map_or(&self.newest, |newer| &newer.older);
                let next = link.get(mask).filter(|&next| next != task);
                if next.is_none() {
                    link.set(mask, task.older.get(mask));
                }
                next
            });
            newer = next;
            if newer.is_none() {
                return;
            }
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
        for priority in Priority::ALL {
            while let Some(task) = self.pop(priority) {
                // SAFETY: [B1] it is a header in a static.
                let task = unsafe { Task::new(task) };
                masked(|mask| task.set_flags(mask, task.flags_in(mask) & !GHOST));
            }
        }
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("head", &self.head).finish_non_exhaustive()
    }
}

//! A base: what a Home without `alloc` begins with. Who is ready, who lives, and whether there is somebody to be rung awake.
//!
//! | the Normal queue | means                                                | who queues a Normal task | a Low one |
//! |------------------|------------------------------------------------------|--------------------------|-----------|
//! | asks             | the home thread found both empty, and sleeps or is about to | rings, and it asks no more | likewise |
//! | does not ask     | the home thread will look at them                    | need not                 | looks here, and need not |
//!
//! The Low queue asks always, from the first Low task on: so a wake looks at its own queue first, and a Low one at the Normal queue after it.
//!
//! A Home's doorbell is rung once per sleep at most. All is changed under a mask, so a wake is a few instructions, and no wake is lost: to look at the
//! queues and to fall asleep is one step.
//!
//! [B1] What stands in a queue is queued ([H2] of `header`); the base has it until it leaves.

#![expect(unsafe_code, reason = "links headers into queues")]

use core::{cell::Cell, fmt, mem, ptr::NonNull};

use super::{
    header::{Header, LOW, Task},
    queue::Queue,
};
use crate::{
    const_new,
    context::{Head, HomeRef, Now, Priority, Ring},
    mark::Mark,
    mask::{Mask, masked},
    shared_static,
    wait::Chain,
};

// Whether there ever was a Low task: before the first is queued.
shared_static!(static GRADED: Mark = Mark::new());

/// What a Home without `alloc` begins with.
#[repr(C)]
pub struct Base {
    /// By priority. First, so that the address of the Home is that of the queue in which nearly all stand.
    queues: [Queue<Header>; 2],
    head: Head,
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
        #[allow(clippy::new_without_default, reason = "it belongs into a Home")]
        pub fn new() -> Self {
            Self {
                queues: [Queue::new(), Queue::new()],
                head: Head::new(),
                current: Cell::new(None),
            }
        }
    }

    /// What handles know.
    #[inline]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The Base in which this stands.
    ///
    /// # Safety
    /// It stands in one, to all of which the pointer may be led back.
    #[inline(always)]
    pub unsafe fn around(head: NonNull<Head>) -> NonNull<Self> {
        // SAFETY: the contract.
        unsafe { head.byte_sub(mem::offset_of!(Self, head)) }.cast()
    }

    /// The base of the Home.
    #[inline(always)]
    pub(super) fn of(home: &HomeRef) -> &'static Self {
        // SAFETY: [C1] of `fixed`, and the contract of `Head::handle`.
        let base = unsafe { Self::around(home.as_head()) };
        // SAFETY: as above, and that is in a static.
        unsafe { base.as_ref() }
    }

    /// A handle on the Home that begins with this.
    ///
    /// # Safety
    /// That of [`Head::handle`]; `base` may be led back to all of the Home.
    #[inline]
    pub unsafe fn handle(base: NonNull<Self>) -> HomeRef {
        // SAFETY: it is the base of a Home.
        let head = unsafe { &raw mut (*base.as_ptr()).head };
        // SAFETY: no part of a static lies at zero.
        let head = unsafe { NonNull::new_unchecked(head) };
        // SAFETY: the contract.
        unsafe { Head::handle(head) }
    }

    /// Its queues, which stay where they are.
    #[inline(always)]
    fn queues(&self) -> &'static [Queue<Header>; 2] {
        let queues: *const [Queue<Header>; 2] = &raw const self.queues;
        // SAFETY: as in `of`: a Home that has tasks is in a static.
        unsafe { &*queues }
    }

    /// It is claimed: tasks come to it from now on, and `now` tells them the time.
    ///
    /// # Safety
    /// It is what `home` begins with, which fits `now`; nobody else knows of it yet.
    #[inline(always)]
    pub unsafe fn bear(&self, home: HomeRef, now: Now) {
        // SAFETY: the contract.
        unsafe { self.head.bear(now) };
        // SAFETY: the contract; [C1] of `fixed`, it is in a static.
        unsafe { self.queues()[Priority::Normal as usize].settle(home) };
    }

    /// Has a task, with these flags, be one of this Home, which is in no queue. It is to be woken.
    #[inline(always)]
    pub(super) fn start(&self, mask: Mask<'_>, task: Task, flags: u8) {
        task.set_flags(mask, flags);
        task.open(mask, &self.queues()[usize::from(flags & LOW != 0)]);
    }

    /// The next task of this priority, if it has turns left. It may be queued again.
    #[inline(always)]
    pub(super) fn next(&self, mask: Mask<'_>, priority: Priority) -> Option<Task> {
        self.next_if(mask, priority, || self.head.spend(mask, priority))
    }

    /// The next task of this priority, if there is one and `may` then says so. It may be queued again.
    #[inline(always)]
    pub(super) fn next_if(
        &self,
        mask: Mask<'_>,
        priority: Priority,
        may: impl FnOnce() -> bool,
    ) -> Option<Task> {
        let task = self.pop_if(mask, priority, may)?;
        // SAFETY: [B1] it is a header in a static.
        let task = unsafe { Task::new(task) };
        task.open(mask, &self.queues()[priority as usize]);
        Some(task)
    }

    #[inline(always)]
    fn pop_if(
        &self,
        mask: Mask<'_>,
        priority: Priority,
        may: impl FnOnce() -> bool,
    ) -> Option<NonNull<Header>> {
        self.queues()[priority as usize].pop_if(mask, may)
    }

    /// Takes the first task of this priority, whatever turns are left. It counts as queued still.
    pub fn pop(&self, priority: Priority) -> Option<NonNull<Header>> {
        masked(|mask| self.pop_if(mask, priority, || true))
    }

    /// Takes all that is queued with this priority. They count as queued still.
    pub fn take(&self, priority: Priority) -> Chain<Header> {
        masked(|mask| {
            let mut tasks = Chain::new();
            while let Some(task) = self.pop_if(mask, priority, || true) {
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
            masked(|mask| unsafe { self.queues[usize::from(flags & LOW != 0)].push(mask, task) });
        }
    }

    /// There is a Low task in this Home.
    #[inline(always)]
    pub(super) fn grade(&self, mask: Mask<'_>, home: HomeRef) {
        GRADED.set();
        let queue = &self.queues()[Priority::Low as usize];
        if queue.home(mask).is_none() {
            // SAFETY: until there is a Low task nobody knows of it; [C1] of `fixed`, it is in a static.
            unsafe { queue.settle(home) };
            queue.ask(mask);
        }
    }

    /// Whether there may be Low tasks in this program.
    #[inline(always)]
    pub(super) fn is_graded() -> bool {
        GRADED.is_set()
    }

    /// Whether a Low task is ready.
    #[inline(always)]
    pub(super) fn has_low(&self, mask: Mask<'_>) -> bool {
        // First, since that is the shorter where there is none.
        GRADED.is_set() && !self.is_idle_in(mask, Priority::Low)
    }

    /// Whether no task of this priority is queued.
    pub fn is_idle(&self, priority: Priority) -> bool {
        masked(|mask| self.is_idle_in(mask, priority))
    }

    #[inline(always)]
    pub(super) fn is_idle_in(&self, mask: Mask<'_>, priority: Priority) -> bool {
        self.queues[priority as usize].is_idle(mask)
    }

    /// Has whoever comes next ring, by calling `ring`; unless a task is ready: then `false`.
    ///
    /// # Safety
    /// `ring` fits the Home that begins with this.
    #[inline]
    #[must_use]
    pub unsafe fn sleep(&self, ring: Ring) -> bool {
        masked(|mask| {
            let idle = self.queues.iter().all(|queue| queue.is_idle(mask));
            if idle {
                // SAFETY: the contract.
                unsafe { self.fall_asleep(mask, ring) };
            }
            idle
        })
    }

    /// Whether a wake would queue this task among the Normal ones of this Home.
    #[inline(always)]
    pub(super) fn would_queue(&self, mask: Mask<'_>, task: Task) -> bool {
        task.waits_for(mask, &self.queues[Priority::Normal as usize])
    }

    /// Has whoever comes next ring, by calling `ring`. No task is ready.
    ///
    /// # Safety
    /// As for `sleep`.
    #[inline(always)]
    pub(super) unsafe fn fall_asleep(&self, mask: Mask<'_>, ring: Ring) {
        self.head.rings_by(mask, ring);
        self.queues[0].ask(mask);
    }

    /// Nobody is to ring, in a mask of its caller's.
    #[inline(always)]
    pub(super) fn stay_up(&self, mask: Mask<'_>) {
        self.queues[0].ask_not(mask);
    }

    /// Has nobody ring.
    #[inline]
    pub fn wake_up(&self) {
        masked(|mask| self.stay_up(mask));
    }
}

/// A task has come to this queue, which asked: ends the sleep of its Home, if it sleeps. Not under a mask.
#[cold]
#[inline(never)]
pub(super) fn ring(queue: &Queue<Header>) {
    let rung = masked(|mask| {
        let home = queue.home(mask)?;
        let base = Base::of(&home);
        let normal = &base.queues[Priority::Normal as usize];
        let asleep = normal.ask_not(mask);
        let ring = base.head.ring(mask).filter(|_| asleep)?;
        Some((home, ring))
    });
    if let Some((home, ring)) = rung {
        // SAFETY: it fits.
        unsafe { ring(home.as_head()) };
    }
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Base").field("head", &self.head).finish_non_exhaustive()
    }
}

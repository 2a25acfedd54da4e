//! A Home: the half of an executor that everyone may know; its other half, the [`Local`](crate::Local), belongs to one thread.
//!
//! | part                | belongs to                                                                             |
//! |---------------------|----------------------------------------------------------------------------------------|
//! | hooks, inbox        | everyone: wakers push into the inbox and ring                                          |
//! | `bound`             | the thread that has the Local: run queues, all tasks, free blocks, root                |
//! | `head`              | everyone: the count of handles; the wheel is the home thread's, without `std` everyone's, under its lock |
//!
//! All handles on a shared Home together hold one `Arc`.
//!
//! [A1] `claim` succeeds once, so there is one Local, which is `!Send`: `bound` is touched by its thread alone, through the Local, or
//!      (with `std`) through a handle while the Home is current there, which the Local sees to.
//! [A2] A Home that was claimed is in a static or an `Arc`, so it does not move; it lives while handles are counted.
//! [A3] The Local's own handle is among those counted, so what it reaches is alive.

#![expect(
    unsafe_code,
    reason = "a Home of erased type is called through raw pointers, and shares what one thread owns"
)]

use core::{cell::Cell, fmt, ptr::NonNull};

use tidemill_core::{
    const_new,
    context::{HOME_IS_KNOWN, Head, HomeRef, HomeVTable, Priority},
    sync::{AtomicBool, Ordering::Relaxed},
    task::{Header, Hooks, Ready, Ring, Root, Sent, Tasks},
    wait::{Chain, Inbox},
};

use crate::{stats::Watch, waits::Waits};

/// How many turns each priority has in a cycle by default. Firmware is slower, and its timers are to be on time beside busy tasks.
const BUDGET: isize = if HOME_IS_KNOWN { 256 } else { 16 };

/// The half of an executor that everyone may know: hooks, inbox, doorbell. Its other half is the [`Local`](crate::Local), which one thread claims.
///
/// It belongs into a static or an `Arc`.
#[repr(C)]
pub struct Home<H> {
    pub(crate) head: Head,
    pub(crate) hooks: H,
    pub(crate) inbox: Inbox<Header, Sent>,
    pub(crate) claimed: AtomicBool,
    /// Whether somebody has asked for the end of the cycle where nobody knows his thread.
    pub(crate) cut: AtomicBool,
    /// For the home thread.
    pub(crate) bound: Bound,
}

/// What the home thread keeps to itself [A1].
pub(crate) struct Bound {
    /// By priority.
    queues: [Cell<Ready>; 2],
    /// What is queued again when the cycle is over.
    later: Cell<Chain<Header>>,
    /// Whether there ever was a task that is not Normal.
    graded: Cell<bool>,
    /// By priority, how many turns are left in this cycle; less than none once one more was asked for.
    left: [Cell<isize>; 2],
    /// Whether the end of this cycle was asked for.
    ending: Cell<bool>,
    /// How many turns were given, all cycles together.
    pub(crate) turns: Cell<usize>,
    /// How many cycles were begun.
    pub(crate) cycles: Cell<usize>,
    pub(crate) watch: Watch,
    pub(crate) tasks: Tasks,
    pub(crate) root: Root,
    pub(crate) budget: Cell<isize>,
    /// Who waits on top of turns.
    pub(crate) waits: Waits,
}

// SAFETY: [A1] says who touches `bound` and the wheel; all else is `Sync`.
unsafe impl<H: Hooks> Sync for Home<H> {}
// SAFETY: it moves before it is claimed, when nothing is in it; or it is dropped, when all handles are gone and the Local with them.
unsafe impl<H: Hooks> Send for Home<H> {}

impl<H: Hooks> Home<H> {
    const_new! {
        /// A Home on these hooks, which nobody has claimed, with the vtable of one in a static.
        pub(crate) fn with(hooks: H, vtable: &'static HomeVTable) -> Self {
            Self {
                head: Head::new(vtable),
                hooks,
                inbox: Inbox::new(),
                claimed: AtomicBool::new(false),
                cut: AtomicBool::new(false),
                bound: Bound {
                    queues: [Cell::new(Ready::new()), Cell::new(Ready::new())],
                    later: Cell::new(Chain::new()),
                    graded: Cell::new(false),
                    left: [Cell::new(0), Cell::new(0)],
                    ending: Cell::new(false),
                    turns: Cell::new(0),
                    cycles: Cell::new(0),
                    watch: Watch::new(),
                    tasks: Tasks::new(),
                    root: Root::new(),
                    budget: Cell::new(BUDGET),
                    waits: Waits::new(),
                },
            }
        }
    }

    /// The platform.
    pub fn hooks(&self) -> &H {
        &self.hooks
    }

    /// Forgets that the end of the cycle was asked for, where there was none. For the home thread.
    #[inline(always)]
    pub(crate) fn begin(&self) {
        if !HOME_IS_KNOWN {
            // ordering: Relaxed, nothing is published with it.
            self.cut.store(false, Relaxed);
        }
    }

    /// Heeds what was asked for from elsewhere: the end of the cycle. For the home thread, after each turn.
    #[inline(always)]
    pub(crate) fn heed(&self) {
        // ordering: Relaxed, nothing is published with it.
        if !HOME_IS_KNOWN && self.cut.load(Relaxed) {
            self.cut.store(false, Relaxed);
            self.bound.cut();
        }
    }

    /// A handle more, for the Local.
    ///
    /// # Safety
    /// This is the home thread, and [A2].
    #[inline]
    pub(crate) unsafe fn hold(home: NonNull<Self>) -> HomeRef {
        // SAFETY: a Home begins with its Head, and the contract.
        unsafe { Head::handle(home.cast()) }
    }
}

impl Bound {
    /// Takes in a new task.
    ///
    /// # Safety
    /// It is new, and of this Home. This is the home thread.
    #[inline]
    pub(crate) unsafe fn adopt(&self, task: NonNull<Header>, priority: Priority) {
        // SAFETY: the contract is the same.
        unsafe { self.admit(task, priority) };
        // SAFETY: it is in no queue, and its state says that it is to be in one.
        unsafe { self.push(task) };
    }

    /// Takes in a new task that is not to be queued.
    ///
    /// # Safety
    /// As for `adopt`, but for its state.
    #[inline]
    pub(crate) unsafe fn admit(&self, task: NonNull<Header>, priority: Priority) {
        // SAFETY: a new task counts a reference for the list.
        if unsafe { self.tasks.insert(task, priority) } != Priority::Normal {
            self.graded.set(true);
        }
    }

    /// Queues a task by its priority.
    ///
    /// # Safety
    /// It is a task of this Home, in no queue; whoever calls has taken it out of one, or was told `Enqueue`.
    #[inline]
    pub(crate) unsafe fn push(&self, task: NonNull<Header>) {
        if self.graded.get() {
            // SAFETY: the contract is the same.
            return unsafe { self.push_graded(task) };
        }
        // All are Normal, and nobody has to look at the task.
        change(&self.queues[Priority::Normal as usize], |queue| {
            // SAFETY: it is not complete, so the list of all tasks keeps it alive while it is queued.
            unsafe { queue.push(task) };
        });
    }

    /// # Safety
    /// As for `push`.
    #[inline(never)] // Lest the way past it be long.
    unsafe fn push_graded(&self, task: NonNull<Header>) {
        // SAFETY: it is not complete, so the list of all tasks keeps it alive.
        let priority = unsafe { task.as_ref() }.priority();
        change(&self.queues[priority as usize], |queue| {
            // SAFETY: as above, while it is queued.
            unsafe { queue.push(task) };
        });
    }

    /// Queues a task for the next cycle.
    ///
    /// # Safety
    /// As for `push`.
    #[cfg(feature = "std")]
    pub(crate) unsafe fn push_later(&self, task: NonNull<Header>) {
        change(&self.later, |later| {
            // SAFETY: it is not complete, so the list of all tasks keeps it alive while it is queued.
            unsafe { later.push(task) };
        });
    }

    /// Whether there ever was a task that is not Normal.
    #[inline]
    pub(crate) fn is_graded(&self) -> bool {
        self.graded.get()
    }

    /// Begins a cycle with so many turns for this priority, and says how many were left of the one that this interrupts.
    #[inline]
    pub(crate) fn begin(&self, priority: Priority, turns: isize) -> isize {
        self.left[priority as usize].replace(turns)
    }

    /// Ends a cycle that began with `turns`, and goes on with the one that it has interrupted.
    #[inline]
    pub(crate) fn end(&self, priority: Priority, turns: isize, interrupted: isize) {
        let left = self.left[priority as usize].replace(interrupted).max(0);
        self.turns.set(self.turns.get().wrapping_add_signed(turns - left));
    }

    /// Whether the end of the cycle was asked for since this was asked last.
    pub(crate) fn was_cut(&self) -> bool {
        self.ending.take()
    }

    /// Leaves no turn for Normal tasks in this cycle.
    pub(crate) fn cut(&self) {
        self.ending.set(true);
        let left = self.left[Priority::Normal as usize].replace(0).max(0);
        // They count as given when the cycle ends.
        self.turns.set(self.turns.get().wrapping_add_signed(-left));
    }

    /// The next task of this priority, if it has turns left.
    #[inline]
    pub(crate) fn next(&self, priority: Priority) -> Option<NonNull<Header>> {
        let left = &self.left[priority as usize];
        change(&self.queues[priority as usize], |queue| {
            queue.pop_if(|| {
                // One instruction on the way through, and a look at its sign.
                let rest = left.get() - 1;
                left.set(rest);
                rest >= 0
            })
        })
    }

    /// The next task of this priority, whatever turns are left.
    pub(crate) fn pop(&self, priority: Priority) -> Option<NonNull<Header>> {
        change(&self.queues[priority as usize], |queue| queue.pop_if(|| true))
    }

    /// Whether a task could get a turn in this cycle.
    pub(crate) fn goes_on(&self) -> bool {
        Priority::ALL
            .iter()
            .any(|&priority| self.left[priority as usize].get() > 0 && !self.is_idle(priority))
    }

    /// Gives the queue its first ring, which it else gets when it is long. Nobody else knows the Home.
    #[cfg(feature = "alloc")]
    pub(crate) fn furnish(&self) {
        widen(&self.queues[Priority::Normal as usize]);
    }

    /// Widens what has become too narrow.
    #[inline]
    pub(crate) fn widen(&self) {
        for queue in &self.queues[..if self.graded.get() { 2 } else { 1 }] {
            if change(queue, |queue| queue.is_long()) {
                widen(queue);
            }
        }
    }

    /// Queues those that waited for the next cycle.
    #[inline]
    pub(crate) fn append_later(&self) {
        if change(&self.later, |later| later.is_empty()) {
            return;
        }
        let later = self.later.take();
        if self.graded.get() {
            self.append(later);
        } else {
            change(&self.queues[Priority::Normal as usize], |queue| queue.append(later));
        }
    }

    /// Takes a task in that was made elsewhere, if it is one. It was taken out of the inbox.
    pub(crate) fn welcome(&self, task: NonNull<Header>) {
        // SAFETY: [A1] this is the home thread, and the contract.
        if let Some(Priority::Low) = unsafe { self.tasks.welcome(task) } {
            self.graded.set(true);
        }
    }

    /// Queues many.
    #[inline]
    pub(crate) fn append(&self, mut tasks: Chain<Header>) {
        while let Some(task) = tasks.pop() {
            // SAFETY: it was queued, and left that queue just now.
            unsafe { self.push(task) };
        }
    }

    /// Queues those that others have woken.
    pub(crate) fn receive(&self, mut sent: Chain<Header, Sent>) {
        while let Some(task) = sent.pop() {
            if !HOME_IS_KNOWN {
                self.welcome(task);
            }
            // SAFETY: [A1], and it has left the inbox just now.
            if unsafe { self.tasks.receive(task) } {
                // SAFETY: it was told to be queued.
                unsafe { self.push(task) };
            }
        }
    }

    /// Takes all that is queued with this priority. Whoever has it gives the turns.
    pub(crate) fn take(&self, priority: Priority) -> Chain<Header> {
        change(&self.queues[priority as usize], |queue| queue.take())
    }

    /// Whether no task is queued.
    #[inline]
    pub(crate) fn are_idle(&self) -> bool {
        self.is_idle(Priority::Normal) && (!self.is_graded() || self.is_idle(Priority::Low))
    }

    /// Whether no task of this priority is queued.
    #[inline]
    pub(crate) fn is_idle(&self, priority: Priority) -> bool {
        change(&self.queues[priority as usize], |queue| queue.is_empty())
    }

    /// Forgets the queues.
    pub(crate) fn clear(&self) {
        for queue in &self.queues {
            queue.take();
        }
        self.later.take();
    }
}

/// Gives a queue a wider ring.
#[cold]
fn widen(queue: &Cell<Ready>) {
    // Who allocates and frees is somebody else: not while the queue is lent.
    let places = change(queue, |queue| queue.places());
    let ring = Ring::of(places);
    let _before = change(queue, |queue| queue.widen(ring));
}

/// Changes a queue in its cell.
#[inline]
fn change<Q, R>(queue: &Cell<Q>, change: impl FnOnce(&mut Q) -> R) -> R {
    // SAFETY: [A1] this is the home thread, and what changes a chain leads nowhere else; so nobody has this reference a second time.
    change(unsafe { &mut *queue.as_ptr() })
}

impl<H: Hooks> fmt::Debug for Home<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home")
            .field("claimed", &self.claimed)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

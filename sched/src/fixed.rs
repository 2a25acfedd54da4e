//! A Home: the half of an executor that everyone may know; its other half, the [`Local`](crate::Local), belongs to one thread. Without `alloc` it is in a static.
//!
//! | part                | belongs to                                                                     |
//! |---------------------|--------------------------------------------------------------------------------|
//! | `base`              | everyone, with interrupts masked: who is ready, who lives, the wheel           |
//! | hooks               | everyone                                                                       |
//! | `bound`             | the thread that has the Local                                                  |
//!
//! [A1] `claim` succeeds once, so there is one Local, which is `!Send`: `bound` is touched by its thread alone, through the Local.
//! [A2] A Home that was claimed is in a static: it does not move, and lives for ever.

#![expect(
    unsafe_code,
    reason = "a Home of erased type is called through raw pointers, and shares what one thread owns"
)]

use core::{cell::Cell, fmt, future::Future, pin::Pin, ptr::NonNull};

use tidemill_core::{
    clock::Instant,
    const_new,
    context::{Budget, Head, HomeLock, HomeRef, Priority},
    sync::AtomicBool,
    task::{Base, Header, Hooks, Root, TaskInfo, adopt_here},
    time::Wheel,
    wait::Chain,
};

use crate::{stats::Watch, waits::Waits};

/// The half of an executor that everyone may know: hooks, queues, doorbell. Its other half is the [`Local`](crate::Local), which one thread claims.
///
/// It belongs into a static.
#[repr(C)]
pub struct Home<H> {
    pub(crate) base: Base,
    pub(crate) hooks: H,
    pub(crate) claimed: AtomicBool,
    /// For the home thread.
    pub(crate) bound: Bound,
}

/// What the home thread keeps to itself [A1].
pub(crate) struct Bound {
    /// How many turns were given one by one.
    pub(crate) turns: Cell<usize>,
    /// How many cycles were begun.
    pub(crate) cycles: Cell<usize>,
    pub(crate) watch: Watch,
    root: Root,
    pub(crate) budget: Budget,
    /// Who waits on top of turns.
    pub(crate) waits: Waits,
}

// SAFETY: [A1] says who touches `bound`; all else is `Sync`.
unsafe impl<H: Hooks> Sync for Home<H> {}
// SAFETY: it moves before it is claimed, when nothing is in it.
unsafe impl<H: Hooks> Send for Home<H> {}

impl<H: Hooks> Home<H> {
    const_new! {
        /// A Home on these hooks, which nobody has claimed. It belongs into a static.
        pub fn new(hooks: H) -> Self {
            Self {
                base: Base::new(),
                hooks,
                claimed: AtomicBool::new(false),
                bound: Bound {
                    turns: Cell::new(0),
                    cycles: Cell::new(0),
                    watch: Watch::new(),
                    root: Root::new(),
                    budget: Budget::new(),
                    waits: Waits::new(),
                },
            }
        }
    }

    /// The platform.
    pub fn hooks(&self) -> &H {
        &self.hooks
    }

    /// A handle more, for the Local.
    ///
    /// # Safety
    /// [A2].
    #[inline]
    pub(crate) unsafe fn hold(home: NonNull<Self>) -> HomeRef {
        // SAFETY: a Home begins with its Base, and the contract.
        unsafe { Base::handle(home.cast()) }
    }
}

/// What whoever drives, or arranges batches, does with a Home. All is for the home thread.
impl<H: Hooks> Home<H> {
    /// Begins: it is claimed, and `handle` is one on it.
    ///
    /// # Safety
    /// This is the first thing that happens to it.
    #[inline(always)]
    pub(crate) unsafe fn bear(&self, handle: &HomeRef) {
        // SAFETY: a Home begins with its Base.
        unsafe { self.base.bear(*handle, now::<H>) };
    }

    /// Runs `future` as the root, by calling `cycle`.
    ///
    /// # Safety
    /// It is open, and `handle` one on it; this is the home thread.
    #[inline(always)]
    pub(crate) unsafe fn run_root<F: Future>(
        &self,
        handle: &HomeRef,
        future: Pin<&mut F>,
        cycle: impl FnMut(),
    ) -> F::Output {
        // SAFETY: the contract is the same.
        unsafe { self.bound.root.run(handle, future, cycle) }
    }

    /// As `run_root`, for as long as `cycle` answers `true`.
    ///
    /// # Safety
    /// As for `run_root`.
    pub(crate) unsafe fn run_root_while<F: Future>(
        &self,
        handle: &HomeRef,
        future: Pin<&mut F>,
        cycle: impl FnMut() -> bool,
    ) -> Option<F::Output> {
        // SAFETY: the contract is the same.
        unsafe { self.bound.root.run_while(handle, future, cycle) }
    }

    /// Whether a root runs that has not ended.
    #[inline(always)]
    pub(crate) fn is_rooted(&self) -> bool {
        self.bound.root.is_running()
    }

    /// Gives a task its turn.
    ///
    /// # Safety
    /// It was taken out of a queue of this Home just now; this is the home thread.
    pub(crate) unsafe fn give(&self, task: NonNull<Header>) {
        // SAFETY: the contract is the same.
        unsafe { self.base.run(task) };
    }

    /// Takes in a new task.
    ///
    /// # Safety
    /// It is new, and of this Home, on which `handle` is one.
    #[inline(always)]
    pub(crate) unsafe fn adopt(&self, handle: &HomeRef, task: NonNull<Header>, priority: Priority) {
        // SAFETY: the contract is the same.
        unsafe { adopt_here(handle, task.cast(), priority) };
    }

    /// All that waits for a moment.
    #[inline]
    pub(crate) fn wheel(&self) -> &Wheel<HomeLock> {
        self.base.head().wheel()
    }

    /// The next task of this priority, whatever turns are left.
    pub(crate) fn pop(&self, priority: Priority) -> Option<NonNull<Header>> {
        self.base.pop(priority)
    }

    /// Takes all that is queued with this priority.
    pub(crate) fn take(&self, priority: Priority) -> Chain<Header> {
        self.base.take(priority)
    }

    /// Queues many again.
    ///
    /// # Safety
    /// They were taken out of a queue of this Home, and have had no turn since.
    pub(crate) unsafe fn append(&self, tasks: Chain<Header>) {
        // SAFETY: the contract is the same.
        unsafe { self.base.append(tasks) };
    }

    /// Whatever was woken is queued already.
    ///
    /// # Safety
    /// None to keep here.
    #[inline(always)]
    pub(crate) unsafe fn collect(&self) {}

    /// Whether no task is queued.
    pub(crate) fn are_idle(&self) -> bool {
        self.base.is_idle(Priority::Normal) && self.base.is_idle(Priority::Low)
    }

    /// Whether its Local is dropped, or is being dropped.
    pub(crate) fn is_closed(&self) -> bool {
        !self.base.head().is_open()
    }

    /// Those that have not ended, the oldest place first.
    ///
    /// # Safety
    /// This is the home thread, and remains so.
    pub(crate) unsafe fn tasks(&self) -> impl Iterator<Item = TaskInfo> {
        self.base.tasks()
    }

    /// How many turns were given.
    pub(crate) fn turns(&self) -> usize {
        self.bound.turns.get().wrapping_add(self.base.head().turns())
    }

    /// How many tasks have not ended.
    pub(crate) fn live(&self) -> usize {
        self.base.live()
    }

    /// Asks for the end of the cycle.
    pub(crate) fn cut(&self) {
        self.base.head().cut();
    }

    /// Forgets that the end of the cycle was asked for.
    pub(crate) fn forget_cut(&self) {
        let _ = self.base.head().was_cut();
    }

    /// Whether the end of the cycle was asked for since this was asked last.
    pub(crate) fn was_cut(&self) -> bool {
        self.base.head().was_cut()
    }
}

impl<H: Hooks> fmt::Debug for Home<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home")
            .field("claimed", &self.claimed)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// # Safety
/// It is a Home with hooks `H`.
#[inline]
unsafe fn hooks<'a, H: Hooks>(head: NonNull<Head>) -> &'a H {
    // SAFETY: it is that of a Home.
    let home = unsafe { Base::around(head) }.cast::<Home<H>>();
    // SAFETY: [A2], and a Home begins with its Base.
    &unsafe { home.as_ref() }.hooks
}

/// As [`Now`](tidemill_core::context::Now).
///
/// # Safety
/// It is a Home with hooks `H`.
unsafe fn now<H: Hooks>(head: NonNull<Head>) -> Instant {
    // SAFETY: the contract is the same.
    unsafe { hooks::<H>(head) }.now()
}

/// As [`Ring`](tidemill_core::context::Ring).
///
/// # Safety
/// It is a Home with hooks `H`.
pub(crate) unsafe fn ring<H: Hooks>(head: NonNull<Head>) {
    // SAFETY: the contract is the same.
    unsafe { hooks::<H>(head) }.ring();
}

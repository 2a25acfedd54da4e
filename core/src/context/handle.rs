//! A counted handle on a Home of any type: what tasks and timers keep of their executor. And what every Home begins with for it.
//!
//! Every task header, timer and context holds one, and most come and go on the home thread. So the count has two halves, after biased
//! reference counting (Choi, Shull, Torrellas 2018): a plain one that the home thread changes during its turns, and an atomic one for
//! everybody else, into which the plain half is added when it has grown to [`MANY`], and when the Local goes. Until then the atomic half
//! carries [`BIAS`], so nobody finds it at zero, also where handles come here and go elsewhere for years.
//!
//! | Home             | a handle comes or goes on the home thread | elsewhere                             | the last one goes   |
//! |------------------|-------------------------------------------|---------------------------------------|---------------------|
//! | in a static      | nothing                                   | nothing                               | never freed         |
//! | shared           | plain half                                | atomic half                           | `free`              |
//!
//! [C1] A handle that is counted names a Head that is alive and stays where it is, at the beginning of a Home that fits its vtable.
//! [C2] The plain half belongs to the home thread: to who has the Local, or finds the Home current.
//! [C3] While there is a Local, `count - BIAS + counted` is how many handles there are, and `counted` is less than MANY either way. So
//!      `count` is more than `BIAS - MANY`, and less than `MOST + MANY` and as many as there are threads: it never wraps.

#![expect(unsafe_code, reason = "calls through the vtable of a Home whose type is erased")]

#[cfg(feature = "alloc")]
use core::any::Any;
use core::{cell::Cell, fmt, ptr::NonNull, task::Waker};

#[cfg(feature = "alloc")]
use super::blocks::Blocks;
use super::{entered::is_current, lock::HomeLock, priority::Priority};
use crate::{
    clock::{Clock, Instant},
    const_new,
    misuse::stop,
    sync::{
        AtomicUsize,
        Ordering::{AcqRel, Relaxed},
    },
    time::Wheel,
};

/// What the atomic half of the count carries while there is a Local.
const BIAS: usize = 1 << (usize::BITS - 1);

/// So many handles are moved from the plain half to the atomic one at once.
const MANY: usize = 1 << 16;

/// More than this the atomic half does not count: memory does not hold so many handles, so they were forgotten.
const MOST: usize = BIAS + BIAS / 2;

/// Whether handles are counted: without `alloc` every Home is in a static.
const COUNTED: bool = cfg!(feature = "alloc");

/// Whether code can tell if it runs on a Home's own thread, within a turn: with `std` it can. Without, nobody knows whether an interrupt
/// or another core calls: all that can be reached from there has a lock or is atomic.
pub const HOME_IS_KNOWN: bool = cfg!(feature = "std");

/// Says whether what is waited for has come; it is asked again when the waker is woken.
pub type Done<'d> = dyn FnMut(&Waker) -> bool + 'd;

/// What one can ask of a Home of any type. Each takes the address of its [`Head`], or a handle.
#[derive(Debug)]
pub struct HomeVTable {
    /// Tells the time.
    pub now: unsafe fn(NonNull<Head>) -> Instant,
    /// Queues a task whose own half answered `Enqueue`. Only for its own thread.
    #[cfg(feature = "std")]
    pub queue: unsafe fn(NonNull<Head>, NonNull<()>),
    /// Queues tasks whose own halves answered `Enqueue`, in this order. Only for its own thread.
    #[cfg(feature = "std")]
    pub queue_many: unsafe fn(NonNull<Head>, &[NonNull<()>]),
    /// Queues a task whose own half answered `Enqueue` for the next cycle. Only for its own thread.
    #[cfg(feature = "std")]
    pub queue_later: unsafe fn(NonNull<Head>, NonNull<()>),
    /// Puts a task whose word answered `Enqueue` into the inbox, and rings if need be.
    pub send: unsafe fn(NonNull<Head>, NonNull<()>),
    /// Whether it takes tasks: not any more once its Local is dropped, or is being dropped.
    pub is_open: unsafe fn(NonNull<Head>) -> bool,
    /// Takes a new task: links and queues it. Only for its own thread.
    pub adopt: unsafe fn(NonNull<Head>, NonNull<()>, Priority),
    /// Takes a new task that is not to be queued. `false`: it is closed, and the task was cancelled. Only for its own thread; a pool's for any.
    pub admit: unsafe fn(NonNull<Head>, NonNull<()>, Priority) -> bool,
    /// As `adopt`, from anywhere, without `std` alone. If it is closed, the task is cancelled.
    pub send_new: unsafe fn(NonNull<Head>, NonNull<()>, Priority),
    /// Leaves the Normal tasks that are ready to the next cycle. With `std` only for its own thread.
    pub end_cycle: unsafe fn(NonNull<Head>),
    /// Gives turns until the first function, which is given a waker that has it asked again, says that they need not go on. Puts how that ended into the second, which is a `Result<(),
    /// Undone>`. Only for its own thread.
    #[cfg(feature = "alloc")]
    pub drive: unsafe fn(&HomeRef, &mut Done<'_>, &mut dyn Any),
    /// Frees the Home, of which no handle is left. `None`: it stands in a static, and its handles are not counted.
    pub free: Option<unsafe fn(NonNull<Head>)>,
}

/// What every Home begins with: the count of its handles, and what they use without knowing its type.
pub struct Head {
    vtable: Cell<&'static HomeVTable>,
    /// The plain half of the count [C2].
    counted: Cell<isize>,
    /// The atomic half.
    count: AtomicUsize,
    /// For the home thread, where it has no lock. So are the blocks.
    wheel: Wheel<HomeLock>,
    #[cfg(feature = "alloc")]
    blocks: Blocks,
}

impl Head {
    const_new! {
        /// One that nobody has a handle on.
        pub fn new(vtable: &'static HomeVTable) -> Self {
            Self {
                vtable: Cell::new(vtable),
                counted: Cell::new(0),
                count: AtomicUsize::new(BIAS),
                wheel: Wheel::new_in(),
                #[cfg(feature = "alloc")]
                blocks: Blocks::new(),
            }
        }
    }

    /// Has another vtable from now on. There is no handle yet, and nobody else makes one.
    pub fn become_shared(&self, vtable: &'static HomeVTable) {
        self.vtable.set(vtable);
    }

    /// The wheel of the Home. With `std` only for its own thread.
    #[inline]
    pub fn wheel(&self) -> &Wheel<HomeLock> {
        &self.wheel
    }

    /// The memory of its boxed tasks. With `std` only for its own thread.
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// A handle more, on the home thread.
    ///
    /// # Safety
    /// This is the home thread; `head` stands at the beginning of a Home that is `Send + Sync`, stays where it is while it is counted,
    /// and fits its vtable, whose functions do what they say.
    #[inline]
    pub unsafe fn handle(head: NonNull<Self>) -> HomeRef {
        // SAFETY: it is alive (contract).
        unsafe { head.as_ref() }.recount(1);
        HomeRef(head)
    }

    /// Adds the plain half of the count to the atomic one, for the Local that goes, whose own handle is still counted.
    pub fn settle(&self) {
        let counted = self.counted.replace(0);
        // ordering: Relaxed, the Local's own handle goes after this, with Release.
        self.count.fetch_add(counted.cast_unsigned().wrapping_sub(BIAS), Relaxed);
    }

    /// Counts a handle more or less, in the plain half.
    #[inline(always)] // Which of both is known then.
    pub(super) fn recount(&self, one: isize) {
        if COUNTED {
            let counted = self.counted.get() + one;
            self.counted.set(counted);
            if counted * one >= MANY.cast_signed() {
                self.move_over();
            }
        }
    }

    /// Counts in the atomic half what was counted in the plain one, if anybody wants to know.
    #[cold]
    fn move_over(&self) {
        let counted = self.counted.replace(0);
        if self.vtable.get().free.is_none() {
            return;
        }
        // ordering: Relaxed, as in `settle`.
        let before = self.count.fetch_add(counted.cast_unsigned(), Relaxed);
        if counted > 0 && before > MOST {
            self.overflow();
        }
    }

    /// The newest handle does not come to be.
    #[cold]
    fn overflow(&self) -> ! {
        // ordering: Relaxed, takes back what was counted just now.
        self.count.fetch_sub(1, Relaxed);
        stop("too many handles on one executor");
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head").field("count", &self.count).finish_non_exhaustive()
    }
}

/// A counted handle on a Home: what tasks and timers keep of their executor.
pub struct HomeRef(NonNull<Head>);

// SAFETY: a Home is `Send + Sync` (contract of `Head::handle`); what is for its own thread alone has an unsafe door, or asks whether this is it.
unsafe impl Send for HomeRef {}
// SAFETY: as above.
unsafe impl Sync for HomeRef {}

impl HomeRef {
    /// The Home's address.
    #[inline]
    pub fn as_ptr(&self) -> *const () {
        self.0.as_ptr().cast()
    }

    #[inline]
    pub(super) fn head(&self) -> &Head {
        // SAFETY: [C1].
        unsafe { self.0.as_ref() }
    }

    #[inline]
    fn vtable(&self) -> &'static HomeVTable {
        self.head().vtable.get()
    }

    /// Queues `tasks`, in this order.
    ///
    /// # Safety
    /// As for [`queue_at`], for each of them.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) unsafe fn queue_many(&self, tasks: &[NonNull<()>]) {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().queue_many)(self.0, tasks) };
    }

    /// Queues `task` for the next cycle.
    ///
    /// # Safety
    /// As for [`queue_at`].
    #[cfg(feature = "std")]
    pub(crate) unsafe fn queue_later(&self, task: NonNull<()>) {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().queue_later)(self.0, task) };
    }

    /// Puts `task` into the inbox.
    ///
    /// # Safety
    /// `task` is the header of a task of this Home; its word has just answered `Enqueue`; a reference to it outlasts this call.
    pub(crate) unsafe fn send(&self, task: NonNull<()>) {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().send)(self.0, task) };
    }

    /// The handle for any thread: this one.
    #[cfg(not(feature = "std"))]
    pub(crate) fn home(&self) -> &Self {
        self
    }

    /// Its wheel.
    ///
    /// # Safety
    /// With `std`: this is the home thread.
    #[inline]
    pub(super) unsafe fn wheel(&self) -> &Wheel<HomeLock> {
        &self.head().wheel
    }

    /// Whether it takes tasks. Elsewhere than on its thread it may be closed a moment later.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        // SAFETY: [C1].
        unsafe { (self.vtable().is_open)(self.0) }
    }

    /// Hands a new task over.
    ///
    /// # Safety
    /// `task` is the header of a new task with a handle on this Home, its state as it was made. This is the home thread, and it is open.
    #[inline]
    pub(crate) unsafe fn adopt(&self, task: NonNull<()>, priority: Priority) {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().adopt)(self.0, task, priority) };
    }

    /// Hands a new task over that is not to be queued. `false`: it is closed, and the task was cancelled.
    ///
    /// # Safety
    /// As for `adopt`; or it is a pool's, and in its turn.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) unsafe fn admit(&self, task: NonNull<()>) -> bool {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().admit)(self.0, task, Priority::Normal) }
    }

    /// Hands a new task over, from anywhere.
    ///
    /// # Safety
    /// `task` is the header of a new task with a handle on this Home, its state as it was made. Its future and output may go to another
    /// thread.
    #[cfg(not(feature = "std"))]
    pub(crate) unsafe fn send_new(&self, task: NonNull<()>, priority: Priority) {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().send_new)(self.0, task, priority) };
    }

    /// Leaves the Normal tasks that are ready to the next cycle, if there is one under way.
    ///
    /// # Safety
    /// With `std`: this is the home thread.
    pub(super) unsafe fn end_cycle(&self) {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().end_cycle)(self.0) };
    }

    /// Gives turns until `done` says that they need not go on, and puts how that ended into `ended`.
    ///
    /// # Safety
    /// This is the home thread.
    #[cfg(feature = "alloc")]
    pub(super) unsafe fn drive(&self, done: &mut Done<'_>, ended: &mut dyn Any) {
        // SAFETY: [C1], and the contract.
        unsafe { (self.vtable().drive)(self, done, ended) };
    }
}

/// Queues `task` at the Home at this address.
///
/// # Safety
/// That is current, and `task` is the header of a task of it; its own half has just answered `Enqueue`; a reference to it outlasts this call.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) unsafe fn queue_at(home: *const (), task: NonNull<()>) {
    // SAFETY: a Home does not lie at zero.
    let head = unsafe { NonNull::new_unchecked(home.cast_mut()) }.cast::<Head>();
    // SAFETY: [C1], since whoever entered it has a handle.
    let vtable = unsafe { head.as_ref() }.vtable.get();
    // SAFETY: the contract is the same.
    unsafe { (vtable.queue)(head, task) };
}

impl Clone for HomeRef {
    #[inline]
    fn clone(&self) -> Self {
        let head = self.head();
        if is_current(self.as_ptr()) {
            head.recount(1);
        } else if COUNTED && self.vtable().free.is_some() {
            // ordering: Relaxed, who has a handle makes another.
            if head.count.fetch_add(1, Relaxed) > MOST {
                head.overflow();
            }
        }
        Self(self.0)
    }
}

impl Drop for HomeRef {
    #[inline]
    fn drop(&mut self) {
        let head = self.head();
        if is_current(self.as_ptr()) {
            return head.recount(-1);
        }
        if !COUNTED {
            return;
        }
        let Some(free) = self.vtable().free else { return };
        // ordering: Release makes what this handle did visible to the last; Acquire pairs with it there.
        if head.count.fetch_sub(1, AcqRel) == 1 {
            // SAFETY: [C1], and no handle is left.
            unsafe { free(self.0) };
        }
    }
}

impl fmt::Debug for HomeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HomeRef").field(&self.0).finish()
    }
}

impl Clock for HomeRef {
    #[inline]
    fn now(&self) -> Instant {
        // SAFETY: [C1].
        unsafe { (self.vtable().now)(self.0) }
    }
}

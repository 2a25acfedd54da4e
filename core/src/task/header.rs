//! A task's header: the part that is the same for every task, by which its executor, wakers and handle know it.
//!
//! ```text
//!   spawn           start               complete            last reference
//!  -------> queued -------> in its turn -----------> ended ----------------> freed
//!             ^                  |                     ^
//!             |   wake           v                     |
//!             +---------------- waits                  |
//!             |                  |    Local dropped    |
//!             +------------------+---------------------+
//! ```
//! [T1] The header lives while its state counts references ([S4] of `state`); only who drops the last one frees it.
//! [T2] The links of the list of all tasks, the future and the context belong to the home thread, which takes the context when the task ends. The queue link is the queue's ([Q1] of `mpsc`).
//! [T3] Vtable, cell and place of a header fit each other: they were made together.

#![expect(unsafe_code, reason = "counts references to memory of a type that is erased")]

use core::{
    cell::Cell,
    mem::{self, ManuallyDrop},
    ptr::NonNull,
    task::Waker,
};

use super::{
    attributes::TaskInfo,
    state::{Rest, State, Wake},
};
use crate::{
    context::{Context, HomeRef, Priority, is_current},
    sync::UnsafeCell,
    wait::{Link, Linked},
};

/// What one can do with a task of any type. Each function but `free`, `take` and `name` is for the home thread alone.
pub(crate) struct TaskVTable {
    /// Polls the future. `true`: it has ended, and its output stands in the cell.
    pub(crate) poll: unsafe fn(NonNull<Header>) -> bool,
    /// Drops the future, and puts an error in its place.
    pub(crate) cancel: unsafe fn(NonNull<Header>),
    /// Drops the output.
    pub(crate) drop_output: unsafe fn(NonNull<Header>),
    /// Moves the output to the address, which is of an `Option<Result<T, JoinError>>`.
    pub(crate) take: unsafe fn(NonNull<Header>, *mut ()),
    /// Frees the memory, in which neither future nor output stands any more.
    pub(crate) free: unsafe fn(NonNull<Header>),
    /// Its name. For whoever has a reference.
    pub(crate) name: unsafe fn(NonNull<Header>) -> Option<&'static str>,
}

/// What the home thread is doing with a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// Nothing: it was made elsewhere, and is on its way to its home.
    Sent,
    /// Nothing: it waits, is queued, or has ended.
    Waits,
    /// It is in its turn.
    Running,
    /// It is in its turn, and a turn within that one has taken it out of its queue, where it belongs again afterwards.
    Again,
}

/// What is the same for every task, and by which its executor knows it.
// Its preferred node comes to stand here too.
#[repr(C)]
pub struct Header {
    link: Link<Header>,
    pub(super) state: State,
    pub(super) vtable: &'static TaskVTable,
    /// Read by whoever has a reference. In a cell so that a model sees whether the last one comes after all others.
    home: UnsafeCell<ManuallyDrop<HomeRef>>,
    pub(super) older: Cell<Option<NonNull<Header>>>,
    pub(super) newer: Cell<Option<NonNull<Header>>>,
    /// Where the handle leaves its waker: [S5] of `state`.
    join: UnsafeCell<Option<Waker>>,
    /// What the home thread is doing with it.
    pub(super) turn: Cell<Turn>,
    pub(super) priority: Cell<Priority>,
    pub(super) id: Cell<u32>,
    /// What it carries with it until it ends: for the home thread.
    context: Cell<Context>,
}

// SAFETY: [T2] the parts that are not atomic belong to the home thread or to the owner of the queue; `id` and
// `priority` are written before the header is shared.
unsafe impl Send for Header {}
// SAFETY: as above.
unsafe impl Sync for Header {}

// SAFETY: the link is the one in the header, which is aligned as pointers are; on no target that is less than 4.
unsafe impl Linked for Header {
    #[inline]
    fn link(node: NonNull<Self>) -> NonNull<Link<Self>> {
        // `repr(C)`: the link stands first.
        node.cast()
    }
}

impl Header {
    /// A header in the given state, of a task that is in no list.
    #[inline]
    pub(crate) fn new(
        state: State,
        vtable: &'static TaskVTable,
        home: HomeRef,
        context: Context,
    ) -> Self {
        Self {
            link: Link::new(),
            state,
            vtable,
            home: UnsafeCell::new(ManuallyDrop::new(home)),
            older: Cell::new(None),
            newer: Cell::new(None),
            join: UnsafeCell::new(None),
            turn: Cell::new(Turn::Waits),
            priority: Cell::new(Priority::Normal),
            id: Cell::new(0),
            context: Cell::new(context),
        }
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Ends a turn out of which a panic went.
    pub(crate) fn give_up_turn(&self) {
        if self.turn.replace(Turn::Waits) == Turn::Again {
            // It was taken out of its queue, and does not get there again by itself: it counts as not woken.
            let _ = self.state.start();
        }
    }

    /// Changes what stands in the slot of the handle's waker.
    ///
    /// # Safety
    /// The slot is the caller's: [S5] of `state`.
    #[inline]
    pub(crate) unsafe fn swap_waker(&self, waker: Option<Waker>) -> Option<Waker> {
        self.join.with_mut(|slot| {
            // SAFETY: the contract is the same.
            mem::replace(unsafe { &mut *slot }, waker)
        })
    }

    /// Whether the waker in the slot wakes the same as this one.
    ///
    /// # Safety
    /// The slot is the caller's: [S5] of `state`.
    #[inline]
    pub(crate) unsafe fn has_waker(&self, waker: &Waker) -> bool {
        self.join.with(|slot| {
            // SAFETY: the contract is the same.
            let held = unsafe { &*slot };
            held.as_ref().is_some_and(|held| held.will_wake(waker))
        })
    }

    /// What it carries with it.
    ///
    /// # Safety
    /// This is the home thread, and the context is not taken while it is borrowed.
    #[inline]
    pub(super) unsafe fn context(&self) -> &Context {
        // SAFETY: [T2], and the contract.
        unsafe { &*self.context.as_ptr() }
    }

    /// Takes what it carries with it. This is the home thread, and the task has ended.
    pub(super) fn take_context(&self) -> Context {
        self.context.take()
    }

    /// A number that no other task of the same Home has; it comes again after 4,294,967,296 of them.
    pub(crate) fn id(&self) -> u32 {
        self.id.get()
    }

    /// In which queue it stands.
    #[inline]
    pub fn priority(&self) -> Priority {
        self.priority.get()
    }

    #[inline]
    fn home(&self) -> &HomeRef {
        self.home.with(|home| {
            // SAFETY: it is written by `dissolve` alone, when no reference is left.
            unsafe { &*home }
        })
    }

    /// Whether this code runs on the task's home thread, within a turn of its Local.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        is_current(self.home().as_ptr())
    }

    /// Ends the header, and hands its Home over.
    ///
    /// # Safety
    /// No reference is left, and the header is not used again.
    pub(crate) unsafe fn dissolve(task: NonNull<Self>) -> HomeRef {
        // SAFETY: [T1], the header is alive.
        let header = unsafe { task.as_ref() };
        let home = header.home.with_mut(|home| {
            // SAFETY: no reference is left.
            let home = unsafe { &mut *home };
            // SAFETY: the header is not used again.
            unsafe { ManuallyDrop::take(home) }
        });
        // SAFETY: no reference is left. It is the one other field that owns something.
        drop(unsafe { header.swap_waker(None) });
        home
    }
}

/// Queues `task` at its Home if `wake` says so.
///
/// # Safety
/// A reference to the task outlasts this call; `wake` is what its state has just answered.
#[inline]
pub(crate) unsafe fn schedule(task: NonNull<Header>, wake: Wake) {
    if wake == Wake::Enqueue {
        // SAFETY: [T1], the reference.
        let home = unsafe { task.as_ref() }.home();
        // SAFETY: the contract is the same.
        unsafe { home.schedule(task.cast()) };
    }
}

/// Queues `task` at its Home for the next cycle if `wake` says so.
///
/// # Safety
/// As for `schedule`; and this is the home thread.
pub(crate) unsafe fn schedule_later(task: NonNull<Header>, wake: Wake) {
    if wake == Wake::Enqueue {
        // SAFETY: [T1], the reference.
        let home = unsafe { task.as_ref() }.home();
        // SAFETY: the contract is the same.
        unsafe { home.schedule_later(task.cast()) };
    }
}

/// One reference to a task.
pub(crate) struct TaskRef(NonNull<Header>);

// SAFETY: a header is `Send + Sync`, and references are counted atomically.
unsafe impl Send for TaskRef {}
// SAFETY: as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// Takes over a reference that is counted already.
    ///
    /// # Safety
    /// There is one, and nobody else has it.
    #[inline]
    pub(crate) unsafe fn from_raw(task: NonNull<Header>) -> Self {
        Self(task)
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: [T1], the reference.
        unsafe { self.0.as_ref() }
    }

    /// What it is called.
    pub(crate) fn info(&self) -> TaskInfo {
        let header = self.header();
        // SAFETY: [T3], and our reference.
        let name = unsafe { (header.vtable.name)(self.0) };
        TaskInfo { id: header.id(), name, priority: header.priority() }
    }

    /// Moves the output to the address.
    ///
    /// # Safety
    /// The task is complete, the caller is its handle, and the address is of an `Option<Result<T, JoinError>>` of its `T`.
    #[inline]
    pub(crate) unsafe fn take(&self, to: *mut ()) {
        // SAFETY: [T3], and the contract.
        unsafe { (self.header().vtable.take)(self.0, to) };
    }

    /// Asks for the task's end: its future is dropped at its next turn.
    pub(crate) fn cancel(&self) {
        let wake = self.header().state.cancel();
        // SAFETY: our reference outlasts the call.
        unsafe { schedule(self.0, wake) };
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        match self.header().state.release() {
            // SAFETY: that was the last reference.
            Rest::Free => unsafe { free(self.0) },
            Rest::Nothing => {}
        }
    }
}

/// # Safety
/// No reference is left.
pub(crate) unsafe fn free(task: NonNull<Header>) {
    // SAFETY: [T1], nobody has freed it, nobody else will.
    let vtable = unsafe { task.as_ref() }.vtable;
    // SAFETY: [T3], and the contract.
    unsafe { (vtable.free)(task) };
}

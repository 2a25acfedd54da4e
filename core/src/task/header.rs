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
//! [T2] The links of the list of all tasks, its own half of the state, the future and the context belong to the home thread, which takes the context when the task ends. Each
//!      queue link is its queue's ([Q1] of `mpsc`).
//! [T3] Vtable, cell and place of a header fit each other: they were made together.

#![expect(unsafe_code, reason = "counts references to memory of a type that is erased")]

use core::{
    cell::Cell,
    hint,
    mem::ManuallyDrop,
    ptr::{self, NonNull},
};

use super::{
    own::Own,
    slot::Slot,
    state::{Complete, Receive, Rest, State},
    tag::{self, AtHome, HAS_TAGS},
};
use crate::{
    context::{Context, HomeRef, Priority, is_current},
    dag,
    sync::UnsafeCell,
    wait::{Link, Linked},
};

/// What one can do with a task of any type. Each function but `free`, `take` and `name` is for the home thread alone.
pub(crate) struct TaskVTable {
    /// Polls the future.
    pub(crate) poll: unsafe fn(NonNull<Header>) -> Polled,
    /// Drops the future, and puts an error in its place.
    pub(crate) cancel: unsafe fn(NonNull<Header>),
    /// Drops the output.
    pub(crate) drop_output: unsafe fn(NonNull<Header>),
    /// Moves the output to the address, which is of a `Result<T, JoinError>`. For the handle, once, when the task is complete.
    pub(crate) take: unsafe fn(NonNull<Header>, *mut ()),
    /// Frees the memory, in which neither future nor output stands any more.
    pub(crate) free: unsafe fn(NonNull<Header>),
    /// Its name. For whoever has a reference.
    pub(crate) name: unsafe fn(NonNull<Header>) -> Option<&'static str>,
}

/// What became of a poll.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Polled {
    /// The future waits.
    Waits,
    /// It has ended and is dropped; its output stands in the cell.
    Ended,
    /// It has ended and is dropped, and so is its output, which nobody wanted.
    Done,
}

/// What is the same for every task, and by which its executor knows it.
// What wakes and turns touch stands last, before the future: it and the first of a small future are in two lines of a cache, wherever a block begins. And
// what a wake touches, which is its Home and `own`, lies in one, since blocks begin at multiples of 16.
// Its preferred node comes to stand here too.
#[repr(C)]
pub struct Header {
    link: Link<Header>,
    pub(super) older: Cell<Option<NonNull<Header>>>,
    pub(super) newer: Cell<Option<NonNull<Header>>>,
    sent: Link<Header>,
    /// Where the handle leaves its waker: [S5] of `state`.
    pub(super) slot: Slot,
    /// By what it is written down.
    pub(super) node: dag::Task,
    /// Read by whoever has a reference. In a cell so that a model sees whether the last one comes after all others.
    home: UnsafeCell<ManuallyDrop<HomeRef>>,
    /// Where it is not tagged.
    own: Own,
    /// Whether it has a [tag], with its own half.
    tagged: bool,
    pub(super) priority: Cell<Priority>,
    #[cfg(feature = "alloc")]
    pub(super) id: Cell<u32>,
    pub(super) vtable: &'static TaskVTable,
    /// What it carries with it until it ends: for the home thread.
    context: Cell<Context>,
    pub(super) state: State,
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

/// The kind of the inbox, whose link is another than that of the queues of a Local.
#[derive(Debug)]
pub struct Sent;

// SAFETY: as above, and it is another link.
unsafe impl Linked<Sent> for Header {
    #[inline]
    fn link(node: NonNull<Self>) -> NonNull<Link<Self>> {
        // SAFETY: it points into a header, alive or not: only the address is formed.
        let link = unsafe { &raw mut (*node.as_ptr()).sent };
        // SAFETY: no part of a header lies at zero.
        unsafe { NonNull::new_unchecked(link) }
    }
}

impl Header {
    /// Where the part begins that wakes and turns touch.
    #[cfg(feature = "std")]
    pub(super) const HOT: usize = core::mem::offset_of!(Self, home);

    /// A header in the given state, of a task that is in no list.
    #[inline]
    pub(super) fn new(
        (state, own): (State, Own),
        tagged: bool,
        vtable: &'static TaskVTable,
        home: HomeRef,
        context: Context,
        node: dag::Task,
    ) -> Self {
        Self {
            link: Link::new(),
            sent: Link::new(),
            state,
            vtable,
            home: UnsafeCell::new(ManuallyDrop::new(home)),
            older: Cell::new(None),
            newer: Cell::new(None),
            slot: Slot::new(),
            own,
            tagged,
            priority: Cell::new(Priority::Normal),
            #[cfg(feature = "alloc")]
            id: Cell::new(0),
            node,
            context: Cell::new(context),
        }
    }

    /// The word that everybody knows.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Whether it has a tag.
    #[inline(always)]
    pub(super) fn is_tagged(&self) -> bool {
        HAS_TAGS && self.tagged
    }

    /// The home thread's half of its state. This is the home thread.
    #[inline(always)]
    pub(super) fn own(&self) -> &Own {
        if self.is_tagged() {
            // SAFETY: it is tagged, and alive.
            return unsafe { tag::own(ptr::from_ref(self).addr()) };
        }
        hint::cold_path();
        &self.own
    }

    /// It has left the inbox. This is the home thread.
    #[inline]
    pub(super) fn receive(&self) -> Receive {
        self.state.receive(self.own())
    }

    /// A new task is not queued, but on its way to the inbox. Nobody else has seen it.
    pub(super) fn count_as_sent(&self) {
        self.state.count_as_sent(self.own());
    }

    /// Whether a handle wants the output. If not, none ever will.
    #[inline]
    pub(super) fn is_joined(&self) -> bool {
        self.state.is_joined()
    }

    /// Ends the task: see [`State::complete`]. This is the home thread.
    #[inline(always)]
    pub(super) fn complete(&self, output_dropped: bool) -> Complete {
        self.state.complete(self.own(), &self.slot, output_dropped)
    }

    /// Ends a pooled task: see [`State::finish`].
    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn finish(&self, output_dropped: bool) -> Complete {
        self.state.finish(&self.slot, output_dropped)
    }

    /// Whether it has ended. This is the home thread.
    pub(super) fn has_ended(&self) -> bool {
        self.own().has_ended()
    }

    /// Gives up the root's reference of its Local. This is the home thread.
    pub(super) fn retire(&self) -> Rest {
        self.state.retire(self.own())
    }

    /// One more reference.
    #[inline]
    pub(super) fn retain(&self) {
        if self.is_here() {
            self.state.retain_here(self.own());
        } else {
            self.state.retain();
        }
    }

    /// The same of a task that is not tagged, and its Home, if this is that thread.
    #[inline(always)]
    pub(super) fn untagged_here(&self) -> Option<AtHome<'_>> {
        let home = self.home().as_ptr();
        is_current(home).then_some((&self.own, home))
    }

    /// The home thread's half of its state, if this is that thread.
    #[inline]
    pub(super) fn own_here(&self) -> Option<&Own> {
        self.is_here().then_some(self.own())
    }

    /// Ends a turn out of which a panic went. This is the home thread.
    pub(super) fn give_up_turn(&self) {
        if self.own().pause() {
            // It was taken out of its queue, and does not get there again by itself: it counts as not woken.
            self.own().leave_queue();
        }
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
    #[cfg(feature = "alloc")]
    pub(crate) fn id(&self) -> u32 {
        self.id.get()
    }

    /// A number that no other living task has. Without `alloc` it is of the place: a task that comes to stand there later has the same.
    #[cfg(not(feature = "alloc"))]
    pub(crate) fn id(&self) -> u32 {
        core::ptr::from_ref(self).addr() as u32
    }

    /// In which queue it stands.
    #[inline]
    pub fn priority(&self) -> Priority {
        self.priority.get()
    }

    #[inline]
    pub(super) fn home(&self) -> &HomeRef {
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
        // Who ended it has left it: a model sees whether that is so.
        let _ = header.own().has_ended();
        header.home.with_mut(|home| {
            // SAFETY: no reference is left.
            let home = unsafe { &mut *home };
            // SAFETY: the header is not used again.
            unsafe { ManuallyDrop::take(home) }
        })
    }
}

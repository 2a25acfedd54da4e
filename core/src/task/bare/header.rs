//! A task's header: the part that is the same for every task, by which its Home, wakers and handle know it.
//!
//! | flags                  | `queue` | means                                                                  | a wake     | left by                       |
//! |------------------------|---------|------------------------------------------------------------------------|------------|-------------------------------|
//! | none                   | `None`  | the place is nobody's                                                  | is nothing | a spawn: -> CLAIMED           |
//! | CLAIMED                | `None`  | a future is being written                                              | is nothing | `adopt`: -> LIVE, queued      |
//! | LIVE                   | `Some`  | it waits, or is in its turn                                            | queues it: -> `None` | its end             |
//! | LIVE                   | `None`  | it is in a queue of its Home                                           | is nothing | its turn: -> `Some`           |
//! | GHOST                  | `None`  | it has ended, and is in a queue still                                  | is nothing | its turn                      |
//! | HANDLE, beside others  |         | there is a handle                                                      |            | the handle goes               |
//! | ENDED + HANDLE         | `None`  | it has ended, and the output is the handle's                           | is nothing | the handle goes               |
//! | CANCELLED, beside LIVE |         | its next turn drops the future                                         |            | its end                       |
//! | LOW, beside LIVE       |         | its queue is that of the Low ones                                      |            | its end                       |
//! | HELD, beside LIVE      |         | it is in its turn, in which others have theirs: it gets none meanwhile |            | those are over                |
//!
//! A waker counts nothing: a header is in a static and lives for ever, and what an old waker wakes is whoever stands there now, once too often, which
//! the contract of wakers allows. So a place is free again when its task has ended, has left its queue, and its handle is gone: no flag is left.
//!
//! [H1] A [`Task`] names a header in a static, by a pointer that may be led back to all that stands behind it.
//! [H2] Link, flags and `queue` are changed under a mask alone. `queue` is `Some` only for what is LIVE and in no queue (nor in a chain of whoever took all of
//!      one), or has left one just now: to wake is to take it, and to stand in that queue. Both are in statics.
//! [H3] Future and output are the home thread's while it is LIVE; the output is the handle's while it is ENDED; all is the spawning side's while it is CLAIMED. What
//!      stands in `call` fits what stands behind the header meanwhile.
//! [H4] What is LIVE or a GHOST has a `call`. `turn` is the home thread's while it is LIVE or a GHOST; the spawning side's while it is CLAIMED.

#![expect(unsafe_code, reason = "names what stands in statics, and shares what one thread owns")]

use core::{
    cell::Cell,
    ops::Deref,
    ptr::{self, NonNull},
    task::Waker,
};

use super::queue::Queue;
use crate::{
    const_new,
    context::{Priority, TaskInfo},
    dag,
    mask::{Mask, Masked, masked},
    sync::UnsafeCell,
    wait::{Link, Linked},
};

pub(super) const LIVE: u8 = 1;
pub(super) const HANDLE: u8 = 1 << 1;
pub(super) const ENDED: u8 = 1 << 2;
pub(super) const LOW: u8 = 1 << 3;
pub(super) const CLAIMED: u8 = 1 << 4;
// From here on those with which a turn is no ordinary one.
pub(super) const CANCELLED: u8 = 1 << 5;
pub(super) const HELD: u8 = 1 << 6;
pub(super) const GHOST: u8 = 1 << 7;

/// What a task is asked for: its turn is said by its flags.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(in crate::task) struct Ask(usize);

impl Ask {
    /// To drop its future.
    pub(super) const CANCEL: Self = Self(CANCELLED as usize);
    /// To drop its output, which nobody wants.
    pub(super) const DROP_OUTPUT: Self = Self(1 << 8);
    /// For its name.
    pub(super) const NAME: Self = Self(1 << 9);

    /// To have a turn, its flags being these.
    #[inline(always)]
    pub(super) const fn turn(flags: u8) -> Self {
        Self(flags as usize)
    }

    /// Whether it is anything but to be polled.
    #[inline(always)]
    pub(in crate::task) const fn is_rare(self) -> bool {
        self.0 >= CANCELLED as usize
    }

    #[inline(always)]
    pub(super) const fn has(self, flag: u8) -> bool {
        self.0 & flag as usize != 0
    }
}

/// What a task answers: as wide as a register.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(in crate::task) struct Answer(*const Name);

/// The name of a task, in a static.
pub(in crate::task) type Name = Option<&'static str>;

impl Answer {
    /// Its future waits, or there was nothing to answer.
    pub(in crate::task) const WAITS: Self = Self(ptr::null());
    /// Its future is dropped, and its output stands in its place, and is to be dropped.
    pub(super) const KEPT: Self = Self(ptr::without_provenance(1));
    /// Its future is dropped, and of its output nothing is left that is to be dropped.
    pub(super) const DROPPED: Self = Self(ptr::without_provenance(2));

    /// It was asked for its name.
    #[inline(always)]
    pub(in crate::task) const fn name(name: &'static Name) -> Self {
        Self(name)
    }
}

/// How a task is asked. But for its name, that is for the home thread.
pub(super) type Call = unsafe fn(Task, Ask) -> Answer;

/// What the home thread has done with a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Nothing that is to be remembered.
    Waits,
    /// It has taken it out of its queue while it was HELD. It belongs there again afterwards, and `queue` is `None` until then.
    Again,
    /// Its future is dropped, or about to be.
    Gone,
}

/// What is the same for every task.
#[repr(C)]
pub struct Header {
    link: Link<Header>,
    flags: Masked<u8>,
    pub(super) turn: Cell<Turn>,
    call: Masked<Option<Call>>,
    /// Where a wake queues it.
    queue: Masked<Option<NonNull<Queue<Header>>>>,
    /// The next older task of the Home.
    pub(super) older: Masked<Option<Task>>,
    /// Who awaits the end.
    join: Masked<Option<Waker>>,
    node: Masked<dag::Task>,
    /// No memory at all: by it a model sees who has what stands behind the header.
    pub(super) owned: UnsafeCell<()>,
}

// SAFETY: [H4] says whose `turn` is, [H2] the link; all else is `Sync`.
unsafe impl Sync for Header {}
// SAFETY: what is in it may go anywhere.
unsafe impl Send for Header {}

// SAFETY: the link is the one in the header, which is aligned as pointers are; on no target that is less than 4.
unsafe impl Linked for Header {
    #[inline(always)]
    fn link(node: NonNull<Self>) -> NonNull<Link<Self>> {
        // `repr(C)`: the link stands first.
        node.cast()
    }
}

/// Names a header [H1].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Task(NonNull<Header>);

// SAFETY: a header is `Send + Sync`.
unsafe impl Send for Task {}
// SAFETY: as above.
unsafe impl Sync for Task {}

impl Deref for Task {
    type Target = Header;

    #[inline(always)]
    fn deref(&self) -> &Header {
        // SAFETY: [H1].
        unsafe { self.0.as_ref() }
    }
}

impl Task {
    /// Names the header at `header`.
    ///
    /// # Safety
    /// [H1].
    #[inline(always)]
    pub(in crate::task) unsafe fn new(header: NonNull<Header>) -> Self {
        Self(header)
    }

    #[inline(always)]
    pub(in crate::task) fn as_ptr(self) -> NonNull<Header> {
        self.0
    }

    /// Names it, and tells its number and priority.
    pub(super) fn info(self) -> TaskInfo {
        let name = self.call().and_then(|call| {
            // SAFETY: [H3], and anyone may ask for a name.
            let answer = unsafe { call(self, Ask::NAME) };
            // SAFETY: who is asked for a name answers one in a static, or null.
            unsafe { answer.0.as_ref() }.copied().flatten()
        });
        TaskInfo { id: self.id(), name, priority: self.priority(), node: self.node() }
    }
}

impl Header {
    const_new! {
        /// Of a place in which nothing stands.
        pub(in crate::task) fn new() -> Self {
            Self {
                link: Link::new(),
                flags: Masked::new(0),
                turn: Cell::new(Turn::Waits),
                call: Masked::new(None),
                queue: Masked::new(None),
                owned: UnsafeCell::new(()),
                older: Masked::new(None),
                join: Masked::new(None),
                node: Masked::new(dag::Task::NONE),
            }
        }
    }

    /// Takes a place in which nothing stands, for what fits `call`. `false`: something does.
    #[inline(never)] // It is called wherever something is spawned.
    pub(in crate::task) fn claim(&self, call: Call) -> bool {
        let claimed = masked(|mask| {
            let free = self.flags.get(mask) == 0;
            if free {
                self.flags.set(mask, CLAIMED);
                self.call.set(mask, Some(call));
            }
            free
        });
        if claimed {
            self.owned.with_mut(|_| ());
            self.turn.set(Turn::Waits);
        }
        claimed
    }

    /// It is written down by this. Its place is CLAIMED.
    #[inline(always)]
    pub(in crate::task) fn note(&self, node: dag::Task) {
        if size_of::<dag::Task>() != 0 {
            masked(|mask| self.node.set(mask, node));
        }
    }

    /// It is asked by `call` from now on.
    pub(super) fn set_call(&self, mask: Mask<'_>, call: Call) {
        self.call.set(mask, Some(call));
    }

    /// Where a wake queues it: `None`, and it does not any more.
    #[inline(always)]
    pub(super) fn take_queue(&self, mask: Mask<'_>) -> Option<&'static Queue<Header>> {
        // SAFETY: [H2] it is in a static.
        self.queue.take(mask).map(|queue| unsafe { queue.as_ref() })
    }

    /// A wake queues it there from now on.
    #[inline(always)]
    pub(super) fn set_queue(&self, mask: Mask<'_>, queue: &'static Queue<Header>) {
        self.queue.set(mask, Some(NonNull::from(queue)));
    }

    /// What it says as it has left its queue.
    #[inline(always)]
    pub(super) fn leave_queue(&self, mask: Mask<'_>) -> (u8, Option<Call>) {
        (self.flags.get(mask), self.call.get(mask))
    }

    /// It lives no more, and these flags are left; and GHOST, if it is in a queue.
    #[inline(always)]
    pub(super) fn die(&self, mask: Mask<'_>, flags: u8) {
        let ghost = if self.take_queue(mask).is_none() { GHOST } else { 0 };
        self.flags.set(mask, flags | ghost);
    }

    #[inline(always)]
    pub(super) fn flags_in(&self, mask: Mask<'_>) -> u8 {
        self.flags.get(mask)
    }

    #[inline]
    pub(super) fn flags(&self) -> u8 {
        masked(|mask| self.flags.get(mask))
    }

    #[inline(always)]
    pub(super) fn set_flags(&self, mask: Mask<'_>, flags: u8) {
        self.flags.set(mask, flags);
    }

    pub(super) fn call(&self) -> Option<Call> {
        masked(|mask| self.call.get(mask))
    }

    /// Who awaits the end.
    pub(super) fn join(&self) -> &Masked<Option<Waker>> {
        &self.join
    }

    /// By what it is written down.
    #[inline(always)]
    pub(super) fn node(&self) -> dag::Task {
        // Where nothing is, nobody is to be kept out.
        if size_of::<dag::Task>() == 0 {
            dag::Task::NONE
        } else {
            masked(|mask| self.node.get(mask))
        }
    }

    /// A number that no other living task has. It is of the place: a task that comes to stand there later has the same.
    pub(crate) fn id(&self) -> u32 {
        core::ptr::from_ref(self).addr() as u32
    }

    /// In which queue it stands.
    pub fn priority(&self) -> Priority {
        if self.flags() & LOW == 0 { Priority::Normal } else { Priority::Low }
    }
}

//! A task's header: the part that is the same for every task, by which its Home, wakers and handle know it.
//!
//! | flags                  | means                                                                  | a wake     | left by                       |
//! |------------------------|------------------------------------------------------------------------|------------|-------------------------------|
//! | none                   | the place is nobody's                                                  | is nothing | a spawn: -> CLAIMED           |
//! | CLAIMED                | a future is being written                                              | is nothing | `adopt`: -> LIVE + QUEUED     |
//! | LIVE                   | it waits, or is in its turn                                            | -> QUEUED  | its end                       |
//! | LIVE + QUEUED          | it is in a queue of its Home                                           | is nothing | its turn                      |
//! | QUEUED                 | it has ended, and is in a queue still                                  | is nothing | its turn                      |
//! | HANDLE, beside others  | there is a handle                                                      |            | the handle goes               |
//! | ENDED + HANDLE         | it has ended, and the output is the handle's                           | is nothing | the handle goes               |
//! | CANCELLED, beside LIVE | its next turn drops the future                                         |            | its end                       |
//! | LOW, beside LIVE       | its queue is that of the Low ones                                      |            | its end                       |
//! | HELD, beside LIVE      | it is in its turn, in which others have theirs: it gets none meanwhile |            | those are over                |
//!
//! A waker counts nothing: a header is in a static and lives for ever, and what an old waker wakes is whoever stands there now, once too often, which
//! the contract of wakers allows. So a place is free again when its task has ended, has left its queue, and its handle is gone.
//!
//! [H1] A [`Task`] names a header in a static, by a pointer that may be led back to all that stands behind it.
//! [H2] Link and flags are changed under a mask alone. A header stands in a queue of its Home where it is QUEUED (or in a chain of whoever took all of one,
//!      or is in its turn).
//! [H3] Future and output are the home thread's while it is LIVE; the output is the handle's while it is ENDED; all is the spawning side's while it is CLAIMED. What
//!      stands in `call` fits what stands behind the header meanwhile.
//! [H4] What is LIVE has a `call` and a Home. `turn` is the home thread's while it is LIVE or QUEUED; the spawning side's while it is CLAIMED.

#![expect(unsafe_code, reason = "names what stands in statics, and shares what one thread owns")]

use core::{cell::Cell, ops::Deref, ptr::NonNull, task::Waker};

use crate::{
    const_new,
    context::{HomeRef, Priority, TaskInfo},
    dag,
    mask::{Mask, Masked, masked},
    sync::UnsafeCell,
    wait::{Link, Linked},
};

pub(super) const QUEUED: u8 = 1;
pub(super) const LIVE: u8 = 1 << 1;
pub(super) const HANDLE: u8 = 1 << 2;
pub(super) const ENDED: u8 = 1 << 3;
pub(super) const CANCELLED: u8 = 1 << 4;
pub(super) const LOW: u8 = 1 << 5;
pub(super) const CLAIMED: u8 = 1 << 6;
pub(super) const HELD: u8 = 1 << 7;

/// What a task is asked for.
pub(in crate::task) enum Ask<'a> {
    /// To be polled.
    Poll,
    /// To drop its future.
    Cancel,
    /// To drop its output, which nobody wants.
    DropOutput,
    /// For its name.
    Name(&'a mut Option<&'static str>),
}

/// What a task answers.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)] // As wide as a register.
pub(in crate::task) enum Answer {
    /// Its future waits, or there was nothing to answer.
    Waits,
    /// Its future is dropped, and its output stands in its place.
    Kept,
    /// Both are dropped.
    Dropped,
}

/// How a task is asked. But for its name, that is for the home thread.
pub(super) type Call = unsafe fn(Task, Ask<'_>) -> Answer;

/// What the home thread has done with a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Nothing that is to be remembered.
    Waits,
    /// It has taken it out of its queue while it was HELD. It stays QUEUED.
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
    home: Masked<Option<HomeRef>>,
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
        let call = masked(|mask| self.call.get(mask));
        let mut name = None;
        if let Some(call) = call {
            // SAFETY: [H3], and anyone may ask for a name.
            let _ = unsafe { call(self, Ask::Name(&mut name)) };
        }
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
                home: Masked::new(None),
                owned: UnsafeCell::new(()),
                older: Masked::new(None),
                join: Masked::new(None),
                node: Masked::new(dag::Task::NONE),
            }
        }
    }

    /// Takes a place in which nothing stands. `false`: something does.
    pub(in crate::task) fn claim(&self) -> bool {
        masked(|mask| {
            let free = self.flags.get(mask) == 0;
            if free {
                self.flags.set(mask, CLAIMED);
            }
            free
        })
    }

    /// What stands behind it is from now on what fits `call`; there is a handle. Its place is CLAIMED.
    pub(in crate::task) fn fill(&self, call: Call, node: dag::Task) {
        self.owned.with_mut(|_| ());
        self.turn.set(Turn::Waits);
        masked(|mask| {
            self.call.set(mask, Some(call));
            self.node.set(mask, node);
        });
    }

    /// Its Home.
    #[inline(always)]
    pub(super) fn home_in(&self, mask: Mask<'_>) -> Option<HomeRef> {
        self.home.get(mask)
    }

    /// It is one of `home` from now on.
    #[inline(always)]
    pub(super) fn settle(&self, mask: Mask<'_>, home: HomeRef) {
        self.home.set(mask, Some(home));
    }

    /// It is asked by `call` from now on.
    pub(super) fn set_call(&self, mask: Mask<'_>, call: Call) {
        self.call.set(mask, Some(call));
    }

    /// It has left its queue. What it said then. If it is HELD it stays QUEUED, so that nobody else queues it.
    #[inline(always)]
    pub(super) fn leave_queue(&self, mask: Mask<'_>) -> (u8, Option<Call>) {
        let flags = self.flags.get(mask);
        const { assert!(HELD >> 7 == QUEUED) };
        self.flags.set(mask, flags & !QUEUED | flags >> 7);
        (flags, self.call.get(mask))
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

    /// How it is asked, in a mask of its caller's.
    #[inline(always)]
    pub(super) fn call_in(&self, mask: Mask<'_>) -> Option<Call> {
        self.call.get(mask)
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

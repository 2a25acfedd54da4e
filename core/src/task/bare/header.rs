//! A task's header: the part that is the same for every task, by which its Home, wakers and handle know it.
//!
//! | flags                  | `queue` | `turn`     | means                                                                  | a wake     | left by                       |
//! |------------------------|---------|------------|------------------------------------------------------------------------|------------|-------------------------------|
//! | none                   | none    | nothing    | the place is nobody's                                                  | is nothing | a spawn: -> CLAIMED; `start`: -> LIVE, then queued |
//! | none                   | open    | nothing    | it has ended, and is about to leave                                    | queues it: -> shut | its end: -> none      |
//! | none                   | shut    | nothing    | it has ended, and is in a queue still                                  | is nothing | its turn: -> none             |
//! | CLAIMED                | none    |            | a future is being written                                              | is nothing | `adopt`: -> LIVE, then queued |
//! | LIVE                   | open    | polls it   | it waits, or is in its turn                                            | queues it: -> shut | its end               |
//! | LIVE                   | shut    | polls it   | it is in a queue of its Home                                           | is nothing | its turn: -> open             |
//! | HANDLE, beside others  |         |            | there is a handle                                                      |            | the handle goes               |
//! | ENDED + HANDLE         | none, or shut | nothing | it has ended, and the output, if it was not CANCELLED, is the handle's | is nothing | the handle goes            |
//! | CANCELLED, beside LIVE |         | drops the future |                                                                  |            | its end                       |
//! | LOW, beside LIVE       |         |            | its queue is that of the Low ones                                      |            | its end                       |
//! | HELD, beside LIVE      |         | puts it off | it is in its turn, in which others have theirs: it gets none meanwhile |           | those are over                |
//! | AGAIN, beside HELD     | shut    |            | it was put off: it belongs into its queue again afterwards             | is nothing | likewise                      |
//!
//! What a turn does stands in `turn`: so a turn asks no flag, and what a CANCELLED or HELD task does in it is in the program of who makes one alone.
//!
//! A waker counts nothing: a header is in a static and lives for ever, and what an old waker wakes is whoever stands there now, once too often, which
//! the contract of wakers allows. So a place is free again when its task has ended, has left its queue, and its handle is gone.
//!
//! [H1] A [`Task`] names a header in a static, by a pointer that may be led back to all that stands behind it.
//! [H2] Link, flags, `turn` and `queue` are changed under a mask alone. `queue` names one in a static, or none. It is open only for what is in no queue (nor in a chain of
//!      whoever took all of one), and is LIVE, or has left one just now: to wake is to shut it, and to stand in that queue. Nobody has a waker of what was never LIVE.
//! [H3] Future and output are the home thread's while it is LIVE; the output is the handle's while it is ENDED; all is the spawning side's while it is CLAIMED, or until `start` returns. What
//!      stands in `rest` fits what stands behind the header meanwhile.
//! [H4] What was ever CLAIMED or LIVE has a `turn`. `gone` is the home thread's while it is LIVE; the spawning side's while it is CLAIMED.
//! [H5] A place is in the list of all from the moment in which it has a `turn`, for ever: `older` is set once. The root's is not.

#![expect(unsafe_code, reason = "names what stands in statics, and shares what one thread owns")]

use core::{
    cell::Cell,
    hint,
    ops::Deref,
    ptr::{self, NonNull},
    task::Waker,
};

use super::queue::Queue;
use crate::{
    const_new,
    context::{HomeRef, Priority},
    dag,
    mask::{Mask, Masked, masked},
    shared_static,
    sync::UnsafeCell,
    wait::{Link, Linked},
};

pub(super) const LIVE: u8 = 1;
pub(super) const HANDLE: u8 = 1 << 1;
pub(super) const ENDED: u8 = 1 << 2;
pub(super) const LOW: u8 = 1 << 3;
pub(super) const CLAIMED: u8 = 1 << 4;
pub(super) const CANCELLED: u8 = 1 << 5;
pub(super) const HELD: u8 = 1 << 6;
pub(super) const AGAIN: u8 = 1 << 7;

// The newest place of all.
shared_static!(static PLACES: Masked<Option<Task>> = Masked::new(None));

/// In the address of its queue: a wake does not queue it. Alone: it is not in one either.
const SHUT: usize = 1;

/// What is called in a turn: it polls the task, say, and has it count as ended if it is ready. For the home thread.
pub(super) type Turn = unsafe fn(Task);

/// What there is to know of a task by its type.
#[derive(Clone, Copy)]
pub(in crate::task) struct Kind {
    /// Polls it, in its turn.
    pub(super) poll: Turn,
    /// Does what else is asked, if there is anything to be done.
    pub(super) rest: Option<Rest>,
}

/// What is called for all but a poll.
pub(super) type Rest = unsafe fn(Task, Ask<'_>);

/// What a task is asked, beside to be polled.
pub(super) enum Ask<'a> {
    /// To drop its future. It is the turn, and the future has not been dropped.
    Drop,
    /// What it is called. It may be asked anywhere, of what was LIVE.
    Name(&'a mut Option<&'static str>),
}

/// What is the same for every task.
#[repr(C)]
pub struct Header {
    link: Link<Header>,
    turn: Masked<Option<Turn>>,
    /// Where a wake queues it, and whether.
    queue: Masked<Way>,
    /// The next older place in the list of all.
    older: Masked<Option<Task>>,
    rest: Masked<Option<Rest>>,
    /// Who awaits the end.
    join: Masked<Option<Waker>>,
    flags: Masked<u8>,
    /// Whether its future is dropped, or about to be.
    pub(super) gone: Cell<bool>,
    node: Masked<dag::Task>,
    /// No memory at all: by it a model sees who has what stands behind the header.
    pub(super) owned: UnsafeCell<()>,
}

/// The address of a queue; with SHUT, if it is not open.
#[derive(Clone, Copy)]
struct Way(*const Queue<Header>);

// SAFETY: a queue is for everyone.
unsafe impl Send for Way {}

impl Way {
    const NONE: Self = Self(ptr::without_provenance(SHUT));
}

// SAFETY: [H4] says whose `gone` is, [H2] the link; all else is `Sync`.
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

    /// Takes a place in which nothing stands, for what is of this kind. `false`: something does.
    #[inline(never)] // It is called wherever something is spawned.
    pub(in crate::task) fn claim(self, kind: Kind) -> bool {
        let claimed = masked(|mask| {
            let claimed = self.occupy(mask, kind);
            if claimed {
                self.flags.set(mask, CLAIMED);
            }
            claimed
        });
        if claimed {
            self.owned.with_mut(|_| ());
            self.gone.set(false);
        }
        claimed
    }

    /// As `claim`, in a mask of its caller's, in which it is made CLAIMED or LIVE.
    #[inline(always)]
    pub(super) fn occupy(self, mask: Mask<'_>, kind: Kind) -> bool {
        let free = self.is_free(mask);
        if free {
            // [H5]
            if self.turn.get(mask).is_none() {
                self.older.set(mask, PLACES.replace(mask, Some(self)));
            }
            self.set_kind(mask, kind);
            // Of who stood there before, until who comes is written down.
            self.node.set(mask, dag::Task::NONE);
        }
        free
    }

    /// The place in the list of all in which a task has ever stood, behind `newer`, or the first.
    pub(super) fn next_older(mask: Mask<'_>, newer: Option<Self>) -> Option<Self> {
        match newer {
            Some(newer) => newer.older.get(mask),
            None => PLACES.get(mask),
        }
    }
}

impl Header {
    const_new! {
        /// Of a place in which nothing stands.
        pub(in crate::task) fn new() -> Self {
            Self {
                link: Link::new(),
                turn: Masked::new(None),
                queue: Masked::new(Way(ptr::null())),
                older: Masked::new(None),
                rest: Masked::new(None),
                join: Masked::new(None),
                flags: Masked::new(0),
                gone: Cell::new(false),
                node: Masked::new(dag::Task::NONE),
                owned: UnsafeCell::new(()),
            }
        }
    }

    /// Whether nothing stands in a place.
    #[inline(always)]
    fn is_free(&self, mask: Mask<'_>) -> bool {
        self.flags.get(mask) == 0 && self.queue.get(mask).0.addr() <= SHUT
    }

    /// It is written down by this. Its place is CLAIMED.
    #[inline(always)]
    pub(in crate::task) fn note(&self, node: dag::Task) {
        if size_of::<dag::Task>() != 0 {
            masked(|mask| self.node.set(mask, node));
        }
    }

    /// It is of this kind from now on.
    #[inline(always)]
    pub(super) fn set_kind(&self, mask: Mask<'_>, kind: Kind) {
        self.set_turn(mask, kind.poll);
        self.rest.set(mask, kind.rest);
    }

    /// What is called for all but a poll, if there is anything to be done.
    #[inline(always)]
    pub(super) fn rest(&self, mask: Mask<'_>) -> Option<Rest> {
        self.rest.get(mask)
    }

    /// What is called in its turn.
    ///
    /// # Safety
    /// [H4], there is something.
    #[inline(always)]
    pub(super) unsafe fn turn(&self, mask: Mask<'_>) -> Turn {
        // SAFETY: the contract.
        unsafe { self.turn.get(mask).unwrap_unchecked() }
    }

    /// This is called in its turn from now on.
    #[inline(always)]
    pub(super) fn set_turn(&self, mask: Mask<'_>, turn: Turn) {
        self.turn.set(mask, Some(turn));
    }

    /// Where a wake queues it: it is shut then. `None`: it is.
    #[inline(always)]
    pub(super) fn shut(&self, mask: Mask<'_>) -> Option<&'static Queue<Header>> {
        let Way(way) = self.queue.get(mask);
        if way.addr() & SHUT != 0 {
            return None;
        }
        self.queue.set(mask, Way(way.map_addr(|address| address | SHUT)));
        // SAFETY: [H2] it names one: whoever wakes it has a waker, or has seen that it is LIVE.
        unsafe { hint::assert_unchecked(!way.is_null()) };
        // SAFETY: as above, and that is in a static.
        Some(unsafe { &*way })
    }

    /// Whether a wake would queue it there.
    #[inline(always)]
    pub(super) fn waits_for(&self, mask: Mask<'_>, queue: &Queue<Header>) -> bool {
        ptr::eq(self.queue.get(mask).0, queue)
    }

    /// A wake queues it there from now on.
    #[inline(always)]
    pub(super) fn open(&self, mask: Mask<'_>, queue: &'static Queue<Header>) {
        self.queue.set(mask, Way(queue));
    }

    /// A wake queues it again, where it did before.
    #[inline(always)]
    pub(super) fn reopen(&self, mask: Mask<'_>) {
        let Way(way) = self.queue.get(mask);
        self.queue.set(mask, Way(way.map_addr(|address| address & !SHUT)));
    }

    /// Whose queue a wake puts it into, or would: the Home's in which it is LIVE.
    pub(super) fn home(&self, mask: Mask<'_>) -> Option<HomeRef> {
        let way = self.queue.get(mask).0.map_addr(|address| address & !SHUT);
        // SAFETY: [H2] it is null, or names one in a static.
        unsafe { way.as_ref() }.and_then(|queue| queue.home(mask))
    }

    /// Whether it is in a queue, or was taken out of one and is not opened again.
    #[inline(always)]
    pub(super) fn is_queued(&self, mask: Mask<'_>) -> bool {
        let address = self.queue.get(mask).0.addr();
        address & SHUT != 0 && address != SHUT
    }

    /// It has ended, and the queue in which it may stand is looked at no more: its Home is closed.
    pub(super) fn forget_queue(&self, mask: Mask<'_>) {
        self.queue.set(mask, Way::NONE);
    }

    /// It lives no more, these flags are left, and its turns are this, which is none. It is to be [buried](Self::bury): until then a wake queues it still.
    #[inline(always)]
    pub(super) fn die(&self, mask: Mask<'_>, flags: u8, nothing: Turn) {
        self.flags.set(mask, flags);
        self.set_turn(mask, nothing);
    }

    /// It lives no more, and unless it is in a queue a wake is nothing from now on.
    #[inline(always)]
    pub(super) fn bury(&self, mask: Mask<'_>) {
        if self.queue.get(mask).0.addr() & SHUT == 0 {
            self.queue.set(mask, Way::NONE);
        }
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

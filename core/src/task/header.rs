//! A task's header: the part that is the same for every task, by which its executor, wakers and handle know it.
//!
//! ```text
//!   spawn          queue            start                 complete              last reference
//!  -------> all ----------> queued -------> in its turn -----------> ended ----------------> freed
//!            |                 ^                 | pause
//!            | Local dropped   | wake            v
//!            |                 +-------------- waits
//!            +------------------------------------------------------> ended
//! ```
//! [T1] The header lives while its state counts references ([S4] of `state`); only who drops the last one frees it.
//! [T2] The links of the list of all tasks, and the future, belong to the home thread. The queue link is the queue's ([Q1] of `mpsc`).
//! [T3] A task is in the list of all tasks from `insert` until it ends, and the list holds a reference meanwhile.
//! [T4] Vtable, cell and place of a header fit each other: they were made together.

#![expect(unsafe_code, reason = "counts references to memory of a type that is erased")]

use core::{cell::Cell, mem::ManuallyDrop, ptr::NonNull, task::Waker};

use super::state::{Complete, Pause, Rest, Start, State, Wake};
use crate::{
    context::{HomeRef, is_current},
    wait::{Link, Linked, WakeCell},
};

/// What one can do with a task of any type. Each function but `free` and `take` is for the home thread alone.
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
}

/// See the [module](self). Its context, its priority and its preferred node come to stand here too.
#[repr(C)]
pub struct Header {
    link: Link<Header>,
    state: State,
    vtable: &'static TaskVTable,
    home: ManuallyDrop<HomeRef>,
    older: Cell<Option<NonNull<Header>>>,
    newer: Cell<Option<NonNull<Header>>>,
    join: ManuallyDrop<WakeCell>,
    id: Cell<usize>,
}

// SAFETY: [T2] the parts that are not atomic belong to the home thread or to the owner of the queue; `id` is written before the
// header is shared.
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
    pub(crate) fn new(state: State, vtable: &'static TaskVTable, home: HomeRef) -> Self {
        Self {
            link: Link::new(),
            state,
            vtable,
            home: ManuallyDrop::new(home),
            older: Cell::new(None),
            newer: Cell::new(None),
            join: ManuallyDrop::new(WakeCell::new()),
            id: Cell::new(0),
        }
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Where the handle leaves its waker.
    pub(crate) fn join(&self) -> &WakeCell {
        &self.join
    }

    /// A number that no other task of the same Home has.
    pub(crate) fn id(&self) -> usize {
        self.id.get()
    }

    /// Whether this code runs on the task's home thread, within a turn of its Local.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        is_current(self.home.as_ptr())
    }

    /// Ends the header, and hands its Home over.
    ///
    /// # Safety
    /// No reference is left, and the header is not used again.
    pub(crate) unsafe fn dissolve(task: NonNull<Self>) -> HomeRef {
        // SAFETY: [T1], the header is alive, and ours.
        let header = unsafe { &mut *task.as_ptr() };
        // SAFETY: the header is not used again.
        let home = unsafe { ManuallyDrop::take(&mut header.home) };
        // SAFETY: likewise; it is the one other field that owns something.
        unsafe { ManuallyDrop::drop(&mut header.join) };
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
        let home = unsafe { &task.as_ref().home };
        // SAFETY: the contract is the same.
        unsafe { home.schedule(task.cast()) };
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

    /// Moves the output to the address.
    ///
    /// # Safety
    /// The task is complete, the caller is its handle, and the address is of an `Option<Result<T, JoinError>>` of its `T`.
    #[inline]
    pub(crate) unsafe fn take(&self, to: *mut ()) {
        // SAFETY: [T4], and the contract.
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
unsafe fn free(task: NonNull<Header>) {
    // SAFETY: [T1], nobody has freed it, nobody else will.
    let vtable = unsafe { task.as_ref() }.vtable;
    // SAFETY: [T4], and the contract.
    unsafe { (vtable.free)(task) };
}

/// What became of a task in its turn.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It waits for a wake.
    Waits,
    /// It was woken meanwhile: it belongs at the end of the queue.
    Again,
    /// It has ended; the header must not be used any more.
    Ended,
}

/// All tasks of an executor that have not ended.
pub struct Tasks {
    newest: Cell<Option<NonNull<Header>>>,
    len: Cell<usize>,
    born: Cell<usize>,
}

impl Tasks {
    /// None.
    pub const fn new() -> Self {
        Self { newest: Cell::new(None), len: Cell::new(0), born: Cell::new(0) }
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len.get()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    /// Takes a new task in.
    ///
    /// # Safety
    /// This is the home thread; the task is new, and its state counts a reference for this list.
    #[inline]
    pub unsafe fn insert(&self, task: NonNull<Header>) {
        // SAFETY: [T1], the list's reference.
        let header = unsafe { task.as_ref() };
        self.born.set(self.born.get().wrapping_add(1));
        self.len.set(self.len.get() + 1);
        header.id.set(self.born.get());
        header.older.set(self.newest.get());
        if let Some(older) = self.newest.replace(Some(task)) {
            // SAFETY: [T3], what is in the list is alive.
            unsafe { older.as_ref() }.newer.set(Some(task));
        }
    }

    /// Takes a task out. Its reference is the caller's now.
    ///
    /// # Safety
    /// This is the home thread, and the task is in this list.
    #[inline]
    unsafe fn remove(&self, task: NonNull<Header>) {
        // SAFETY: [T3].
        let header = unsafe { task.as_ref() };
        let (older, newer) = (header.older.take(), header.newer.take());
        self.len.set(self.len.get() - 1);
        if let Some(older) = older {
            // SAFETY: [T3].
            unsafe { older.as_ref() }.newer.set(newer);
        }
        match newer {
            // SAFETY: [T3].
            Some(newer) => unsafe { newer.as_ref() }.older.set(older),
            None => self.newest.set(older),
        }
    }

    /// Gives `task` its turn.
    ///
    /// # Safety
    /// This is the home thread; the task is in this list and was taken out of its queue just now, or it is the root of its Home.
    #[inline]
    pub unsafe fn run(&self, task: NonNull<Header>) -> Turn {
        // SAFETY: [T3].
        let header = unsafe { task.as_ref() };
        match header.state.start() {
            Start::Poll => {
                // SAFETY: [T4]; [S2] of `state`, it is our turn.
                if !unsafe { (header.vtable.poll)(task) } {
                    return match header.state.pause() {
                        Pause::Idle => Turn::Waits,
                        Pause::Enqueue => Turn::Again,
                    };
                }
            }
            // SAFETY: as above.
            Start::Cancel => unsafe { (header.vtable.cancel)(task) },
        }
        // SAFETY: it has ended, and it is in this list, since a root does not end.
        unsafe { self.end(task) };
        Turn::Ended
    }

    /// Cancels the newest task, wherever it stands. `false`: there is none.
    ///
    /// # Safety
    /// This is the home thread, no task is in its turn, and nobody uses a queue again in which tasks of this list stand.
    pub unsafe fn cancel_one(&self) -> bool {
        let Some(task) = self.newest.get() else { return false };
        // SAFETY: [T3].
        let vtable = unsafe { task.as_ref() }.vtable;
        // SAFETY: [T4]; [S2] of `state`, no turn is taken.
        unsafe { (vtable.cancel)(task) };
        // SAFETY: it has ended, and it is in this list.
        unsafe { self.end(task) };
        true
    }

    /// Has a task count as complete.
    ///
    /// # Safety
    /// This is the home thread; the task is in this list, its future is dropped and its output stands in the cell.
    #[inline]
    unsafe fn end(&self, task: NonNull<Header>) {
        // SAFETY: it is in this list.
        unsafe { self.remove(task) };
        // SAFETY: [T1], the list's reference, which is ours until `complete` gives it up.
        let header = unsafe { task.as_ref() };
        let mut output_dropped = false;
        loop {
            match header.state.complete(output_dropped) {
                Complete::DropOutput => {
                    // SAFETY: [T4]; [S3] of `state`, it is not complete yet.
                    unsafe { (header.vtable.drop_output)(task) };
                    output_dropped = true;
                }
                Complete::Tell => {
                    // SAFETY: the list's reference is still counted, and is ours.
                    let ours = unsafe { TaskRef::from_raw(task) };
                    let waker = header.join.take();
                    drop(ours);
                    // Last, since a waker is user code.
                    return waker.into_iter().for_each(Waker::wake);
                }
                // SAFETY: that was the last reference.
                Complete::Free => return unsafe { free(task) },
                Complete::Nothing => return,
            }
        }
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

//! The tasks of an executor that have not ended, and the turns that they get.
//!
//! [A1] A task is in the list from `insert` until it has ended and left its queue, and the list holds a reference meanwhile ([S2] of
//!      `state`). The links, and what is here, belong to the home thread.
//! [A2] A task is polled in one turn at a time: a turn within its turn only notes that it is to be queued again.
//! [A3] A task that is sent from elsewhere is whoever's who sends it, then the inbox's, and is in no list until the home thread welcomes it.

#![expect(unsafe_code, reason = "links headers into a list, and calls what their vtables say")]

use core::{cell::Cell, iter, ptr::NonNull};

#[cfg(feature = "alloc")]
use super::births::Births;
use super::{
    header::{Header, Polled},
    reference::TaskRef,
    state::{Complete, Receive, Start},
    turn::{Finish, cancel, complete, poll},
};
use crate::{
    const_new,
    context::{Priority, TaskInfo, within},
};

/// All tasks of an executor that have not ended.
pub struct Tasks {
    newest: Cell<Option<NonNull<Header>>>,
    len: Cell<usize>,
    #[cfg(feature = "alloc")]
    births: Births,
}

impl Tasks {
    const_new! {
        /// None.
        pub fn new() -> Self {
            Self {
                newest: Cell::new(None),
                len: Cell::new(0),
                #[cfg(feature = "alloc")]
                births: Births::new(),
            }
        }
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

    /// Takes a new task in: how urgent it is, which is what its context says where `priority` is Normal.
    ///
    /// # Safety
    /// This is the home thread; the task is new, and its state counts a reference for this list.
    #[inline]
    pub unsafe fn insert(&self, task: NonNull<Header>, priority: Priority) -> Priority {
        // SAFETY: it is new.
        let priority = unsafe { self.register(task, priority) };
        self.len.set(self.len.get() + 1);
        // SAFETY: the contract is the same.
        unsafe { self.link(task) };
        priority
    }

    /// Gives a new task its number and its priority.
    ///
    /// # Safety
    /// Nobody else has seen it.
    #[inline]
    unsafe fn register(&self, task: NonNull<Header>, priority: Priority) -> Priority {
        // SAFETY: [T1] of `header`, the list's reference.
        let header = unsafe { task.as_ref() };
        #[cfg(feature = "alloc")]
        header.id.set(self.births.count());
        let priority = match priority {
            // SAFETY: nobody else has seen it.
            Priority::Normal => unsafe { header.context() }.priority(),
            Priority::Low => Priority::Low,
        };
        header.priority.set(priority);
        priority
    }

    /// Prepares a new task for its way through the inbox. It may be called from anywhere.
    ///
    /// # Safety
    /// Nobody else has seen the task, which is one of this Home; without `std`, or on the home thread.
    pub unsafe fn send(&self, task: NonNull<Header>, priority: Priority) {
        // SAFETY: the contract is the same.
        unsafe { self.register(task, priority) };
        // SAFETY: [T1] of `header`, the list's reference.
        let header = unsafe { task.as_ref() };
        header.own().go_away();
        header.count_as_sent();
    }

    /// Takes a task in that was sent, and says how urgent it is. `None`: it was not, so it is in the list.
    ///
    /// # Safety
    /// This is the home thread; the task was taken out of the inbox just now.
    pub unsafe fn welcome(&self, task: NonNull<Header>) -> Option<Priority> {
        // SAFETY: [A1], or [A3] the list's reference is the inbox's.
        let header = unsafe { task.as_ref() };
        if !header.own().arrive() {
            return None;
        }
        self.len.set(self.len.get() + 1);
        // SAFETY: [A3].
        unsafe { self.link(task) };
        Some(header.priority())
    }

    /// Takes note that `task` has left the inbox. `true`: it belongs at the end of the queue.
    ///
    /// # Safety
    /// This is the home thread; the task was taken out of the inbox just now, and is in this list, or is the root of its Home.
    #[inline]
    #[must_use]
    pub unsafe fn receive(&self, task: NonNull<Header>) -> bool {
        // SAFETY: [A1].
        match unsafe { task.as_ref() }.receive() {
            Receive::Enqueue => true,
            Receive::Nothing => false,
            Receive::Bury => {
                // SAFETY: it is in this list, since a root does not end while there is a Local.
                unsafe { self.bury(task) };
                false
            }
        }
    }

    /// Ends a task that was sent and not taken: cancelled, on the thread of whoever sent it.
    ///
    /// # Safety
    /// It was prepared by `send`, and the inbox has answered that it is closed. Its future and output may be dropped on this thread.
    pub unsafe fn refuse(task: NonNull<Header>) {
        // SAFETY: [A3] it is ours.
        let header = unsafe { task.as_ref() };
        // It stays SENT, so nobody queues it.
        // SAFETY: [A3] no turn is taken.
        unsafe { cancel(task) };
        let gone = || {
            // SAFETY: the list's reference is ours.
            drop(unsafe { TaskRef::from_raw(task) });
        };
        let context = header.take_context();
        // SAFETY: [A3] it is in no list, its future is dropped, and the list's reference is ours.
        within(&context, || unsafe { complete::<AtHome>(task, false, gone) });
    }

    /// # Safety
    /// This is the home thread; the task is in no list, and a reference is the list's from now on.
    #[inline]
    unsafe fn link(&self, task: NonNull<Header>) {
        let older = self.newest.replace(Some(task));
        // SAFETY: [T1] of `header`, the list's reference.
        unsafe { task.as_ref() }.older.set(older);
        if let Some(older) = older {
            // SAFETY: [A1], what is in the list is alive.
            unsafe { older.as_ref() }.newer.set(Some(task));
        }
    }

    /// Takes a task out. Its reference is the caller's then.
    ///
    /// # Safety
    /// This is the home thread, and the task is in this list.
    #[inline]
    unsafe fn unlink(&self, task: NonNull<Header>) {
        // SAFETY: [A1].
        let header = unsafe { task.as_ref() };
        let (older, newer) = (header.older.take(), header.newer.take());
        if let Some(older) = older {
            // SAFETY: [A1].
            unsafe { older.as_ref() }.newer.set(newer);
        }
        match newer {
            // SAFETY: [A1].
            Some(newer) => unsafe { newer.as_ref() }.older.set(older),
            None => self.newest.set(older),
        }
    }

    /// Those that have not ended, the oldest first. What happens to them meanwhile may end it early.
    ///
    /// # Safety
    /// This is the home thread, and remains so.
    pub unsafe fn iter(&self) -> impl Iterator<Item = TaskInfo> {
        let mut oldest = self.newest.get();
        while let Some(task) = oldest {
            // SAFETY: [A1].
            let Some(older) = unsafe { task.as_ref() }.older.get() else { break };
            oldest = Some(older);
        }
        let mut next = oldest.map(hold);
        iter::from_fn(move || {
            // With this look the iterator borrows the list, and stays on the home thread as that does.
            let task = next.take().filter(|_| !self.is_empty())?;
            // A task that was let go meanwhile has none. [A1] What a link of one in the list names is in the list.
            next = task.header().newer.get().map(hold);
            Some(task)
        })
        .filter(|task| !task.header().state().is_complete())
        .map(|task| task.info())
    }

    /// Gives `task` its turn. `true`: it belongs at the end of the queue.
    ///
    /// # Safety
    /// This is the home thread; the task is in this list and was taken out of its queue just now, or it is the root of its Home.
    #[inline]
    #[must_use]
    pub unsafe fn run(&self, task: NonNull<Header>) -> bool {
        // SAFETY: [A1].
        let header = unsafe { task.as_ref() };
        let own = header.own();
        let mut output_dropped = false;
        match header.state().start(own) {
            // SAFETY: it is our turn [A2].
            Start::Poll => match unsafe { poll(task) } {
                Polled::Waits => return own.pause(),
                Polled::Ended => {}
                Polled::Done => output_dropped = true,
            },
            // SAFETY: it is our turn.
            Start::Cancel => unsafe { cancel(task) },
            Start::Within => return false,
            Start::Ended { last } => {
                if last {
                    // SAFETY: it is in this list.
                    unsafe { self.bury(task) };
                }
                return false;
            }
        }
        let again = own.pause();
        // SAFETY: it has ended, and it is in this list, since a root does not end. Where `again`, it is QUEUED, and stays alive.
        unsafe { self.end(task, output_dropped) };
        again
    }

    /// Cancels the newest task, wherever it stands, or lets go of it if it has ended. `false`: there is none.
    ///
    /// # Safety
    /// This is the home thread, no task is in its turn, and nobody uses a queue again in which tasks of this list stand.
    pub unsafe fn cancel_one(&self) -> bool {
        let Some(task) = self.newest.get() else { return false };
        // SAFETY: [A1].
        let header = unsafe { task.as_ref() };
        if header.has_ended() {
            // SAFETY: it is in this list.
            unsafe { self.bury(task) };
            return true;
        }
        // SAFETY: no turn is taken.
        unsafe { cancel(task) };
        // SAFETY: it has ended, and it is in this list.
        unsafe { self.end(task, false) };
        true
    }

    /// Lets go of a task that has ended.
    ///
    /// # Safety
    /// This is the home thread; the task is in this list, and in no queue that anybody will use.
    unsafe fn bury(&self, task: NonNull<Header>) {
        // SAFETY: it is in this list.
        unsafe { self.unlink(task) };
        // SAFETY: the list's reference is ours.
        drop(unsafe { TaskRef::from_raw(task) });
    }

    /// Has a task count as complete.
    ///
    /// # Safety
    /// This is the home thread; the task is in this list, its future is dropped and its output stands in the cell, unless `output_dropped`.
    #[inline]
    unsafe fn end(&self, task: NonNull<Header>, output_dropped: bool) {
        // SAFETY: [A1].
        let header = unsafe { task.as_ref() };
        // SAFETY: this is the home thread, and the borrow ends here.
        if unsafe { header.context() }.is_root() {
            // SAFETY: the contract is the same.
            unsafe { self.finish(task, output_dropped) };
        } else {
            // SAFETY: the contract is the same.
            unsafe { self.end_within(task, output_dropped) };
        }
    }

    /// As `end`, for a task that carries a context, which ends with it.
    ///
    /// # Safety
    /// As `end`.
    #[cold]
    #[inline(never)]
    unsafe fn end_within(&self, task: NonNull<Header>, output_dropped: bool) {
        // SAFETY: [A1].
        let context = unsafe { task.as_ref() }.take_context();
        // SAFETY: the contract is the same.
        within(&context, || unsafe { self.finish(task, output_dropped) });
    }

    /// # Safety
    /// As `end`.
    #[inline(never)] // Turns that go on are not to save registers for those that end.
    unsafe fn finish(&self, task: NonNull<Header>, output_dropped: bool) {
        self.len.set(self.len.get() - 1);
        // SAFETY: it is in this list.
        unsafe { self.unlink(task) };
        let back = || {
            // SAFETY: it is in no list, and the list's reference is held.
            unsafe { self.link(task) };
        };
        // SAFETY: it has left this list, whose reference is ours.
        unsafe { complete::<AtHome>(task, output_dropped, back) };
    }
}

/// Completes a task on its home thread.
struct AtHome;

impl Finish for AtHome {
    #[inline(always)]
    fn finish(task: &Header, output_dropped: bool) -> Complete {
        task.complete(output_dropped)
    }
}

/// One more reference to a task that is in the list.
fn hold(task: NonNull<Header>) -> TaskRef {
    // SAFETY: [A1], and our callers have it from the list.
    unsafe { task.as_ref() }.retain();
    // SAFETY: counted just now.
    unsafe { TaskRef::from_raw(task) }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

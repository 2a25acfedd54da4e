//! Pooled tasks: those that any worker of a pool may run, wherever they were made and woken.
//!
//! ```text
//!   insert          run                  ended          last reference
//!  -------> queued -----> in its turn ---------> ended ----------------> freed
//!             ^              |    | woken meanwhile: queued by who gave the turn
//!             |   wake       v    |
//!             +---------- waits <-+
//! ```
//! A pool has several Homes, so that what is made on different workers counts handles and lists tasks in different places: each begins with a
//! [`PoolHead`]. None of them is ever current; so whatever wakes, cancels or counts a pooled task goes by its [word](super::state), and the
//! turn belongs to whoever moves RUNNING from clear to set.
//!
//! [P1] The Home of a pooled task begins with a `PoolHead`, in whose list it is from `insert` until it has ended; the list holds a reference
//!      meanwhile. So what stands in a queue is alive ([S2] of `state`).
//! [P2] Context, future, output and turn belong to whoever has set RUNNING ([S6] of `state`). Future and output are `Send`.
//! [P3] The block of a pooled task has a `Before` right in front of the header.

#![expect(unsafe_code, reason = "links and runs tasks whose type is erased")]

use core::{alloc::Layout, future::Future, marker::PhantomData, mem, ptr::NonNull};

use alloc::vec::Vec;

use super::{
    attributes::Name,
    berth::Before,
    boxed::Named,
    cell::{Storage, TaskCell},
    header::{Header, Polled},
    join::{JoinHandle, Spawned},
    joining::Joining,
    own::Own,
    reference::{TaskRef, info},
    state::{Complete, State, Wake},
    turn::{Finish, cancel, complete, poll},
};
use crate::{
    context::{
        Context, Head, HomeRef, HomeVTable, Priority, Size, TaskInfo, clear_anywhere, lay_anywhere,
        within,
    },
    dag::Site,
    lock::{Lock, Locked},
    sync::{AtomicBool, Ordering::Relaxed},
};

/// The block of a pooled task.
#[repr(C)]
struct Block<F: Future, N> {
    /// Where the alignment of what follows is larger, it stands at the end of this place [P3].
    before: Before,
    named: Named<F, N>,
}

impl<F: Future, N> Block<F, N> {
    const SIZE: Size = Size::of(Layout::new::<Self>());
    const HEADER: usize = mem::offset_of!(Self, named);
}

/// In a block with a `Before`, laid and cleared on any thread.
struct InPool<N>(PhantomData<N>);

impl<F: Future, N: Name> Storage<F> for InPool<N> {
    unsafe fn free(task: NonNull<Header>) {
        // SAFETY: no reference is left (contract).
        let home = unsafe { Header::dissolve(task) };
        // SAFETY: the header stands there in its block, see `spawn_pooled`.
        let block = unsafe { task.cast::<u8>().sub(Block::<F, N>::HEADER) };
        // SAFETY: it was laid with this size; nothing is left in it.
        unsafe { clear_anywhere(block, Block::<F, N>::SIZE) };
        drop(home);
    }

    unsafe fn name(task: NonNull<Header>) -> Option<&'static str> {
        // SAFETY: the header stands at the beginning of one, see `spawn_pooled`; it is alive (contract).
        unsafe { Named::<F, N>::name(task) }
    }
}

/// Makes a task of `future`: its header, to be handed to [`PoolHead::insert`], and its handle.
///
/// # Safety
/// `home` is a handle on a Home that begins with a [`PoolHead`], to which the task is handed.
#[cfg_attr(feature = "dag", track_caller)]
pub unsafe fn spawn_pooled<F, N>(home: HomeRef, name: N, future: F) -> Spawned<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
    N: Name,
{
    // SAFETY: the contract is the same.
    let task = unsafe { bear_pooled(State::spawned(), home, name, future, Site::here()) };
    // SAFETY: it was made just now.
    unsafe { task.as_ref() }.count_as_sent();
    // SAFETY: it was made just now, of an `F`.
    (task, JoinHandle::new(unsafe { Joining::new(task) }))
}

/// Makes a task of `future` in this state, which is that of a new one.
///
/// # Safety
/// As `spawn_pooled`.
pub(super) unsafe fn bear_pooled<F, N>(
    state: State,
    home: HomeRef,
    name: N,
    future: F,
    site: Site,
) -> NonNull<Header>
where
    F: Future<Output: Send> + Send + 'static,
    N: Name,
{
    let block = lay_anywhere(Block::<F, N>::SIZE);
    // SAFETY: the block fits.
    let task = unsafe { block.add(Block::<F, N>::HEADER) };
    // SAFETY: it is aligned, and a `Before` fits in front of it.
    let before = unsafe { task.cast::<Before>().sub(1) };
    // SAFETY: the block is ours.
    unsafe { before.write(Before::new()) };
    // SAFETY: the block fits.
    let place = unsafe { &raw mut (*task.cast::<Named<F, N>>().as_ptr()).name };
    // SAFETY: as above.
    unsafe { place.write(name) };
    let state = (state, Own::queued());
    // SAFETY: the block fits, and is the task's until `InPool::free`; the cell stands first in what is named.
    let task = unsafe { TaskCell::write::<InPool<N>>(task, state, home, future, site) };
    // SAFETY: it was made just now.
    unsafe { task.as_ref() }.node.label(name.text());
    task
}

/// What a pooled task is called.
///
/// # Safety
/// It is alive.
pub unsafe fn task_info(task: NonNull<Header>) -> TaskInfo {
    // SAFETY: the contract is the same.
    unsafe { info(task) }
}

/// What became of a turn.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turned {
    /// It waits, or another thread has queued it already.
    Waits,
    /// Queue it; nobody else will.
    Enqueue,
    /// It has ended.
    Ended,
}

/// What every Home of a pool begins with: the count of its handles, and its tasks that have not ended.
#[repr(C)]
pub struct PoolHead {
    head: Head,
    list: Locked<List, Lock>,
    /// As in the list, for who asks without its lock.
    closed: AtomicBool,
}

struct List {
    newest: Option<NonNull<Header>>,
    len: usize,
    /// The number of the next task, and how far it is to the one after.
    births: (u32, u32),
    closed: bool,
}

// SAFETY: headers are `Send + Sync`; the links of those in the list are changed under its lock alone.
unsafe impl Send for List {}

impl PoolHead {
    /// No tasks. Their numbers are `first` and on in steps, so that those of a pool have different ones.
    pub fn new(vtable: &'static HomeVTable, first: u32, step: u32) -> Self {
        let list = List { newest: None, len: 0, births: (first, step), closed: false };
        let closed = AtomicBool::new(false);
        Self { head: Head::new(vtable), list: Locked::new_in(list), closed }
    }

    /// The count of handles.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// How many tasks have not ended.
    pub fn len(&self) -> usize {
        self.list.with(|list| list.len)
    }

    /// Whether all tasks have ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a new task in, and says how urgent it is: what its context says, where `priority` is Normal. It is to be queued then. `None`: this is
    /// closed, and the task was cancelled.
    ///
    /// # Safety
    /// The task was made by `spawn_pooled`, with a handle on this, and nobody else has seen it.
    #[inline]
    pub unsafe fn insert(&self, task: NonNull<Header>, priority: Priority) -> Option<Priority> {
        // SAFETY: [T1] of `header`, the list's reference.
        let header = unsafe { task.as_ref() };
        let priority = match priority {
            // SAFETY: nobody else has seen it.
            Priority::Normal => unsafe { header.context() }.priority(),
            Priority::Low => Priority::Low,
        };
        header.priority.set(priority);
        let taken = self.list.with(|list| {
            if !list.closed {
                header.id.set(list.births.0);
                list.births.0 = list.births.0.wrapping_add(list.births.1);
                // SAFETY: it is new, and the reference is the list's.
                unsafe { list.link(task) };
            }
            !list.closed
        });
        if taken {
            return Some(priority);
        }
        header.state().seize();
        // SAFETY: it is ours; it is in no list.
        unsafe { stop(task, |_| {}) };
        None
    }

    /// Gives `task` its turn.
    ///
    /// # Safety
    /// It is a task of some `PoolHead`, and was taken out of its queue just now.
    #[inline]
    pub unsafe fn run(task: NonNull<Header>) -> Turned {
        // SAFETY: [P1].
        let header = unsafe { task.as_ref() };
        if header.state().begin() {
            // SAFETY: [P2].
            let polled = unsafe { poll(task) };
            if polled == Polled::Waits {
                return match header.state().pause() {
                    Wake::Enqueue => Turned::Enqueue,
                    Wake::Nothing => Turned::Waits,
                };
            }
            // SAFETY: [P2].
            unsafe { end(task, polled == Polled::Done, unlink) };
        } else {
            // SAFETY: [P2].
            unsafe { stop(task, unlink) };
        }
        Turned::Ended
    }

    /// Takes no more tasks from now on.
    pub fn close(&self) {
        // ordering: Relaxed, both: `insert` asks once more, under the lock.
        self.closed.store(true, Relaxed);
        self.list.with(|list| list.closed = true);
    }

    /// Whether it takes tasks.
    pub fn is_open(&self) -> bool {
        !self.closed.load(Relaxed)
    }

    /// Cancels the newest task, wherever it stands. `false`: there is none.
    ///
    /// # Safety
    /// This is closed; nobody takes turns any more, or uses a queue in which tasks of this list stand.
    pub unsafe fn cancel_one(&self) -> bool {
        let Some(task) = self.list.with(|list| list.newest) else { return false };
        // SAFETY: [P1], and nobody else ends it.
        unsafe { task.as_ref() }.state().seize();
        // SAFETY: [P2], seized just now.
        unsafe { stop(task, unlink) };
        true
    }

    /// The tasks that have not ended, the newest first.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        let mut held = Vec::with_capacity(self.len());
        self.list.with(|list| {
            let mut next = list.newest;
            while let Some(task) = next
                && held.len() < held.capacity()
            {
                // SAFETY: [P1].
                let header = unsafe { task.as_ref() };
                header.retain();
                // SAFETY: counted just now.
                held.push(unsafe { TaskRef::from_raw(task) });
                next = header.older.get();
            }
        });
        held.iter().map(TaskRef::info).collect()
    }
}

impl List {
    /// # Safety
    /// The task is in no list, and a reference is the list's from now on.
    unsafe fn link(&mut self, task: NonNull<Header>) {
        let older = self.newest.replace(task);
        // SAFETY: [P1], the list's reference.
        unsafe { task.as_ref() }.older.set(older);
        if let Some(older) = older {
            // SAFETY: [P1].
            unsafe { older.as_ref() }.newer.set(Some(task));
        }
        self.len += 1;
    }

    /// # Safety
    /// The task is in this list. Its reference is the caller's then.
    unsafe fn unlink(&mut self, task: NonNull<Header>) {
        // SAFETY: [P1].
        let header = unsafe { task.as_ref() };
        let (older, newer) = (header.older.take(), header.newer.take());
        if let Some(older) = older {
            // SAFETY: [P1].
            unsafe { older.as_ref() }.newer.set(newer);
        }
        match newer {
            // SAFETY: [P1].
            Some(newer) => unsafe { newer.as_ref() }.older.set(older),
            None => self.newest = older,
        }
        self.len -= 1;
    }
}

/// Takes a task out of its list.
fn unlink(task: NonNull<Header>) {
    // SAFETY: [P1], our callers have it from its list.
    let home = unsafe { task.as_ref() }.home().as_ptr();
    // SAFETY: [P1], and its handle keeps its Home.
    let pool = unsafe { &*home.cast::<PoolHead>() };
    // SAFETY: [P1].
    pool.list.with(|list| unsafe { list.unlink(task) });
}

/// Drops the future of a task that has not ended, and ends it.
///
/// # Safety
/// The turn is the caller's [P2]; `leave` takes it out of its list, if it is in one.
#[cold]
unsafe fn stop(task: NonNull<Header>, leave: impl FnOnce(NonNull<Header>)) {
    // SAFETY: the turn is ours (contract).
    unsafe { cancel(task) };
    // SAFETY: the contract is the same.
    unsafe { end(task, false, leave) };
}

/// Has a task count as complete.
///
/// # Safety
/// The turn is the caller's [P2]; the future is dropped, and its output stands in the cell, unless `output_dropped`; `leave` as in `stop`.
#[inline]
unsafe fn end(task: NonNull<Header>, output_dropped: bool, leave: impl FnOnce(NonNull<Header>)) {
    // SAFETY: [P1].
    let header = unsafe { task.as_ref() };
    let context: Context = header.take_context();
    leave(task);
    let nowhere = || unreachable!("what ends in its turn is in no queue");
    if context.is_root() {
        // SAFETY: it is in no list, and the list's reference is ours.
        unsafe { complete::<InTurn>(task, output_dropped, nowhere) };
    } else {
        // SAFETY: as above.
        within(&context, || unsafe { complete::<InTurn>(task, output_dropped, nowhere) });
    }
}

/// Completes a task in its turn.
struct InTurn;

impl Finish for InTurn {
    #[inline]
    fn finish(task: &Header, output_dropped: bool) -> Complete {
        task.finish(output_dropped)
    }
}

//! A sleeper: a task that waits before it has had a turn. A small task comes to be as one where nobody is there yet who could bring what it
//! waits for: it is put in line at once, and polled once in its life.
//!
//! | born      | has its first turn                  | is made where                                                     |
//! |-----------|-------------------------------------|-------------------------------------------------------------------|
//! | queued    | when it is its turn in the queue    | what it waits for has come, or somebody is there who may bring it |
//! | asleep    | when it is woken                    | nobody is                                                         |
//!
//! It is one of its executor all the same: it is in the list of all tasks, in its context, and is cancelled and dropped as any other.
//!
//! Who makes one has asked just before whether its executor takes tasks.
//!
//! \[Z1] Who makes a sleeper has its turn until it is in line. On the home thread that is so anyway. A pooled task is made in its turn, which
//!      ends as any: whoever wakes it meanwhile leaves that to who made it, who queues it then.
//! \[Z2] It is taken in before it is put in line, so that who wakes it finds it where a task is.

#![expect(
    unsafe_code,
    reason = "puts a new task of erased type in line, and hands it over to a Home"
)]

use core::{future::Future, mem, pin::Pin, ptr::NonNull, task::Waker};

use super::{
    boxed::{Boxed, bear},
    cell::TaskCell,
    header::Header,
    join::JoinHandle,
    joining::Joining,
    own::Own,
    reference,
    state::State,
    waker,
};
#[cfg(feature = "std")]
use super::{pooled::bear_pooled, state::Wake};
#[cfg(feature = "std")]
use crate::context::with_pool;
use crate::{
    context::{Here, HomeRef, MaySend, Priority, with_current},
    dag::{self, Site},
};

/// How a new task is put in line: with this waker. Whether it was.
pub(crate) trait LieDown<F>: FnOnce(Pin<&mut F>, Waker) -> bool {}

impl<F, T: FnOnce(Pin<&mut F>, Waker) -> bool> LieDown<F> for T {}

/// Puts a new task in line. Whether it was.
///
/// # Safety
/// The turn is the caller's [Z1], and the task is one of an `F`; its state counts a reference for a waker.
#[inline]
unsafe fn lay_down<F: Future>(task: NonNull<Header>, lie_down: impl LieDown<F>) -> bool {
    // SAFETY: the contract is the same.
    let waker = unsafe { waker::counted(task) };
    // SAFETY: the contract is the same.
    unsafe { TaskCell::<F>::lend(task, |future| lie_down(future, waker)) }
}

/// A new task, and by what it is written down.
type Made = (NonNull<Header>, dag::Task);

/// Memory for a task, and the handle on its Home that is counted for it.
type Laid = (NonNull<u8>, HomeRef);

/// Makes a task where memory was laid for it, and puts it in line, or else queues it.
///
/// # Safety
/// The memory was laid for an `F`, by a Home whose thread this is. The state is that of a new task.
#[inline(always)] // So that a future is made where it comes to lie.
unsafe fn make<F: Spent + 'static>(
    (block, counted): Laid,
    state: State,
    future: F,
    lie_down: Option<impl LieDown<F>>,
    site: Site,
) -> Made {
    let own = if lie_down.is_some() { Own::wakeable() } else { Own::queued() };
    // SAFETY: the block was laid for `F`, with a handle counted for it.
    let task = unsafe { bear::<F, (), true>(block, (state, own), counted, ((), future), site) };
    // SAFETY: it has a reference for the list, and this is the thread that would give it up.
    let header = unsafe { task.as_ref() };
    if let Some(lie_down) = lie_down {
        // SAFETY: it is new, and this is the home thread. [Z2]
        let _ = unsafe { header.home().admit(task.cast()) };
        // SAFETY: [Z1], and it is of an `F`.
        if !unsafe { lay_down(task, lie_down) } {
            // SAFETY: as for `header`.
            unsafe { reference::wake_new(task) };
        }
    } else {
        // SAFETY: it is new, and this is the home thread.
        unsafe { header.home().adopt(task.cast(), Priority::Normal) };
    }
    (task, header.node)
}

/// What a small task is made of.
///
/// # Safety
/// When it was ready it holds nothing any more that is to be dropped.
pub(crate) unsafe trait Spent: Future {}

/// What a small task is made of that enrols by itself, for the one thing for which it waits.
pub(crate) trait Enrol: Spent {
    /// It enrols for what it waits for, and is put in line with this waker. It hands that back if it was not.
    fn enrol(self: Pin<&mut Self>, waker: Waker) -> Option<Waker>;
}

/// Makes a task with a handle where memory was laid for it, and has it enrol: it sleeps, or else is queued.
///
/// # Safety
/// The memory was laid for an `F`, by a Home whose thread this is.
#[inline(always)] // So that a future is made where it comes to lie.
unsafe fn make_enrolled<F: Enrol + 'static>(
    (block, counted): Laid,
    future: F,
    site: Site,
) -> JoinHandle<F::Output> {
    let state = (State::spawned(), Own::wakeable());
    // SAFETY: the block was laid for `F`, with a handle counted for it.
    let task = unsafe { bear::<F, (), true>(block, state, counted, ((), future), site) };
    // SAFETY: its half counts a reference for it.
    let waker = unsafe { waker::counted(task) };
    // SAFETY: it is new, and this is the home thread, where nobody meets it before it is taken in [Z2].
    let handed_back = unsafe { TaskCell::<F>::lend(task, |future| future.enrol(waker)) };
    // SAFETY: it has a reference for the list, and this is the thread that would give it up.
    let header = unsafe { task.as_ref() };
    if let Some(waker) = handed_back {
        // Its reference is not counted any more.
        mem::forget(waker);
        header.own().queue_new();
        // SAFETY: it is new, and this is the home thread.
        unsafe { header.home().adopt(task.cast(), Priority::Normal) };
    } else {
        // SAFETY: as above.
        let _ = unsafe { header.home().admit(task.cast()) };
    }
    // SAFETY: it was made just now, of an `F`, with a reference for its handle.
    JoinHandle::new(unsafe { Joining::new(task) })
}

/// Memory for a task of an `F` on the current Home, if there is one.
#[inline]
fn lay_here<F: Future>() -> Option<Laid> {
    // SAFETY: what is current is so on its own thread, or without `std` wherever this is.
    with_current(|home| unsafe { Some(home?.home().lay_open(Boxed::<(), true>::size::<F>())) })
}

/// As `make`, on the current Home. `None`: nobody takes it.
#[cfg(feature = "std")]
#[inline(always)]
fn make_here<F: Spent + 'static>(
    state: State,
    future: F,
    lie_down: Option<impl LieDown<F>>,
    site: Site,
) -> Option<Made> {
    // SAFETY: laid just now, by the Home that is current; and so our callers say of the state.
    Some(unsafe { make(lay_here::<F>()?, state, future, lie_down, site) })
}

/// As `make`, on the current Home, by its inbox: nobody knows whether this is its thread, so it does not lie down here.
#[cfg(not(feature = "std"))]
fn make_here<F>(state: State, future: F, _: Option<impl LieDown<F>>, site: Site) -> Option<Made>
where
    F: Spent<Output: MaySend> + MaySend + 'static,
{
    let (block, counted) = lay_here::<F>()?;
    // It goes to another thread with the task.
    let home = counted.clone();
    // SAFETY: the block was laid for `F`, with a handle counted for it.
    let task =
        unsafe { bear::<F, (), true>(block, (state, Own::queued()), counted, ((), future), site) };
    // SAFETY: it was made just now.
    let node = unsafe { task.as_ref() }.node;
    // SAFETY: it is new, and may be sent.
    unsafe { home.send_new(task.cast(), Priority::Normal) };
    Some((task, node))
}

/// Makes a task of `future` on the current Home, without a handle; with `lie_down` a sleeper. `None`: nobody takes it.
#[inline(always)]
pub(crate) fn spawn_small<F>(
    future: F,
    lie_down: Option<impl LieDown<F>>,
    site: Site,
) -> Option<dag::Task>
where
    F: Spent<Output = ()> + MaySend + 'static,
{
    Some(make_here(State::alone(), future, lie_down, site)?.1)
}

/// Makes a task of what `begin` makes on the current Home, and has it enrol. `None`: nobody takes it, and `begin` was not called.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn spawn_enrolled<F: Enrol + 'static>(
    begin: impl FnOnce() -> F,
    site: Site,
) -> Option<JoinHandle<F::Output>> {
    with_current(|here| {
        // SAFETY: what is current is so on its own thread.
        let laid = unsafe { here?.home().lay(Boxed::<(), true>::size::<F>()) }?;
        // SAFETY: laid just now, by the Home that is current.
        Some(unsafe { make_enrolled(laid, begin(), site) })
    })
}

/// Makes a task of what `begin` makes on the current Home, by its inbox: nobody knows whether this is its thread, so it does not enrol here.
/// `None`: nobody takes it, and `begin` was not called.
#[cfg(not(feature = "std"))]
pub(crate) fn spawn_enrolled<F>(
    begin: impl FnOnce() -> F,
    site: Site,
) -> Option<JoinHandle<F::Output>>
where
    F: Enrol<Output: MaySend> + MaySend + 'static,
{
    let is_open = with_current(|home| home.is_some_and(|home| home.is_open()));
    let none: Option<fn(Pin<&mut F>, Waker) -> bool> = None;
    let (task, _) = make_here(State::spawned(), is_open.then(begin)?, none, site)?;
    // SAFETY: it was made just now, of an `F`, with a reference for its handle.
    Some(JoinHandle::new(unsafe { Joining::new(task) }))
}

impl Here {
    /// As `make`.
    #[inline(always)]
    fn make<F: Spent + 'static>(
        &self,
        state: State,
        future: F,
        lie_down: Option<impl LieDown<F>>,
        site: Site,
    ) -> Made {
        // SAFETY: a `Here` is on its Home's thread.
        let laid = unsafe { self.home().lay_open(Boxed::<(), true>::size::<F>()) };
        // SAFETY: laid just now; and so our callers say of the state.
        unsafe { make(laid, state, future, lie_down, site) }
    }

    /// As [`spawn_small`], on this executor.
    #[inline(always)]
    pub(crate) fn spawn_small<F: Spent<Output = ()> + 'static>(
        &self,
        future: F,
        lie_down: Option<impl LieDown<F>>,
        site: Site,
    ) -> dag::Task {
        self.make(State::alone(), future, lie_down, site).1
    }

    /// As [`spawn_enrolled`], on this executor.
    pub(crate) fn spawn_enrolled<F: Enrol + 'static>(
        &self,
        begin: impl FnOnce() -> F,
        site: Site,
    ) -> Option<JoinHandle<F::Output>> {
        // SAFETY: a `Here` is on its Home's thread.
        let laid = unsafe { self.home().lay(Boxed::<(), true>::size::<F>()) }?;
        // SAFETY: laid just now.
        Some(unsafe { make_enrolled(laid, begin(), site) })
    }
}

/// As [`spawn_small`], of what `begin` makes, on the pool that is entered, or else on the current Home.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn spawn_small_send<F>(
    begin: impl FnOnce() -> F,
    lie_down: Option<impl LieDown<F>>,
    site: Site,
) -> Option<dag::Task>
where
    F: Spent<Output = ()> + Send + 'static,
{
    // In each of the two it is made where it comes to lie.
    with_pool(|pool| match pool {
        Some(pool) => spawn_in_pool(pool, begin(), lie_down, site),
        None => spawn_small(begin(), lie_down, site),
    })
}

#[cfg(feature = "std")]
#[inline(never)]
fn spawn_in_pool<F>(
    pool: &HomeRef,
    future: F,
    lie_down: Option<impl LieDown<F>>,
    site: Site,
) -> Option<dag::Task>
where
    F: Spent<Output = ()> + Send + 'static,
{
    if !pool.is_open() {
        return None;
    }
    let home = pool.clone();
    let Some(lie_down) = lie_down else {
        // SAFETY: it is a pool's (contract of `roam`), to which the task is handed.
        let task = unsafe { bear_pooled(State::alone(), home, (), future, site) };
        // SAFETY: nobody else has seen it.
        let header = unsafe { task.as_ref() };
        let node = header.node;
        header.count_as_sent();
        // SAFETY: it is new; and a pool takes it on any thread (contract of `roam`).
        unsafe { pool.adopt(task.cast(), Priority::Normal) };
        return Some(node);
    };
    // SAFETY: as above. [Z1]
    let task = unsafe { bear_pooled(State::in_turn(), home, (), future, site) };
    // SAFETY: nobody else has seen it.
    let header = unsafe { task.as_ref() };
    let node = header.node;
    // SAFETY: it is new, and in its turn. [Z2]
    if !unsafe { pool.admit(task.cast()) } {
        return Some(node);
    }
    // SAFETY: [Z1], and it is of an `F`.
    if !unsafe { lay_down(task, lie_down) } {
        // In its turn that is left to who gives it.
        let _ = header.state().wake();
    }
    if header.state().pause() == Wake::Enqueue {
        // SAFETY: its word answered `Enqueue`, so it is alive.
        unsafe { pool.send(task.cast()) };
    }
    Some(node)
}

//! A task's cell: the header, and behind it what the task is at.
//!
//! | stage    | holds                                     | left by                                           |
//! |----------|-------------------------------------------|---------------------------------------------------|
//! | Future   | the future, pinned here                   | its end, its panic, a cancel: -> Output           |
//! | Output   | `Result<T, JoinError>`                    | the handle takes it, or whoever drops it: -> Empty |
//! | Empty    | nothing                                   | -                                                 |
//!
//! [C1] The stage is the executor's until COMPLETE, in one turn at a time; the handle's after it ([S3] of `state`).
//! [C2] A future never moves: it is dropped where it was written, before anything else is written there.
//! [C3] A header with the vtable of `TaskCell<F>` stands at the beginning of one.

#![expect(unsafe_code, reason = "polls and drops a pinned future whose type is erased")]

use core::{
    any,
    future::Future,
    hint::unreachable_unchecked,
    marker::PhantomData,
    mem,
    pin::Pin,
    ptr::{self, NonNull},
    task::{Context, Poll},
};

use super::{
    header::{Header, Polled, TaskVTable},
    own::Own,
    reference::info,
    state::State,
    tag,
    unwind::{catch, discard, tell},
    waker,
};
use crate::{
    context::{HomeRef, ambient},
    dag::{self, Site},
    error::{JoinError, Panic},
    sync::UnsafeCell,
};

/// See the [module](self).
#[repr(C)]
pub(crate) struct TaskCell<F: Future> {
    header: Header,
    stage: UnsafeCell<Stage<F>>,
}

enum Stage<F: Future> {
    Future(F),
    Output(Result<F::Output, JoinError>),
    Empty,
}

/// How the memory of a cell is given back.
pub(crate) trait Storage<F: Future> {
    /// Whether an `F` that was ready holds nothing any more that is to be dropped.
    const SPENT: bool = false;

    /// Whether it stands at the beginning of a block with a [tag].
    const TAGGED: bool = false;

    /// Frees the memory of a `TaskCell<F>` with what its header owns.
    ///
    /// # Safety
    /// No reference is left, and the stage is Empty.
    unsafe fn free(task: NonNull<Header>);

    /// The task's name.
    ///
    /// # Safety
    /// The task is alive.
    unsafe fn name(task: NonNull<Header>) -> Option<&'static str>;
}

/// The vtable of a cell with `F` in storage `S`.
struct Of<F, S>(PhantomData<(F, S)>);

impl<F: Future, S: Storage<F>> Of<F, S> {
    const VTABLE: TaskVTable = TaskVTable {
        poll: poll::<F, S>,
        cancel: cancel::<F>,
        drop_output: drop_output::<F>,
        take: take::<F>,
        free: S::free,
        name: S::name,
    };
}

impl<F: Future> TaskCell<F> {
    /// Makes a task of `future` at `memory`, to be linked and queued: its header.
    ///
    /// # Safety
    /// `memory` fits a `TaskCell<F>`, and is ours until `S::free` is called. `F` and its output outlive the Home's Local. The state is that of a new task.
    #[inline(always)] // So that a future is made where it comes to lie.
    pub(crate) unsafe fn write<S: Storage<F>>(
        memory: NonNull<u8>,
        state: (State, Own),
        home: HomeRef,
        future: F,
        site: Site,
    ) -> NonNull<Header> {
        let cell = memory.cast::<Self>();
        let vtable = const { &Of::<F, S>::VTABLE };
        let node = dag::Task::new(any::type_name::<F>(), memory.as_ptr().addr(), site);
        let (state, own) = state;
        let mut own = own;
        if S::TAGGED {
            // SAFETY: [C3], and so says its storage.
            unsafe { tag::write(cell.as_ptr().addr(), &home, mem::replace(&mut own, Own::idle())) };
        }
        let header = Header::new((state, own), S::TAGGED, vtable, home, ambient(), node);
        // SAFETY: the memory fits and is ours (contract).
        unsafe { cell.write(Self { header, stage: UnsafeCell::new(Stage::Future(future)) }) };
        cell.cast()
    }

    /// Lends the future of a new task.
    ///
    /// # Safety
    /// The task is one of an `F`, and has had no turn; the turn is the caller's.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) unsafe fn lend<R>(task: NonNull<Header>, f: impl FnOnce(Pin<&mut F>) -> R) -> R {
        // SAFETY: [C3], and the list has a reference.
        let stage = unsafe { stage::<F>(task) };
        stage.with_mut(|stage| {
            // SAFETY: [C1], the turn is the caller's.
            let Stage::Future(future) = (unsafe { &mut *stage }) else {
                unreachable!("a new task has a future");
            };
            // SAFETY: [C2].
            f(unsafe { Pin::new_unchecked(future) })
        })
    }
}

/// # Safety
/// [C3], and the task is alive for `'a`.
#[inline]
unsafe fn stage<'a, F: Future + 'a>(task: NonNull<Header>) -> &'a UnsafeCell<Stage<F>> {
    // SAFETY: [C3].
    let cell = unsafe { task.cast::<TaskCell<F>>().as_ref() };
    &cell.stage
}

/// # Safety
/// As `TaskVTable::poll`.
unsafe fn poll<F: Future, S: Storage<F>>(task: NonNull<Header>) -> Polled {
    // SAFETY: [C3], and whoever polls has a reference.
    let stage = unsafe { stage::<F>(task) };
    // SAFETY: likewise.
    let waker = unsafe { waker::borrowed(task, S::TAGGED) };
    let mut cx = Context::from_waker(&waker);
    // SAFETY: [C1], it is our turn.
    if ESCAPES && stage.with(|stage| matches!(unsafe { &*stage }, Stage::Empty)) {
        // SAFETY: as above.
        unsafe { end(stage, Err(JoinError::Cancelled)) };
        return Polled::Ended;
    }
    let polled = stage.with_mut(|stage| {
        catch(|| {
            // SAFETY: [C1], it is our turn, and what has not ended is not polled again.
            let future = unsafe { future(stage) };
            // SAFETY: as above.
            let future = unsafe { &mut *future };
            // SAFETY: [C2].
            unsafe { Pin::new_unchecked(future) }.poll(&mut cx)
        })
    });
    let output = match polled {
        Ok(Poll::Pending) => return Polled::Waits,
        Ok(Poll::Ready(output)) => output,
        // SAFETY: [C1], it is our turn.
        Err(panic) => return unsafe { end_badly(stage, panic) },
    };
    // SAFETY: likewise, whoever polls has a reference.
    if unsafe { task.as_ref() }.is_joined() {
        // SAFETY: [C1], it is our turn.
        unsafe { end(stage, Ok(output)) };
        return Polled::Ended;
    }
    // SAFETY: [C1], it is our turn.
    unsafe { end_alone(stage, output, S::SPENT) }
}

/// The future that stands in a stage.
///
/// # Safety
/// The stage is the caller's [C1], and holds a future.
#[inline(always)]
unsafe fn future<F: Future>(stage: *mut Stage<F>) -> *mut F {
    // SAFETY: [C1].
    let Stage::Future(future) = (unsafe { &mut *stage }) else {
        debug_assert!(false, "a task that has ended has no future");
        // SAFETY: it holds one (contract).
        unsafe { unreachable_unchecked() }
    };
    future
}

/// Ends a task by a panic.
///
/// # Safety
/// The stage is the caller's [C1], and holds a future.
#[cold]
unsafe fn end_badly<F: Future>(stage: &UnsafeCell<Stage<F>>, panic: Panic) -> Polled {
    // SAFETY: the contract is the same.
    unsafe { end(stage, Err(JoinError::Panicked(panic))) };
    Polled::Ended
}

/// # Safety
/// As `TaskVTable::cancel`.
unsafe fn cancel<F: Future>(task: NonNull<Header>) {
    // SAFETY: [C3], and the list has a reference.
    let stage = unsafe { stage::<F>(task) };
    // SAFETY: [C1], it is our turn.
    unsafe { end(stage, Err(JoinError::Cancelled)) };
}

/// Drops the future, then puts `output` in its place; if that drop panics, the panic.
///
/// # Safety
/// The stage is the caller's [C1], and holds a future.
#[inline(always)]
unsafe fn end<F: Future>(stage: &UnsafeCell<Stage<F>>, output: Result<F::Output, JoinError>) {
    stage.with_mut(|stage| {
        // SAFETY: [C1].
        let output = match unsafe { clear(stage, false) } {
            Ok(()) => output,
            Err(panic) => in_place_of(output, panic),
        };
        // SAFETY: [C1], and Empty needs no drop.
        unsafe { stage.write(Stage::Output(output)) };
    });
}

/// What stands in place of the output of a future whose drop has panicked.
#[cold]
fn in_place_of<T>(output: Result<T, JoinError>, panic: Panic) -> Result<T, JoinError> {
    discard(output);
    Err(JoinError::Panicked(panic))
}

/// Drops the future and its output, which nobody wants; if the drop of the future panics, puts the panic in its place.
///
/// # Safety
/// The stage is the caller's [C1], and holds a future, which is `spent` where it holds nothing that is to be dropped.
#[inline]
unsafe fn end_alone<F: Future>(
    stage: &UnsafeCell<Stage<F>>,
    output: F::Output,
    spent: bool,
) -> Polled {
    stage.with_mut(|stage| {
        // SAFETY: the contract is the same.
        let dropped = unsafe { clear(stage, spent) };
        // What has no drop has none to panic.
        if mem::needs_drop::<F::Output>() {
            discard(output);
        }
        let Err(panic) = dropped else { return Polled::Done };
        // SAFETY: [C1], and Empty needs no drop.
        unsafe { stage.write(Stage::Output(Err(JoinError::Panicked(panic)))) };
        Polled::Ended
    })
}

/// Drops the future: then the stage is Empty, whether or not that panics.
///
/// # Safety
/// The stage is the caller's [C1], and holds a future, or where a panic ESCAPES nothing any more; that is `spent` where it holds nothing that is to be dropped.
#[inline]
unsafe fn clear<F: Future>(stage: *mut Stage<F>, spent: bool) -> Result<(), Panic> {
    // SAFETY: [C1].
    if ESCAPES && matches!(unsafe { &*stage }, Stage::Empty) {
        return Ok(());
    }
    let empties = Empties(stage);
    if mem::needs_drop::<F>() && !spent {
        return catch(|| {
            // SAFETY: [C1], and it holds one (contract).
            let future = unsafe { future(empties.0) };
            // SAFETY: [C2]; what was dropped is overwritten whatever happens, its drop's panic included.
            unsafe { future.drop_in_place() };
        });
    }
    Ok(())
}

/// Whether a panic may leave a task whose future was dropped where it was: who is asked again then finds its stage Empty.
const ESCAPES: bool = cfg!(all(not(feature = "std"), panic = "unwind"));

/// Has the stage be Empty, also where a panic comes through.
struct Empties<F: Future>(*mut Stage<F>);

impl<F: Future> Drop for Empties<F> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: [C1] of who made it, and nothing stands there that is still to be dropped.
        unsafe { self.0.write(Stage::Empty) };
    }
}

/// Takes what stands in the stage, if it is an output.
///
/// # Safety
/// The stage is the caller's [C1].
unsafe fn take_output<F: Future>(
    stage: &UnsafeCell<Stage<F>>,
) -> Option<Result<F::Output, JoinError>> {
    stage.with_mut(|stage| {
        // SAFETY: [C1].
        let Stage::Output(output) = (unsafe { &*stage }) else { return None };
        // SAFETY: it is read once: what stands there is overwritten below, and not dropped. Moved out as a whole a stage would take as
        // long as its future is large.
        let output = unsafe { ptr::read(output) };
        // SAFETY: [C1], and nothing stands there that is still to be dropped.
        unsafe { stage.write(Stage::Empty) };
        Some(output)
    })
}

/// # Safety
/// As `TaskVTable::drop_output`.
unsafe fn drop_output<F: Future>(task: NonNull<Header>) {
    // SAFETY: [C3], and the list has a reference.
    let stage = unsafe { stage::<F>(task) };
    // SAFETY: [C1], it is not complete.
    let output = unsafe { take_output(stage) };
    match output {
        // SAFETY: the list has a reference.
        Some(Err(JoinError::Panicked(panic))) => tell(panic, Some(unsafe { info(task) })),
        // What has no drop has none to panic.
        Some(Ok(output)) if mem::needs_drop::<F::Output>() => discard(output),
        _ => {}
    }
}

/// # Safety
/// As `TaskVTable::take`.
unsafe fn take<F: Future>(task: NonNull<Header>, to: *mut ()) {
    // SAFETY: [C3], and the handle has a reference.
    let stage = unsafe { stage::<F>(task) };
    stage.with_mut(|stage| {
        // SAFETY: [C1], it is complete, and the handle asks.
        let Stage::Output(output) = (unsafe { &*stage }) else {
            debug_assert!(false, "an output is taken once");
            // SAFETY: [S3] of `state`, with a handle the output stands there; it was not taken (contract).
            unsafe { unreachable_unchecked() }
        };
        // SAFETY: it is read once (contract), and nobody drops what stands in a stage of a task that is freed.
        let output = unsafe { ptr::read(output) };
        // SAFETY: the address is of this type (contract).
        unsafe { to.cast::<Result<F::Output, JoinError>>().write(output) };
    });
}

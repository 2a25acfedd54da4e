//! The handle's side of a task: one reference, and the claim on its output.
//!
//! | claim    | means                                       | its drop                                                         |
//! |----------|---------------------------------------------|------------------------------------------------------------------|
//! | `Keeps`  | the output is wanted                        | detaches: the output is dropped by whoever comes later           |
//! | `Ends`   | likewise, and the task goes with the handle | asks for the task's end first                                    |
//! | `Taken`  | the output was taken, so the task has ended | gives up the reference                                           |
//!
//! [J1] A task is made together with one `Joining` of its output's type, which counts a reference.

#![expect(unsafe_code, reason = "takes an output out of a task of erased type")]

use core::{
    marker::PhantomData,
    mem::{ManuallyDrop, MaybeUninit},
    ptr::NonNull,
    task::{Poll, Waker},
};

use super::{claim::Detach, header::Header, reference::TaskRef, unwind::leave_behind};
use crate::{context::TaskInfo, error::JoinError};

/// What a handle wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Claim {
    /// The output.
    Keeps,
    /// The output, or the task's end.
    Ends,
    /// Nothing more.
    Taken,
}

/// The handle's side of a task: one reference, and the claim on its output.
///
/// It is `Send` where `T` is, since it may take a `T` from the home thread to its own, and only that.
pub(crate) struct Joining<T> {
    task: ManuallyDrop<TaskRef>,
    claim: Claim,
    output: PhantomData<T>,
}

// SAFETY: a shared handle asks and cancels; nothing of `T` can be reached through it.
unsafe impl<T: Send> Sync for Joining<T> {}

impl<T> Joining<T> {
    /// The handle's side of a new task.
    ///
    /// # Safety
    /// The task's output is a `T`, and its state counts a reference for a handle, which nobody else has.
    #[inline]
    pub(crate) unsafe fn new(task: NonNull<Header>) -> Self {
        // SAFETY: the contract is the same.
        let task = unsafe { TaskRef::from_raw(task) };
        Self { task: ManuallyDrop::new(task), claim: Claim::Keeps, output: PhantomData }
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        self.task.header()
    }

    pub(crate) fn id(&self) -> u32 {
        self.header().id()
    }

    /// Whether the task has ended.
    #[inline(always)]
    pub(crate) fn is_complete(&self) -> bool {
        self.header().state().is_complete()
    }

    pub(crate) fn info(&self) -> TaskInfo {
        self.task.info()
    }

    pub(crate) fn cancel(&self) {
        self.task.cancel();
    }

    /// Whether the task goes with the handle.
    pub(super) fn set_ends(&mut self, ends: bool) {
        if self.claim != Claim::Taken {
            self.claim = if ends { Claim::Ends } else { Claim::Keeps };
        }
    }

    /// The output, if the task has ended: `None` if it was taken. If not, `waker` is told of the end.
    #[inline(always)]
    pub(super) fn poll(&mut self, waker: &Waker) -> Poll<Option<Result<T, JoinError>>> {
        if !self.is_complete() && leave(self.header(), waker) {
            return Poll::Pending;
        }
        // SAFETY: it was found complete, here or in `leave`.
        Poll::Ready(unsafe { self.take() })
    }

    /// The output. `None`: it was taken.
    ///
    /// # Safety
    /// The task was found complete.
    #[inline(always)]
    unsafe fn take(&mut self) -> Option<Result<T, JoinError>> {
        if self.claim == Claim::Taken {
            return None;
        }
        self.claim = Claim::Taken;
        let mut output = MaybeUninit::<Result<T, JoinError>>::uninit();
        // SAFETY: [J1] it is of a `T`; it is complete (contract), and was not taken.
        unsafe { self.task.take(output.as_mut_ptr().cast()) };
        // SAFETY: `take` has written it.
        Some(unsafe { output.assume_init() })
    }

    /// The handle goes, and has not taken the output.
    #[cold]
    #[inline(never)]
    fn go(&mut self) {
        if self.claim == Claim::Ends {
            self.cancel();
        }
        let header = self.header();
        if header.state().is_awaited() && header.state().take_back() {
            // Before the reference goes; also lest a task that awaits itself keep itself for ever.
            // SAFETY: [S5] of `state`, it held a waker, and AWAITED is clear now.
            drop(unsafe { header.slot.take() });
        }
        // The second look acquires the output.
        if header.state().detach(header.own_here()) == Detach::DropOutput
            && header.state().is_complete()
        {
            // SAFETY: it was found complete.
            let output = unsafe { self.take() };
            let task = matches!(output, Some(Err(_))).then(|| self.info());
            // SAFETY: `detach` has left us the reference, and the field is not used again.
            unsafe { ManuallyDrop::take(&mut self.task) }.let_go();
            leave_behind(output, task);
        }
    }
}

impl<T> Drop for Joining<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.claim != Claim::Taken {
            return self.go();
        }
        // SAFETY: the reference is ours; the field is not used again.
        unsafe { ManuallyDrop::take(&mut self.task) }.let_go();
    }
}

/// Has `waker` told of the task's end, unless it has come: then `false`. Only its handle calls this, which has nobody beside it.
#[inline(never)]
fn leave(header: &Header, waker: &Waker) -> bool {
    let awaited = header.state().is_awaited();
    if awaited && header.slot.holds(waker) {
        // If it was told meanwhile, whoever is told polls again. If it was told before, and this is another at the same address, its maker has seen the
        // end of that one, and so we the end of the task.
        return true;
    }
    // Before the slot is asked for, since it is user code.
    let fresh = waker.clone();
    let mut before = None;
    if awaited {
        if !header.state().take_back() {
            return !header.state().is_complete();
        }
        // SAFETY: [S5] of `state`, it held a waker, and AWAITED is clear now.
        before = Some(unsafe { header.slot.take() });
    }
    header.slot.put(fresh);
    let ended = header.state().await_end(header.own_here());
    drop(before);
    if !ended {
        return true;
    }
    // SAFETY: [S5] of `state`, AWAITED was clear when COMPLETE came, and it was put in just now.
    drop(unsafe { header.slot.take() });
    // This look acquires the output.
    !header.state().is_complete()
}

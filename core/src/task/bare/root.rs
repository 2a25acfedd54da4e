//! The root: the one future that an executor runs in its caller's frame, without taking it over.
//!
//! Wakers outlive the frame, so the header stands in the Home, in a static; the frame holds the future alone.
//!
//! | `running` | means                                      | its turn           |
//! |-----------|--------------------------------------------|--------------------|
//! | `None`    | nobody runs, or the future has ended       | is nothing         |
//! | `Some`    | `run` is under way, its frame on the stack | polls what is there |
//!
//! Once the first one runs the header is LIVE for ever: who wakes it later has it take a turn that is nothing.
//!
//! [R1] `running` names what stands in the frame of `run`, of the type that `kind` knows, until the future has ended or `run` returns, by a panic too.
//! [R2] `running` is for the home thread.

#![expect(unsafe_code, reason = "polls a future in a frame whose type is erased")]

use core::{
    cell::Cell,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use super::{
    base::Base,
    header::{Header, Kind, LIVE, Task},
    waker,
};
use crate::{const_new, context::HomeRef, mask::masked, misuse::stop};

/// The place of the one future that an executor runs in its caller's frame. It is part of a Home.
#[repr(C)]
pub struct Root {
    header: Header,
    running: Cell<Option<NonNull<()>>>,
    /// Whose root it is, once it runs: for the home thread.
    home: Cell<Option<HomeRef>>,
}

/// What stands in the frame of `run`.
struct Running<'a, F: Future> {
    future: Pin<&'a mut F>,
    output: Option<F::Output>,
}

impl Root {
    const_new! {
        /// A root that nobody runs.
        #[allow(clippy::new_without_default, reason = "it belongs into a Home")]
        pub fn new() -> Self {
            Self { header: Header::new(), running: Cell::new(None), home: Cell::new(None) }
        }
    }

    #[inline(always)]
    fn task(&self) -> Task {
        // SAFETY: [H1] of `header`: it stands first in a root, which is in a static as its Home is.
        unsafe { Task::new(NonNull::from(self).cast()) }
    }

    /// Whether a future runs that has not ended.
    #[inline(always)]
    pub fn is_running(&self) -> bool {
        self.running.get().is_some()
    }

    /// Runs `future` by calling `cycle` until it has ended.
    ///
    /// # Panics
    /// If it is called within itself.
    ///
    /// # Safety
    /// It is part of `home`, a Home in a static that is open; this is the home thread.
    #[inline(always)]
    pub unsafe fn run<F: Future>(
        &self,
        home: &HomeRef,
        mut future: Pin<&mut F>,
        mut cycle: impl FnMut(),
    ) -> F::Output {
        let mut forever = || {
            cycle();
            true
        };
        loop {
            // SAFETY: the contract is the same.
            let output = unsafe { self.run_while(home, future.as_mut(), &mut forever) };
            // The frame is left once there is an output, so this is the first time round.
            if let Some(output) = output {
                return output;
            }
        }
    }

    /// Runs `future` by calling `cycle` until it has ended, or `cycle` answers `false`: then `None`.
    ///
    /// # Panics
    /// If it is called within itself.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    pub unsafe fn run_while<F: Future>(
        &self,
        home: &HomeRef,
        future: Pin<&mut F>,
        mut cycle: impl FnMut() -> bool,
    ) -> Option<F::Output> {
        if self.is_running() {
            stop("an executor runs one root at a time: spawn a task instead");
        }
        let mut running = Running { future, output: None };
        let place = NonNull::from(&mut running);
        let leave = self.begin(home, place.cast(), Of::<F>::KIND);
        while self.is_running() && cycle() {}
        drop(leave);
        // SAFETY: [R1] nobody else names the frame now.
        unsafe { place.as_ptr().as_mut() }.and_then(|running| running.output.take())
    }

    /// Queues what stands in the frame of `run`.
    fn begin(&self, home: &HomeRef, running: NonNull<()>, kind: Kind) -> Leave<'_> {
        self.running.set(Some(running));
        self.home.set(Some(*home));
        let task = self.task();
        masked(|mask| {
            task.set_kind(mask, kind);
            if task.is_queued(mask) {
                // It was woken before.
                task.set_flags(mask, LIVE);
            } else {
                Base::of(home).start(mask, task, LIVE);
                // This is the home thread, which does not sleep.
                let _ = task.wake_in(mask);
            }
        });
        Leave(self)
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("running", &self.is_running()).finish_non_exhaustive()
    }
}

/// Leaves the frame [R1].
struct Leave<'a>(&'a Root);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.running.set(None);
    }
}

/// What there is to know of a root that runs an `F`. It is asked for its turns alone: it is not in the list of all, and has no handle.
struct Of<F>(PhantomData<F>);

impl<F: Future> Of<F> {
    const KIND: Kind = Kind { poll: poll_running::<F>, rest: None };
}

/// # Safety
/// `task` is the header of a root, in its turn, and [R1] what runs is an `F`.
unsafe fn poll_running<F: Future>(task: Task) {
    // SAFETY: the header stands first in a root, and the pointer comes from the whole.
    let root = unsafe { task.as_ptr().cast::<Root>().as_ref() };
    if let Some(running) = root.running.get() {
        // SAFETY: [R1], and this is the root's turn.
        let running = unsafe { running.cast::<Running<'_, F>>().as_mut() };
        let waker = waker::borrowed(task);
        let node = task.node().turn();
        let polled = running.future.as_mut().poll(&mut Context::from_waker(&waker));
        node.over();
        if let Poll::Ready(output) = polled {
            running.output = Some(output);
            root.running.set(None);
            if let Some(home) = root.home.get() {
                home.head().leave();
            }
        }
    }
}

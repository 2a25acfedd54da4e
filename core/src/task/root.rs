//! The root: the one future that an executor runs in its caller's frame, without taking it over.
//!
//! Wakers outlive the frame, so the header stands in the Home and never ends while the Local lives; the frame holds the future alone.
//!
//! | `frame` | means                                        | a turn                                      |
//! |---------|----------------------------------------------|---------------------------------------------|
//! | `None`  | nobody runs, or the future has ended         | does nothing: some waker came late          |
//! | `Some`  | `run` is under way, its frame on the stack   | polls; when it ends, -> `None`              |
//!
//! [R1] `frame` names what stands in the frame of `run`, which clears it before it returns, by a panic too.
//! [R2] All but the header's atomic parts is for the home thread.

#![expect(unsafe_code, reason = "polls a future in a frame whose type is erased")]

use core::{
    cell::{Cell, UnsafeCell},
    fmt,
    future::Future,
    mem::MaybeUninit,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use super::{
    header::{Header, Polled, TaskVTable},
    own::Own,
    reference::wake,
    state::{Rest, State},
    waker,
};
use crate::{
    context::{self, HomeRef},
    dag,
    misuse::stop,
};

/// The place of the one future that an executor runs in its caller's frame. It is part of a Home.
#[repr(C)]
pub struct Root {
    header: UnsafeCell<MaybeUninit<Header>>,
    frame: Cell<Option<Frame>>,
}

#[derive(Clone, Copy)]
struct Frame {
    running: NonNull<()>,
    /// Polls what is running there; whether it has ended.
    poll: unsafe fn(NonNull<()>, &mut Context<'_>) -> bool,
}

/// What stands in the frame of `run`.
struct Running<'a, F: Future> {
    future: Pin<&'a mut F>,
    output: Option<F::Output>,
}

static VTABLE: TaskVTable = TaskVTable {
    poll,
    // It has no handle, and keeps no output.
    cancel: |_| debug_assert!(false, "a root has no handle to cancel it"),
    drop_output: |_| debug_assert!(false, "a root keeps no output"),
    take: |_, _| debug_assert!(false, "a root has no handle"),
    free,
    name: |_| Some("root"),
};

impl Root {
    /// A root that is not born yet.
    pub const fn new() -> Self {
        Self { header: UnsafeCell::new(MaybeUninit::uninit()), frame: Cell::new(None) }
    }

    /// Gives it its header, which holds on to its Home until it is retired and the last waker is gone.
    ///
    /// # Safety
    /// It happens once, before all else; the root is part of the Home, and nobody else uses it meanwhile.
    pub unsafe fn bear(&self, home: HomeRef) {
        // SAFETY: nobody else uses it (contract).
        let header = unsafe { &mut *self.header.get() };
        let state = (State::alone(), Own::idle());
        header.write(Header::new(
            state,
            false,
            &VTABLE,
            home,
            context::Context::root(),
            dag::Task::NONE,
        ));
    }

    fn task(&self) -> NonNull<Header> {
        // The pointer may be led back to the whole root, whose first field it is.
        NonNull::from(self).cast()
    }

    /// Whether a future runs that has not ended.
    #[inline]
    pub fn is_running(&self) -> bool {
        self.frame.get().is_some()
    }

    /// Runs `future` by calling `cycle` until it has ended.
    ///
    /// # Panics
    /// If it is called within itself.
    ///
    /// # Safety
    /// It is born and not retired; this is the home thread, and the Home is current.
    pub unsafe fn run<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        mut cycle: impl FnMut(),
    ) -> F::Output {
        let mut forever = || {
            cycle();
            true
        };
        loop {
            // SAFETY: the contract is the same.
            let output = unsafe { self.run_while(future.as_mut(), &mut forever) };
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
    pub unsafe fn run_while<F: Future>(
        &self,
        future: Pin<&mut F>,
        mut cycle: impl FnMut() -> bool,
    ) -> Option<F::Output> {
        if self.is_running() {
            stop("an executor runs one root at a time: spawn a task instead");
        }
        let mut running = Running { future, output: None };
        let place = NonNull::from(&mut running);
        self.frame.set(Some(Frame { running: place.cast(), poll: poll_running::<F> }));
        let leave = Leave(self);
        // SAFETY: born, and not retired (contract), so the Local's reference outlasts the call.
        unsafe { wake::<false>(self.task()) };
        while self.is_running() && cycle() {}
        drop(leave);
        // SAFETY: [R1] nobody else names the frame now.
        unsafe { place.as_ptr().as_mut() }.and_then(|running| running.output.take())
    }

    /// Gives up the Local's reference. When the last waker is gone too, the Home is let go; so `root` may be gone after this.
    ///
    /// # Safety
    /// It is born; it happens once, on the home thread, and nothing is run any more.
    pub unsafe fn retire(root: NonNull<Self>) {
        let task = root.cast::<Header>();
        // SAFETY: the Local's reference, which nobody else gives up.
        match unsafe { task.as_ref() }.retire() {
            // SAFETY: that was the last reference.
            Rest::Free => unsafe { free(task) },
            Rest::Nothing => {}
        }
    }
}

impl Default for Root {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("running", &self.is_running()).finish_non_exhaustive()
    }
}

/// Clears the frame [R1].
struct Leave<'a>(&'a Root);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.frame.set(None);
        // SAFETY: born, and not retired (contract of `run`).
        unsafe { self.0.task().as_ref() }.give_up_turn();
    }
}

/// # Safety
/// As `TaskVTable::poll`; `task` is the header of a root.
unsafe fn poll(task: NonNull<Header>) -> Polled {
    // SAFETY: the header stands first in a root, and the pointer comes from the whole.
    let root = unsafe { task.cast::<Root>().as_ref() };
    if let Some(frame) = root.frame.get() {
        // SAFETY: the Local has a reference.
        let waker = unsafe { waker::borrowed(task, false) };
        // SAFETY: [R1], and this is the root's turn.
        if unsafe { (frame.poll)(frame.running, &mut Context::from_waker(&waker)) } {
            root.frame.set(None);
        }
    }
    Polled::Waits
}

/// # Safety
/// [R1], and a root is in its turn.
unsafe fn poll_running<F: Future>(running: NonNull<()>, cx: &mut Context<'_>) -> bool {
    // SAFETY: [R1].
    let running = unsafe { running.cast::<Running<'_, F>>().as_mut() };
    match running.future.as_mut().poll(cx) {
        Poll::Ready(output) => {
            running.output = Some(output);
            true
        }
        Poll::Pending => false,
    }
}

/// # Safety
/// As `TaskVTable::free`.
unsafe fn free(task: NonNull<Header>) {
    // SAFETY: no reference is left (contract).
    drop(unsafe { Header::dissolve(task) });
}

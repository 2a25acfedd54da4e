//! What stands behind a header: a future, and in its place its output.
//!
//! | what stands there | from                                   | until                                                           |
//! |-------------------|----------------------------------------|-----------------------------------------------------------------|
//! | the future, pinned | it is written                         | a poll is ready, or a turn drops it; before either it is `gone` where a panic may come through |
//! | the output        | the poll that was ready                | the handle takes it; without one, the end                       |
//!
//! [C1] Who calls has the turn ([H3] of `header`), or the output; and what stands there is of the type that the `Kind` was made for.
//! [C2] A future never moves: it is dropped where it was written, before anything else is written there, and once.

#![expect(unsafe_code, reason = "polls and drops a pinned future whose type is erased")]

use core::{
    future::Future,
    marker::PhantomData,
    mem::{self, ManuallyDrop},
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

use super::{
    ends::{end, end_if_joined, may_be_cancelled, may_be_named},
    header::{Ask, Kind, Task},
    waker,
};

/// See the [module](self).
#[repr(C)]
pub(in crate::task) union Body<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<F::Output>,
}

impl<F: Future> Body<F> {
    /// A future.
    #[inline(always)]
    pub(in crate::task) fn new(future: F) -> Self {
        Self { future: ManuallyDrop::new(future) }
    }
}

/// Where the body of a task stands.
pub(in crate::task) trait Place {
    /// What the tasks are called.
    const NAME: Option<&'static str>;

    /// What stands behind the header of a task in such a place.
    fn body(task: Task) -> NonNull<u8>;
}

/// What there is to know of a task of an `F` in a `P`.
pub(in crate::task) struct Of<F, P>(PhantomData<(F, P)>);

impl<F: Future, P: Place> Of<F, P> {
    pub(in crate::task) const KIND: Kind = Kind {
        poll: Self::poll,
        rest: if mem::needs_drop::<F>() || P::NAME.is_some() { Some(Self::rest) } else { None },
    };

    /// # Safety
    /// [C1], it is the turn.
    unsafe fn poll(task: Task) {
        // Both stand at the beginning.
        let (future, output) = (Self::future(task), Self::output(task));
        let waker = waker::borrowed(task);
        // SAFETY: [C1].
        let pinned = unsafe { &mut *future.as_ptr() };
        // SAFETY: [C2].
        let pinned = unsafe { Pin::new_unchecked(pinned) };
        let node = task.node().turn();
        let polled = task.owned.with_mut(|_| pinned.poll(&mut Context::from_waker(&waker)));
        let Poll::Ready(value) = polled else {
            node.over();
            return;
        };
        task.spare();
        if mem::needs_drop::<F>() {
            // SAFETY: [C1], [C2]: if the drop panics, that has been noted.
            task.owned.with_mut(|_| unsafe { future.drop_in_place() });
        }
        // SAFETY: [C1], [C2].
        task.owned.with_mut(|_| unsafe { output.write(value) });
        node.over();
        if !mem::needs_drop::<F::Output>() {
            // SAFETY: the contract; the future is dropped, and so is the output, as it were.
            return unsafe { end(task) };
        }
        // SAFETY: as above.
        if !unsafe { end_if_joined(task) } {
            // SAFETY: [C1], it lives still; nobody else can take it.
            task.owned.with_mut(|_| unsafe { output.drop_in_place() });
            // SAFETY: as above.
            unsafe { end(task) };
        }
    }

    /// # Safety
    /// What [`Ask`] says.
    unsafe fn rest(task: Task, ask: Ask<'_>) {
        match ask {
            // Always, as this is called, here and below: so that where nobody calls it there is nothing in it.
            Ask::Name(name) if may_be_named() => *name = P::NAME,
            Ask::Drop if may_be_cancelled() => {
                // SAFETY: the contract, [C2].
                task.owned.with_mut(|_| unsafe { Self::future(task).drop_in_place() });
            }
            _ => {}
        }
    }

    #[inline(always)]
    fn future(task: Task) -> NonNull<F> {
        P::body(task).cast()
    }

    /// Where the output of a task stands, once it has ended.
    #[inline(always)]
    pub(in crate::task) fn output(task: Task) -> NonNull<F::Output> {
        P::body(task).cast()
    }
}

//! Gradients: kernels that add to a value which is built from its end, and waits for it.
//!
//! | what is added      | where there is a sum      | where there is none        |
//! |--------------------|---------------------------|----------------------------|
//! | a value            | added, or subtracted      | it is the sum, or its negative |
//! | nothing: cancelled | stays                     | there is none              |
//! | a failure          | the sum fails with it     | the sum fails with it      |
//!
//! So what is not there counts as zero, and a branch that nobody uses is pruned: what it would have added is never computed. A sum that has failed stays
//! so until it is written.

#![expect(
    clippy::manual_async_fn,
    reason = "what a block awaits stays where it came to lie; a function moves its arguments first"
)]

use core::{
    future::{Future, poll_fn},
    ops::{AddAssign, SubAssign},
    pin::pin,
};

use crate::{
    context::{Here, MaySend, MayShare},
    epoch::{Async, MutableBuffer, ReadBuffer, ReadGuard, ReverseValue},
    error::{Missing, NoContext},
    kernel::{
        combine::{go, is_here},
        job::{Add, call, prepare},
        kernel::poll,
        ops::NegOf,
        outputs::{KernelError, Outputs},
        wait::WaitError,
    },
    lock::RawLock,
    task::{Drive, spawn},
};

/// Leaves the sum as it is, where what is added is missing, or lets it fail with that.
fn leave<T, E: KernelError, L: RawLock>(sum: MutableBuffer<T, E, L>, missing: Missing<E>) {
    match missing {
        Missing::Cancelled => sum.keep(),
        failed => sum.end(failed),
    }
}

/// Adds what is computed.
fn add_computed<T, E, L>(
    mut sum: MutableBuffer<T, E, L>,
    addend: impl Future<Output = Result<T, Missing<E>>>,
    add: impl FnOnce(&mut T, T),
) -> impl Future<Output = ()>
where
    E: KernelError,
    L: RawLock,
{
    async move {
        let mut addend = pin!(addend);
        let addend = match poll_fn(|cx| poll(addend.as_mut(), cx)).await {
            Ok(addend) => addend,
            Err(missing) => return leave(sum, missing),
        };
        let there = sum.turn().await;
        let added = call(|| there.add(addend, |addend| addend, add));
        end(sum, added);
    }
}

/// Leaves the sum as what was added says: where that panicked it fails.
fn end<T, E: KernelError, L: RawLock>(sum: MutableBuffer<T, E, L>, added: Result<(), Missing<E>>) {
    match added {
        Ok(()) => sum.keep(),
        Err(missing) => sum.end(missing),
    }
}

impl<T: 'static, E: KernelError, L: RawLock> ReverseValue<T, E, L> {
    /// Adds what `addend` computes, in a task of the current executor, before all that was enrolled earlier. In `addend`, `?` and
    /// [`or_cancel`](ReadBuffer::or_cancel) on what it reads end it: what is cancelled adds nothing, a failure fails the sum.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn accumulate<F>(&mut self, addend: F, add: impl FnOnce(&mut T, T) + MaySend + 'static)
    where
        F: Future<Output = Result<T, Missing<E>>> + MaySend + 'static,
        T: MayShare,
        E: MayShare,
        L: MayShare,
    {
        let sum = self.adjust();
        match is_here() {
            true => drop(spawn(add_computed(sum, addend, add))),
            false => sum.fail(NoContext.into()),
        }
    }

    /// As [`accumulate`](Self::accumulate), in a task of the executor of `here`.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn accumulate_on<F>(
        &mut self,
        here: &Here,
        addend: F,
        add: impl FnOnce(&mut T, T) + 'static,
    ) where
        F: Future<Output = Result<T, Missing<E>>> + 'static,
    {
        let sum = self.adjust();
        match here.home().is_open() {
            true => drop(here.spawn(add_computed(sum, addend, add))),
            false => sum.fail(NoContext.into()),
        }
    }

    /// Adds what is read, as `add` does; where there is no sum it is what `first` makes of it.
    #[cfg_attr(feature = "dag", track_caller)]
    fn add_buffer(
        &mut self,
        addend: ReadBuffer<T, E, L>,
        first: impl FnOnce(&T) -> T + MaySend + 'static,
        add: impl FnOnce(&mut T, &T) + MaySend + 'static,
    ) where
        T: MayShare,
        E: MayShare,
        L: MayShare,
    {
        let task = prepare(is_here(), self.adjust(), |sum| Add::new(addend, sum, first, add));
        if let Some((task, given)) = task {
            go(spawn(task), given);
        }
    }
}

impl<T, E: Clone, L: RawLock> ReverseValue<T, E, L> {
    /// Completes it, and runs tasks of `drive` until its end value is there.
    ///
    /// # Errors
    /// As [`Async::wait_on`].
    pub fn wait_on(
        self,
        drive: &(impl Drive + ?Sized),
    ) -> Result<ReadGuard<T, E, L>, WaitError<E>> {
        self.finalize().wait_on(drive)
    }

    /// As [`wait_on`](Self::wait_on), with the executor that is current.
    ///
    /// # Errors
    /// As [`Async::wait`].
    #[cfg(feature = "std")]
    pub fn wait(self) -> Result<ReadGuard<T, E, L>, WaitError<E>> {
        self.finalize().wait()
    }
}

/// What is read now is added before all that was enrolled earlier, in a task of the current executor.
impl<T, E, L> AddAssign<ReadBuffer<T, E, L>> for ReverseValue<T, E, L>
where
    T: Clone + for<'a> AddAssign<&'a T> + MayShare + 'static,
    E: KernelError + MayShare,
    L: RawLock + MayShare,
{
    #[cfg_attr(feature = "dag", track_caller)]
    fn add_assign(&mut self, addend: ReadBuffer<T, E, L>) {
        self.add_buffer(addend, T::clone, |sum, addend| *sum += addend);
    }
}

/// As [`AddAssign`], with its negative.
impl<T, E, L> SubAssign<ReadBuffer<T, E, L>> for ReverseValue<T, E, L>
where
    T: for<'a> SubAssign<&'a T> + NegOf<Output = T> + MayShare + 'static,
    E: KernelError + MayShare,
    L: RawLock + MayShare,
{
    #[cfg_attr(feature = "dag", track_caller)]
    fn sub_assign(&mut self, addend: ReadBuffer<T, E, L>) {
        self.add_buffer(addend, NegOf::of, |sum, addend| *sum -= addend);
    }
}

/// Adds the value as it is now.
impl<T, E, L> AddAssign<&Async<T, E, L>> for ReverseValue<T, E, L>
where
    T: Clone + for<'a> AddAssign<&'a T> + MayShare + 'static,
    E: KernelError + MayShare,
    L: RawLock + MayShare,
{
    #[cfg_attr(feature = "dag", track_caller)]
    fn add_assign(&mut self, addend: &Async<T, E, L>) {
        *self += addend.read();
    }
}

/// Subtracts the value as it is now.
impl<T, E, L> SubAssign<&Async<T, E, L>> for ReverseValue<T, E, L>
where
    T: for<'a> SubAssign<&'a T> + NegOf<Output = T> + MayShare + 'static,
    E: KernelError + MayShare,
    L: RawLock + MayShare,
{
    #[cfg_attr(feature = "dag", track_caller)]
    fn sub_assign(&mut self, addend: &Async<T, E, L>) {
        *self -= addend.read();
    }
}

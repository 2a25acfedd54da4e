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
    context::{Here, MaySend, MayShare, Shares},
    epoch::{Async, MutableBuffer, ReadBuffer, ReadGuard, ReverseValue},
    error::{Missing, NoContext},
    kernel::{
        combine::is_here,
        job::{Add, call},
        kernel::poll,
        launch::prepare,
        ops::NegOf,
        outputs::{KernelError, Outputs},
        wait::WaitError,
    },
    lock::{Lock, RawLock},
    task::{Drive, spawn},
};
#[cfg(not(feature = "std"))]
use crate::{kernel::combine::is_here as takes_send, task::spawn as spawn_send};
#[cfg(feature = "std")]
use crate::{
    lock::Unlocked,
    task::{spawn_send, takes_send},
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
}

impl<T, E> ReverseValue<T, E, Lock>
where
    T: Shares + 'static,
    E: KernelError + Shares,
{
    /// As [`accumulate`](Self::accumulate), in a task of the pool that is entered, or else of the current executor.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn accumulate_send<F>(&mut self, addend: F, add: impl FnOnce(&mut T, T) + Send + 'static)
    where
        F: Future<Output = Result<T, Missing<E>>> + Send + 'static,
    {
        let sum = self.adjust();
        match takes_send() {
            true => drop(spawn_send(add_computed(sum, addend, add))),
            false => sum.fail(NoContext.into()),
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

/// Operators of sums with one kind of lock: which, what they and their errors are, and who takes their tasks.
macro_rules! of_sums {
    ($lock:ident $share:ident $is_open:ident $go:ident) => {
        impl<T: $share + 'static, E: KernelError + $share> ReverseValue<T, E, $lock> {
            /// Adds what is read, as `add` does; where there is no sum it is what `first` makes of it.
            #[cfg_attr(feature = "dag", track_caller)]
            fn add_buffer(
                &mut self,
                addend: ReadBuffer<T, E, $lock>,
                first: impl FnOnce(&T) -> T + Send + 'static,
                add: impl FnOnce(&mut T, &T) + Send + 'static,
            ) {
                let sum = self.adjust();
                let task = prepare($is_open(), sum, |sum| Add::new(addend, sum, first, add));
                if let Some(task) = task {
                    task.$go();
                }
            }
        }

        /// What is read now is added before all that was enrolled earlier, in a task as of the operators between values.
        impl<T, E> AddAssign<ReadBuffer<T, E, $lock>> for ReverseValue<T, E, $lock>
        where
            T: Clone + for<'a> AddAssign<&'a T> + $share + 'static,
            E: KernelError + $share,
        {
            #[cfg_attr(feature = "dag", track_caller)]
            fn add_assign(&mut self, addend: ReadBuffer<T, E, $lock>) {
                self.add_buffer(addend, T::clone, |sum, addend| *sum += addend);
            }
        }

        /// As [`AddAssign`], with its negative.
        impl<T, E> SubAssign<ReadBuffer<T, E, $lock>> for ReverseValue<T, E, $lock>
        where
            T: for<'a> SubAssign<&'a T> + NegOf<Output = T> + $share + 'static,
            E: KernelError + $share,
        {
            #[cfg_attr(feature = "dag", track_caller)]
            fn sub_assign(&mut self, addend: ReadBuffer<T, E, $lock>) {
                self.add_buffer(addend, NegOf::of, |sum, addend| *sum -= addend);
            }
        }

        /// Adds the value as it is now.
        impl<T, E> AddAssign<&Async<T, E, $lock>> for ReverseValue<T, E, $lock>
        where
            T: Clone + for<'a> AddAssign<&'a T> + $share + 'static,
            E: KernelError + $share,
        {
            #[cfg_attr(feature = "dag", track_caller)]
            fn add_assign(&mut self, addend: &Async<T, E, $lock>) {
                *self += addend.read();
            }
        }

        /// Subtracts the value as it is now.
        impl<T, E> SubAssign<&Async<T, E, $lock>> for ReverseValue<T, E, $lock>
        where
            T: for<'a> SubAssign<&'a T> + NegOf<Output = T> + $share + 'static,
            E: KernelError + $share,
        {
            #[cfg_attr(feature = "dag", track_caller)]
            fn sub_assign(&mut self, addend: &Async<T, E, $lock>) {
                *self -= addend.read();
            }
        }
    };
}

of_sums!(Lock Shares takes_send go_send);
#[cfg(feature = "std")]
of_sums!(Unlocked MayShare is_here go);

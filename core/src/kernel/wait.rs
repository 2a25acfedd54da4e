//! Waiting for a value where nothing can be awaited: the executor runs meanwhile.
//!
//! | where                               | `wait`                                   | `wait_on`                              |
//! |-------------------------------------|------------------------------------------|----------------------------------------|
//! | beside an executor                  | [`WaitError::NoContext`]                 | runs tasks until the value is there    |
//! | inside of a task                    | runs other tasks on top of this one      | the same, with a handle on its executor |
//!
//! A wait enrols a reader where it stands, as [`read`](Async::read) does; it gives a guard, which holds the epoch open.

use core::{
    error, fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use crate::{
    epoch::{Async, ReadGuard},
    error::{Missing, NoContext},
    lock::RawLock,
    task::{Drive, Undone},
};

/// Why a wait has brought no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitError<E> {
    /// The value was cancelled: nobody wrote it.
    Cancelled,
    /// The value failed.
    Failed(E),
    /// It has not come: nothing runs any more that could bring it, or not here. The reader that waited is gone.
    Undone(Undone),
    /// No executor is current here.
    NoContext,
}

impl<E> From<Missing<E>> for WaitError<E> {
    fn from(missing: Missing<E>) -> Self {
        match missing {
            Missing::Cancelled => Self::Cancelled,
            Missing::Failed(error) => Self::Failed(error),
        }
    }
}

impl<E: fmt::Display> fmt::Display for WaitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the value was cancelled: nobody wrote it"),
            Self::Failed(error) => write!(f, "the value failed: {error}"),
            Self::Undone(undone) => undone.fmt(f),
            Self::NoContext => NoContext.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> error::Error for WaitError<E> {}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Runs tasks until `future` has ended.
fn run<F, T, E>(drive: &(impl Drive + ?Sized), future: F) -> Result<T, WaitError<E>>
where
    F: Future<Output = Result<T, Missing<E>>>,
{
    let mut future = pin!(future);
    let mut ended = None;
    let driven = drive.drive(&mut |waker| match poll(future.as_mut(), waker) {
        Poll::Ready(output) => {
            ended = Some(output);
            true
        }
        Poll::Pending => false,
    });
    match (ended, driven) {
        (Some(output), _) => Ok(output?),
        (None, Err(undone)) => Err(WaitError::Undone(undone)),
        (None, Ok(())) => unreachable!("it was driven until the end"),
    }
}

impl<T, E: Clone, L: RawLock> Async<T, E, L> {
    /// Enrols a reader, and runs tasks of `drive` until its value is there: an executor, or inside of a task a
    /// [`Here`](crate::context::Here).
    ///
    /// It is for whoever computes with values of one executor. What another thread brings is awaited: by a task, or with the `run_with` of an
    /// executor.
    ///
    /// ```
    /// # use std::task::Waker;
    /// # use tidemill_core::{epoch::Async, kernel::WaitError, task::{Done, Drive, Undone}};
    /// struct Nobody;
    /// impl Drive for Nobody {
    ///     fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
    ///         if done(Waker::noop()) { Ok(()) } else { Err(Undone::Gone) }
    ///     }
    /// }
    /// let mut x: Async<u32> = Async::ready(1);
    /// assert_eq!(*x.wait_on(&Nobody).unwrap(), 1);
    /// let write = x.write();
    /// assert!(matches!(x.wait_on(&Nobody), Err(WaitError::Undone(Undone::Gone))));
    /// # drop(write);
    /// ```
    ///
    /// # Errors
    /// The value is cancelled or has failed, or does not come: [`WaitError`].
    pub fn wait_on(
        &self,
        drive: &(impl Drive + ?Sized),
    ) -> Result<ReadGuard<T, E, L>, WaitError<E>> {
        run(drive, self.read().into_future())
    }

    /// Enrols a writer, runs tasks of `drive` until its turn has come, and takes the value out: it is cancelled then.
    ///
    /// # Errors
    /// As [`wait_on`](Self::wait_on).
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    pub fn take_on(&mut self, drive: &(impl Drive + ?Sized)) -> Result<T, WaitError<E>> {
        run(drive, self.mutate().take())
    }

    /// As [`wait_on`](Self::wait_on), with the executor that is current: others have their turns on top of the frame of this task.
    ///
    /// # Errors
    /// As [`wait_on`](Self::wait_on), and [`WaitError::NoContext`].
    #[cfg(feature = "std")]
    pub fn wait(&self) -> Result<ReadGuard<T, E, L>, WaitError<E>> {
        let here = crate::context::current().ok_or(WaitError::NoContext)?;
        self.wait_on(&here)
    }

    /// As [`take_on`](Self::take_on), with the executor that is current.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[cfg(feature = "std")]
    pub fn take_wait(&mut self) -> Result<T, WaitError<E>> {
        let here = crate::context::current().ok_or(WaitError::NoContext)?;
        self.take_on(&here)
    }
}

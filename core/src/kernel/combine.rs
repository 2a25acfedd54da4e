//! Small kernels: a value from one or two others, and a change in place.
//!
//! | call                       | reads       | writes                                          |
//! |----------------------------|-------------|-------------------------------------------------|
//! | `map`                      | one value   | a new one                                       |
//! | `combine`                  | two values  | a new one                                       |
//! | `change`                   |             | this one, in place                              |
//! | `change_with`              | one value   | this one, in place                              |
//!
//! Each makes a task of the current executor, or of one that is given (`_on`). Enrolled at the call, so the order of the calls is the order of the
//! computation. What they write fails with what they read, or with the panic of the function; where no executor takes the task, with
//! [`NoContext`]. Cancelled, they cancel it.

#![expect(
    clippy::manual_async_fn,
    reason = "what a block awaits stays where it came to lie; a function moves its arguments first"
)]

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::{
    context::{Here, MaySend, MayShare, with_current},
    dag::Seat,
    epoch::{Arrival, Async, Enrolled, MutableBuffer, MutableGuard, ReadBuffer, WriteBuffer},
    error::{Missing, NoContext, Refused},
    kernel::outputs::{KernelError, Outputs},
    lock::RawLock,
    task::{JoinHandle, catch, spawn},
};

/// Whether the current executor takes tasks.
#[inline]
pub(super) fn is_here() -> bool {
    with_current(|home| home.is_some_and(|home| home.home().is_open()))
}

/// Lets a new task go on by itself, and notes the places that it was given.
#[inline]
fn go<R, F, const N: usize>(spawned: Result<JoinHandle<R>, Refused<F>>, given: [Seat; N]) {
    if let Ok(task) = &spawned {
        given.into_iter().for_each(|seat| seat.give_to(task.node()));
    }
}

/// Computes `output`, or ends it as `computed` says.
fn finish<T, E, L>(output: WriteBuffer<T, E, L>, computed: Result<T, Missing<E>>)
where
    E: KernelError,
    L: RawLock,
{
    match computed {
        Ok(value) => {
            let mut output = output;
            match output.try_slot() {
                Some(mut slot) => drop(slot.set(value)),
                None => unreachable!("it is the first writer of a value that was made for it"),
            }
        }
        Err(missing) => output.end(missing),
    }
}

// What follows are blocks and not functions, so that buffers are awaited where they came to lie, and not moved there first; and they are
// awaited one after the other, since most are there when a kernel runs.

fn compute_one<T, R, E, L>(
    input: ReadBuffer<T, E, L>,
    output: WriteBuffer<R, E, L>,
    f: impl FnOnce(&T) -> R,
) -> impl Future<Output = ()>
where
    E: KernelError,
    L: RawLock,
{
    async move {
        let computed = match input.get().await {
            Ok(value) => call(|| f(value)),
            Err(missing) => Err(missing),
        };
        finish(output, computed);
    }
}

fn compute_two<T, U, R, E, L>(
    (one, two): (ReadBuffer<T, E, L>, ReadBuffer<U, E, L>),
    output: WriteBuffer<R, E, L>,
    f: impl FnOnce(&T, &U) -> R,
) -> impl Future<Output = ()>
where
    E: KernelError,
    L: RawLock,
{
    async move {
        let computed = match one.get().await {
            Ok(value) => match two.get().await {
                Ok(other) => call(|| f(value, other)),
                Err(missing) => Err(missing),
            },
            Err(missing) => Err(missing),
        };
        finish(output, computed);
    }
}

fn change_two<T, U, E, L>(
    mut target: MutableBuffer<T, E, L>,
    input: ReadBuffer<U, E, L>,
    f: impl FnOnce(&mut T, &U),
) -> impl Future<Output = ()>
where
    E: KernelError,
    L: RawLock,
{
    async move {
        let changed = match input.get().await {
            Ok(input) => match target.get().await {
                Ok(value) => call(|| f(value, input)),
                // What it finds stays.
                Err(_) => Ok(()),
            },
            // Unless there is something else amiss before it.
            Err(missing) => match target.get().await {
                Ok(_) => Err(missing),
                Err(_) => Ok(()),
            },
        };
        match changed {
            Ok(()) => target.keep(),
            Err(missing) => target.end(missing),
        }
    }
}

/// Calls a function of the user's.
#[inline]
pub(super) fn call<R, E: KernelError>(f: impl FnOnce() -> R) -> Result<R, Missing<E>> {
    catch(f).map_err(|panic| Missing::Failed(panic.into()))
}

/// Leaves the epoch of a value that was changed, or not.
#[inline]
fn leave<T, E: KernelError, L: RawLock>(
    target: MutableGuard<T, E, L>,
    changed: Result<(), Missing<E>>,
) {
    match changed {
        Ok(()) => target.keep(),
        Err(Missing::Failed(error)) => target.fail(error),
        // It does so where it is not told to keep the value.
        Err(Missing::Cancelled) => drop(target),
    }
}

pin_project! {
    /// Changes a value in its turn. Cancelled, it cancels it.
    struct Change<T, E, L, F>
    where
        E: Clone,
        E: 'static,
        L: RawLock,
    {
        #[pin]
        arrival: Arrival<MutableBuffer<T, E, L>>,
        f: Option<F>,
    }
}

impl<T, E: KernelError, L: RawLock, F: FnOnce(&mut T)> Future for Change<T, E, L, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        // Where there is no value, what it found stays.
        if let Ok(mut target) = ready!(this.arrival.poll(cx))
            && let Some(f) = this.f.take()
        {
            let changed = call(|| f(&mut target));
            leave(target, changed);
        }
        Poll::Ready(())
    }
}

impl<T: 'static, E: KernelError, L: RawLock> Async<T, E, L> {
    /// A value that `f` makes of this one as it is now, in a task of the current executor.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn map<R>(&self, f: impl FnOnce(&T) -> R + MaySend + 'static) -> Async<R, E, L>
    where
        T: MayShare,
        R: MayShare + 'static,
        E: MayShare,
        L: MayShare,
    {
        let (result, output) = Async::begun();
        match is_here() {
            true => {
                let input = self.read();
                let given = [input.seat(), output.seat()];
                go(spawn(compute_one(input, output, f)), given);
            }
            false => output.fail(NoContext.into()),
        }
        result
    }

    /// As [`map`](Self::map), in a task of the executor of `here`.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn map_on<R: 'static>(
        &self,
        here: &Here,
        f: impl FnOnce(&T) -> R + 'static,
    ) -> Async<R, E, L> {
        let (result, output) = Async::begun();
        match here.home().is_open() {
            true => {
                let input = self.read();
                let given = [input.seat(), output.seat()];
                go(here.spawn(compute_one(input, output, f)), given);
            }
            false => output.fail(NoContext.into()),
        }
        result
    }

    /// A value that `f` makes of this one and `other` as they are now, in a task of the current executor.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn combine<U, R>(
        &self,
        other: &Async<U, E, L>,
        f: impl FnOnce(&T, &U) -> R + MaySend + 'static,
    ) -> Async<R, E, L>
    where
        T: MayShare,
        U: MayShare + 'static,
        R: MayShare + 'static,
        E: MayShare,
        L: MayShare,
    {
        let (result, output) = Async::begun();
        match is_here() {
            true => {
                let inputs = (self.read(), other.read());
                let given = [inputs.0.seat(), inputs.1.seat(), output.seat()];
                go(spawn(compute_two(inputs, output, f)), given);
            }
            false => output.fail(NoContext.into()),
        }
        result
    }

    /// As [`combine`](Self::combine), in a task of the executor of `here`.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn combine_on<U: 'static, R: 'static>(
        &self,
        here: &Here,
        other: &Async<U, E, L>,
        f: impl FnOnce(&T, &U) -> R + 'static,
    ) -> Async<R, E, L> {
        let (result, output) = Async::begun();
        match here.home().is_open() {
            true => {
                let inputs = (self.read(), other.read());
                let given = [inputs.0.seat(), inputs.1.seat(), output.seat()];
                go(here.spawn(compute_two(inputs, output, f)), given);
            }
            false => output.fail(NoContext.into()),
        }
        result
    }

    /// Has `f` change the value in place, in a task of the current executor. Where there is none it is not called, and what readers find
    /// stays as it is.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn change(&mut self, f: impl FnOnce(&mut T) + MaySend + 'static)
    where
        T: MayShare,
        E: MayShare,
        L: MayShare,
    {
        let target = self.adjust();
        match is_here() {
            true => {
                let given = [target.seat()];
                go(spawn(Change { arrival: target.into_future(), f: Some(f) }), given);
            }
            false => target.fail(NoContext.into()),
        }
    }

    /// As [`change`](Self::change), in a task of the executor of `here`.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn change_on(&mut self, here: &Here, f: impl FnOnce(&mut T) + 'static) {
        let target = self.adjust();
        match here.home().is_open() {
            true => {
                let given = [target.seat()];
                go(here.spawn(Change { arrival: target.into_future(), f: Some(f) }), given);
            }
            false => target.fail(NoContext.into()),
        }
    }

    /// Has `f` change the value in place by what `other` is now, in a task of the current executor. Where there is no value it is not called,
    /// and what readers find stays as it is; where `other` is missing, this is too from now on.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn change_with<U>(
        &mut self,
        other: &Async<U, E, L>,
        f: impl FnOnce(&mut T, &U) + MaySend + 'static,
    ) where
        T: MayShare,
        U: MayShare + 'static,
        E: MayShare,
        L: MayShare,
    {
        let target = self.adjust();
        match is_here() {
            true => {
                let input = other.read();
                let given = [input.seat(), target.seat()];
                go(spawn(change_two(target, input, f)), given);
            }
            false => target.fail(NoContext.into()),
        }
    }

    /// As [`change_with`](Self::change_with), in a task of the executor of `here`.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn change_with_on<U: 'static>(
        &mut self,
        here: &Here,
        other: &Async<U, E, L>,
        f: impl FnOnce(&mut T, &U) + 'static,
    ) {
        let target = self.adjust();
        match here.home().is_open() {
            true => {
                let input = other.read();
                let given = [input.seat(), target.seat()];
                go(here.spawn(change_two(target, input, f)), given);
            }
            false => target.fail(NoContext.into()),
        }
    }
}

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

use crate::{
    context::{Here, MaySend, MayShare, with_current},
    epoch::Async,
    kernel::{
        job::{Change, ChangeBy, Combine, Map},
        launch::prepare,
        outputs::KernelError,
    },
    lock::RawLock,
};

/// Whether the current executor takes tasks.
#[inline]
pub(super) fn is_here() -> bool {
    with_current(|home| home.is_some_and(|home| home.home().is_open()))
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
        let task = prepare(is_here(), output, |output| Map { input: self.read(), output, f });
        if let Some(task) = task {
            task.go();
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
        let task =
            prepare(here.home().is_open(), output, |output| Map { input: self.read(), output, f });
        if let Some(task) = task {
            task.go_on(here);
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
        let task =
            prepare(is_here(), output, |output| Combine::new(self.read(), other.read(), output, f));
        if let Some(task) = task {
            task.go();
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
        let task = prepare(here.home().is_open(), output, |output| {
            Combine::new(self.read(), other.read(), output, f)
        });
        if let Some(task) = task {
            task.go_on(here);
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
        let task = prepare(is_here(), target, |target| Change { target, f });
        if let Some(task) = task {
            task.go();
        }
    }

    /// As [`change`](Self::change), in a task of the executor of `here`.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn change_on(&mut self, here: &Here, f: impl FnOnce(&mut T) + 'static) {
        let target = self.adjust();
        let task = prepare(here.home().is_open(), target, |target| Change { target, f });
        if let Some(task) = task {
            task.go_on(here);
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
        let task = prepare(is_here(), target, |target| ChangeBy::new(other.read(), target, f));
        if let Some(task) = task {
            task.go();
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
        let task =
            prepare(here.home().is_open(), target, |target| ChangeBy::new(other.read(), target, f));
        if let Some(task) = task {
            task.go_on(here);
        }
    }
}

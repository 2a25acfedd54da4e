//! Small kernels that are spread over the threads of a pool, where one is entered: twins of those of the [current executor](super::combine), for what
//! is `Send`.
//!
//! | call                       | reads       | writes                                          |
//! |----------------------------|-------------|-------------------------------------------------|
//! | `map_send`                 | one value   | a new one                                       |
//! | `combine_send`             | two values  | a new one                                       |
//! | `change_send`              |             | this one, in place                              |
//! | `change_send_with`         | one value   | this one, in place                              |

#[cfg(not(feature = "std"))]
use crate::kernel::combine::is_here as takes_send;
#[cfg(feature = "std")]
use crate::task::takes_send;
use crate::{
    context::Shares,
    epoch::Async,
    kernel::{
        job::{Change, ChangeBy, Combine, Map},
        launch::prepare,
        outputs::KernelError,
    },
    lock::Lock,
};

impl<T, E> Async<T, E, Lock>
where
    T: Shares + 'static,
    E: KernelError + Shares,
{
    /// As [`map`](Self::map), in a task of the pool that is entered, or else of the current executor.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn map_send<R: Shares + 'static>(
        &self,
        f: impl FnOnce(&T) -> R + Send + 'static,
    ) -> Async<R, E, Lock> {
        let (result, output) = Async::begun();
        let task = prepare(takes_send(), output, |output| Map { input: self.read(), output, f });
        if let Some(task) = task {
            task.go_send();
        }
        result
    }

    /// As [`combine`](Self::combine), in a task of the pool that is entered, or else of the current executor.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn combine_send<U: Shares + 'static, R: Shares + 'static>(
        &self,
        other: &Async<U, E, Lock>,
        f: impl FnOnce(&T, &U) -> R + Send + 'static,
    ) -> Async<R, E, Lock> {
        let (result, output) = Async::begun();
        let task = prepare(takes_send(), output, |output| {
            Combine::new(self.read(), other.read(), output, f)
        });
        if let Some(task) = task {
            task.go_send();
        }
        result
    }

    /// As [`change`](Self::change), in a task of the pool that is entered, or else of the current executor.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn change_send(&mut self, f: impl FnOnce(&mut T) + Send + 'static) {
        let target = self.adjust();
        let task = prepare(takes_send(), target, |target| Change { target, f });
        if let Some(task) = task {
            task.go_send();
        }
    }

    /// As [`change_with`](Self::change_with), in a task of the pool that is entered, or else of the current executor.
    ///
    /// # Panics
    /// As [`mutate`](Self::mutate).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn change_send_with<U: Shares + 'static>(
        &mut self,
        other: &Async<U, E, Lock>,
        f: impl FnOnce(&mut T, &U) + Send + 'static,
    ) {
        let target = self.adjust();
        let task = prepare(takes_send(), target, |target| ChangeBy::new(other.read(), target, f));
        if let Some(task) = task {
            task.go_send();
        }
    }
}

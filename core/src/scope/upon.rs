//! A handler of a value: what is to be done once it is there, in the context in which that was said.

use core::future::Future;

use crate::context::{Context, Within};
#[cfg(feature = "alloc")]
use crate::{
    context::{Here, MaySend},
    error::Refused,
    task::{JoinHandle, spawn},
};

/// Schedules `f` for when `value` is ready: a task of the current executor, in the current context, never inside of this call nor of what makes
/// it ready. Handlers of one value run in the order in which they were registered. The handle removes it: cancelled, it does not run, even
/// where the value has come.
///
/// # Errors
/// No executor is current: hands back what would have been its task.
///
/// Source: Async's `upon`.
#[cfg(feature = "alloc")]
pub fn upon<F, T>(
    value: F,
    f: impl FnOnce(F::Output) -> T + MaySend + 'static,
) -> Result<JoinHandle<T>, Refused<impl Future<Output = T>>>
where
    F: Future + MaySend + 'static,
    T: MaySend + 'static,
{
    spawn(handle_upon(value, f))
}

/// As [`upon`], on the executor of `here`.
///
/// # Errors
/// The executor is gone, or being dropped: hands back what would have been its task.
#[cfg(feature = "alloc")]
pub fn upon_on<F, T>(
    here: &Here,
    value: F,
    f: impl FnOnce(F::Output) -> T + 'static,
) -> Result<JoinHandle<T>, Refused<impl Future<Output = T>>>
where
    F: Future + 'static,
    T: 'static,
{
    here.spawn(handle_upon(value, f))
}

/// What `upon` spawns, for whoever gives it a place or an executor of his own: `here.spawn_place(place, handle_upon(..))`. It keeps to the
/// context of this call.
///
/// ```
/// use tidemill_core::{ivar::Ivar, scope::handle_upon};
///
/// static READY: Ivar<u32> = Ivar::new();
///
/// /// The task of a handler, for which `task_place!(report)` has room.
/// fn report() -> impl Future<Output = u32> {
///     handle_upon(READY.read(), |value| value.map_or(0, |value| value + 1))
/// }
/// # let _ = tidemill_core::task_place!(report);
/// ```
pub fn handle_upon<F: Future, T>(
    value: F,
    f: impl FnOnce(F::Output) -> T,
) -> Within<impl Future<Output = T>> {
    Context::current().within(async move { f(value.await) })
}

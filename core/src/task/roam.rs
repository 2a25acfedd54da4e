//! Roaming: where a pool is entered, a task that is `Send` becomes one of the pool's, which any of its threads may run.
//!
//! | a pool is entered | a Home is current | `spawn_send` makes a task of        |
//! |-------------------|-------------------|-------------------------------------|
//! | yes               | -                 | the pool                            |
//! | no                | yes               | the Home, on this thread            |
//! | no                | no                | none: the future is handed back     |
//!
//! Workers of a pool enter it for the turns of its tasks. Entering another Home leaves it.

#![expect(unsafe_code, reason = "hands new tasks over to a pool whose type is erased")]

use core::future::Future;

use super::{
    attributes::{Attributes, Name},
    join::JoinHandle,
    pooled::spawn_pooled,
    spawn::spawn_with,
};
use crate::{
    context::{HomeRef, enter_pool, with_current, with_pool},
    error::Refused,
};

/// Runs `f` with a pool entered.
///
/// # Safety
/// `pool` is a handle on a Home that begins with a [`PoolHead`](super::PoolHead), and whose `adopt` takes pooled tasks in, on any thread, also
/// once it is closed.
pub unsafe fn roam<R>(pool: &HomeRef, f: impl FnOnce() -> R) -> R {
    enter_pool(pool, f)
}

/// Makes a task of `future` on the pool that is entered, or else on the current Home. It is polled first in a later turn, never here.
///
/// # Errors
/// There is neither, or it is being dropped: the future is handed back.
#[inline]
#[cfg_attr(feature = "dag", track_caller)]
pub fn spawn_send<F>(future: F) -> Result<JoinHandle<F::Output>, Refused<F>>
where
    F: Future<Output: Send> + Send + 'static,
{
    spawn_send_with(Attributes::new(), future)
}

/// As [`spawn_send`], with a priority or a name.
///
/// # Errors
/// As [`spawn_send`].
#[cfg_attr(feature = "dag", track_caller)]
pub fn spawn_send_with<F, N: Name>(
    attributes: Attributes<N>,
    future: F,
) -> Result<JoinHandle<F::Output>, Refused<F>>
where
    F: Future<Output: Send> + Send + 'static,
{
    with_pool(|pool| {
        let Some(pool) = pool else { return spawn_with(attributes, future) };
        if !pool.is_open() {
            return Err(Refused(future));
        }
        let (priority, name) = attributes.parts();
        // SAFETY: it is a pool's (contract of `roam`), to which the task is handed.
        let (task, handle) = unsafe { spawn_pooled(pool.clone(), name, future) };
        // SAFETY: it is new; and a pool takes it on any thread (contract of `roam`).
        unsafe { pool.adopt(task.cast(), priority) };
        Ok(handle)
    })
}

/// Whether `spawn_send` finds somebody who takes tasks.
pub(crate) fn takes_send() -> bool {
    with_pool(|pool| pool.map(HomeRef::is_open))
        .unwrap_or_else(|| with_current(|here| here.is_some_and(|here| here.home().is_open())))
}

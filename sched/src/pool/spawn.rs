//! Spawning: how a future gets to a pool.

#![expect(unsafe_code, reason = "hands new tasks over to shards")]

use core::future::Future;
use std::sync::Arc;

use tidemill_core::{
    context::HomeRef,
    error::Refused,
    task::{Attributes, JoinHandle, Name, prefer_node, spawn_pooled},
};

use super::{desk::with_desk_of, inject::Task, schedule::Why, shard::Shard, shared::Shared};

/// Makes a task of `future`; where this is a worker of the pool, among its own.
#[cfg_attr(feature = "dag", track_caller)]
pub(super) fn spawn_at<F, N: Name>(
    shared: &Arc<Shared>,
    outside: &HomeRef,
    (attributes, group): (Attributes<N>, Option<usize>),
    future: F,
) -> Result<JoinHandle<F::Output>, Refused<F>>
where
    F: Future<Output: Send> + Send + 'static,
{
    if shared.is_stopped() {
        return Err(Refused(future));
    }
    let (priority, name) = attributes.parts();
    with_desk_of(shared, |desk| {
        let home = desk.map_or(outside, |desk| &desk.home);
        // SAFETY: the handle is of a shard, which begins with a `PoolHead`, and gets the task below.
        let (task, handle) = unsafe { spawn_pooled(home.clone(), name, future) };
        if group.is_some() {
            // SAFETY: it was made just now.
            unsafe { prefer_node(task, group) };
        }
        let shard: *const Shard = home.as_ptr().cast();
        // SAFETY: the handle keeps it.
        let head = &unsafe { &*shard }.head;
        // SAFETY: it was made just now, with a handle on this.
        if unsafe { head.insert(task, priority) }.is_some() {
            // SAFETY: it is new, and to be queued.
            unsafe { shared.schedule(Task(task), Why::New) };
        }
        Ok(handle)
    })
}

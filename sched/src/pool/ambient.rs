//! What a task of a pool asks of the pool that runs it: where it runs, and to run elsewhere.

#![expect(unsafe_code, reason = "asks and changes a task of erased type")]

use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tidemill_core::{error::NoContext, task::prefer_node};

use super::desk::{Desk, with_desk};

/// The number of the worker that runs this, if it is one of a pool.
pub fn worker() -> Option<usize> {
    with_desk(|desk| desk.map(|desk| desk.worker))
}

/// The node of the worker that runs this, by the system's number, if it is one of a pool.
pub fn node() -> Option<usize> {
    with_desk(|desk| desk.map(node_of))
}

fn node_of(desk: &Desk) -> usize {
    desk.shared.groups[desk.group].node
}

/// The node that the task prefers whose turn this is.
///
/// # Errors
/// This is no turn of a task of a pool.
pub fn preferred_node() -> Result<Option<usize>, NoContext> {
    with_desk(|desk| {
        let (desk, task) = desk.and_then(|desk| Some((desk, desk.task.get()?))).ok_or(NoContext)?;
        // SAFETY: it is in its turn, so it is alive.
        let group = unsafe { tidemill_core::task::preferred_node(task.0) };
        Ok(group.map(|group| desk.shared.groups[group].node))
    })
}

/// Has the task whose turn this is run on this node from its next wake on, named by the system's number; with `None` on any.
///
/// # Errors
/// This is no turn of a task of a pool that has workers on that node.
pub fn set_preferred_node(node: Option<usize>) -> Result<(), NoContext> {
    with_desk(|desk| {
        let (desk, task) = desk.and_then(|desk| Some((desk, desk.task.get()?))).ok_or(NoContext)?;
        let group = node.map(|node| desk.shared.group_of(node).ok_or(NoContext)).transpose()?;
        // SAFETY: it is in its turn, so it is alive.
        unsafe { prefer_node(task.0, group) };
        Ok(())
    })
}

/// Goes over to a node: from when this has ended, the task runs there, and [prefers](set_preferred_node) it.
///
/// # Errors
/// As [`set_preferred_node`].
///
/// # Cancel safety
/// Dropped, the task keeps its new preference.
pub fn migrate(node: usize) -> Migrate {
    Migrate { node }
}

/// A task that goes over to a node: made by [`migrate`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Migrate {
    node: usize,
}

impl Future for Migrate {
    type Output = Result<(), NoContext>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        set_preferred_node(Some(self.node))?;
        if node() == Some(self.node) {
            return Poll::Ready(Ok(()));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

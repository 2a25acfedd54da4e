//! A spawner: makes tasks of a pool, from any thread.

use core::{fmt, future::Future};
use std::sync::Arc;

use tidemill_core::{
    context::HomeRef,
    error::Refused,
    sync::Ordering::SeqCst,
    task::{Attributes, JoinHandle, Name},
};

use super::{bound::NodeBox, shared::Shared, spawn::spawn_at};

/// Makes tasks of a [`Pool`](super::Pool), from any thread. As long as there is one, the pool takes it that tasks may come from outside, and reports no
/// deadlock.
///
/// It does not keep the pool: once that is shut down, it refuses.
pub struct Spawner {
    shared: Arc<Shared>,
    outside: HomeRef,
}

impl Spawner {
    pub(super) fn new(shared: Arc<Shared>, outside: HomeRef) -> Self {
        // ordering: SeqCst, before the fence in `look`.
        shared.spawners.fetch_add(1, SeqCst);
        Self { shared, outside }
    }

    /// Makes a task of `future`, which runs on any worker.
    ///
    /// # Errors
    /// The pool is shut down: the future is handed back. Where it is shut down at this moment, the handle answers
    /// [`Cancelled`](tidemill_core::error::JoinError::Cancelled) instead.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn<F>(&self, future: F) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        spawn_at(&self.shared, &self.outside, (Attributes::new(), None), future)
    }

    /// Makes a task of `future`, with a priority or a name.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_with<F, N: Name>(
        &self,
        attributes: Attributes<N>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        spawn_at(&self.shared, &self.outside, (attributes, None), future)
    }

    /// Makes a task of `future` that runs on workers of this node alone.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn), or the pool has no worker on that node.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_on<F>(&self, node: usize, future: F) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match self.shared.group_of(node) {
            Some(group) => {
                let how = (Attributes::new(), Some(group));
                spawn_at(&self.shared, &self.outside, how, future)
            }
            None => Err(Refused(future)),
        }
    }

    /// Makes a task of `future` that prefers the node on which its data lies, as [`spawn_on`](Self::spawn_on); where the system has not bound it to one
    /// with workers, it runs on any.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn spawn_near<T: ?Sized, F>(
        &self,
        data: &NodeBox<T>,
        future: F,
    ) -> Result<JoinHandle<F::Output>, Refused<F>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let group = data.node().and_then(|node| self.shared.group_of(node));
        spawn_at(&self.shared, &self.outside, (Attributes::new(), group), future)
    }
}

impl Clone for Spawner {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone(), self.outside.clone())
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        // ordering: SeqCst, before the fence in `look`.
        if self.shared.spawners.fetch_sub(1, SeqCst) == 1 {
            self.shared.look();
        }
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").finish_non_exhaustive()
    }
}

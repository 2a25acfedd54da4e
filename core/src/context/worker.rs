//! The number of the worker whose thread this is, where a runtime has numbered its threads: what it is told of an error.

#[cfg(feature = "std")]
mod imp {
    use core::cell::Cell;

    use crate::thread_local_static;

    /// Nobody's thread.
    const NONE: usize = usize::MAX;

    thread_local_static!(static WORKER: Cell<usize> = Cell::new(usize::MAX));

    /// Puts back what was there before.
    struct Restore(usize);

    impl Drop for Restore {
        fn drop(&mut self) {
            WORKER.with(|worker| worker.set(self.0));
        }
    }

    /// Runs `f` on the thread of the worker of this number.
    pub(in crate::context) fn on_worker<R>(number: usize, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(WORKER.with(|worker| worker.replace(number)));
        f()
    }

    /// The number of this thread's worker.
    pub(in crate::context) fn worker() -> Option<usize> {
        Some(WORKER.with(|worker| worker.get())).filter(|number| *number != NONE)
    }
}

#[cfg(feature = "std")]
pub(super) use imp::{on_worker, worker};

/// Without threads nobody numbers them.
#[cfg(not(feature = "std"))]
pub(super) fn worker() -> Option<usize> {
    None
}

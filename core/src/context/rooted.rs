//! The root monitor of this thread, where its runtime has one of its own.
//!
//! [R1] The thread local names a `Monitor` that `as_root` has borrowed until it returns, and restores what was there before, also on a panic:
//!      it never dangles. Null: there is none.

#![expect(unsafe_code, reason = "names a borrowed monitor in a thread local")]

use core::{cell::Cell, ptr};

use crate::{
    context::{monitor::Monitor, worker::on_worker},
    thread_local_static,
};

thread_local_static!(static ENTERED: Cell<*const Monitor> = Cell::new(ptr::null()));

/// Puts back what was there before.
struct Restore(*const Monitor);

impl Drop for Restore {
    fn drop(&mut self) {
        ENTERED.with(|entered| entered.set(self.0));
    }
}

impl Monitor {
    /// Runs `f` with this as the [root](Monitor::root) monitor of this thread, which is that of the worker of this number: errors that are
    /// sent meanwhile carry the number. It is for runtimes, which shut down in order when it has [`failed`](Monitor::failed).
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use tidemill_core::{context::{Monitor, send_error}, error::Fault};
    ///
    /// let root = Monitor::top();
    /// root.as_root(2, || send_error(Fault::Text("no space left")));
    /// assert_eq!(root.failures().unwrap().first().to_string(), "worker 2: no space left");
    /// # }
    /// ```
    pub fn as_root<R>(&self, worker: usize, f: impl FnOnce() -> R) -> R {
        let _restore = Restore(ENTERED.with(|entered| entered.replace(self)));
        on_worker(worker, f)
    }
}

/// That monitor, if there is one.
pub(super) fn rooted() -> Option<Monitor> {
    let entered = ENTERED.with(|entered| entered.get());
    // SAFETY: [R1], we run within the frame that borrows it.
    unsafe { entered.as_ref() }.cloned()
}

//! The ambient context without `std`: one static holds a counted one, changed in a short lock.
//!
//! [B1] An interrupt or a second core may be answered the context of what it interrupts; never a dead one.

use core::mem;

use crate::{
    context::context::Context,
    lock::{Lock, Locked},
    shared_static,
};

shared_static!(static AMBIENT: Locked<Context, Lock> = Locked::new_in(Context::root()));

/// Puts back what was there before.
struct Restore(Context);

impl Drop for Restore {
    fn drop(&mut self) {
        self.0 = swap(mem::take(&mut self.0));
    }
}

/// Changes the ambient context. The old one is dropped by the caller, outside the lock.
fn swap(context: Context) -> Context {
    AMBIENT.with(|ambient| mem::replace(ambient, context))
}

/// Runs `f` in `context`.
pub(crate) fn within<R>(context: &Context, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(swap(context.clone()));
    f()
}

/// Runs `f` in the root context.
pub(crate) fn outside<R>(f: impl FnOnce() -> R) -> R {
    within(&Context::root(), f)
}

/// The ambient context.
pub(crate) fn ambient() -> Context {
    AMBIENT.with(|ambient| ambient.clone())
}

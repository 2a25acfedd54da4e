//! The ambient context with `std`: a thread local names a borrowed one.
//!
//! [B1] The thread local names a `Context` that `within` has borrowed until it returns, and restores what was there before, also on a
//!      panic: it never dangles. Null is the root context.

#![expect(unsafe_code, reason = "names a borrowed context in a thread local")]

use core::{cell::Cell, ptr};

use crate::{context::context::Context, thread_local_static};

thread_local_static!(static AMBIENT: Cell<*const Context> = Cell::new(ptr::null()));

/// Puts back what was there before.
struct Restore(*const Context);

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        AMBIENT.with(|ambient| ambient.set(self.0));
    }
}

/// Runs `f` in `context`.
pub(crate) fn within<R>(context: &Context, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(AMBIENT.with(|ambient| ambient.replace(context)));
    f()
}

/// Runs `f` in the root context.
#[inline]
pub(crate) fn outside<R>(f: impl FnOnce() -> R) -> R {
    let _restore = Restore(AMBIENT.with(|ambient| ambient.replace(ptr::null())));
    f()
}

/// The ambient context.
#[inline(always)]
pub(crate) fn ambient() -> Context {
    let context = AMBIENT.with(|ambient| ambient.get());
    if context.is_null() {
        return Context::root();
    }
    named(context)
}

#[cold]
fn named(context: *const Context) -> Context {
    // SAFETY: [B1], we run within the frame that borrows it, and it is not null.
    unsafe { &*context }.clone()
}

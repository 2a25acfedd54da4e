//! Without `alloc` there is one context, the root: it costs nothing.

use crate::context::Priority;

/// The root context.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context;

impl Context {
    /// The root context.
    pub(crate) const fn root() -> Self {
        Self
    }

    /// As tasks are.
    #[inline(always)]
    pub(crate) fn priority(&self) -> Priority {
        Priority::Normal
    }

    /// It is.
    #[inline(always)]
    pub(crate) fn is_root(&self) -> bool {
        true
    }
}

/// Runs `f`.
#[inline(always)]
pub(crate) fn within<R>(_: &Context, f: impl FnOnce() -> R) -> R {
    f()
}

/// Runs `f`.
#[inline(always)]
pub(crate) fn outside<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// The root context.
#[inline(always)]
pub(crate) fn ambient() -> Context {
    Context::root()
}

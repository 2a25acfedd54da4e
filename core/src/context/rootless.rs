//! Without `alloc` there is one context, the root: it costs nothing.

/// The root context.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context;

impl Context {
    /// The root context.
    pub(crate) const fn root() -> Self {
        Self
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

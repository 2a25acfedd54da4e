//! A context is what a task carries with it: who answers for it, how urgent it is, and values that travel along.
//!
//! It is one counted word. The root context is no memory at all: the root monitor, normal priority, no values.

use core::{any::Any, fmt, marker::PhantomData, ptr};

use alloc::{sync::Arc as Shared, vec::Vec};

use crate::{
    context::{
        keeper::{Keeper, Kept},
        monitor::Monitor,
        priority::Priority,
    },
    sync::Arc,
};

/// Names a value that travels with a context. It belongs in a static, whose address it goes by.
///
/// ```
/// use tidemill_core::context::{Context, Key};
///
/// static REQUEST: Key<u32> = Key::new();
///
/// let context = Context::root().with_local(&REQUEST, 7);
/// assert_eq!(context.run(|| Context::current().local(&REQUEST)).as_deref(), Some(&7));
/// assert_eq!(Context::current().local(&REQUEST), None);
/// ```
pub struct Key<T> {
    /// Lest two keys have one address.
    _place: u8,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// A key.
    #[expect(clippy::new_without_default, reason = "it belongs in a static")]
    pub const fn new() -> Self {
        Self { _place: 0, value: PhantomData }
    }

    fn address(&'static self) -> usize {
        ptr::from_ref(self).addr()
    }
}

/// What a task carries with it: monitor, priority, values. Cloning it counts, and copies nothing.
#[derive(Clone, Default)]
pub struct Context(Option<Arc<Inner>>);

#[derive(Clone, Default)]
struct Inner {
    monitor: Option<Monitor>,
    priority: Priority,
    locals: Vec<(usize, Shared<dyn Any + Send + Sync>)>,
    keeper: Option<Shared<dyn Keeper>>,
}

impl Context {
    /// The root context.
    pub const fn root() -> Self {
        Self(None)
    }

    /// Whether it is the root context.
    #[inline]
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// Who answers for what runs here.
    pub fn monitor(&self) -> Monitor {
        let inner = self.0.as_ref();
        inner.and_then(|inner| inner.monitor.clone()).unwrap_or_else(Monitor::root)
    }

    /// How urgent it is.
    pub fn priority(&self) -> Priority {
        self.0.as_ref().map_or(Priority::Normal, |inner| inner.priority)
    }

    /// A value that travels along.
    pub fn local<T: Send + Sync + 'static>(&self, key: &'static Key<T>) -> Option<Shared<T>> {
        let locals = &self.0.as_ref()?.locals;
        let (_, value) = locals.iter().find(|(address, _)| *address == key.address())?;
        value.clone().downcast().ok()
    }

    /// The same with another monitor.
    #[must_use]
    pub fn with_monitor(&self, monitor: Monitor) -> Self {
        self.edit(|inner| inner.monitor = Some(monitor))
    }

    /// The same with another priority.
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Self {
        self.edit(|inner| inner.priority = priority)
    }

    /// The same with a value, in place of the one that the key had.
    #[must_use]
    pub fn with_local<T: Send + Sync + 'static>(&self, key: &'static Key<T>, value: T) -> Self {
        self.edit(|inner| {
            inner.locals.retain(|(address, _)| *address != key.address());
            inner.locals.push((key.address(), Shared::new(value)));
        })
    }

    fn keeper(&self) -> Option<&Shared<dyn Keeper>> {
        self.0.as_ref()?.keeper.as_ref()
    }

    /// Has the keeper of this context, if there is one, wait until the answer is dropped.
    pub(crate) fn keep(&self) -> Option<Kept> {
        self.keeper().cloned().map(Kept::new)
    }

    /// The same with this keeper. It costs nothing where that is the keeper already.
    pub(crate) fn with_keeper(&self, keeper: &Shared<dyn Keeper>) -> Self {
        match self.keeper() {
            Some(same) if ptr::addr_eq(Shared::as_ptr(same), Shared::as_ptr(keeper)) => {
                self.clone()
            }
            _ => self.edit(|inner| inner.keeper = Some(keeper.clone())),
        }
    }

    fn edit(&self, edit: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = self.0.as_deref().cloned().unwrap_or_default();
        edit(&mut inner);
        Self(Some(Arc::new(inner)))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("root", &self.is_root())
            .field("priority", &self.priority())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

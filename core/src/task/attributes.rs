//! Attributes of a task: its priority and its name, as they are given when it is made.

use crate::context::Priority;

/// What a task may have for a name: `()` for none, or a text.
pub trait Name: sealed::Sealed + Copy + 'static {
    /// The text, if there is one.
    fn text(self) -> Option<&'static str>;
}

mod sealed {
    /// Nobody else has a name.
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for &'static str {}
}

impl Name for () {
    fn text(self) -> Option<&'static str> {
        None
    }
}

impl Name for &'static str {
    fn text(self) -> Option<&'static str> {
        Some(self)
    }
}

/// What a task is made with. A name is kept behind its future, so that a task without one pays nothing for it.
///
/// ```
/// use tidemill_core::task::{Attributes, Priority};
///
/// const FLUSH: Attributes<&str> = Attributes::new().priority(Priority::Low).name("flush");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes<N = ()> {
    pub(super) priority: Priority,
    pub(super) name: N,
}

impl Attributes {
    /// Normal, without a name.
    pub const fn new() -> Self {
        Self { priority: Priority::Normal, name: () }
    }

    /// The same with a name, which deadlock reports tell.
    pub const fn name(self, name: &'static str) -> Attributes<&'static str> {
        Attributes { priority: self.priority, name }
    }
}

impl<N: Copy> Attributes<N> {
    /// The same with this priority.
    pub const fn priority(self, priority: Priority) -> Self {
        Self { priority, name: self.name }
    }

    /// Both, for the executor that makes the task.
    #[inline]
    pub fn parts(self) -> (Priority, N) {
        (self.priority, self.name)
    }
}

//! The latest value, or none; and one who waits for it.
//!
//! | value | `put`                        | `take`  | `look`                                                                |
//! |-------|------------------------------|---------|-----------------------------------------------------------------------|
//! | none  | -> there; who waits is woken | nothing | whoever looks waits; if another waited he is woken, and looks again   |
//! | there | replaced                     | -> none | -> none                                                               |

use core::task::{Poll, Waker};

use super::Hatch;
use crate::{const_new, lock::RawLock};

/// See the [module](self).
pub(crate) struct Latest<T, L: RawLock>(Hatch<Option<T>, L>);

impl<T, L: RawLock> Latest<T, L> {
    const_new! {
        /// None, for which nobody waits.
        pub(crate) fn new() -> Self {
            Self(Hatch::new(None))
        }
    }

    /// Puts `value` there, and wakes who waits. Answers what was there before.
    pub(crate) fn put(&self, value: T) -> Option<T> {
        self.0.change(|held| Some(held.replace(value))).flatten()
    }

    /// Takes it.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.change(Option::take)
    }

    /// Whether it is there.
    pub(crate) fn is_there(&self) -> bool {
        self.0.with(Option::is_some)
    }

    /// Takes it; if it is not there, `waker` waits.
    pub(crate) fn look(&self, waker: &Waker) -> Poll<T> {
        self.0.look(waker, Option::take)
    }
}

//! Aliases for what one thread keeps to itself: the same types without a lock, and not `Sync`. Made by `new_in`.

use crate::{ivar, lock::Unlocked};

/// An [`Ivar`](ivar::Ivar) of one thread.
///
/// ```
/// use tidemill_core::local;
///
/// let ivar = local::Ivar::new_in();
/// assert!(ivar.fill("here").is_ok());
/// assert_eq!(ivar.peek(), Some(&"here"));
/// ```
///
/// It is not shared between threads:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<tidemill_core::local::Ivar<u32>>();
/// ```
pub type Ivar<T> = ivar::Ivar<T, Unlocked>;

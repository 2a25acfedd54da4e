//! The hooks of an executor: what a platform must bring to have one, and nothing else.

use crate::{clock::Clock, wait::Doorbell};

/// A clock, and a doorbell that ends a sleep. To sleep is the third, and given separately ([`Park`](crate::wait::Park)).
///
/// It is implemented by whatever has both:
/// ```
/// use tidemill_core::{clock::{Clock, Instant}, task::Hooks, wait::Doorbell};
///
/// struct Board;
/// impl Clock for Board {
///     fn now(&self) -> Instant { Instant::ORIGIN }
/// }
/// impl Doorbell for Board {
///     fn ring(&self) {}
/// }
/// fn is_enough(_: impl Hooks) {}
/// is_enough(Board);
/// ```
pub trait Hooks: Clock + Doorbell + Send + Sync + 'static {}

impl<H: Clock + Doorbell + Send + Sync + 'static> Hooks for H {}

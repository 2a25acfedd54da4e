//! The lock of what a Home keeps to its own thread.

/// The lock of what a Home keeps to its own thread: none with `std`; without, where an interrupt may come along, a critical section.
#[cfg(feature = "std")]
pub type HomeLock = crate::lock::Unlocked;
/// The lock of what a Home keeps to its own thread: none with `std`; without, where an interrupt may come along, a critical section.
#[cfg(not(feature = "std"))]
pub type HomeLock = crate::lock::Lock;

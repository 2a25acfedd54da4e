//! What an ambient call may take along: anything where the thread is known, else what may go to another.

/// What an ambient call may take along to the current Home. With `std` that is on the same thread, and anything may come along. Without,
/// whoever calls may be an interrupt or another core, and only what is `Send` may; what is not is given to a
/// [`Here`](crate::context::Here) instead.
#[cfg(feature = "std")]
pub trait MaySend {}

#[cfg(feature = "std")]
impl<T: ?Sized> MaySend for T {}

/// What an ambient call may take along to the current Home. With `std` that is on the same thread, and anything may come along. Without,
/// whoever calls may be an interrupt or another core, and only what is `Send` may; what is not is given to a
/// [`Here`](crate::context::Here) instead.
#[cfg(not(feature = "std"))]
pub trait MaySend: Send {}

#[cfg(not(feature = "std"))]
impl<T: Send + ?Sized> MaySend for T {}

/// What tasks that an ambient call makes may share: with `std` anything; without, what is `Send` and `Sync`.
#[cfg(feature = "std")]
pub trait MayShare {}

#[cfg(feature = "std")]
impl<T: ?Sized> MayShare for T {}

/// What tasks that an ambient call makes may share: with `std` anything; without, what is `Send` and `Sync`.
#[cfg(not(feature = "std"))]
pub trait MayShare: Send + Sync {}

#[cfg(not(feature = "std"))]
impl<T: Send + Sync + ?Sized> MayShare for T {}

/// What tasks on several threads may share: what is `Send` and `Sync`.
pub trait Shares: Send + Sync {}

impl<T: Send + Sync + ?Sized> Shares for T {}

//! Aliases for what one thread keeps to itself: the same types without a lock, and not `Sync`. Made by `new_in`.

use crate::{
    clock, epoch,
    error::Fault,
    ivar,
    lock::Unlocked,
    scope,
    share::{self, pipe},
    time, wait,
};

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

/// A [`Semaphore`](share::Semaphore) of one thread.
pub type Semaphore = share::Semaphore<Unlocked>;

/// A [`Mutex`](share::Mutex) of one thread.
pub type Mutex<T> = share::Mutex<T, Unlocked>;

/// A [`Condition`](share::Condition) of one thread.
pub type Condition = share::Condition<Unlocked>;

/// An [`Mvar`](share::Mvar) of one thread.
pub type Mvar<T> = share::Mvar<T, Unlocked>;

/// A [`Bvar`](share::Bvar) of one thread.
pub type Bvar<T> = share::Bvar<T, Unlocked>;

/// A [`Signal`](share::Signal) of one thread.
pub type Signal<T = ()> = share::Signal<T, Unlocked>;

/// A [`Channel`](share::Channel) of one thread.
pub type Channel<T, const N: usize> = share::Channel<T, N, Unlocked>;

/// A [`Filler`](ivar::Filler) of one thread.
pub type Filler<T> = ivar::Filler<T, Unlocked>;

/// A [`Deferred`](ivar::Deferred) of one thread.
pub type Deferred<T> = ivar::Deferred<T, Unlocked>;

/// A [`Once`](ivar::Once) of one thread.
#[cfg(feature = "alloc")]
pub type Once<T> = ivar::Once<T, Unlocked>;

/// An [`OnceFiller`](ivar::OnceFiller) of one thread.
#[cfg(feature = "alloc")]
pub type OnceFiller<T> = ivar::OnceFiller<T, Unlocked>;

/// A [`Cancel`](scope::Cancel) of one thread.
///
/// ```
/// use tidemill_core::{error::Fault, local};
///
/// let stop = local::Cancel::new_in();
/// stop.cancel(Fault::Text("enough"));
/// assert!(stop.is_cancelled());
/// ```
///
/// It is not shared between threads:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<tidemill_core::local::Cancel>();
/// ```
pub type Cancel = scope::Cancel<Unlocked>;

/// A [`CancelToken`](scope::CancelToken) of one thread, and the tree below it: the handles that it counts stay there too.
///
/// ```
/// use tidemill_core::{error::Fault, local};
///
/// let root = local::CancelToken::new_in();
/// let child = root.child();
/// root.cancel(Fault::Text("enough"));
/// assert!(child.is_cancelled());
/// ```
///
/// ```compile_fail,E0277
/// fn sent<T: Send>() {}
/// sent::<tidemill_core::local::CancelToken>();
/// ```
#[cfg(feature = "alloc")]
pub type CancelToken = scope::CancelToken<Unlocked>;

/// A [`ManualClock`](clock::ManualClock) of one thread.
pub type ManualClock = clock::ManualClock<Unlocked>;

/// A [`Wheel`](time::Wheel) of one thread.
pub type Wheel = time::Wheel<Unlocked>;

/// A [`WaitList`](wait::WaitList) of one thread.
pub type WaitList<S = (), M = ()> = wait::WaitList<Unlocked, S, M>;

/// A [`FixedPipe`](pipe::FixedPipe) of one thread.
///
/// ```
/// use tidemill_core::{error::WriteError, local};
///
/// let pipe = local::FixedPipe::<_, 1>::fixed_in();
/// assert!(pipe.writer().try_write("here").is_ok());
/// assert_eq!(pipe.writer().try_write("there"), Err(WriteError::Full("there")));
/// ```
pub type FixedPipe<T, const N: usize> = pipe::FixedPipe<T, N, Unlocked>;

/// A [`GrowingPipe`](pipe::GrowingPipe) of one thread.
#[cfg(feature = "alloc")]
pub type GrowingPipe<T> = pipe::GrowingPipe<T, Unlocked>;

/// An [`Async`](epoch::Async) of one thread.
#[cfg(feature = "alloc")]
pub type Async<T, E = Fault> = epoch::Async<T, E, Unlocked>;

/// An [`AsyncCell`](epoch::AsyncCell) of one thread.
pub type AsyncCell<T, const N: usize, E = Fault> = epoch::AsyncCell<T, N, E, Unlocked>;

/// A [`ReadBuffer`](epoch::ReadBuffer) of one thread.
pub type ReadBuffer<T, E = Fault> = epoch::ReadBuffer<T, E, Unlocked>;

/// A [`WriteBuffer`](epoch::WriteBuffer) of one thread.
pub type WriteBuffer<T, E = Fault> = epoch::WriteBuffer<T, E, Unlocked>;

/// A [`MutableBuffer`](epoch::MutableBuffer) of one thread.
pub type MutableBuffer<T, E = Fault> = epoch::MutableBuffer<T, E, Unlocked>;

/// An [`EmplaceBuffer`](epoch::EmplaceBuffer) of one thread.
pub type EmplaceBuffer<T, E = Fault> = epoch::EmplaceBuffer<T, E, Unlocked>;

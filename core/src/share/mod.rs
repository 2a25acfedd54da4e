//! What tasks share: permits, a value under a lock, a slot, and news. Where many wait they wait in one kind of line, first come first served.
//!
//! | here          | is                                                                          |
//! |---------------|-----------------------------------------------------------------------------|
//! | [`Semaphore`] | a count of permits to wait for                                              |
//! | [`Mutex`]     | a value that one task at a time may touch, across awaits                    |
//! | [`Condition`] | news for one waiter or for all, lost where nobody waits                     |
//! | [`Mvar`]      | a slot for one value: who puts waits for room, who takes for a value        |
//! | [`Bvar`]      | a value for everybody who waits now                                         |
//! | [`Signal`]    | the latest value, for one who waits                                         |
//! | [`Channel`]   | values in order, with room for so many, for one who waits on each side      |
//! | [`pipe`]      | values in order, with room for so many, from writers to readers             |
//!
//! Waiting allocates nothing. A future that is dropped leaves its line, and passes on what it had been handed.

mod bvar;
mod channel;
mod condition;
mod lock_once;
mod mutex;
mod mvar;
pub mod pipe;
mod rack;
mod semaphore;
mod signal;

pub use bvar::{Broadcast, Bvar};
pub use channel::{Channel, Receive, Send};
pub use condition::{Condition, Told};
pub use lock_once::LockOnce;
pub use mutex::{Locking, Mutex, MutexGuard};
pub use mvar::{Mvar, Put, Take};
pub use semaphore::{Acquire, Permit, Semaphore};
pub use signal::{Awaited, Signal};

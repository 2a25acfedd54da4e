//! Driving an executor: whoever waits for what its tasks bring, and does not wait in a task of its own, gives them their turns meanwhile.
//!
//! | nothing is ready, and       | [`Drive::drive`] answers                                       |
//! |-----------------------------|----------------------------------------------------------------|
//! | what is waited for has come | `Ok`                                                           |
//! | a timer is set              | [`Undone::Asleep`], where whoever drives can neither sleep nor move the clock |
//! | tasks wait                  | [`Undone::Deadlock`], and which ones                           |

#[cfg(feature = "alloc")]
use core::any::Any;
use core::{error, fmt};

use super::deadlock::Deadlock;
use crate::context::Done;
#[cfg(feature = "alloc")]
use crate::context::Here;

/// Why what was waited for has not come.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undone {
    /// Nothing is ready, and no timer is set: these tasks wait for what never comes, unless another thread brings it.
    Deadlock(Deadlock),
    /// Nothing is ready until a moment comes, and whoever waits inside of a task cannot sleep: await it instead.
    Asleep,
    /// The scheduler is paused.
    Paused,
    /// So many wait already, one on top of the other, as the executor allows.
    TooDeep,
    /// The executor is gone, or being dropped.
    Gone,
    /// An executor runs on this thread, which is not to be blocked: await it instead.
    OnWorker,
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadlock(deadlock) => deadlock.fmt(f),
            Self::Asleep => f.write_str(
                "nothing is ready before a later moment, and who waits here cannot sleep: await it",
            ),
            Self::Paused => f.write_str("the scheduler is paused: resume it"),
            Self::TooDeep => {
                f.write_str("too many wait on top of each other: await instead, or allow more")
            }
            Self::Gone => f.write_str("the executor is gone"),
            Self::OnWorker => {
                f.write_str("an executor runs on this thread, which must not be blocked: await it")
            }
        }
    }
}

impl fmt::Debug for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for Undone {}

/// An executor that gives turns to its tasks while somebody waits.
pub trait Drive {
    /// Gives turns until `done` says that they need not go on. It is asked before each turn, and may be asked in any frame of this thread. The waker
    /// that it is given has it asked again: by who sleeps meanwhile, as a pool's workers do. Who never sleeps gives one that does nothing.
    ///
    /// # Errors
    /// No turn can be given any more, and `done` has not said so.
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone>;
}

/// Inside of a task, too: others have their turns on top of its frame. Without `alloc` the stack is small, and a task awaits instead.
#[cfg(feature = "alloc")]
impl Drive for Here {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        let mut ended: Result<(), Undone> = Err(Undone::Gone);
        self.drive_home(done, &mut ended as &mut dyn Any);
        ended
    }
}

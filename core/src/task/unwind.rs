//! Unwinding: with `std` a panic in a task ends that task alone; without, it is the platform's.

#[cfg(feature = "alloc")]
use crate::{
    context::TaskInfo,
    error::{JoinError, Panic},
};

#[cfg(feature = "std")]
mod imp {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use crate::error::Panic;

    /// Runs `f`, catching its panic.
    ///
    /// Whoever calls it leaves nothing half done: what `f` was at is dropped, never used again.
    #[inline]
    pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
        catch_unwind(AssertUnwindSafe(f)).map_err(Panic::new)
    }

    /// A panic that no handle will ever ask for. The panic hook has reported it.
    ///
    /// Its payload may panic again when it is dropped, with a payload of which that is true too: the fourth of them is forgotten.
    #[cold]
    pub(crate) fn stray(panic: Panic) {
        let mut payload = panic.into_payload();
        for _ in 0..3 {
            match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                Ok(()) => return,
                Err(again) => payload = again,
            }
        }
        core::mem::forget(payload);
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use crate::error::Panic;

    /// Runs `f`. Nothing is caught.
    #[inline(always)]
    pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
        Ok(f())
    }

    /// Never comes to pass: nothing is caught.
    #[cfg(feature = "alloc")]
    pub(crate) fn stray(_: Panic) {}
}

/// A panic of this task that no handle asked for: the monitor of the current context is told.
#[cfg(feature = "alloc")]
#[cold]
pub(crate) fn tell(panic: Panic, task: Option<TaskInfo>) {
    catch(|| crate::context::ambient().monitor().send_panic(panic, task)).unwrap_or_else(stray);
}

/// Drops a value of the user, whose drop may panic.
#[cfg(feature = "alloc")]
pub(crate) fn discard<T>(value: T) {
    catch(|| drop(value)).unwrap_or_else(stray);
}

/// Drops an output that its handle did not ask for; the monitor is told if it is a panic.
#[cfg(feature = "alloc")]
#[cold]
#[inline(never)]
pub(super) fn leave_behind<T>(output: Option<Result<T, JoinError>>, task: Option<TaskInfo>) {
    match output {
        Some(Err(JoinError::Panicked(panic))) => tell(panic, task),
        output => drop(output),
    }
}

pub(crate) use imp::catch;
#[cfg(feature = "alloc")]
pub(crate) use imp::stray;

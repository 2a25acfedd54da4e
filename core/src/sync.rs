//! The one seam between Tidemill and loom: atomics, cells, the lock behind [`Lock`](crate::lock::Lock), `Arc`.
//!
//! Every other file takes these from here and never asks whether it runs under a model. Two differences cannot be
//! hidden behind a name, and have a macro each: loom's atomics have no const constructor ([`const_new!`](crate::const_new)), and so
//! a lock has no `const INIT` there ([`lock_init!`](crate::lock_init)).

#[cfg(feature = "alloc")]
pub(crate) use imp::MODELLED;
pub use imp::{AtomicBool, AtomicPtr, AtomicUsize, Gate, Ordering, UnsafeCell, fence};

#[cfg(feature = "alloc")]
pub use imp::Arc;

#[cfg(feature = "std")]
pub use imp::thread;

#[cfg(not(feature = "std"))]
pub(crate) use imp::exclude;

/// A lock for a few instructions: an exchange takes it, a plain store gives it back, which is half of what a futex costs that nobody else wants. Whoever
/// finds it taken tries again, and soon sleeps between one try and the next: no priorities keep the holder from going on.
#[cfg(any(feature = "std", loom))]
#[derive(Debug)]
pub struct Spin(AtomicBool);

/// Gives a [`Spin`] back, also when its closure panics.
#[cfg(any(feature = "std", loom))]
struct Held<'a>(&'a AtomicBool);

#[cfg(any(feature = "std", loom))]
impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // ordering: Release pairs with Acquire in `Spin::take`.
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(any(feature = "std", loom))]
impl Spin {
    crate::const_new! {
        /// A lock that nobody holds.
        #[allow(clippy::new_without_default, reason = "the lock is made through RawLock")]
        pub fn new() -> Self {
            Self(AtomicBool::new(false))
        }
    }

    /// Runs `f` alone. A panic inside `f` does not lock the others out: what a lock guards here is never left half done by a panic, since no user
    /// code runs inside.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        if !self.take() {
            self.wait();
        }
        let _held = Held(&self.0);
        f()
    }

    #[inline(always)]
    fn take(&self) -> bool {
        // ordering: Acquire pairs with Release in `Held`: what was done under the lock before.
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn wait(&self) {
        let mut times = 0;
        loop {
            imp::pause(times);
            times = times.saturating_add(1);
            // ordering: Relaxed only asks whether it is worth a try.
            if !self.0.load(Ordering::Relaxed) && self.take() {
                return;
            }
        }
    }
}

/// A constructor that is `const` except under loom, whose atomics have no const constructor.
#[cfg(not(loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! const_new {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block) => {
        $(#[$meta])* $vis const fn $name($($arg: $ty),*) -> $ret $body
    };
}
/// A constructor that is `const` except under loom, whose atomics have no const constructor.
#[cfg(loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! const_new {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block) => {
        $(#[$meta])* $vis fn $name($($arg: $ty),*) -> $ret $body
    };
}

/// How a [`RawLock`](crate::lock::RawLock) is declared, implemented and made: an associated constant, under loom a function.
#[cfg(not(loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! lock_init {
    (declare) => {
        /// A lock that nobody holds.
        const INIT: Self;
    };
    (define $value:expr) => {
        const INIT: Self = $value;
    };
    (make $lock:ty) => {
        <$lock as $crate::lock::RawLock>::INIT
    };
}
/// How a [`RawLock`](crate::lock::RawLock) is declared, implemented and made: an associated constant, under loom a function.
#[cfg(loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! lock_init {
    (declare) => {
        /// A lock that nobody holds.
        fn init() -> Self;
    };
    (define $value:expr) => {
        fn init() -> Self {
            $value
        }
    };
    (make $lock:ty) => {
        <$lock as $crate::lock::RawLock>::init()
    };
}

/// A static of each thread: under loom, loom's own.
#[cfg(all(feature = "std", not(loom)))]
#[macro_export]
#[doc(hidden)]
macro_rules! thread_local_static {
    (static $name:ident: $ty:ty = $value:expr) => {
        std::thread_local!(static $name: $ty = const { $value });
    };
}
/// A static of each thread: under loom, loom's own.
#[cfg(all(feature = "std", loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! thread_local_static {
    (static $name:ident: $ty:ty = $value:expr) => {
        loom::thread_local!(static $name: $ty = $value);
    };
}

/// A static of a type with a lock: under loom, loom's own, made anew for each run of a model.
#[cfg(not(loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! shared_static {
    (static $name:ident: $ty:ty = $value:expr) => {
        static $name: $ty = $value;
    };
}
/// A static of a type with a lock: under loom, loom's own, made anew for each run of a model.
#[cfg(loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! shared_static {
    (static $name:ident: $ty:ty = $value:expr) => {
        loom::lazy_static! { static ref $name: $ty = $value; }
    };
}

#[cfg(not(loom))]
mod imp {
    /// Whether this is a model, in which loom tries what can happen.
    #[cfg(feature = "alloc")]
    pub(crate) const MODELLED: bool = false;

    #[cfg(feature = "alloc")]
    pub use alloc::sync::Arc;
    #[cfg(target_has_atomic = "ptr")]
    pub use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
    pub use core::sync::atomic::{Ordering, fence};

    /// Where the processor cannot change a word in one step (Cortex-M0), a critical section does.
    #[cfg(not(target_has_atomic = "ptr"))]
    pub use portable_atomic::{AtomicBool, AtomicPtr, AtomicUsize};

    /// `core::cell::UnsafeCell` in loom's shape: access through closures, so that a model sees each.
    #[derive(Debug, Default)]
    #[repr(transparent)]
    pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        /// A cell that holds `value`.
        pub const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// What it holds.
        #[inline(always)]
        pub fn into_inner(self) -> T {
            self.0.into_inner()
        }

        /// Calls `f` with a pointer for reading.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Calls `f` with a pointer for writing.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    #[cfg(feature = "std")]
    pub use super::Spin as Gate;

    /// System threads that sleep until another one wakes them.
    #[cfg(feature = "std")]
    pub mod thread {
        pub use std::thread::{Thread, ThreadId, current, park, park_timeout};
    }

    /// Waits for the holder of a [`Spin`](super::Spin), the longer the more often it was to no avail.
    #[cfg(feature = "std")]
    pub(super) fn pause(times: u32) {
        match times {
            0..64 => core::hint::spin_loop(),
            64..96 => std::thread::yield_now(),
            // Whoever holds it was suspended; it may even wait for this processor, and have less priority.
            _ => std::thread::sleep(core::time::Duration::from_micros(100)),
        }
    }

    /// Runs `f` with interrupts masked and other cores kept out. It may be called from inside of `f`.
    #[cfg(not(feature = "std"))]
    #[inline(always)]
    pub(crate) fn exclude<R>(f: impl FnOnce() -> R) -> R {
        critical_section::with(|_| f())
    }

    /// What [`Lock`](crate::lock::Lock) is made of: with `std` a [`Spin`](super::Spin), a critical section without.
    #[cfg(not(feature = "std"))]
    #[derive(Debug)]
    pub struct Gate(AtomicBool);

    /// Opens a [`Gate`] again, also when its closure panics.
    #[cfg(not(feature = "std"))]
    struct Entered<'a>(&'a AtomicBool);

    #[cfg(not(feature = "std"))]
    impl Drop for Entered<'_> {
        #[inline(always)]
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }

    #[cfg(not(feature = "std"))]
    impl Gate {
        /// An open gate.
        #[allow(clippy::new_without_default, reason = "the lock is made through RawLock")]
        pub const fn new() -> Self {
            Self(AtomicBool::new(false))
        }

        /// Runs `f`, where interrupts are masked already, and nobody is in.
        #[cfg(not(feature = "alloc"))]
        #[inline(always)]
        pub(crate) fn alone<R>(&self, f: impl FnOnce() -> R) -> R {
            f()
        }

        /// Runs `f` alone, interrupts masked. A critical section can be entered again from inside; this gate [stops](crate::misuse) there.
        #[inline]
        pub fn with<R>(&self, f: impl FnOnce() -> R) -> R {
            critical_section::with(|_| {
                // ordering: Relaxed, twice and in `Entered`: the flag is touched inside the critical section alone.
                if self.0.load(Ordering::Relaxed) {
                    crate::misuse::stop("a lock was entered again from inside it");
                }
                self.0.store(true, Ordering::Relaxed);
                let _entered = Entered(&self.0);
                f()
            })
        }
    }
}

#[cfg(loom)]
mod imp {
    /// Whether this is a model, in which loom tries what can happen.
    #[cfg(feature = "alloc")]
    pub(crate) const MODELLED: bool = true;

    #[cfg(feature = "alloc")]
    pub use loom::sync::Arc;
    pub use loom::{
        cell::UnsafeCell,
        sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence},
    };

    /// Lets others go on.
    pub(super) fn pause(_times: u32) {
        loom::thread::yield_now();
    }

    /// System threads that sleep until another one wakes them. Under a model there is no time: a sleep does not end by itself.
    #[cfg(feature = "std")]
    pub mod thread {
        pub use loom::thread::{Thread, ThreadId, current, park};

        /// Sleeps until somebody wakes this thread.
        pub fn park_timeout(_at_most: core::time::Duration) {
            park();
        }
    }

    /// Runs `f` alone: under a model it is not called from inside of `f`.
    #[cfg(not(feature = "std"))]
    pub(crate) fn exclude<R>(f: impl FnOnce() -> R) -> R {
        loom::lazy_static! { static ref ALONE: Gate = Gate::new(); }
        ALONE.with(f)
    }

    /// What [`Lock`](crate::lock::Lock) is made of: loom's own mutex.
    #[derive(Debug)]
    pub struct Gate(loom::sync::Mutex<()>);

    impl Gate {
        /// An open gate.
        #[allow(clippy::new_without_default, reason = "the lock is made through RawLock")]
        pub fn new() -> Self {
            Self(loom::sync::Mutex::new(()))
        }

        /// Runs `f`, where all others who might be in are kept out by a mask, or by this.
        #[cfg(not(feature = "alloc"))]
        pub(crate) fn alone<R>(&self, f: impl FnOnce() -> R) -> R {
            self.with(f)
        }

        /// Runs `f` alone.
        pub fn with<R>(&self, f: impl FnOnce() -> R) -> R {
            let _held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            f()
        }
    }
}

//! A value with a place of its own, in a static: it needs no allocator, and its window has a fixed size.
//!
//! | the cell   | `claim`                     | enrols                                        |
//! |------------|-----------------------------|-----------------------------------------------|
//! | new        | -> claimed, with the handle | nobody                                        |
//! | claimed    | `None`                      | through the handle, while a writer has room   |
//!
//! \[C1] Who moved `claimed` to true, once, has the first handle of the cell, the window and the failures for ever.

#![expect(
    unsafe_code,
    reason = "lends a window for ever, and counts a first handle, to the one who claims"
)]

use core::fmt;

use heapless::{
    Vec,
    deque::{Deque, DequeView},
    vec::VecView,
};

use crate::{
    const_new,
    dag::Site,
    epoch::{
        emplace::EmplaceBuffer,
        mutate::MutableBuffer,
        phase::Epoch,
        read::ReadBuffer,
        room::Room,
        seat::Owner,
        slot::{Cell, Content},
        view::View,
        write::WriteBuffer,
    },
    error::{Fault, WindowFull},
    lock::{Lock, RawLock},
    sync::{AtomicBool, Ordering::Relaxed, UnsafeCell},
};

/// The place of a value whose epochs need no allocator: up to `N` may wait behind the one that is written or read.
///
/// ```
/// use core::{pin::pin, future::Future, task::{Context, Waker}};
/// use tidemill_core::{epoch::AsyncCell, error::WindowFull};
///
/// static CELL: AsyncCell<u32, 1> = AsyncCell::ready(7);
///
/// let mut x = CELL.claim().expect("nobody else claims it");
/// assert!(CELL.claim().is_none());
/// let before = x.read();
/// let write = x.try_write()?;
/// assert_eq!(x.try_write().err(), Some(WindowFull));
/// assert_eq!(before.try_get().unwrap().unwrap(), &7);
/// # Ok::<(), WindowFull>(())
/// ```
pub struct AsyncCell<T, const N: usize, E: 'static = Fault, L: RawLock = Lock> {
    cell: Cell<T, E, L>,
    window: UnsafeCell<Deque<Epoch, N>>,
    failures: UnsafeCell<Vec<(u64, E), N>>,
    claimed: AtomicBool,
}

// SAFETY: window and failures are touched by who claims it alone [C1], under the lock of the cell; the rest is `Sync` where the cell is.
unsafe impl<T, const N: usize, E: Send, L: RawLock> Sync for AsyncCell<T, N, E, L> where
    Cell<T, E, L>: Sync
{
}

impl<T, const N: usize> AsyncCell<T, N> {
    const_new! {
        /// A value that is not there: readers wait for the first writer.
        #[cfg_attr(feature = "dag", track_caller)]
        pub fn empty() -> Self {
            Self::empty_in()
        }
    }

    const_new! {
        /// A value that is there.
        #[cfg_attr(feature = "dag", track_caller)]
        pub fn ready(value: T) -> Self {
            Self::ready_in(value)
        }
    }
}

impl<T, const N: usize, E: 'static, L: RawLock> AsyncCell<T, N, E, L> {
    const_new! {
        /// As [`empty`](AsyncCell::empty), with an error and a lock of one's choice. A window without room does not compile:
        ///
        /// ```compile_fail,E0080
        /// let cell = tidemill_core::epoch::AsyncCell::<u32, 0>::empty();
        /// ```
        #[cfg_attr(feature = "dag", track_caller)]
        pub fn empty_in() -> Self {
            Self::with(Content::Nothing)
        }
    }

    const_new! {
        /// As [`ready`](AsyncCell::ready), with an error and a lock of one's choice.
        #[cfg_attr(feature = "dag", track_caller)]
        pub fn ready_in(value: T) -> Self {
            Self::with(Content::Value(value))
        }
    }

    const_new! {
        #[cfg_attr(feature = "dag", track_caller)]
        fn with(content: Content<T, E>) -> Self {
            const { assert!(N > 0, "one epoch at least can wait") }
            Self { cell: Cell::new(content, false, Site::here()), window: UnsafeCell::new(Deque::new()), failures: UnsafeCell::new(Vec::new()), claimed: AtomicBool::new(false) }
        }
    }

    /// The handle of the value. `None`: someone has it, or had it.
    pub fn claim(&'static self) -> Option<Placed<T, E, L>> {
        // ordering: Relaxed, it elects, and publishes nothing.
        if self.claimed.swap(true, Relaxed) {
            return None;
        }
        // SAFETY: [C1] we moved it.
        let owner = unsafe { Owner::placed(&self.cell) };
        let window: &'static mut DequeView<Epoch> = self.window.with_mut(|window| {
            // SAFETY: [C1] we moved it, so nobody else touches the window; it lies in a static.
            unsafe { &mut *window }
        });
        let failures: &'static mut VecView<(u64, E)> = self.failures.with_mut(|failures| {
            // SAFETY: [C1] as above.
            unsafe { &mut *failures }
        });
        owner.line().with(|turn| turn.state.lend(window, failures));
        Some(Placed { owner })
    }
}

impl<T, const N: usize, E: 'static, L: RawLock> fmt::Debug for AsyncCell<T, N, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncCell")
    }
}

/// The handle of a value in a static. As [`Async`](crate::epoch::Async), but a writer is enrolled only while there is room for its epoch.
pub struct Placed<T, E: 'static = Fault, L: RawLock = Lock> {
    owner: Owner<T, E, L>,
}

impl<T, E: 'static, L: RawLock> Placed<T, E, L> {
    /// The same with a name, which pictures and reports show where feature `dag` is on.
    #[must_use]
    pub fn labelled(self, label: &'static str) -> Self {
        self.owner.label(label);
        self
    }

    /// Enrols a reader of the last epoch. There is always room for one.
    #[inline]
    pub fn read(&self) -> ReadBuffer<T, E, L> {
        ReadBuffer(self.owner.read())
    }

    /// As [`read`](Self::read), in the form of the others.
    ///
    /// # Errors
    /// None.
    #[inline]
    pub fn try_read(&self) -> Result<ReadBuffer<T, E, L>, WindowFull> {
        Ok(self.read())
    }

    /// Enrols a writer who writes the value anew.
    ///
    /// # Errors
    /// There is no room for its epoch: wait for [`room`](Self::room).
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_write(&mut self) -> Result<WriteBuffer<T, E, L>, WindowFull> {
        Ok(WriteBuffer(self.owner.write(false)?))
    }

    /// Enrols a writer who changes the value.
    ///
    /// # Errors
    /// There is no room for its epoch: wait for [`room`](Self::room).
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_mutate(&mut self) -> Result<MutableBuffer<T, E, L>, WindowFull> {
        Ok(MutableBuffer(self.owner.write(true)?))
    }

    /// Enrols a writer who makes the value in its turn.
    ///
    /// # Errors
    /// There is no room for its epoch: wait for [`room`](Self::room).
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_emplace(&mut self) -> Result<EmplaceBuffer<T, E, L>, WindowFull> {
        Ok(EmplaceBuffer(self.try_write()?))
    }

    /// A part of the value, on the same timeline: who reads or changes the part enrols with those of the whole.
    pub fn project<U: ?Sized>(
        &self,
        part: fn(&T) -> &U,
        part_mut: fn(&mut T) -> &mut U,
    ) -> View<T, U, E, L> {
        View::of(self.owner.clone(), part, part_mut)
    }

    /// Waits until a writer can be enrolled. It enrols nobody: the next `try_write` of this handle finds
    /// room, unless a [`View`] of it took that.
    ///
    /// # Cancel safety
    /// Strict: dropping the future is as if `room` was never called.
    pub fn room(&mut self) -> Room<'_, E, L> {
        Room::new(self.owner.line())
    }
}

impl<T, E: 'static, L: RawLock> fmt::Debug for Placed<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Placed")
    }
}

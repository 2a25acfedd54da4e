//! Writers of a part, who write it anew where it lies in the whole.
//!
//! | left by                                   | what readers of the epoch find, of the part and of the whole |
//! |-------------------------------------------|--------------------------------------------------------------|
//! | [`put`](WriteView::put), or `set` in a slot | the whole with the new part                                |
//! | [`keep`](WriteView::keep)                 | what there was before the epoch                              |
//! | [`fail`](WriteView::fail)                 | `Err(Failed)`                                                |
//! | being dropped or released                 | `Err(Cancelled)`, if nothing was set                         |
//!
//! A part is nowhere where there is no whole: then nothing can be written, and what readers find stays as it is.

use core::{fmt, mem};

use crate::{
    epoch::{
        mutate::MutableBuffer,
        view::{Part, View},
    },
    error::{Fault, Missing, WindowFull},
    lock::{Lock, RawLock},
};

/// A writer who writes a part of a value anew. The old part is not valid any more: if nothing is written the epoch of the whole is
/// cancelled.
pub struct WriteView<T, U: ?Sized, E: 'static = Fault, L: RawLock = Lock> {
    /// It does not keep what it is not told to.
    whole: MutableBuffer<T, E, L>,
    part: Part<T, U>,
}

/// A writer who makes a part of a value in its turn, once.
pub struct EmplaceView<T, U: ?Sized, E: 'static = Fault, L: RawLock = Lock>(WriteView<T, U, E, L>);

/// What a writer of a part whose turn it is writes into. Readers see it when the buffer is released.
pub struct PartSlot<'a, U> {
    at: &'a mut U,
    keeps: &'a mut bool,
}

impl<T, U: ?Sized, E: 'static, L: RawLock> View<T, U, E, L> {
    /// Enrols a writer who writes the part anew.
    ///
    /// # Panics
    /// If there is no room in the window of the whole; [`try_write`](Self::try_write) says so instead.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn write(&mut self) -> WriteView<T, U, E, L> {
        self.try_write()
            .expect("the window of epochs is full: make it larger, or enrol with `try_write`")
    }

    /// Enrols a writer who makes the part in its turn.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn emplace(&mut self) -> EmplaceView<T, U, E, L> {
        EmplaceView(self.write())
    }

    /// As [`write`](Self::write).
    ///
    /// # Errors
    /// There is no room in the window of the whole.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_write(&mut self) -> Result<WriteView<T, U, E, L>, WindowFull> {
        Ok(WriteView { whole: MutableBuffer(self.owner.write(false)?), part: self.part })
    }

    /// As [`emplace`](Self::emplace).
    ///
    /// # Errors
    /// There is no room in the window of the whole.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_emplace(&mut self) -> Result<EmplaceView<T, U, E, L>, WindowFull> {
        Ok(EmplaceView(self.try_write()?))
    }
}

impl<T, U, E: Clone, L: RawLock> WriteView<T, U, E, L> {
    /// Waits for its turn, and lends the slot.
    ///
    /// # Errors
    /// There is no whole: the epoch before was cancelled, or failed. That stays so.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    pub async fn slot(&mut self) -> Result<PartSlot<'_, U>, Missing<E>> {
        match self.whole.get().await {
            Ok(_) => Ok(self.now()),
            Err(missing) => {
                self.whole.0.keeps = true;
                Err(missing)
            }
        }
    }

    /// The slot of one whose turn it is, where there is a whole.
    fn now(&mut self) -> PartSlot<'_, U> {
        let (whole, keeps) = self.whole.with_keeps();
        PartSlot { at: (self.part.of_mut)(whole), keeps }
    }

    /// Waits for its turn, writes the part, and leaves.
    ///
    /// # Errors
    /// As [`slot`](Self::slot). The value is dropped.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the value and the buffer: the epoch is cancelled.
    pub async fn put(mut self, value: U) -> Result<(), Missing<E>> {
        self.slot().await?.set(value);
        Ok(())
    }
}

impl<U> PartSlot<'_, U> {
    /// Writes the part, and drops the one before. Readers see it when the buffer is released.
    pub fn set(&mut self, value: U) -> &mut U {
        *self.keeps = true;
        // What it replaces is dropped at the end, when the new part is there.
        let _before = mem::replace(self.at, value);
        self.at
    }

    /// What was written, here or before; it is valid for readers only once something was set here.
    pub fn value(&mut self) -> &mut U {
        self.at
    }
}

impl<T, U: ?Sized, E: 'static, L: RawLock> WriteView<T, U, E, L> {
    /// Leaves the whole as it was before the epoch, whenever its turn comes. It does not wait.
    pub fn keep(mut self) {
        self.whole.0.keeps = true;
    }

    /// Fails the epoch of the whole with `error`, whenever its turn comes. It does not wait.
    pub fn fail(self, error: E) {
        self.whole.fail(error);
    }

    /// Cancels the epoch of the whole, also if something was set, whenever its turn comes. It does not wait.
    pub fn cancel(self) {
        self.whole.cancel();
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}
}

impl<T, U, E: Clone, L: RawLock> EmplaceView<T, U, E, L> {
    /// Waits for its turn, makes the part, and leaves. Nothing is made before.
    ///
    /// # Errors
    /// There is no whole: the epoch before was cancelled, or failed. That stays so, and nothing is made.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the buffer: the epoch is cancelled.
    pub async fn init_with(mut self, make: impl FnOnce() -> U) -> Result<(), Missing<E>> {
        self.0.slot().await?.set(make());
        Ok(())
    }
}

impl<T, U: ?Sized, E: 'static, L: RawLock> EmplaceView<T, U, E, L> {
    /// Leaves the whole as it was before the epoch, whenever its turn comes. It does not wait.
    pub fn keep(self) {
        self.0.keep();
    }

    /// Fails the epoch of the whole with `error`, whenever its turn comes. It does not wait.
    pub fn fail(self, error: E) {
        self.0.fail(error);
    }

    /// Cancels the epoch of the whole, whenever its turn comes. It does not wait.
    pub fn cancel(self) {
        self.0.cancel();
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}
}

impl<T, U: ?Sized, E: 'static, L: RawLock> fmt::Debug for WriteView<T, U, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteView")
    }
}

impl<T, U: ?Sized, E: 'static, L: RawLock> fmt::Debug for EmplaceView<T, U, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmplaceView")
    }
}

impl<U> fmt::Debug for PartSlot<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartSlot")
    }
}

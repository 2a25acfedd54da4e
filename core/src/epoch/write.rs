//! A write buffer is the place of one who writes a value anew; it was taken when the buffer was made.
//!
//! | left by                        | what readers of the epoch find          |
//! |--------------------------------|-----------------------------------------|
//! | [`put`](WriteBuffer::put), or `set` in a slot | the new value            |
//! | [`keep`](WriteBuffer::keep)    | what there was before the epoch         |
//! | [`fail`](WriteBuffer::fail)    | `Err(Failed)`                           |
//! | [`take`](WriteBuffer::take)    | `Err(Cancelled)`                        |
//! | being dropped or released      | `Err(Cancelled)`, if nothing was set    |
//!
//! All of them may come before the turn of the buffer, except those that need the value: these wait.

#![expect(unsafe_code, reason = "says that a buffer keeps its cell")]

use core::{fmt, future::IntoFuture, mem};

use crate::{
    epoch::{
        arrival::{Arrival, Enrolled},
        phase::End,
        seat::{Spot, Writer},
        slot::Content,
    },
    error::Fault,
    lock::{Lock, RawLock},
};

/// A writer of one epoch of a value, who writes it anew, in turn after all who enrolled before.
///
/// Awaiting it gives a slot to write into, which holds the epoch; awaiting a mutable reference to it lends such a slot. The old value is
/// not valid any more: if nothing is written the epoch is cancelled.
pub struct WriteBuffer<T, E: 'static = Fault, L: RawLock = Lock>(pub(super) Writer<T, E, L>);

impl<T, E: 'static, L: RawLock> WriteBuffer<T, E, L> {
    /// Waits for its turn, and lends the slot.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    #[inline]
    pub fn slot(&mut self) -> Arrival<&mut Self> {
        Arrival::new(self)
    }

    /// The slot, if it is its turn; it does not wait.
    pub fn try_slot(&mut self) -> Option<WriteSlot<'_, T, E, L>> {
        if !self.0.arrive() {
            return None;
        }
        Some(WriteSlot(self))
    }

    /// Waits for its turn, writes the value, and leaves.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the value and the buffer: the epoch is cancelled.
    pub async fn put(mut self, value: T) {
        self.slot().await.set(value);
    }

    /// Waits for its turn, and writes the value. Readers see it when the buffer is released.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the value; the buffer stays enrolled.
    pub async fn set(&mut self, value: T) {
        // Most who are first to write have their turn from the beginning.
        if !self.0.spot().now {
            self.slot().await;
        }
        self.write(value);
    }

    /// Waits for its turn, takes out what was written before, if it is there, and leaves. The epoch is cancelled.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the buffer: the epoch is cancelled.
    pub async fn take(mut self) -> Option<T> {
        self.slot().await.take()
    }

    /// Leaves the value as it was before the epoch, whenever its turn comes. It does not wait.
    pub fn keep(self) {
        self.0.end(End::Keep);
    }

    /// Fails the epoch with `error`, whenever its turn comes. It does not wait.
    pub fn fail(self, error: E) {
        self.0.end(End::Fail(error));
    }

    /// Cancels the epoch, also if something was set, whenever its turn comes. It does not wait.
    pub fn cancel(self) {
        self.0.end(End::Cancel);
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}
}

// SAFETY: the writer in the buffer keeps its cell for as long as it lives, which is for longer than the reference.
unsafe impl<'a, T, E: 'static, L: RawLock> Enrolled for &'a mut WriteBuffer<T, E, L> {
    type Error = E;
    type Lock = L;
    type Output = WriteSlot<'a, T, E, L>;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.0.spot()
    }

    #[inline]
    unsafe fn arrived(self) -> Self::Output {
        // SAFETY: by the contract of `arrived`.
        unsafe { self.0.come() };
        WriteSlot(self)
    }
}

// SAFETY: the writer in the buffer keeps its cell for as long as it lives.
unsafe impl<T, E: 'static, L: RawLock> Enrolled for WriteBuffer<T, E, L> {
    type Error = E;
    type Lock = L;
    type Output = WriteGuard<T, E, L>;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.0.spot()
    }

    #[inline]
    unsafe fn arrived(mut self) -> Self::Output {
        // SAFETY: by the contract of `arrived`.
        unsafe { self.0.come() };
        WriteGuard(self)
    }
}

impl<'a, T, E: 'static, L: RawLock> IntoFuture for &'a mut WriteBuffer<T, E, L> {
    type Output = WriteSlot<'a, T, E, L>;
    type IntoFuture = Arrival<Self>;

    fn into_future(self) -> Arrival<Self> {
        Arrival::new(self)
    }
}

impl<T, E: 'static, L: RawLock> IntoFuture for WriteBuffer<T, E, L> {
    type Output = WriteGuard<T, E, L>;
    type IntoFuture = Arrival<Self>;

    fn into_future(self) -> Arrival<Self> {
        Arrival::new(self)
    }
}

/// What a writer whose turn it is writes into. Readers see it when the buffer is released.
pub struct WriteSlot<'a, T, E: 'static = Fault, L: RawLock = Lock>(&'a mut WriteBuffer<T, E, L>);

/// As [`WriteSlot`], with the buffer in it: dropping it leaves the epoch.
pub struct WriteGuard<T, E: 'static = Fault, L: RawLock = Lock>(WriteBuffer<T, E, L>);

const TURN: &str = "a slot is made when its turn has come";

impl<T, E: 'static, L: RawLock> WriteBuffer<T, E, L> {
    fn write(&mut self, value: T) -> &mut T {
        self.0.keeps = true;
        let content = self.0.content().expect(TURN);
        // What it replaces is dropped at the end, when the new value is there.
        let _before = mem::replace(content, Content::Value(value));
        match content {
            Content::Value(value) => value,
            Content::Nothing | Content::Failed(_) => unreachable!("it was set above"),
        }
    }

    fn accumulate(&mut self, value: T, add: impl FnOnce(&mut T, T)) {
        match self.value() {
            Some(sum) => add(sum, value),
            None => {
                self.write(value);
            }
        }
        self.0.keeps = true;
    }

    fn take_out(&mut self) -> Option<T> {
        self.0.keeps = false;
        let content = self.0.content().expect(TURN);
        match mem::replace(content, Content::Nothing) {
            Content::Value(value) => Some(value),
            Content::Nothing | Content::Failed(_) => None,
        }
    }

    fn value(&mut self) -> Option<&mut T> {
        match self.0.content().expect(TURN) {
            Content::Value(value) => Some(value),
            Content::Nothing | Content::Failed(_) => None,
        }
    }
}

impl<T, E: 'static, L: RawLock> WriteSlot<'_, T, E, L> {
    /// Writes the value, and drops the one before. Readers see it when the buffer is released.
    pub fn set(&mut self, value: T) -> &mut T {
        self.0.write(value)
    }

    /// Adds to the value that there is, or writes it if there is none.
    pub fn accumulate(&mut self, value: T, add: impl FnOnce(&mut T, T)) {
        self.0.accumulate(value, add);
    }

    /// What was written, here or before; it is valid for readers only once something was set here.
    pub fn value(&mut self) -> Option<&mut T> {
        self.0.value()
    }

    /// Takes out what was written, here or before.
    pub fn take(&mut self) -> Option<T> {
        self.0.take_out()
    }
}

impl<T, E: 'static, L: RawLock> WriteGuard<T, E, L> {
    /// Writes the value, and leaves.
    pub fn put(mut self, value: T) {
        self.0.write(value);
    }

    /// What to write into, and stay.
    pub fn slot(&mut self) -> WriteSlot<'_, T, E, L> {
        WriteSlot(&mut self.0)
    }

    /// Takes out what was written before, if it is there, and leaves. The epoch is cancelled.
    pub fn take(mut self) -> Option<T> {
        self.0.take_out()
    }

    /// Leaves the value as it was before the epoch, or as it was set.
    pub fn keep(self) {
        self.0.keep();
    }

    /// Fails the epoch with `error`.
    pub fn fail(self, error: E) {
        self.0.fail(error);
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}
}

impl<T, E: 'static, L: RawLock> fmt::Debug for WriteBuffer<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteBuffer")
    }
}

impl<T, E: 'static, L: RawLock> fmt::Debug for WriteSlot<'_, T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteSlot")
    }
}

impl<T, E: 'static, L: RawLock> fmt::Debug for WriteGuard<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteGuard")
    }
}

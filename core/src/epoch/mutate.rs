//! A mutable buffer is the place of one who changes a value; it was taken when the buffer was made.
//!
//! | the epoch before      | awaited             | dropped untouched                |
//! |-----------------------|---------------------|----------------------------------|
//! | was written           | `Ok(&mut T)`        | the value stays                  |
//! | was cancelled, empty  | `Err(Cancelled)`    | readers find the same            |
//! | failed                | `Err(Failed)`       | readers find the same            |

#![expect(unsafe_code, reason = "says that a buffer keeps its cell")]

use core::{
    fmt,
    future::IntoFuture,
    mem,
    ops::{Deref, DerefMut},
};

use crate::{
    epoch::{
        arrival::{Arrival, Enrolled},
        phase::End,
        seat::{Spot, Writer},
        slot::Content,
    },
    error::{Fault, Missing},
    lock::{Lock, RawLock},
};

/// A writer of one epoch of a value, who changes what is there, in turn after all who enrolled before.
///
/// Awaiting it gives a guard, which holds the epoch; awaiting a mutable reference to it lends the value. Dropped untouched, it leaves the
/// value as it was.
pub struct MutableBuffer<T, E: 'static = Fault, L: RawLock = Lock>(pub(super) Writer<T, E, L>);

const TURN: &str = "a writer is asked when its turn has come";

fn found<T, E: Clone>(content: &mut Content<T, E>) -> Result<&mut T, Missing<E>> {
    match content {
        Content::Value(value) => Ok(value),
        Content::Nothing => Err(Missing::Cancelled),
        Content::Failed(error) => Err(Missing::Failed(error.clone())),
    }
}

impl<T, E: Clone, L: RawLock> MutableBuffer<T, E, L> {
    /// Waits for its turn, and lends the value.
    ///
    /// # Errors
    /// There is no value: the epoch before was cancelled, or failed.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    #[inline]
    pub fn get(&mut self) -> Arrival<&mut Self> {
        Arrival::new(self)
    }

    /// The value, if it is its turn; it does not wait.
    pub fn try_get(&mut self) -> Option<Result<&mut T, Missing<E>>> {
        self.0.arrive();
        self.0.content().map(found)
    }

    /// Waits for its turn, adds `value` to what there is, and leaves. Where there is nothing it is the value; a failure stays.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the value and the buffer: what there is stays.
    pub async fn accumulate(mut self, value: T, add: impl FnOnce(&mut T, T)) {
        self.turn().await.add(value, |value| value, add);
        self.0.keeps = true;
    }

    /// Waits for its turn, whatever there is.
    #[inline]
    pub(crate) async fn turn(&mut self) -> Sum<'_, T, E> {
        // Whether there is something is told apart later.
        let _ = self.get().await.is_ok();
        Sum(self.0.content().expect(TURN))
    }

    /// What there is, whatever it is.
    ///
    /// # Safety
    /// Its turn was found come.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) unsafe fn arrived_sum(&mut self) -> Sum<'_, T, E> {
        // SAFETY: the contract is the same.
        unsafe { self.0.come() };
        Sum(self.0.content().expect(TURN))
    }

    /// Waits for its turn, takes the value out, and leaves. The epoch is cancelled.
    ///
    /// # Errors
    /// There is no value: the epoch before was cancelled, or failed.
    ///
    /// # Cancel safety
    /// Dropped before, it drops the buffer: what there is stays.
    pub async fn take(mut self) -> Result<T, Missing<E>> {
        self.get().await?;
        match mem::replace(self.0.content().expect(TURN), Content::Nothing) {
            Content::Value(value) => Ok(value),
            Content::Nothing | Content::Failed(_) => Err(Missing::Cancelled),
        }
    }
}

/// What there is, where it is to be added to.
pub(crate) struct Sum<'a, T, E>(&'a mut Content<T, E>);

impl<T, E> Sum<'_, T, E> {
    /// Adds `value` to what there is; where there is nothing it is what `first` makes of it. A failure stays.
    pub(crate) fn add<V>(self, value: V, first: impl FnOnce(V) -> T, add: impl FnOnce(&mut T, V)) {
        match self.0 {
            Content::Value(sum) => add(sum, value),
            Content::Failed(_) => {}
            nothing => *nothing = Content::Value(first(value)),
        }
    }
}

impl<T, E: 'static, L: RawLock> MutableBuffer<T, E, L> {
    /// Fails the epoch with `error`, whenever its turn comes. It does not wait.
    pub fn fail(self, error: E) {
        self.0.end(End::Fail(error));
    }

    /// Cancels the epoch, whenever its turn comes: its readers find no value. It does not wait.
    pub fn cancel(self) {
        self.0.end(End::Cancel);
    }

    /// Leaves the value as it is, whatever dropping it would do.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn keep(mut self) {
        self.0.keeps = true;
    }

    /// The value of one whose turn was found come, and whether dropping it keeps that.
    ///
    /// # Panics
    /// If there is no value, or it is not its turn.
    pub(super) fn with_keeps(&mut self) -> (&mut T, &mut bool) {
        match self.0.content_and_keeps().expect(TURN) {
            (Content::Value(value), keeps) => (value, keeps),
            _ => unreachable!("it was found"),
        }
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}
}

// SAFETY: the writer in the buffer keeps its cell for as long as it lives, which is for longer than the reference.
unsafe impl<'a, T, E: Clone, L: RawLock> Enrolled for &'a mut MutableBuffer<T, E, L> {
    type Error = E;
    type Lock = L;
    type Output = Result<&'a mut T, Missing<E>>;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.0.spot()
    }

    #[inline]
    unsafe fn arrived(self) -> Self::Output {
        // SAFETY: by the contract of `arrived`.
        unsafe { self.0.come() };
        found(self.0.content().expect(TURN))
    }
}

// SAFETY: the writer in the buffer keeps its cell for as long as it lives.
unsafe impl<T, E: Clone, L: RawLock> Enrolled for MutableBuffer<T, E, L> {
    type Error = E;
    type Lock = L;
    type Output = Result<MutableGuard<T, E, L>, Missing<E>>;

    #[inline]
    fn spot(&self) -> Spot<'_, E, L> {
        self.0.spot()
    }

    #[inline]
    unsafe fn arrived(mut self) -> Self::Output {
        // SAFETY: by the contract of `arrived`.
        unsafe { self.0.come() };
        match found(self.0.content().expect(TURN)) {
            Ok(_) => Ok(MutableGuard(self)),
            Err(missing) => {
                // Readers find the same.
                self.0.keeps = true;
                Err(missing)
            }
        }
    }
}

impl<'a, T, E: Clone, L: RawLock> IntoFuture for &'a mut MutableBuffer<T, E, L> {
    type Output = Result<&'a mut T, Missing<E>>;
    type IntoFuture = Arrival<Self>;

    fn into_future(self) -> Arrival<Self> {
        Arrival::new(self)
    }
}

impl<T, E: Clone, L: RawLock> IntoFuture for MutableBuffer<T, E, L> {
    type Output = Result<MutableGuard<T, E, L>, Missing<E>>;
    type IntoFuture = Arrival<Self>;

    fn into_future(self) -> Arrival<Self> {
        Arrival::new(self)
    }
}

/// The value of one epoch, to be changed. Readers see it when the guard is dropped.
pub struct MutableGuard<T, E: 'static = Fault, L: RawLock = Lock>(MutableBuffer<T, E, L>);

const THERE: &str = "a guard was made when the value was there, and keeps it";

impl<T, E: 'static, L: RawLock> MutableGuard<T, E, L> {
    /// Fails the epoch with `error`.
    pub fn fail(self, error: E) {
        self.0.fail(error);
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}

    /// Takes the value out, and leaves. The epoch is cancelled.
    pub fn take(mut self) -> T {
        match self.0.0.content().map(|content| mem::replace(content, Content::Nothing)) {
            Some(Content::Value(value)) => value,
            _ => unreachable!("{THERE}"),
        }
    }
}

impl<T, E: 'static, L: RawLock> Deref for MutableGuard<T, E, L> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self.0.0.shared() {
            Some(Content::Value(value)) => value,
            _ => unreachable!("{THERE}"),
        }
    }
}

impl<T, E: 'static, L: RawLock> DerefMut for MutableGuard<T, E, L> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match self.0.0.content() {
            Some(Content::Value(value)) => value,
            _ => unreachable!("{THERE}"),
        }
    }
}

impl<T, E: 'static, L: RawLock> fmt::Debug for MutableBuffer<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MutableBuffer")
    }
}

impl<T: fmt::Debug, E: 'static, L: RawLock> fmt::Debug for MutableGuard<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MutableGuard").field(&**self).finish()
    }
}

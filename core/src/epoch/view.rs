//! A view is a part of a value, on the timeline of the whole: who reads or changes the part enrols with those of the whole.
//!
//! | of              | is a view of                                                            |
//! |-----------------|-------------------------------------------------------------------------|
//! | a value         | a part of it: [`Async::project`](crate::epoch::Async::project)          |
//! | an owner        | what that owns elsewhere, and keeps alive: [`View::deferred`]           |

#![expect(unsafe_code, reason = "says that a buffer keeps its cell")]

use core::{
    fmt,
    future::IntoFuture,
    ops::{Deref, DerefMut},
};

#[cfg(feature = "alloc")]
use crate::epoch::slot::Content;
use crate::{
    epoch::{
        arrival::{Arrival, Enrolled},
        mutate::{MutableBuffer, MutableGuard},
        read::{ReadBuffer, ReadGuard},
        seat::{Owner, Spot},
    },
    error::{Fault, Missing, WindowFull},
    lock::{Lock, RawLock},
};

/// How a part is found in the whole.
pub(super) struct Part<T, U: ?Sized> {
    of: fn(&T) -> &U,
    pub(super) of_mut: fn(&mut T) -> &mut U,
}

impl<T, U: ?Sized> Clone for Part<T, U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, U: ?Sized> Copy for Part<T, U> {}

/// A part `U` of a value `T`, on the timeline of the whole. It outlives the handle of the whole.
///
/// Two handles now enrol writers of one timeline: the order is that in which they do.
pub struct View<T, U: ?Sized, E: 'static = Fault, L: RawLock = Lock> {
    pub(super) owner: Owner<T, E, L>,
    pub(super) part: Part<T, U>,
}

#[cfg(feature = "alloc")]
impl<O: DerefMut> View<O, O::Target> {
    /// The value that `owner` owns elsewhere: it is there, and is kept for as long as somebody may read or write it. (A `Box`, a
    /// `&'static mut T`, the guard of a lock.)
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn deferred(owner: O) -> Self {
        Self::deferred_in(owner)
    }
}

#[cfg(feature = "alloc")]
impl<O: DerefMut, E: 'static, L: RawLock> View<O, O::Target, E, L> {
    /// As [`deferred`](View::deferred), with an error and a lock of one's choice.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn deferred_in(owner: O) -> Self {
        Self::of(Owner::boxed(Content::Value(owner)), O::deref, O::deref_mut)
    }
}

impl<T, U: ?Sized, E: 'static, L: RawLock> View<T, U, E, L> {
    pub(super) fn of(
        owner: Owner<T, E, L>,
        of: fn(&T) -> &U,
        of_mut: fn(&mut T) -> &mut U,
    ) -> Self {
        Self { owner, part: Part { of, of_mut } }
    }

    /// Enrols a reader of the last epoch.
    pub fn read(&self) -> ReadView<T, U, E, L> {
        ReadView { whole: ReadBuffer(self.owner.read()), part: self.part }
    }

    /// Enrols a writer who changes the part.
    ///
    /// # Panics
    /// If there is no room in the window of the whole; [`try_mutate`](Self::try_mutate) says so instead.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn mutate(&mut self) -> MutableView<T, U, E, L> {
        self.try_mutate()
            .expect("the window of epochs is full: make it larger, or enrol with `try_mutate`")
    }

    /// Enrols a writer who changes the part.
    ///
    /// # Errors
    /// There is no room in the window of the whole.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_mutate(&mut self) -> Result<MutableView<T, U, E, L>, WindowFull> {
        Ok(MutableView { whole: MutableBuffer(self.owner.write(true)?), part: self.part })
    }
}

/// A reader of a part of a value. As [`ReadBuffer`].
pub struct ReadView<T, U: ?Sized, E: 'static = Fault, L: RawLock = Lock> {
    whole: ReadBuffer<T, E, L>,
    part: Part<T, U>,
}

/// A writer who changes a part of a value. As [`MutableBuffer`].
pub struct MutableView<T, U: ?Sized, E: 'static = Fault, L: RawLock = Lock> {
    whole: MutableBuffer<T, E, L>,
    part: Part<T, U>,
}

impl<T, U: ?Sized, E: Clone, L: RawLock> ReadView<T, U, E, L> {
    /// The part, if the whole is there or will not be; it does not wait.
    pub fn try_get(&self) -> Option<Result<&U, Missing<E>>> {
        self.whole.try_get().map(|seen| seen.map(self.part.of))
    }

    /// Waits for the value, and lends the part.
    ///
    /// # Errors
    /// The epoch was cancelled, or failed.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    pub fn get(&self) -> Arrival<&Self> {
        Arrival::new(self)
    }

    /// Leaves the epoch. So does dropping it.
    pub fn release(self) {}
}

impl<T, U: ?Sized, E: Clone, L: RawLock> MutableView<T, U, E, L> {
    /// The part, if it is its turn; it does not wait.
    pub fn try_get(&mut self) -> Option<Result<&mut U, Missing<E>>> {
        self.whole.try_get().map(|found| found.map(self.part.of_mut))
    }

    /// Waits for its turn, and lends the part.
    ///
    /// # Errors
    /// There is no value: the epoch before was cancelled, or failed.
    ///
    /// # Cancel safety
    /// Strict: the buffer stays enrolled.
    pub fn get(&mut self) -> Arrival<&mut Self> {
        Arrival::new(self)
    }

    /// Fails the epoch of the whole with `error`, whenever its turn comes. It does not wait.
    pub fn fail(self, error: E) {
        self.whole.fail(error);
    }

    /// Cancels the epoch of the whole, whenever its turn comes. It does not wait.
    pub fn cancel(self) {
        self.whole.cancel();
    }

    /// Leaves. So does dropping it.
    pub fn release(self) {}
}

impl<T, U: ?Sized, E: 'static, L: RawLock> Clone for ReadView<T, U, E, L> {
    fn clone(&self) -> Self {
        Self { whole: self.whole.clone(), part: self.part }
    }
}

macro_rules! enrolled {
    ($(#[$why:meta])* [$($life:lifetime)?] $buffer:ty, $output:ty, $this:ident: $whole:expr => $part:expr) => {
        // SAFETY: the buffer of the whole keeps its cell for as long as it lives.
        unsafe impl<$($life,)? T, U: ?Sized, E: Clone, L: RawLock> Enrolled for $buffer {
            type Error = E;
            type Lock = L;
            type Output = Result<$output, Missing<E>>;

            #[inline]
            fn spot(&self) -> Spot<'_, E, L> {
                self.whole.0.spot()
            }

            unsafe fn arrived(self) -> Self::Output {
                let $this = self;
                // SAFETY: by the same contract.
                let whole = unsafe { $whole.arrived() };
                whole.map($part)
            }
        }

        impl<$($life,)? T, U: ?Sized, E: Clone, L: RawLock> IntoFuture for $buffer {
            type Output = Result<$output, Missing<E>>;
            type IntoFuture = Arrival<Self>;

            fn into_future(self) -> Arrival<Self> {
                Arrival::new(self)
            }
        }
    };
}

enrolled!(['a] &'a ReadView<T, U, E, L>, &'a U, view: (&view.whole) => view.part.of);
enrolled!([] ReadView<T, U, E, L>, PartGuard<ReadGuard<T, E, L>, T, U>, view: view.whole => {
    |whole| PartGuard { whole, part: view.part }
});
enrolled!(['a] &'a mut MutableView<T, U, E, L>, &'a mut U, view: (&mut view.whole) => view.part.of_mut);
enrolled!([] MutableView<T, U, E, L>, PartGuard<MutableGuard<T, E, L>, T, U>, view: view.whole => {
    |whole| PartGuard { whole, part: view.part }
});

/// A part of what a guard guards.
pub struct PartGuard<G, T, U: ?Sized> {
    whole: G,
    part: Part<T, U>,
}

impl<G, T, U: ?Sized> PartGuard<G, T, U> {
    /// Leaves the epoch. So does dropping it.
    pub fn release(self) {}
}

impl<G: Deref<Target = T>, T, U: ?Sized> Deref for PartGuard<G, T, U> {
    type Target = U;

    fn deref(&self) -> &U {
        (self.part.of)(&self.whole)
    }
}

impl<G: DerefMut<Target = T>, T, U: ?Sized> DerefMut for PartGuard<G, T, U> {
    fn deref_mut(&mut self) -> &mut U {
        (self.part.of_mut)(&mut self.whole)
    }
}

impl<T, U: ?Sized, E: 'static, L: RawLock> fmt::Debug for View<T, U, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View")
    }
}

impl<T, U: ?Sized, E: 'static, L: RawLock> fmt::Debug for ReadView<T, U, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadView")
    }
}

impl<T, U: ?Sized, E: 'static, L: RawLock> fmt::Debug for MutableView<T, U, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MutableView")
    }
}

impl<G, T, U: ?Sized> fmt::Debug for PartGuard<G, T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartGuard")
    }
}

//! A value in a box, written and read in the order in which writers and readers enrol.
//!
//! | made by                        | who reads before the first writer enrols | `mutate` first        |
//! |--------------------------------|------------------------------------------|-----------------------|
//! | [`Async::empty`]               | waits for the first writer               | finds it cancelled    |
//! | [`Async::ready`]               | reads the value                          | finds the value       |
//!
//! Writers enrol through `&mut`, readers through `&`: so the order of the calls is one that the program says. The epochs of a value are
//! *writer, its readers, next writer, its readers, ..*: all readers of an epoch may read at once.

use core::{fmt, num::NonZeroUsize};

use crate::{
    epoch::{
        emplace::EmplaceBuffer, mutate::MutableBuffer, read::ReadBuffer, seat::Owner,
        slot::Content, view::View, write::WriteBuffer,
    },
    error::{Fault, WindowFull},
    lock::{Lock, RawLock},
};

/// A value with a timeline: each reader and writer enrols now, and is served later, in order.
///
/// ```
/// # use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::epoch::Async;
///
/// let mut x: Async<u32> = Async::ready(1);
/// let before = x.read();
/// let write = x.write();
/// let after = x.read();
///
/// // In whatever order they are awaited, `before` reads 1, and `after` what was written.
/// # let mut cx = Context::from_waker(Waker::noop());
/// let mut put = pin!(write.put(2));
/// assert!(put.as_mut().poll(&mut cx).is_pending());
/// assert!(after.try_get().is_none());
/// assert_eq!(before.try_get().unwrap().unwrap(), &1);
/// before.release();
/// assert!(put.poll(&mut cx).is_ready());
/// assert_eq!(after.try_get().unwrap().unwrap(), &2);
/// ```
///
/// It is dropped before its buffers: they keep the value. If it was never written, its readers find that nobody will.
pub struct Async<T, E: 'static = Fault, L: RawLock = Lock> {
    pub(super) owner: Owner<T, E, L>,
}

impl<T> Async<T> {
    /// A value that is not there: readers wait for the first writer.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn empty() -> Self {
        Self::empty_in()
    }

    /// A value that is there.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn ready(value: T) -> Self {
        Self::ready_in(value)
    }
}

impl<T, E: 'static, L: RawLock> Async<T, E, L> {
    /// As [`empty`](Async::empty), with an error and a lock of one's choice.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn empty_in() -> Self {
        Self { owner: Owner::boxed(Content::Nothing) }
    }

    /// As [`ready`](Async::ready), with an error and a lock of one's choice.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn ready_in(value: T) -> Self {
        Self { owner: Owner::boxed(Content::Value(value)) }
    }

    /// The same with a name, which pictures and reports show where feature `dag` is on.
    #[must_use]
    pub fn labelled(self, label: &'static str) -> Self {
        self.owner.label(label);
        self
    }

    /// Enrols a reader of the last epoch.
    #[inline]
    pub fn read(&self) -> ReadBuffer<T, E, L> {
        ReadBuffer(self.owner.read())
    }

    /// Enrols a writer who writes the value anew.
    ///
    /// # Panics
    /// If a bound was [set](Self::set_window), and so many epochs are waiting; [`try_write`](Self::try_write) says so instead.
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn write(&mut self) -> WriteBuffer<T, E, L> {
        self.try_write().expect(FULL)
    }

    /// Enrols a writer who changes the value.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn mutate(&mut self) -> MutableBuffer<T, E, L> {
        self.try_mutate().expect(FULL)
    }

    /// Enrols a writer who makes the value in its turn.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn emplace(&mut self) -> EmplaceBuffer<T, E, L> {
        self.try_emplace().expect(FULL)
    }

    /// A value without content, with its first writer, whose turn it is.
    #[cfg_attr(feature = "dag", track_caller)]
    pub(crate) fn begun() -> (Self, WriteBuffer<T, E, L>) {
        let mut value = Self::empty_in();
        let write = value.write();
        (value, write)
    }

    /// As [`mutate`](Self::mutate), but dropped before it was told to keep the value it cancels it.
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub(crate) fn adjust(&mut self) -> MutableBuffer<T, E, L> {
        MutableBuffer(self.owner.write(false).expect(FULL))
    }

    /// A part of the value, on the same timeline: who reads or changes the part enrols with those of the whole. It takes the place of its
    /// own in the order only when it enrols.
    pub fn project<U: ?Sized>(
        &self,
        part: fn(&T) -> &U,
        part_mut: fn(&mut T) -> &mut U,
    ) -> View<T, U, E, L> {
        View::of(self.owner.clone(), part, part_mut)
    }

    /// Lets at most `bound` epochs wait behind the first from now on. There is no bound else.
    pub fn set_window(&self, bound: NonZeroUsize) {
        self.owner.line().with(|turn| turn.state.window().set_bound(bound.get()));
    }

    /// As [`write`](Self::write).
    ///
    /// # Errors
    /// As many epochs wait as the bound allows.
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_write(&mut self) -> Result<WriteBuffer<T, E, L>, WindowFull> {
        Ok(WriteBuffer(self.owner.write(false)?))
    }

    /// As [`mutate`](Self::mutate).
    ///
    /// # Errors
    /// As many epochs wait as the bound allows.
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_mutate(&mut self) -> Result<MutableBuffer<T, E, L>, WindowFull> {
        Ok(MutableBuffer(self.owner.write(true)?))
    }

    /// As [`emplace`](Self::emplace).
    ///
    /// # Errors
    /// As many epochs wait as the bound allows.
    #[inline]
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn try_emplace(&mut self) -> Result<EmplaceBuffer<T, E, L>, WindowFull> {
        Ok(EmplaceBuffer(self.try_write()?))
    }
}

const FULL: &str = "the window of epochs is full: make it larger, or enrol with a `try_` form";

impl<T> Default for Async<T> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T, E: 'static, L: RawLock> fmt::Debug for Async<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Async")
    }
}

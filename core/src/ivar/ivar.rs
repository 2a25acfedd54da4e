//! An Ivar is a write-once cell that can be waited on: many may try to fill it, one wins, all may read.
//!
//! | word   | `fill`                     | `close`   | `peek`     | [`Read`]             |
//! |--------|----------------------------|-----------|------------|----------------------|
//! | 0      | -> FULL                    | -> CLOSED | `None`     | joins the line       |
//! | FULL   | `Err`, value handed back   | nothing   | `Some(&T)` | `Ok(&T)`             |
//! | CLOSED | `Err`, value handed back   | nothing   | `None`     | `Err(Abandoned)`     |
//!
//! SPLIT is an extra bit of every state: it has fillers, and the bits from FILLER up count them.
//!
//! [I1] The word changes under the lock of the line of readers alone; it is read anywhere. `value` is written there too, before FULL is added.
//! [I2] FULL and CLOSED are final while the Ivar is shared: after FULL `value` is initialised and never written. Without FULL it is not.
//! [I3] A reader joins the line in the same stretch in which it found neither FULL nor CLOSED. Who adds one looks at the line in the same stretch, and
//!      wakes it: so every reader finds the end, or is woken.
//! [I4] SPLIT is set once while the Ivar is shared; who set it counts the first filler. Fillers are counted by fillers until the end, so that the
//!      count reaches 0 once at most, and that is an end.
//! [I5] No user code runs under the lock: the value is moved, and wakers are woken after it.

#![expect(unsafe_code, reason = "a value that is initialised when a word says so")]

use core::{
    fmt,
    future::{Future, IntoFuture},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    const_new,
    error::{Abandoned, Filled},
    lock::{Lock, RawLock},
    sync::{
        AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
        UnsafeCell,
    },
    wait::{WaitList, Waiter},
};

/// A write-once cell: [`fill`](Self::fill) it once, [`peek`](Self::peek) at it or wait for it with [`read`](Self::read).
///
/// It is a plain value: in a static, in a struct, shared by reference or in an `Arc`. Filling sets the value at once and wakes the
/// readers in the order in which they began to wait; it runs nothing of theirs. Waiting allocates nothing, and takes no lock where
/// the value is there already.
///
/// ```
/// use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::{error::Filled, ivar::Ivar};
///
/// static ANSWER: Ivar<u32> = Ivar::new();
///
/// let mut read = pin!(ANSWER.read());
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(read.as_mut().poll(&mut cx), Poll::Pending);
///
/// assert_eq!(ANSWER.fill(42), Ok(()));
/// assert_eq!(ANSWER.fill(43), Err(Filled(43)));
///
/// assert_eq!(ANSWER.peek(), Some(&42));
/// assert_eq!(read.poll(&mut cx), Poll::Ready(Ok(&42)));
/// ```
pub struct Ivar<T, L: RawLock = Lock> {
    word: Word,
    value: UnsafeCell<MaybeUninit<T>>,
    readers: WaitList<L>,
}

// SAFETY: through a shared Ivar a value comes from any one thread and is dropped by another (`T: Send`), and is seen by all
// (`T: Sync`), after the word said so [I1] [I2]; the line of readers is `Sync` where its lock is.
unsafe impl<T: Send + Sync, L: RawLock + Sync> Sync for Ivar<T, L> {}

impl<T> Ivar<T> {
    const_new! {
        /// An empty Ivar.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<T, L: RawLock> Ivar<T, L> {
    const_new! {
        /// An empty Ivar with the lock `L`.
        pub fn new_in() -> Self {
            Self { word: Word::new(), value: UnsafeCell::new(MaybeUninit::uninit()), readers: WaitList::new_in(()) }
        }
    }

    #[cfg(feature = "alloc")]
    const_new! {
        /// An empty Ivar with one filler, the caller's [I4].
        pub(super) fn new_split() -> Self {
            Self { word: Word::split_new(), value: UnsafeCell::new(MaybeUninit::uninit()), readers: WaitList::new_in(()) }
        }
    }

    /// Sets the value, and wakes the readers. They run later, in their own tasks: never inside `fill`.
    ///
    /// # Errors
    /// Hands `value` back where the Ivar is full, or was closed.
    #[inline]
    pub fn fill(&self, value: T) -> Result<(), Filled<T>> {
        let (filled, awaited) = self.readers.with(|turn| {
            if self.word.has_ended() {
                return (Err(Filled(value)), false);
            }
            // SAFETY: [I1] we are under the lock, and [I2] nobody reads it yet.
            self.value.with_mut(|slot| unsafe {
                (*slot).write(value);
            });
            self.word.end(FULL);
            (Ok(()), !turn.is_empty())
        });
        if awaited {
            self.readers.wake_all();
        }
        filled
    }

    /// Abandons an empty Ivar: readers get [`Abandoned`], now and later, and a later [`fill`](Self::fill) hands its value back. An
    /// Ivar that is full stays so.
    pub fn close(&self) {
        self.close_if(|_| true);
    }

    /// Abandons it if it has not ended, and the word under the lock says so.
    fn close_if(&self, says: impl FnOnce(&Word) -> bool) {
        // [I2] An end is final.
        if self.word.has_ended() {
            return;
        }
        let awaited = self.readers.with(|turn| {
            let ends = !self.word.has_ended() && says(&self.word);
            if ends {
                self.word.end(CLOSED);
            }
            ends && !turn.is_empty()
        });
        if awaited {
            self.readers.wake_all();
        }
    }

    /// Begins to count fillers, once; the first is the caller's.
    pub(super) fn split_once(&self) -> bool {
        self.readers.with(|_| self.word.split())
    }

    /// Counts one more filler. Only for a filler [I4].
    pub(super) fn add_filler(&self) {
        self.readers.with(|_| self.word.add_filler());
    }

    /// Counts one filler less; the last one closes. Only for a filler that goes [I4].
    pub(super) fn remove_filler(&self) {
        self.close_if(Word::remove_filler);
    }

    /// The value, if it is there.
    #[inline]
    pub fn peek(&self) -> Option<&T> {
        self.end(self.word.look())?.ok()
    }

    /// Whether the value is there.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.word.look() & FULL != 0
    }

    /// Whether somebody is in line for the value.
    pub fn has_readers(&self) -> bool {
        self.readers.with(|turn| !turn.is_empty())
    }

    /// Waits for the value.
    ///
    /// # Errors
    /// [`Abandoned`] where the Ivar was closed while empty.
    ///
    /// # Cancel safety
    /// Strict: dropping the future is as if `read` was never called.
    #[inline]
    pub fn read(&self) -> Read<'_, T, L> {
        Read { ivar: self, waiter: Waiter::new(&self.readers, ()) }
    }

    /// Takes the value out, and leaves the Ivar as new. An Ivar that is empty or closed stays so.
    pub fn take(&mut self) -> Option<T> {
        if !self.is_full() {
            return None;
        }
        self.word = Word::new();
        // SAFETY: [I2] the word said FULL, and says so no longer; nobody else has a reference.
        Some(self.value.with(|slot| unsafe { slot.cast::<T>().read() }))
    }

    /// The value, if it is there.
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// What a word that was read with Acquire says to a reader.
    #[inline]
    fn end(&self, word: usize) -> Option<Result<&T, Abandoned>> {
        match word & (FULL | CLOSED) {
            0 => None,
            // SAFETY: [I2] the value is initialised and stays unwritten for as long as `self` is borrowed.
            FULL => Some(Ok(self.value.with(|slot| unsafe { &*slot.cast::<T>() }))),
            _ => Some(Err(Abandoned)),
        }
    }
}

impl<T, L: RawLock> Drop for Ivar<T, L> {
    fn drop(&mut self) {
        if self.is_full() {
            // SAFETY: [I2] the word says FULL, and nobody looks at it again.
            self.value.with_mut(|slot| unsafe { slot.cast::<T>().drop_in_place() });
        }
    }
}

impl<'a, T, L: RawLock> IntoFuture for &'a Ivar<T, L> {
    type Output = Result<&'a T, Abandoned>;
    type IntoFuture = Read<'a, T, L>;

    fn into_future(self) -> Read<'a, T, L> {
        self.read()
    }
}

pin_project! {
    /// Waits for the value of an [`Ivar`]. Made by [`Ivar::read`].
    #[must_use = "a future does nothing unless it is polled"]
    pub struct Read<'a, T, L: RawLock = Lock> {
        ivar: &'a Ivar<T, L>,
        #[pin]
        waiter: Waiter<'a, L>,
    }
}

impl<'a, T, L: RawLock> Future for Read<'a, T, L> {
    type Output = Result<&'a T, Abandoned>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let ivar: &'a Ivar<T, L> = this.ivar;
        match ivar.end(ivar.word.look()) {
            Some(end) => Poll::Ready(end),
            None => this.waiter.poll_with(cx.waker(), |_| ivar.end(ivar.word.look())),
        }
    }
}

const FULL: usize = 1;
const CLOSED: usize = 2;
const SPLIT: usize = 4;
const FILLER: usize = 8;

/// The word of an Ivar. What changes it runs under the lock [I1], and so need not be one step.
struct Word(AtomicUsize);

impl Word {
    const_new! {
        fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    #[cfg(feature = "alloc")]
    const_new! {
        fn split_new() -> Self {
            Self(AtomicUsize::new(SPLIT | FILLER))
        }
    }

    /// The word, and with FULL in it the value.
    #[inline]
    fn look(&self) -> usize {
        // ordering: Acquire pairs with Release in `end`: the value.
        self.0.load(Acquire)
    }

    /// Whether it is full or closed.
    #[inline]
    fn has_ended(&self) -> bool {
        // ordering: Relaxed, under the lock or a hint that stays true [I2]; who wants the value looks.
        self.0.load(Relaxed) & (FULL | CLOSED) != 0
    }

    /// Changes it, and says what it was before. Under the lock.
    #[inline]
    fn change(&self, change: impl FnOnce(usize) -> usize) -> usize {
        // ordering: Relaxed, under the lock.
        let word = self.0.load(Relaxed);
        // ordering: Release pairs with Acquire in `look`: the value, of whoever added FULL before us as well.
        self.0.store(change(word), Release);
        word
    }

    /// Adds FULL or CLOSED. Under the lock.
    #[inline]
    fn end(&self, end: usize) {
        self.change(|word| word | end);
    }

    /// Begins to count fillers: false where it was begun before. Under the lock.
    fn split(&self) -> bool {
        self.change(|word| if word & SPLIT == 0 { (word | SPLIT) + FILLER } else { word }) & SPLIT
            == 0
    }

    /// Counts one more. Under the lock.
    fn add_filler(&self) {
        let most = usize::MAX / 2;
        let before = self.change(|word| if word < most { word + FILLER } else { word });
        assert!(before < most, "too many fillers of one ivar");
    }

    /// Counts one less, and says whether that was the last. Under the lock.
    fn remove_filler(&self) -> bool {
        self.change(|word| word - FILLER) / FILLER == 1
    }
}

impl<T, L: RawLock> Default for Ivar<T, L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<T: fmt::Debug, L: RawLock> fmt::Debug for Ivar<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end(self.word.look()) {
            Some(Ok(value)) => f.debug_tuple("Ivar").field(value).finish(),
            Some(Err(Abandoned)) => f.write_str("Ivar(<closed>)"),
            None => f.write_str("Ivar(<empty>)"),
        }
    }
}

impl<T, L: RawLock> fmt::Debug for Read<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Read")
    }
}

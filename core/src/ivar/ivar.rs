//! An Ivar is a write-once cell that can be waited on: many may try to fill it, one wins, all may read.
//!
//! | word      | `fill`                      | `close`        | `peek`     | [`Read`]                        |
//! |-----------|-----------------------------|----------------|------------|---------------------------------|
//! | 0         | -> CLAIMED -> + FULL        | -> CLAIMED -> + CLOSED | `None` | pending; adds WATCHED      |
//! | CLAIMED   | `Err`, value handed back    | nothing        | `None`     | pending; adds WATCHED           |
//! | + FULL    | `Err`, value handed back    | nothing        | `Some(&T)` | `Ok(&T)`                        |
//! | + CLOSED  | `Err`, value handed back    | nothing        | `None`     | `Err(Abandoned)`                |
//!
//! WATCHED is an extra bit of every state: somebody has joined the line of readers. So is SPLIT: it has fillers, and the bits from
//! FILLER up count them.
//!
//! [I1] Only who added CLAIMED writes `value`, and adds FULL or CLOSED, once.
//! [I2] FULL and CLOSED are final while the Ivar is shared: after FULL `value` is initialised and never written. Without FULL it is not.
//! [I3] A reader adds WATCHED under the lock of the line, and joins in the same stretch unless it found FULL or CLOSED. Who adds FULL
//!      or CLOSED and finds WATCHED wakes the line, and takes the lock for it: so every reader finds the end, or is woken.
//! [I4] SPLIT is set once while the Ivar is shared; who set it counts the first filler. Fillers are counted by fillers, so that the
//!      count reaches 0 once, after which nobody counts.
//! [I5] No user code runs in a claim, or under the lock: wakers are only woken, after both.

#![expect(unsafe_code, reason = "a value that is initialised when a word says so")]

use core::{
    fmt,
    future::{Future, IntoFuture},
    marker::PhantomData,
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
        Ordering::{self, Acquire, Relaxed, Release},
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
    word: Word<L>,
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
    /// Hands `value` back where the Ivar is full, is being filled, or was closed.
    #[inline]
    pub fn fill(&self, value: T) -> Result<(), Filled<T>> {
        match self.word.claim() {
            Claim::Lost => return Err(Filled(value)),
            Claim::Ours => {}
        }
        // SAFETY: [I1] the claim is ours.
        self.value.with_mut(|slot| unsafe {
            (*slot).write(value);
        });
        self.settle(FULL);
        Ok(())
    }

    /// Abandons an empty Ivar: readers get [`Abandoned`], now and later, and a later [`fill`](Self::fill) hands its value back. An
    /// Ivar that is full, or is being filled, stays so.
    pub fn close(&self) {
        if !self.word.is_claimed() && matches!(self.word.claim(), Claim::Ours) {
            self.settle(CLOSED);
        }
    }

    /// Begins to count fillers, once; the first is the caller's.
    pub(super) fn split_once(&self) -> bool {
        self.word.split()
    }

    /// Counts one more filler. Only for a filler [I4].
    pub(super) fn add_filler(&self) {
        self.word.add_filler();
    }

    /// Counts one filler less; the last one closes. Only for a filler that goes [I4].
    pub(super) fn remove_filler(&self) {
        match self.word.remove_filler() {
            Left::Some => {}
            Left::Nobody => self.close(),
        }
    }

    fn settle(&self, end: usize) {
        match self.word.settle(end) {
            Wake::Readers => self.readers.wake_all(),
            Wake::Nobody => {}
        }
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
            None => this.waiter.poll_with(cx.waker(), |_| ivar.end(ivar.word.watch())),
        }
    }
}

const CLAIMED: usize = 1;
const FULL: usize = 2;
const CLOSED: usize = 4;
const WATCHED: usize = 8;
const SPLIT: usize = 16;
const FILLER: usize = 32;

/// The word of an Ivar.
struct Word<L>(AtomicUsize, PhantomData<fn() -> L>);

/// Who fills or closes.
#[must_use]
enum Claim {
    Ours,
    Lost,
}

/// Whom to wake at the end.
#[must_use]
enum Wake {
    Readers,
    Nobody,
}

/// Who may still fill.
#[must_use]
enum Left {
    Some,
    Nobody,
}

impl<L: RawLock> Word<L> {
    const_new! {
        fn new() -> Self {
            Self(AtomicUsize::new(0), PhantomData)
        }
    }

    #[cfg(feature = "alloc")]
    const_new! {
        fn split_new() -> Self {
            Self(AtomicUsize::new(SPLIT | FILLER), PhantomData)
        }
    }

    /// Adds bits, and says what was there before.
    #[inline]
    fn add(&self, bits: usize, ordering: Ordering) -> usize {
        if L::SHARED {
            return self.0.fetch_or(bits, ordering);
        }
        // ordering: Relaxed, the Ivar is `!Sync` as its lock is.
        let before = self.0.load(Relaxed);
        self.0.store(before | bits, Relaxed);
        before
    }

    /// Whether somebody fills or closes, or has.
    #[inline]
    fn is_claimed(&self) -> bool {
        // ordering: Relaxed, a claim is never given back.
        self.0.load(Relaxed) & CLAIMED != 0
    }

    /// Elects who fills or closes.
    #[inline]
    fn claim(&self) -> Claim {
        // ordering: Relaxed elects and publishes nothing; `settle` does.
        if self.add(CLAIMED, Relaxed) & CLAIMED == 0 { Claim::Ours } else { Claim::Lost }
    }

    /// Adds FULL or CLOSED. Only for who made the claim.
    #[inline]
    fn settle(&self, end: usize) -> Wake {
        // ordering: Release pairs with Acquire in `look` and `watch`: the value. WATCHED needs no Acquire: the lock of the line orders
        // us after whoever joined.
        if self.add(end, Release) & WATCHED == 0 { Wake::Nobody } else { Wake::Readers }
    }

    /// The word, and with FULL in it the value.
    #[inline]
    fn look(&self) -> usize {
        // ordering: Acquire pairs with Release in `settle`: the value.
        self.0.load(Acquire)
    }

    /// The word, and with FULL in it the value; from now on `settle` says to wake the readers. Under the lock of the line [I3].
    fn watch(&self) -> usize {
        // ordering: Acquire pairs with Release in `settle`: the value.
        self.add(WATCHED, Acquire)
    }

    /// Begins to count fillers: false where it was begun before.
    fn split(&self) -> bool {
        // ordering: Relaxed, twice: it elects, and publishes nothing.
        let first = self.0.fetch_or(SPLIT, Relaxed) & SPLIT == 0;
        if first {
            self.add_filler();
        }
        first
    }

    fn add_filler(&self) {
        // ordering: Relaxed: who adds is counted already, so that the last does not go meanwhile.
        let before = self.0.fetch_add(FILLER, Relaxed);
        assert!(before < usize::MAX / 2, "too many fillers of one ivar");
    }

    fn remove_filler(&self) -> Left {
        // ordering: Relaxed: what the last one does next is a claim on this same word, after every claim of the fillers before it.
        if self.0.fetch_sub(FILLER, Relaxed) / FILLER == 1 { Left::Nobody } else { Left::Some }
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

//! A row is functions that are to see a value when it comes, in the order in which they were put there: each in a block of memory, with the context
//! of who asked.
//!
//! | a function | is                                                        | left by                                       |
//! |------------|-----------------------------------------------------------|-----------------------------------------------|
//! | asked      | alone, in the hands of who asks                           | put in a row; dropped                         |
//! | in a row   | linked behind the one before                              | taken out, the first first                    |
//! | told       | called with what there is, in its context; its block is free before | its return, or its panic, of which its monitor is told |
//!
//! \[R1] An [`Ask`] is the beginning of an `Asked<F>` in a block of `Asked::<F>::SIZE`, and its function `end` is that of this `F`.
//! \[R2] A row is changed by one at a time: on the home thread of its task, where that has one; else under the lock of the line while its reader waits there,
//!      and then by who gives the task its turn.
//! \[R3] A function is `Send` where its row may go to another thread: in a row are only those that were asked on the executor of its task, and
//!      what asks there asks for that.

#![expect(unsafe_code, reason = "links functions of types that are erased, in blocks of memory")]

use core::{
    alloc::Layout,
    marker::{PhantomData, PhantomPinned},
    mem,
    ptr::NonNull,
    task::Waker,
};

use crate::{
    context::{Blocks, Context, Size, ambient, blocks_beside, clear_beside, within},
    epoch::{read::seen, slot::Content},
    error::Missing,
    sync::UnsafeCell,
    task::{catch, discard, shelf, tell, wake_later},
};

/// What every asked function begins with.
struct Head<T, E> {
    next: Option<NonNull<Head<T, E>>>,
    end: End<T, E>,
    context: Context,
}

/// Calls a function with what it is told, or else drops it; and frees its block.
type End<T, E> = unsafe fn(NonNull<Head<T, E>>, Option<&Telling<'_, T, E>>);

/// A function in its block.
#[repr(C)]
struct Asked<T, E, F> {
    head: Head<T, E>,
    f: F,
}

impl<T, E, F> Asked<T, E, F> {
    const SIZE: Size = Size::of(Layout::new::<Self>());
}

/// What a row is told, in a turn of the task with this waker.
pub(super) struct Telling<'a, T, E> {
    content: &'a Content<T, E>,
    waker: &'a Waker,
    /// Where blocks go.
    blocks: Option<&'a Blocks>,
    /// Whether the context in which it is told is the root.
    in_root: bool,
}

impl<'a, T, E: Clone> Telling<'a, T, E> {
    #[inline]
    pub(super) fn new(content: &'a Content<T, E>, waker: &'a Waker) -> Self {
        let blocks = blocks_beside(|| shelf::home(waker));
        Self { content, waker, blocks, in_root: ambient().is_root() }
    }

    /// Has the task go on in the next cycle.
    pub(super) fn go_on(&self) {
        if !wake_later(self.waker) {
            self.waker.wake_by_ref();
        }
    }

    /// Calls `f`; of its panic the monitor of the current context is told.
    #[inline]
    pub(super) fn call<F>(&self, f: F)
    where
        F: FnOnce(Result<&T, Missing<E>>),
    {
        if let Err(panic) = catch(|| f(seen(self.content))) {
            tell(panic, shelf::name(self.waker));
        }
    }
}

/// A function that asks to see a value.
pub(super) struct Ask<T, E>(NonNull<Head<T, E>>, PhantomData<(T, E)>);

impl<T, E: Clone> Ask<T, E> {
    /// It asks in this context, in a block that `lay` lays.
    #[inline]
    pub(super) fn new<F>(lay: impl FnOnce(Size) -> NonNull<u8>, context: Context, f: F) -> Self
    where
        F: FnOnce(Result<&T, Missing<E>>) + 'static,
    {
        let block = lay(Asked::<T, E, F>::SIZE);
        let head = Head { next: None, end: end::<T, E, F>, context };
        // SAFETY: [R1] the block fits, and is ours.
        unsafe { block.cast().write(Asked { head, f }) };
        Self(block.cast(), PhantomData)
    }
}

impl<T, E> Ask<T, E> {
    /// Asks no more: here is the function.
    ///
    /// # Safety
    /// It was made of an `F`.
    pub(super) unsafe fn take_back<F>(self) -> F {
        let block = self.release();
        // SAFETY: [R1], by the contract.
        let Asked { f, .. } = unsafe { block.cast::<Asked<T, E, F>>().read() };
        // SAFETY: it was laid with this size, and what stood there was taken out.
        unsafe { clear_beside(None, block.cast(), Asked::<T, E, F>::SIZE) };
        f
    }

    #[inline]
    fn tell(self, telling: &Telling<'_, T, E>) {
        let head = self.release();
        // SAFETY: [R1].
        let end = unsafe { head.as_ref() }.end;
        // SAFETY: [R1], it is ours, and ends here.
        unsafe { end(head, Some(telling)) };
    }

    #[inline]
    fn release(self) -> NonNull<Head<T, E>> {
        mem::ManuallyDrop::new(self).0
    }
}

impl<T, E> Drop for Ask<T, E> {
    fn drop(&mut self) {
        // SAFETY: [R1].
        let end = unsafe { self.0.as_ref() }.end;
        // SAFETY: [R1], it is ours, and ends here.
        unsafe { end(self.0, None) };
    }
}

/// See [`End`].
///
/// # Safety
/// It stands at the beginning of an `Asked` of `F` [R1], which nobody uses any more.
unsafe fn end<T, E: Clone, F>(head: NonNull<Head<T, E>>, telling: Option<&Telling<'_, T, E>>)
where
    F: FnOnce(Result<&T, Missing<E>>),
{
    // SAFETY: the contract is the same.
    let Asked { head: Head { context, .. }, f } = unsafe { head.cast::<Asked<T, E, F>>().read() };
    let blocks = telling.and_then(|telling| telling.blocks);
    // SAFETY: it was laid with this size, and what stood there was taken out.
    unsafe { clear_beside(blocks, head.cast(), Asked::<T, E, F>::SIZE) };
    let call = || match telling {
        Some(telling) => telling.call(f),
        None => discard(f),
    };
    if context.is_root() && telling.is_some_and(|telling| telling.in_root) {
        return call();
    }
    within(&context, call);
    discard(context);
}

/// See the [module](self).
pub(super) struct Row<T, E> {
    ends: UnsafeCell<Ends<T, E>>,
    /// Others put functions in while its task holds it mutably.
    _pinned: PhantomPinned,
}

struct Ends<T, E> {
    first: Option<NonNull<Head<T, E>>>,
    /// The last one, where there is a first.
    last: Option<NonNull<Head<T, E>>>,
}

// SAFETY: [R3] functions may go where the row goes, with their contexts, which are `Send`; what they are told is not in it.
unsafe impl<T, E> Send for Row<T, E> {}

impl<T, E> Row<T, E> {
    /// None.
    #[inline]
    pub(super) fn new() -> Self {
        Self { ends: UnsafeCell::new(Ends { first: None, last: None }), _pinned: PhantomPinned }
    }

    /// Puts one more in, as the last.
    ///
    /// # Safety
    /// [R2] [R3].
    #[inline]
    pub(super) unsafe fn append(&self, ask: Ask<T, E>) {
        let ask = ask.release();
        self.ends.with_mut(|ends| {
            // SAFETY: [R2].
            let ends = unsafe { &mut *ends };
            match ends.last.replace(ask) {
                // SAFETY: [R2], what is in a row is there.
                Some(mut last) => unsafe { last.as_mut() }.next = Some(ask),
                None => ends.first = Some(ask),
            }
        });
    }

    /// Takes the first one out.
    #[inline]
    fn pop(&mut self) -> Option<Ask<T, E>> {
        self.ends.with_mut(|ends| {
            // SAFETY: it is borrowed mutably [R2].
            let ends = unsafe { &mut *ends };
            let first = ends.first?;
            // SAFETY: what is in a row is there.
            ends.first = unsafe { first.as_ref() }.next;
            if ends.first.is_none() {
                ends.last = None;
            }
            Some(Ask(first, PhantomData))
        })
    }

    /// Tells the first ones, at most `most`. Whether there are more.
    #[inline]
    pub(super) fn tell(&mut self, telling: &Telling<'_, T, E>, most: usize) -> bool {
        for _ in 0..most {
            let Some(ask) = self.pop() else { return false };
            ask.tell(telling);
        }
        !self.is_empty()
    }

    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(&mut self) -> bool {
        self.ends.with_mut(|ends| {
            // SAFETY: it is borrowed mutably [R2].
            unsafe { &*ends }.first.is_none()
        })
    }
}

impl<T, E> Drop for Row<T, E> {
    fn drop(&mut self) {
        while let Some(ask) = self.pop() {
            drop(ask);
        }
    }
}

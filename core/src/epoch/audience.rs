//! An audience: functions that see one epoch when its time comes, and for which one reader waits, in one task.
//!
//! | its [watch](super::watch) | polled                                                     | dropped                             |
//! |---------------------------|------------------------------------------------------------|-------------------------------------|
//! | waits                     | waits on, or begins to tell its [row](super::row)          | drops the functions, leaves the epoch |
//! | has come                  | goes on telling; leaves the epoch when the last was told   | likewise                            |
//! | is gone                   | panics                                                     | nothing                             |
//!
//! The first one to ask makes its task, which is put in line at once. Who asks later finds it there, at the end of the line, and joins its row.
//!
//! \[U1] An audience shows its row on the [shelf](crate::task::shelf) of its task before it joins the line, and leaves that before the row is told or dropped. So under the
//!      lock of the line whoever finds its waker there finds the row.

#![expect(unsafe_code, reason = "finds a row by the waker of the task that it is in")]

use core::{
    future::Future,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;

use crate::{
    context::{HOME_IS_KNOWN, Here, HomeRef, Priority, ambient},
    dag::Value,
    epoch::{
        queue::Inside,
        read::seen,
        row::{Ask, Row, Telling},
        value::Async,
        watch::Watch,
    },
    error::Missing,
    lock::RawLock,
    task::{Spent, shelf},
};

/// How many functions are called in one turn: as many as there are turns in a cycle of most executors.
const AT_ONCE: usize = if HOME_IS_KNOWN { 256 } else { 16 };

/// Whether who asks joins others: what is written down of readers is written of each.
const SHARED: bool = !Value::SHOWN;

/// Whether the reader is enrolled before there is a task: as readers are that are written down where tasks have their turns; and where nobody
/// knows his thread it is sent as it is.
const EARLY: bool = Value::SHOWN || !HOME_IS_KNOWN;

pin_project! {
    /// See the [module](self).
    #[must_use = "a future does nothing unless it is polled"]
    pub(crate) struct Audience<T, E, L, F>
    where
        E: 'static,
        L: RawLock,
    {
        // Before `watch`: fields are dropped in this order.
        first: Option<F>,
        row: Row<T, E>,
        #[pin]
        watch: Watch<T, E, L>,
    }

    impl<T, E, L, F> PinnedDrop for Audience<T, E, L, F>
    where
        E: 'static,
        L: RawLock,
    {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            // [U1]
            this.project().watch.rise();
        }
    }
}

/// Has `f` see the last epoch of a value beside others that wait for it on this executor. There are none: hands it back.
#[inline]
pub(crate) fn join_here<T, E, L, F>(value: &Async<T, E, L>, here: &Here, f: F) -> Result<(), F>
where
    E: Clone + 'static,
    L: RawLock,
    F: FnOnce(Result<&T, Missing<E>>) + 'static,
{
    if !HOME_IS_KNOWN {
        return join(value, here.home(), f);
    }
    let (home, context) = (here.home(), ambient());
    let priority = context.priority();
    let Some(row) = find_in(value, |turn| find(turn, home, priority)) else { return Err(f) };
    // SAFETY: [U1] its task is of this thread, so it has had no turn since.
    let row = unsafe { row.cast::<Row<T, E>>().as_ref() };
    // SAFETY: this is its home thread.
    unsafe { row.append(Ask::new(|size| here.lay_beside(size), context, f)) };
    Ok(())
}

/// As [`join_here`], on the executor of `home`, from anywhere.
pub(crate) fn join<T, E, L, F>(value: &Async<T, E, L>, home: &HomeRef, f: F) -> Result<(), F>
where
    E: Clone + 'static,
    L: RawLock,
    F: FnOnce(Result<&T, Missing<E>>) + 'static,
{
    let context = ambient();
    let priority = context.priority();
    let mut ask = Some(Ask::new(|size| home.lay_beside(size), context, f));
    find_in(value, |turn| {
        let row = find(turn, home, priority)?;
        // SAFETY: [U1].
        let row = unsafe { row.cast::<Row<T, E>>().as_ref() };
        // SAFETY: this is under the lock of its line, in which it waits; and it is of this executor.
        ask.take().map(|ask| unsafe { row.append(ask) })
    });
    match ask {
        None => Ok(()),
        // SAFETY: it was made of an `F` above.
        Some(ask) => Err(unsafe { ask.take_back() }),
    }
}

/// What `find` finds under the lock of a value, where who asks may join others.
#[inline]
fn find_in<T, E, L: RawLock, R>(
    value: &Async<T, E, L>,
    find: impl FnOnce(&mut Inside<'_, E>) -> Option<R>,
) -> Option<R> {
    if SHARED { value.owner.line().with(find) } else { None }
}

/// The row of the audience that waits for the last epoch, as last in line, if it is of this executor, and as urgent.
#[inline]
fn find<E>(turn: &mut Inside<'_, E>, home: &HomeRef, priority: Priority) -> Option<NonNull<()>> {
    let key = turn.state.last_read();
    let (mark, waker) = turn.last()?;
    if *mark != key {
        return None;
    }
    shelf::find(waker?, home, priority)
}

impl<T, E: Clone + 'static, L: RawLock, F> Audience<T, E, L, F> {
    /// Whether it may lie down before it has had a turn.
    pub(crate) const LIES_DOWN: bool = !EARLY;

    /// One that is told to `f` first.
    #[inline]
    pub(crate) fn new(value: &Async<T, E, L>, f: F) -> Self {
        Self { first: Some(f), row: Row::new(), watch: Watch::new(value, EARLY) }
    }

    /// Enrols, and joins the line with this waker of its task. `false`: its time has come.
    #[inline]
    pub(crate) fn lie_down(self: Pin<&mut Self>, waker: Waker) -> bool {
        let this = self.project();
        show(this.row, &waker);
        this.watch.enrol(waker, |place| !place.now).is_none()
    }
}

/// Shows a row on the shelf of its task.
#[inline]
fn show<T, E>(row: &Row<T, E>, waker: &Waker) {
    shelf::put(waker, NonNull::from(row).cast());
}

// SAFETY: when it was ready its watch is gone, and it has no function any more.
unsafe impl<T, E, L, F> Spent for Audience<T, E, L, F>
where
    E: Clone + 'static,
    L: RawLock,
    F: FnOnce(Result<&T, Missing<E>>),
{
}

impl<T, E, L, F> Future for Audience<T, E, L, F>
where
    E: Clone + 'static,
    L: RawLock,
    F: FnOnce(Result<&T, Missing<E>>),
{
    type Output = ();

    /// # Panics
    /// When polled again after it was ready.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if !this.watch.is_there() {
            if EARLY && SHARED {
                // It joins the line where it has its turn.
                show(this.row, cx.waker());
            }
            if !this.watch.as_mut().comes(cx.waker()) {
                return Poll::Pending;
            }
        }
        // SAFETY: it is there.
        let content = unsafe { this.watch.content() };
        if this.row.is_empty() {
            if let Some(f) = this.first.take() {
                // A panic is that of its task, whose monitor is told.
                f(seen(content));
            }
        } else if tell(this.first, this.row, &Telling::new(content, cx.waker())) {
            return Poll::Pending;
        }
        this.watch.leave();
        Poll::Ready(())
    }
}

/// Tells those whose turn it is. Whether there are more, in the next cycle.
#[inline(never)]
fn tell<T, E: Clone, F>(
    first: &mut Option<F>,
    row: &mut Row<T, E>,
    telling: &Telling<'_, T, E>,
) -> bool
where
    F: FnOnce(Result<&T, Missing<E>>),
{
    if let Some(f) = first.take() {
        telling.call(f);
    }
    let more = row.tell(telling, AT_ONCE);
    if more {
        telling.go_on();
    }
    more
}

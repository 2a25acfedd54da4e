//! From one pipe to another: every value through a function, in order, as fast as the slower side allows.
//!
//! | ends by                 | `transfer`                       | `map`, `filter_map`             |
//! |-------------------------|----------------------------------|---------------------------------|
//! | the end of `from`       | `to` stays open                  | `to` is closed                  |
//! | `to` being closed       | `from` is closed for reading     | `from` is closed for reading    |
//! | being dropped           | both stay as they are            | both stay as they are           |

use core::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use crate::{
    lock::RawLock,
    share::pipe::{
        buffer::Buffer, held::Held, reader::Reader, state::Event, turns::Turns, watch::Watch,
        writer::Writer,
    },
};

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// All was read, and written.
    Eof,
    /// Nobody takes the values any more. One that was read already may have been dropped.
    Closed,
}

/// Writes every value of `from` through `f` to `to`, until `from` ends (`to` stays open) or `to` is closed (`from` is closed for reading).
///
/// `from` counts as flushed only once `to` is.
///
/// Source: Async's `Pipe.transfer`.
///
/// # Cancel safety
/// A value that was read and waits for room in `to` is dropped.
pub async fn transfer<A: Buffer, K: RawLock, B: Buffer, L: RawLock>(
    from: Reader<'_, A, K>,
    to: Writer<'_, B, L>,
    mut f: impl FnMut(A::Item) -> B::Item,
) -> End {
    pump(from, to, false, |value| Some(f(value))).await
}

/// As [`transfer`]; and at the end of `from`, `to` is closed.
///
/// Source: Async's `Pipe.map`.
///
/// # Cancel safety
/// As that of [`transfer`].
pub async fn map<A: Buffer, K: RawLock, B: Buffer, L: RawLock>(
    from: Reader<'_, A, K>,
    to: Writer<'_, B, L>,
    mut f: impl FnMut(A::Item) -> B::Item,
) -> End {
    filter_map(from, to, |value| Some(f(value))).await
}

/// As [`map`], without the values for which `f` answers `None`.
///
/// Source: Async's `Pipe.filter_map`.
///
/// # Cancel safety
/// As that of [`transfer`].
pub async fn filter_map<A: Buffer, K: RawLock, B: Buffer, L: RawLock>(
    from: Reader<'_, A, K>,
    to: Writer<'_, B, L>,
    f: impl FnMut(A::Item) -> Option<B::Item>,
) -> End {
    pump(from, to, true, f).await
}

/// Moves values until one of the two ends. At the end of `from` closes `to` if it is to, and stays for who waits for a flush.
pub(super) async fn pump<A: Buffer, K: RawLock, B: Buffer, L: RawLock>(
    from: Reader<'_, A, K>,
    to: Writer<'_, B, L>,
    closes: bool,
    mut f: impl FnMut(A::Item) -> Option<B::Item>,
) -> End {
    let mut held = pin!(Held::new(from, to));
    let mut closed = pin!(Watch::new(to.pipe, Event::Closed));
    let mut turns = Turns::default();
    loop {
        let next = {
            let mut read = pin!(from.read_held());
            let next = poll_fn(|cx| {
                held.as_mut().poll(cx);
                read.as_mut().poll(cx)
            });
            until(closed.as_mut(), next).await
        };
        let value = match next {
            None => {
                from.close();
                return End::Closed;
            }
            Some(None) => break,
            Some(Some(value)) => value,
        };
        held.as_mut().take();
        if let Some(value) = f(value) {
            let mut write = pin!(to.write(value));
            let written = poll_fn(|cx| {
                held.as_mut().poll(cx);
                write.as_mut().poll(cx)
            });
            if written.await.is_err() {
                from.close();
                return End::Closed;
            }
        }
        held.as_mut().sent();
        turns.pass().await;
    }
    if closes {
        to.close();
    }
    poll_fn(|cx| {
        held.as_mut().poll(cx);
        if held.is_waited_for() { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    End::Eof
}

/// The answer of `future`, unless `end` is there before.
pub(super) async fn until<F: Future>(
    mut end: Pin<&mut impl Future>,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

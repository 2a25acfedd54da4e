//! From a pipe to a function: every value, one after the other, until the pipe ends.
//!
//! | [`Flush`]     | a value counts as flushed                    |
//! |---------------|----------------------------------------------|
//! | `Read`        | when it was read                             |
//! | `Processed`   | when `f` is done with it, or was dropped     |

use crate::{
    lock::RawLock,
    share::pipe::{buffer::Buffer, held::done, reader::Reader, turns::Turns},
};

/// When a value counts as flushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Flush {
    /// When it was read.
    #[default]
    Read,
    /// When the function is done with it.
    Processed,
}

/// Counts a value as done when it is dropped.
struct Doing<'a, B: Buffer, L: RawLock>(Reader<'a, B, L>);

impl<B: Buffer, L: RawLock> Drop for Doing<'_, B, L> {
    fn drop(&mut self) {
        done(self.0, 1);
    }
}

/// Reads every value into `f`, with what it made of the ones before; in the end that is the result. `f` is not called again once the pipe is
/// closed for reading.
///
/// Source: Async's `Pipe.fold`.
///
/// # Cancel safety
/// The value in `f`, and what was made so far, are dropped. The rest stays in the pipe.
pub async fn fold<B: Buffer, L: RawLock, S>(
    from: Reader<'_, B, L>,
    flush: Flush,
    mut made: S,
    mut f: impl AsyncFnMut(S, B::Item) -> S,
) -> S {
    let mut turns = Turns::default();
    loop {
        let read = match flush {
            Flush::Read => from.read(),
            Flush::Processed => from.read_held(),
        };
        let Some(value) = read.await else { return made };
        let _doing = (flush == Flush::Processed).then(|| Doing(from));
        made = f(made, value).await;
        turns.pass().await;
    }
}

/// Reads every value into `f`.
///
/// Source: Async's `Pipe.iter`.
///
/// # Cancel safety
/// As that of [`fold`].
pub async fn for_each<B: Buffer, L: RawLock>(
    from: Reader<'_, B, L>,
    flush: Flush,
    mut f: impl AsyncFnMut(B::Item),
) {
    fold(from, flush, (), async |(), value| f(value).await).await;
}

/// Reads every value into `f`; what fails goes to `on_error`, and the next value comes all the same.
///
/// Source: Async's `Pipe.iter ~continue_on_error:true`.
///
/// # Cancel safety
/// As that of [`fold`].
pub async fn for_each_or<B: Buffer, L: RawLock, E>(
    from: Reader<'_, B, L>,
    flush: Flush,
    mut f: impl AsyncFnMut(B::Item) -> Result<(), E>,
    mut on_error: impl FnMut(E),
) {
    for_each(from, flush, async |value| f(value).await.unwrap_or_else(&mut on_error)).await;
}

/// Reads every value into `f`, until one fails. The rest stays in the pipe. (In Async such a loop never ends.)
///
/// Source: Async's `Pipe.iter`.
///
/// # Errors
/// The first of `f`.
///
/// # Cancel safety
/// As that of [`fold`].
pub async fn try_for_each<B: Buffer, L: RawLock, E>(
    from: Reader<'_, B, L>,
    flush: Flush,
    mut f: impl AsyncFnMut(B::Item) -> Result<(), E>,
) -> Result<(), E> {
    let mut turns = Turns::default();
    loop {
        let read = match flush {
            Flush::Read => from.read(),
            Flush::Processed => from.read_held(),
        };
        let Some(value) = read.await else { return Ok(()) };
        let _doing = (flush == Flush::Processed).then(|| Doing(from));
        f(value).await?;
        turns.pass().await;
    }
}

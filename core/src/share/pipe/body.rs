//! A body at one side of a pipe: it writes all that comes out there, or reads all that comes in, and its end is the end of that side.
//!
//! | the body            | [`produce`], `LeaveOpen` | [`produce`], `Close` | [`consume`]         |
//! |---------------------|--------------------------|----------------------|---------------------|
//! | ends                | closed                   | closed               | closed for reading  |
//! | fails               | stays open               | closed               | closed for reading  |
//! | panics, is dropped  | stays open               | closed               | closed for reading  |

use crate::{
    lock::RawLock,
    share::pipe::{buffer::Buffer, reader::Reader, transfer::End, turns::Turns, writer::Writer},
};

/// What becomes of a pipe when the body that writes it fails, panics or is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// It stays open: nobody takes the failure for the end of the values. Who learns of it may close the pipe.
    #[default]
    LeaveOpen,
    /// It is closed: who reads sees an end, and cannot tell it from a good one.
    Close,
}

/// Runs a body that writes the values of a pipe, and closes that when the body has ended well.
///
/// Source: Async's `Pipe.create_reader`, where `OnFailure` is `close_on_exception`. It is made for a pipe of one's own;
/// [`create_reader`](super::create_reader) makes one.
///
/// # Errors
/// That of the body.
///
/// # Cancel safety
/// The body is dropped, and `on_failure` says what becomes of the pipe. Dropped before it was polled, it is as if it was never called.
pub async fn produce<'a, B: Buffer, L: RawLock, T, E>(
    to: Writer<'a, B, L>,
    on_failure: OnFailure,
    body: impl AsyncFnOnce(Writer<'a, B, L>) -> Result<T, E>,
) -> Result<T, E> {
    let _closes = (on_failure == OnFailure::Close).then(|| Closes(|| to.close()));
    let done = body(to).await?;
    to.close();
    Ok(done)
}

/// Runs a body that reads the values of a pipe, and closes that for reading when the body has ended, in whatever way.
///
/// Source: Async's `Pipe.create_writer`. It is made for a pipe of one's own; [`create_writer`](super::create_writer) makes one.
///
/// # Cancel safety
/// The body is dropped, and the pipe closed for reading. Dropped before it was polled, it is as if it was never called.
pub async fn consume<'a, B: Buffer, L: RawLock, T>(
    from: Reader<'a, B, L>,
    body: impl AsyncFnOnce(Reader<'a, B, L>) -> T,
) -> T {
    let _closes = Closes(|| from.close());
    body(from).await
}

/// Closes something when it goes.
struct Closes<F: FnMut()>(F);

impl<F: FnMut()> Drop for Closes<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Writes the values that `f` makes, each with what the next one is made from, until it makes none: then closes `to`. Where `to` is closed
/// before, it is not called again.
///
/// Source: Async's `Pipe.unfold`.
///
/// # Cancel safety
/// A value that waits for room is dropped, and `to` stays open.
pub async fn unfold<B: Buffer, L: RawLock, S>(
    to: Writer<'_, B, L>,
    seed: S,
    mut f: impl AsyncFnMut(S) -> Option<(B::Item, S)>,
) -> End {
    let (mut turns, mut from) = (Turns::default(), seed);
    while !to.is_closed() {
        let Some((value, next)) = f(from).await else {
            to.close();
            return End::Eof;
        };
        if to.write(value).await.is_err() {
            break;
        }
        from = next;
        turns.pass().await;
    }
    End::Closed
}

/// Writes all of `values`, as there is room, and then closes `to`. Where `to` is closed before, the rest is dropped.
///
/// Source: Async's `Pipe.of_list` and `of_sequence`.
///
/// # Cancel safety
/// As that of [`unfold`].
pub async fn pour<B: Buffer, L: RawLock>(
    to: Writer<'_, B, L>,
    values: impl IntoIterator<Item = B::Item>,
) -> End {
    unfold(to, values.into_iter(), async |mut rest| Some((rest.next()?, rest))).await
}

//! Both sides of a pipe on the heap, counted: the last one of a side to go closes it.
//!
//! | goes                  | then                                                                |
//! |-----------------------|---------------------------------------------------------------------|
//! | the last `WriteEnd`   | the pipe is closed: what is in it can still be read                 |
//! | the last `ReadEnd`    | it is closed for reading: what is in it is dropped                  |

use core::{fmt, future::Future};

use crate::{
    error::ZeroCapacity,
    share::pipe::{
        body::{OnFailure, consume, produce},
        growing::{Growing, GrowingPipe},
        reader::Reader,
        writer::Writer,
    },
    sync::Arc,
};

/// A pipe on the heap that grows up to `cap` values, by its two ends.
///
/// # Errors
/// The cap is zero.
///
/// ```
/// use tidemill_core::{error::TryReadError, share::pipe};
///
/// let (write, read) = pipe::channel(8)?;
/// write.writer().try_write("a").unwrap();
/// drop(write);
/// assert_eq!(read.reader().try_read(), Ok("a"));
/// assert_eq!(read.reader().try_read(), Err(TryReadError::Eof));
/// # Ok::<(), tidemill_core::error::ZeroCapacity>(())
/// ```
pub fn channel<T>(cap: usize) -> Result<(WriteEnd<T>, ReadEnd<T>), ZeroCapacity> {
    let pipe = Arc::new(GrowingPipe::growing(cap)?);
    let write = Arc::new(Closes { pipe: Arc::clone(&pipe), read: false });
    Ok((WriteEnd(write), ReadEnd(Arc::new(Closes { pipe, read: true }))))
}

/// The end that reads what a body writes, and the future that runs the body: [`produce`](super::produce), with a pipe of its own.
///
/// # Errors
/// The cap is zero. (The future: those of the body.)
///
/// # Cancel safety
/// Of the future: the body is dropped, and `on_failure` says what becomes of the pipe, polled or not.
///
/// ```
/// # use core::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// use tidemill_core::share::pipe::{OnFailure, create_reader};
///
/// let (read, body) = create_reader(8, OnFailure::LeaveOpen, async |to| {
///     for square in [1, 4, 9] {
///         to.write(square).await.map_err(|_| "nobody reads")?;
///     }
///     Ok(())
/// })?;
/// // The body is spawned, or awaited beside who reads.
/// # assert_eq!(pin!(body).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok::<_, &str>(())));
/// assert_eq!(read.reader().try_read(), Ok(1));
/// # Ok::<(), tidemill_core::error::ZeroCapacity>(())
/// ```
pub fn create_reader<T, R, E>(
    cap: usize,
    on_failure: OnFailure,
    body: impl AsyncFnOnce(Writer<'_, Growing<T>>) -> Result<R, E>,
) -> Result<(ReadEnd<T>, impl Future<Output = Result<R, E>>), ZeroCapacity> {
    let pipe = Arc::new(GrowingPipe::growing(cap)?);
    let read = ReadEnd(Arc::new(Closes { pipe: Arc::clone(&pipe), read: true }));
    // Where it is to stay open, the pipe has no end that writes: nothing closes it but a good end.
    let closes =
        (on_failure == OnFailure::Close).then(|| Closes { pipe: Arc::clone(&pipe), read: false });
    let run = async move {
        let _closes = closes;
        produce(pipe.writer(), on_failure, body).await
    };
    Ok((read, run))
}

/// The end whose values a body reads, and the future that runs the body: [`consume`](super::consume), with a pipe of its own.
///
/// # Errors
/// The cap is zero.
///
/// # Cancel safety
/// Of the future: the body is dropped, and the pipe closed for reading, polled or not.
pub fn create_writer<T, R>(
    cap: usize,
    body: impl AsyncFnOnce(Reader<'_, Growing<T>>) -> R,
) -> Result<(WriteEnd<T>, impl Future<Output = R>), ZeroCapacity> {
    let (write, read) = channel(cap)?;
    let run = async move { consume(read.reader(), body).await };
    Ok((write, run))
}

/// Closes its side when it goes.
struct Closes<T> {
    pipe: Arc<GrowingPipe<T>>,
    read: bool,
}

impl<T> Drop for Closes<T> {
    fn drop(&mut self) {
        if self.read {
            self.pipe.close_read();
        } else {
            self.pipe.close();
        }
    }
}

/// The end that writes. Clones are the same end.
pub struct WriteEnd<T>(Arc<Closes<T>>);

/// The end that reads. Clones are the same end.
pub struct ReadEnd<T>(Arc<Closes<T>>);

impl<T> WriteEnd<T> {
    /// What it can do.
    pub fn writer(&self) -> Writer<'_, Growing<T>> {
        self.0.pipe.writer()
    }
}

impl<T> ReadEnd<T> {
    /// What it can do.
    pub fn reader(&self) -> Reader<'_, Growing<T>> {
        self.0.pipe.reader()
    }
}

impl<T> Clone for WriteEnd<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Clone for ReadEnd<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for WriteEnd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteEnd").field(&self.0.pipe).finish()
    }
}

impl<T> fmt::Debug for ReadEnd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadEnd").field(&self.0.pipe).finish()
    }
}

//! Both sides of a pipe on the heap, counted: the last one of a side to go closes it.
//!
//! | goes                  | then                                                                |
//! |-----------------------|---------------------------------------------------------------------|
//! | the last `WriteEnd`   | the pipe is closed: what is in it can still be read                 |
//! | the last `ReadEnd`    | it is closed for reading: what is in it is dropped                  |

use core::fmt;

use crate::{
    error::ZeroCapacity,
    share::pipe::{
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

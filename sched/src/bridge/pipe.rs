//! The ends of a pipe for system threads.

use std::fmt;

use tidemill_core::{
    error::Closed,
    share::pipe::{ReadEnd, WriteEnd},
};

use super::{
    error::{BlockedWrite, OnExecutor},
    wait::{is_executor, wait},
};

/// The end of a pipe that writes, for a system thread. Clones are the same end; the last one to go closes it.
///
/// ```
/// use tidemill_core::share::pipe;
/// use tidemill_sched::bridge::{BlockingReader, BlockingWriter};
///
/// let (write, read) = pipe::channel(2)?;
/// // A task would read this end.
/// let (write, read) = (BlockingWriter::new(write), BlockingReader::new(read));
/// std::thread::spawn(move || (0..5).try_for_each(|n| write.write(n)));
/// let mut sum = 0;
/// while let Some(n) = read.read()? {
///     sum += n;
/// }
/// assert_eq!(sum, 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Async's `Thread_safe_pipe`.
pub struct BlockingWriter<T>(WriteEnd<T>);

impl<T> BlockingWriter<T> {
    /// This end, for a thread.
    pub fn new(end: WriteEnd<T>) -> Self {
        Self(end)
    }

    /// Writes a value, and blocks the thread until the pipe's budget has room for it, in line with the tasks that wait for that.
    ///
    /// # Errors
    /// Hands the value back: this is the thread of an executor, in its turn, whether or not there is room; or the pipe is closed.
    pub fn write(&self, value: T) -> Result<(), BlockedWrite<T>> {
        if is_executor() {
            return Err(BlockedWrite::OnExecutor(value));
        }
        match wait(self.0.writer().write(value)) {
            Ok(written) => written.map_err(|Closed(value)| BlockedWrite::Closed(value)),
            Err(OnExecutor) => unreachable!("it was asked for"),
        }
    }

    /// The end, with all that it can do without blocking.
    pub fn get(&self) -> &WriteEnd<T> {
        &self.0
    }

    /// The end, for a task.
    pub fn into_inner(self) -> WriteEnd<T> {
        self.0
    }
}

/// The end of a pipe that reads, for a system thread. Clones are the same end; the last one to go closes it.
pub struct BlockingReader<T>(ReadEnd<T>);

impl<T> BlockingReader<T> {
    /// This end, for a thread.
    pub fn new(end: ReadEnd<T>) -> Self {
        Self(end)
    }

    /// Reads a value, and blocks the thread until there is one. `None`: the pipe has ended.
    ///
    /// # Errors
    /// This is the thread of an executor, in its turn.
    pub fn read(&self) -> Result<Option<T>, OnExecutor> {
        wait(self.0.reader().read())
    }

    /// The end, with all that it can do without blocking.
    pub fn get(&self) -> &ReadEnd<T> {
        &self.0
    }

    /// The end, for a task.
    pub fn into_inner(self) -> ReadEnd<T> {
        self.0
    }
}

impl<T> Clone for BlockingWriter<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Clone for BlockingReader<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for BlockingWriter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingWriter").field(&self.0).finish()
    }
}

impl<T> fmt::Debug for BlockingReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingReader").field(&self.0).finish()
    }
}

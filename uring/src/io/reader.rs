//! A reader is buffered input: bytes arrive by themselves into the worker's buffers, and wait here in order.
//!
//! | where bytes wait | how they came there                                                     |
//! |------------------|-------------------------------------------------------------------------|
//! | `gathered`       | a pending call wanted more than had come: its chunks went back          |
//! | the inbound      | received, in the worker's chunks                                        |
//!
//! [I1] Every byte in `gathered` comes before every byte of the inbound.
//! [I2] A reader consumes only when a call succeeds: dropping any of its futures loses no byte.
//!
//! An idle reader holds no buffer. An end of stream is a value, a reset an error.

use std::{
    fmt,
    future::poll_fn,
    io,
    os::fd::BorrowedFd,
    task::{Context, Poll, ready},
};

use super::{chunk::Chunks, gathered::Gathered};
use crate::{error::ReadError, ring::Inbound};

/// The receiving end of a stream.
pub struct Reader {
    inbound: Inbound,
    gathered: Gathered,
}

impl Reader {
    pub(crate) fn new(inbound: Inbound) -> Self {
        Self { inbound, gathered: Gathered::default() }
    }

    /// Waits for bytes and lends some, at least one; empty at the end of the stream. They stay the next ones until
    /// [`consume`](Self::consume).
    ///
    /// # Errors
    /// The stream failed, for example by a reset; told again at each call, after all bytes that came before it.
    ///
    /// # Cancel safety
    /// *Strict*: dropping it is as if it was never called.
    pub async fn fill(&mut self) -> io::Result<&[u8]> {
        if self.gathered.is_empty() {
            poll_fn(|cx| self.inbound.poll_fill(cx)).await?;
        }
        Ok(self.peek())
    }

    /// The bytes that a `fill` would lend now, without waiting.
    fn peek(&self) -> &[u8] {
        if self.gathered.is_empty() { self.inbound.peek() } else { self.gathered.bytes() }
    }

    /// Takes the first `count` bytes away.
    ///
    /// # Panics
    /// When fewer than `count` bytes wait.
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.buffered(), "cannot consume more bytes than wait");
        let gathered = count.min(self.gathered.bytes().len());
        self.gathered.consume(gathered);
        self.inbound.consume(count - gathered);
    }

    /// Bytes that can be read without waiting.
    pub fn buffered(&self) -> usize {
        self.gathered.bytes().len() + self.inbound.buffered()
    }

    /// Takes bytes out as chunks that their holder owns, in the buffers that the kernel filled.
    ///
    /// ```no_run
    /// # async fn of(reader: &mut tidemill_uring::io::Reader) -> std::io::Result<()> {
    /// let mut chunks = reader.chunks();
    /// while let Some(chunk) = chunks.next().await? {
    ///     println!("{} bytes", chunk.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn chunks(&mut self) -> Chunks<'_> {
        Chunks::new(&mut self.gathered, &mut self.inbound)
    }

    /// Reads some bytes into `into`, at least one; zero at the end of the stream, or where `into` is empty.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    ///
    /// # Cancel safety
    /// *Strict*.
    pub async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let from = self.fill().await?;
        let count = from.len().min(into.len());
        into[..count].copy_from_slice(&from[..count]);
        self.consume(count);
        Ok(count)
    }

    /// Reads exactly as many bytes as `into` holds.
    ///
    /// # Errors
    /// [`ReadError::UnexpectedEnd`] where the stream ends before; nothing is consumed then, nor by a failure.
    ///
    /// # Cancel safety
    /// *Strict*: what has come meanwhile is kept in the reader, so `into` bounds its memory.
    pub async fn read_exact(&mut self, into: &mut [u8]) -> Result<(), ReadError> {
        let want = into.len();
        let whole =
            poll_fn(|cx| self.poll_gather(cx, |bytes| (bytes.len() >= want).then_some(want)));
        if whole.await?.is_none() {
            return Err(ReadError::UnexpectedEnd);
        }
        into.copy_from_slice(&self.peek()[..want]);
        self.consume(want);
        Ok(())
    }

    /// Appends all up to and including the next `delimiter` to `into`; at the end of the stream what is left, if anything. The number
    /// of bytes appended, zero once nothing is left.
    ///
    /// # Errors
    /// [`ReadError::TooLong`] where the piece, delimiter included, exceeds `limit` bytes; nothing is consumed then.
    ///
    /// # Cancel safety
    /// *Strict*: `into` is only touched by a success.
    pub async fn read_until(
        &mut self,
        delimiter: u8,
        limit: usize,
        into: &mut Vec<u8>,
    ) -> Result<usize, ReadError> {
        let mut searched = 0;
        let end = poll_fn(|cx| {
            self.poll_gather(cx, |bytes| {
                let found = bytes[searched..].iter().position(|byte| *byte == delimiter);
                let end = found.map(|at| searched + at + 1);
                searched = bytes.len();
                end.or((searched > limit).then_some(searched))
            })
        });
        let count = end.await?.unwrap_or(self.gathered.bytes().len());
        if count > limit {
            return Err(ReadError::TooLong { limit });
        }
        into.extend_from_slice(&self.peek()[..count]);
        self.consume(count);
        Ok(count)
    }

    /// The next line, without its `\n` or `\r\n`; the last one may lack it; `None` at the end of the stream.
    ///
    /// # Errors
    /// As [`read_until`](Self::read_until).
    ///
    /// # Cancel safety
    /// *Strict*.
    pub async fn read_line(&mut self, limit: usize) -> Result<Option<Vec<u8>>, ReadError> {
        let mut line = Vec::new();
        if self.read_until(b'\n', limit, &mut line).await? == 0 {
            return Ok(None);
        }
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        }
        Ok(Some(line))
    }

    /// Waits until `enough` finds what it looks for in all the bytes that wait, as one piece that `peek` lends; `None`, with all of them
    /// gathered, when the stream ends before.
    fn poll_gather(
        &mut self,
        cx: &mut Context<'_>,
        mut enough: impl FnMut(&[u8]) -> Option<usize>,
    ) -> Poll<io::Result<Option<usize>>> {
        loop {
            let one_piece = self.gathered.is_empty() || self.inbound.buffered() == 0;
            if one_piece && let Some(found) = enough(self.peek()) {
                return Poll::Ready(Ok(Some(found)));
            }
            // [I1], [I2]: moved, not consumed.
            while self.inbound.buffered() > 0 {
                let piece = self.inbound.peek();
                let count = piece.len();
                self.gathered.extend(piece);
                self.inbound.consume(count);
            }
            if let Some(found) = enough(self.gathered.bytes()) {
                return Poll::Ready(Ok(Some(found)));
            }
            if !ready!(self.inbound.poll_fill(cx))? {
                return Poll::Ready(Ok(None));
            }
        }
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.inbound.fd()
    }

    /// What a copy takes chunks from; the bytes of `gathered` come first.
    pub(super) fn parts(&mut self) -> (&mut Gathered, &mut Inbound) {
        (&mut self.gathered, &mut self.inbound)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("buffered", &self.buffered()).finish_non_exhaustive()
    }
}

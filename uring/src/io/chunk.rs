//! A chunk is a piece of what was received, which its holder owns: it stays in the buffer that the kernel filled, and gives that back when it is dropped.

use std::{fmt, future::poll_fn, io, ops::Deref};

use super::gathered::Gathered;
use crate::ring::{Inbound, Lent};

/// Received bytes, owned: at least one, and no more than a buffer holds
/// ([`buffer_bytes`](crate::runtime::Builder::buffer_bytes)).
///
/// It occupies one of the worker's buffers until it is dropped, wherever its reader, its connection and its runtime are by then. When chunks
/// hold all buffers, the streams of this worker wait, and go on as soon as one is dropped; [`into_vec`](Self::into_vec) copies the bytes and frees the
/// buffer at once. A chunk that is forgotten costs its buffer for ever, and nothing else.
///
/// It stays on the worker of its connection.
/// ```compile_fail,E0277
/// fn may_leave<T: Send>() {}
/// may_leave::<tidemill_uring::io::Chunk>();
/// ```
#[must_use = "dropped, its bytes are gone"]
pub struct Chunk(Lent);

impl Chunk {
    /// Its bytes, in memory of their own.
    pub fn into_vec(self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Deref for Chunk {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Chunk {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// What a stream receives, chunk by chunk: see [`Reader::chunks`](super::Reader::chunks).
///
/// ```compile_fail,E0277
/// fn may_leave<T: Send>() {}
/// may_leave::<tidemill_uring::io::Chunks<'static>>();
/// ```
pub struct Chunks<'a> {
    gathered: &'a mut Gathered,
    inbound: &'a mut Inbound,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(gathered: &'a mut Gathered, inbound: &'a mut Inbound) -> Self {
        Self { gathered, inbound }
    }

    /// Waits for bytes and takes some out of the stream; `None` at its end. What an earlier call on the reader had gathered comes first, copied.
    ///
    /// # Errors
    /// The stream failed, for example by a reset; told again at each call, after all bytes that came before it.
    ///
    /// # Cancel safety
    /// *Strict*: dropping it is as if it was never called. Dropping the `Chunks` leaves to the reader what was not taken.
    pub async fn next(&mut self) -> io::Result<Option<Chunk>> {
        if !self.gathered.is_empty() {
            let copied = self.inbound.copy(self.gathered.bytes());
            self.gathered.consume(copied.as_ref().map_or(0, |lent| lent.len()));
            return Ok(copied.map(Chunk));
        }
        poll_fn(|cx| self.inbound.poll_fill(cx)).await?;
        Ok(self.inbound.take().map(Chunk))
    }
}

impl fmt::Debug for Chunks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let buffered = self.gathered.bytes().len() + self.inbound.buffered();
        f.debug_struct("Chunks").field("buffered", &buffered).finish_non_exhaustive()
    }
}

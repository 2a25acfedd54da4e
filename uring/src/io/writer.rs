//! A writer owns what it sends: bytes are copied into its queue, and everything written in one cycle goes out with one submission at its end.
//!
//! | pending bytes                  | `write`                          | `try_write`  |
//! |--------------------------------|----------------------------------|--------------|
//! | none                           | takes all, up to the hard limit  | the same     |
//! | below high water               | takes all, up to the hard limit  | the same     |
//! | at or above high water         | waits                            | `Full`       |
//!
//! Dropping a writer loses nothing: what is queued still goes out, for at most five seconds; then the direction is shut.

use std::{fmt, future::poll_fn, io, time::Duration};

use tidemill_core::{error::TimeoutError, scope::with_timeout};

use crate::{error::WriteError, ring::Outbound};

/// Pending bytes from which on a write waits.
const HIGH_WATER: u32 = 256 * 1024;
/// Pending bytes that one write may lead to.
const HARD_LIMIT: u32 = 4 * 1024 * 1024;

/// What no limit exceeds: queues count their bytes in 32 bits.
const MOST: usize = 1 << 30;

/// The sending end of a stream.
pub struct Writer {
    outbound: Outbound,
    high_water: u32,
    hard_limit: u32,
}

/// How a writer ended.
#[derive(Debug)]
pub struct Closed {
    /// Bytes that were written and that the kernel never took.
    pub lost: u64,
    /// What kept them.
    pub error: Option<io::Error>,
}

impl Writer {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound, high_water: HIGH_WATER, hard_limit: HARD_LIMIT }
    }

    /// Sets how many pending bytes make a write wait (`high_water`, default 256 KiB), and how many one write may lead to at the most
    /// (`hard_limit`, default 4 MiB; at least `high_water`). Neither goes beyond 1 GiB.
    pub fn set_limits(&mut self, high_water: usize, hard_limit: usize) {
        self.high_water = high_water.clamp(1, MOST) as u32;
        self.hard_limit = hard_limit.clamp(self.high_water as usize, MOST) as u32;
    }

    /// Waits until fewer bytes than high water are pending and there is room, then queues *all* of `bytes` in one step.
    ///
    /// # Errors
    /// [`WriteError::TooLarge`] where `bytes` alone exceed the hard limit; [`WriteError::Io`] where the socket failed, now or earlier.
    ///
    /// # Cancel safety
    /// *Strict*: dropped while it waits, nothing was queued. Once it returns, the bytes are the writer's.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if bytes.len() > self.hard_limit as usize {
            return Err(WriteError::TooLarge { limit: self.hard_limit as usize });
        }
        let level = self.level(bytes.len());
        if self.outbound.pending() > level {
            self.below(level).await?;
        }
        Ok(self.outbound.append(bytes)?)
    }

    /// Queues all of `bytes` now, or none.
    ///
    /// # Errors
    /// [`WriteError::Full`] where [`write`](Self::write) would wait; else as that.
    pub fn try_write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if bytes.len() > self.hard_limit as usize {
            return Err(WriteError::TooLarge { limit: self.hard_limit as usize });
        }
        if self.outbound.pending() > self.level(bytes.len()) {
            return Err(WriteError::Full);
        }
        Ok(self.outbound.append(bytes)?)
    }

    /// Waits until fewer bytes than high water are pending, holding nothing.
    ///
    /// # Errors
    /// The socket failed.
    ///
    /// # Cancel safety
    /// *Strict*.
    pub async fn writable(&mut self) -> io::Result<()> {
        self.below(self.high_water as usize - 1).await
    }

    /// Waits until the kernel has taken all that was written so far. Always resolves: with the error, where the socket failed.
    ///
    /// # Errors
    /// The socket failed.
    ///
    /// # Cancel safety
    /// *Strict*: what was written stays queued.
    pub async fn flushed(&mut self) -> io::Result<()> {
        self.below(0).await
    }

    /// Bytes that were written and that the kernel has not taken.
    pub fn pending(&self) -> usize {
        self.outbound.pending()
    }

    /// Sends what is pending, for at most `patience`, and tells the peer that no more will come.
    ///
    /// # Cancel safety
    /// Dropped early, the writer goes on as if it had been dropped.
    pub async fn close(mut self, patience: Duration) -> Closed {
        let flushed = with_timeout(patience, self.below(0)).await;
        let error = match flushed {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(TimeoutError::Elapsed) => {
                self.outbound.abort();
                poll_fn(|cx| self.outbound.poll_settled(cx)).await;
                Some(io::ErrorKind::TimedOut.into())
            }
            Err(error) => Some(io::Error::other(error)),
        };
        let lost = self.outbound.lost();
        let error = error.or_else(|| self.outbound.shutdown().err());
        Closed { lost, error }
    }

    /// How many bytes may be pending for `more` to be queued behind them.
    fn level(&self, more: usize) -> usize {
        (self.high_water as usize - 1).min(self.hard_limit as usize - more)
    }

    async fn below(&mut self, level: usize) -> io::Result<()> {
        /// Whoever stops waiting early lets the sends be quiet again.
        struct Waiting<'a>(&'a mut Outbound);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.stop_waiting();
            }
        }
        let waiting = Waiting(&mut self.outbound);
        poll_fn(|cx| waiting.0.poll_below(cx, level)).await
    }

    pub(crate) fn outbound(&mut self) -> &mut Outbound {
        &mut self.outbound
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("pending", &self.pending()).finish_non_exhaustive()
    }
}

//! Signals, as bytes: the handler writes one into a socket, and the ring reads the other end.

use std::{
    fmt,
    future::poll_fn,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
};

use signal_hook::{SigId, consts::FORBIDDEN, low_level};

use crate::ring::{Inbound, Worker};

/// Waits for some of the process's signals.
///
/// While it lives, the signals it was made for do not have their default effect. After it was dropped they are ignored: `signal-hook`
/// does not bring the default back.
pub struct Signals {
    inbound: Inbound,
    registered: Vec<SigId>,
}

impl Signals {
    /// Listens for `SIGINT` and `SIGTERM`: what asks a program to end.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn to_end() -> io::Result<Self> {
        Self::new(&[libc::SIGINT, libc::SIGTERM])
    }

    /// Listens for `signals`, by number.
    ///
    /// # Errors
    /// A signal that cannot be caught, no descriptor left, or no runtime on this thread.
    pub fn new(signals: &[i32]) -> io::Result<Self> {
        let worker = Worker::current()?;
        if let Some(signal) = signals.iter().find(|signal| FORBIDDEN.contains(signal)) {
            let text = format!("signal {signal} cannot be caught, or must not be");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let (read, write) = UnixStream::pair()?;
        let inbound = Inbound::alone(worker, OwnedFd::from(read));
        let mut this = Self { inbound, registered: Vec::with_capacity(signals.len()) };
        for signal in signals {
            this.registered.push(low_level::pipe::register(*signal, write.try_clone()?)?);
        }
        Ok(this)
    }

    /// Waits until one of the signals has come since the last call; several may count as one.
    ///
    /// # Errors
    /// The runtime is gone.
    ///
    /// # Cancel safety
    /// *Strict*.
    pub async fn recv(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.inbound.poll_fill(cx)).await?;
        let count = self.inbound.buffered();
        self.inbound.consume(count);
        Ok(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals").field("count", &self.registered.len()).finish_non_exhaustive()
    }
}

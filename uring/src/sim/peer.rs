//! A peer is the other end of a simulated connection, as a task or a test holds it.

use std::{future::poll_fn, io, net::SocketAddr, task::Poll};

use super::net::Net;
use crate::engine::{End, World};

/// The other end of a connection. Dropping it closes it.
#[derive(Debug)]
pub struct Peer {
    net: Net,
    end: End,
}

impl Peer {
    pub(super) fn new(net: Net, end: End) -> Self {
        Self { net, end }
    }

    /// Writes as many of `bytes` as there is room for, without waiting; how many.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.net.with(|world| world.send_in(self.end, bytes))
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = poll_fn(|cx| {
                match self.try_write(bytes) {
                    Ok(0) => {}
                    told => return Poll::Ready(told),
                }
                self.net.wait(cx, |world| world.writer(self.end))
            })
            .await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Reads at most `most` bytes, without waiting; `None` while there are none, empty at the end.
    ///
    /// # Errors
    /// The connection is lost.
    pub fn try_read(&self, most: usize) -> io::Result<Option<Vec<u8>>> {
        self.net.with(|world| world.fetch(self.end, most))
    }

    /// Reads some bytes, at most `most`; none at the end.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn read(&self, most: usize) -> io::Result<Vec<u8>> {
        poll_fn(|cx| match self.try_read(most).transpose() {
            Some(told) => Poll::Ready(told),
            None => self.net.wait(cx, |world| world.reader(self.end)),
        })
        .await
    }

    /// Reads `count` bytes, or fewer where the end comes before.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn read_exact(&self, count: usize) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while all.len() < count {
            let bytes = self.read(count - all.len()).await?;
            if bytes.is_empty() {
                break;
            }
            all.extend(bytes);
        }
        Ok(all)
    }

    /// Reads all that comes.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn read_to_end(&self) -> io::Result<Vec<u8>> {
        self.read_exact(usize::MAX).await
    }

    /// Writes no more.
    pub fn shutdown(&self) {
        self.net.with(|world| world.shut(self.end));
    }

    /// Loses the connection, and what is on its way.
    pub fn reset(self) {
        self.net.with(|world| world.reset(self.end));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.net.with(|world| world.hang_up(self.end));
    }
}

/// Where a peer is called: a listener outside of the ring.
#[derive(Debug)]
pub struct Callers {
    net: Net,
    addr: SocketAddr,
}

impl Callers {
    pub(super) fn new(net: Net) -> Self {
        let addr = net.with(World::listen);
        Self { net, addr }
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next connection.
    pub async fn accept(&self) -> Peer {
        let end = poll_fn(|cx| match self.net.with(|world| world.pick_up(self.addr)) {
            Some(end) => Poll::Ready(end),
            None => self.net.wait(cx, |world| world.caller(self.addr)),
        });
        Peer::new(self.net.clone(), end.await)
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        self.net.with(|world| world.unlisten(self.addr));
    }
}

//! What peers and tests do with a world from outside of its ring.

use std::{io, net::SocketAddr, os::fd::OwnedFd, task::Waker};

use super::{
    net::{End, Role},
    world::World,
};

impl World {
    /// A descriptor that stands for a socket which is not connected.
    pub(crate) fn socket(&mut self) -> io::Result<OwnedFd> {
        self.net.stand_in(Role::Fresh)
    }

    /// A descriptor that stands for a listener, and its address.
    pub(crate) fn listener(&mut self) -> io::Result<(OwnedFd, SocketAddr)> {
        let addr = self.net.listen();
        Ok((self.net.stand_in(Role::Listening(addr))?, addr))
    }

    /// An address on which a peer listens.
    pub(crate) fn listen(&mut self) -> SocketAddr {
        self.net.listen()
    }

    /// The peer stops listening.
    pub(crate) fn unlisten(&mut self, addr: SocketAddr) {
        self.net.unlisten(addr);
    }

    /// A peer's end of a connection to a listener.
    pub(crate) fn dial(&mut self, addr: SocketAddr) -> io::Result<End> {
        self.look_around();
        self.net.dial(addr).ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }

    /// A peer's end of a connection that was asked of it.
    pub(crate) fn pick_up(&mut self, addr: SocketAddr) -> Option<End> {
        self.net.accept(addr)
    }

    /// A peer's end of a new connection, and a descriptor that stands for the other.
    pub(crate) fn pair(&mut self) -> io::Result<(End, OwnedFd)> {
        let addr = self.net.listen();
        let theirs = self.dial(addr)?;
        let ours = self.net.accept(addr).ok_or(io::ErrorKind::NotFound)?;
        self.net.unlisten(addr);
        Ok((theirs, self.net.stand_in(Role::Connected(ours))?))
    }

    /// Writes as many of `bytes` as there is room for; none at all where that is none.
    pub(crate) fn send_in(&mut self, end: End, bytes: &[u8]) -> io::Result<usize> {
        let pipe = self.net.outgoing(end).ok_or(io::ErrorKind::NotConnected)?;
        let room = pipe.room().map_err(io::Error::from_raw_os_error)?;
        let count = room.min(bytes.len());
        self.net.put(end, &bytes[..count]);
        Ok(count)
    }

    /// Reads at most `most` bytes; `None` while there are none, an empty piece at the end.
    pub(crate) fn fetch(&mut self, end: End, most: usize) -> io::Result<Option<Vec<u8>>> {
        let pipe = self.net.incoming(end).ok_or(io::ErrorKind::NotConnected)?;
        let waiting = pipe.waiting().map_err(io::Error::from_raw_os_error)?;
        Ok(waiting.map(|count| self.net.take(end, count.min(most))))
    }

    /// Where the task of a peer waits for room.
    pub(crate) fn writer(&mut self, end: End) -> Option<&mut Option<Waker>> {
        self.net.outgoing(end).map(|pipe| &mut pipe.writer)
    }

    /// Where the task of a peer waits for bytes.
    pub(crate) fn reader(&mut self, end: End) -> Option<&mut Option<Waker>> {
        self.net.incoming(end).map(|pipe| &mut pipe.reader)
    }

    /// Where the task of a peer waits for connections.
    pub(crate) fn caller(&mut self, addr: SocketAddr) -> Option<&mut Option<Waker>> {
        self.net.seat(addr)
    }

    /// The peer writes no more.
    pub(crate) fn shut(&mut self, end: End) {
        self.net.shut(end);
    }

    /// The peer resets the connection.
    pub(crate) fn reset(&mut self, end: End) {
        self.net.reset(end);
    }

    /// The peer closes its end.
    pub(crate) fn hang_up(&mut self, end: End) {
        self.net.close(end);
    }

    /// Sockets of the ring's side that are open.
    pub(crate) fn open(&mut self) -> usize {
        self.net.open()
    }
}

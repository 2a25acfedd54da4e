//! The network of a simulation: connections in memory, listeners by address, and the descriptors that stand for both.
//!
//! A real descriptor stands for each socket that the ring works on: one end of a pair whose other end is kept here. The process's own table then says
//! whether it was closed, and the other end whether it was shut, so that nothing above the engine has to know.
//!
//! [I1] A number stands for a socket as long as it stands for the same file. (Files are told apart by their inode, which nobody has twice.)
//! [I2] Connections and sockets are looked at in the order in which they were made, never by number.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::{Ipv4Addr, SocketAddr},
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
    task::Waker,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{memory, pipe::Pipe};

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    connection: u64,
    side: usize,
}

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A socket that is not connected yet.
    Fresh,
    /// An end of a connection.
    Connected(End),
    /// A listener, by its address.
    Listening(SocketAddr),
}

/// A socket that the ring works on.
#[derive(Debug)]
struct Socket {
    /// `None`: it is direct.
    stand_in: Option<StandIn>,
    role: Role,
    shut: bool,
}

/// A descriptor that stands for a socket.
#[derive(Debug)]
struct StandIn {
    number: RawFd,
    identity: u64,
    /// The other end of the pair.
    kept: OwnedFd,
}

impl StandIn {
    fn is_open(&self) -> bool {
        memory::identity(self.number) == Some(self.identity)
    }
}

#[derive(Debug)]
struct Connection {
    /// What each side writes.
    pipes: [Pipe; 2],
    closed: [bool; 2],
}

#[derive(Debug, Default)]
struct Listener {
    backlog: VecDeque<End>,
    waker: Option<Waker>,
}

/// Connections, listeners, and what stands for them.
#[derive(Debug)]
pub(super) struct Net {
    sockets: BTreeMap<u64, Socket>,
    connections: BTreeMap<u64, Connection>,
    listeners: BTreeMap<SocketAddr, Listener>,
    /// Tasks of peers for whom something changed.
    woken: Vec<Waker>,
    made: u64,
    capacity: usize,
}

impl Net {
    /// A network whose sockets hold `capacity` bytes in each direction.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            sockets: BTreeMap::new(),
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            woken: Vec::new(),
            made: 0,
            capacity,
        }
    }

    fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// A descriptor that stands for a socket in `role`.
    pub(super) fn stand_in(&mut self, role: Role) -> io::Result<OwnedFd> {
        let (given, kept) = UnixStream::pair()?;
        let given = OwnedFd::from(given);
        let number = given.as_raw_fd();
        let identity = memory::identity(number).ok_or(io::ErrorKind::NotFound)?;
        let key = self.next();
        let stand_in = Some(StandIn { number, identity, kept: kept.into() });
        self.sockets.insert(key, Socket { stand_in, role, shut: false });
        Ok(given)
    }

    /// A socket in `role` that no descriptor stands for.
    pub(super) fn direct(&mut self, role: Role) -> u64 {
        let key = self.next();
        self.sockets.insert(key, Socket { stand_in: None, role, shut: false });
        key
    }

    /// The socket that `number` stands for at this moment ([I1]).
    pub(super) fn find(&self, number: RawFd) -> Option<u64> {
        let identity = memory::identity(number)?;
        let is_it = |it: &StandIn| it.number == number && it.identity == identity;
        let is_it = |socket: &Socket| socket.stand_in.as_ref().is_some_and(is_it);
        self.sockets.iter().find(|(_, socket)| is_it(socket)).map(|(key, _)| *key)
    }

    /// What the socket is, as long as it is open.
    pub(super) fn role(&self, socket: u64) -> Option<Role> {
        self.sockets.get(&socket).map(|socket| socket.role)
    }

    /// The socket becomes an end of a connection.
    pub(super) fn connected(&mut self, socket: u64, end: End) {
        if let Some(socket) = self.sockets.get_mut(&socket) {
            socket.role = Role::Connected(end);
        }
    }

    /// Sockets that are open.
    pub(super) fn open(&mut self) -> usize {
        self.sweep();
        self.sockets.len()
    }

    /// Sees which descriptors were closed or shut; the sockets that are gone.
    pub(super) fn sweep(&mut self) -> Vec<u64> {
        let mut gone = Vec::new();
        let mut shut = Vec::new();
        for (key, socket) in &mut self.sockets {
            let Some(stand_in) = &socket.stand_in else { continue };
            if !stand_in.is_open() {
                gone.push(*key);
            } else if !socket.shut && matches!(socket.role, Role::Connected(_)) {
                let mut polled = [PollFd::new(&stand_in.kept, PollFlags::RDHUP)];
                let now = Timespec { tv_sec: 0, tv_nsec: 0 };
                socket.shut = matches!(poll(&mut polled, Some(&now)), Ok(1));
                if socket.shut {
                    shut.push(socket.role);
                }
            }
        }
        for role in shut {
            if let Role::Connected(end) = role {
                self.shut(end);
            }
        }
        gone.iter().for_each(|key| self.remove(*key));
        gone
    }

    /// The socket is closed.
    pub(super) fn remove(&mut self, socket: u64) {
        match self.sockets.remove(&socket).map(|socket| socket.role) {
            Some(Role::Connected(end)) => self.close(end),
            Some(Role::Listening(addr)) => self.unlisten(addr),
            Some(Role::Fresh) | None => {}
        }
    }

    /// Listens on an address of its own.
    pub(super) fn listen(&mut self) -> SocketAddr {
        let addr = loop {
            let port = 1024 + (self.next() % 32_000) as u16;
            let addr = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), port));
            if !self.listeners.contains_key(&addr) {
                break addr;
            }
        };
        self.listeners.insert(addr, Listener::default());
        addr
    }

    /// Resets what waits in the backlog.
    pub(super) fn unlisten(&mut self, addr: SocketAddr) {
        for end in self.listeners.remove(&addr).map(|it| it.backlog).into_iter().flatten() {
            self.reset(end);
            self.close(end);
        }
    }

    /// Connects to a listener: the end of the one who asked; `None` where nobody listens.
    pub(super) fn dial(&mut self, addr: SocketAddr) -> Option<End> {
        self.listeners.get(&addr)?;
        let connection = self.next();
        let pipes = [Pipe::new(self.capacity), Pipe::new(self.capacity)];
        self.connections.insert(connection, Connection { pipes, closed: [false; 2] });
        let listener = self.listeners.get_mut(&addr)?;
        listener.backlog.push_back(End { connection, side: 1 });
        self.woken.extend(listener.waker.take());
        Some(End { connection, side: 0 })
    }

    /// How many connections wait to be accepted.
    pub(super) fn backlog(&self, addr: SocketAddr) -> usize {
        self.listeners.get(&addr).map_or(0, |listener| listener.backlog.len())
    }

    /// The connection that has waited longest.
    pub(super) fn accept(&mut self, addr: SocketAddr) -> Option<End> {
        self.listeners.get_mut(&addr)?.backlog.pop_front()
    }

    /// What `end` writes.
    pub(super) fn outgoing(&mut self, end: End) -> Option<&mut Pipe> {
        self.connections.get_mut(&end.connection).map(|it| &mut it.pipes[end.side])
    }

    /// What `end` reads.
    pub(super) fn incoming(&mut self, end: End) -> Option<&mut Pipe> {
        self.connections.get_mut(&end.connection).map(|it| &mut it.pipes[1 - end.side])
    }

    /// Whether a read of `end` would not wait.
    pub(super) fn can_take(&self, end: End) -> bool {
        let connection = self.connections.get(&end.connection);
        connection.is_none_or(|it| it.pipes[1 - end.side].waiting() != Ok(None))
    }

    /// Whether a write of `end` would not wait.
    pub(super) fn can_put(&self, end: End) -> bool {
        let connection = self.connections.get(&end.connection);
        connection.is_none_or(|it| it.pipes[end.side].room() != Ok(0))
    }

    /// Writes `bytes`, for which there is room.
    pub(super) fn put(&mut self, end: End, bytes: &[u8]) {
        if let Some(pipe) = self.outgoing(end) {
            pipe.put(bytes);
            let waker = pipe.reader.take();
            self.woken.extend(waker);
        }
    }

    /// Reads the first `count` bytes, which are there.
    pub(super) fn take(&mut self, end: End, count: usize) -> Vec<u8> {
        let Some(pipe) = self.incoming(end) else { return Vec::new() };
        let bytes = pipe.take(count);
        let waker = pipe.writer.take();
        self.woken.extend(waker);
        bytes
    }

    /// `end` writes no more.
    pub(super) fn shut(&mut self, end: End) {
        let wakers = self.outgoing(end).map(Pipe::end);
        self.woken.extend(wakers.into_iter().flatten().flatten());
    }

    /// The connection is lost to both ends.
    pub(super) fn reset(&mut self, end: End) {
        let Some(connection) = self.connections.get_mut(&end.connection) else { return };
        let wakers = connection.pipes.each_mut().map(Pipe::tear);
        self.woken.extend(wakers.into_iter().flatten().flatten());
    }

    /// `end` is closed.
    pub(super) fn close(&mut self, end: End) {
        let Some(connection) = self.connections.get_mut(&end.connection) else { return };
        connection.closed[end.side] = true;
        let wakers = [connection.pipes[end.side].end(), connection.pipes[1 - end.side].abandon()];
        self.woken.extend(wakers.into_iter().flatten().flatten());
        if connection.closed == [true; 2] {
            self.connections.remove(&end.connection);
        }
    }

    /// Where the task of a peer that accepts on `addr` leaves its waker.
    pub(super) fn seat(&mut self, addr: SocketAddr) -> Option<&mut Option<Waker>> {
        self.listeners.get_mut(&addr).map(|listener| &mut listener.waker)
    }

    /// The tasks of peers that are to be woken.
    pub(super) fn woken(&mut self) -> &mut Vec<Waker> {
        &mut self.woken
    }
}

//! A listener accepts connections, a stream is one; both live on the worker that made them.
//!
//! A stream's receive is armed by the first read, and the listener's accept by the first `accept`; after that both go on by themselves, and futures only wait.

use std::{
    fmt,
    future::poll_fn,
    io,
    net::{SocketAddr, ToSocketAddrs},
    os::fd::{AsFd, BorrowedFd},
    rc::Rc,
    time::Duration,
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tidemill_core::{clock::Instant, scope::at};

use crate::{
    io::{Reader, Writer},
    ring::{Acceptor, Fd, File, Inbound, Single, Worker},
};

/// Connections that the kernel keeps for us before they are accepted.
const BACKLOG: u32 = 1024;
/// How long a listener rests after the system had no descriptor or memory for a connection.
const REST: Duration = Duration::from_millis(20);

/// A socket that listens for TCP connections.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use tidemill_uring::{net::TcpListener, runtime::Runtime};
///
/// Runtime::new()?.run(async {
///     let mut listener = TcpListener::bind("127.0.0.1:0")?;
///     println!("listening on {}", listener.local_addr()?);
///     let stream = listener.accept().await?;
///     println!("{} came", stream.peer_addr()?);
///     Ok(())
/// })?
/// # }
/// ```
pub struct TcpListener {
    acceptor: Acceptor,
    backlog: u32,
    /// It rests until this moment.
    rests: Option<Instant>,
}

impl TcpListener {
    /// Listens on the first of the addresses that can be bound, on the calling worker.
    ///
    /// # Errors
    /// The address does not parse or resolve, is in use, is not this machine's, or needs a privilege; or there is no runtime on this thread.
    pub fn bind(addr: impl ToSocketAddrs) -> io::Result<Self> {
        Self::builder().bind(addr)
    }

    /// A listener that can be set up.
    pub fn builder() -> ListenerBuilder {
        ListenerBuilder::default()
    }

    /// Lets other workers listen on the same address: the kernel then spreads connections over all who do.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// use tidemill_uring::{net::TcpListener, runtime::{Runtime, Workers, spawn_on}};
    ///
    /// async fn serve(mut listener: TcpListener) -> std::io::Result<()> {
    ///     loop {
    ///         let _stream = listener.accept().await?;
    ///     }
    /// }
    ///
    /// let runtime = Runtime::builder().workers(Workers::Count(2)).build()?;
    /// runtime.run(async {
    ///     // In use by another process: an error. Port 0 is resolved here, once.
    ///     let first = TcpListener::bind("127.0.0.1:0")?;
    ///     for worker in 1..runtime.workers() {
    ///         let share = first.share()?;
    ///         drop(spawn_on(worker, move || async move { serve(share.bind()?).await })?);
    ///     }
    ///     // .. and serve(first).await
    ///     Ok(())
    /// })?
    /// # }
    /// ```
    ///
    /// # Errors
    /// The system refuses.
    pub fn share(&self) -> io::Result<Share> {
        let fd = self.acceptor.fd();
        let socket = SockRef::from(&fd);
        socket.set_reuse_port(true)?;
        let backlog = self.backlog;
        Ok(Share {
            addr: self.local_addr()?,
            builder: ListenerBuilder { reuse_port: true, backlog },
        })
    }

    /// Listens on a socket that listens already.
    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn adopt(fd: std::os::fd::OwnedFd) -> io::Result<Self> {
        let acceptor = Acceptor::new(Worker::current()?, fd, BACKLOG);
        Ok(Self { acceptor, backlog: BACKLOG, rests: None })
    }

    /// The next connection, in the order of their arrival.
    ///
    /// # Errors
    /// The system has no descriptor or memory for it: the connection waits in the backlog, and the next call rests 20 ms before it tries again, so that a
    /// loop that only reports errors does not spin. Other errors end the listener.
    ///
    /// # Cancel safety
    /// *Strict*: a connection that came meanwhile is the next call's, and a rest goes on meanwhile.
    pub async fn accept(&mut self) -> io::Result<TcpStream> {
        if let Some(end) = self.rests {
            at(end).await.map_err(io::Error::other)?;
            self.rests = None;
        }
        match poll_fn(|cx| self.acceptor.poll_accept(cx)).await {
            Ok(file) => TcpStream::new(file),
            Err(error) => {
                self.rests = Some(self.acceptor.now() + REST);
                Err(error)
            }
        }
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// The system refuses to tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        address(SockRef::from(&self.acceptor.fd()).local_addr()?)
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.acceptor.fd()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpListener")
            .field("local_addr", &self.local_addr())
            .finish_non_exhaustive()
    }
}

/// Sets a listener up.
#[derive(Clone, Debug)]
pub struct ListenerBuilder {
    backlog: u32,
    reuse_port: bool,
}

impl Default for ListenerBuilder {
    fn default() -> Self {
        Self { backlog: BACKLOG, reuse_port: false }
    }
}

impl ListenerBuilder {
    /// Connections that the kernel keeps before they are accepted (default 1024; the system has a limit of its own).
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Whether other sockets of this user, in whatever process, may listen on the same address at the same time, where they say so too (`SO_REUSEPORT`; default
    /// false). For the workers of one runtime, [`TcpListener::share`] does it without letting a second server in unnoticed.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Listens on the first of the addresses that can be bound, on the calling worker.
    ///
    /// # Errors
    /// As [`TcpListener::bind`].
    pub fn bind(&self, addr: impl ToSocketAddrs) -> io::Result<TcpListener> {
        let worker = Worker::current()?;
        let mut failure = None;
        for addr in addr.to_socket_addrs()? {
            match self.listen(addr) {
                Ok(socket) => {
                    let acceptor = Acceptor::new(worker, socket.into(), self.backlog);
                    return Ok(TcpListener { acceptor, backlog: self.backlog, rests: None });
                }
                Err(error) => {
                    failure = Some(io::Error::new(error.kind(), format!("{addr}: {error}")));
                }
            }
        }
        Err(failure.unwrap_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on")
        }))
    }

    /// A bound and listening socket; connections inherit its options.
    fn listen(&self, addr: SocketAddr) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(self.reuse_port)?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&addr.into())?;
        socket.listen(self.backlog.try_into().unwrap_or(i32::MAX))?;
        Ok(socket)
    }
}

/// The address of a listener, for other workers of its runtime to listen on.
#[derive(Clone, Debug)]
pub struct Share {
    addr: SocketAddr,
    builder: ListenerBuilder,
}

impl Share {
    /// The address.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Listens on it, on the calling worker.
    ///
    /// # Errors
    /// As [`TcpListener::bind`]; the listener that shared it must still be there, or the address may be another's by now.
    pub fn bind(&self) -> io::Result<TcpListener> {
        self.builder.bind(self.addr)
    }
}

fn address(addr: socket2::SockAddr) -> io::Result<SocketAddr> {
    addr.as_socket().ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// A TCP connection.
#[derive(Debug)]
pub struct TcpStream {
    reader: Reader,
    writer: Writer,
}

impl TcpStream {
    /// A connected socket of the calling worker's.
    pub(crate) fn new(file: impl Into<File>) -> io::Result<Self> {
        Ok(Self::of(Worker::current()?, file.into()))
    }

    fn of(worker: Rc<Worker>, file: File) -> Self {
        let (inbound, outbound) = Inbound::pair(worker, file);
        Self { reader: Reader::new(inbound), writer: Writer::new(outbound) }
    }

    /// Connects to `addr`.
    ///
    /// # Errors
    /// The connection was refused or cannot be made, or there is no runtime on this thread.
    ///
    /// # Cancel safety
    /// Dropped early, the attempt is cancelled and its socket closed.
    pub async fn connect(addr: SocketAddr) -> io::Result<Self> {
        let worker = Worker::current()?;
        let fd = Fd::new(worker.socket(|| {
            let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_tcp_nodelay(true)?;
            Ok(socket.into())
        })?);
        let fd = Single::connect(worker.clone(), fd, addr.into())?.await?;
        Ok(Self::of(worker, fd.into()))
    }

    /// The address of the peer.
    ///
    /// # Errors
    /// The connection has ended.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        address(SockRef::from(&self.plain()?).peer_addr()?)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// The system refuses to tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        address(SockRef::from(&self.plain()?).local_addr()?)
    }

    /// The descriptor, to set options of the socket. `None`: it is known to its ring alone, because the runtime was told not to use the process's own.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.reader.fd()
    }

    fn plain(&self) -> io::Result<BorrowedFd<'_>> {
        self.as_fd().ok_or_else(|| {
            let text = "no system call reaches a direct descriptor: use plain descriptors";
            io::Error::new(io::ErrorKind::Unsupported, text)
        })
    }

    /// Both directions, borrowed.
    pub fn both(&mut self) -> (&mut Reader, &mut Writer) {
        (&mut self.reader, &mut self.writer)
    }

    /// Both directions. The connection closes when both are dropped; when the writer is dropped alone, the peer learns that no more will come.
    pub fn split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }
}

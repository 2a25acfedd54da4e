//! A place is where a scenario runs: on the kernel's ring with its sockets, or on a simulated ring with sockets in memory.

use std::{
    future::Future,
    io::{self, ErrorKind, Read, Write},
    net::{self, Shutdown, SocketAddr},
    time::Duration,
};

use socket2::SockRef;
use tidemill_core::scope::after;
use tidemill_uring::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sim::{self, Net, Plan, Sim, seeds},
};

use crate::stage::{self, Play, Watch, reset, rest};

/// Where a scenario runs.
#[derive(Clone)]
pub(crate) enum Place {
    Kernel,
    Simulated(Net),
}

/// The other end of a connection.
pub(crate) enum Wire {
    Real(net::TcpStream),
    Simulated(sim::Peer),
}

/// Runs `scenario` on the kernel's ring, then with many seeds on simulated ones: calm, and with all faults that lose no connection. It is to leave nothing.
pub(crate) fn everywhere<F: Future<Output = ()>>(scenario: impl Fn(Place, u64) -> F) {
    let runtime = Runtime::builder().buffers(64).buffer_bytes(4096).build().expect("a runtime");
    let watch = Watch::new();
    runtime.play(async {
        scenario(Place::Kernel, 0).await;
        rest().await;
    });
    drop((runtime, watch));
    seeds(|seed| {
        for plan in [Plan::CALM, Plan::ROUGH] {
            let sim = Sim::new(seed, plan);
            sim.run(scenario(Place::Simulated(sim.net()), seed));
            sim.end();
        }
    });
}

/// Runs `scenario` on the kernel's ring, then with many seeds on simulated ones of the same size where nothing goes wrong.
pub(crate) fn calmly<F: Future<Output = ()>>(
    builder: impl Fn() -> Builder,
    scenario: impl Fn(Place) -> F,
) {
    stage::run_on(builder(), async { scenario(Place::Kernel).await });
    seeds(|seed| {
        let sim = Sim::with(builder(), seed, Plan::CALM);
        sim.run(scenario(Place::Simulated(sim.net())));
        sim.end();
    });
}

impl Place {
    pub(crate) fn listener(&self) -> (TcpListener, SocketAddr) {
        match self {
            Self::Kernel => stage::listener(),
            Self::Simulated(net) => net.listener().expect("a descriptor"),
        }
    }

    /// A connection to `addr`, where somebody listens.
    pub(crate) fn connect(&self, addr: SocketAddr) -> Wire {
        match self {
            Self::Kernel => {
                Wire::real(net::TcpStream::connect(addr).expect("the backlog has room"))
            }
            Self::Simulated(net) => Wire::Simulated(net.connect(addr).expect("somebody listens")),
        }
    }

    /// Whether nobody listens on `addr`.
    pub(crate) fn refuses(&self, addr: SocketAddr) -> bool {
        let told = match self {
            Self::Kernel => net::TcpStream::connect(addr).map(drop),
            Self::Simulated(net) => net.connect(addr).map(drop),
        };
        told.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    }

    pub(crate) async fn pair(&self) -> (TcpStream, Wire) {
        match self {
            Self::Kernel => {
                let (ours, theirs) = stage::pair().await;
                (ours, Wire::real(theirs))
            }
            Self::Simulated(net) => {
                let (ours, theirs) = net.pair().expect("a descriptor");
                (ours, Wire::Simulated(theirs))
            }
        }
    }
}

impl Wire {
    fn real(stream: net::TcpStream) -> Self {
        stream.set_nonblocking(true).expect("a socket has options");
        Self::Real(stream)
    }

    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        let mut stream = match self {
            Self::Simulated(peer) => return peer.write_all(bytes).await,
            Self::Real(stream) => stream,
        };
        while !bytes.is_empty() {
            let count = again(|| stream.write(bytes)).await?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// Holds little that nobody has read, however fast it is read. (A simulated one always does.)
    pub(crate) fn narrow(&self) {
        if let Self::Real(stream) = self {
            let told = SockRef::from(stream).set_recv_buffer_size(64 << 10);
            told.expect("a socket has options");
        }
    }

    /// Writes as many of `bytes` as there is room for, without waiting; how many.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Simulated(peer) => peer.try_write(bytes),
            Self::Real(stream) => now(|| (&*stream).write(bytes)).map(Option::unwrap_or_default),
        }
    }

    /// Reads some bytes, without waiting; `None` while there are none, empty at the end.
    pub(crate) fn try_read(&self) -> io::Result<Option<Vec<u8>>> {
        let mut stream = match self {
            Self::Simulated(peer) => return peer.try_read(8000),
            Self::Real(stream) => stream,
        };
        let mut bytes = vec![0; 8000];
        let count = now(|| stream.read(&mut bytes))?;
        Ok(count.map(|count| {
            bytes.truncate(count);
            bytes
        }))
    }

    /// Reads some bytes; none at the end.
    pub(crate) async fn read(&self) -> io::Result<Vec<u8>> {
        let mut stream = match self {
            Self::Simulated(peer) => return peer.read(8000).await,
            Self::Real(stream) => stream,
        };
        let mut bytes = vec![0; 8000];
        let count = again(|| stream.read(&mut bytes)).await?;
        bytes.truncate(count);
        Ok(bytes)
    }

    pub(crate) async fn read_to_end(&self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let bytes = self.read().await?;
            if bytes.is_empty() {
                return Ok(all);
            }
            all.extend(bytes);
        }
    }

    pub(crate) fn shutdown(&self) {
        match self {
            Self::Simulated(peer) => peer.shutdown(),
            Self::Real(stream) => stream.shutdown(Shutdown::Write).expect("connected"),
        }
    }

    pub(crate) fn reset(self) {
        match self {
            Self::Simulated(peer) => peer.reset(),
            Self::Real(stream) => reset(stream),
        }
    }
}

/// `None` where it would wait.
fn now<T>(f: impl FnOnce() -> io::Result<T>) -> io::Result<Option<T>> {
    match f() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        told => told.map(Some),
    }
}

/// Until it need not wait any more; nobody tells.
async fn again<T>(mut f: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match f() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                after(Duration::from_micros(100)).await.map_err(io::Error::other)?;
            }
            told => return told,
        }
    }
}

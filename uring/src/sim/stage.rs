//! The stage of a simulation: a runtime on a simulated ring, its network, and what must be true when it ends.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tidemill_core::scope::after;

use super::{
    net::Net,
    peer::{Callers, Peer},
};
use crate::{
    engine::{Counts, Plan, Random, World},
    net::{TcpListener, TcpStream},
    ring::Stats,
    runtime::{Builder, RunError, Runtime},
};

impl Net {
    /// A listener of the current runtime's, and its address.
    ///
    /// # Errors
    /// There is no runtime on this thread, or no descriptor.
    pub fn listener(&self) -> io::Result<(TcpListener, SocketAddr)> {
        let (fd, addr) = self.with(World::listener)?;
        Ok((TcpListener::adopt(fd)?, addr))
    }

    /// A peer's connection to `addr`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(&self, addr: SocketAddr) -> io::Result<Peer> {
        let end = self.with(|world| world.dial(addr))?;
        Ok(Peer::new(self.clone(), end))
    }

    /// A connection that stands: the current runtime's end, and the peer's.
    ///
    /// # Errors
    /// There is no runtime on this thread, or no descriptor.
    pub fn pair(&self) -> io::Result<(TcpStream, Peer)> {
        let (theirs, fd) = self.with(World::pair)?;
        Ok((TcpStream::new(fd)?, Peer::new(self.clone(), theirs)))
    }

    /// A place where peers are called.
    pub fn callers(&self) -> Callers {
        Callers::new(self.clone())
    }
}

/// A runtime on a simulated ring.
#[derive(Debug)]
pub struct Sim {
    runtime: Runtime,
    net: Net,
}

impl Sim {
    /// A small one, of a size that the seed picks: 16 to 64 buffers of 4 KiB, queues for 4 to 64 submissions and 8 to 256 completions.
    ///
    /// # Panics
    /// The system has no descriptor for the doorbell.
    pub fn new(seed: u64, plan: Plan) -> Self {
        let mut random = Random::new(!seed);
        let builder = Runtime::builder().buffers(random.pick(&[16, 16, 64])).buffer_bytes(4096);
        let builder = builder.submissions(random.pick(&[4, 4, 16, 64]));
        Self::with(builder.completions(random.pick(&[8, 32, 256])), seed, plan)
    }

    /// One that `builder` describes.
    ///
    /// # Panics
    /// The system has no descriptor for the doorbell.
    pub fn with(builder: Builder, seed: u64, plan: Plan) -> Self {
        let (runtime, world) = builder.simulate(seed, plan).expect("a doorbell can be made");
        Self { runtime, net: Net::of(world) }
    }

    /// Its network.
    pub fn net(&self) -> Net {
        self.net.clone()
    }

    /// Chunks that are neither free nor the ring's.
    pub fn chunks_out(&self) -> usize {
        self.runtime.worker().chunks_out()
    }

    /// Runs `main`.
    ///
    /// # Panics
    /// There was an error that nobody answered for.
    pub fn run<F: Future>(&self, main: F) -> F::Output {
        self.try_run(main).unwrap_or_else(|ended| panic!("{ended}"))
    }

    /// Runs `main`.
    ///
    /// # Errors
    /// As `Runtime::run`.
    pub fn try_run<F: Future>(&self, main: F) -> Result<F::Output, RunError<F::Output>> {
        self.runtime.run(main)
    }

    /// Waits until nothing is in flight, then ends the runtime: what it counted.
    ///
    /// # Panics
    /// Something is left: an operation, a descriptor, a chunk.
    pub fn end(self) -> (Stats, Counts) {
        self.run(async {
            // Senders without an owner may take five seconds.
            for _ in 0..8000 {
                let stats = self.runtime.stats();
                if stats.live == 0 && stats.in_flight == 0 {
                    return;
                }
                // The deadline itself may fail.
                let _ = after(Duration::from_millis(1)).await;
            }
            panic!("the table is not empty: {:?}", self.runtime.stats());
        });
        self.stop()
    }

    /// Ends the runtime with whatever is in flight: what it counted.
    ///
    /// # Panics
    /// Something is left: an operation, a descriptor, a chunk.
    pub fn stop(self) -> (Stats, Counts) {
        let worker = self.runtime.worker().clone();
        self.runtime.shutdown().expect("the ring can be emptied");
        let (stats, counts) = (worker.stats(), self.net.counts());
        assert_eq!((stats.live, stats.in_flight), (0, 0), "the table is empty: {stats:?}");
        assert_eq!(worker.chunks_out(), 0, "all chunks are back: {stats:?}");
        assert_eq!(self.net.with(World::open), 0, "no descriptor is left");
        assert_eq!(counts.astray, 0, "no operation missed its socket");
        (stats, counts)
    }
}

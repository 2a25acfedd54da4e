//! The crew is the further workers of a runtime: a thread each, which makes its own ring and memory where it is pinned.
//!
//! | a worker's thread   | tells `muster`    | ends with                                        |
//! |---------------------|-------------------|--------------------------------------------------|
//! | is setting up       | -                 | -                                                |
//! | could not           | its error         | nothing: no ring, no task was there              |
//! | works               | that it is ready  | its mailbox closed: tasks cancelled, ring closed |
//! | sees the root fail  | (it was ready)    | the same, once it has closed all mailboxes       |
//! | panicked            | (it was ready)    | the same, and the panic as its error             |
//!
//! [C1] Whatever ends a worker, its mailbox is closed before its thread has ended: what waits for it is told.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::mpsc,
    thread,
    time::Duration,
};

use tidemill_sched::{
    Local,
    pool::{Place, Topology, pin},
};

use super::{handle::Handle, hooks::RingHooks, watch::watched, workers::Places};
use crate::{
    engine::Config,
    error::WorkerError,
    ring::{InRing, Way, Worker},
};

/// How long closing a worker waits for operations that were cancelled.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// What every worker of a runtime is made from.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) buffer_bytes: u32,
    pub(super) bell: Way,
}

impl Plan {
    /// A worker for the calling thread.
    pub(super) fn worker(&self) -> io::Result<std::rc::Rc<Worker>> {
        Worker::new(self.config, self.buffer_bytes, self.bell)
    }
}

/// The threads of all workers but the first. Ended, and waited for, when it is dropped.
pub(super) struct Crew {
    handle: Handle,
    threads: Vec<(Seat, thread::JoinHandle<io::Result<()>>)>,
}

/// Which worker, and where.
#[derive(Clone, Copy)]
struct Seat {
    worker: usize,
    place: Place,
}

impl Crew {
    /// Nobody: the first worker is alone.
    pub(super) fn none(handle: Handle) -> Self {
        Self { handle, threads: Vec::new() }
    }

    /// Starts the workers 1 and up, and waits until each is ready.
    ///
    /// # Errors
    /// One could not be set up, and all were ended.
    pub(super) fn muster(handle: &Handle, places: &Places, plan: &Plan) -> io::Result<Self> {
        let mut crew = Self::none(handle.clone());
        let (report, reports) = mpsc::channel();
        for (worker, place) in places.places.iter().copied().enumerate().skip(1) {
            let seat = Seat { worker, place };
            let (topology, plan, handle) = (places.topology.clone(), plan.clone(), handle.clone());
            let report = report.clone();
            let thread = thread::Builder::new()
                .name(format!("tidemill-{worker}"))
                .spawn(move || work(seat, &topology, &plan, &handle, report))
                .map_err(|error| seat.failed(error))?;
            crew.threads.push((seat, thread));
        }
        drop(report);
        // A thread that panicked leaves without a report.
        let ready = reports.iter().take_while(Result::is_ok).count();
        if ready == crew.threads.len() {
            return Ok(crew);
        }
        Err(crew
            .end()
            .err()
            .unwrap_or_else(|| io::Error::other("a worker left while it was set up")))
    }

    /// Ends all, waits for their threads, and tells the first error.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.handle.close();
        let mut first = Ok(());
        for (seat, thread) in self.threads.drain(..) {
            let ended = thread.join().unwrap_or_else(|panic| Err(panicked(&*panic)));
            first = first.and(ended.map_err(|error| seat.failed(error)));
        }
        first
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("tidemill: {error}");
        }
    }
}

impl Seat {
    fn failed(self, source: io::Error) -> io::Error {
        WorkerError { worker: self.worker, cpu: self.place.cpu, source }.into()
    }
}

fn panicked(panic: &(dyn Any + Send)) -> io::Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    io::Error::other(format!("it panicked: {}", text.unwrap_or("(the payload is no text)")))
}

/// Runs `f`; a panic in it is an error.
pub(super) fn guarded(f: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// The life of a worker's thread.
fn work(
    seat: Seat,
    topology: &Topology,
    plan: &Plan,
    handle: &Handle,
    report: mpsc::Sender<Result<(), ()>>,
) -> io::Result<()> {
    let contact = handle.contact(seat.worker);
    // In this order: memory that comes after the pin is of the worker's node.
    let made = pin(topology, seat.place).and_then(|pinned| Ok((pinned, plan.worker()?)));
    let (_pinned, worker) = match made {
        Ok(made) => made,
        Err(error) => {
            contact.mailbox.close();
            let _ = report.send(Err(()));
            return Err(error);
        }
    };
    let local = Local::new(RingHooks::of(&worker));
    // A wait on top of a turn would keep the ring from its completions.
    local.set_waits(0);
    // Whoever does not listen any more has closed the mailbox.
    let _ = report.send(Ok(()));
    drop(report);
    handle.enter(seat.worker, || {
        worker.enter(|| {
            let mut park = InRing::counted(&worker, &contact.tally);
            let served = guarded(|| {
                let serving = watched(handle.root(), contact.mailbox.serve());
                if local.run_with(pin!(serving), &mut park).is_none() {
                    handle.close();
                }
                Ok(())
            });
            contact.mailbox.close();
            let ended = guarded(|| {
                drop(local);
                Ok(())
            });
            let closed = guarded(|| worker.close(PATIENCE));
            contact.tally.write(worker.stats());
            served.and(ended).and(closed)
        })
    })
}

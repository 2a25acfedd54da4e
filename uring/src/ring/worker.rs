//! A worker is a thread's ring, shared by everything on that thread that does I/O: it parks the executor, and is how handles reach the driver.
//!
//! [I1] The driver is borrowed for a few instructions of ours at a time: no waker is cloned, woken or dropped meanwhile, no user code runs.
//! [I2] The worker closes its ring when nothing is in flight. Where that cannot be had in time, ring and buffers are leaked, and it is reported.

use std::{
    cell::{Cell, RefCell},
    io, mem,
    os::fd::OwnedFd,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::Clock,
    wait::{Park, Wait},
};

use super::{
    buf::{Chunk, Pool},
    doorbell::{Bell, Ear, Way},
    driver::{Driver, Seat, Stats},
    table::Tag,
    tally::Tally,
    time::Time,
};
use crate::engine::{Config, Engine, Op, Setup};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

/// One thread's ring.
pub(crate) struct Worker {
    driver: RefCell<Driver>,
    time: Time,
    closed: Cell<bool>,
}

impl Worker {
    /// A ring for the calling thread, with chunks of `chunk` bytes; four times as many as the kernel may have at a time.
    pub(crate) fn new(config: Config, chunk: u32, bell: Way) -> io::Result<Rc<Self>> {
        Self::over(Engine::kernel(config)?, Time::Monotonic, config, chunk, bell)
    }

    /// [`new`](Self::new) over an engine that is there, of this `config`, and that goes by `time`.
    pub(crate) fn over(
        mut engine: Engine,
        time: Time,
        config: Config,
        chunk: u32,
        bell: Way,
    ) -> io::Result<Rc<Self>> {
        let pool = Pool::new(chunk, config.buffers.saturating_mul(4));
        let ear = Ear::new(bell, &mut engine)?;
        let driver = Driver::new(engine, pool, ear, config);
        Ok(Rc::new(Self { driver: RefCell::new(driver), time, closed: Cell::new(false) }))
    }

    /// The worker of the calling thread, inside its runtime.
    pub(crate) fn current() -> io::Result<Rc<Self>> {
        CURRENT.with(|current| current.borrow().clone()).ok_or_else(|| {
            let text = "no runtime on this thread: call this inside `Runtime::run`";
            io::Error::new(io::ErrorKind::NotConnected, text)
        })
    }

    /// Makes this the worker of the calling thread while `f` runs.
    pub(crate) fn enter<R>(self: &Rc<Self>, f: impl FnOnce() -> R) -> R {
        struct Restore(Option<Rc<Worker>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.with(|current| mem::swap(&mut *current.borrow_mut(), &mut self.0));
            }
        }
        let _restore = Restore(CURRENT.with(|current| current.replace(Some(self.clone()))));
        f()
    }

    /// Rings `bell` through the ring of the calling thread's worker, where that is its way and there is one.
    pub(crate) fn rings_by_message(bell: &Bell) -> bool {
        if !bell.is_rung_by_message() {
            return false;
        }
        CURRENT.with(|current| {
            let Ok(current) = current.try_borrow() else { return false };
            let Some(worker) = &*current else { return false };
            let Ok(mut driver) = worker.driver.try_borrow_mut() else { return false };
            if driver.engine.is_closed() {
                return false;
            }
            driver.send_message(bell);
            true
        })
    }

    /// The clock that it goes by.
    #[inline]
    pub(crate) fn time(&self) -> &Time {
        &self.time
    }

    /// A socket to work on here: `make` makes it, unless the ring is simulated.
    pub(crate) fn socket(&self, make: impl FnOnce() -> io::Result<OwnedFd>) -> io::Result<OwnedFd> {
        self.with(|driver| driver.engine.socket(make))
    }

    /// Rings this worker awake from other threads.
    pub(crate) fn bell(&self) -> Bell {
        self.with(|driver| driver.ear.bell())
    }

    /// Lends the driver; see [I1].
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Driver) -> R) -> R {
        f(&mut self.driver.borrow_mut())
    }

    /// A chunk that was lent comes back. Inside the driver's borrow, where nobody drops one ([I1]), it would be lost, and nothing worse.
    #[inline]
    pub(super) fn give(&self, chunk: Chunk) {
        if let Ok(mut driver) = self.driver.try_borrow_mut() {
            driver.pool.give(chunk);
        }
    }

    /// Asks `ready`; where it has nothing, leaves the task's waker in `seat`.
    #[inline]
    pub(super) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        ready: impl FnOnce(&mut Driver) -> Option<T>,
        seat: impl Fn(&mut Driver) -> &mut Option<Waker>,
    ) -> Poll<T> {
        let mut seated = false;
        let value = self.with(|driver| {
            let value = ready(driver);
            if value.is_none() {
                seated = seat(driver).as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
            }
            value
        });
        if let Some(value) = value {
            return Poll::Ready(value);
        }
        if !seated {
            // Cloned before, dropped after the driver is borrowed ([I1]).
            let waker = cx.waker().clone();
            let old = self.with(|driver| seat(driver).replace(waker));
            drop(old);
        }
        Poll::Pending
    }

    /// Drops the wakers of those who left.
    pub(super) fn drop_spent(&self) {
        // One by one, so that the list keeps its memory.
        while let Some(waker) = self.with(|driver| driver.spent.pop()) {
            drop(waker);
        }
    }

    /// One turn of the ring, then wakes whom it concerned.
    fn turn(&self, wait: Wait) {
        let turned = self.with(|driver| {
            driver.turn(wait, &self.time)?;
            Ok::<bool, io::Error>(driver.is_still())
        });
        match turned {
            Ok(true) => {}
            Ok(false) => self.wake(),
            Err(error) => panic!("the ring of this worker failed: {error}"),
        }
        #[cfg(any(test, feature = "sim"))]
        self.with(|driver| driver.engine.woken()).into_iter().for_each(Waker::wake);
    }

    /// Wakes the tasks of others that completions concern; our own were queued at once.
    #[cold]
    fn wake(&self) {
        let mut woken = self.with(|driver| mem::take(&mut driver.woken));
        for (_, waker) in &woken {
            waker.wake_by_ref();
        }
        // Those whose seat is free go back: whoever waits again finds its waker there, and clones none.
        self.with(|driver| {
            for (seat, waker) in woken.drain(..) {
                driver.put_back(seat, waker);
            }
            // A waker may have done something that woke others: they are for the next turn, which does not wait then.
            if driver.woken.is_empty() {
                driver.woken = woken;
            }
        });
        self.drop_spent();
    }

    /// Chunks that are neither free nor the ring's.
    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn chunks_out(&self) -> usize {
        self.with(|driver| driver.pool.held())
    }

    /// What this worker counted so far.
    pub(crate) fn stats(&self) -> Stats {
        self.with(|driver| Stats {
            enters: driver.engine.enters(),
            rings: driver.ear.rings(),
            stale: driver.table.stale() + driver.stats.stale,
            live: driver.sockets.len() + driver.table.live(),
            in_flight: driver.table.armed() + driver.flights.up(),
            ..driver.stats
        })
    }

    /// What this worker's ring turned out to have.
    pub(crate) fn setup(&self) -> Setup {
        self.with(|driver| driver.engine.setup())
    }

    /// Sends what is queued as far as the kernel takes it at once, cancels all, and closes the ring once nothing is in flight.
    ///
    /// # Errors
    /// Operations were still in flight after `patience`: ring and buffers are leaked, and the text says how many.
    pub(crate) fn close(self: &Rc<Self>, patience: Duration) -> io::Result<()> {
        if self.closed.replace(true) {
            return Ok(());
        }
        let end = self.time.now() + patience;
        self.turn(Wait::Poll);
        self.with(Driver::stop);
        while !self.with(|driver| driver.is_at_rest()) {
            if self.time.now() >= end {
                return self.leak(io::ErrorKind::TimedOut.into());
            }
            // Its own answer ends the wait, so this never blocks. Behind a backlog there is no wait, and it would only grow.
            self.with(|driver| {
                if driver.backlog.is_empty() {
                    driver.submit(Op::cancel_all(), Tag::Cancel.token());
                }
            });
            if let Err(error) = self.with(|driver| driver.drain(&self.time)) {
                // No completion will be told: what is in flight may be touched for ever.
                return self.leak(error);
            }
            self.wake();
        }
        let engine = self.with(|driver| {
            driver.listeners.iter_mut().for_each(|(_, listening)| listening.ready.clear());
            mem::replace(&mut driver.engine, Engine::Closed)
        });
        engine.close();
        Ok(())
    }

    /// Leaves the ring, and by a count that nobody takes back all that its operations may still touch, in memory for ever.
    fn leak(self: &Rc<Self>, why: io::Error) -> io::Result<()> {
        let left = self.with(|driver| {
            mem::forget(mem::replace(&mut driver.engine, Engine::Closed));
            driver.table.armed() + driver.flights.up()
        });
        mem::forget(self.clone());
        let text = format!("{left} operations could not be ended: their memory is leaked: {why}");
        Err(io::Error::new(why.kind(), text))
    }
}

/// What an operation is told after its runtime has gone.
pub(crate) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the runtime of this handle is gone")
}

impl Driver {
    #[inline]
    fn put_back(&mut self, seat: Seat, waker: Waker) {
        let place = match seat {
            Seat::Entry(slot) => self.table.seat(slot),
            Seat::Reader(key) => {
                self.sockets.get_mut(key as usize).map(|socket| &mut socket.reader)
            }
            Seat::Writer(key) => {
                self.sockets.get_mut(key as usize).map(|socket| &mut socket.writer)
            }
            Seat::Listener(key) => {
                self.listeners.get_mut(key as usize).map(|listening| &mut listening.waker)
            }
        };
        match place {
            Some(place @ None) => *place = Some(waker),
            _ => self.spent.push(waker),
        }
    }
}

/// The executor of a worker sleeps in its ring.
pub(crate) struct InRing<'a> {
    worker: &'a Worker,
    tally: Option<&'a Tally>,
}

impl<'a> InRing<'a> {
    /// For a worker that is alone.
    pub(crate) fn new(worker: &'a Worker) -> Self {
        Self { worker, tally: None }
    }

    /// For one of several: what it counts is told to the others after each turn.
    pub(crate) fn counted(worker: &'a Worker, tally: &'a Tally) -> Self {
        Self { worker, tally: Some(tally) }
    }
}

impl Park for InRing<'_> {
    #[inline]
    fn park(&mut self, wait: Wait) {
        self.worker.turn(wait);
        if let Some(tally) = self.tally {
            tally.write(self.worker.stats());
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemill_core::{clock::Instant, wait::Wait};

    use super::{Config, Ear, Engine, Op, Tag, Way, Worker};
    use crate::engine::Until;

    #[test]
    fn a_message_that_cannot_be_posted_rings_by_the_other_way() {
        let worker = Worker::new(Config::default(), 4096, Way::Best).expect("a ring");
        let mut sleeper = Engine::kernel(Config::default()).expect("a ring");
        let mut ear = Ear::new(Way::Best, &mut sleeper).expect("a doorbell");
        ear.misdirect();
        let bell = ear.bell();
        assert!(sleeper.push(ear.listen().expect("not listening"), Tag::Bell.token()));
        sleeper.enter(Until::Now).expect("a ring can be entered");
        worker.enter(|| assert!(Worker::rings_by_message(&bell), "it does not know yet"));
        worker.turn(Wait::Poll);
        worker.turn(Wait::Poll);
        let passed = Op::timeout(Instant::from_nanos(1));
        assert!(sleeper.push(passed, Tag::Timer.token()));
        sleeper.enter(Until::Completion).expect("a ring can be entered");
        let heard = sleeper.reap().iter().any(|it| Tag::of(it.token) == Some(Tag::Bell));
        assert!(heard, "it sleeps on");
        assert_eq!(ear.rings(), 2, "by message and, in vain as that was, by the word");
    }

    #[test]
    fn bells_of_workers_that_are_gone_are_let_go() {
        let worker = Worker::new(Config::default(), 4096, Way::Best).expect("a ring");
        for _ in 0..3 {
            let other = Worker::new(Config::default(), 4096, Way::Best).expect("a ring");
            let bell = other.bell();
            if bell.is_rung_by_message() {
                worker.enter(|| assert!(Worker::rings_by_message(&bell)));
                worker.turn(Wait::Poll);
            }
        }
        assert!(worker.with(|driver| driver.rung_count()) <= 1, "each holds a ring's descriptor");
    }
}

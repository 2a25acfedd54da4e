//! The driver turns a worker's ring: what was asked goes in with one enter, what came back goes to whom it concerns.
//!
//! A turn: close what was let go of and accept for it -> flush dirty sockets -> provide free chunks -> arm starved receives -> set the timeout -> one
//! enter -> dispatch all -> retire quiet sends.
//!
//! [I1] Tasks of this worker are queued in here, which runs nobody's code (`wake_here`). No other waker is woken, and none dropped: they are moved to
//!      `woken` and `spent`, and the worker empties both when nothing of the driver is borrowed.
//! [I2] Operations reach the ring in the order in which they were asked: while `backlog` holds any, all go through it.

use std::{collections::VecDeque, io, mem, task::Waker, time::Duration};

use slab::Slab;
use tidemill_core::{
    clock::{Clock, Instant},
    wait::{Doorbell, Wait},
};

use super::{
    address::Addresses,
    buf::Pool,
    doorbell::{Bell, Ear},
    listening::Listening,
    message::Messages,
    slots::Slots,
    socket::{Interest, Socket},
    table::{Flights, Slot, Table, Tag, Token, flight_token},
    timer::Timer,
};
use crate::engine::{Config, Engine, GROUP, Op, Until};

/// How long a turn that the kernel has no memory for waits for a completion before the next.
const REST: Duration = Duration::from_millis(1);

/// Whose waker it is, so that it can be put back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seat {
    Entry(Slot),
    Reader(u32),
    Writer(u32),
    Listener(u32),
}

/// What a writer that has left was given: until when, at which place, and which linger it is.
pub(super) type Linger = (Instant, u32, Interest);

/// What a worker counts.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Times that the kernel was entered.
    pub enters: u64,
    /// Times that others rang to wake this worker: once for each sleep at the most.
    pub rings: u64,
    /// Completions that were reaped.
    pub completions: u64,
    /// Completions that named an operation which was over.
    pub stale: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Bytes that were received.
    pub received: u64,
    /// Receives that found no buffer, and waited for one.
    pub starved: u64,
    /// Bytes that closed connections never sent.
    pub lost: u64,
    /// Sockets, and entries of the op table, in use.
    pub live: usize,
    /// Operations in flight.
    pub in_flight: usize,
}

/// One worker's ring and all that works through it.
pub(super) struct Driver {
    // The order matters: the engine's ring closes before the memory that it may look at goes.
    pub(super) engine: Engine,
    pub(super) table: Table,
    pub(super) pool: Pool,
    pub(super) messages: Messages,
    pub(super) addresses: Addresses,
    pub(super) ear: Ear,
    /// Whom this worker has rung by message.
    rung: Vec<Bell>,
    pub(super) sockets: Slab<Socket>,
    pub(super) listeners: Slab<Listening>,
    pub(super) slots: Slots,
    pub(super) woken: Vec<(Seat, Waker)>,
    pub(super) spent: Vec<Waker>,
    pub(super) stats: Stats,
    /// Chunks that the kernel may have at a time.
    pub(super) ring: u32,
    /// With fewer of them left in the ring, sends are not quiet; that is always so where [`Config`] wants none.
    pub(super) scarce: u32,
    /// Where the next look for hoarded chunks begins.
    pub(super) round: usize,
    /// See [`Config`].
    expect_sends: bool,
    /// Sends of this turn that will answer.
    pub(super) loud: u32,
    timer: Timer,
    pub(super) backlog: VecDeque<(Op, Token)>,
    pub(super) dirty: Vec<u32>,
    /// The flight of each, and its socket.
    pub(super) quiet: Vec<(u32, u32)>,
    pub(super) flights: Flights,
    starved: VecDeque<u32>,
    pub(super) orphans: VecDeque<Linger>,
    /// Lingers so far.
    pub(super) lingers: u32,
    /// Completions that the kernel dropped, as far as this is known: where there are more, the quiet sends in flight may have failed.
    pub(super) dropped: u32,
    /// The worker is closing: nothing is armed again.
    pub(super) stopped: bool,
}

impl Driver {
    pub(super) fn new(engine: Engine, pool: Pool, ear: Ear, config: Config) -> Self {
        let ring = u32::from(config.buffers);
        Self {
            engine,
            table: Table::new(1024),
            pool,
            messages: Messages::default(),
            addresses: Addresses::default(),
            ear,
            rung: Vec::new(),
            sockets: Slab::new(),
            listeners: Slab::new(),
            slots: Slots::new(&config),
            woken: Vec::with_capacity(256),
            spent: Vec::with_capacity(64),
            stats: Stats::default(),
            ring,
            scarce: if config.quiet_sends { ring / 4 } else { u32::MAX },
            round: 0,
            expect_sends: config.expect_sends,
            loud: 0,
            timer: Timer::default(),
            backlog: VecDeque::new(),
            dirty: Vec::with_capacity(256),
            quiet: Vec::with_capacity(256),
            flights: Flights::default(),
            starved: VecDeque::new(),
            orphans: VecDeque::new(),
            lingers: 0,
            dropped: 0,
            stopped: false,
        }
    }

    /// Asks `op` of the ring, with the next enter.
    #[inline]
    pub(super) fn submit(&mut self, op: Op, token: Token) {
        if self.backlog.is_empty() && self.engine.push(op, token) {
            return;
        }
        self.submit_late(op, token);
    }

    /// The queue is full: makes room by an early enter, or keeps the operation for later ([I2]).
    #[cold]
    fn submit_late(&mut self, op: Op, token: Token) {
        self.backlog.push_back((op, token));
        // A failure leaves the queue as it is, and a turn meets it again.
        if self.enter(Until::Now, false).is_ok() {
            self.push_backlog();
        }
    }

    fn push_backlog(&mut self) {
        while let Some(&(op, token)) = self.backlog.front() {
            if !self.engine.push(op, token) {
                return;
            }
            self.backlog.pop_front();
        }
    }

    /// Rings `bell`, which is rung by message, with the next enter.
    pub(super) fn send_message(&mut self, bell: &Bell) {
        let known = self.rung.iter().position(|other| other.is(bell));
        let index = known.unwrap_or_else(|| {
            // Places stay, since messages on their way name them. What still names one that is taken over wakes somebody for nothing at the most.
            let index = self.rung.iter().position(Bell::is_forsaken).unwrap_or(self.rung.len());
            match self.rung.get_mut(index) {
                Some(place) => *place = bell.clone(),
                None => self.rung.push(bell.clone()),
            }
            index
        });
        if let Some(op) = bell.message() {
            self.submit(op, Tag::Message.token() | (index as u64 + 1));
        }
    }

    /// Bells that it keeps.
    #[cfg(test)]
    pub(super) fn rung_count(&self) -> usize {
        self.rung.len()
    }

    /// A message has come, or one of ours could not be posted: then the bell is rung by its other way.
    #[cold]
    pub(super) fn messaged(&mut self, token: Token) {
        let index = (token as u32 as usize).checked_sub(1);
        if let Some(bell) = index.and_then(|index| self.rung.get(index)) {
            bell.ring();
        }
    }

    /// Cancels the flight of `slot`, if it is in one.
    pub(super) fn cancel(&mut self, slot: Slot) {
        let entry = self.table.at(slot);
        if entry.armed && !entry.cancelling {
            entry.cancelling = true;
            if let Some(token) = self.table.token(slot) {
                self.submit(Op::cancel(token), Tag::Cancel.token());
            }
        }
    }

    /// Cancels the receive of the socket `key`, if it is in flight.
    #[cold]
    pub(super) fn cancel_receive(&mut self, key: u32) {
        let socket = &mut self.sockets[key as usize];
        if socket.receive != 0 && !mem::replace(&mut socket.cancelling, true) {
            let token = flight_token(Tag::Receive, socket.receive, key);
            self.submit(Op::cancel(token), Tag::Cancel.token());
        }
    }

    /// One turn. `wait` is what the executor can afford.
    ///
    /// # Errors
    /// What an enter says that no later one can mend.
    #[inline]
    pub(super) fn turn(&mut self, wait: Wait, clock: &impl Clock) -> io::Result<()> {
        let held_back = !self.quiet.is_empty();
        if self.slots.is_stirred() {
            self.collect();
        }
        self.flush();
        self.provide();
        if let Some(op) = self.ear.listen() {
            self.submit(op, Tag::Bell.token());
        }
        let mut until = Until::Now;
        let patient = wait != Wait::Poll && self.woken.is_empty();
        if patient && !held_back {
            until = self.until(wait);
        }
        self.push_backlog();
        if !self.backlog.is_empty() {
            // What ends the wait may be in it: the timeout, the doorbell's read.
            until = Until::Now;
        }
        if until != Until::Now || !self.backlog.is_empty() || !self.engine.is_idle() {
            self.enter(until, patient)?;
            self.dispatch();
            self.retire_quiet();
        }
        if !self.orphans.is_empty() {
            self.give_up_orphans(clock.now());
        }
        Ok(())
    }

    /// One enter. What it refuses passes with time: the queue is as it was, and goes with a later turn. `patient`: no task has anything to do.
    #[inline]
    fn enter(&mut self, until: Until, patient: bool) -> io::Result<()> {
        match self.engine.enter(until) {
            Ok(()) => Ok(()),
            Err(error) => self.refused(patient, error),
        }
    }

    #[cold]
    fn refused(&mut self, patient: bool, error: io::Error) -> io::Result<()> {
        match error.raw_os_error() {
            // `EBADR`: completions were dropped, which their count tells, too.
            Some(libc::EINTR | libc::EBUSY | libc::EBADR) => Ok(()),
            // No memory for operations: whatever comes back frees some.
            Some(libc::EAGAIN | libc::ENOMEM) => {
                if patient {
                    self.engine.rest(REST);
                }
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// Keeps the kernel's ring of buffers full, and arms receives that waited for buffers.
    fn provide(&mut self) {
        if self.pool.is_low() {
            self.relieve();
        }
        while self.pool.provided() < self.ring {
            let Some((id, at, len)) = self.pool.lend() else { break };
            self.engine.provide(id, at, len);
        }
        if self.starved.is_empty() {
            return;
        }
        for _ in 0..self.pool.provided().min(self.starved.len() as u32) {
            let Some(key) = self.starved.pop_front() else { break };
            // Its reader may have left meanwhile, and the place may be another's, who then does not starve.
            if let Some(socket) = self.sockets.get_mut(key as usize)
                && mem::take(&mut socket.starved)
                && socket.is_idle()
                && !socket.reader_left
            {
                self.arm_receive(key);
            }
        }
    }

    /// Starts the receive of the socket `key`, or lets it wait for buffers.
    pub(super) fn arm_receive(&mut self, key: u32) {
        if self.stopped {
            return;
        }
        if self.pool.provided() == 0 {
            return self.starve(key);
        }
        let flight = self.flights.next();
        let socket = &mut self.sockets[key as usize];
        socket.receive = flight;
        let op = Op::receive(socket.fd.target(), GROUP);
        self.submit(op, flight_token(Tag::Receive, flight, key));
    }

    pub(super) fn starve(&mut self, key: u32) {
        if !mem::replace(&mut self.sockets[key as usize].starved, true) {
            self.starved.push_back(key);
        }
    }

    /// What a wait is for. Its end goes with the enter, or is asked of the ring.
    #[inline]
    fn until(&mut self, wait: Wait) -> Until {
        let mut deadline = self.orphans.front().map_or(Instant::FAR, |(at, ..)| *at);
        if let Wait::Until(at) = wait {
            deadline = deadline.min(at);
        }
        let kept = deadline != Instant::FAR && self.engine.keeps_deadlines();
        if !kept
            && deadline != Instant::FAR
            && let Some((op, token)) = self.timer.aim(deadline)
        {
            self.submit(op, token);
        }
        match self.loud {
            1.. if self.expect_sends => Until::Expected(self.loud, deadline),
            _ if kept => Until::Deadline(deadline),
            _ => Until::Completion,
        }
    }

    /// The timeout fired, or was found to have.
    pub(super) fn timer_fired(&mut self) {
        self.timer.fired();
    }

    /// Whether nobody is to be woken, and nothing to be dropped.
    #[inline]
    pub(super) fn is_still(&self) -> bool {
        self.woken.is_empty() && self.spent.is_empty()
    }

    /// Starts nothing any more, and gives up what sockets have queued.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        let keys: Vec<u32> = self.sockets.iter().map(|(key, _)| key as u32).collect();
        for key in keys {
            self.abort_send(key, libc::ECANCELED);
        }
    }

    /// One turn that only collects: nothing new is started. There is something whose completion ends the wait.
    pub(super) fn drain(&mut self, clock: &impl Clock) -> io::Result<()> {
        self.push_backlog();
        // What ends the wait may be in the backlog.
        let until = if self.backlog.is_empty() { Until::Completion } else { Until::Now };
        self.enter(until, true)?;
        self.dispatch();
        self.retire_quiet();
        self.give_up_orphans(clock.now());
        Ok(())
    }

    /// Whether nothing is in flight.
    pub(super) fn is_at_rest(&self) -> bool {
        self.table.armed() == 0
            && self.flights.up() == 0
            && self.backlog.is_empty()
            && !self.ear.is_listening()
            && !self.timer.is_armed()
    }
}

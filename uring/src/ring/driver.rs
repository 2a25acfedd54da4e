//! The driver turns a worker's ring: what was asked goes in with one enter, what came back goes to whom it concerns.
//!
//! A turn: flush dirty senders -> provide free chunks -> arm starved receives -> set the timeout -> one enter -> reap all -> retire quiet sends.
//!
//! [I1] No waker is woken or dropped in here: they are moved to `woken` and `spent`, and the worker empties both when nothing of the driver is borrowed.
//! [I2] Operations reach the ring in the order in which they were asked: while `backlog` holds any, all go through it.
//! [I3] A quiet send is retired as whole only when the submission queue is empty, everything was reaped, and no completion is kept back by the kernel.

use std::{collections::VecDeque, io, mem, task::Waker, time::Duration};

use slab::Slab;
use tidemill_core::{
    clock::{Clock, Instant},
    wait::Wait,
};

use super::{
    acceptor::Listening,
    buf::Pool,
    doorbell::Ear,
    fd::Fd,
    message::Messages,
    sender::Sender,
    submit::Addresses,
    table::{Role, Slot, Table, Tag, Token},
    timer::Timer,
};
use crate::engine::{Completion, Engine, GROUP, Op, Until};

/// How long a sender without an owner may take to send what is left.
const LINGER: Duration = Duration::from_secs(5);

/// Whose waker it is, so that it can be put back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seat {
    Entry(Slot),
    Sender(u32),
    Listener(u32),
}

/// What a worker counts.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Times that the kernel was entered.
    pub enters: u64,
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
    /// Entries of the op table in use.
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
    pub(super) senders: Slab<Sender>,
    pub(super) listeners: Slab<Listening>,
    pub(super) woken: Vec<(Seat, Waker)>,
    pub(super) spent: Vec<Waker>,
    pub(super) stats: Stats,
    /// Chunks that the kernel may have at a time.
    pub(super) ring: u32,
    /// Chunks that one stream may hold unread.
    pub(super) quota: usize,
    timer: Timer,
    backlog: VecDeque<(Op, Token)>,
    completions: Vec<Completion>,
    dirty: Vec<u32>,
    quiet: Vec<(Slot, u32)>,
    starved: VecDeque<Slot>,
    orphans: VecDeque<(Instant, u32)>,
    /// The worker is closing: nothing is armed again.
    stopped: bool,
}

impl Driver {
    pub(super) fn new(engine: Engine, pool: Pool, ear: Ear, ring: u16, completions: u32) -> Self {
        let ring = u32::from(ring);
        Self {
            engine,
            table: Table::new(1024),
            pool,
            messages: Messages::default(),
            addresses: Addresses::default(),
            ear,
            senders: Slab::new(),
            listeners: Slab::new(),
            woken: Vec::with_capacity(256),
            spent: Vec::with_capacity(64),
            stats: Stats::default(),
            ring,
            quota: (ring as usize / 16).max(2),
            timer: Timer::default(),
            backlog: VecDeque::new(),
            completions: Vec::with_capacity(completions as usize),
            dirty: Vec::with_capacity(256),
            quiet: Vec::with_capacity(256),
            starved: VecDeque::new(),
            orphans: VecDeque::new(),
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
        // A failure leaves the queue as it is: the backlog goes with a later turn.
        if self.engine.enter(Until::Now).is_ok() {
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

    /// One turn. `wait` is what the executor can afford.
    ///
    /// # Errors
    /// What an enter says that no later one can mend.
    #[inline]
    pub(super) fn turn(&mut self, wait: Wait, clock: &impl Clock) -> io::Result<()> {
        let held_back = !self.quiet.is_empty();
        self.flush();
        self.provide();
        if let Some(op) = self.ear.listen() {
            self.submit(op, Tag::Bell.token());
        }
        let mut until = Until::Now;
        if wait != Wait::Poll && self.woken.is_empty() && !held_back {
            until = Until::Completion;
            self.set_timeout(wait);
        }
        self.push_backlog();
        if until == Until::Now && self.backlog.is_empty() && self.engine.is_idle() {
            return Ok(());
        }
        let entered = self.engine.enter(until);
        self.engine.reap(&mut self.completions);
        let mut lost = false;
        match entered.map_err(|error| (error.raw_os_error(), error)) {
            Ok(()) | Err((Some(libc::EINTR | libc::EBUSY | libc::EAGAIN), _)) => {}
            Err((Some(libc::EBADR), _)) => lost = true,
            Err((_, error)) => return Err(error),
        }
        self.dispatch();
        self.retire_quiet(lost);
        if !self.orphans.is_empty() {
            self.give_up_orphans(clock.now());
        }
        Ok(())
    }

    /// Starts a send for each sender that has something to send and nothing in flight.
    fn flush(&mut self) {
        let low = self.pool.provided() < self.ring / 4;
        let mut dirty = mem::take(&mut self.dirty);
        for key in dirty.drain(..) {
            let Some(sender) = self.senders.get_mut(key as usize) else { continue };
            sender.dirty = false;
            if sender.op.is_some() || sender.queued.is_empty() {
                continue;
            }
            let op = sender.launch(&mut self.pool, &mut self.messages, low);
            let slot = self.table.open(Role::Send(key), None);
            sender.op = Some(slot);
            if sender.quiet {
                self.quiet.push((slot, key));
            }
            let token = self.table.arm(slot);
            self.submit(op, token);
        }
        self.dirty = dirty;
    }

    /// Keeps the kernel's ring of buffers full, and arms receives that waited for buffers.
    fn provide(&mut self) {
        while self.pool.provided() < self.ring {
            let Some((id, at, len)) = self.pool.lend() else { break };
            self.engine.provide(id, at, len);
        }
        if self.starved.is_empty() {
            return;
        }
        for _ in 0..self.pool.provided().min(self.starved.len() as u32) {
            let Some(slot) = self.starved.pop_front() else { break };
            let entry = self.table.at(slot);
            // The owner may have left meanwhile, and the place may be another's, who then does not starve.
            if mem::take(&mut entry.starved) && !entry.armed && !entry.done {
                self.arm_receive(slot);
            }
        }
    }

    /// Starts the receive of `slot`, or lets it wait for buffers.
    pub(super) fn arm_receive(&mut self, slot: Slot) {
        if self.stopped {
            return;
        }
        if self.pool.provided() == 0 {
            return self.starve(slot);
        }
        let Some(fd) = self.table.get(slot).fd.as_ref().map(Fd::raw) else { return };
        let token = self.table.arm(slot);
        self.submit(Op::receive(fd, GROUP), token);
    }

    pub(super) fn starve(&mut self, slot: Slot) {
        let entry = self.table.at(slot);
        if !mem::replace(&mut entry.starved, true) {
            self.starved.push_back(slot);
        }
    }

    fn set_timeout(&mut self, wait: Wait) {
        let mut deadline = self.orphans.front().map_or(Instant::FAR, |(at, _)| *at);
        if let Wait::Until(at) = wait {
            deadline = deadline.min(at);
        }
        if deadline != Instant::FAR
            && let Some((op, token)) = self.timer.aim(deadline)
        {
            self.submit(op, token);
        }
    }

    /// The timeout fired, or was found to have.
    pub(super) fn timer_fired(&mut self) {
        self.timer.fired();
    }

    /// All completions of this turn.
    pub(super) fn take_completions(&mut self) -> Vec<Completion> {
        mem::take(&mut self.completions)
    }

    /// The emptied list of completions comes back, for the next turn.
    pub(super) fn reuse(&mut self, completions: Vec<Completion>) {
        self.completions = completions;
    }

    /// Retires the quiet sends of this turn as sent, or, where completions were lost, as failed ([I3]).
    fn retire_quiet(&mut self, lost: bool) {
        if self.quiet.is_empty()
            || !self.backlog.is_empty()
            || !self.engine.is_submitted()
            || (!lost && self.engine.is_overflowing())
        {
            return;
        }
        let mut quiet = mem::take(&mut self.quiet);
        for (slot, key) in quiet.drain(..) {
            let Some(sender) = self.senders.get_mut(key as usize) else { continue };
            if sender.op != Some(slot) || !sender.quiet {
                continue;
            }
            if lost {
                sender.land(-libc::EIO, &mut self.pool, &mut self.messages);
            } else {
                sender.land_whole(&mut self.pool, &mut self.messages);
            }
            self.table.land(slot);
            self.table.close(slot);
            self.settle(key);
        }
        self.quiet = quiet;
    }

    /// After a change of the sender `key`: sends what is left, wakes its owner, or ends it when it has none.
    pub(super) fn settle(&mut self, key: u32) {
        let sender = &mut self.senders[key as usize];
        if sender.orphan.is_some() && sender.op.is_none() && sender.pending() == 0 {
            return self.end_sender(key);
        }
        if !sender.queued.is_empty()
            && sender.op.is_none()
            && !mem::replace(&mut sender.dirty, true)
        {
            self.dirty.push(key);
        }
        if sender.is_met()
            && let Some(waker) = sender.waker.take()
        {
            self.woken.push((Seat::Sender(key), waker));
        }
    }

    /// The owner of the sender `key` left: what is queued still goes out, for a while.
    pub(super) fn orphan_sender(&mut self, key: u32, now: Instant) {
        let deadline = now + LINGER;
        let sender = &mut self.senders[key as usize];
        sender.orphan = Some(deadline);
        self.spent.extend(sender.waker.take());
        if sender.pending() > 0 {
            self.orphans.push_back((deadline, key));
        }
        self.settle(key);
    }

    fn give_up_orphans(&mut self, now: Instant) {
        while let Some(&(deadline, key)) = self.orphans.front()
            && deadline <= now
        {
            self.orphans.pop_front();
            // The sender may have ended, and the place may be another's.
            if self.senders.get(key as usize).is_some_and(|sender| sender.orphan == Some(deadline))
            {
                self.abort_sender(key, libc::ETIMEDOUT);
            }
        }
    }

    /// Gives up what the sender `key` still has to send.
    pub(super) fn abort_sender(&mut self, key: u32, errno: i32) {
        let sender = &mut self.senders[key as usize];
        sender.fail(errno, &mut self.pool);
        if let Some(slot) = sender.op {
            self.cancel(slot);
        }
        self.settle(key);
    }

    fn end_sender(&mut self, key: u32) {
        let sender = self.senders.remove(key as usize);
        self.stats.lost += sender.lost;
        self.spent.extend(sender.waker);
        if !sender.fd.is_last() {
            // The other direction goes on: the peer learns that no more will come. A socket that is not connected any more needs no word.
            let _ = rustix::net::shutdown(&sender.fd, rustix::net::Shutdown::Write);
        }
    }

    /// Starts nothing any more, and gives up what senders have queued.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        let keys: Vec<u32> = self.senders.iter().map(|(key, _)| key as u32).collect();
        for key in keys {
            self.abort_sender(key, libc::ECANCELED);
        }
    }

    /// One turn that only collects: nothing new is started. There is something whose completion ends the wait.
    pub(super) fn drain(&mut self, clock: &impl Clock) -> io::Result<()> {
        self.push_backlog();
        match self.engine.enter(Until::Completion).map_err(|error| (error.raw_os_error(), error)) {
            Ok(()) | Err((Some(libc::EINTR | libc::EBUSY | libc::EAGAIN | libc::EBADR), _)) => {}
            Err((_, error)) => return Err(error),
        }
        self.engine.reap(&mut self.completions);
        self.dispatch();
        self.retire_quiet(false);
        self.give_up_orphans(clock.now());
        Ok(())
    }

    /// Whether nothing is in flight.
    pub(super) fn is_at_rest(&self) -> bool {
        self.table.armed() == 0
            && self.backlog.is_empty()
            && !self.ear.is_listening()
            && !self.timer.is_armed()
    }
}

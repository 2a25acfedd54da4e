//! What each operation does in a simulation, as the kernel would, and the faults that it may show.

use std::os::fd::IntoRawFd;

use tidemill_core::clock::Instant;

use super::{
    answers::Answer,
    deed::Deed,
    memory,
    net::{End, Role},
    world::{LATE, World},
};
use crate::engine::op::{Completion, Into, Kind};

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing can be done yet.
    Blocked,
    /// A part was done.
    Moved,
    /// An answer, and more to come: result and flags.
    More(i32, u32),
    /// The last answer.
    Last(i32, u32),
    /// It is over, and nobody is told.
    Silent,
}

const FAILED: [i32; 4] = [libc::ECONNRESET, libc::ETIMEDOUT, libc::ENOMEM, libc::EIO];
const AGAIN: [i32; 2] = [libc::EINTR, libc::EAGAIN];

impl World {
    /// Attempts `deed`, more than once where it answers more than once: whether something happened, and whether it is over.
    pub(super) fn perform(&mut self, deed: &mut Deed) -> (bool, bool) {
        let mut moved = false;
        for _ in 0..=self.random.below(8) {
            let outcome = self.attempt(deed);
            match outcome {
                Outcome::Blocked => {
                    deed.polled = true;
                    return (moved, false);
                }
                Outcome::Moved => {}
                Outcome::More(result, flags) => {
                    self.answer(deed, result, flags | Completion::MORE, false);
                }
                Outcome::Last(result, flags) => {
                    self.answer(deed, result, flags, true);
                    return (true, true);
                }
                Outcome::Silent => return (true, true),
            }
            moved = true;
            if self.random.hits(self.plan.late) {
                self.counts.late += 1;
                deed.ready = self.now() + self.random.span(LATE);
                return (true, false);
            }
        }
        (moved, false)
    }

    fn attempt(&mut self, deed: &mut Deed) -> Outcome {
        match deed.op.kind {
            Kind::Accept { into, .. } => self.accept(deed, into),
            Kind::Receive { .. } => self.receive(deed),
            Kind::Send { now, .. } | Kind::SendMessage { now, .. } => self.send(deed, now),
            Kind::Read { fd, .. } => self.read(deed, fd),
            Kind::Connect { .. } => self.connect(deed),
            Kind::Shutdown { .. } => self.shutdown(deed),
            Kind::CloseDirect { entry } => self.free(entry),
            Kind::Timeout { time } => match self.now() >= moment(time) {
                false => Outcome::Blocked,
                true if self.random.hits(self.plan.transient) => {
                    self.failed(deed, -libc::ECANCELED)
                }
                true => Outcome::Last(-libc::ETIME, 0),
            },
            Kind::TimeoutUpdate { token, time } => self.update(token, time),
            Kind::Cancel { token } => self.cancel(token),
            Kind::CancelAll => self.cancel_all(),
            // As a kernel that does not know them: the doorbell has another way.
            Kind::WaitForChange { .. } | Kind::Message { .. } => Outcome::Last(-libc::EINVAL, 0),
        }
    }

    /// Whether an attempt would do something.
    pub(super) fn can_go_on(&self, deed: &Deed, now: Instant) -> bool {
        let role = deed.socket.and_then(|socket| self.net.role(socket));
        match (deed.op.kind, role) {
            (Kind::Accept { .. }, Some(Role::Listening(addr))) => self.net.backlog(addr) > 0,
            (Kind::Receive { .. }, Some(Role::Connected(end))) => self.net.can_take(end),
            (Kind::Send { .. } | Kind::SendMessage { .. }, Some(Role::Connected(end))) => {
                self.net.can_put(end)
            }
            (Kind::Read { fd, .. }, _) => memory::has_event(fd),
            (Kind::Timeout { time }, _) => now >= moment(time),
            _ => true,
        }
    }

    /// Sends an answer on its way; a quiet success has none.
    fn answer(&mut self, deed: &mut Deed, result: i32, flags: u32, last: bool) {
        let kind = deed.op.kind;
        let completion = Completion { token: deed.token, result, flags };
        let echoes = last
            && matches!(
                kind,
                Kind::Accept { .. }
                    | Kind::Receive { .. }
                    | Kind::Send { .. }
                    | Kind::SendMessage { .. }
                    | Kind::Connect { .. }
                    | Kind::Shutdown { .. }
                    | Kind::CloseDirect { .. }
            );
        let descriptor =
            matches!(kind, Kind::Accept { into: Into::Many | Into::Once, .. }) && result >= 0;
        if matches!(kind, Kind::Send { now: true, .. } | Kind::SendMessage { now: true, .. }) {
            // In the enter that took it.
            if self.random.hits(self.plan.dropped) {
                self.counts.dropped += 1;
                return;
            }
            return self.answers.post(completion, descriptor);
        }
        let mut at = self.now();
        if self.random.hits(self.plan.late) {
            self.counts.late += 1;
            at = at + self.random.span(LATE);
        }
        deed.answered = deed.answered.max(at);
        let proof = deed.proof();
        self.answers.send(deed.answered, Answer { completion, descriptor, proof, echoes });
    }

    /// It fails; where it had sent something, that is what is told.
    fn failed(&mut self, deed: &Deed, result: i32) -> Outcome {
        if deed.done > 0 { Outcome::Last(deed.done as i32, 0) } else { Outcome::Last(result, 0) }
    }

    /// The errno that the plan has for something that could go on, if any.
    fn fault(&mut self, hard: &[i32], soft: &[i32]) -> Option<i32> {
        let errno = if self.random.hits(self.plan.errno) {
            self.random.pick(hard)
        } else if self.random.hits(self.plan.transient) {
            self.random.pick(soft)
        } else {
            return None;
        };
        self.counts.failed += 1;
        Some(errno)
    }

    fn role(&self, deed: &Deed) -> Option<Role> {
        deed.socket.and_then(|socket| self.net.role(socket))
    }

    fn end(&self, deed: &Deed) -> Result<End, Outcome> {
        match self.role(deed) {
            Some(Role::Connected(end)) => Ok(end),
            Some(_) => Err(Outcome::Last(-libc::ENOTCONN, 0)),
            None => Err(Outcome::Last(-libc::EBADF, 0)),
        }
    }

    fn accept(&mut self, deed: &Deed, into: Into) -> Outcome {
        let Some(Role::Listening(addr)) = self.role(deed) else {
            return Outcome::Last(-libc::EBADF, 0);
        };
        if self.net.backlog(addr) == 0 {
            return Outcome::Blocked;
        }
        if self.random.hits(self.plan.no_descriptors) {
            self.counts.failed += 1;
            return Outcome::Last(-libc::EMFILE, 0);
        }
        let hard = [libc::ENFILE, libc::ENOMEM, libc::ENOBUFS];
        let soft = [libc::EINTR, libc::EAGAIN, libc::ECONNABORTED];
        if let Some(errno) = self.fault(&hard, &soft) {
            return Outcome::Last(-errno, 0);
        }
        let Some(end) = self.net.accept(addr) else { return Outcome::Blocked };
        if into == Into::Direct {
            return self.accept_direct(end);
        }
        let number = match self.net.stand_in(Role::Connected(end)) {
            Ok(fd) => fd.into_raw_fd(),
            Err(error) => panic!("no descriptor can stand for a connection: {error}"),
        };
        match into == Into::Once || self.answers.is_full() {
            true => Outcome::Last(number, 0),
            false => Outcome::More(number, 0),
        }
    }

    fn accept_direct(&mut self, end: End) -> Outcome {
        let socket = self.net.direct(Role::Connected(end));
        if let Some(entry) = self.files.put(socket) {
            return Outcome::Last(entry as i32, 0);
        }
        self.counts.destroyed += 1;
        self.net.remove(socket);
        Outcome::Last(-libc::ENFILE, 0)
    }

    fn shutdown(&mut self, deed: &Deed) -> Outcome {
        match self.end(deed) {
            Ok(end) => {
                self.net.shut(end);
                Outcome::Last(0, 0)
            }
            Err(outcome) => outcome,
        }
    }

    fn free(&mut self, entry: u32) -> Outcome {
        // Kernels up to 6.12 need memory for it.
        if self.random.hits(self.plan.transient) {
            self.counts.failed += 1;
            return Outcome::Last(-libc::ENOMEM, 0);
        }
        match self.close_direct(entry) {
            true => Outcome::Last(0, 0),
            false => Outcome::Last(-libc::EBADF, 0),
        }
    }

    fn receive(&mut self, deed: &Deed) -> Outcome {
        let end = match self.end(deed) {
            Ok(end) => end,
            Err(outcome) => return outcome,
        };
        let waiting = self.net.incoming(end).map_or(Err(libc::ENOTCONN), |pipe| pipe.waiting());
        let count = match waiting {
            Err(errno) => return Outcome::Last(-errno, 0),
            // A buffer is looked for before anything else.
            Ok(None) if !deed.polled && self.lent.is_empty() => {
                return Outcome::Last(-libc::ENOBUFS, 0);
            }
            Ok(None) => return Outcome::Blocked,
            Ok(Some(count)) => count,
        };
        if let Some(errno) = self.fault(&FAILED, &AGAIN) {
            return Outcome::Last(-errno, 0);
        }
        if self.random.hits(self.plan.no_buffers) {
            self.counts.failed += 1;
            return Outcome::Last(-libc::ENOBUFS, 0);
        }
        if count == 0 {
            return Outcome::Last(0, 0);
        }
        let Some((id, span)) = self.lent.take() else { return Outcome::Last(-libc::ENOBUFS, 0) };
        let count = self.perhaps_less(count.min(span.len()));
        let bytes = self.net.take(end, count);
        span.write(&bytes);
        let flags = Completion::BUFFER | u32::from(id) << 16;
        match self.answers.is_full() {
            true => Outcome::Last(count as i32, flags),
            false => Outcome::More(count as i32, flags),
        }
    }

    fn send(&mut self, deed: &mut Deed, at_once: bool) -> Outcome {
        let end = match self.end(deed) {
            Ok(end) => end,
            Err(outcome) => return outcome,
        };
        let room = match self.net.outgoing(end).map_or(Err(libc::ENOTCONN), |pipe| pipe.room()) {
            Err(errno) => return self.failed(deed, -errno),
            Ok(0) if at_once => return self.failed(deed, -libc::EAGAIN),
            Ok(0) => return Outcome::Blocked,
            Ok(room) => room,
        };
        if let Some(errno) = self.fault(&[libc::EPIPE, libc::ECONNRESET, libc::ENOMEM], &AGAIN) {
            return self.failed(deed, -errno);
        }
        let left = deed.total() - deed.done;
        let count = self.perhaps_less(room.min(left));
        let bytes = deed.next(count);
        self.net.put(end, &bytes);
        deed.done += count;
        deed.digest.add(&bytes);
        match count == left {
            true if deed.op.quiet => Outcome::Silent,
            true => Outcome::Last(deed.done as i32, 0),
            false if at_once || self.random.hits(self.plan.short) => {
                Outcome::Last(deed.done as i32, 0)
            }
            false => Outcome::Moved,
        }
    }

    /// Of `count`, which is not zero, all or some.
    fn perhaps_less(&mut self, count: usize) -> usize {
        if self.random.hits(self.plan.short) { 1 + self.random.below(count) } else { count }
    }

    fn read(&mut self, deed: &Deed, fd: i32) -> Outcome {
        if !deed.polled
            && let Some(errno) = self.fault(&AGAIN, &AGAIN)
        {
            return Outcome::Last(-errno, 0);
        }
        match (memory::take_event(fd), deed.spans.first()) {
            (Some(count), Some(span)) => {
                span.write(&count);
                Outcome::Last(count.len() as i32, 0)
            }
            _ => Outcome::Blocked,
        }
    }

    fn connect(&mut self, deed: &Deed) -> Outcome {
        let Some(socket) = deed.socket else { return Outcome::Last(-libc::EBADF, 0) };
        if let Some(errno) = self.fault(&[libc::ECONNREFUSED, libc::ETIMEDOUT], &[libc::EINTR]) {
            return Outcome::Last(-errno, 0);
        }
        match memory::address(&deed.op.kind).and_then(|addr| self.net.dial(addr)) {
            Some(end) => {
                self.net.connected(socket, end);
                Outcome::Last(0, 0)
            }
            None => Outcome::Last(-libc::ECONNREFUSED, 0),
        }
    }

    fn update(&mut self, token: u64, time: [u64; 2]) -> Outcome {
        for deed in self.deeds.values_mut() {
            if deed.token == token && matches!(deed.op.kind, Kind::Timeout { .. }) {
                deed.op.kind = Kind::Timeout { time };
                return Outcome::Silent;
            }
        }
        Outcome::Last(-libc::ENOENT, 0)
    }

    fn cancel(&mut self, token: u64) -> Outcome {
        let found = self.deeds.values().find(|deed| deed.token == token).map(|deed| deed.number);
        match found {
            Some(number) => {
                self.end_early(number);
                Outcome::Silent
            }
            None => Outcome::Last(-libc::ENOENT, 0),
        }
    }

    fn cancel_all(&mut self) -> Outcome {
        let numbers: Vec<u64> = self.deeds.keys().copied().collect();
        for number in &numbers {
            self.end_early(*number);
        }
        Outcome::Last(numbers.len() as i32, 0)
    }

    fn end_early(&mut self, number: u64) {
        let Some(mut deed) = self.deeds.remove(&number) else { return };
        self.counts.cancelled += 1;
        if let Outcome::Last(result, flags) = self.failed(&deed, -libc::ECANCELED) {
            self.answer(&mut deed, result, flags, true);
        }
    }
}

fn moment([secs, nanos]: [u64; 2]) -> Instant {
    Instant::from_nanos(secs * 1_000_000_000 + nanos)
}

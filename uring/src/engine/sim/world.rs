//! The world of a simulation: a ring's two queues, the operations in flight, the network that they work on, and the time.
//!
//! | in an enter | what happens                                                                            |
//! |-------------|-----------------------------------------------------------------------------------------|
//! | first       | closed and shut descriptors are seen; lent buffers can be used                          |
//! | then        | the queue is taken, unless the enter is refused; sends that must not wait are executed   |
//! | then        | what can be done is done, and answers whose moment has come are posted                  |
//! | at last     | where it is to wait and there is no completion, time moves on to what comes next         |

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    io, mem,
    rc::Rc,
    sync::Arc,
    task::Waker,
    time::Duration,
};

use tidemill_core::clock::{Clock, Instant, ManualClock};

use super::{
    answers::{Answer, Answers},
    deed::{Deed, Digest},
    files::Files,
    lent::Lent,
    memory::Span,
    net::Net,
    plan::{Counts, Plan},
    random::Random,
};
use crate::engine::{
    config::{Config, Until},
    op::{Completion, Kind, Op},
};

/// What an enter takes of the simulation's time at the most.
const TICK: Duration = Duration::from_micros(5);
/// How late something late is at the most.
pub(super) const LATE: Duration = Duration::from_micros(200);
/// How long after its operation's end a stale completion comes at the most.
const STALE: Duration = Duration::from_millis(2);
/// When it begins.
const MORNING: Instant = Instant::from_nanos(1_000_000_000);

/// A simulated ring and all that it works on.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    pub(super) plan: Plan,
    pub(super) random: Random,
    pub(super) counts: Counts,
    clock: Arc<ManualClock>,
    pub(super) net: Net,
    pub(super) files: Files,
    pub(super) lent: Lent,
    pub(super) deeds: BTreeMap<u64, Deed>,
    pub(super) answers: Answers,
    queue: VecDeque<(Op, u64)>,
    capacity: usize,
    number: u64,
    enters: u64,
}

impl World {
    /// A world in which every choice comes from `seed`, and faults come as planned.
    pub(crate) fn new(config: Config, seed: u64, plan: Plan) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            seed,
            plan,
            random: Random::new(seed),
            counts: Counts::default(),
            clock: Arc::new(ManualClock::starting_at(MORNING)),
            net: Net::new(plan.socket_bytes),
            files: Files::new(config.direct),
            lent: Lent::new(config.buffers),
            deeds: BTreeMap::new(),
            answers: Answers::new(config.completions as usize),
            queue: VecDeque::new(),
            capacity: config.submissions as usize,
            number: 0,
            enters: 0,
        }))
    }

    /// The clock that it goes by.
    pub(crate) fn clock(&self) -> Arc<ManualClock> {
        self.clock.clone()
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// From now on faults come as `plan` says; what sockets hold stays.
    pub(crate) fn change(&mut self, plan: Plan) {
        self.plan = plan;
    }

    /// What it did so far.
    pub(crate) fn counts(&self) -> Counts {
        Counts { kept: self.answers.overflowed, ..self.counts }
    }

    /// A number that differs where the course of two simulations did.
    pub(crate) fn digest(&self) -> u64 {
        let mut digest: Digest = self.answers.digest;
        digest.add(&self.now().as_nanos().to_le_bytes());
        digest.0
    }

    /// Tasks of peers for whom something changed.
    pub(crate) fn woken(&mut self) -> Vec<Waker> {
        mem::take(self.net.woken())
    }

    pub(crate) fn push(&mut self, op: Op, token: u64) -> bool {
        let room = self.queue.len() < self.capacity;
        if room {
            self.queue.push_back((op, token));
        }
        room
    }

    pub(crate) fn provide(&mut self, id: u16, addr: *mut u8, len: u32) {
        self.lent.give(id, Span::lent(addr, len));
    }

    pub(crate) fn next(&mut self) -> Option<Completion> {
        self.answers.take()
    }

    pub(crate) fn is_submitted(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn is_overflowing(&self) -> bool {
        self.answers.is_overflowing()
    }

    pub(crate) fn dropped(&self) -> u32 {
        self.counts.dropped as u32
    }

    pub(crate) fn enters(&self) -> u64 {
        self.enters
    }

    /// Whether an enter would do nothing. Who asks again and again lets time pass.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.clock.advance(Duration::from_micros(1));
        let now = self.now();
        self.queue.is_empty()
            && self.answers.is_empty()
            && !self.answers.is_overflowing()
            && self.answers.next().is_none_or(|at| at > now)
            && !self.deeds.values().any(|deed| deed.ready <= now && self.can_go_on(deed, now))
    }

    /// Submits, and waits as the kernel would.
    pub(crate) fn enter(&mut self, until: Until) -> io::Result<()> {
        self.enters += 1;
        let tick = self.random.span(TICK);
        self.clock.advance(tick);
        self.lent.publish();
        self.look_around();
        let little = self.random.hits(self.plan.overflow);
        let room = if little { 1 + self.random.below(3) } else { usize::MAX };
        self.answers.limit(room);
        if self.random.hits(self.plan.refused) {
            return self.refuse();
        }
        self.answers.flush();
        let asked = self.queue.len();
        let mut take = asked;
        if asked > 1 && self.random.hits(self.plan.partial) {
            take = 1 + self.random.below(asked - 1);
        }
        for (op, token) in self.queue.drain(..take).collect::<Vec<_>>() {
            self.take(op, token);
        }
        self.step();
        if take < asked {
            // As the kernel: it does not wait after a part.
            self.counts.partial += 1;
            return Ok(());
        }
        if until != Until::Now {
            if asked == 0 && self.answers.is_overflowing() {
                return Err(io::Error::from_raw_os_error(libc::EBUSY));
            }
            self.wait();
        }
        Ok(())
    }

    /// Waits for a completion, for at most `span`, and takes nothing.
    pub(crate) fn rest(&mut self, span: Duration) {
        self.enters += 1;
        let end = self.now() + span;
        self.step();
        while self.answers.is_empty() && self.net.woken().is_empty() && self.now() < end {
            let next = self.next_moment().unwrap_or(end);
            self.clock.advance_to(next.min(end));
            self.step();
        }
    }

    /// An enter that takes nothing; what was in flight may go on all the same.
    fn refuse(&mut self) -> io::Result<()> {
        self.counts.refused += 1;
        if self.random.hits(500) {
            self.step();
        }
        let errno = self.random.pick(&[libc::EINTR, libc::EBUSY, libc::EAGAIN, libc::ENOMEM]);
        Err(io::Error::from_raw_os_error(errno))
    }

    /// Until there is a completion, or something to do for a peer.
    fn wait(&mut self) {
        while self.answers.is_empty() && self.net.woken().is_empty() {
            if self.step() {
                continue;
            }
            match self.next_moment() {
                Some(moment) => self.clock.advance_to(moment),
                None => return self.complain(&format!("nothing can ever happen: {self:#?}")),
            }
        }
    }

    /// When something may happen that cannot happen now.
    fn next_moment(&self) -> Option<Instant> {
        let now = self.now();
        let of = |deed: &Deed| match deed.op.kind {
            _ if deed.ready > now => Some(deed.ready),
            Kind::Timeout { time: [secs, nanos] } => {
                Some(Instant::from_nanos(secs * 1_000_000_000 + nanos))
            }
            _ => None,
        };
        self.deeds.values().filter_map(of).chain(self.answers.next()).min()
    }

    /// Sees what became of the descriptors. An operation keeps its own open.
    pub(super) fn look_around(&mut self) {
        for socket in self.net.sweep() {
            self.gone(socket);
        }
    }

    fn gone(&self, socket: u64) {
        if let Some(deed) = self.deeds.values().find(|deed| deed.socket == Some(socket)) {
            self.complain(&format!("a descriptor was closed under {:?}", deed.op.kind));
        }
    }

    /// An entry of the table is freed; whether there was something.
    pub(super) fn close_direct(&mut self, entry: u32) -> bool {
        let socket = self.files.take(entry);
        if let Some(socket) = socket {
            self.gone(socket);
            self.net.remove(socket);
        }
        socket.is_some()
    }

    /// The ring is closed, and with it what is in its table.
    pub(crate) fn close(&mut self) {
        for socket in self.files.clear() {
            self.net.remove(socket);
        }
    }

    /// An operation leaves the queue.
    fn take(&mut self, op: Op, token: u64) {
        self.number += 1;
        let (fd, at_once) = match op.kind {
            Kind::Accept { fd, .. }
            | Kind::Receive { fd, .. }
            | Kind::Connect { fd, .. }
            | Kind::Shutdown { fd } => (Some(fd), false),
            Kind::Send { fd, now, .. } | Kind::SendMessage { fd, now, .. } => (Some(fd), now),
            _ => (None, false),
        };
        let socket = fd.and_then(|fd| match fd.plain() {
            Some(fd) => self.net.find(fd),
            None => self.files.find(fd.number() as usize),
        });
        if fd.is_some() && socket.is_none() {
            self.counts.astray += 1;
        }
        let now = self.now();
        let mut deed = Deed {
            number: self.number,
            token,
            op,
            socket,
            spans: Span::of(&op.kind),
            done: 0,
            digest: Digest::default(),
            polled: false,
            ready: now,
            answered: now,
        };
        if at_once {
            self.perform(&mut deed);
            return;
        }
        if self.random.hits(self.plan.late) {
            self.counts.late += 1;
            deed.ready = now + self.random.span(LATE);
        }
        self.deeds.insert(deed.number, deed);
    }

    /// Does what can be done now, and posts what is due; whether anything changed.
    pub(super) fn step(&mut self) -> bool {
        let now = self.now();
        let ready = self.deeds.values().filter(|deed| deed.ready <= now);
        let mut order: Vec<u64> = ready.map(|deed| deed.number).collect();
        if self.random.hits(self.plan.reorder) {
            self.random.shuffle(&mut order);
        }
        let mut changed = false;
        for number in order {
            // It may have been cancelled by one before it.
            let Some(mut deed) = self.deeds.remove(&number) else { continue };
            let (moved, over) = self.perform(&mut deed);
            changed |= moved;
            if !over {
                self.deeds.insert(number, deed);
            }
        }
        while let Some(answer) = self.answers.arrive(now) {
            changed = true;
            self.deliver(answer);
        }
        changed
    }

    fn deliver(&mut self, answer: Answer) {
        if answer.proof.is_some_and(|proof| !proof.holds()) {
            self.complain("the memory of a send was written to before its completion");
        }
        self.answers.post(answer.completion, answer.descriptor);
        if !answer.echoes || !self.random.hits(self.plan.stale) {
            return;
        }
        for _ in 0..=self.random.below(2) {
            self.counts.stale += 1;
            let mut completion = answer.completion;
            if self.random.hits(500) {
                completion.result = self.random.pick(&[0, 1, 4096, -libc::ECANCELED, -libc::EIO]);
            }
            if self.random.hits(500) {
                let id = self.random.below(8) as u32;
                let buffer = Completion::BUFFER | id << 16;
                completion.flags = self.random.pick(&[0, Completion::MORE, buffer]);
            }
            let at = self.now() + self.random.span(STALE);
            let copy = Answer { completion, descriptor: true, proof: None, echoes: false };
            self.answers.send(at, copy);
        }
    }

    /// What cannot be: says so with the seed.
    pub(super) fn complain(&self, text: &str) {
        // Whoever unwinds already has something to say.
        if !std::thread::panicking() {
            panic!("simulation of seed {}: {text}", self.seed);
        }
    }
}

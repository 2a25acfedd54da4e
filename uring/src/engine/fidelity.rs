//! The simulated ring beside the kernel's: the same operations, asked of both, are answered alike.

#![expect(unsafe_code, reason = "asks for sends of memory that outlives them")]

use std::{
    cell::RefCell,
    io::{Read, Write},
    mem,
    net::Shutdown,
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
    process,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tidemill_core::clock::Instant;

use super::{
    Completion, Config, End, Engine, GROUP, Op, Target, Until, World,
    sim::{Plan, Random},
};

pub(super) const MORE: u32 = Completion::MORE;
pub(super) const CANCELED: i32 = -libc::ECANCELED;

/// An engine with a table of four direct descriptors, a connection on it, a listener, and memory to lend.
pub(super) struct Rig {
    engine: Engine,
    ours: OwnedFd,
    far: Far,
    listening: OwnedFd,
    at: Address,
    // Boxed so that it stays in place; the engine, which may look at it, goes first.
    memory: Box<[[u8; 64]; 4]>,
}

pub(super) enum Far {
    Kernel(UnixStream),
    Sim(Rc<RefCell<World>>, End),
}

/// Where its listener is called.
enum Address {
    Kernel(SocketAddr),
    Sim(std::net::SocketAddr),
}

fn config() -> Config {
    Config { submissions: 4, completions: 8, buffers: 16, direct: 4, ..Config::default() }
}

/// Asks `script` of the kernel's ring and of simulated ones.
pub(super) fn both(script: impl Fn(&mut Rig)) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let (ours, far) = UnixStream::pair().expect("descriptors");
    far.set_nonblocking(true).expect("an option");
    // ordering: Relaxed, a number of one's own is all that is asked for.
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("tidemill fidelity {} {number}", process::id());
    let at = SocketAddr::from_abstract_name(name).expect("a name");
    let listening = UnixListener::bind_addr(&at).expect("a name of our own").into();
    let (engine, memory) = (Engine::kernel(config()).expect("a ring"), Box::new([[0; 64]; 4]));
    let (far, at) = (Far::Kernel(far), Address::Kernel(at));
    script(&mut Rig { engine, ours: ours.into(), far, listening, at, memory });
    for seed in 0..16 {
        script(&mut simulated(seed, Plan::CALM));
    }
}

pub(super) fn simulated(seed: u64, plan: Plan) -> Rig {
    let world = World::new(config(), seed, plan);
    let (end, ours) = world.borrow_mut().pair().expect("descriptors");
    let (listening, at) = world.borrow_mut().listener().expect("descriptors");
    let (engine, memory) = (Engine::Sim(world.clone()), Box::new([[0; 64]; 4]));
    Rig { engine, ours, far: Far::Sim(world, end), listening, at: Address::Sim(at), memory }
}

impl Rig {
    fn fd(&self) -> Target {
        self.ours.as_raw_fd().into()
    }

    pub(super) fn ask(&mut self, op: Op, token: u64) {
        assert!(self.engine.push(op, token), "the queue has room");
    }

    /// Lends the first `count` pieces of memory.
    pub(super) fn lend(&mut self, count: u16) {
        for id in 0..count {
            let at = self.memory[usize::from(id)].as_mut_ptr();
            self.engine.provide(id, at, 64);
        }
    }

    /// A send that must not wait, and is quiet.
    fn send_now(&mut self, bytes: &'static [u8], token: u64) {
        self.send_to(self.fd(), bytes, token);
    }

    pub(super) fn send_to(&mut self, target: Target, bytes: &'static [u8], token: u64) {
        // SAFETY: the bytes are static.
        let op = unsafe { Op::send(target, bytes.as_ptr(), bytes.len() as u32, true) };
        self.ask(op, token);
    }

    /// The listener.
    pub(super) fn door(&self) -> Target {
        self.listening.as_raw_fd().into()
    }

    /// Connects to the listener; the far end that was there comes back, alive.
    pub(super) fn dial(&mut self) -> Far {
        let far = match (&self.far, &self.at) {
            (Far::Kernel(_), Address::Kernel(at)) => {
                let far = UnixStream::connect_addr(at).expect("room in the backlog");
                far.set_nonblocking(true).expect("an option");
                Far::Kernel(far)
            }
            (Far::Sim(world, _), Address::Sim(at)) => {
                let end = world.borrow_mut().dial(*at).expect("somebody listens");
                Far::Sim(world.clone(), end)
            }
            _ => unreachable!("both are of one kind"),
        };
        mem::replace(&mut self.far, far)
    }

    /// Whether no more will come to the far end.
    pub(super) fn has_ended(&mut self) -> bool {
        match &mut self.far {
            Far::Kernel(stream) => matches!(stream.read(&mut [0]), Ok(0)),
            Far::Sim(world, end) => {
                world.borrow_mut().fetch(*end, 1).is_ok_and(|told| told == Some(Vec::new()))
            }
        }
    }

    /// One enter: what it answers, as token, result, flags.
    pub(super) fn enter(&mut self, until: Until) -> Vec<(u64, i32, u32)> {
        self.engine.enter(until).expect("nothing refuses it");
        let completions = self.engine.reap();
        let told = |it: &Completion| (it.token, it.result, it.flags & 0xffff_0003);
        completions.iter().map(told).collect()
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        match &mut self.far {
            Far::Kernel(stream) => stream.write_all(bytes).expect("room"),
            Far::Sim(world, end) => {
                assert_eq!(world.borrow_mut().send_in(*end, bytes).expect("alive"), bytes.len());
            }
        }
    }

    /// Reads all that is there.
    pub(super) fn drain(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        match &mut self.far {
            Far::Kernel(stream) => drop(stream.read_to_end(&mut all)),
            Far::Sim(world, end) => {
                let mut world = world.borrow_mut();
                while let Some(bytes) = world.fetch(*end, usize::MAX).expect("alive") {
                    all.extend(bytes);
                }
            }
        }
        all
    }

    fn shutdown(&mut self) {
        match &self.far {
            Far::Kernel(stream) => stream.shutdown(Shutdown::Write).expect("connected"),
            Far::Sim(world, end) => world.borrow_mut().shut(*end),
        }
    }
}

#[test]
fn a_receive_takes_buffers_in_order_and_ends_with_the_stream() {
    both(|rig| {
        rig.lend(3);
        rig.ask(Op::receive(rig.fd(), GROUP), 7);
        assert_eq!(rig.enter(Until::Now), []);
        rig.write(b"one");
        assert_eq!(rig.enter(Until::Completion), [(7, 3, MORE | 1)]);
        rig.write(b"second");
        assert_eq!(rig.enter(Until::Completion), [(7, 6, MORE | 1 | 1 << 16)]);
        assert_eq!((&rig.memory[0][..3], &rig.memory[1][..6]), (&b"one"[..], &b"second"[..]));
        rig.shutdown();
        assert_eq!(rig.enter(Until::Completion)[0].1, 0);
        rig.ask(Op::cancel(7), 9);
        assert_eq!(rig.enter(Until::Completion), [(9, -libc::ENOENT, 0)], "it was the last");
    });
}

#[test]
fn a_receive_without_buffers_ends_at_once() {
    both(|rig| {
        rig.ask(Op::receive(rig.fd(), GROUP), 7);
        assert_eq!(rig.enter(Until::Completion), [(7, -libc::ENOBUFS, 0)]);
        rig.lend(1);
        rig.write(&[1; 100]);
        rig.ask(Op::receive(rig.fd(), GROUP), 8);
        let mut told = rig.enter(Until::Completion);
        told.extend(rig.enter(Until::Now));
        assert_eq!(told, [(8, 64, MORE | 1), (8, -libc::ENOBUFS, 0)]);
    });
}

#[test]
fn a_cancelled_operation_says_so_and_its_cancel_says_nothing() {
    both(|rig| {
        rig.lend(1);
        rig.ask(Op::receive(rig.fd(), GROUP), 7);
        rig.ask(Op::timeout(Instant::FAR), 8);
        assert_eq!(rig.enter(Until::Now), []);
        rig.ask(Op::cancel(7), 9);
        assert_eq!(rig.enter(Until::Completion), [(7, CANCELED, 0)]);
        rig.ask(Op::cancel(7), 9);
        assert_eq!(rig.enter(Until::Completion), [(9, -libc::ENOENT, 0)]);
        rig.ask(Op::cancel_all(), 10);
        let mut told = rig.enter(Until::Completion);
        told.extend(rig.enter(Until::Now));
        told.sort_unstable();
        assert_eq!(told, [(8, CANCELED, 0), (10, 1, 0)]);
    });
}

#[test]
fn a_quiet_send_speaks_only_when_it_falls_short_and_then_at_once() {
    static MUCH: [u8; 1 << 20] = [3; 1 << 20];
    both(|rig| {
        rig.send_now(b"short", 5);
        assert_eq!(rig.enter(Until::Now), []);
        assert_eq!(rig.drain(), b"short");
        rig.send_now(&MUCH, 6);
        let told = rig.enter(Until::Now);
        let [(6, sent, 0)] = told[..] else { panic!("one short count: {told:?}") };
        assert!(sent > 0 && sent < 1 << 20);
        rig.send_now(&MUCH, 7);
        assert_eq!(rig.enter(Until::Now), [(7, -libc::EAGAIN, 0)]);
        assert_eq!(rig.drain().len(), sent as usize);
    });
}

#[test]
fn an_accept_of_one_takes_one() {
    both(|rig| {
        let _far = [rig.dial(), rig.dial()];
        rig.ask(Op::accept_once(rig.door()), 3);
        let told = rig.enter(Until::Completion);
        let [(3, fd @ 0.., 0)] = told[..] else { panic!("one, the last: {told:?}") };
        // SAFETY: made for us, and nobody else knows of it.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
        assert_eq!(rig.enter(Until::Now), []);
    });
}

#[test]
fn a_timeout_fires_and_an_update_finds_it_or_says_so() {
    both(|rig| {
        rig.ask(Op::timeout_update(8, Instant::ORIGIN), 9);
        assert_eq!(rig.enter(Until::Completion), [(9, -libc::ENOENT, 0)]);
        rig.ask(Op::timeout(Instant::from_nanos(1 << 62)), 8);
        rig.ask(Op::timeout_update(8, Instant::from_nanos(1)), 9);
        assert_eq!(rig.enter(Until::Completion), [(8, -libc::ETIME, 0)]);
    });
}

#[test]
fn a_rest_ends_without_a_completion_and_submits_nothing() {
    both(|rig| {
        rig.ask(Op::cancel(99), 9);
        rig.engine.rest(Duration::from_millis(1));
        let completions = rig.engine.reap();
        assert!(completions.is_empty() && !rig.engine.is_submitted());
        assert_eq!(rig.enter(Until::Completion), [(9, -libc::ENOENT, 0)]);
    });
}

#[test]
fn what_finds_no_room_is_kept_back_in_order() {
    both(|rig| {
        for round in 0..10 {
            for at in 0..4 {
                rig.ask(Op::cancel(99), round * 4 + at);
            }
            assert!(!rig.engine.push(Op::cancel(99), 0), "the queue holds four");
            rig.engine.enter(Until::Now).expect("nothing refuses it");
        }
        assert!(rig.engine.is_overflowing());
        let mut told = Vec::new();
        while told.len() < 40 {
            let completions = rig.engine.reap();
            assert!(completions.len() <= 8, "the queue holds eight");
            told.extend(completions.iter().map(|it| it.token));
            rig.engine.enter(Until::Now).expect("nothing refuses it");
        }
        assert_eq!(told, (0..40).collect::<Vec<_>>());
        assert!(!rig.engine.is_overflowing());
    });
}

/// A simulated ring whose operations are all late, and a connection on it.
fn late() -> Rig {
    simulated(1, Plan { late: 1000, ..Plan::CALM })
}

#[test]
#[should_panic(expected = "somebody wrote to the buffer 0 while it was lent")]
fn a_lent_buffer_that_is_written_to_is_noticed() {
    let mut rig = late();
    rig.lend(1);
    rig.ask(Op::receive(rig.fd(), GROUP), 7);
    rig.enter(Until::Now);
    rig.memory[0][9] = 1;
    rig.write(b"bytes");
    rig.enter(Until::Completion);
}

#[test]
#[should_panic(expected = "seed 1: the memory of a send was written to before its completion")]
fn the_memory_of_a_send_that_is_written_to_is_noticed() {
    let mut rig = late();
    // SAFETY: the rig's memory outlives its engine.
    let op = unsafe { Op::send(rig.fd(), rig.memory[0].as_ptr(), 64, false) };
    rig.ask(op, 7);
    while rig.drain().is_empty() {
        assert_eq!(rig.enter(Until::Now), [], "its answer is late, too");
    }
    rig.memory[0][9] = 1;
    rig.enter(Until::Completion);
}

#[test]
#[should_panic(expected = "seed 1: a descriptor was closed under Receive")]
fn a_descriptor_closed_under_its_operation_is_noticed() {
    let mut rig = late();
    rig.lend(1);
    rig.ask(Op::receive(rig.fd(), GROUP), 7);
    rig.enter(Until::Now);
    rig.ours = UnixStream::pair().expect("descriptors").0.into();
    rig.enter(Until::Now);
}

#[test]
fn one_seed_is_one_sequence() {
    let numbers = |seed| {
        let mut random = Random::new(seed);
        (0..9).map(|_| random.word()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(5), numbers(5));
    assert_ne!(numbers(5), numbers(6));
}

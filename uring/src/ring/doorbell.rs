//! The doorbell wakes a worker that sleeps in its ring. Others ring the [`Bell`]; the worker's [`Ear`] has its ring listen.
//!
//! | way      | who rings                            | the ring listens by              | needs      |
//! |----------|--------------------------------------|----------------------------------|------------|
//! | eventfd  | writes the descriptor                | reading it                       | Linux 5.1  |
//! | futex    | raises the word, wakes its waiter    | waiting for the word to change   | Linux 6.7  |
//! | message  | asks its own ring to post an answer  | nothing: the answer comes        | Linux 6.1  |
//!
//! Only workers ring by message, with their next enter: it needs one of the other ways beside it, for threads without a ring, and where it fails.
//!
//! [I1] The ring has at most one read on the eventfd in flight, into `count`, which nobody else touches; and at most one wait on the word, which only grows and
//!      lives as long as the ear. A worker drops the ear once that operation is over, else leaks it.
//! [I2] No ring is lost. One that comes after the worker heard the last, and before the kernel listens again, is found by the kernel when it does: an eventfd counts, and
//!      the word differs from what it was when the worker heard. That is before it looked into its inbox and went to sleep, so no ring of that sleep is in it.

#![expect(unsafe_code, reason = "the ring looks at memory of the doorbell's")]

use std::{
    cell::UnsafeCell,
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    sync::{
        Arc,
        atomic::{
            AtomicU32, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use rustix::{event::EventfdFlags, thread::futex};
use tidemill_core::wait::Doorbell;

use super::table::Tag;
use crate::engine::{Engine, Op, Until, explain};

/// How a sleeping worker is woken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// The message with the futex where the kernel's rings can wait for one, else the eventfd.
    #[default]
    Best,
    /// An eventfd that the ring reads.
    Eventfd,
    /// A word that the ring waits for.
    Futex,
    /// An answer that the ringing worker's ring posts into this one; from threads without a ring the futex.
    Message,
}

/// The side that others ring.
#[derive(Clone, Debug)]
pub(crate) struct Bell(Arc<Shared>);

/// On a line of its own: whoever rings writes it.
#[derive(Debug)]
#[repr(align(64))]
struct Shared {
    /// How often it rang but by message: the word of the futex.
    rings: AtomicU32,
    /// How often it rang by message.
    messages: AtomicU64,
    means: Means,
    /// The ring to post messages into.
    ring: Option<OwnedFd>,
}

#[derive(Debug)]
enum Means {
    Futex,
    Eventfd(OwnedFd),
}

impl Means {
    fn eventfd() -> io::Result<Self> {
        let fd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC);
        fd.map(Self::Eventfd).map_err(|errno| explain("eventfd", "eventfd", &errno.into()))
    }
}

impl Bell {
    /// Whether a worker rings it through its own ring.
    pub(crate) fn is_rung_by_message(&self) -> bool {
        self.0.ring.is_some()
    }

    /// Whether nobody else has it: its worker is gone, and whatever could be woken there.
    pub(super) fn is_forsaken(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whether both ring the same worker.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What the ring of the worker that rings is to be asked, in place of [`ring`](Doorbell::ring); it is counted as rung.
    pub(super) fn message(&self) -> Option<Op> {
        let ring = self.0.ring.as_ref()?;
        // ordering: Relaxed, a count.
        self.0.messages.fetch_add(1, Relaxed);
        Some(Op::message(ring.as_raw_fd(), Tag::Message.token()))
    }
}

impl Doorbell for Bell {
    fn ring(&self) {
        // ordering: Release pairs with Acquire in `Ear::rings`: what was pushed is seen where the ring is counted [I2]. Against a ring that listens at the same
        // time, the kernel orders its look at the word with the wake below.
        self.0.rings.fetch_add(1, Release);
        match &self.0.means {
            Means::Futex => {
                // It can only fail for a word that is not there.
                let _ = futex::wake(&self.0.rings, futex::Flags::PRIVATE, 1);
            }
            Means::Eventfd(fd) => {
                // The count can only fail to grow where it is at its end, and then the worker is about to be woken anyway.
                let _ = rustix::io::write(fd, &1u64.to_ne_bytes());
            }
        }
    }
}

/// The side that the worker's ring listens on.
pub(crate) struct Ear {
    bell: Bell,
    count: Box<UnsafeCell<u64>>,
    listening: bool,
    /// Rings up to the moment when the worker last heard [I2]. The word may wrap, this does not.
    rings: u64,
}

impl Ear {
    /// A doorbell for the worker of this ring.
    ///
    /// # Errors
    /// There is no descriptor for it, or the ring cannot be entered: a [`RingError`](crate::error::RingError). Or the kernel is too old for a way that was asked for.
    pub(crate) fn new(way: Way, engine: &mut Engine) -> io::Result<Self> {
        let means = match way {
            Way::Eventfd => Means::eventfd()?,
            _ if waits_for_words(engine)? => Means::Futex,
            Way::Best => Means::eventfd()?,
            Way::Futex | Way::Message => {
                let text = "rings of this kernel cannot wait for a futex (run on Linux 6.7 or newer, or choose Way::Best, which goes by what there is)";
                return Err(io::Error::new(io::ErrorKind::Unsupported, text));
            }
        };
        // A kernel that waits for words also wakes a ring that is messaged while its thread is to run what completes.
        let messaged = matches!((way, &means), (Way::Best | Way::Message, Means::Futex));
        let ring = engine.raw().filter(|_| messaged).map(|ring| {
            // SAFETY: the engine is borrowed, and has its descriptor meanwhile.
            let shared = unsafe { BorrowedFd::borrow_raw(ring) }.try_clone_to_owned();
            shared.map_err(|error| explain("fcntl", "F_DUPFD_CLOEXEC", &error))
        });
        let (rings, messages) = (AtomicU32::new(0), AtomicU64::new(0));
        let shared = Shared { rings, messages, means, ring: ring.transpose()? };
        let count = Box::new(UnsafeCell::new(0));
        Ok(Self { bell: Bell(Arc::new(shared)), count, listening: false, rings: 0 })
    }

    /// Messages are posted to what is no ring, and fail.
    #[cfg(test)]
    pub(super) fn misdirect(&mut self) {
        let shared = Arc::get_mut(&mut self.bell.0).expect("nobody has the bell yet");
        shared.ring = Some(rustix::event::eventfd(0, EventfdFlags::CLOEXEC).expect("an eventfd"));
    }

    /// The side for others.
    pub(crate) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// The operation to ask of the ring, unless it is in flight.
    #[inline]
    pub(crate) fn listen(&mut self) -> Option<Op> {
        if self.listening {
            return None;
        }
        self.listening = true;
        let shared = &*self.bell.0;
        Some(match &shared.means {
            Means::Eventfd(fd) => {
                // SAFETY: [I1]
                unsafe { Op::read(fd.as_raw_fd(), self.count.get().cast(), 8) }
            }
            // SAFETY: [I1]
            Means::Futex => unsafe { Op::wait_for_change(&shared.rings, self.rings as u32) },
        })
    }

    /// The operation is over: it rang, or was cancelled.
    pub(crate) fn heard(&mut self) {
        self.listening = false;
        self.rings = self.rings_of_word();
    }

    /// Whether an operation is in flight.
    pub(crate) fn is_listening(&self) -> bool {
        self.listening
    }

    /// How often others rang.
    pub(crate) fn rings(&self) -> u64 {
        // ordering: Relaxed, a count.
        self.rings_of_word() + self.bell.0.messages.load(Relaxed)
    }

    fn rings_of_word(&self) -> u64 {
        // ordering: Acquire pairs with Release in `ring`.
        let more = self.bell.0.rings.load(Acquire).wrapping_sub(self.rings as u32);
        self.rings + u64::from(more)
    }
}

/// Whether this ring knows how to wait for a futex: tried with a word that does not have the value to wait on, which is answered at once.
fn waits_for_words(engine: &mut Engine) -> io::Result<bool> {
    let word = AtomicU32::new(0);
    // SAFETY: the word is there until the answer has come, just below.
    let op = unsafe { Op::wait_for_change(&word, 1) };
    if !engine.push(op, Tag::Bell.token()) {
        return Ok(false);
    }
    loop {
        match engine.enter(Until::Completion) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                return Err(explain("io_uring_enter", "", &error));
            }
            _ => engine.look(),
        }
        if let Some(answer) = engine.next() {
            engine.looked();
            return Ok(answer.result == -libc::EAGAIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemill_core::{clock::Instant, wait::Doorbell};

    use super::{Ear, Tag, Way};
    use crate::engine::{Config, Engine, Until};

    /// What the ring answers first: the doorbell, or the timeout of twenty seconds.
    fn first(engine: &mut Engine) -> Option<Tag> {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let now = now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64;
        let end = Instant::from_nanos(now + 20_000_000_000);
        assert!(engine.push(crate::engine::Op::timeout(end), Tag::Timer.token()));
        loop {
            engine.enter(Until::Completion).expect("a ring can be entered");
            if let Some(answer) = engine.reap().first() {
                return Tag::of(answer.token);
            }
        }
    }

    /// [I2]
    #[test]
    fn a_ring_before_the_kernel_listens_again_is_found() {
        for way in [Way::Best, Way::Futex, Way::Eventfd] {
            let mut engine = Engine::kernel(Config::default()).expect("a ring");
            let Ok(mut ear) = Ear::new(way, &mut engine) else { continue };
            let bell = ear.bell();
            for _ in 0..3 {
                let op = ear.listen().expect("nothing in flight");
                assert!(engine.push(op, Tag::Bell.token()));
                bell.ring();
                assert_eq!(first(&mut engine), Some(Tag::Bell), "{way:?}: rung while it listened");
                ear.heard();
                // The worker is awake, looks into its inbox, goes to sleep; only then someone rings.
                bell.ring();
                let op = ear.listen().expect("nothing in flight");
                assert!(engine.push(op, Tag::Bell.token()));
                assert_eq!(first(&mut engine), Some(Tag::Bell), "{way:?}: rung in between");
                ear.heard();
            }
            assert_eq!(ear.rings(), 6);
            drop(engine);
        }
    }
}

//! Threads by hand: they wake each other by a futex and a word each, which is the limit, or as the standard library has it; and one of them alone that sums.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicU32,
            Ordering::{Acquire, Release},
        },
    },
    thread::{self, Thread},
};

use rustix::thread::futex;
use tidemill_benches::{
    core::{meter::Meter, operations::Kind, parallel::Parallel},
    server::pin,
};

use crate::{game::Trips, operations::sums};

pub(crate) fn play_futex(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    wakes::<Futexes>(kind, meter)
}

pub(crate) fn play_std(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    wakes::<Parked>(kind, meter)
        .or_else(|meter| sums::measure(kind, meter, |leaves| leaves.halves(0..leaves.count())))
}

/// Two words, and how a thread waits until its word is one, which it takes.
trait Words: Send + Sync + 'static {
    /// Both are zero; the threads are on the sides of their numbers.
    fn new(threads: [Thread; 2]) -> Self;

    fn throw(&self, to: usize);

    fn catch(&self, side: usize);
}

struct Futexes([AtomicU32; 2]);

impl Words for Futexes {
    fn new(_: [Thread; 2]) -> Self {
        Self(Default::default())
    }

    fn throw(&self, to: usize) {
        // ordering: Release pairs with Acquire in `catch`.
        self.0[to].store(1, Release);
        futex::wake(&self.0[to], futex::Flags::PRIVATE, 1).expect("the word is there");
    }

    fn catch(&self, side: usize) {
        // ordering: Acquire pairs with Release in `throw`.
        while self.0[side].swap(0, Acquire) == 0 {
            // It returns at once where the word is one already, and for no reason now and then.
            let _ = futex::wait(&self.0[side], futex::Flags::PRIVATE, 0, None);
        }
    }
}

struct Parked {
    words: [AtomicU32; 2],
    threads: [Thread; 2],
}

impl Words for Parked {
    fn new(threads: [Thread; 2]) -> Self {
        Self { words: Default::default(), threads }
    }

    fn throw(&self, to: usize) {
        // ordering: Release pairs with Acquire in `catch`.
        self.words[to].store(1, Release);
        self.threads[to].unpark();
    }

    fn catch(&self, side: usize) {
        // ordering: Acquire pairs with Release in `throw`.
        while self.words[side].swap(0, Acquire) == 0 {
            thread::park();
        }
    }
}

fn wakes<W: Words>(kind: Kind, mut meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Parallel { work: Parallel::WakeThread | Parallel::WakeWorkers, .. } => {}
        _ => return Err(meter),
    }
    let (give, given) = std::sync::mpsc::channel::<Arc<W>>();
    let other = thread::spawn(move || {
        pin(0).expect("there is a core");
        let words = given.recv().expect("they are sent");
        loop {
            words.catch(1);
            words.throw(0);
        }
    });
    pin(1).expect("there are two cores");
    let words = Arc::new(W::new([thread::current(), other.thread().clone()]));
    give.send(words.clone()).expect("it waits for them");
    let mut trips = Trips::new();
    while meter.goes_on() {
        trips.start(&mut meter);
        words.throw(1);
        words.catch(0);
        trips.stop(&mut meter);
    }
    trips.end(&mut meter);
    Ok(meter)
}

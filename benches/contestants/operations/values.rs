//! Values that are set once, choices between two, and a lock. No executor is needed where nothing is waited for.

use std::{
    hint::black_box,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use futures::executor::block_on;
use tidemill_benches::core::{meter::Meter, operations::Kind};

use crate::contract::{Choice, Ends, Lock, Values};

/// Operations of a round.
const ROUND: u64 = 1000;

pub(crate) fn ready<V: Values>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Ready => Ok(block_on(set_and_read::<V>(meter))),
        _ => Err(meter),
    }
}

pub(crate) fn parked<V: Values>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Parked => Ok(wait_and_set::<V>(meter)),
        _ => Err(meter),
    }
}

pub(crate) fn choice<C: Choice>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Choose => Ok(block_on(choose::<C>(meter))),
        _ => Err(meter),
    }
}

pub(crate) fn lock<L: Lock>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Mutex => Ok(block_on(mutex::<L>(meter))),
        _ => Err(meter),
    }
}

pub(crate) async fn set_and_read<V: Values>(mut meter: Meter) -> Meter {
    while meter.goes_on() {
        meter.start();
        for number in 0..ROUND {
            let cell = V::new();
            V::fill(black_box(&cell), number);
            assert_eq!(V::read(black_box(&cell)).await, number);
        }
        meter.stop(ROUND);
    }
    meter
}

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicU64);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Polled by hand, with a waker that counts: the value and its line alone, without an executor.
fn wait_and_set<V: Values>(mut meter: Meter) -> Meter {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    while meter.goes_on() {
        let before = wakes.0.load(Relaxed);
        meter.start();
        for number in 0..ROUND {
            let cell = V::new();
            let mut read = pin!(V::read(black_box(&cell)));
            assert!(read.as_mut().poll(&mut cx).is_pending());
            V::fill(black_box(&cell), number);
            assert_eq!(read.poll(&mut cx), Poll::Ready(number));
        }
        meter.stop(ROUND);
        assert_eq!(wakes.0.load(Relaxed) - before, ROUND, "each is woken once");
    }
    meter
}

pub(crate) fn threads<E: Ends>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Threads => Ok(across::<E>(meter)),
        _ => Err(meter),
    }
}

/// A thousand values at a time: another thread sets them in order, while this one awaits them in order, and sleeps where it is ahead.
fn across<E: Ends>(mut meter: Meter) -> Meter {
    let (give, take) = mpsc::channel::<Vec<E::Fill>>();
    let other = thread::spawn(move || {
        for fillers in take {
            for (number, filler) in (0..).zip(fillers) {
                E::fill(filler, number);
            }
        }
    });
    while meter.goes_on() {
        let (fillers, readers): (Vec<_>, Vec<_>) = (0..ROUND).map(|_| E::pair()).unzip();
        meter.start();
        give.send(fillers).expect("the other thread takes them");
        for (number, reader) in (0..).zip(readers) {
            assert_eq!(block_on(E::read(reader)), number);
        }
        meter.stop(ROUND);
    }
    drop(give);
    other.join().expect("it has set all of them");
    meter
}

/// The first of two never comes, the second is there: so the first is waited for and given up.
async fn choose<C: Choice>(mut meter: Meter) -> Meter {
    let (never, there) = (C::new(), C::new());
    C::fill(&there, 7);
    while meter.goes_on() {
        meter.start();
        for _ in 0..ROUND {
            assert_eq!(C::choose(black_box(&never), black_box(&there)).await, 7);
        }
        meter.stop(ROUND);
        assert!(!C::is_awaited(&never), "who lost is out of line");
    }
    meter
}

pub(crate) async fn mutex<L: Lock>(mut meter: Meter) -> Meter {
    let (mutex, mut before) = (L::new(0), 0);
    while meter.goes_on() {
        meter.start();
        for _ in 0..ROUND {
            assert_eq!(L::add_one(black_box(&mutex)).await, before);
            before += 1;
        }
        meter.stop(ROUND);
    }
    meter
}

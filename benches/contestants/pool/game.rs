//! A game: a ball that two sides throw to each other, and who waits for it on either side; the same for all who wait by wakers.

use std::{
    future::poll_fn,
    sync::atomic::{
        AtomicU32,
        Ordering::{Acquire, Release},
    },
    task::Poll,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tidemill_benches::core::meter::Meter;
use tidemill_core::wait::WakeCell;

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Game {
    ball: AtomicU32,
    waits: [WakeCell; 2],
}

impl Game {
    async fn catch(&self, side: u32) {
        poll_fn(|cx| {
            self.waits[side as usize].register(cx.waker());
            // ordering: Acquire pairs with Release in `throw`.
            if self.ball.load(Acquire) == side { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn throw(&self, to: u32) {
        // ordering: Release pairs with Acquire in `catch`.
        self.ball.store(to, Release);
        self.waits[to as usize].wake();
    }

    /// Returns every ball, for ever.
    pub(crate) async fn answer(&self) {
        loop {
            self.catch(1).await;
            self.throw(0);
        }
    }

    /// Serves, and has what the meter asks for.
    pub(crate) async fn serve(&self, mut meter: Meter) -> Meter {
        let mut trips = Trips::new();
        while meter.goes_on() {
            trips.start(&mut meter);
            self.throw(1);
            self.catch(0).await;
            trips.stop(&mut meter);
        }
        trips.end(&mut meter);
        meter
    }
}

/// Nanoseconds, more than any trip takes.
const MINUTE: u64 = 60_000_000_000;
/// So long all others have to fall asleep, before a ball is thrown.
const SETTLE: Duration = Duration::from_micros(30);

/// The round trips of a visit, each a round of its meter.
pub(crate) struct Trips {
    start: Instant,
    seen: Histogram<u64>,
}

impl Trips {
    pub(crate) fn new() -> Self {
        let seen = Histogram::new_with_bounds(1, MINUTE, 3).expect("these are bounds");
        Self { start: Instant::now(), seen }
    }

    pub(crate) fn start(&mut self, meter: &mut Meter) {
        meter.wait_until(Instant::now() + SETTLE);
        self.start = Instant::now();
        meter.start();
    }

    pub(crate) fn stop(&mut self, meter: &mut Meter) {
        meter.stop(1);
        self.seen.saturating_record(self.start.elapsed().as_nanos() as u64);
    }

    /// Says what all but a hundredth of them took at most.
    pub(crate) fn end(self, meter: &mut Meter) {
        if meter.is_timed() {
            meter.figure("p99_ns", self.seen.value_at_quantile(0.99) as f64);
        }
    }
}

//! Timers, each a future in one block with the others: made and polled, dropped before they are due, and due.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::pin,
    task::{Poll, ready},
    time::{Duration, Instant},
};

use tidemill_benches::{
    core::{dice::Dice, meter::Meter, operations::Kind},
    row::Row,
};

use crate::contract::{Slept, Timers, run};

/// Operations of a round, where there is one timer at a time.
const ROUND: u64 = 1000;
/// Timers that are not to fire are due between one minute and one hour from now.
const SOONEST_MS: u64 = 60_000;
const LATEST_MS: u64 = 3_600_000;
/// Timers that are to fire are due so long after all of them are made, as far as can be told.
const HEAD_START: Duration = Duration::from_micros(20);

pub(crate) fn play<T: Timers>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::TimerOne => Ok(run::<T, _>(one::<T>(meter))),
        Kind::TimerCreate(live) => Ok(run::<T, _>(create::<T>(meter, live))),
        Kind::TimerCancel(live) => Ok(run::<T, _>(cancel::<T>(meter, live))),
        Kind::TimerFire(live) => Ok(run::<T, _>(fire::<T>(meter, live))),
        _ => Err(meter),
    }
}

async fn one<T: Timers>(mut meter: Meter) -> Meter {
    while meter.goes_on() {
        meter.start();
        for _ in 0..ROUND {
            let mut timer = pin!(T::sleep(Duration::from_millis(SOONEST_MS)));
            poll_fn(|cx| {
                assert!(timer.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        meter.stop(ROUND);
    }
    meter
}

/// Makes and polls a timer for each span, and says whether all of them wait.
async fn fill<F: Future>(
    row: &mut Row<F>,
    make: impl Fn(Duration) -> F,
    spans: &[Duration],
) -> bool {
    poll_fn(|cx| {
        let mut wait = true;
        for &span in spans {
            wait &= row.push_polled(make(span), cx).is_pending();
        }
        Poll::Ready(wait)
    })
    .await
}

/// Somewhere between the soonest and the latest, in no order.
fn spread(count: usize) -> Vec<Duration> {
    let mut dice = Dice::new();
    let span = |_| Duration::from_millis(SOONEST_MS + dice.below(LATEST_MS - SOONEST_MS));
    (0..count).map(span).collect()
}

async fn create<T: Timers>(mut meter: Meter, live: usize) -> Meter {
    let (spans, mut row) = (spread(live), Row::with_room(live));
    while meter.goes_on() {
        meter.start();
        assert!(fill(&mut row, T::sleep, &spans).await);
        meter.keep(row.bytes());
        meter.stop(live as u64);
        clear(&meter, &mut row);
    }
    meter
}

async fn cancel<T: Timers>(mut meter: Meter, live: usize) -> Meter {
    let (spans, mut row) = (spread(live), Row::with_room(live));
    while meter.goes_on() {
        assert!(fill(&mut row, T::sleep, &spans).await);
        meter.start();
        row.clear();
        meter.stop(live as u64);
    }
    meter
}

/// All due at once, when the executor comes to look; each is polled once more then.
async fn fire<T: Timers>(mut meter: Meter, live: usize) -> Meter {
    let mut row = Row::with_room(live);
    // How long it takes to make them is seen before, of some that are due much later.
    let begun = Instant::now();
    assert!(fill(&mut row, T::sleep, &spread(live)).await);
    let span = T::GRAIN + HEAD_START + 3 * begun.elapsed();
    row.clear();
    let spans = vec![span; live];
    while meter.goes_on() {
        if !fill(&mut row, T::sleep, &spans).await {
            // Something took the processor meanwhile: once more.
            row.clear();
            continue;
        }
        meter.wait_until(Instant::now() + span + T::GRAIN);
        meter.start();
        let (mut fired, mut told) = (0, false);
        poll_fn(|cx| {
            // They know whom to wake: what is measured begins with their firing, not with our looking.
            if !mem::replace(&mut told, true) {
                return Poll::Pending;
            }
            while fired < live {
                assert!(ready!(row.poll(fired, cx)).has_slept());
                fired += 1;
            }
            Poll::Ready(())
        })
        .await;
        meter.stop(live as u64);
        clear(&meter, &mut row);
    }
    meter
}

/// Drops them, where that is not counted; else they stay for ever.
fn clear<F: Future>(meter: &Meter, row: &mut Row<F>) {
    if meter.counts_all() {
        let room = row.len();
        mem::forget(mem::replace(row, Row::with_room(room)));
    }
    row.clear();
}

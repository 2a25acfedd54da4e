//! Tasks: spawned and joined, yielding, waking each other.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    hint::black_box,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_benches::core::{meter::Meter, operations::Kind};

use super::wakes;
use crate::contract::{Executor, run};

/// Operations of a round.
const ROUND: u64 = 1000;

pub(crate) fn play<E: Executor>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Yield(tasks) => Ok(run::<E, _>(yields::<E>(meter, tasks as u64))),
        Kind::PingPong => Ok(run::<E, _>(ping_pong::<E>(meter))),
        Kind::Wake { live, shuffled } => Ok(run::<E, _>(wakes::wake::<E>(meter, live, shuffled))),
        _ => Err(meter),
    }
}

pub(crate) fn spawn<E: Executor>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::SpawnJoin => Ok(run::<E, _>(spawn_join::<E>(meter))),
        Kind::SpawnMany => Ok(run::<E, _>(spawn_many::<E>(meter))),
        _ => Err(meter),
    }
}

async fn spawn_join<E: Executor>(mut meter: Meter) -> Meter {
    while meter.goes_on() {
        meter.start();
        for number in 0..ROUND {
            let handle = E::spawn(async move { black_box(number) });
            assert_eq!(E::value(handle.await), number);
        }
        meter.stop(ROUND);
    }
    meter
}

async fn spawn_many<E: Executor>(mut meter: Meter) -> Meter {
    let mut handles = Vec::with_capacity(ROUND as usize);
    while meter.goes_on() {
        meter.start();
        for number in 0..ROUND {
            handles.push(E::spawn(async move { black_box(number) }));
        }
        for (number, handle) in (0..).zip(handles.drain(..)) {
            assert_eq!(E::value(handle.await), number);
        }
        meter.stop(ROUND);
    }
    meter
}

/// So many tasks that yield in turn.
async fn yields<E: Executor>(mut meter: Meter, tasks: u64) -> Meter {
    let each = ROUND.max(10 * tasks) / tasks;
    let mut handles = Vec::with_capacity(tasks as usize);
    while meter.goes_on() {
        meter.start();
        for _ in 0..tasks {
            handles.push(E::spawn(yielding::<E>(each)));
        }
        for handle in handles.drain(..) {
            assert_eq!(E::value(handle.await), each);
        }
        meter.stop(tasks * each);
    }
    meter
}

async fn yielding<E: Executor>(times: u64) -> u64 {
    let mut yielded = 0;
    while yielded < times {
        E::yield_now().await;
        yielded += 1;
    }
    black_box(yielded)
}

/// Whose turn it is, and who waits for it: no lock, no queue, the same for all contestants.
#[derive(Default)]
struct Court {
    ball: Cell<usize>,
    waiting: [RefCell<Option<Waker>>; 2],
}

impl Court {
    async fn catch(&self, side: usize) {
        poll_fn(|cx| {
            if self.ball.get() == side {
                return Poll::Ready(());
            }
            *self.waiting[side].borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn throw(&self, to: usize) {
        self.ball.set(to);
        let waker = self.waiting[to].borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn play(self: Rc<Self>, side: usize) -> u64 {
        for _ in 0..ROUND {
            self.catch(side).await;
            self.throw(1 - side);
        }
        black_box(ROUND)
    }
}

/// Over a number that says whose turn it is, and a waker for each side.
async fn ping_pong<E: Executor>(mut meter: Meter) -> Meter {
    while meter.goes_on() {
        let court = Rc::new(Court::default());
        meter.start();
        let one = E::spawn(court.clone().play(0));
        let other = E::spawn(court.play(1));
        assert_eq!(E::value(one.await) + E::value(other.await), 2 * ROUND);
        meter.stop(ROUND);
    }
    meter
}

//! A crowd of tasks, each of which is woken and polled in every round: in the order in which they were spawned, or shuffled.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_benches::core::{dice::Dice, meter::Meter};

use crate::contract::Executor;

/// A number of wakes that is well above the cost of one look at the clock.
const WAKES: usize = 1000;

/// What the tasks of a crowd share.
struct Crowd {
    polls: Cell<u64>,
    over: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Crowd {
    /// One of them: counts its turns, until it is over.
    async fn member(self: Rc<Self>) -> u64 {
        let mut polls = 0;
        poll_fn(|cx| {
            if polls == 0 {
                self.wakers.borrow_mut().push(cx.waker().clone());
            }
            polls += 1;
            self.polls.set(self.polls.get() + 1);
            if self.over.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        polls
    }

    /// Wakes all, and lets them have their turn.
    async fn wake_all<E: Executor>(&self, wakers: &[Waker]) {
        let goal = self.polls.get() + wakers.len() as u64;
        wakers.iter().for_each(Waker::wake_by_ref);
        while self.polls.get() < goal {
            E::others().await;
        }
        assert_eq!(self.polls.get(), goal, "each is polled once");
    }
}

/// The turn of who wakes them all is part of it, which shows where they are few.
pub(crate) async fn wake<E: Executor>(mut meter: Meter, live: usize, shuffled: bool) -> Meter {
    let wakers = RefCell::new(Vec::with_capacity(live));
    let crowd = Rc::new(Crowd { polls: Cell::new(0), over: Cell::new(false), wakers });
    let handles: Vec<_> = (0..live).map(|_| E::spawn(crowd.clone().member())).collect();
    crowd.wake_all::<E>(&[]).await;
    while crowd.polls.get() < live as u64 {
        E::others().await;
    }
    let mut wakers = crowd.wakers.take();
    assert_eq!(wakers.len(), live);
    if shuffled {
        Dice::new().shuffle(&mut wakers);
    }
    let (times, mut rounds) = ((WAKES / live).max(1), 0);
    while meter.goes_on() {
        meter.start();
        for _ in 0..times {
            crowd.wake_all::<E>(&wakers).await;
        }
        meter.stop((times * live) as u64);
        rounds += times as u64;
    }
    crowd.over.set(true);
    crowd.wake_all::<E>(&wakers).await;
    for handle in handles {
        let polls = E::value(handle.await);
        assert_eq!(polls, rounds + 2, "spawned, woken in each round, and at the end");
    }
    meter
}

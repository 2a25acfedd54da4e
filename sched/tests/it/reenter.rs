//! Wakers, jobs and resources of throttles, sequencers and delayers whose code calls the very one that it came from.

use std::{
    cell::Cell,
    future::{Future, pending},
    num::NonZeroUsize,
    pin::{Pin, pin},
    task::{Poll, Waker},
    time::Duration,
};

use tidemill_core::{scope::after, wait::WakeBatch};
use tidemill_sched::pace::{Aborted, Delayer, Sequencer, Throttle};

use crate::{
    bell::{Event, hooked, poll},
    everywhere::within,
    nested::{assert_all_ran, at_the_bottom, nested, whole_life},
};

/// Polls once with a waker, with another one, and with the first again.
fn three_times<F: Future>(mut future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    for waker in [waker, Waker::noop()] {
        if let Poll::Ready(end) = poll(future.as_mut(), waker) {
            return Poll::Ready(end);
        }
    }
    poll(future, waker)
}

#[test]
fn a_throttle_is_entered_from_its_wakers_and_jobs() {
    static DOOR: Throttle = Throttle::new(NonZeroUsize::MIN);
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        let waker = hooked(again);
        let mut runs = Box::pin(DOOR.run(async {
            let _ = poll(pin!(DOOR.run(async {})), &hooked(again));
            pending::<()>().await;
        }));
        let _ = poll(runs.as_mut(), &waker);
        let [mut next, mut goes] = [0; 2].map(|_| Box::pin(DOOR.run(async {})));
        let mut alone = Box::pin(DOOR.run_exclusive(async {}));
        for job in [&mut next, &mut goes] {
            let _ = poll(job.as_mut(), &waker);
            let _ = poll(job.as_mut(), Waker::noop());
            let _ = poll(job.as_mut(), &waker);
        }
        let _ = poll(alone.as_mut(), &waker);
        let mut idle = pin!(DOOR.idle());
        let mut prior = pin!(DOOR.prior_jobs_done());
        let _ = poll(idle.as_mut(), &waker);
        let _ = poll(prior.as_mut(), &waker);
        whole_life(|| DOOR.capacity_available(), || drop((goes, runs)), again);
        assert!(DOOR.running() <= 1);
        let _ = poll(next.as_mut(), &waker);
        drop((next, alone));
    }
    lives();
    assert_all_ran();
    assert_eq!((DOOR.running(), DOOR.waiting()), (0, 0));
}

#[test]
fn a_throttle_is_killed_from_the_wakers_of_those_whom_it_aborts() {
    static DOOR: Throttle = Throttle::new(NonZeroUsize::MIN);
    fn again(event: Event) {
        nested(event, || {
            if event == Event::Wake {
                DOOR.kill();
            }
            let _ = poll(pin!(DOOR.run(async {})), &hooked(again));
            let _ = poll(pin!(DOOR.cleaned()), &hooked(again));
        });
    }
    let mut runs = Box::pin(DOOR.run(pending::<()>()));
    // More than a batch, so that wakers run between batches too.
    let mut jobs: Vec<_> =
        (0..2 * WakeBatch::CAPACITY + 1).map(|_| Box::pin(DOOR.run(async {}))).collect();
    at_the_bottom(|| {
        assert!(poll(runs.as_mut(), &hooked(again)).is_pending());
        for job in &mut jobs {
            assert!(poll(job.as_mut(), &hooked(again)).is_pending());
        }
    });
    DOOR.kill();
    assert_all_ran();
    for mut job in jobs {
        assert_eq!(poll(job.as_mut(), Waker::noop()), Poll::Ready(Err(Aborted)));
    }
    drop(runs);
    assert_eq!((DOOR.running(), DOOR.waiting()), (0, 0));
}

#[test]
fn a_sequencer_is_entered_from_its_wakers_its_jobs_and_the_drop_of_its_value() {
    static OWNER: Sequencer<Meddler> = Sequencer::owning(Meddler);
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Meddler;
    impl Drop for Meddler {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
            nested(Event::Drop, lives);
        }
    }
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        let waker = hooked(again);
        let job = async |value: &mut Meddler| {
            let _ = poll(pin!(OWNER.run_with(async |_: &mut _| ())), &hooked(again));
            // The one before is dropped in here.
            *value = Meddler;
            pending::<()>().await;
        };
        let (mut first, mut second) =
            (Box::pin(OWNER.run_with(job)), Box::pin(OWNER.run_with(job)));
        let _ = poll(first.as_mut(), &waker);
        let _ = poll(second.as_mut(), &waker);
        drop(first);
        drop(second);
        let mut cleans = pin!(OWNER.at_kill(async |value| drop(value)));
        let _ = poll(cleans.as_mut(), &waker);
    }
    lives();
    assert_all_ran();
    let before = DROPS.get();
    let mut cleans = pin!(OWNER.at_kill(async |value| drop(value)));
    assert!(poll(cleans.as_mut(), &hooked(again)).is_pending());
    OWNER.kill();
    assert_eq!(poll(cleans, &hooked(again)), Poll::Ready(()));
    assert!(DROPS.get() > before && OWNER.is_dead());
}

#[test]
fn a_delayer_is_entered_from_its_wakers_and_jobs() {
    static DELAYER: Delayer = Delayer::new(Duration::from_nanos(10));
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        let waker = hooked(again);
        let job = async || {
            let _ = poll(pin!(DELAYER.schedule(async || ())), &hooked(again));
        };
        let (mut stays, mut goes) =
            (Box::pin(DELAYER.schedule(job)), Box::pin(DELAYER.schedule(job)));
        let _ = three_times(stays.as_mut(), &waker);
        let _ = poll(goes.as_mut(), &waker);
        drop(goes);
        let _ = poll(stays.as_mut(), &waker);
    }
    within(async |_| {
        let (mut one, mut two) =
            (pin!(DELAYER.schedule(async || lives())), pin!(DELAYER.schedule(async || lives())));
        assert!(poll(one.as_mut(), &hooked(again)).is_pending());
        assert!(poll(two.as_mut(), &hooked(again)).is_pending());
        lives();
        after(Duration::from_nanos(20)).await.unwrap();
        // The second is due, and waits for the first, which lets it go.
        assert!(poll(two.as_mut(), &hooked(again)).is_pending());
        assert_eq!(poll(one.as_mut(), &hooked(again)), Poll::Ready(Ok(())));
        assert_eq!(poll(two.as_mut(), &hooked(again)), Poll::Ready(Ok(())));
        assert_all_ran();
    });
}

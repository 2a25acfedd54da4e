//! Single timers of a Home in a static, which are bound late and dropped anywhere, in every build: they are the same with and without `alloc`.

use std::{
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    error::NoContext,
    scope::{after, at},
    task::{Priority, yield_now},
    task_place,
    wait::{Doorbell, Park, Wait},
};
use tidemill_sched::{Home, debug::Virtual};

use crate::board::alone;

const MS: Duration = Duration::from_millis(1);

fn polls<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn what_is_made_where_no_home_is_current_binds_when_it_is_polled_and_says_until_then_that_there_is_none()
 {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    const MICRO: Duration = Duration::from_micros(1);
    let _alone = alone();
    let local = HOME.claim().unwrap();
    HOME.hooks().clock().advance(7 * MS);
    let mut over = pin!(at(Instant::ORIGIN + MS));
    let mut none = pin!(after(Duration::ZERO));
    let mut moment = pin!(at(Instant::ORIGIN + 9 * MS));
    let mut late = pin!(at(Instant::ORIGIN + 8300 * MICRO).with_slack(MS));
    let mut span = pin!(after(300 * MICRO).with_slack(10 * MS).with_slack(MS));
    let mut far = pin!(after(Duration::MAX));
    for timer in [&mut over, &mut none, &mut moment, &mut late, &mut span, &mut far] {
        assert_eq!(polls(timer.as_mut()), Poll::Ready(Err(NoContext)));
        assert_eq!(timer.deadline(), None);
    }
    local.enter(|| {
        assert_eq!(polls(over.as_mut()), Poll::Ready(Ok(())));
        assert_eq!(polls(none.as_mut()), Poll::Ready(Ok(())));
        assert_eq!(over.deadline(), Some(Instant::ORIGIN + MS));
        assert_eq!(none.deadline(), Some(Instant::ORIGIN + 7 * MS));
        let due = [9, 9, 8].map(|ms| Instant::ORIGIN + ms * MS);
        for (timer, due) in [&mut moment, &mut late, &mut span].into_iter().zip(due) {
            assert!(polls(timer.as_mut()).is_pending());
            assert_eq!(timer.deadline(), Some(due));
        }
        assert!(polls(far.as_mut()).is_pending());
        assert_eq!(far.deadline(), Some(Instant::FAR));
        HOME.hooks().clock().advance(2 * MS);
        local.tick();
        for timer in [&mut moment, &mut late, &mut span] {
            assert_eq!(polls(timer.as_mut()), Poll::Ready(Ok(())));
        }
        assert!(polls(far).is_pending());
    });
}

#[test]
fn timers_are_dropped_wherever_they_stand_and_the_others_fire_in_order() {
    struct Says(usize);
    static FIRED: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    impl Wake for Says {
        fn wake(self: Arc<Self>) {
            FIRED.lock().unwrap().push(self.0);
        }
    }
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let bells: [_; 4] = std::array::from_fn(|index| Arc::new(Says(index)));
    local.enter(|| {
        for dropped in 0..16 {
            let mut timers = [2, 1, 2, 3].map(|ms| Some(Box::pin(after(ms * MS))));
            let mut last = pin!(after(9 * MS));
            assert!(polls(last.as_mut()).is_pending());
            for (timer, bell) in timers.iter_mut().flatten().zip(&bells) {
                let waker = Waker::from(bell.clone());
                for _ in 0..2 {
                    assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                }
                drop(waker);
                assert_eq!(Arc::strong_count(bell), 2, "it has one clone of its waker");
            }
            let stays = |&index: &usize| dropped >> index & 1 == 0;
            (0..4).filter(|index| !stays(index)).for_each(|index| timers[index] = None);
            HOME.hooks().clock().advance(3 * MS);
            local.tick();
            let fired = mem::take(&mut *FIRED.lock().unwrap());
            assert_eq!(fired, [1, 0, 2, 3].into_iter().filter(stays).collect::<Vec<_>>());
            assert!(bells.iter().all(|bell| Arc::strong_count(bell) == 1));
            // These have fired, and are in no line.
            timers[2] = None;
            drop(timers);
            assert_eq!(local.tick(), Wait::Until(last.deadline().unwrap()));
        }
    });
    assert!(FIRED.lock().unwrap().is_empty());
}

/// A clock that goes on whenever it is asked.
struct Runs(AtomicUsize);

impl Clock for Runs {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.fetch_add(10, SeqCst) as u64)
    }
}

impl Doorbell for Runs {
    fn ring(&self) {}
}

static DONE: AtomicBool = AtomicBool::new(false);

/// Has a moment that is due whenever anybody looks, a thousand times.
async fn ticks() {
    for _ in 0..1000 {
        after(Duration::from_nanos(1)).await.unwrap();
    }
    DONE.store(true, SeqCst);
}

/// Is ready again until that is done.
async fn low(turns: &AtomicUsize) {
    while !DONE.load(SeqCst) {
        turns.fetch_add(1, SeqCst);
        yield_now().await;
    }
}

/// Counts how often it is asked to sleep, and ends all when nothing is left to wait for.
struct Parks(usize);

impl Park for Parks {
    fn park(&mut self, wait: Wait) {
        self.0 += 1;
        if wait == Wait::Forever {
            resume_unwind(Box::new("done"));
        }
    }
}

#[test]
fn low_tasks_and_who_parks_have_their_time_beside_moments_that_are_always_due() {
    static HOMES: [Home<Runs>; 2] = [const { Home::new(Runs(AtomicUsize::new(0))) }; 2];
    static LOW: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    let _alone = alone();
    let start = |home: usize| {
        DONE.store(false, SeqCst);
        let local = HOMES[home].claim().unwrap();
        local.start(task_place!(ticks), ticks).unwrap();
        local.spawn_place_at(Priority::Low, task_place!(low), low(&LOW[home])).unwrap().detach();
        local
    };
    let (local, mut parks) = (start(0), Parks(0));
    assert!(catch_unwind(AssertUnwindSafe(|| local.run_forever(&mut parks))).is_err());
    let local = start(1);
    let sleep = |until: Option<Instant>| {
        if until.is_none() {
            resume_unwind(Box::new("done"));
        }
    };
    assert!(catch_unwind(AssertUnwindSafe(|| local.run_sleeping(sleep))).is_err());
    let low = LOW.each_ref().map(|turns| turns.load(SeqCst));
    assert!(parks.0 >= 20 && low.iter().all(|&turns| turns >= 20), "{} parks, {low:?}", parks.0);
}

#[test]
fn who_waits_for_a_moment_that_never_comes_has_nobody_wait_for_it() {
    static FIRST: Home<Virtual> = Home::new(Virtual::new());
    static SECOND: Home<Virtual> = Home::new(Virtual::new());
    async fn never() {
        let _ = after(Duration::MAX).await;
    }
    /// Ends all with what it is asked.
    struct Tells;
    impl Park for Tells {
        fn park(&mut self, wait: Wait) {
            if wait != Wait::Poll {
                resume_unwind(Box::new(wait));
            }
        }
    }
    let _alone = alone();
    let local = FIRST.claim().unwrap();
    local.start(task_place!(never), never).unwrap();
    let asked = catch_unwind(AssertUnwindSafe(|| local.run_forever(&mut Tells))).unwrap_err();
    assert_eq!(asked.downcast_ref(), Some(&Wait::Forever));
    let local = SECOND.claim().unwrap();
    local.start(task_place!(never), never).unwrap();
    let sleep = |until: Option<Instant>| resume_unwind(Box::new(until));
    let asked = catch_unwind(AssertUnwindSafe(|| local.run_sleeping(sleep))).unwrap_err();
    assert_eq!(asked.downcast_ref(), Some(&None::<Instant>));
}

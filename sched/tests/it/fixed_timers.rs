//! Timers of a Home in a static, and a Local that runs for ever, in every build: they are the same with and without `alloc`.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    context::{Priority, end_cycle},
    error::NoContext,
    scope::{After, after, at},
    task::yield_now,
    task_place,
    wait::{Park, Wait},
};
use tidemill_sched::{Home, Local, debug::Virtual};

use crate::{board::alone, fixed::Words};

const MS: Duration = Duration::from_millis(1);

/// Virtual time, until nothing is left to wait for: then it panics. It notes how it is asked to park.
struct Until(&'static Home<Virtual>, Vec<Wait>);

impl Park for Until {
    fn park(&mut self, wait: Wait) {
        self.1.push(wait);
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => self.0.hooks().clock().advance_to(moment),
            Wait::Forever => panic!("nothing is left to wait for"),
        }
    }
}

/// Runs it for ever, which ends when nothing is left to wait for: how it has parked until then.
fn run_out(home: &'static Home<Virtual>, local: Local<Virtual>) -> Vec<Wait> {
    let mut park = Until(home, Vec::new());
    let ended = catch_unwind(AssertUnwindSafe(|| local.run_forever(&mut park)));
    let Err(panic) = ended;
    assert_eq!(panic.downcast_ref(), Some(&"nothing is left to wait for"));
    park.1
}

fn polls<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_local_that_runs_for_ever_fires_timers_in_the_order_of_their_moments_and_parks_until_the_next()
{
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn sleeps(word: &'static str, ms: u32) {
        let due = HOME.hooks().now() + ms * MS;
        after(ms * MS).await.unwrap();
        assert_eq!(HOME.hooks().now(), due);
        WORDS.say(word);
    }
    async fn late() {
        sleeps("5", 5).await;
    }
    async fn early() {
        sleeps("1", 1).await;
    }
    async fn middle() {
        sleeps("3", 3).await;
    }
    async fn twice() {
        sleeps("1 too", 1).await;
        sleeps("5 too", 4).await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(late), late()).unwrap().detach();
    local.spawn_place(task_place!(early), early()).unwrap().detach();
    local.spawn_place(task_place!(middle), middle()).unwrap().detach();
    local.spawn_place(task_place!(twice), twice()).unwrap().detach();
    let waits = run_out(&HOME, local);
    assert_eq!(WORDS.take(), ["1", "1 too", "3", "5", "5 too"]);
    let sleeps: Vec<_> = waits.into_iter().filter(|&wait| wait != Wait::Poll).collect();
    let at = |ms: u32| Wait::Until(Instant::ORIGIN + ms * MS);
    assert_eq!(sleeps, [at(1), at(3), at(5), Wait::Forever]);
}

#[test]
fn a_timer_of_one_home_wakes_the_task_of_another_and_gives_it_no_turn() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static OTHER: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn sleeps_there(timer: After) {
        WORDS.say("begins");
        timer.await.unwrap();
        WORDS.say("ends");
    }
    let _alone = alone();
    let (local, other) = (HOME.claim().unwrap(), OTHER.claim().unwrap());
    let timer = local.enter(|| after(MS));
    other.spawn_place(task_place!(sleeps_there), sleeps_there(timer)).unwrap().detach();
    while other.tick() == Wait::Poll {}
    run_out(&HOME, local);
    assert_eq!(WORDS.take(), ["begins"]);
    while other.tick() == Wait::Poll {}
    assert_eq!(WORDS.take(), ["ends"]);
}

#[test]
fn a_low_task_whose_moment_comes_has_its_turn_after_normal_ones() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn low() {
        after(MS).await.unwrap();
        WORDS.say("low");
    }
    async fn normal() {
        after(MS).await.unwrap();
        WORDS.say("normal");
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place_at(Priority::Low, task_place!(low), low()).unwrap().detach();
    // Its timer comes after that of the Low one.
    local.enter(|| while local.tick() == Wait::Poll {});
    local.spawn_place(task_place!(normal), normal()).unwrap().detach();
    run_out(&HOME, local);
    assert_eq!(WORDS.take(), ["normal", "low"]);
}

/// Runs it with sleeps within the mask, until no moment is left to wait for: until when it slept.
fn sleep_out(home: &'static Home<Virtual>, local: Local<Virtual>) -> Vec<Option<Instant>> {
    let mut sleeps = Vec::new();
    let sleep = |until: Option<Instant>| {
        sleeps.push(until);
        home.hooks().clock().advance_to(until.expect("nothing is left to wait for"));
    };
    assert!(catch_unwind(AssertUnwindSafe(|| local.run_sleeping(sleep))).is_err());
    sleeps
}

#[test]
fn a_local_that_sleeps_within_the_mask_sleeps_once_for_each_moment_and_gives_low_tasks_their_turns()
{
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn sleeps() {
        after(3 * MS).await.unwrap();
        WORDS.say("3");
    }
    async fn also() {
        after(MS).await.unwrap();
        WORDS.say("1");
        after(2 * MS).await.unwrap();
        WORDS.say("3 too");
    }
    async fn busy() {
        for _ in 0..40 {
            yield_now().await;
        }
        WORDS.say("busy");
    }
    async fn low() {
        // It has turns beside those of the others, and is left alone then: nobody sleeps before it has ended.
        for _ in 0..100 {
            yield_now().await;
        }
        WORDS.say("low");
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(sleeps), sleeps()).unwrap().detach();
    local.spawn_place(task_place!(also), also()).unwrap().detach();
    local.spawn_place(task_place!(busy), busy()).unwrap().detach();
    local.spawn_place_at(Priority::Low, task_place!(low), low()).unwrap().detach();
    let sleeps = sleep_out(&HOME, local);
    assert_eq!(WORDS.take(), ["busy", "low", "1", "3", "3 too"]);
    let at = |ms: u32| Some(Instant::ORIGIN + ms * MS);
    assert_eq!(sleeps, [at(1), at(3), None]);
}

#[test]
fn a_local_that_runs_for_ever_keeps_to_its_budget_so_that_timers_fire_beside_busy_tasks_and_low_ones_have_turns()
 {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    async fn busy() {
        for turn in 0..100 {
            TURNS.store(turn, SeqCst);
            if turn == 3 {
                HOME.hooks().clock().advance(MS);
            }
            yield_now().await;
        }
    }
    async fn sleeps() {
        after(MS).await.unwrap();
        assert!((4..8).contains(&TURNS.load(SeqCst)), "{TURNS:?}");
        WORDS.say("timer");
    }
    async fn low() {
        assert!(TURNS.load(SeqCst) < 8, "{TURNS:?}");
        WORDS.say("low");
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.set_budget(2);
    local.spawn_place(task_place!(busy), busy()).unwrap().detach();
    local.spawn_place(task_place!(sleeps), sleeps()).unwrap().detach();
    local.spawn_place_at(Priority::Low, task_place!(low), low()).unwrap().detach();
    let waits = run_out(&HOME, local);
    assert_eq!(TURNS.load(SeqCst), 99);
    assert_eq!(WORDS.take(), ["low", "timer"]);
    assert!(waits.iter().filter(|&&wait| wait == Wait::Poll).count() >= 40, "{waits:?}");
}

#[test]
fn the_end_of_a_cycle_that_is_asked_for_leaves_the_rest_to_the_next() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static PARKS: AtomicUsize = AtomicUsize::new(0);
    static SEEN: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    struct Counts(Until);
    impl Park for Counts {
        fn park(&mut self, wait: Wait) {
            PARKS.fetch_add(1, SeqCst);
            self.0.park(wait);
        }
    }
    async fn first() {
        yield_now().await;
        SEEN[0].store(PARKS.load(SeqCst), SeqCst);
        end_cycle().unwrap();
    }
    async fn second() {
        yield_now().await;
        SEEN[1].store(PARKS.load(SeqCst), SeqCst);
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(first), first()).unwrap().detach();
    local.spawn_place(task_place!(second), second()).unwrap().detach();
    let mut park = Counts(Until(&HOME, Vec::new()));
    assert!(catch_unwind(AssertUnwindSafe(|| local.run_forever(&mut park))).is_err());
    let [first, second] = SEEN.each_ref().map(|seen| seen.load(SeqCst));
    assert_eq!(second, first + 1);
}

#[test]
fn a_span_begins_at_the_call_and_what_is_over_then_is_no_reason_to_wait() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    let _alone = alone();
    let local = HOME.claim().unwrap();
    HOME.hooks().clock().advance(7 * MS);
    let outside = pin!(after(2 * MS));
    assert_eq!(outside.deadline(), None);
    local.enter(|| {
        assert_eq!(polls(pin!(after(Duration::ZERO))), Poll::Ready(Ok(())));
        assert_eq!(polls(pin!(at(Instant::ORIGIN + 7 * MS))), Poll::Ready(Ok(())));
        let mut span = pin!(after(MS));
        HOME.hooks().clock().advance(5 * MS);
        assert_eq!(span.deadline(), Some(Instant::ORIGIN + 8 * MS));
        // One that was made outside binds now.
        let mut outside = outside;
        assert!(polls(outside.as_mut()).is_pending());
        assert_eq!(outside.deadline(), Some(Instant::ORIGIN + 14 * MS));
        let _ = polls(span.as_mut());
        local.tick();
        assert_eq!(polls(span.as_mut()), Poll::Ready(Ok(())));
        assert_eq!(polls(span.as_mut()), Poll::Ready(Ok(())), "it stays so");
        assert!(polls(outside.as_mut()).is_pending());
    });
}

#[test]
fn slack_moves_a_timer_to_a_round_moment_whether_it_is_bound_or_not() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    let _alone = alone();
    let local = HOME.claim().unwrap();
    HOME.hooks().clock().advance(Duration::from_micros(100));
    let mut outside = pin!(after(Duration::from_micros(300)).with_slack(MS));
    local.enter(|| {
        let bound = after(Duration::from_micros(300)).with_slack(MS);
        assert_eq!(bound.deadline(), Some(Instant::ORIGIN + MS));
        assert!(polls(outside.as_mut()).is_pending());
        assert_eq!(outside.deadline(), Some(Instant::ORIGIN + MS));
    });
}

#[test]
fn a_timer_wakes_whoever_polled_it_last_and_nobody_once_it_is_dropped() {
    struct Counts(AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let counts: [_; 3] = std::array::from_fn(|_| Arc::new(Counts(AtomicUsize::new(0))));
    let wakers = counts.each_ref().map(|count| Waker::from(count.clone()));
    local.enter(|| {
        let mut moved = pin!(after(2 * MS));
        let mut dropped = [1, 2, 3].map(|ms| Box::pin(after(ms * MS)));
        for waker in &wakers[..2] {
            assert!(moved.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        for timer in &mut dropped {
            assert!(timer.as_mut().poll(&mut Context::from_waker(&wakers[2])).is_pending());
        }
        assert_eq!(local.tick(), Wait::Until(Instant::ORIGIN + MS));
        let [first, second, third] = dropped;
        drop(second);
        drop(first);
        assert_eq!(local.tick(), Wait::Until(Instant::ORIGIN + 2 * MS));
        HOME.hooks().clock().advance(2 * MS);
        local.tick();
        assert_eq!(local.tick(), Wait::Until(Instant::ORIGIN + 3 * MS));
        drop(third);
        assert_eq!(local.tick(), Wait::Forever);
        assert_eq!(polls(moved.as_mut()), Poll::Ready(Ok(())));
    });
    assert_eq!(counts.each_ref().map(|count| count.0.load(SeqCst)), [0, 1, 0]);
    // All wakers are dropped.
    drop(wakers);
    assert!(counts.iter().all(|count| Arc::strong_count(count) == 1));
}

#[test]
fn a_timer_of_a_local_that_is_dropped_says_that_it_is_gone() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    struct Says;
    impl Wake for Says {
        fn wake(self: Arc<Self>) {
            WORDS.say("woken");
        }
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let (mut waits, mut never) = local.enter(|| (Box::pin(after(MS)), Box::pin(after(MS))));
    let waker = Waker::from(Arc::new(Says));
    assert!(waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(local);
    assert_eq!(WORDS.take(), ["woken"]);
    for _ in 0..2 {
        assert_eq!(polls(waits.as_mut()), Poll::Ready(Err(NoContext)));
        assert_eq!(polls(never.as_mut()), Poll::Ready(Err(NoContext)));
    }
}

#[test]
fn a_timer_fires_that_another_waker_and_a_task_share_a_moment_with() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    struct Says;
    impl Wake for Says {
        fn wake(self: Arc<Self>) {
            WORDS.say("foreign");
        }
    }
    async fn sleeps() {
        let mut foreign = pin!(after(MS));
        let waker = Waker::from(Arc::new(Says));
        assert!(foreign.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        after(MS).await.unwrap();
        WORDS.say("task");
        assert_eq!(polls(foreign), Poll::Ready(Ok(())));
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(sleeps), sleeps()).unwrap().detach();
    run_out(&HOME, local);
    assert_eq!(WORDS.take(), ["foreign", "task"]);
}

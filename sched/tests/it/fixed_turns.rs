//! Turns of tasks in places of a Home in a static, in every build.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use tidemill_core::{
    clock::{Clock, Instant},
    context::end_cycle,
    task::{JoinHandle, Priority, TaskPlace, task_align, task_size},
    task_place,
    wait::{Doorbell, Wait},
};
use tidemill_sched::{
    Home, Local,
    debug::{DebugScheduler, Order, Virtual},
};

use crate::{
    board::alone,
    fixed::{Leaps, Words, for_ever, forever},
};

#[test]
fn low_tasks_have_their_turns_after_normal_ones_and_never_starve() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn busy() {
        for _ in 0..5 {
            WORDS.say("normal");
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            })
            .await;
        }
    }
    async fn low() {
        WORDS.say("low");
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.set_budget(3);
    let place = task_place!(low);
    local.spawn_place_at(Priority::Low, place, low()).unwrap().detach();
    local.spawn_place(task_place!(busy), busy()).unwrap().detach();
    assert_eq!(local.tick(), Wait::Poll);
    let expected = ["normal", "low"];
    let mut words = WORDS.take();
    words.dedup();
    assert_eq!(words, expected);
    assert_eq!(local.stats().turns, 4);
}

#[test]
fn the_end_of_a_cycle_that_is_asked_for_comes_after_the_turn() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn ends() {
        WORDS.say("ends");
        end_cycle().unwrap();
    }
    async fn waits() {
        WORDS.say("waits");
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(ends), ends()).unwrap().detach();
    local.spawn_place(task_place!(waits), waits()).unwrap().detach();
    assert_eq!(local.tick(), Wait::Poll);
    assert_eq!(WORDS.take(), ["ends"]);
    assert_eq!(local.stats().turns, 1);
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!(WORDS.take(), ["waits"]);
}

#[test]
fn a_debug_scheduler_orders_places_and_names_who_waits() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn one() {
        WORDS.say("one");
        forever().await;
    }
    async fn two() {
        WORDS.say("two");
    }
    async fn three() {
        WORDS.say("three");
        forever().await;
    }
    let _alone = alone();
    let scheduler = DebugScheduler::claim(&HOME, Order::Reverse).unwrap();
    scheduler.spawn_place(task_place!(one), one()).unwrap().detach();
    scheduler.spawn_place(task_place!(two), two()).unwrap().detach();
    scheduler.spawn_place(task_place!(three), three()).unwrap().detach();
    let names = || scheduler.tasks().map(|task| task.name.unwrap()).collect::<Vec<_>>();
    assert_eq!(names(), ["one", "two", "three"]);
    assert_eq!(scheduler.run(), 3);
    assert_eq!(WORDS.take(), ["three", "two", "one"]);
    assert_eq!(names(), ["one", "three"]);
    let deadlock = scheduler.deadlock().unwrap();
    assert_eq!(
        deadlock.tasks().map(|task| task.name.unwrap()).collect::<Vec<_>>(),
        ["one", "three"]
    );
    let woken = scheduler.run_with(pin!(async { 3 }));
    assert_eq!(woken, Ok(3));
}

#[test]
fn a_root_goes_on_after_a_cycle_within_its_turn_that_found_it_woken() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn other() {
        WORDS.say("other");
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(other), other()).unwrap().detach();
    let mut polls = 0;
    let root = poll_fn(|cx| {
        polls += 1;
        WORDS.say("root");
        cx.waker().wake_by_ref();
        if polls == 1 {
            // In here the root is ready, and not polled.
            let _ = local.tick();
            return Poll::Pending;
        }
        Poll::Ready(())
    });
    local.run_with(pin!(root), &mut Leaps(&local));
    // The root came after `other`.
    assert_eq!(WORDS.take(), ["other", "root", "root"]);
    // Its wake from the last turn finds nobody, and does no harm.
    assert_eq!(local.run_with(pin!(async { 4 }), &mut Leaps(&local)), 4);
}

#[test]
fn a_task_that_is_cancelled_beside_turns_within_its_own_is_dropped_after_it() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    static OWN: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
    struct Says;
    impl Drop for Says {
        fn drop(&mut self) {
            WORDS.say("dropped");
        }
    }
    async fn turns_within(local: &'static Local<Virtual>, wakes: bool) {
        let _says = Says;
        poll_fn(|cx| {
            if wakes {
                cx.waker().wake_by_ref();
                let _ = local.tick();
            }
            local.spawn_place(task_place!(cancels), cancels()).unwrap().detach();
            let _ = local.tick();
            WORDS.say("waits");
            Poll::<()>::Pending
        })
        .await;
    }
    async fn cancels() {
        OWN.lock().unwrap().as_ref().unwrap().cancel();
        WORDS.say("cancelled");
    }
    let _alone = alone();
    let local = for_ever(HOME.claim().unwrap());
    for wakes in [false, true] {
        let handle = local.spawn_place(task_place!(turns_within), turns_within(local, wakes));
        *OWN.lock().unwrap() = Some(handle.unwrap());
        while local.tick() == Wait::Poll {}
        assert_eq!(WORDS.take(), ["cancelled", "waits", "dropped"]);
        assert!(OWN.lock().unwrap().take().unwrap().is_finished());
    }
    // Also if it was cancelled before those turns.
    let handle = local.spawn_place(task_place!(cancels_itself), cancels_itself(local));
    *OWN.lock().unwrap() = Some(handle.unwrap());
    while local.tick() == Wait::Poll {}
    assert_eq!(WORDS.take(), ["waits", "dropped"]);
    async fn cancels_itself(local: &'static Local<Virtual>) {
        let _says = Says;
        OWN.lock().unwrap().as_ref().unwrap().cancel();
        let _ = local.tick();
        WORDS.say("waits");
        forever().await;
    }
}

#[test]
fn whoever_wakes_a_sleeper_rings_once_per_sleep() {
    static HOME: Home<Rings> = Home::new(Rings(AtomicUsize::new(0)));
    async fn waits() {
        poll_fn(|cx| {
            WAKERS.lock().unwrap().push(cx.waker().clone());
            Poll::<()>::Pending
        })
        .await;
    }
    async fn also() {
        waits().await;
    }
    async fn low() {
        waits().await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let rings = || HOME.hooks().0.swap(0, SeqCst);
    local.spawn_place(task_place!(waits), waits()).unwrap().detach();
    local.spawn_place(task_place!(also), also()).unwrap().detach();
    assert_eq!(local.tick(), Wait::Forever);
    assert_eq!(rings(), 0);
    let wakers = std::mem::take(&mut *WAKERS.lock().unwrap());
    wakers.iter().for_each(Waker::wake_by_ref);
    wakers.iter().for_each(Waker::wake_by_ref);
    assert_eq!(rings(), 1);
    while local.tick() == Wait::Poll {}
    wakers[1].wake_by_ref();
    assert_eq!(rings(), 1);
    while local.tick() == Wait::Poll {}
    assert_eq!(local.stats().turns, 5);
    WAKERS.lock().unwrap().clear();
    // Also for the first Low task there is, and for one that is woken.
    local.spawn_place_at(Priority::Low, task_place!(low), low()).unwrap().detach();
    assert_eq!(rings(), usize::from(cfg!(not(feature = "alloc"))), "there nobody knows his thread");
    while local.tick() == Wait::Poll {}
    let waker = WAKERS.lock().unwrap().pop().unwrap();
    for _ in 0..2 {
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(rings(), 1);
        while local.tick() == Wait::Poll {}
    }
    assert_eq!(local.stats().turns, 8);
}

static WAKERS: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

/// Time stands still, and rings are counted.
struct Rings(AtomicUsize);

impl Clock for Rings {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }
}

impl Doorbell for Rings {
    fn ring(&self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn who_is_told_of_an_end_may_give_turns_in_which_the_place_is_taken_anew() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    static PLACE: TaskPlace<{ task_size(&says) }, { task_align(&says) }> = TaskPlace::new();
    thread_local! {
        static LOCAL: Cell<Option<&'static Local<Virtual>>> = const { Cell::new(None) };
        static HANDLE: RefCell<Option<JoinHandle<()>>> = const { RefCell::new(None) };
    }
    async fn says(word: &'static str) {
        WORDS.say(word);
    }
    /// Has turns given.
    struct Gives;
    impl Wake for Gives {
        fn wake(self: Arc<Self>) {
            let local = LOCAL.get().unwrap();
            local.start(task_place!(takes), || takes(local)).unwrap();
            let _ = local.tick();
        }
    }
    async fn takes(local: &'static Local<Virtual>) {
        drop(HANDLE.take());
        // With `alloc` it is the future's own block that is free again.
        let taken = local.start(&PLACE, || says("next"));
        assert!(taken.is_ok() || cfg!(feature = "alloc"));
    }
    let _alone = alone();
    let local = for_ever(HOME.claim().unwrap());
    local.set_budget(1);
    LOCAL.set(Some(local));
    let mut handle = local.spawn_place(&PLACE, says("first")).unwrap();
    let waker = Waker::from(Arc::new(Gives));
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
    HANDLE.replace(Some(handle));
    for _ in 0..8 {
        let _ = local.tick();
    }
    let words = WORDS.take();
    assert!(words == ["first", "next"] || cfg!(feature = "alloc") && words == ["first"]);
    assert_eq!(local.live(), 0);
}

//! Tasks in places of a Home in a static, in every build: what they do is the same with and without `alloc`, but for what keeps a place.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Mutex,
        atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use tidemill_core::{
    clock::Instant,
    context::current,
    error::{JoinError, PlaceError},
    ivar::Ivar,
    scope::after,
    task::{JoinHandle, TaskPlace, spawn_place, task_align, task_size, yield_now},
    task_place,
    wait::{Park, Wait},
};
use tidemill_sched::{Home, Local, debug::Virtual};

use crate::board::alone;

/// A trace of words, in a static.
pub(crate) struct Words(Mutex<Vec<&'static str>>);

impl Words {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn say(&self, word: &'static str) {
        self.0.lock().unwrap().push(word);
    }

    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Says its word when it is dropped.
struct Says(&'static Words, &'static str);

impl Drop for Says {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

/// Sleeps not at all; a moment comes as soon as it is waited for.
pub(crate) struct Leaps<'l>(pub(crate) &'l Local<Virtual>);

impl Park for Leaps<'_> {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => self.0.hooks().clock().advance_to(moment),
            Wait::Forever => panic!("nothing is left to wait for"),
        }
    }
}

/// Keeps it for ever, where a leak detector finds it.
pub(crate) fn for_ever(local: Local<Virtual>) -> &'static Local<Virtual> {
    static ALL: Mutex<Vec<AtomicPtr<Local<Virtual>>>> = Mutex::new(Vec::new());
    let local: &'static Local<Virtual> = Box::leak(Box::new(local));
    ALL.lock().unwrap().push(AtomicPtr::new(std::ptr::from_ref(local).cast_mut()));
    local
}

/// Polls a handle outside of all tasks.
fn look<T>(handle: &mut JoinHandle<T>) -> Poll<Result<T, JoinError>> {
    std::pin::Pin::new(handle).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs cycles until nothing is ready.
fn settle(local: &Local<Virtual>) {
    while local.tick() == Wait::Poll {}
}

async fn idle() {}

pub(crate) async fn forever() {
    std::future::pending::<()>().await;
}

#[test]
fn a_task_in_a_place_gives_its_output_and_its_place_back() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn makes() -> Says {
        yield_now().await;
        Says(&WORDS, "output dropped")
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    assert!(HOME.claim().is_none());
    let spawn = || local.spawn_place(task_place!(makes), makes());
    let mut handle = spawn().unwrap();
    assert_eq!(local.live(), 1);
    assert!(look(&mut handle).is_pending());
    assert!(spawn().is_err(), "it is taken");
    settle(&local);
    assert_eq!(local.live(), 0);
    assert!(handle.is_finished());
    assert!(spawn().is_err(), "the handle keeps it");
    let Poll::Ready(Ok(output)) = look(&mut handle) else { panic!("it has ended") };
    assert!(WORDS.take().is_empty());
    drop((handle, output));
    assert_eq!(WORDS.take(), ["output dropped"]);
    // Uncollected, and detached.
    let handle = spawn().unwrap();
    settle(&local);
    drop(handle);
    assert_eq!(WORDS.take(), ["output dropped"]);
    spawn().unwrap().detach();
    settle(&local);
    assert_eq!(WORDS.take(), ["output dropped"]);
    assert!(spawn().is_ok());
}

#[test]
fn a_handle_cancels_a_task_in_a_place_at_its_next_turn() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn holds() {
        let _says = Says(&WORDS, "dropped");
        forever().await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let spawn = || local.spawn_place(task_place!(holds), holds());
    let mut handle = spawn().unwrap();
    settle(&local);
    handle.cancel();
    assert!(WORDS.take().is_empty());
    settle(&local);
    assert_eq!(WORDS.take(), ["dropped"]);
    assert!(matches!(look(&mut handle), Poll::Ready(Err(JoinError::Cancelled))));
    drop(handle);
    drop(spawn().unwrap().cancel_on_drop());
    settle(&local);
    assert!(WORDS.take().is_empty(), "it never began");
    assert_eq!(local.live(), 0);
    assert!(spawn().is_ok());
}

#[test]
fn a_cancel_that_comes_after_the_end_takes_nothing_away() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    static OWN: Mutex<Option<JoinHandle<Says>>> = Mutex::new(None);
    async fn ends() -> Says {
        // It is in the queue still once it has ended, behind who cancels it.
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })
        .await;
        Says(&WORDS, "output dropped")
    }
    async fn cancels() {
        let own = OWN.lock().unwrap();
        let handle = own.as_ref().unwrap();
        assert!(handle.is_finished());
        handle.cancel();
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    *OWN.lock().unwrap() = Some(local.spawn_place(task_place!(ends), ends()).unwrap());
    local.spawn_place(task_place!(cancels), cancels()).unwrap().detach();
    settle(&local);
    let mut handle = OWN.lock().unwrap().take().unwrap();
    handle.cancel();
    settle(&local);
    let Poll::Ready(Ok(output)) = look(&mut handle) else { panic!("it has ended before") };
    assert!(WORDS.take().is_empty());
    drop((output, handle));
    assert_eq!(WORDS.take(), ["output dropped"]);
}

#[test]
fn whoever_awaits_a_task_in_a_place_is_woken_at_its_end() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static GO: Ivar<u32> = Ivar::new();
    async fn reads() -> u32 {
        *GO.read().await.unwrap()
    }
    async fn joins(handle: JoinHandle<u32>) -> u32 {
        handle.await.unwrap() + 1
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let inner = local.spawn_place(task_place!(reads), reads()).unwrap();
    let mut outer = local.spawn_place(task_place!(joins), joins(inner)).unwrap();
    settle(&local);
    assert!(!outer.is_finished());
    GO.fill(6).unwrap();
    settle(&local);
    assert!(matches!(look(&mut outer), Poll::Ready(Ok(7))));
}

static TENANT: Mutex<Option<Waker>> = Mutex::new(None);

#[test]
fn an_old_waker_wakes_nobody_or_whoever_stands_in_the_place_now() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static PLACE: TaskPlace<{ task_size(&leaves) }, { task_align(&leaves) }> = TaskPlace::new();
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    async fn leaves() {
        poll_fn(|cx| {
            *TENANT.lock().unwrap() = Some(cx.waker().clone());
            Poll::Ready(())
        })
        .await;
    }
    async fn counts() {
        poll_fn(|_| {
            TURNS.fetch_add(1, SeqCst);
            Poll::<()>::Pending
        })
        .await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(&PLACE, leaves()).unwrap().detach();
    settle(&local);
    let old = TENANT.lock().unwrap().take().unwrap();
    old.wake_by_ref();
    assert_eq!(local.tick(), Wait::Forever);
    let next = local.spawn_place(&PLACE, counts());
    if cfg!(feature = "alloc") {
        assert!(next.is_err(), "with `alloc` a waker keeps the place");
        return;
    }
    settle(&local);
    assert_eq!(TURNS.load(SeqCst), 1);
    old.wake_by_ref();
    let copy = old.clone();
    copy.wake();
    settle(&local);
    assert_eq!(TURNS.load(SeqCst), 2);
    drop(next);
    drop(local);
    old.wake();
}

#[test]
fn a_task_that_woke_itself_before_its_end_leaves_its_place_all_the_same() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    async fn hasty() {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })
        .await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let spawn = || local.spawn_place(task_place!(hasty), hasty());
    // Its end uses up the cycle, so that it is queued still.
    local.set_budget(1);
    for _ in 0..3 {
        spawn().unwrap().detach();
        let wait = local.tick();
        if cfg!(not(feature = "alloc")) {
            assert_eq!((wait, local.live()), (Wait::Poll, 0));
            assert!(spawn().is_err(), "it is queued");
        }
        settle(&local);
        assert_eq!(local.live(), 0);
    }
}

#[test]
fn the_drop_of_a_local_cancels_all_places_and_refuses_what_comes() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn first() {
        let _says = Says(&WORDS, "first dropped");
        forever().await;
    }
    async fn second() {
        let _says = Says(&WORDS, "second dropped");
        forever().await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let mut handle = local.spawn_place(task_place!(first), first()).unwrap();
    local.spawn_place(task_place!(second), second()).unwrap().detach();
    settle(&local);
    let here = local.here();
    let spawn = || here.spawn_place(task_place!(idle), idle());
    spawn().unwrap().detach();
    drop(local);
    assert_eq!(WORDS.take(), ["second dropped", "first dropped"]);
    assert!(matches!(look(&mut handle), Poll::Ready(Err(JoinError::Cancelled))));
    assert!(matches!(spawn(), Err(PlaceError::NoContext(_))));
    assert!(current().is_none());
    // The place of what was queued at the end is free, for a Home that lives.
    static OTHER: Home<Virtual> = Home::new(Virtual::new());
    let other = OTHER.claim().unwrap();
    assert!(other.spawn_place(task_place!(idle), idle()).is_ok());
}

#[test]
fn a_task_spawns_into_places_of_the_home_that_is_current() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    async fn child() -> u32 {
        WORDS.say("child");
        5
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let got = local.run_with(
        pin!(async {
            let handle = spawn_place(task_place!(child), child()).unwrap();
            WORDS.say("parent");
            assert!(after(Duration::from_millis(1)).await.is_ok());
            handle.await.unwrap()
        }),
        &mut Leaps(&local),
    );
    assert_eq!((got, WORDS.take()), (5, vec!["parent", "child"]));
    assert_eq!(local.hooks().clock().advance(Duration::ZERO), Instant::from_nanos(1_000_000));
}

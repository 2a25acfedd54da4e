//! A whole program in static memory: tasks in places, values in statics. From the claim to the end of its executor it allocates nothing.

use std::{
    future::pending,
    pin::{Pin, pin},
    time::Duration,
};

use tidemill_core::{
    choose,
    clock::{Clock, Instant},
    error::{JoinError, NotFired, TimeoutError},
    ivar::{Either, Ivar, all, any, both, choose, enabled, forever, or, repeat},
    scope::{after, at, timer, timer_at, with_timeout},
    share::{Bvar, Condition, Mutex, Mvar, Semaphore},
    task::{JoinHandle, Priority, yield_now},
    task_place,
    time::TimerStatus,
    wait::{Park, Wait},
};
use tidemill_sched::{
    Home, Local,
    debug::{DebugScheduler, Order, Virtual},
};

use crate::alloc::allocations;

static SLOTS: Semaphore = Semaphore::new(0);
static TOTAL: Mutex<u32> = Mutex::new(0);
static CHANGED: Condition = Condition::new();
static MAIL: Mvar<u32> = Mvar::new();
static NEWS: Bvar<u32> = Bvar::new();

const MILLI: Duration = Duration::from_millis(1);

/// Waits for one of everything, in this order, and sums up what it got.
async fn waits(first: &'static Ivar<u32>) -> u32 {
    let mut sum = *first.read().await.unwrap();
    sum += MAIL.take().await;
    sum += NEWS.wait().await;
    CHANGED.wait().await;
    SLOTS.acquire(1).await.unwrap().forget();
    *TOTAL.lock().await += sum;
    sum
}

/// Gives what `waits` waits for, and each only when somebody waits for it.
async fn gives(first: &'static Ivar<u32>) {
    yield_now().await;
    first.fill(1).unwrap();
    MAIL.put(2).await;
    while !NEWS.has_waiters() {
        yield_now().await;
    }
    NEWS.broadcast(3);
    yield_now().await;
    yield_now().await;
    CHANGED.broadcast();
    let guard = TOTAL.lock().await;
    SLOTS.release(1);
    yield_now().await;
    yield_now().await;
    drop(guard);
}

/// Every way to wait for a moment.
async fn sleeps(span: Duration) -> u32 {
    after(span).await.unwrap();
    let begun = after(Duration::ZERO).deadline().unwrap();
    at(begun + span).with_slack(MILLI).await.unwrap();
    assert_eq!(with_timeout(span, pending::<()>()).await, Err(TimeoutError::Elapsed));
    assert_eq!(with_timeout(span, after(Duration::ZERO)).await, Ok(Ok(())));
    let moved = pin!(timer(span).unwrap());
    let moves = async {
        yield_now().await;
        moved.as_ref().reschedule_after(2 * span).unwrap();
    };
    assert_eq!(both(moved.as_ref().fired(), moves).await, (Ok(()), ()));
    assert_eq!(moved.as_ref().status(), TimerStatus::Happened);
    let aborted = pin!(timer_at(Instant::FAR).unwrap());
    let aborts = async {
        yield_now().await;
        aborted.as_ref().abort().unwrap();
    };
    assert_eq!(both(aborted.as_ref().fired(), aborts).await, (Err(NotFired::Aborted), ()));
    1
}

/// Every way to wait for several, the ready ones beside one that never is.
async fn chooses() -> u32 {
    let (never, soon) = (Ivar::<u32>::new(), Ivar::<u32>::new());
    let fills = async {
        yield_now().await;
        soon.fill(7).unwrap();
    };
    let choice = async {
        choose! { _ = &never => 0, n = &soon => *n.unwrap() }
    };
    assert_eq!(both(choice, fills).await, (7, ()));
    assert_eq!(all([&soon, &soon]).await, [Ok(&7); 2]);
    assert_eq!(choose([&never, &soon]).await, (1, Ok(&7)));
    assert_eq!(any([&never, &soon]).await, Ok(&7));
    assert_eq!(enabled([&never, &soon]).await, [None, Some(Ok(&7))]);
    assert!(matches!(or(&never, &soon).await, Either::Second(Ok(7))));
    let two = repeat(0, |n| async move {
        if n < 2 { std::ops::ControlFlow::Continue(n + 1) } else { std::ops::ControlFlow::Break(n) }
    });
    assert_eq!(two.await, 2);
    assert_eq!(forever(0, |n| async move { if n < 2 { Ok(n + 1) } else { Err(n) } }).await, 2);
    assert!(!never.has_readers());
    2
}

async fn never() {
    pending().await
}

/// Parks in virtual time.
struct Jumps(&'static Home<Virtual>);

impl Park for Jumps {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => self.0.hooks().clock().advance_to(moment),
            Wait::Forever => panic!("nothing is left to wait for"),
        }
    }
}

/// Three rounds of all that there is, on places that are taken again.
async fn rounds(local: &Local<Virtual>, firsts: &'static [Ivar<u32>; 3]) {
    for (round, first) in firsts.iter().enumerate() {
        let waiting = local.spawn_place(task_place!(waits), waits(first)).unwrap();
        let low = Priority::Low;
        let giving = local.spawn_place_at(low, task_place!(gives), gives(first)).unwrap();
        giving.detach();
        let sleeping = local.spawn_place(task_place!(sleeps), sleeps(MILLI)).unwrap();
        let choosing = local.spawn_place(task_place!(chooses), chooses()).unwrap();
        let mut cancelled = local.spawn_place(task_place!(never), never()).unwrap();
        yield_now().await;
        cancelled.cancel();
        assert!(matches!(Pin::new(&mut cancelled).await, Err(JoinError::Cancelled)));
        drop(cancelled);
        let dropped = local.spawn_place(task_place!(never), never()).unwrap().cancel_on_drop();
        assert!(dropped.info().name.is_some() && !dropped.is_finished());
        drop(dropped);
        let joined = all([joins(waiting), joins(sleeping), joins(choosing)]).await;
        assert_eq!(joined, [6, 1, 2], "round {round}");
    }
    assert_eq!(*TOTAL.try_lock().unwrap() % 18, 0);
}

async fn joins(handle: JoinHandle<u32>) -> u32 {
    handle.await.unwrap()
}

#[test]
fn a_program_in_static_memory_allocates_nothing_from_the_claim_to_the_end() {
    static LOCAL: Home<Virtual> = Home::new(Virtual::new());
    static DEBUG: Home<Virtual> = Home::new(Virtual::new());
    static FIRSTS: [[Ivar<u32>; 3]; 2] = [const { [const { Ivar::new() }; 3] }; 2];
    let on_a_local = allocations(|| {
        let local = LOCAL.claim().unwrap();
        local.run_with(pin!(rounds(&local, &FIRSTS[0])), &mut Jumps(&LOCAL));
        drop(local);
    });
    assert!(LOCAL.hooks().now() > Instant::ORIGIN + 3 * MILLI);
    let on_a_debug_scheduler = allocations(|| {
        let scheduler = DebugScheduler::claim(&DEBUG, Order::Random(7)).unwrap();
        assert!(scheduler.run_with(pin!(rounds(&scheduler, &FIRSTS[1]))).is_ok());
        drop(scheduler);
    });
    assert_eq!((on_a_local, on_a_debug_scheduler), (0, 0));
    assert_eq!(*TOTAL.try_lock().unwrap(), 36);
}

//! A storm of interrupts: each fills, posts, wakes or releases, at a moment that nobody can foresee, and nothing may be lost or come twice.
//!
//! | the interrupt       | the task              | both have counted, at the end                                        |
//! |---------------------|-----------------------|----------------------------------------------------------------------|
//! | fills an Ivar       | `fills` reads it      | every Ivar that was filled, once, with its own value                  |
//! | writes into a pipe  | `posts` reads it      | every value that was taken, in order                                 |
//! | raises a flag, wakes | `wakes` lowers it     | every flag: a wake that is lost leaves it up, and no other is sent   |
//! | releases a permit   | `permits` acquires it | every permit                                                         |
//!
//! Beside them `rally` and `timers` keep the executor busy, so that interrupts find it at all its work, and `children` makes tasks and cancels them; in the
//! second half there are timers alone, so that interrupts find it on its way to sleep, and out of it.

use core::{
    cell::RefCell,
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    task::{Poll, Waker},
    time::Duration,
};

use critical_section::Mutex;
use tidemill_core::{
    ivar::Ivar,
    scope::after,
    share::{Semaphore, pipe::FixedPipe},
    task::{Hooks, JoinHandle, yield_now},
    task_place,
    wait::Park,
};
use tidemill_sched::Local;

use crate::{Desk, dice::Dice, line::say};

/// How many interrupts come.
const INTERRUPTS: usize = 120_000;
/// How many Ivars there are to fill.
const IVARS: usize = 40_000;
/// An interrupt comes at most so many nanoseconds after the one before has ended.
const LONGEST: u32 = 24_000;

/// What the interrupts have done.
struct Sent {
    interrupts: AtomicUsize,
    fills: AtomicUsize,
    posts: AtomicUsize,
    refused: AtomicUsize,
    wakes: AtomicUsize,
    permits: AtomicUsize,
}

static SENT: Sent = Sent {
    interrupts: AtomicUsize::new(0),
    fills: AtomicUsize::new(0),
    posts: AtomicUsize::new(0),
    refused: AtomicUsize::new(0),
    wakes: AtomicUsize::new(0),
    permits: AtomicUsize::new(0),
};

static FILLED: [Ivar<usize>; IVARS] = [const { Ivar::new() }; IVARS];
static POSTED: FixedPipe<usize, 4> = FixedPipe::fixed();
static PERMITS: Semaphore = Semaphore::new(0);
static FLAG: AtomicBool = AtomicBool::new(false);
static WAKER: Mutex<RefCell<Option<Waker>>> = Mutex::new(RefCell::new(None));
static OVER: AtomicBool = AtomicBool::new(false);
static DICE: Dice = Dice::new(0x2545_f491);

/// Counts one more, in an interrupt: none comes in between.
fn count(counter: &AtomicUsize) -> usize {
    let before = counter.load(Relaxed);
    counter.store(before + 1, Relaxed);
    before
}

/// What the board's interrupt does.
pub fn on_interrupt(desk: &dyn Desk) {
    if count(&SENT.interrupts) + 1 >= INTERRUPTS {
        return end();
    }
    match DICE.throw() % 4 {
        0 => fill(),
        1 => post(),
        2 => wake(),
        _ => release(),
    }
    desk.stir(Duration::from_nanos(u64::from(DICE.throw() % LONGEST)));
}

fn fill() {
    let number = SENT.fills.load(Relaxed);
    // The last one is closed at the end.
    if number + 1 < IVARS
        && let Some(ivar) = FILLED.get(number)
        && ivar.fill(number).is_ok()
    {
        count(&SENT.fills);
    }
}

fn post() {
    match POSTED.writer().try_write(SENT.posts.load(Relaxed)) {
        Ok(()) => count(&SENT.posts),
        Err(_) => count(&SENT.refused),
    };
}

fn wake() {
    if !FLAG.load(Relaxed) {
        let waker = critical_section::with(|cs| WAKER.borrow_ref(cs).clone());
        if let Some(waker) = waker {
            FLAG.store(true, Relaxed);
            count(&SENT.wakes);
            waker.wake();
        }
    }
}

fn release() {
    PERMITS.release(1);
    count(&SENT.permits);
}

fn end() {
    OVER.store(true, Relaxed);
    if let Some(ivar) = FILLED.get(SENT.fills.load(Relaxed)) {
        ivar.close();
    }
    POSTED.writer().close();
    PERMITS.close();
    let waker = critical_section::with(|cs| WAKER.borrow_ref(cs).clone());
    waker.into_iter().for_each(Waker::wake);
}

/// The handles of those that count until the end.
struct Tasks {
    fills: JoinHandle<usize>,
    posts: JoinHandle<usize>,
    wakes: JoinHandle<usize>,
    permits: JoinHandle<usize>,
    timers: JoinHandle<usize>,
    rally: JoinHandle<usize>,
}

/// Lets the storm come, and calls `exit` with whether everything was received that was sent: the first half beside a root that keeps the executor busy, the
/// second without one, `for_ever`, when it sleeps whenever all is done.
pub fn run<H: Hooks, P: Park>(
    local: Local<H>,
    mut park: P,
    desk: &'static dyn Desk,
    exit: fn(bool) -> !,
    for_ever: fn(Local<H>, P) -> !,
) -> ! {
    let tasks = (
        local.spawn_place(task_place!(fills), fills()),
        local.spawn_place(task_place!(posts), posts()),
        local.spawn_place(task_place!(wakes), wakes()),
        local.spawn_place(task_place!(permits), permits()),
        local.spawn_place(task_place!(timers), timers()),
        local.spawn_place(task_place!(rally), rally()),
    );
    let (Ok(fills), Ok(posts), Ok(wakes), Ok(permits), Ok(timers), Ok(rally)) = tasks else {
        exit(false)
    };
    desk.stir(Duration::from_micros(10));
    let made = local.run_with(pin!(children(&local)), &mut park);
    let tasks = Tasks { fills, posts, wakes, permits, timers, rally };
    let last = ends(desk, tasks, made, exit);
    let Ok(_ends) = local.spawn_place(task_place!(ends), last) else { exit(false) };
    for_ever(local, park)
}

/// Waits for the end, and looks whether everything agrees.
async fn ends(desk: &'static dyn Desk, tasks: Tasks, made: usize, exit: fn(bool) -> !) {
    let sleeps = desk.sleeps();
    let all = [
        agree(desk, "fills", &SENT.fills, tasks.fills.await.unwrap_or(0)),
        agree(desk, "posts", &SENT.posts, tasks.posts.await.unwrap_or(0)),
        agree(desk, "wakes", &SENT.wakes, tasks.wakes.await.unwrap_or(0)),
        agree(desk, "permits", &SENT.permits, tasks.permits.await.unwrap_or(0)),
    ];
    let (slept, turns) = (tasks.timers.await.unwrap_or(0), tasks.rally.await.unwrap_or(0));
    let (refused, sleeps) = (SENT.refused.load(Relaxed), desk.sleeps() - sleeps);
    say(
        desk,
        format_args!(
            "# {refused} posts refused, {slept} timers, {turns} rallies, {made} children, {sleeps} sleeps"
        ),
    );
    let good = all.iter().all(|&agrees| agrees)
        && [slept, turns, made].iter().all(|&count| count > 0)
        && sleeps > INTERRUPTS / 100;
    let interrupts = SENT.interrupts.load(Relaxed);
    let word = if good { "nothing lost, nothing twice" } else { "the counters disagree" };
    say(desk, format_args!("storm: {interrupts} interrupts, {word}"));
    exit(good && interrupts >= INTERRUPTS)
}

/// Whether the tasks have received what the interrupts have sent; a good many.
fn agree(desk: &dyn Desk, what: &str, sent: &AtomicUsize, received: usize) -> bool {
    let sent = sent.load(Relaxed);
    say(desk, format_args!("# {what}: {sent} sent, {received} received"));
    sent == received && sent > INTERRUPTS / 100
}

fn is_over() -> bool {
    OVER.load(Relaxed)
}

/// Whether the second half has begun.
fn is_calm() -> bool {
    SENT.interrupts.load(Relaxed) >= INTERRUPTS / 2
}

async fn fills() -> usize {
    let mut received = 0;
    for ivar in &FILLED {
        match ivar.read().await {
            Ok(&number) if number == received => received += 1,
            Ok(_) => return usize::MAX,
            Err(_) => break,
        }
    }
    received
}

async fn posts() -> usize {
    let mut received = 0;
    while let Some(number) = POSTED.reader().read().await {
        if number != received {
            return usize::MAX;
        }
        received += 1;
    }
    received
}

async fn wakes() -> usize {
    let mut received = 0;
    poll_fn(|cx| {
        critical_section::with(|cs| {
            // The one that stands there is of the same task.
            WAKER.borrow_ref_mut(cs).get_or_insert_with(|| cx.waker().clone());
        });
        if FLAG.load(Relaxed) {
            received += 1;
            FLAG.store(false, Relaxed);
        }
        if is_over() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    drop(critical_section::with(|cs| WAKER.borrow_ref_mut(cs).take()));
    received
}

async fn permits() -> usize {
    let mut received = 0;
    while let Ok(permit) = PERMITS.acquire(1).await {
        permit.forget();
        received += 1;
    }
    // Those that nobody has fetched before it was closed.
    received + PERMITS.permits()
}

/// How often a sleep ended. Zero: one ended badly.
async fn timers() -> usize {
    let (mut ended, mut nanos) = (0, 0);
    while !is_over() {
        nanos = (nanos + 7_919) % 50_000;
        if after(Duration::from_nanos(nanos)).await.is_err() {
            return 0;
        }
        ended += 1;
    }
    ended
}

/// How many turns it had.
async fn rally() -> usize {
    let ball = FixedPipe::<usize, 1>::fixed();
    let mut turns = 0;
    while !is_calm() {
        let sent = ball.writer().write(turns).await.is_ok();
        if !sent || ball.reader().read().await != Some(turns) {
            return 0;
        }
        turns += 1;
        yield_now().await;
    }
    turns
}

/// How many tasks it made and cancelled. Zero: one ended otherwise.
async fn children<H: Hooks>(local: &Local<H>) -> usize {
    let mut made = 0;
    while !is_calm() {
        let Ok(child) = local.spawn_place(task_place!(waits), waits()) else { return 0 };
        yield_now().await;
        child.cancel();
        if child.await.is_ok() {
            return 0;
        }
        made += 1;
    }
    made
}

async fn waits() {
    after(Duration::from_secs(60)).await.unwrap_or(());
}

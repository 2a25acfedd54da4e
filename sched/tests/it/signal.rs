//! Signals and channels between tasks of a Home in a static and whoever else waits, in every build.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use tidemill_core::{
    clock::{Clock, Instant},
    share::{Channel, Signal},
    task::{Hooks, Priority},
    task_place,
    wait::{Doorbell, Wait},
};
use tidemill_sched::{Home, Local, debug::Virtual};

use crate::{
    board::alone,
    fixed::{Leaps, Words},
};

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

/// A waker that counts.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Gives cycles until there is nothing to do at once, as with an inbox there is in the first: how it waits then.
fn rest(local: &Local<impl Hooks>) -> Wait {
    (0..4).map(|_| local.tick()).find(|wait| *wait != Wait::Poll).unwrap_or(Wait::Poll)
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count(AtomicUsize::new(0)));
    (count.clone(), Waker::from(count))
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn a_ball_goes_to_and_fro_by_signals_and_by_channels() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static WORDS: Words = Words::new();
    static PING: Signal<&str> = Signal::new();
    static PONG: Signal<&str> = Signal::new();
    static TO: Channel<u32, 2> = Channel::new();
    static FRO: Channel<u32, 1> = Channel::new();
    async fn pong() {
        for _ in 0..2 {
            WORDS.say(PING.wait().await);
            PONG.send("pong");
        }
        for _ in 0..9 {
            FRO.send(TO.receive().await).await;
        }
    }
    async fn sends() {
        for ball in 0..9 {
            TO.send(ball).await;
        }
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(pong), pong()).unwrap().detach();
    local.spawn_place(task_place!(sends), sends()).unwrap().detach();
    let mut came = Vec::new();
    let root = async {
        for _ in 0..2 {
            PING.send("ping");
            WORDS.say(PONG.wait().await);
        }
        for _ in 0..9 {
            came.push(FRO.receive().await);
        }
    };
    local.run_with(pin!(root), &mut Leaps(&local));
    assert_eq!(WORDS.take(), ["ping", "pong", "ping", "pong"]);
    assert_eq!(came, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_sleeper_is_rung_once_for_what_is_sent_from_elsewhere() {
    static HOME: Home<Rings> = Home::new(Rings(AtomicUsize::new(0)));
    static SIGNAL: Signal<u8> = Signal::new();
    static TAKEN: AtomicUsize = AtomicUsize::new(0);
    async fn takes() {
        for _ in 0..2 {
            TAKEN.fetch_add(usize::from(SIGNAL.wait().await), SeqCst);
        }
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let rings = || HOME.hooks().0.swap(0, SeqCst);
    local.spawn_place(task_place!(takes), takes()).unwrap().detach();
    assert_eq!(rest(&local), Wait::Forever);
    assert_eq!((rings(), local.stats().turns), (0, 1));
    SIGNAL.send(1);
    SIGNAL.send(2);
    assert_eq!(rings(), 1);
    assert_eq!(rest(&local), Wait::Forever);
    assert_eq!((TAKEN.load(SeqCst), local.stats().turns, local.live()), (2, 2, 1));
    SIGNAL.send(3);
    assert_eq!(rings(), 1);
    assert_eq!(rest(&local), Wait::Forever);
    assert_eq!((TAKEN.load(SeqCst), local.live()), (5, 0));
    // Nobody waits any more.
    SIGNAL.send(4);
    assert_eq!(rings(), 0);
}

#[test]
fn who_waits_in_a_task_and_who_waits_elsewhere_have_each_other_look_again() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static SIGNAL: Signal = Signal::new();
    static TURNS: AtomicUsize = AtomicUsize::new(0);
    async fn waits() {
        let mut wait = SIGNAL.wait();
        poll_fn(|cx| {
            TURNS.fetch_add(1, SeqCst);
            poll(Pin::new(&mut wait), cx.waker())
        })
        .await;
    }
    async fn also() {
        waits().await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let turns = || TURNS.swap(0, SeqCst);
    let (count, waker) = counting();
    let woken = || count.0.swap(0, SeqCst);
    let mut wait = pin!(SIGNAL.wait());
    assert!(poll(wait.as_mut(), &waker).is_pending());
    local.spawn_place(task_place!(waits), waits()).unwrap().detach();
    // The task takes the place of the other, who is told.
    assert_eq!((rest(&local), woken()), (Wait::Forever, 1));
    assert!(turns() > 0);
    // He takes it back, and the task is told. It waits there again, then.
    assert!(poll(wait.as_mut(), &waker).is_pending());
    assert_eq!((rest(&local), woken()), (Wait::Forever, 1));
    assert!(turns() > 0);
    // Another task takes it, and the first is told, and so on.
    local.spawn_place(task_place!(also), also()).unwrap().detach();
    assert_eq!(local.tick(), Wait::Poll);
    assert!(turns() > 2);
    SIGNAL.send(());
    SIGNAL.send(());
    let _ = local.tick();
    assert_eq!(local.live(), 1);
    SIGNAL.send(());
    assert_eq!((rest(&local), local.live(), woken()), (Wait::Forever, 0, 0));
    // A waker that is another's is dropped once.
    assert!(poll(wait.as_mut(), &waker).is_pending());
    assert!(poll(wait.as_mut(), &waker).is_pending());
    assert_eq!(Arc::strong_count(&count), 3);
    SIGNAL.send(());
    assert_eq!((woken(), Arc::strong_count(&count)), (1, 2));
}

#[test]
fn a_task_that_waits_for_something_else_is_not_woken_by_what_it_waited_for() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static ONCE: Signal = Signal::new();
    static THEN: Signal = Signal::new();
    async fn waits() {
        ONCE.wait().await;
        THEN.wait().await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(waits), waits()).unwrap().detach();
    let turns = || {
        while local.tick() == Wait::Poll {}
        local.stats().turns
    };
    assert_eq!(turns(), 1);
    ONCE.send(());
    assert_eq!(turns(), 2);
    ONCE.send(());
    assert_eq!(turns(), 2);
    THEN.send(());
    assert_eq!((turns(), local.live()), (3, 0));
}

#[test]
fn a_low_task_rings_a_sleeper_and_nobody_else() {
    static HOME: Home<Rings> = Home::new(Rings(AtomicUsize::new(0)));
    static LOW: Signal = Signal::new();
    static NORMAL: Signal = Signal::new();
    async fn low() {
        // What is sent twice before it looks is one.
        for _ in 0..2 {
            LOW.wait().await;
        }
    }
    async fn normal() {
        NORMAL.wait().await;
        LOW.send(());
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    let rings = || HOME.hooks().0.swap(0, SeqCst);
    local.spawn_place_at(Priority::Low, task_place!(low), low()).unwrap().detach();
    local.spawn_place(task_place!(normal), normal()).unwrap().detach();
    while local.tick() == Wait::Poll {}
    assert_eq!(rings(), 0);
    LOW.send(());
    assert_eq!(rings(), 1);
    // Somebody has rung already.
    NORMAL.send(());
    assert_eq!(rings(), 0);
    // What `normal` wakes in its turn has its own in the same cycle.
    while local.tick() == Wait::Poll {}
    assert_eq!((rings(), local.live()), (0, 1));
    LOW.send(());
    assert_eq!(rings(), 1);
    while local.tick() == Wait::Poll {}
    assert_eq!(local.live(), 0);
}

#[test]
fn a_waker_that_nobody_wakes_is_dropped_with_its_signal() {
    let (count, waker) = counting();
    let signal = Signal::<u8>::new();
    assert!(poll(pin!(signal.wait()), &waker).is_pending());
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 2);
    drop(signal);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn two_who_wait_elsewhere_have_each_other_look_again_and_not_themselves() {
    fn one_side<F: Future + Unpin>(mut wait: impl FnMut() -> F, mut comes: impl FnMut()) {
        let ((first, one), (second, other)) = (counting(), counting());
        let woken = || (first.0.swap(0, SeqCst), second.0.swap(0, SeqCst));
        let look = |future: &mut F, waker| assert!(poll(Pin::new(future), waker).is_pending());
        let (mut here, mut there) = (wait(), wait());
        look(&mut here, &one);
        look(&mut here, &one);
        assert_eq!(woken(), (0, 0));
        look(&mut there, &other);
        assert_eq!(woken(), (1, 0));
        look(&mut there, &other);
        assert_eq!(woken(), (0, 0));
        look(&mut here, &one);
        assert_eq!(woken(), (0, 1));
        comes();
        assert_eq!(woken(), (1, 0));
        assert!(poll(Pin::new(&mut there), &other).is_ready());
        look(&mut here, &one);
        drop((here, there));
        comes();
        assert_eq!((woken(), Arc::strong_count(&first)), ((1, 0), 2));
    }
    let signal = Signal::new();
    one_side(|| signal.wait(), || signal.send(7));
    let channel = Channel::<u8, 2>::new();
    one_side(|| channel.receive(), || channel.try_send(7).unwrap());
    while channel.try_receive().is_some() {}
    (0..2).for_each(|_| channel.try_send(7).unwrap());
    one_side(|| channel.send(7), || assert_eq!(channel.try_receive(), Some(7)));
}

#[test]
fn a_task_that_looks_twice_waits_once() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static SIGNAL: Signal = Signal::new();
    static CHANNEL: Channel<u8, 1> = Channel::new();
    async fn twice() {
        let (mut one, mut other) = (SIGNAL.wait(), SIGNAL.wait());
        poll_fn(|cx| match poll(Pin::new(&mut one), cx.waker()) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => poll(Pin::new(&mut other), cx.waker()),
        })
        .await;
        let (mut one, mut other) = (CHANNEL.receive(), CHANNEL.receive());
        poll_fn(|cx| match poll(Pin::new(&mut one), cx.waker()) {
            Poll::Ready(value) => Poll::Ready(value),
            Poll::Pending => poll(Pin::new(&mut other), cx.waker()),
        })
        .await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(twice), twice()).unwrap().detach();
    let turns = || {
        while local.tick() == Wait::Poll {}
        local.stats().turns
    };
    assert_eq!(turns(), 1);
    SIGNAL.send(());
    assert_eq!(turns(), 2);
    CHANNEL.try_send(1).unwrap();
    assert_eq!((turns(), local.live(), CHANNEL.is_empty()), (3, 0, true));
}

#[test]
fn two_tasks_on_one_side_of_a_channel_miss_nothing() {
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static CHANNEL: Channel<usize, 1> = Channel::new();
    static SUM: AtomicUsize = AtomicUsize::new(0);
    async fn receives() {
        for _ in 0..3 {
            SUM.fetch_add(CHANNEL.receive().await, SeqCst);
        }
    }
    async fn also() {
        receives().await;
    }
    let _alone = alone();
    let local = HOME.claim().unwrap();
    local.spawn_place(task_place!(receives), receives()).unwrap().detach();
    local.spawn_place(task_place!(also), also()).unwrap().detach();
    for value in [1, 10, 100, 1_000, 10_000, 100_000] {
        let _ = local.tick();
        CHANNEL.try_send(value).unwrap();
    }
    let _ = rest(&local);
    assert_eq!((SUM.load(SeqCst), local.live()), (111_111, 0));
}

#[test]
fn what_is_replaced_or_not_taken_is_dropped_once() {
    let value = Arc::new(());
    let held = || Arc::strong_count(&value) - 1;
    let signal = Signal::new();
    signal.send(value.clone());
    signal.send(value.clone());
    assert_eq!(held(), 1);
    drop(signal.try_take());
    assert_eq!((held(), signal.try_take()), (0, None));
    signal.send(value.clone());
    assert_eq!(poll(pin!(signal.wait()), Waker::noop()), Poll::Ready(value.clone()));
    assert_eq!((held(), signal.is_sent()), (0, false));
    signal.send(value.clone());
    drop(signal);
    assert_eq!(held(), 0);
    let channel = Channel::<_, 3>::new();
    for _ in 0..4 {
        (0..2).for_each(|_| channel.try_send(value.clone()).unwrap());
        drop(channel.try_receive());
        drop(channel.try_receive());
        assert_eq!((held(), channel.is_empty()), (0, true));
    }
    (0..2).for_each(|_| channel.try_send(value.clone()).unwrap());
    let mut send = pin!(channel.send(value.clone()));
    assert!(poll(send.as_mut(), Waker::noop()).is_ready());
    // It has sent already.
    assert!(poll(send, Waker::noop()).is_ready());
    assert_eq!((held(), channel.len()), (3, 3));
    drop(channel.send(value.clone()));
    drop(channel);
    assert_eq!(held(), 0);
}

//! Models of a Local in a static that runs for ever, and of its timers: a thread stands for an interrupt or another core, a lock for the mask that keeps it out.
#![cfg(loom)]

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use loom::thread;
use tidemill_core::{
    scope::{After, after},
    shared_static,
    sync::{AtomicUsize, Ordering::Relaxed},
    task::{Priority, TaskPlace, task_align, task_size},
    wait::{Park, Wait, WakeCell},
};
use tidemill_loom_fixed::Board;
use tidemill_sched::{Home, Local};

/// What tasks and threads share.
struct Shared {
    cell: WakeCell,
    flag: AtomicUsize,
    ended: AtomicUsize,
}

shared_static!(static HOME: Home<Board> = Home::new(Board::new()));
shared_static!(static SHARED: Shared = Shared {
    cell: WakeCell::new(),
    flag: AtomicUsize::new(0),
    ended: AtomicUsize::new(0),
});

fn shared() -> &'static Shared {
    &SHARED
}

fn home() -> &'static Home<Board> {
    &HOME
}

/// What a Local that runs for ever is ended by.
struct Enough;

/// Sleeps until it is rung, or until the moment; where neither is to come it ends everything once so many have ended.
struct Sleep(usize);

impl Park for Sleep {
    fn park(&mut self, wait: Wait) {
        let board = home().hooks();
        if wait == Wait::Forever && shared().ended.fetch_add(0, Relaxed) >= self.0 {
            resume_unwind(Box::new(Enough));
        }
        match wait {
            Wait::Poll => return,
            Wait::Until(moment) => board.now.store(moment.as_nanos() as usize, Relaxed),
            Wait::Forever => {
                while board.rung.load(Relaxed) == 0 {
                    thread::yield_now();
                }
            }
        }
        board.rung.store(0, Relaxed);
    }
}

/// Runs it for ever, until so many have ended.
fn run(local: Local<Board>, ends: usize) {
    run_with(local, &mut Sleep(ends));
}

fn run_with(local: Local<Board>, park: &mut impl Park) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| local.run_forever(park)));
    if !panic.is::<Enough>() {
        resume_unwind(panic);
    }
}

/// Waits until the flag is up.
async fn waits() {
    poll_fn(|cx| {
        shared().cell.register(cx.waker());
        if shared().flag.load(Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    shared().ended.fetch_add(1, Relaxed);
}

/// Waits until the flag is up, and for a moment.
async fn waits_for_both() {
    let mut timer = pin!(after(Duration::from_nanos(1)));
    let mut late = false;
    poll_fn(|cx| {
        shared().cell.register(cx.waker());
        late = late || timer.as_mut().poll(cx).is_ready();
        if late && shared().flag.load(Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    shared().ended.fetch_add(1, Relaxed);
}

type Place<const SIZE: usize, const ALIGN: usize> = TaskPlace<SIZE, ALIGN>;

shared_static!(static WAITS: Place<{ task_size(&waits) }, { task_align(&waits) }> = TaskPlace::new());
shared_static!(static BOTH: Place<{ task_size(&waits_for_both) }, { task_align(&waits_for_both) }> = TaskPlace::new());

/// **A wake from elsewhere is never lost, also where it comes as a Local that runs for ever goes to sleep.**
///
/// Seen to break it: a step that finds nothing, after which nobody rings.
#[test]
fn a_wake_as_a_local_that_runs_for_ever_goes_to_sleep() {
    loom::model(|| {
        let local = home().claim().unwrap();
        let place: &'static _ = &*WAITS;
        drop(local.spawn_place(place, waits()).ok().unwrap());
        let wakes = thread::spawn(|| {
            shared().flag.store(1, Relaxed);
            shared().cell.wake();
        });
        run(local, 1);
        wakes.join().unwrap();
    });
}

/// **A task that is woken from elsewhere as its moment comes, and has its turn at once for that, has another one for the wake.**
///
/// Seen to break it: a `fire` that closes the task to wakes for its turn.
#[test]
fn a_wake_beside_a_turn_that_a_timer_gives() {
    loom::model(|| {
        let local = home().claim().unwrap();
        let place: &'static _ = &*BOTH;
        drop(local.spawn_place(place, waits_for_both()).ok().unwrap());
        let wakes = thread::spawn(|| {
            shared().flag.store(1, Relaxed);
            shared().cell.wake();
        });
        run(local, 1);
        wakes.join().unwrap();
    });
}

/// Lets moments come at once; where there is none to wait for it waits for that thread, and ends everything.
struct Joins(Option<thread::JoinHandle<bool>>, bool);

impl Park for Joins {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => home().hooks().now.store(moment.as_nanos() as usize, Relaxed),
            Wait::Forever => {
                self.1 = self.0.take().unwrap().join().unwrap();
                resume_unwind(Box::new(Enough));
            }
        }
    }
}

/// Counts its wakes.
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Polls a timer until it is over, or drops it.
fn poll(mut timer: Pin<Box<After>>, waker: &Waker) -> bool {
    timer.as_mut().poll(&mut Context::from_waker(waker)).is_ready()
}

/// **A timer that goes elsewhere, and is polled and dropped there as its moment comes: nobody touches what the other has, and whoever was told to wait is woken
/// once at the most.**
///
/// Seen to break it: a `poll`, or a `drop`, that looks before the mask whether it has fired.
#[test]
fn a_timer_is_polled_and_dropped_elsewhere_as_its_moment_comes() {
    loom::model(|| {
        let local = home().claim().unwrap();
        let bell = std::sync::Arc::new(Bell(AtomicUsize::new(0)));
        let waker = Waker::from(bell.clone());
        let mut timer = Box::pin(local.enter(|| after(Duration::from_nanos(1))));
        assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let other = thread::spawn(move || poll(timer, &waker));
        let mut until = Joins(Some(other), false);
        run_with(local, &mut until);
        let over = until.1;
        let wakes = bell.0.load(Relaxed);
        assert!(wakes == 1 || wakes == 0 && !over);
    });
}

/// Lets moments come at once; where there is none to wait for it waits for that thread, which polls a timer and keeps it.
struct Keeps(Option<thread::JoinHandle<(bool, Pin<Box<After>>)>>, bool);

impl Park for Keeps {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => home().hooks().now.store(moment.as_nanos() as usize, Relaxed),
            Wait::Forever => {
                self.1 = self.0.take().unwrap().join().unwrap().0;
                resume_unwind(Box::new(Enough));
            }
        }
    }
}

/// **A timer that is polled elsewhere for somebody else as its moment comes wakes whoever it told last to wait, and nobody besides.**
///
/// Seen to break it: a `wait` that leaves the waker with a timer that has fired; one that looks in one step whether it has, and leaves the waker in the next.
#[test]
fn a_timer_is_polled_for_another_as_its_moment_comes() {
    loom::model(|| {
        let local = home().claim().unwrap();
        let bells = [(); 2].map(|()| std::sync::Arc::new(Bell(AtomicUsize::new(0))));
        let [first, second] = bells.each_ref().map(|bell| Waker::from(bell.clone()));
        let mut timer = Box::pin(local.enter(|| after(Duration::from_nanos(1))));
        assert!(timer.as_mut().poll(&mut Context::from_waker(&first)).is_pending());
        let other = thread::spawn(move || {
            let over = timer.as_mut().poll(&mut Context::from_waker(&second)).is_ready();
            (over, timer)
        });
        let mut until = Keeps(Some(other), false);
        run_with(local, &mut until);
        let wakes = bells.map(|bell| bell.0.load(Relaxed));
        assert_eq!(wakes, if until.1 { [1, 0] } else { [0, 1] });
    });
}

/// **Two wakes of a Low task from elsewhere, the second perhaps as the Home goes to sleep again: each is seen.**
///
/// Seen to break it (with three preemptions): a `ring` after which the Low queue asks no more.
#[test]
fn two_wakes_of_a_low_task_as_a_local_that_runs_for_ever_goes_to_sleep() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(model.preemption_bound.unwrap_or(3).max(3));
    model.check(|| {
        let local = home().claim().unwrap();
        drop(local.spawn_place_at(Priority::Low, &LOW, waits_for_two()).ok().unwrap());
        let _ = local.tick();
        home().hooks().rung.store(0, Relaxed);
        let waker = shared().cell.take().unwrap();
        let wakes = thread::spawn(move || {
            for wakes in 1..=2 {
                shared().flag.store(wakes, Relaxed);
                waker.wake_by_ref();
            }
        });
        run(local, 1);
        wakes.join().unwrap();
    });
}

/// Waits until the flag tells two.
async fn waits_for_two() {
    poll_fn(|cx| {
        shared().cell.register(cx.waker());
        if shared().flag.load(Relaxed) == 2 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    shared().ended.fetch_add(1, Relaxed);
}

shared_static!(static LOW: Place<{ task_size(&waits_for_two) }, { task_align(&waits_for_two) }> = TaskPlace::new());

//! Models of tasks in statics: a thread stands for an interrupt or another core, a lock for the mask that keeps it out.
#![cfg(loom)]

use std::{
    future::poll_fn,
    pin::pin,
    task::{Poll, Waker},
};

use loom::{sync::Arc, thread};
use tidemill_core::{
    shared_static,
    sync::{AtomicUsize, Ordering::Relaxed},
    task::{JoinHandle, TaskPlace, spawn_place, task_align, task_size},
    wait::{Wait, WakeCell},
};
use tidemill_loom_fixed::{Board, Sleep};
use tidemill_sched::{Home, Local};

/// What tasks and threads share.
struct Shared {
    cell: WakeCell,
    flag: AtomicUsize,
    turns: AtomicUsize,
}

shared_static!(static HOME: Home<Board> = Home::new(Board::new()));
shared_static!(static NEXT: Home<Board> = Home::new(Board::new()));
shared_static!(static SHARED: Shared = Shared {
    cell: WakeCell::new(),
    flag: AtomicUsize::new(0),
    turns: AtomicUsize::new(0),
});

fn local() -> Local<Board> {
    let home: &'static Home<Board> = &HOME;
    home.claim().unwrap()
}

fn shared() -> &'static Shared {
    &SHARED
}

/// Waits until the flag is up.
async fn waits() {
    let shared = shared();
    poll_fn(|cx| {
        shared.turns.fetch_add(1, Relaxed);
        shared.cell.register(cx.waker());
        if shared.flag.load(Relaxed) == 1 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Leaves its waker, and ends.
async fn leaves() {
    poll_fn(|cx| {
        shared().cell.register(cx.waker());
        Poll::Ready(())
    })
    .await;
}

type Place<const SIZE: usize, const ALIGN: usize> = TaskPlace<SIZE, ALIGN>;

/// **A wake from elsewhere is never lost, also where it comes as the executor goes to sleep.**
///
/// Seen to break it: `Base::sleep` that does not look at the queue; a `push` that rings nobody.
#[test]
fn a_wake_as_the_executor_goes_to_sleep() {
    loom::model(|| {
        let local = local();
        let wakes = thread::spawn(|| {
            shared().flag.store(1, Relaxed);
            shared().cell.wake();
        });
        local.run_with(pin!(waits()), &mut Sleep(HOME.hooks()));
        assert!(shared().turns.load(Relaxed) <= 2);
        wakes.join().unwrap();
    });
}

shared_static!(static PLACE: Place<{ task_size(&waits) }, { task_align(&waits) }> = TaskPlace::new());

/// **An old waker wakes whoever stands in its place now, or nobody: the new task is in one queue once, and has its own wake.**
///
/// Seen to break it: a wake that does not look whether the task is shut, or that opens what is CLAIMED and not LIVE.
#[test]
fn an_old_waker_beside_the_next_task_of_its_place() {
    loom::model(|| {
        let local = local();
        let place: &'static _ = &*PLACE;
        drop(local.spawn_place(place, leaves()).ok().unwrap());
        let _ = local.tick();
        let old = shared().cell.take().unwrap();
        let wakes = thread::spawn(move || {
            old.wake_by_ref();
            old.wake();
        });
        if let Ok(handle) = local.spawn_place(place, waits()) {
            drop(handle);
            let _ = local.tick();
            shared().flag.store(1, Relaxed);
            shared().cell.wake();
            wakes.join().unwrap();
            while local.tick() == Wait::Poll {}
            assert_eq!(local.live(), 0, "its own wake was lost");
        } else {
            panic!("nobody has it");
        }
        assert!(local.spawn_place(place, leaves()).is_ok(), "it was never given back");
    });
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

async fn makes(counted: Counted) -> Counted {
    counted
}

shared_static!(static MAKER: Place<{ task_size(&makes) }, { task_align(&makes) }> = TaskPlace::new());

/// **A handle that goes elsewhere as its task ends: the output is dropped once, and the place is free then.**
///
/// Seen to break it: an end that does not look for the handle again; a handle that gives its place back before it has dropped the output.
#[test]
fn a_handle_that_goes_as_its_task_ends() {
    loom::model(|| {
        let local = local();
        let place: &'static _ = &*MAKER;
        let drops = Arc::new(AtomicUsize::new(0));
        let handle = local.spawn_place(place, makes(Counted(drops.clone()))).ok().unwrap();
        let goes = thread::spawn(move || drop::<JoinHandle<Counted>>(handle));
        let _ = local.tick();
        goes.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1);
        assert!(local.spawn_place(place, makes(Counted(drops))).is_ok(), "it was never given back");
    });
}

/// **A cancel from elsewhere beside the drop of the Local: the future is dropped once, and its place is free for another Home.**
///
/// Seen to break it: a wake or cancel that queues what is not LIVE; a `close` that forgets who is queued.
#[test]
fn a_cancel_as_the_local_goes() {
    loom::model(|| {
        let local = local();
        let place: &'static _ = &*MAKER;
        let drops = Arc::new(AtomicUsize::new(0));
        let handle = local.spawn_place(place, makes(Counted(drops.clone()))).ok().unwrap();
        let cancels = thread::spawn(move || {
            handle.cancel();
            handle
        });
        drop(local);
        let handle = cancels.join().unwrap();
        assert!(handle.is_finished());
        drop(handle);
        assert_eq!(drops.load(Relaxed), 1);
        let next: &'static Home<Board> = &NEXT;
        let local = next.claim().unwrap();
        assert!(local.spawn_place(place, makes(Counted(drops))).is_ok(), "it was never given back");
    });
}

/// **A task that is spawned from elsewhere as the Local goes is taken in, and cancelled with the others, or it is not: its future is dropped once, and its place is free.**
///
/// Seen to break it: an `adopt` that looks whether the Home is open in another step than it links the task.
#[test]
fn a_spawn_from_elsewhere_as_the_local_goes() {
    loom::model(|| {
        let local = local();
        let place: &'static _ = &*MAKER;
        let drops = Arc::new(AtomicUsize::new(0));
        let counted = Counted(drops.clone());
        let spawns = local.enter(|| {
            let spawns = thread::spawn(|| drop(spawn_place(place, makes(counted))));
            thread::yield_now();
            spawns
        });
        drop(local);
        spawns.join().unwrap();
        assert_eq!(drops.load(Relaxed), 1);
        let next: &'static Home<Board> = &NEXT;
        let local = next.claim().unwrap();
        assert!(local.spawn_place(place, makes(Counted(drops))).is_ok(), "it was never given back");
    });
}

/// **Who spawns from elsewhere alone is told of the end of what he has spawned.**
///
/// Seen to break it: an `adopt` that does not mark that there is a handle. (Marks are those of the whole program: so this is a model.)
#[test]
fn the_end_of_a_task_that_is_spawned_from_elsewhere() {
    loom::model(|| {
        let local = local();
        let place: &'static _ = &*PLACE;
        shared().flag.store(1, Relaxed);
        let spawns = || spawn_place(place, waits()).ok().unwrap();
        let handle = local.enter(|| thread::spawn(spawns).join().unwrap());
        while local.tick() == Wait::Poll {}
        assert!(handle.is_finished());
    });
}

/// **What is woken in the turn of a root that gives turns itself is queued once, and the root has its next turn after that.**
///
/// Seen to break it: a `put_off` that leaves a HELD task open to be queued.
#[test]
fn a_wake_beside_turns_within_the_turn_of_the_root() {
    loom::model(|| {
        let local = local();
        let mut polls = 0;
        let root = poll_fn(|cx| {
            polls += 1;
            if polls > 1 {
                return Poll::Ready(());
            }
            let ours: Waker = cx.waker().clone();
            cx.waker().wake_by_ref();
            let wakes = thread::spawn(move || ours.wake());
            let _ = local.tick();
            wakes.join().unwrap();
            Poll::Pending
        });
        local.run_with(pin!(root), &mut Sleep(HOME.hooks()));
        while local.tick() == Wait::Poll {}
    });
}

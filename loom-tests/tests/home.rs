//! Models of the end of a Local, beside whatever still knows its tasks.
#![cfg(loom)]

use std::{future::poll_fn, pin::Pin, task::Poll};

use loom::{
    sync::{Arc, Mutex},
    thread,
};
use tidemill_core::{
    epoch::Async,
    error::{JoinError, Missing},
    sync::{AtomicUsize, Ordering::Relaxed},
    wait::WakeCell,
};
use tidemill_loom_tests::{Bell, Board, poll};
use tidemill_sched::{Home, Local};

/// A task that leaves its waker in the cell, and never ends.
fn waits_for(cell: &Arc<WakeCell>) -> impl Future<Output = ()> + use<> {
    let cell = cell.clone();
    poll_fn(move |cx| {
        cell.register(cx.waker());
        Poll::Pending
    })
}

/// A shared Home, its Local, a task that has had its first turn, and where its waker is.
fn setting() -> (Arc<Home<Board>>, Local<Board>, Arc<WakeCell>, tidemill_core::task::JoinHandle<()>)
{
    let home = Arc::new(Home::new(Board::new()));
    let local = Home::claim_shared(&home).unwrap();
    let cell = Arc::new(WakeCell::new());
    let handle = local.spawn(waits_for(&cell));
    let _ = local.tick();
    (home, local, cell, handle)
}

/// **A wake that falls beside the drop of the Local queues nothing that is gone, and task and Home are freed when all have let go.**
///
/// (What is never freed holds the Home's `Arc`, which loom reports.) Seen to break it: giving up the waker's reference before the push
/// (`wake_and_release` on every thread); Relaxed, Acquire or Release alone in `State::release`, or Relaxed in its first look; a Home's count
/// without its bias.
#[test]
fn a_wake_beside_the_drop_of_the_local() {
    loom::model(|| {
        let (home, local, cell, handle) = setting();
        drop(handle);
        let by_value = {
            let waker = cell.take().unwrap();
            let copy = waker.clone();
            let wakes = thread::spawn(move || waker.wake());
            (wakes, thread::spawn(move || copy.wake_by_ref()))
        };
        drop(local);
        by_value.0.join().unwrap();
        by_value.1.join().unwrap();
        assert_eq!(Arc::strong_count(&home), 1, "the handles have let go of the Home");
    });
}

/// **A task that wakes itself, by value, while another thread wakes it and lets go of it too: it has a turn that comes after both, and is
/// freed once.**
///
/// (What is never freed holds the Home's `Arc`, which loom reports.) Seen to break it: a `wake_and_release` that keeps its reference, or
/// gives up two; one that stores the word where it exchanges it (the other's reference comes back).
#[test]
fn a_wake_by_value_at_home_beside_a_wake_elsewhere() {
    loom::model(|| {
        let home = Arc::new(Home::new(Board::new()));
        let local = Home::claim_shared(&home).unwrap();
        let (cell, given) = (Arc::new(WakeCell::new()), Arc::new(AtomicUsize::new(0)));
        let (own, sign, mut turns) = (cell.clone(), given.clone(), 0);
        let seen = Arc::new(AtomicUsize::new(0));
        let count = seen.clone();
        drop(local.spawn(poll_fn(move |cx| {
            turns += 1;
            match turns {
                1 => own.register(cx.waker()),
                2 => {
                    let ours = cx.waker().clone();
                    ours.wake();
                }
                _ => {}
            }
            count.store(sign.load(Relaxed), Relaxed);
            Poll::<()>::Pending
        })));
        let _ = local.tick();
        let waker = cell.take().unwrap();
        let again = waker.clone();
        let wakes = thread::spawn({
            let given = given.clone();
            move || {
                given.store(1, Relaxed);
                waker.wake();
            }
        });
        local.enter(|| again.wake());
        let _ = local.tick();
        wakes.join().unwrap();
        let _ = local.tick();
        let _ = local.tick();
        assert_eq!(seen.load(Relaxed), 1, "no turn came after the wake");
        drop(local);
        assert_eq!(Arc::strong_count(&home), 1, "the handles have let go of the Home");
    });
}

/// **Wakers that are counted at home go elsewhere, and wakers that are counted elsewhere go at home, more than the home thread's half of
/// the count can hold: the task is freed once, when the last of them all is gone.**
///
/// Seen to break it: counting what is moved to the word twice, or not at all; `complete` without what the home thread has counted; no BIAS in
/// the word, or one that is never taken off.
#[test]
fn wakers_cross_from_one_half_of_the_count_to_the_other() {
    loom::model(|| {
        let (home, local, cell, handle) = setting();
        drop(handle);
        let waker = cell.take().unwrap();
        // No Home is current here: this is elsewhere.
        let elsewhere: Vec<_> = (0..70).map(|_| waker.clone()).collect();
        let mut at_home: Vec<_> = local.enter(|| (0..70).map(|_| waker.clone()).collect());
        let gone = (at_home.pop(), at_home.pop());
        let drops = thread::spawn(move || {
            waker.wake();
            drop(gone);
        });
        local.enter(|| drop((at_home, elsewhere)));
        drop(local);
        drops.join().unwrap();
        assert_eq!(Arc::strong_count(&home), 1, "the handles have let go of the Home");
    });
}

/// **A handle on another thread learns that its task was cancelled by the drop of the Local, or asks for it in vain; nothing is kept.**
///
/// Seen to break it: dropping the Local's tasks without telling the handle (no `Tell` in `complete`).
#[test]
fn a_join_beside_the_drop_of_the_local() {
    loom::model(|| {
        let (home, local, cell, mut handle) = setting();
        let joiner = thread::spawn(move || {
            handle.cancel();
            let (bell, waker) = Bell::new();
            (poll(Pin::new(&mut handle), &waker).is_ready(), bell, handle)
        });
        drop(local);
        let (ready, bell, mut handle) = joiner.join().unwrap();
        if !ready {
            assert_eq!(bell.rung(), 1, "nobody told the handle");
            let (_, waker) = Bell::new();
            let polled = poll(Pin::new(&mut handle), &waker);
            assert!(matches!(polled, Poll::Ready(Err(JoinError::Cancelled))));
        }
        drop((handle, cell.take()));
        assert_eq!(Arc::strong_count(&home), 1, "the handles have let go of the Home");
    });
}

/// **Wakers of a root that has ended go elsewhere, one in a wake, as its Local goes; whoever is last lets go of the Home, after all others.**
///
/// Seen to break it: Relaxed or Release alone in `State::retire`, or one that leaves out what the home thread has counted.
#[test]
fn the_wakers_of_a_root_go_beside_the_drop_of_the_local() {
    loom::model(|| {
        let home = Arc::new(Home::new(Board::new()));
        let local = Home::claim_shared(&home).unwrap();
        let mut wakers = Vec::new();
        local.run_with(
            std::pin::pin!(poll_fn(|cx| {
                wakers.extend([cx.waker().clone(), cx.waker().clone()]);
                Poll::Ready(())
            })),
            &mut home.hooks().clone(),
        );
        let wakes = wakers.pop().map(|waker| thread::spawn(move || waker.wake()));
        let drops = thread::spawn(move || drop(wakers));
        drop(local);
        wakes.into_iter().chain([drops]).for_each(|thread| thread.join().unwrap());
        assert_eq!(Arc::strong_count(&home), 1, "the handles have let go of the Home");
    });
}

/// **The last handles on a Home go on several threads at once, and one of them frees it.**
///
/// Seen to break it: Relaxed for AcqRel in `release`.
#[test]
fn the_last_handles_go_at_once() {
    loom::model(|| {
        let (home, local, cell, handle) = setting();
        drop(home);
        let waker = cell.take().unwrap();
        let drops = thread::spawn(move || drop(waker));
        let detaches = thread::spawn(move || drop(handle));
        drop(local);
        drops.join().unwrap();
        detaches.join().unwrap();
    });
}

/// **Of two threads that claim a Home one gets it, and the other neither then nor afterwards.**
///
/// Seen to break it: a load and a store in place of the swap in `claim_shared`.
#[test]
fn a_home_is_claimed_by_one_of_two() {
    loom::model(|| {
        let home = Arc::new(Home::new(Board::new()));
        let claims = thread::spawn({
            let home = home.clone();
            move || Home::claim_shared(&home).is_some()
        });
        let ours = Home::claim_shared(&home);
        assert_ne!(claims.join().unwrap(), ours.is_some());
        drop(ours);
        assert!(Home::claim_shared(&home).is_none());
    });
}

/// **Functions that ask on the home thread while the value comes from another are told, each once.**
///
/// There they join a row when the lock of the line is free: its task is of this thread. Seen to break it: an audience that lies down though its
/// time has come.
#[test]
fn functions_ask_at_home_while_the_value_comes() {
    loom::model(|| {
        let home = Arc::new(Home::new(Board::new()));
        let local = Home::claim_shared(&home).unwrap();
        let x = Async::<usize>::empty();
        let told = Arc::new(Mutex::new(Vec::new()));
        let ask = |name: u32| {
            let told = told.clone();
            let note = move |seen: Result<&usize, _>| {
                assert!(matches!(seen, Err(Missing::Cancelled)));
                told.lock().unwrap().push(name);
            };
            local.enter(|| x.upon(note)).unwrap();
        };
        ask(1);
        let mut part = x.project(|x| x, |x| x);
        let writer = thread::spawn(move || part.write().cancel());
        ask(2);
        let _ = local.tick();
        ask(3);
        writer.join().unwrap();
        while local.live() > 0 {
            let _ = local.tick();
        }
        let mut told = told.lock().unwrap().split_off(0);
        told.sort_unstable();
        assert_eq!(told, [1, 2, 3]);
    });
}

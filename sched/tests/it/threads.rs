//! Wakers, handles and doorbells used from other threads.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Waker},
    thread,
};

use tidemill_core::{
    error::JoinError,
    task::JoinHandle,
    wait::{Park, Wait},
};
use tidemill_sched::{Home, Local, spawn};

use crate::board::{Board, Flag};

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn handles_and_homes_may_go_to_other_threads() {
    is_send_and_sync::<Home<Board>>();
    is_send_and_sync::<JoinHandle<u32>>();
    is_send_and_sync::<JoinHandle<std::cell::Cell<u32>>>();
}

// async 65
#[test]
fn many_threads_wake_many_tasks_and_no_wake_is_lost() {
    const TASKS: usize = 20;
    const ROUNDS: usize = 300;
    let board = Board::default();
    let local = Local::new(board.clone());
    let slots: Arc<Vec<_>> =
        Arc::new((0..TASKS).map(|_| (Mutex::new(None::<Waker>), AtomicUsize::new(0))).collect());
    let handles: Vec<_> = (0..TASKS)
        .map(|index| {
            let slots = slots.clone();
            local.spawn(poll_fn(move |cx| {
                let (waker, count) = &slots[index];
                *waker.lock().unwrap() = Some(cx.waker().clone());
                if count.load(SeqCst) == 2 * ROUNDS { Poll::Ready(index) } else { Poll::Pending }
            }))
        })
        .collect();
    let threads: Vec<_> = (0..2)
        .map(|by_value| {
            let slots = slots.clone();
            thread::spawn(move || {
                for round in 0..TASKS * ROUNDS {
                    let (waker, count) = &slots[round % TASKS];
                    count.fetch_add(1, SeqCst);
                    let waker = waker.lock().unwrap().clone();
                    match waker {
                        Some(waker) if by_value == 1 => waker.wake(),
                        Some(waker) => waker.wake_by_ref(),
                        None => {}
                    }
                }
            })
        })
        .collect();
    let sum = local.run_with(
        pin!(async {
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            sum
        }),
        &mut board.bell(),
    );
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(sum, TASKS * (TASKS - 1) / 2);
}

// async 66
#[test]
fn a_wake_from_another_thread_rings_once_per_sleep_and_never_while_awake() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let slot = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..3 {
        let slot = slot.clone();
        drop(local.spawn(poll_fn(move |cx| {
            slot.lock().unwrap().push(cx.waker().clone());
            Poll::<()>::Pending
        })));
    }
    let wake_all = || {
        let wakers = std::mem::take(&mut *slot.lock().unwrap());
        assert_eq!(wakers.len(), 3);
        thread::spawn(|| wakers.into_iter().for_each(Waker::wake)).join().unwrap();
    };
    assert_eq!(local.tick(), Wait::Forever);
    wake_all();
    assert_eq!(board.rings(), 1, "asleep: the first of three rings");
    assert_eq!(local.tick(), Wait::Poll);
    assert_eq!(local.tick(), Wait::Forever);
    struct Awake<F>(F);
    impl<F: FnMut()> Park for Awake<F> {
        fn park(&mut self, wait: Wait) {
            assert_eq!(wait, Wait::Poll);
            (self.0)();
        }
    }
    local.set_budget(1);
    drop((local.spawn(async {}), local.spawn(async {})));
    local.cycle(&mut Awake(wake_all));
    assert_eq!(board.rings(), 1, "awake: nobody rings");
}

#[test]
fn a_local_may_live_on_any_one_thread_and_be_dropped_while_others_wake() {
    for _ in 0..50 {
        let (send, receive) = mpsc::channel::<Waker>();
        let wakes = thread::spawn(move || {
            for waker in receive {
                waker.wake_by_ref();
                let second = waker.clone();
                second.wake();
                waker.wake();
            }
        });
        let runs = thread::spawn(move || {
            let local = Local::new(Board::default());
            for _ in 0..100 {
                let send = send.clone();
                drop(local.spawn(poll_fn(move |cx| {
                    let _ = send.send(cx.waker().clone());
                    Poll::<()>::Pending
                })));
            }
            for _ in 0..3 {
                let _ = local.tick();
            }
            assert_eq!(local.live(), 100);
        });
        runs.join().unwrap();
        wakes.join().unwrap();
    }
}

#[test]
fn handles_are_joined_cancelled_and_dropped_on_other_threads() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (send, receive) = mpsc::channel::<(usize, JoinHandle<Arc<usize>>)>();
    let others = thread::spawn(move || {
        let (mut values, mut cancelled) = (0, 0);
        for (index, mut handle) in receive {
            match index % 3 {
                0 => {
                    drop(handle);
                    continue;
                }
                1 => handle.cancel(),
                _ => {}
            }
            let flag = Arc::new(Flag::default());
            let waker = Waker::from(flag.clone());
            loop {
                match Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(Ok(value)) => break values += *value,
                    Poll::Ready(Err(JoinError::Cancelled)) => break cancelled += 1,
                    Poll::Ready(Err(error)) => panic!("{error}"),
                    Poll::Pending => flag.wait(),
                }
            }
        }
        (values, cancelled)
    });
    let shared = Arc::new(1);
    local.run_with(
        pin!(async {
            for index in 0..999 {
                let value = shared.clone();
                let task = spawn(async move {
                    crate::board::yield_now().await;
                    value
                });
                send.send((index, task.unwrap())).unwrap();
                crate::board::yield_now().await;
            }
        }),
        &mut board.bell(),
    );
    while local.live() > 0 {
        let _ = local.tick();
    }
    drop(send);
    let (values, cancelled) = others.join().unwrap();
    assert!(values >= 333, "{values}");
    assert_eq!(values + cancelled, 666);
    drop(local);
    assert_eq!(Arc::strong_count(&shared), 1);
}

/// A task that, in its last turn, is woken by itself (so `here`), by another thread, or both, in this order; and once more afterwards.
fn ends_while_woken(wakes: &'static [bool]) {
    let home = Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home).unwrap();
    let kept = Arc::new(Mutex::new(None::<Waker>));
    let keeps = kept.clone();
    let handle = local.spawn(poll_fn(move |cx| {
        for &here in wakes {
            let waker = cx.waker().clone();
            if here {
                waker.wake();
            } else {
                thread::spawn(move || waker.wake()).join().unwrap();
            }
        }
        *keeps.lock().unwrap() = Some(cx.waker().clone());
        Poll::Ready(())
    }));
    drop(handle);
    while local.tick() == Wait::Poll {}
    assert_eq!(local.live(), 0);
    // Its memory is used again, so that whoever reached for it now would find another task.
    let other = local.spawn(async {});
    let late = kept.lock().unwrap().take().unwrap();
    thread::spawn(move || late.wake()).join().unwrap();
    while local.tick() == Wait::Poll {}
    assert!(other.is_finished());
    drop((other, local));
    assert_eq!(Arc::strong_count(&home), 1, "the task has let go of its Home, and once");
}

#[test]
fn a_task_that_ends_while_it_is_queued_and_in_the_inbox_is_let_go_once() {
    ends_while_woken(&[true]);
    ends_while_woken(&[false]);
    ends_while_woken(&[true, false]);
    ends_while_woken(&[false, true, false]);
}

#[test]
fn hundreds_of_wakers_are_counted_wherever_they_come_and_go() {
    let home = Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home).unwrap();
    let made = Arc::new(Mutex::new(Vec::new()));
    let makes = made.clone();
    let handle = local.spawn(poll_fn(move |cx| {
        // More than the home thread counts for itself.
        let mut wakers: Vec<_> = (0..500).map(|_| cx.waker().clone()).collect();
        let away = wakers.split_off(100);
        thread::spawn(move || drop(away)).join().unwrap();
        let cloned = thread::spawn({
            let waker = wakers[0].clone();
            move || (0..300).map(|_| waker.clone()).collect::<Vec<_>>()
        });
        drop(cloned.join().unwrap());
        *makes.lock().unwrap() = wakers;
        Poll::Ready(())
    }));
    drop(handle);
    while local.tick() == Wait::Poll {}
    let wakers = std::mem::take(&mut *made.lock().unwrap());
    drop(local);
    assert_eq!(Arc::strong_count(&home), 2, "the task is kept by a hundred wakers");
    drop(wakers);
    assert_eq!(Arc::strong_count(&home), 1, "and by nobody");
}

#[test]
fn wakers_of_the_root_keep_the_home_wherever_they_go() {
    let home = Arc::new(Home::new(Board::default()));
    let local = Home::claim_shared(&home).unwrap();
    let root = poll_fn(|cx| Poll::Ready([cx.waker().clone(), cx.waker().clone()]));
    let [here, away] = local.run_with(pin!(root), &mut Board::default().bell());
    thread::spawn(move || drop(away)).join().unwrap();
    drop(local);
    assert_eq!(Arc::strong_count(&home), 2, "the root is kept by a waker");
    here.wake();
    assert_eq!(Arc::strong_count(&home), 1, "and by nobody");
}

/// Ends while it is queued, and in the inbox.
async fn woken_at_its_end() {
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        let waker = cx.waker().clone();
        thread::spawn(move || waker.wake()).join().unwrap();
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_place_is_free_again_once_its_task_has_left_queue_and_inbox() {
    let place = tidemill_core::task_place!(woken_at_its_end);
    let local = Local::new(Board::default());
    for _ in 0..3 {
        drop(local.spawn_place(place, woken_at_its_end()).expect("nobody has the place"));
        while local.tick() == Wait::Poll {}
    }
}

//! Tasks that are sent to the current Home from an interrupt or another core, as it may be without `std`: here, from other threads.

use std::{
    collections::HashSet,
    future::pending,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    thread,
};

use tidemill_core::{
    context::{Context as Carried, Key, Priority, current},
    epoch::Async,
    error::{JoinError, PlaceError, Refused},
    task::{Attributes, JoinHandle, spawn, spawn_place, spawn_with},
    task_place,
    wait::{Park, Wait},
};
use tidemill_sched::Local;

use crate::board::{Board, Flag, alone, yield_now};

/// Waits for a task on another thread than its own.
fn join<T>(mut handle: JoinHandle<T>) -> Result<T, JoinError> {
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(flag.clone());
    loop {
        if let Poll::Ready(output) = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        flag.wait();
    }
}

#[test]
fn what_other_threads_send_runs_at_home_once_each_with_a_number_of_its_own() {
    const SENDERS: usize = 4;
    const EACH: usize = 500;
    let _alone = alone();
    let board = Board::default();
    let local = Local::new(board.clone());
    let home = thread::current().id();
    let ended = AtomicUsize::new(0);
    let ids = thread::scope(|threads| {
        let ended = &ended;
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| {
                threads.spawn(move || {
                    while current().is_none() {
                        thread::yield_now();
                    }
                    let send = |n: usize| {
                        let task = async move {
                            yield_now().await;
                            assert_eq!(thread::current().id(), home);
                            2 * n
                        };
                        spawn(task).unwrap()
                    };
                    let handles: Vec<_> = (0..EACH).map(send).collect();
                    let ids: Vec<_> = handles.iter().map(JoinHandle::id).collect();
                    for (n, handle) in handles.into_iter().enumerate() {
                        assert_eq!(join(handle).unwrap(), 2 * n);
                    }
                    ended.fetch_add(1, SeqCst);
                    ids
                })
            })
            .collect();
        local.enter(|| {
            while ended.load(SeqCst) < SENDERS {
                local.tick();
            }
        });
        senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), SENDERS * EACH);
    assert_eq!(local.live(), 0);
}

#[test]
fn a_task_that_is_sent_to_a_sleeper_rings_and_carries_the_context_and_priority_of_its_sender() {
    static NAME: Key<&str> = Key::new();
    let _alone = alone();
    let board = Board::default();
    let local = Local::new(board.clone());
    assert_eq!(local.tick(), Wait::Forever);
    let sent = local.enter(|| {
        let sender = thread::spawn(|| {
            let context = Carried::root().with_local(&NAME, "interrupt");
            let attributes = Attributes::new().priority(Priority::Low).name("sent");
            let name = async { Carried::current().local(&NAME).map(|name| *name) };
            context.run(|| spawn_with(attributes, name).unwrap())
        });
        sender.join().unwrap()
    });
    assert_eq!((sent.info().name, sent.info().priority), (Some("sent"), Priority::Low));
    assert_eq!((board.rings(), local.live()), (1, 0), "it is on its way");
    while local.tick() == Wait::Poll {}
    assert_eq!(join(sent).unwrap(), Some("interrupt"));
}

#[test]
fn a_task_that_is_sent_may_be_cancelled_or_its_handle_dropped_before_it_has_arrived() {
    let _alone = alone();
    let local = Local::new(Board::default());
    let ran = Arc::new(AtomicUsize::new(0));
    let (cancelled, kept) = local.enter(|| {
        let task = || {
            let ran = ran.clone();
            spawn(async move { ran.fetch_add(1, SeqCst) }).unwrap()
        };
        drop(task());
        let (cancelled, kept) = (task(), task());
        cancelled.cancel();
        (cancelled, kept)
    });
    while local.tick() == Wait::Poll {}
    assert!(matches!(join(cancelled), Err(JoinError::Cancelled)));
    assert!(join(kept).is_ok());
    assert_eq!((ran.load(SeqCst), Arc::strong_count(&ran)), (2, 1));
}

/// Counts its drops.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn what_is_sent_while_the_home_is_left_is_dropped_once_and_its_handle_told() {
    let _alone = alone();
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..300 {
        dropped.store(0, SeqCst);
        let (local, leaving) = (Local::new(Board::default()), AtomicBool::new(false));
        let sent = thread::scope(|threads| {
            let sender = threads.spawn(|| {
                let mut handles = Vec::new();
                while current().is_none() && !leaving.load(SeqCst) {}
                loop {
                    let counts = Counts(dropped.clone());
                    let task = async move {
                        let _counts = counts;
                        pending::<()>().await
                    };
                    match spawn(task) {
                        Ok(handle) => handles.push(handle),
                        Err(Refused(_)) => return handles,
                    }
                }
            });
            local.enter(|| {
                while local.live() < 3 {
                    local.tick();
                }
            });
            drop(local);
            leaving.store(true, SeqCst);
            sender.join().unwrap()
        });
        // And the one that was handed back.
        assert_eq!(dropped.load(SeqCst), sent.len() + 1);
        for handle in sent {
            assert!(handle.is_finished());
            assert!(matches!(join(handle), Err(JoinError::Cancelled)));
        }
    }
}

async fn blink(times: u32) -> u32 {
    yield_now().await;
    times
}

#[test]
fn a_task_is_sent_into_a_place() {
    let _alone = alone();
    let place = task_place!(blink);
    assert!(matches!(spawn_place(place, blink(1)), Err(PlaceError::NoContext(_))));
    let local = Local::new(Board::default());
    let sent = local.enter(|| {
        let sent = spawn_place(place, blink(3)).unwrap();
        assert!(matches!(spawn_place(place, blink(4)), Err(PlaceError::Occupied(_))));
        sent
    });
    let mut sent = pin!(sent);
    while local.tick() == Wait::Poll {}
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(sent.as_mut().poll(&mut cx), Poll::Ready(Ok(3))));
}

#[test]
fn functions_that_ask_from_other_threads_while_the_value_comes_are_told_at_home_once_each() {
    const ASKERS: usize = 4;
    const EACH: usize = 200;
    let _alone = alone();
    let local = Local::new(Board::default());
    let home = thread::current().id();
    for _ in 0..5 {
        let (mut x, told) = (Async::<usize>::empty(), Arc::new(Mutex::new(Vec::new())));
        let write = x.write();
        let asked = Arc::new(AtomicUsize::new(0));
        thread::scope(|threads| {
            for asker in 0..ASKERS {
                let (x, told, asked) = (&x, &told, &asked);
                threads.spawn(move || {
                    for n in 0..EACH {
                        let told = told.clone();
                        let notes = move |x: Result<&usize, _>| {
                            assert_eq!((thread::current().id(), *x.unwrap()), (home, 7));
                            told.lock().unwrap().push(asker * EACH + n);
                        };
                        // The Home is entered until all have asked.
                        while current().is_none() {
                            thread::yield_now();
                        }
                        x.upon(notes).unwrap();
                        asked.fetch_add(1, SeqCst);
                    }
                });
            }
            let mut write = Some(write);
            let comes = async {
                while asked.load(SeqCst) < ASKERS * EACH || write.is_some() {
                    if asked.load(SeqCst) > ASKERS * EACH / 2
                        && let Some(mut write) = write.take()
                    {
                        write.try_slot().unwrap().set(7);
                    }
                    yield_now().await;
                }
            };
            local.run_with(pin!(comes), &mut Turns);
        });
        // What is in the inbox is not one of its tasks yet.
        (0..ASKERS * EACH).for_each(|_| _ = local.tick());
        assert_eq!(local.live(), 0);
        let mut told = std::mem::take(&mut *told.lock().unwrap());
        told.sort_unstable();
        assert_eq!(told, (0..ASKERS * EACH).collect::<Vec<_>>());
        assert!(x.write().try_slot().is_some(), "the readers are gone");
    }
}

/// There is always something to do.
struct Turns;

impl Park for Turns {
    fn park(&mut self, wait: Wait) {
        assert_eq!(wait, Wait::Poll);
    }
}

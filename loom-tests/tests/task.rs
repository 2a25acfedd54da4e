//! Models of the task's word: wake, poll, cancel, join and drop, from the home thread and from others.
#![cfg(loom)]

use std::{future::poll_fn, pin::Pin, task::Poll};

use loom::{sync::Arc, thread};
use tidemill_core::{
    epoch::Async,
    error::{JoinError, Missing},
    shared_static,
    sync::{AtomicUsize, Ordering::Relaxed},
    task::{JoinHandle, TaskPlace, task_align, task_size, yield_now},
    wait::WakeCell,
};
use tidemill_loom_tests::{Bell, Board, poll};
use tidemill_sched::Local;

/// What a task waits for: signs, and a waker to leave. loom reports one that is never dropped.
struct Signs {
    given: [AtomicUsize; 2],
    waker: WakeCell,
}

impl Signs {
    fn new() -> Arc<Self> {
        Arc::new(Self { given: [AtomicUsize::new(0), AtomicUsize::new(0)], waker: WakeCell::new() })
    }

    fn count(&self) -> usize {
        self.given.iter().map(|sign| sign.load(Relaxed)).sum()
    }
}

/// A future that is ready, with these signs, once as many were given. Its output is theirs too.
fn wait(signs: Arc<Signs>, wanted: usize) -> impl Future<Output = Arc<Signs>> {
    poll_fn(move |cx| {
        signs.waker.register(cx.waker());
        if signs.count() == wanted { Poll::Ready(signs.clone()) } else { Poll::Pending }
    })
}

fn local() -> Local<Board> {
    Local::new(Board::new())
}

fn ended<T>(handle: &mut JoinHandle<T>) -> Result<T, JoinError> {
    let (_, waker) = Bell::new();
    match poll(Pin::new(handle), &waker) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the task has not ended"),
    }
}

/// **A poll that follows a wake sees what was done before it, also where the task was scheduled already.**
///
/// Each waker is a clone of its own, used by value here, by reference there. Seen to break it: Relaxed,
/// Acquire or Release alone in `State::schedule` or in `start`; a `start` that does not clear SCHEDULED.
#[test]
fn a_poll_sees_what_its_wakers_did() {
    loom::model(|| {
        let (local, signs) = (local(), Signs::new());
        let wakers = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut handle = {
            let (signs, wakers) = (signs.clone(), wakers.clone());
            local.spawn(poll_fn(move |cx| {
                let mut wakers = wakers.lock().unwrap();
                if wakers.is_empty() {
                    wakers.extend([cx.waker().clone(), cx.waker().clone()]);
                }
                if signs.count() == 2 { Poll::Ready(()) } else { Poll::Pending }
            }))
        };
        let _ = local.tick();
        let kept: Vec<_> = wakers.lock().unwrap().drain(..).collect();
        let givers: Vec<_> = kept
            .into_iter()
            .enumerate()
            .map(|(n, waker)| {
                let signs = signs.clone();
                thread::spawn(move || {
                    signs.given[n].store(1, Relaxed);
                    if n == 0 { waker.wake() } else { waker.wake_by_ref() }
                })
            })
            .collect();
        // The first tick takes the inbox, the next two poll.
        for _ in 0..3 {
            let _ = local.tick();
        }
        for giver in givers {
            giver.join().unwrap();
        }
        let _ = local.tick();
        let _ = local.tick();
        ended(&mut handle).unwrap();
    });
}

/// **Who awaits a task on another thread gets its output, or is woken when it is there.**
///
/// Seen to break it: Relaxed, Acquire or Release alone in `complete`; Relaxed in `await_end`; a `complete` that does not look at AWAITED.
#[test]
fn a_join_from_another_thread_gets_the_output() {
    loom::model(|| {
        let (local, signs) = (local(), Signs::new());
        let mut handle = local.spawn(wait(signs.clone(), 0));
        let joiner = thread::spawn(move || {
            let (bell, waker) = Bell::new();
            (poll(Pin::new(&mut handle), &waker).map(|output| output.unwrap()), bell, handle)
        });
        let _ = local.tick();
        let (polled, bell, mut handle) = joiner.join().unwrap();
        match polled {
            Poll::Ready(output) => assert!(Arc::ptr_eq(&output, &signs)),
            Poll::Pending => {
                assert_eq!(bell.rung(), 1, "nobody told the handle");
                assert!(Arc::ptr_eq(&ended(&mut handle).unwrap(), &signs));
            }
        }
    });
}

/// **A handle that is polled with another waker as its task ends finds the output, or its new waker is woken.**
///
/// Seen to break it: a `take_back` that does not look at COMPLETE (both hold the slot); a poll that keeps the waker of the poll before.
#[test]
fn a_join_changes_its_waker_as_the_task_ends() {
    loom::model(|| {
        let (local, signs) = (local(), Signs::new());
        let mut handle = local.spawn(wait(signs.clone(), 0));
        let joiner = thread::spawn(move || {
            let ((_, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
            let ready = poll(Pin::new(&mut handle), &old_waker).is_ready()
                || poll(Pin::new(&mut handle), &new_waker).is_ready();
            (ready, new, handle)
        });
        let _ = local.tick();
        let (ready, new, mut handle) = joiner.join().unwrap();
        if !ready {
            assert_eq!(new.rung(), 1, "the waker of the last poll is the one to wake");
            assert!(Arc::ptr_eq(&ended(&mut handle).unwrap(), &signs));
        }
    });
}

/// **So it is where the wakers before were left at home, and whoever ends the task has just copied the last of them.**
///
/// Seen to break it: a `take_back` that leaves no RETAKEN; a `complete` that goes by its copy where RETAKEN is set.
#[test]
fn a_join_goes_elsewhere_and_changes_its_waker_as_the_task_ends() {
    for polls in [1, 2] {
        loom::model(move || {
            let (local, signs) = (local(), Signs::new());
            let mut handle = local.spawn(wait(signs.clone(), 0));
            // The bells stay: where one is gone another may come to lie, and who makes it has seen that in the allocator, of which loom knows nothing.
            let bells = [(); 2].map(|()| Bell::new());
            for (_, waker) in &bells[..polls] {
                local.enter(|| assert!(poll(Pin::new(&mut handle), waker).is_pending()));
            }
            let joiner = thread::spawn(move || {
                let (bell, waker) = Bell::new();
                (poll(Pin::new(&mut handle), &waker).is_ready(), bell, handle)
            });
            let _ = local.tick();
            let (ready, bell, mut handle) = joiner.join().unwrap();
            if !ready {
                assert_eq!(bell.rung(), 1, "the waker of the last poll is the one to wake");
                assert!(Arc::ptr_eq(&ended(&mut handle).unwrap(), &signs));
            }
            drop(bells);
        });
    }
}

/// **An output is dropped once, by the handle or by the executor, whichever comes first; likewise the task's memory, after all that the
/// handle did with it.**
///
/// (What is never dropped holds an `Arc`, which loom reports.) Seen to break it: Relaxed in `is_complete` or in `detach`; a `complete` that
/// does not ask whether JOIN is set, or that changes the home thread's half after the word; a `take_back` that does not look at COMPLETE.
#[test]
fn a_handle_dropped_on_another_thread_leaves_nothing() {
    // A waker that is left somewhere is freed last, else the handle or the executor is.
    for leaves_waker in [true, false] {
        loom::model(move || {
            let (local, signs) = (local(), Signs::new());
            let inner = signs.clone();
            let mut handle = local.spawn(poll_fn(move |cx| {
                if leaves_waker {
                    inner.waker.register(cx.waker());
                }
                Poll::Ready(inner.clone())
            }));
            let dropper = thread::spawn(move || {
                let (_, waker) = Bell::new();
                let _ = poll(Pin::new(&mut handle), &waker).is_ready();
                drop(handle);
            });
            let _ = local.tick();
            dropper.join().unwrap();
            assert_eq!(local.live(), 0);
        });
    }
}

/// **A cancel from another thread ends the task, whatever it is doing.**
///
/// Seen to break it: a `start` that does not clear SCHEDULED.
#[test]
fn a_cancel_ends_the_task() {
    loom::model(|| {
        let (local, signs) = (local(), Signs::new());
        let handle = local.spawn(wait(signs.clone(), 1));
        let _ = local.tick();
        let canceller = thread::spawn(move || {
            handle.cancel();
            handle
        });
        for _ in 0..2 {
            let _ = local.tick();
        }
        let mut handle = canceller.join().unwrap();
        for _ in 0..2 {
            let _ = local.tick();
        }
        assert!(matches!(ended(&mut handle), Err(JoinError::Cancelled)));
        drop((handle, signs.waker.take()));
        assert_eq!(Arc::strong_count(&signs), 1, "the future was dropped");
    });
}

/// **So it is if somebody else wakes the task beside it, to no avail; the future is dropped once.**
///
/// Seen to break it: `cancel` that sets CANCELLED in a second step, after SCHEDULED (the turn on which it counts is over by then).
#[test]
fn a_cancel_beside_a_wake_ends_the_task() {
    loom::model(|| {
        let (local, signs) = (local(), Signs::new());
        let mut handle = local.spawn(wait(signs.clone(), 2));
        let _ = local.tick();
        let waker = signs.waker.take().unwrap();
        let canceller = thread::spawn(move || {
            handle.cancel();
            handle
        });
        let giver = {
            let signs = signs.clone();
            thread::spawn(move || {
                signs.given[0].store(1, Relaxed);
                waker.wake();
            })
        };
        for _ in 0..2 {
            let _ = local.tick();
        }
        handle = canceller.join().unwrap();
        giver.join().unwrap();
        for _ in 0..2 {
            let _ = local.tick();
        }
        assert_eq!(local.live(), 0);
        assert!(matches!(ended(&mut handle), Err(JoinError::Cancelled)));
        drop((handle, signs.waker.take()));
        assert_eq!(Arc::strong_count(&signs), 1, "the future was dropped");
    });
}

/// **A task that yields and is woken from elsewhere at the same time is queued once, and its next turn sees what the waker did.**
///
/// Seen to break it: a `wake_later` that queues whatever the state answers; Relaxed or Release alone in `State::schedule`.
#[test]
fn a_wake_beside_a_yield() {
    loom::model(|| {
        let (local, signs) = (local(), Signs::new());
        let (inner, seen) = (signs.clone(), Arc::new(AtomicUsize::new(0)));
        let count = seen.clone();
        let mut handle = local.spawn(async move {
            poll_fn(|cx| {
                inner.waker.register(cx.waker());
                Poll::Ready(())
            })
            .await;
            for _ in 0..2 {
                yield_now().await;
                count.store(inner.count(), Relaxed);
            }
        });
        let _ = local.tick();
        let waker = signs.waker.take().unwrap();
        let giver = {
            let signs = signs.clone();
            thread::spawn(move || {
                signs.given[0].store(1, Relaxed);
                waker.wake();
            })
        };
        let _ = local.tick();
        giver.join().unwrap();
        for _ in 0..3 {
            let _ = local.tick();
        }
        ended(&mut handle).unwrap();
        assert_eq!(seen.load(Relaxed), 1, "the last turn came after all");
    });
}

/// **A task that lies down before it was polled, while what it waits for comes on another thread, has its turn after that.**
///
/// It enrols and lies down under one lock. Seen to break it: one that is not queued where it finds its time come; one that is put in line without a look.
#[test]
fn a_task_lies_down_while_its_value_is_written() {
    loom::model(|| {
        let local = local();
        let x = Async::<usize>::empty_in();
        let mut part = x.project(|x| x, |x| x);
        let writer = thread::spawn(move || part.write().cancel());
        let mut look = local.enter(|| x.inspect(|x| *x)).unwrap();
        let _ = local.tick();
        let _ = local.tick();
        writer.join().unwrap();
        let _ = local.tick();
        let _ = local.tick();
        assert!(matches!(ended(&mut look).unwrap(), Err(Missing::Cancelled)));
    });
}

/// **A handle that goes, or waits, on the home thread while the task is known elsewhere loses nothing of what is done to its word there.**
///
/// Seen to break it: a `detach` or an `await_end` that stores without asking who has references; a `complete` that frees without asking, or
/// whose look at the word is Relaxed.
#[test]
fn a_handle_goes_or_waits_while_its_task_is_woken_from_elsewhere() {
    for waits in [false, true] {
        loom::model(move || {
            let (local, signs) = (local(), Signs::new());
            let mut handle = local.spawn(wait(signs.clone(), 1));
            let _ = local.tick();
            let giver = {
                let signs = signs.clone();
                thread::spawn(move || {
                    let waker = signs.waker.take();
                    signs.given[0].store(1, Relaxed);
                    waker.unwrap().wake();
                })
            };
            local.enter(|| {
                let (_, waker) = Bell::new();
                if !waits || poll(Pin::new(&mut handle), &waker).is_ready() {
                    drop(handle);
                } else {
                    let _ = poll(Pin::new(&mut handle), &waker);
                    handle.detach();
                }
            });
            let _ = local.tick();
            giver.join().unwrap();
            let _ = local.tick();
            let _ = local.tick();
            assert_eq!(local.live(), 0, "the wake was lost");
            drop(signs.waker.take());
            assert_eq!(Arc::strong_count(&signs), 1, "the future was dropped");
        });
    }
}

async fn idle() {}

shared_static!(static PLACE: TaskPlace<{ task_size(&idle) }, { task_align(&idle) }> = TaskPlace::new());

/// **A place whose last reference goes elsewhere is taken again only when all that was done there is over.**
///
/// Seen to break it: Relaxed in `Placed::free`, or in `TaskPlace::spawn_in`.
#[test]
fn a_place_is_given_back_elsewhere_and_taken_again() {
    loom::model(|| {
        let local = local();
        let place: &'static _ = &*PLACE;
        let Ok(handle) = local.spawn_place(place, idle()) else { panic!("nobody has it") };
        let _ = local.tick();
        let drops = thread::spawn(move || drop(handle));
        if let Ok(handle) = local.spawn_place(place, idle()) {
            drop(handle);
            let _ = local.tick();
        }
        drops.join().unwrap();
        assert!(local.spawn_place(place, idle()).is_ok(), "it was never given back");
    });
}

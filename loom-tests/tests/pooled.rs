//! Models of pooled tasks: a thief against a wake, cancel and shutdown; shutdown against spawn.
#![cfg(loom)]
#![expect(unsafe_code, reason = "a pool of a model")]

mod raft;

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use loom::{
    cell::UnsafeCell,
    sync::{Arc, Mutex},
    thread,
};
use tidemill_core::{
    epoch::Async,
    error::{Fault, JoinError, Missing},
    sync::{AtomicUsize, Ordering::Relaxed},
    task::{JoinHandle, roam},
};
use tidemill_loom_tests::{Bell, poll};

use raft::Handle;

/// A future that is ready when it sees as many signs as are wanted; it counts its turns and drops where loom sees it.
struct Waits {
    signs: Arc<AtomicUsize>,
    wanted: usize,
    left: Arc<Mutex<Option<Waker>>>,
    turns: UnsafeCell<usize>,
    drops: Arc<AtomicUsize>,
}

// SAFETY: loom sees whether turns overlap: that is what the cell is for.
unsafe impl Send for Waits {}

impl Future for Waits {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let turns = self.turns.with_mut(|turns| {
            // SAFETY: it is our turn, or loom tells.
            let turns = unsafe { &mut *turns };
            *turns += 1;
            *turns
        });
        *self.left.lock().unwrap() = Some(cx.waker().clone());
        if self.signs.load(Relaxed) == self.wanted { Poll::Ready(turns) } else { Poll::Pending }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        // SAFETY: as above.
        self.turns.with_mut(|turns| unsafe { *turns += 1 });
        self.drops.fetch_add(1, Relaxed);
    }
}

struct Signs {
    given: Arc<AtomicUsize>,
    left: Arc<Mutex<Option<Waker>>>,
    drops: Arc<AtomicUsize>,
}

impl Signs {
    fn new() -> Self {
        Self {
            given: Arc::new(AtomicUsize::new(0)),
            left: Arc::new(Mutex::new(None)),
            drops: Arc::new(AtomicUsize::new(0)),
        }
    }

    fn wait(&self, wanted: usize) -> Waits {
        Waits {
            signs: self.given.clone(),
            wanted,
            left: self.left.clone(),
            turns: UnsafeCell::new(0),
            drops: self.drops.clone(),
        }
    }
}

fn ended<T>(handle: &mut JoinHandle<T>) -> Result<T, JoinError> {
    let (_, waker) = Bell::new();
    match poll(Pin::new(handle), &waker) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the task has not ended"),
    }
}

/// **A task that is taken by a thief while it is woken has one turn at a time, and a turn after the wake that sees what was done before it.**
///
/// Two workers take turns, while the task is woken from a third thread. Seen to break it: `begin` Relaxed; `pause` Relaxed; a `send` that queues
/// a task that is RUNNING; a `pause` that does not look at SENT.
#[test]
fn a_stolen_task_has_one_turn_at_a_time() {
    loom::model(|| {
        let (pool, signs) = (Handle::launch(), Signs::new());
        let mut handle = pool.spawn(signs.wait(1));
        assert!(pool.step());
        let waker = signs.left.lock().unwrap().take().unwrap();
        let given = signs.given.clone();
        let giver = thread::spawn(move || {
            // Once for nothing, so that the second wake may meet the turn of the first.
            waker.wake_by_ref();
            given.store(1, Relaxed);
            waker.wake();
        });
        let thief = {
            let pool = pool.more();
            thread::spawn(move || {
                pool.step();
            })
        };
        pool.step();
        giver.join().unwrap();
        thief.join().unwrap();
        while pool.step() {}
        assert!(ended(&mut handle).unwrap() >= 2);
        drop(handle);
        signs.left.lock().unwrap().take();
        pool.end();
    });
}

/// **A cancelled task is dropped once, whoever takes it, or ends with its output; its handle is told.**
///
/// Seen to break it: a `begin` that does not look at CANCELLED; `cancel` that sets CANCELLED alone.
#[test]
fn a_cancel_meets_a_turn() {
    loom::model(|| {
        let (pool, signs) = (Handle::launch(), Signs::new());
        let handle = pool.spawn(signs.wait(1));
        assert!(pool.step());
        let waker = signs.left.lock().unwrap().take().unwrap();
        let given = signs.given.clone();
        let giver = thread::spawn(move || {
            given.store(1, Relaxed);
            waker.wake();
        });
        let worker = {
            let pool = pool.more();
            thread::spawn(move || {
                pool.step();
            })
        };
        handle.cancel();
        giver.join().unwrap();
        worker.join().unwrap();
        while pool.step() {}
        let mut handle = handle;
        match ended(&mut handle) {
            Ok(turns) => assert_eq!(turns, 2),
            Err(error) => assert!(matches!(error, JoinError::Cancelled)),
        }
        assert_eq!(signs.drops.load(Relaxed), 1);
        drop(handle);
        signs.left.lock().unwrap().take();
        pool.end();
    });
}

/// **What is left when a pool ends is dropped once, also where it is woken and cancelled at that moment.**
///
/// Seen to break it: a `cancel_one` that does not seize the task.
#[test]
fn a_shutdown_meets_a_wake_and_a_cancel() {
    loom::model(|| {
        let (pool, signs) = (Handle::launch(), Signs::new());
        let mut handle = pool.spawn(signs.wait(1));
        let stepper = {
            let pool = pool.more();
            thread::spawn(move || pool.step())
        };
        assert!(stepper.join().unwrap());
        let waker = signs.left.lock().unwrap().take().unwrap();
        let waking = thread::spawn(move || waker.wake());
        let cancelling = thread::spawn(move || {
            handle.cancel();
            handle
        });
        let home = pool.more();
        pool.raft().head.close();
        // SAFETY: closed, and nobody takes turns.
        while unsafe { pool.raft().head.cancel_one() } {}
        waking.join().unwrap();
        handle = cancelling.join().unwrap();
        assert!(matches!(ended(&mut handle), Err(JoinError::Cancelled)));
        assert_eq!(signs.drops.load(Relaxed), 1);
        drop((handle, home));
        pool.end();
    });
}

/// **What is spawned while a pool ends is refused and dropped, or is among what it cancels.**
///
/// Seen to break it: an `insert` that does not look whether it is closed.
#[test]
fn a_shutdown_meets_a_spawn() {
    loom::model(|| {
        let (pool, signs) = (Handle::launch(), Signs::new());
        let spawner = {
            let (pool, wait) = (pool.more(), signs.wait(1));
            thread::spawn(move || pool.spawn(wait))
        };
        pool.raft().head.close();
        // SAFETY: closed, and nobody takes turns.
        while unsafe { pool.raft().head.cancel_one() } {}
        let mut handle = spawner.join().unwrap();
        assert!(matches!(ended(&mut handle), Err(JoinError::Cancelled)));
        assert_eq!(signs.drops.load(Relaxed), 1);
        drop(handle);
        pool.end();
    });
}

/// **Handles and wakers that go on other threads free a task once, with its Home after it.**
///
/// Seen to break it: a `finish` that keeps the list's reference where the task was woken in its turn.
#[test]
fn a_task_that_is_woken_in_its_last_turn_is_freed() {
    loom::model(|| {
        let (pool, signs) = (Handle::launch(), Signs::new());
        let handle = pool.spawn(signs.wait(1));
        assert!(pool.step());
        signs.given.store(1, Relaxed);
        let waker = signs.left.lock().unwrap().take().unwrap();
        waker.wake_by_ref();
        let worker = {
            let pool = pool.more();
            thread::spawn(move || {
                pool.step();
            })
        };
        let waking = thread::spawn(move || waker.wake());
        drop(handle);
        worker.join().unwrap();
        waking.join().unwrap();
        while pool.step() {}
        assert_eq!(signs.drops.load(Relaxed), 1);
        signs.left.lock().unwrap().take();
        pool.end();
    });
}

/// **A small kernel that lies down while its value is written on another thread has its turn after that, and once: the turn in which it was made is over then.**
///
/// Seen to break it: one that is not made in its turn; one that is not put in its queue where it finds its time come, or was woken in that turn.
#[test]
fn a_kernel_lies_down_while_its_value_is_written() {
    loom::model(|| {
        let pool = Handle::launch();
        let x = Async::<usize>::empty_in();
        let mut part = x.project(|x| x, |x| x);
        let more = pool.more();
        let writer = thread::spawn(move || {
            part.write().cancel();
            more.step();
        });
        // SAFETY: a raft takes pooled tasks in, on any thread.
        let y = unsafe { roam(&pool.home, || x.map_send(|x| *x)) };
        pool.step();
        writer.join().unwrap();
        while pool.step() {}
        assert_eq!(pool.raft().head.len(), 0, "it sleeps on");
        assert!(matches!(y.read().try_get(), Some(Err(Missing::Cancelled))));
        drop((x, y));
        pool.end();
    });
}

/// **A function that asks while the value comes for which another waits is told, once, and so is the other, whoever has the turn.**
///
/// The row of an audience is changed under the lock of the line in which it waits, or else by who gives it its turn: loom sees whether those
/// overlap. Seen to break it: joining a row after the lock under which it was found.
#[test]
fn a_function_asks_while_the_value_comes() {
    loom::model(|| {
        let pool = Handle::launch();
        let x = Async::<usize>::empty_in();
        let told = Arc::new(Mutex::new(Vec::new()));
        let ask = |name: u32| {
            let told = told.clone();
            let note = move |seen: Result<&usize, _>| {
                assert!(matches!(seen, Err(Missing::<Fault>::Cancelled)));
                told.lock().unwrap().push(name);
            };
            // SAFETY: a raft takes pooled tasks in, on any thread.
            unsafe { roam(&pool.home, || x.upon_send(note)) }.unwrap();
        };
        ask(1);
        let mut part = x.project(|x| x, |x| x);
        let more = pool.more();
        let writer = thread::spawn(move || {
            part.write().cancel();
            more.step();
        });
        ask(2);
        ask(3);
        writer.join().unwrap();
        while pool.step() {}
        assert_eq!(pool.raft().head.len(), 0, "somebody sleeps on");
        let mut told = told.lock().unwrap().split_off(0);
        told.sort_unstable();
        assert_eq!(told, [1, 2, 3]);
        drop(x);
        pool.end();
    });
}

/// **A function that asks while the executor of the one that waits ends is told nothing, and dropped once; so is the other.**
///
/// Seen to break it: an audience that drops its row before it has left the line.
#[test]
fn a_function_asks_while_the_executor_ends() {
    loom::model(|| {
        let pool = Handle::launch();
        let x = Arc::new(Async::<usize>::empty_in());
        let kept = Arc::new(());
        let ask = |pool: &Handle, x: &Async<usize>, kept: Arc<()>| {
            let drops = move |_: Result<&usize, Missing<Fault>>| drop(kept);
            // SAFETY: a raft takes pooled tasks in, on any thread.
            unsafe { roam(&pool.home, || x.upon_send(drops)) }
        };
        ask(&pool, &x, kept.clone()).unwrap();
        let (more, value, held) = (pool.more(), x.clone(), kept.clone());
        let asks = thread::spawn(move || {
            let _ = ask(&more, &value, held);
        });
        pool.raft().head.close();
        // SAFETY: closed, and no turn is taken.
        while unsafe { pool.raft().head.cancel_one() } {}
        asks.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
        drop(x);
        pool.end();
    });
}

/// **A handle that has waited, and goes on another thread while its task ends, leaves nothing: what it did comes before the task is freed.**
///
/// Seen to break it: a `finish` whose look at the word is Relaxed; a `detach` that is Relaxed.
#[test]
fn a_handle_goes_while_its_task_ends() {
    loom::model(|| {
        let pool = Handle::launch();
        let mut handle = pool.spawn(async {});
        let dropper = thread::spawn(move || {
            let (_, waker) = Bell::new();
            let _ = poll(Pin::new(&mut handle), &waker).is_ready();
            drop(handle);
        });
        pool.step();
        dropper.join().unwrap();
        pool.end();
    });
}

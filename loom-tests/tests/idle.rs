//! Models of who sleeps and who searches in a pool.
#![cfg(loom)]

use loom::{sync::Arc, thread};
use tidemill_core::sync::{AtomicUsize, Ordering::Relaxed};
use tidemill_sched::pool::Idle;

/// Workers without turns: what they take is a number.
struct Crew {
    idle: Idle,
    queued: AtomicUsize,
    taken: AtomicUsize,
}

/// Where a worker was left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Left {
    AtWork,
    Asleep,
}

impl Crew {
    fn new(workers: usize) -> Arc<Self> {
        let (queued, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { idle: Idle::new(workers), queued, taken })
    }

    /// Queues something, and says who was woken for it.
    fn submit(&self) -> Option<usize> {
        self.queued.fetch_add(1, Relaxed);
        self.idle.wake_one([0, 1])
    }

    fn take(&self) -> bool {
        let taken =
            self.queued.fetch_update(Relaxed, Relaxed, |queued| queued.checked_sub(1)).is_ok();
        self.taken.fetch_add(taken.into(), Relaxed);
        taken
    }

    /// A worker that searches looks, and sleeps if there is nothing. What it takes keeps it for ever. Here is who it has woken.
    fn look(&self, worker: usize) -> (Left, Option<usize>) {
        loop {
            if self.take() {
                let woken = if self.idle.found() { self.idle.wake_one([0, 1]) } else { None };
                return (Left::AtWork, woken);
            }
            self.idle.lie_down(worker);
            if self.queued.load(Relaxed) == 0 {
                return (Left::Asleep, None);
            }
            self.idle.rise(worker);
        }
    }
}

/// **What is queued is taken, or somebody was woken for it.**
///
/// Two workers go to sleep while a third thread submits. Seen to break it: no fence in `wake_one`, or in `lie_down`; a `lie_down` that says that
/// it sleeps after its fence.
#[test]
fn no_wake_is_lost_with_two_workers_and_a_submitter() {
    loom::model(|| {
        let crew = Crew::new(2);
        crew.idle.search();
        crew.idle.search();
        let workers: Vec<_> = (0..2)
            .map(|worker| {
                let crew = crew.clone();
                thread::spawn(move || crew.look(worker))
            })
            .collect();
        let woken = crew.submit();
        let left: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
        if crew.taken.load(Relaxed) == 0 {
            let woken = woken.expect("it is queued, everybody sleeps, and nobody was woken");
            assert_eq!(left[woken].0, Left::Asleep);
        }
    });
}

/// **Who was the last to search wakes another for what is left.**
///
/// One worker searches, so that two submissions wake nobody; it takes one of the two. Seen to break it: a `found` that never answers yes; a
/// `wake_one` that looks at who searches before its fence.
#[test]
fn what_a_searcher_leaves_wakes_another() {
    loom::model(|| {
        let crew = Crew::new(2);
        crew.idle.search();
        crew.idle.lie_down(1);
        crew.idle.search();
        let searcher = {
            let crew = crew.clone();
            thread::spawn(move || crew.look(0))
        };
        let woken = [crew.submit(), crew.submit()];
        let (left, last) = searcher.join().unwrap();
        let mut woken: Vec<_> = woken.into_iter().chain([last]).flatten().collect();
        woken.sort_unstable();
        match left {
            Left::AtWork => assert_eq!(woken.last(), Some(&1), "one is left, and 1 sleeps"),
            Left::Asleep => assert_eq!(woken, [0, 1]),
        }
    });
}

/// **A worker that is called by name wakes, or looks around.**
///
/// The bell of a worker: what is to be seen is written before. Seen to break it: no fence in `wake`.
#[test]
fn a_worker_that_is_called_wakes_or_looks() {
    loom::model(|| {
        let crew = Crew::new(1);
        crew.idle.search();
        let sleeper = {
            let crew = crew.clone();
            thread::spawn(move || {
                crew.idle.lie_down(0);
                crew.queued.load(Relaxed) == 1
            })
        };
        crew.queued.store(1, Relaxed);
        let woken = crew.idle.wake(0);
        assert!(sleeper.join().unwrap() || woken, "it sleeps, and was not woken");
    });
}

/// **Who finds all still has seen what the last of them did.**
///
/// A worker that has lain down finds work in its last look, gets up, takes it and sleeps again, while somebody asks. Seen to break it: a rise that
/// is counted before the worker is out of the set, or not at all; no fence between the count and what is taken.
#[test]
fn who_finds_all_still_has_seen_what_they_did() {
    loom::model(|| {
        let crew = Crew::new(1);
        crew.queued.store(1, Relaxed);
        crew.idle.search();
        let done = Arc::new(AtomicUsize::new(0));
        let worker = {
            let (crew, done) = (crew.clone(), done.clone());
            thread::spawn(move || {
                crew.idle.lie_down(0);
                crew.idle.rise(0);
                assert!(crew.take());
                let _ = crew.idle.found();
                done.store(1, Relaxed);
                crew.idle.search();
                crew.idle.lie_down(0);
            })
        };
        if crew.idle.is_still(|| crew.queued.load(Relaxed) == 0) {
            assert_eq!(done.load(Relaxed), 1, "at rest, in a turn");
        }
        worker.join().unwrap();
    });
}

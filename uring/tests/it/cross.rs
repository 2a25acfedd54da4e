//! Wakes between workers: two throw a ball to and fro, now awake, now about to sleep, now asleep, and none is lost.

use std::{
    future::{Future, poll_fn},
    io::ErrorKind,
    pin::pin,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    task::Poll,
    time::Duration,
};

use tidemill_core::{scope::after, wait::WakeCell};
use tidemill_uring::runtime::{Runtime, Way, Workers, spawn, spawn_on};

use crate::stage::{Play, Random, Watch, again, full, quick, stats};

const WAYS: [Way; 4] = [Way::Best, Way::Eventfd, Way::Futex, Way::Message];

/// The ball: how often it was thrown. Even, it is for side 0.
#[derive(Default)]
struct Game {
    thrown: AtomicUsize,
    waits: [WakeCell; 2],
}

impl Game {
    /// Waits for throw number `number`.
    async fn catch(&self, number: usize) {
        poll_fn(|cx| {
            self.waits[number % 2].register(cx.waker());
            if self.thrown.load(SeqCst) == number { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn throw(&self, number: usize) {
        assert_eq!(self.thrown.swap(number, SeqCst), number - 1, "each catches once");
        self.waits[number % 2].wake();
    }

    /// One side, of `rounds` rounds. Before it waits it does nothing, takes some turns, or sleeps for a moment.
    async fn play(&self, side: usize, rounds: usize) {
        let mut random = Random::new(side as u64);
        for round in 0..rounds {
            let number = 2 * round + side;
            self.catch(number).await;
            self.throw(number + 1);
            match random.below(64) {
                0..32 => {}
                awake @ 32..63 => {
                    // Up to some cycles: a cycle has 256 polls.
                    for _ in 0..(awake - 31) * 32 {
                        again().await;
                    }
                }
                _ => after(Duration::from_micros(random.below(50) as u64)).await.expect("inside"),
            }
        }
    }
}

/// Polls `future`, and fails where two polls of it overlap.
async fn alone_in_its_turns<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let inside = AtomicBool::new(false);
    poll_fn(|cx| {
        assert!(!inside.swap(true, SeqCst), "run twice at a time");
        let polled = future.as_mut().poll(cx);
        inside.store(false, SeqCst);
        polled
    })
    .await
}

/// Two workers; `None` where this kernel does not have the way, which is an error that says so.
fn two(way: Way) -> Option<Runtime> {
    // Restricted rings ring as others do.
    let builder = Runtime::builder().workers(Workers::Count(2)).doorbell(way).restrict(true);
    let told = match builder.build() {
        Ok(runtime) => return Some(runtime),
        Err(told) => told,
    };
    let best = Runtime::new().expect("a runtime").setup();
    let newer = best.features().any(|name| name == "RECVSEND_BUNDLE");
    assert!(matches!(way, Way::Futex | Way::Message) && !newer, "{way:?} by {best}: {told}");
    assert_eq!(told.kind(), ErrorKind::Unsupported);
    assert!(told.to_string().contains("run on Linux 6.7"), "{told}");
    None
}

/// Plays until each side was woken `wakes / 2` times: a round is a throw there and one back. A worker is rung at most once for each sleep, and so for each
/// throw to it.
fn play(way: Way, wakes: usize) {
    let rounds = wakes / 2;
    let _watch =
        Watch::lasting(Duration::from_secs(120) + Duration::from_micros(200) * rounds as u32);
    let Some(runtime) = two(way) else { return };
    let game = Arc::new(Game::default());
    runtime.play(async {
        let theirs = game.clone();
        let other = spawn_on(1, move || async move {
            alone_in_its_turns(theirs.play(1, rounds)).await;
        });
        alone_in_its_turns(game.play(0, rounds)).await;
        other.expect("there is room").await.expect("no panic");
    });
    assert_eq!(game.thrown.load(SeqCst), 2 * rounds);
    for worker in 0..2 {
        let stats = runtime.stats_of(worker).expect("there");
        // Its task's arrival and end ring too.
        assert!(stats.rings <= rounds as u64 + 2, "{stats:?} after {rounds} rounds by {way:?}");
        assert!(stats.rings > 0, "{stats:?}: it did sleep");
    }
}

// io 38
#[test]
fn a_ball_between_two_workers_is_never_lost() {
    play(Way::Best, if full() { 10_000_000 } else { quick(200_000) });
}

// io 38
#[test]
fn each_way_to_ring_loses_none() {
    for way in WAYS {
        play(way, if full() { 500_000 } else { quick(10_000) });
    }
}

// io 38
#[test]
fn nobody_rings_a_worker_that_is_awake() {
    let _watch = Watch::new();
    let rounds = quick(20_000);
    for way in WAYS {
        let Some(runtime) = two(way) else { continue };
        let game = Arc::new(Game::default());
        runtime.play(async {
            let (theirs, keep) = (game.clone(), Arc::new(AtomicBool::new(true)));
            let other = spawn_on(1, move || async move {
                let spins = keep.clone();
                let spinning = spawn(async move {
                    while spins.load(Relaxed) {
                        again().await;
                    }
                });
                let before = stats().rings;
                for round in 0..rounds {
                    theirs.catch(2 * round + 1).await;
                    theirs.throw(2 * round + 2);
                }
                let rung = stats().rings - before;
                keep.store(false, Relaxed);
                spinning.expect("inside").await.expect("no panic");
                rung
            });
            for round in 0..rounds {
                game.catch(2 * round).await;
                game.throw(2 * round + 1);
            }
            let rung = other.expect("there is room").await.expect("no panic");
            assert_eq!(rung, 0, "by {way:?}");
        });
    }
}

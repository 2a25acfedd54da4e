//! A storm of wakes: two who hand a ball to each other, round after round, each at rest in between for as long as a dice says. None of their
//! wakes may be lost.
//!
//! | dice     | with the ball it                                        | the other worker           |
//! |----------|---------------------------------------------------------|----------------------------|
//! | 0 to 7   | hands it on                                             | is looking for work        |
//! | 8 to 10  | gives up its turn before                                | is about to sleep          |
//! | 11, 12   | spins a little before                                   | is about to sleep          |
//! | 13       | spins before, until the other worker has had time to sleep | sleeps                  |
//! | 14, 15   | has a new task hand it on, and spins beside that        | is woken, and steals it    |
//!
//! A hundred thousand rounds; ten million where `TIDEMILL_DEPTH` is `full`.

use std::{
    env,
    future::poll_fn,
    hint::spin_loop,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc::{self, RecvTimeoutError},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use tidemill_core::{
    epoch::Async,
    error::Refused,
    task::{spawn_send, yield_now},
    wait::WakeCell,
};
use tidemill_sched::pool::Pool;

/// After so long without a round a wake was lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many rounds are played in each of these tests.
fn rounds() -> u64 {
    match env::var_os("TIDEMILL_DEPTH").is_some_and(|depth| depth == "full") {
        true => 10_000_000,
        false => 100_000,
    }
}

/// Where the ball is: with the first player in even rounds, with the second in odd ones.
struct Game {
    round: AtomicU64,
    rounds: u64,
    players: [WakeCell; 2],
}

impl Game {
    /// Whether this round has begun.
    fn has_begun(&self, round: u64) -> bool {
        self.round.load(SeqCst) == round
    }

    /// The next round begins.
    async fn hand_on(self: Arc<Self>, round: u64) {
        self.round.store(round, SeqCst);
        self.players[round as usize % 2].wake();
    }

    /// Plays to the end.
    async fn play(self: Arc<Self>, player: u64) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (player + 1));
        for round in (player..self.rounds).step_by(2) {
            let mine = poll_fn(|cx| {
                let begun = self.has_begun(round) || {
                    self.players[player as usize].register(cx.waker());
                    self.has_begun(round)
                };
                if begun { Poll::Ready(()) } else { Poll::Pending }
            });
            mine.await;
            let hand_on = self.clone().hand_on(round + 1);
            match dice.rest().await {
                None => hand_on.await,
                Some(spins) => match spawn_send(hand_on) {
                    Ok(task) => {
                        task.detach();
                        spin(spins);
                    }
                    // It is played on a thread.
                    Err(Refused(hand_on)) => hand_on.await,
                },
            }
        }
    }
}

/// Says how long one rests (xorshift, as Marsaglia gives it).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Rests. So long one is to spin beside somebody else who hands on, if one is to.
    async fn rest(&mut self) -> Option<u64> {
        let roll = self.roll();
        let more = roll >> 32;
        match roll % 16 {
            0..=7 => {}
            8..=10 => yield_now().await,
            11 | 12 => spin(more % 32),
            13 => spin(more % 512),
            _ => return Some(more % 512),
        }
        None
    }
}

fn spin(times: u64) {
    (0..times).for_each(|_| spin_loop());
}

/// Has `players` play a game in a thread of its own, and fails where it stands still.
#[track_caller]
fn watched(players: impl FnOnce(&Arc<Game>) + Send + 'static) {
    let both = [WakeCell::new(), WakeCell::new()];
    let game = Arc::new(Game { round: AtomicU64::new(0), rounds: rounds(), players: both });
    let (ends, ended) = mpsc::channel::<()>();
    let theirs = game.clone();
    let plays = thread::spawn(move || {
        let _ends = ends;
        players(&theirs);
    });
    let mut seen = 0;
    while ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        let round = game.round.load(SeqCst);
        assert_ne!(round, seen, "a wake was lost: nobody has played since");
        seen = round;
    }
    plays.join().expect("they play to the end");
    assert_eq!(game.round.load(SeqCst), game.rounds);
}

/// Both players are tasks of this pool, on these nodes, if any are named. How often its workers slept, and stole.
fn on_a_pool(pool: &Pool, game: &Arc<Game>, nodes: Option<[usize; 2]>) -> [usize; 2] {
    let tasks = [0, 1].map(|player| {
        let play = game.clone().play(player);
        let task = match nodes {
            Some(nodes) => pool.spawn_on(nodes[player as usize], play),
            None => pool.spawn(play),
        };
        task.expect("it takes tasks")
    });
    let all = async {
        for task in tasks {
            task.await.expect("it plays to the end");
        }
    };
    pool.block_on(all).expect("none of their wakes is lost");
    pool.run_all().expect("the last one to hand on ends, too");
    let stats = pool.stats();
    [stats.iter().map(|worker| worker.parks).sum(), stats.iter().map(|worker| worker.steals).sum()]
}

#[cfg(feature = "hwloc")]
#[test]
fn two_tasks_on_workers_of_their_own_lose_no_wake() {
    use tidemill_sched::pool::Topology;

    watched(|game| {
        let topology = Topology::synthetic("node:2 core:1 pu:1").unwrap();
        let pool = Pool::builder().topology(topology).pinned(false).build().unwrap();
        let [parks, _] = on_a_pool(&pool, game, Some([0, 1]));
        assert!(parks > 100, "they hardly slept: {parks}");
    });
}

#[test]
fn tasks_that_may_be_stolen_lose_no_wake() {
    watched(|game| {
        let pool = Pool::new(2).unwrap();
        let [parks, steals] = on_a_pool(&pool, game, None);
        assert!(parks > 0 && steals > 0, "they hardly moved: {parks}, {steals}");
    });
}

#[test]
fn a_thread_and_a_worker_lose_no_wake() {
    watched(|game| {
        let pool = Pool::new(1).unwrap();
        // As long as there is one, others than tasks may bring something.
        let _spawner = pool.spawner();
        let first = game.clone();
        let outside = thread::spawn(move || block_on(first.play(0)));
        let task = pool.spawn(game.clone().play(1)).unwrap();
        pool.block_on(task).expect("a thread plays with it").expect("it plays to the end");
        outside.join().expect("it plays to the end");
        pool.run_all().expect("the last one to hand on ends, too");
        let parks = pool.stats()[0].parks;
        assert!(parks > 100, "it hardly slept: {parks}");
    });
}

#[test]
fn who_runs_all_goes_on_when_nobody_is_left_and_not_before() {
    for workers in [1, 2, 4] {
        let pool = Pool::new(workers).unwrap();
        for round in 0..rounds() / 50 {
            // One after the other: where one has its turn nothing is queued.
            let mut values: Vec<_> = (0..20).map(|_| Async::<u64>::empty()).collect();
            let first = values[0].write();
            for at in 1..values.len() {
                let (source, target) = (values[at - 1].read(), values[at].write());
                let link = async move {
                    if let Ok(found) = source.get().await {
                        target.put(found + 1).await;
                    }
                };
                pool.spawn(link).unwrap().detach();
            }
            drop(first);
            pool.run_all().unwrap();
            assert_eq!(pool.live(), 0, "round {round} on {workers} workers");
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread, which parks meanwhile.
fn block_on(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park();
    }
}

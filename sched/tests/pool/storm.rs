//! A storm of wakes: two who hand a ball to each other, round after round, each at rest in between for as long as a dice says. None of their
//! wakes may be lost.
//!
//! | dice     | before handing on                                       | the other one's worker     |
//! |----------|---------------------------------------------------------|----------------------------|
//! | 0 to 9   | nothing                                                 | is looking for it          |
//! | 10 to 12 | gives up its turn                                       | is about to sleep          |
//! | 13, 14   | spins a little                                          | is about to sleep          |
//! | 15       | spins until the other one's worker has had time to sleep | sleeps                    |
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

use tidemill_core::{task::yield_now, wait::WakeCell};
use tidemill_sched::pool::Pool;

/// After so long without a round a wake was lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many rounds are played in all of these tests together.
fn all_rounds() -> u64 {
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
    /// The round, if it is this player's, or the game is over.
    fn ball(&self, player: u64) -> Option<u64> {
        let round = self.round.load(SeqCst);
        (round >= self.rounds || round % 2 == player).then_some(round)
    }

    /// Plays to the end.
    async fn play(self: Arc<Self>, player: u64) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (player + 1));
        loop {
            let mine = poll_fn(|cx| {
                let own = &self.players[player as usize];
                let ball = self.ball(player).or_else(|| {
                    own.register(cx.waker());
                    self.ball(player)
                });
                ball.map_or(Poll::Pending, Poll::Ready)
            });
            let round = mine.await;
            if round >= self.rounds {
                return;
            }
            dice.rest().await;
            self.round.store(round + 1, SeqCst);
            self.players[1 - player as usize].wake();
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

    async fn rest(&mut self) {
        let roll = self.roll();
        let more = roll >> 32;
        match roll % 16 {
            0..=9 => {}
            10..=12 => yield_now().await,
            13 | 14 => (0..more % 32).for_each(|_| spin_loop()),
            _ => (0..more % 512).for_each(|_| spin_loop()),
        }
    }
}

/// Has `players` play so many rounds, in a thread of its own, and fails where they stand still.
#[track_caller]
fn watched(rounds: u64, players: impl FnOnce(&Arc<Game>) + Send + 'static) {
    let players_of = [WakeCell::new(), WakeCell::new()];
    let game = Arc::new(Game { round: AtomicU64::new(0), rounds, players: players_of });
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
    assert_eq!(game.round.load(SeqCst), rounds);
}

/// Both are tasks of this pool; the player's number goes to who spawns.
fn on_a_pool(pool: &Pool, game: &Arc<Game>, nodes: [Option<usize>; 2]) {
    let tasks = [0, 1].map(|player| {
        let play = game.clone().play(player);
        let task = match nodes[player as usize] {
            Some(node) => pool.spawn_on(node, play),
            None => pool.spawn(play),
        };
        task.expect("it takes tasks")
    });
    let both = async {
        for task in tasks {
            task.await.expect("it plays to the end");
        }
    };
    pool.block_on(both).expect("none of their wakes is lost");
    let parks: usize = pool.stats().iter().map(|worker| worker.parks).sum();
    assert!(parks > 0, "nobody slept");
}

#[cfg(feature = "hwloc")]
#[test]
fn two_tasks_on_workers_of_their_own_lose_no_wake() {
    use tidemill_sched::pool::Topology;

    watched(all_rounds() / 10 * 3, |game| {
        let topology = Topology::synthetic("node:2 core:1 pu:1").unwrap();
        let pool = Pool::builder().topology(topology).pinned(false).build().unwrap();
        on_a_pool(&pool, game, [Some(0), Some(1)]);
    });
}

#[test]
fn two_tasks_that_may_be_stolen_lose_no_wake() {
    watched(all_rounds() / 10 * 4, |game| {
        let pool = Pool::new(2).unwrap();
        on_a_pool(&pool, game, [None, None]);
    });
}

#[test]
fn a_thread_and_a_worker_lose_no_wake() {
    watched(all_rounds() / 10 * 3, |game| {
        let pool = Pool::new(1).unwrap();
        // As long as there is one, others than tasks may bring something.
        let _spawner = pool.spawner();
        let first = game.clone();
        let outside = thread::spawn(move || block_on(first.play(0)));
        let task = pool.spawn(game.clone().play(1)).unwrap();
        pool.block_on(task).expect("a thread plays with it").expect("it plays to the end");
        outside.join().expect("it plays to the end");
    });
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

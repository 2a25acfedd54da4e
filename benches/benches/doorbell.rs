//! The doorbell: how long two wakes take, from one sleeping worker to another and back, by each way to ring, and between workers of two pools, beside two
//! threads on bare futexes.
//!
//! `cargo bench -p tidemill-benches --bench doorbell [-- --cycles N] [--rounds N]`
//!
//! All ways hold their two pinned threads at once and take turns in slices of `rounds`; a ratio is taken within a cycle, and the medians and quartiles over all
//! cycles are printed. Of each slice: the round trip (p50, p99), what the ring itself takes of the one who rings (p50; by message that is an entry of the
//! submission queue, and the call comes with the next turn), and the CPU time of that thread for a round, which has all of it.

use std::{
    env,
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{
            AtomicU32,
            Ordering::{Acquire, Release},
        },
        mpsc,
    },
    task::Poll,
    thread,
    time::Instant,
};

use rustix::{
    thread::futex,
    time::{ClockId, clock_gettime},
};
use tidemill_core::wait::WakeCell;
use tidemill_sched::pool::{End, Pool, Topology, pin};
use tidemill_uring::runtime::{Runtime, Way, Workers};

/// What a slice came to, in nanoseconds.
#[derive(Clone, Copy, Default)]
struct Slice {
    p50: f64,
    p99: f64,
    ring: f64,
    cpu: f64,
    /// Times that the worker which is rung was rung, for each round.
    rings: f64,
}

/// One of those that are measured: asked for a slice of so many rounds, its threads play it.
struct Player {
    name: &'static str,
    ask: mpsc::Sender<usize>,
    told: mpsc::Receiver<Slice>,
}

fn main() -> io::Result<()> {
    let (mut cycles, mut rounds) = (25, 2000);
    let mut given = env::args().skip(1);
    while let Some(name) = given.next() {
        let mut number = || given.next().and_then(|text| text.parse().ok());
        match name.as_str() {
            "--cycles" => cycles = number().unwrap_or(cycles),
            "--rounds" => rounds = number().unwrap_or(rounds),
            _ => {}
        }
    }
    let players = [
        player("limit: two futexes", limit),
        player("eventfd", |asked, tell| ours(Way::Eventfd, asked, tell)),
        player("futex by the ring", |asked, tell| ours(Way::Futex, asked, tell)),
        player("message of rings", |asked, tell| ours(Way::Message, asked, tell)),
        player("workers of pools", pools),
    ];
    let mut slices: Vec<Vec<Slice>> = vec![Vec::new(); players.len()];
    // The first cycle warms up.
    for cycle in 0..=cycles {
        for (player, slices) in players.iter().zip(&mut slices) {
            player.ask.send(rounds).map_err(io::Error::other)?;
            let slice = player.told.recv().map_err(|_| io::Error::other(player.name))?;
            if cycle > 0 {
                slices.push(slice);
            }
        }
    }
    println!("{cycles} cycles of {rounds} rounds; medians [quartiles], us");
    for (player, mine) in players.iter().zip(&slices) {
        let show = |value: fn(&Slice) -> f64| {
            let [low, middle, high] = quartiles(mine.iter().map(|slice| value(slice) / 1000.0));
            format!("{middle:6.2} [{low:.2} {high:.2}]")
        };
        let [_, ratio, _] =
            quartiles(mine.iter().zip(&slices[0]).map(|(our, limit)| our.p50 / limit.p50));
        let [_, rings, _] = quartiles(mine.iter().map(|slice| slice.rings));
        println!(
            "{:<19} p50 {} ({ratio:.3} of the limit)  p99 {}  the ring {}  CPU a round {}  rings a round {rings:.3}",
            player.name,
            show(|slice| slice.p50),
            show(|slice| slice.p99),
            show(|slice| slice.ring),
            show(|slice| slice.cpu),
        );
    }
    Ok(())
}

fn player(
    name: &'static str,
    play: impl FnOnce(mpsc::Receiver<usize>, mpsc::Sender<Slice>) -> io::Result<()> + Send + 'static,
) -> Player {
    let (ask, asked) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        if let Err(error) = play(asked, tell) {
            eprintln!("{name}: {error}");
        }
    });
    Player { name, ask, told }
}

/// The ball of a game, and who waits for it on either side.
#[derive(Default)]
struct Game {
    ball: AtomicU32,
    waits: [WakeCell; 2],
}

impl Game {
    /// Waits until the ball is `side`'s.
    async fn catch(&self, side: u32) {
        poll_fn(|cx| {
            self.waits[side as usize].register(cx.waker());
            // ordering: Acquire pairs with Release in `throw`.
            if self.ball.load(Acquire) == side { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn throw(&self, to: u32) {
        // ordering: Release pairs with Acquire in `catch`.
        self.ball.store(to, Release);
        self.waits[to as usize].wake();
    }
}

/// Two workers of ours.
fn ours(way: Way, asked: mpsc::Receiver<usize>, tell: mpsc::Sender<Slice>) -> io::Result<()> {
    let runtime = Runtime::builder().workers(Workers::Count(2)).doorbell(way).build()?;
    let game = Arc::new(Game::default());
    let theirs = game.clone();
    drop(runtime.spawn_on(1, move || async move {
        loop {
            theirs.catch(1).await;
            theirs.throw(0);
        }
    })?);
    for rounds in asked {
        let rung = || runtime.stats_of(1).map_or(0, |stats| stats.rings);
        let before = rung();
        let mut slice = runtime.run(async {
            let mut record = Record::new(rounds);
            for _ in 0..rounds {
                let start = record.start();
                game.throw(1);
                record.rung(start);
                game.catch(0).await;
                record.end(start);
            }
            record.slice()
        })?;
        slice.rings = (rung() - before) as f64 / rounds as f64;
        if tell.send(slice).is_err() {
            break;
        }
    }
    Ok(())
}

/// Two pools of a worker each: in one pool, whom a worker wakes runs on that worker.
fn pools(asked: mpsc::Receiver<usize>, tell: mpsc::Sender<Slice>) -> io::Result<()> {
    let topology = Topology::detect()?;
    let places: Vec<_> = topology.cpus().collect();
    // A pool's worker stands on a CPU that its maker may use.
    let pool = |side: usize| {
        let _pinned = pin(&topology, places[side % places.len()])?;
        Pool::new(1).map_err(io::Error::other)
    };
    let (here, there) = (pool(0)?, pool(1)?);
    let _they_wake_each_other = (here.spawner(), there.spawner());
    let game = Arc::new(Game::default());
    let theirs = game.clone();
    let answers = there.spawn(async move {
        loop {
            theirs.catch(1).await;
            theirs.throw(0);
        }
    });
    drop(answers.map_err(io::Error::other)?);
    for rounds in asked {
        let rung = || there.stats().iter().map(|worker| worker.doorbells).sum::<usize>();
        let (before, game) = (rung(), game.clone());
        let plays = here.spawn(async move {
            let mut record = Record::new(rounds);
            for _ in 0..rounds {
                let start = record.start();
                game.throw(1);
                record.rung(start);
                game.catch(0).await;
                record.end(start);
            }
            record.slice()
        });
        let played = here.block_on(plays.map_err(io::Error::other)?).map_err(io::Error::other)?;
        let mut slice = played.map_err(io::Error::other)?;
        slice.rings = (rung() - before) as f64 / rounds as f64;
        if tell.send(slice).is_err() {
            break;
        }
    }
    // Its task has no end.
    drop(here);
    there.shutdown(End::Cancel).map_err(io::Error::other)
}

/// Two threads that wait for a word each.
fn limit(asked: mpsc::Receiver<usize>, tell: mpsc::Sender<Slice>) -> io::Result<()> {
    let topology = Topology::detect()?;
    let places: Vec<_> = topology.cpus().collect();
    let words = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let throw = |words: &[AtomicU32; 2], to: usize| {
        words[to].store(1, Release);
        futex::wake(&words[to], futex::Flags::PRIVATE, 1).map(drop)
    };
    let catch = |words: &[AtomicU32; 2], side: usize| {
        while words[side].swap(0, Acquire) == 0 {
            // It returns at once where the word is one already, and for no reason now and then.
            let _ = futex::wait(&words[side], futex::Flags::PRIVATE, 0, None);
        }
    };
    let (theirs, there) = (words.clone(), (topology.clone(), places[1 % places.len()]));
    thread::spawn(move || {
        let _pinned = pin(&there.0, there.1);
        loop {
            catch(&theirs, 1);
            let _ = throw(&theirs, 0);
        }
    });
    let _pinned = pin(&topology, places[0])?;
    for rounds in asked {
        let mut record = Record::new(rounds);
        for _ in 0..rounds {
            let start = record.start();
            throw(&words, 1)?;
            record.rung(start);
            catch(&words, 0);
            record.end(start);
        }
        if tell.send(Slice { rings: 1.0, ..record.slice() }).is_err() {
            break;
        }
    }
    Ok(())
}

/// The times of a slice.
struct Record {
    rings: Vec<f64>,
    trips: Vec<f64>,
    cpu: f64,
}

impl Record {
    fn new(rounds: usize) -> Self {
        let room = || Vec::with_capacity(rounds);
        Self { rings: room(), trips: room(), cpu: cpu_time() }
    }

    fn start(&self) -> Instant {
        Instant::now()
    }

    fn rung(&mut self, start: Instant) {
        self.rings.push(start.elapsed().as_nanos() as f64);
    }

    fn end(&mut self, start: Instant) {
        self.trips.push(start.elapsed().as_nanos() as f64);
    }

    fn slice(mut self) -> Slice {
        let cpu = (cpu_time() - self.cpu) / self.trips.len() as f64;
        self.trips.sort_by(f64::total_cmp);
        self.rings.sort_by(f64::total_cmp);
        let at = |sorted: &[f64], part: f64| sorted[((sorted.len() - 1) as f64 * part) as usize];
        let (p50, p99) = (at(&self.trips, 0.5), at(&self.trips, 0.99));
        Slice { p50, p99, ring: at(&self.rings, 0.5), cpu, rings: 0.0 }
    }
}

/// Nanoseconds that the calling thread has run.
fn cpu_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|part| values[((values.len() - 1) as f64 * part) as usize])
}

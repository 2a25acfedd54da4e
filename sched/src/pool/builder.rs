//! A builder of pools: how many workers, where, and what they tell.

#![expect(unsafe_code, reason = "opens the shards of what is shared")]

use core::time::Duration;
use std::{
    io,
    sync::{
        Arc, Mutex, Weak,
        mpsc::{self, Sender},
    },
    thread,
};

use tidemill_core::{
    context::{HomeRef, Monitor},
    sync::{AtomicBool, AtomicUsize},
};

use super::{
    affinity::pin,
    clock::Monotonic,
    desk::Desk,
    erased::VTABLE,
    idle::Idle,
    inject::Injector,
    pool::Pool,
    rest::Rest,
    shard::Shard,
    shared::{Group, LongTurn, Seat, Shared, Watch},
    topology::{Place, Topology},
    worker::Worker,
};

/// How deep waits in turns stand on top of each other before they only sleep, by default.
const DEEPEST: usize = 32;

/// Says how a [`Pool`] is to be.
#[derive(Clone, Debug)]
#[must_use = "a builder makes a pool when it is told to `build`"]
pub struct Builder {
    workers: Option<usize>,
    topology: Option<Topology>,
    pinned: bool,
    paused: bool,
    deepest: usize,
    name: String,
    watch: Option<Watch>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            workers: None,
            topology: None,
            pinned: true,
            paused: false,
            deepest: DEEPEST,
            name: "pool".into(),
            watch: None,
        }
    }

    /// So many workers; one for each core by default. They are put on one CPU after the other, the first of every core before the second of any; more
    /// workers than there are CPUs are not pinned.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// On this machine, instead of what [`Topology::detect`] finds. On one that is made up workers cannot be [pinned](Self::pinned).
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = Some(topology);
        self
    }

    /// Whether each worker stays on its CPU, with memory of its node: by default it does.
    pub fn pinned(mut self, pinned: bool) -> Self {
        self.pinned = pinned;
        self
    }

    /// Begins [paused](Pool::pause).
    pub fn paused(mut self) -> Self {
        self.paused = true;
        self
    }

    /// How deep waits in turns ([`Async::wait`](tidemill_core::epoch::Async::wait)) may stand on top of each other, on one worker, and give turns to
    /// others: 32 by default. A deeper one sleeps until its value comes.
    pub fn waits(mut self, deepest: usize) -> Self {
        self.deepest = deepest;
        self
    }

    /// What its threads are called: this, and their number.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Has `tell` told of every turn that takes at least so long, with the task's name. The clock is read twice per turn then.
    pub fn on_long_turn(mut self, at_least: Duration, tell: fn(&LongTurn)) -> Self {
        self.watch = Some((at_least, tell));
        self
    }

    /// Makes the pool, whose workers have begun when this returns.
    ///
    /// # Errors
    /// The machine cannot be asked; a thread cannot be made, or not be pinned; or there are to be no workers.
    pub fn build(self) -> io::Result<Pool> {
        let topology = match &self.topology {
            Some(topology) => topology.clone(),
            None => Topology::detect()?,
        };
        let cpus: Vec<_> = topology.cpus().collect();
        let workers = self.workers.unwrap_or_else(|| topology.cores().count());
        if workers == 0 {
            let text = "a pool needs at least one worker";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let pinned = self.pinned && workers <= cpus.len();
        let mut places: Vec<_> = cpus.iter().copied().cycle().take(workers).collect();
        places.sort_by_key(|place| place.node);
        let shared = self.share(&topology, &places);
        let monitor = Monitor::top();
        // SAFETY: it stands in what is shared, and is opened here.
        let mut homes = shared.shards.iter().map(|shard| unsafe { shard.open(&shared) });
        let desks: Vec<_> = (0..workers)
            .zip(homes.by_ref())
            .map(|(worker, home)| (worker, home, shared.group_with(worker)))
            .collect();
        let outside = homes.next().expect("there is one more shard than workers");
        let (told, tells) = mpsc::channel();
        let mut threads = Vec::with_capacity(workers);
        // Whatever goes wrong from here on, dropping the pool ends those that have begun.
        let mut failed = None;
        for (worker, home, group) in desks {
            let place = pinned.then(|| (topology.clone(), places[worker]));
            let name = format!("{}-{worker}", self.name);
            let (theirs, root, told) = (shared.clone(), monitor.clone(), told.clone());
            let begin = move || begin((theirs, worker, group), home, place, root, told);
            match thread::Builder::new().name(name).spawn(begin) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    shared.leave_for_good(&monitor);
                    failed = Some(error);
                }
            }
        }
        drop(told);
        let pool = Pool::of(shared, outside, threads, places, monitor);
        let mut results = tells.into_iter();
        failed.map_or_else(|| results.try_for_each(|result| result), Err).map(|()| pool)
    }

    fn share(&self, topology: &Topology, places: &[Place]) -> Arc<Shared> {
        let workers = places.len();
        let mut nodes: Vec<_> = places.iter().map(|place| place.node).collect();
        nodes.dedup();
        let groups = nodes.iter().map(|node| {
            let of = |place: &Place| place.node == *node;
            let first = places.iter().position(of).unwrap_or(0);
            let count = places.iter().filter(|place| of(place)).count();
            let near = topology.nearest(*node);
            let near = near.filter_map(|near| nodes.iter().position(|node| *node == near));
            Group {
                node: *node,
                workers: first..first + count,
                injector: Injector::default(),
                near: near.collect(),
                spawned: AtomicUsize::new(0).into(),
            }
        });
        Arc::new_cyclic(|shared: &Weak<Shared>| Shared {
            groups: groups.collect(),
            seats: (0..workers).map(|_| Seat::new()).collect(),
            shards: (0..=workers)
                .map(|number| Shard::new(&VTABLE, shared.as_ptr().cast(), number, workers + 1))
                .collect(),
            idle: Idle::new(workers).into(),
            paused: AtomicBool::new(self.paused),
            stopped: AtomicBool::new(false),
            working: AtomicUsize::new(workers),
            timed: AtomicUsize::new(0),
            expected: AtomicUsize::new(0),
            spawners: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            rest: Mutex::new(Rest::default()),
            turn: AtomicUsize::new(0).into(),
            clock: Monotonic::new(),
            watch: self.watch,
            deepest: self.deepest,
        })
    }
}

/// What a worker's thread does, from its beginning to its end.
fn begin(
    (shared, worker, group): (Arc<Shared>, usize, usize),
    home: HomeRef,
    place: Option<(Topology, Place)>,
    monitor: Monitor,
    told: Sender<io::Result<()>>,
) {
    let pinned = place.map(|(topology, place)| pin(&topology, place)).transpose();
    let _ = shared.seats[worker].thread.set(thread::current());
    let begun = pinned.as_ref().map(drop).map_err(|error| {
        io::Error::new(error.kind(), format!("worker {worker} cannot be pinned: {error}"))
    });
    let works = begun.is_ok();
    // Who builds the pool waits for it, or has failed otherwise.
    let _ = told.send(begun);
    drop(told);
    let desk = Desk::new(shared.clone(), worker, group, home);
    if works {
        Worker::new(desk, monitor.clone()).run();
    } else {
        drop(desk);
    }
    // What is dropped now may send errors, too.
    monitor.as_root(worker, || shared.leave_for_good(&monitor));
}

impl Pool {
    /// A pool of so many workers, on the cores of this machine.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new(workers: usize) -> io::Result<Self> {
        Self::builder().workers(workers).build()
    }

    /// A pool with one worker for each core, unless one says otherwise.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

//! A meter is given to an operation, which goes through its rounds: `while meter.goes_on()`, `start`, the operations of a round, `stop`. What lies outside
//! of `start` and `stop` is prepared or cleared away, and does not count.
//!
//! | plan          | rounds                                   | of each round                                   |
//! |---------------|------------------------------------------|-------------------------------------------------|
//! | `For`         | as many as fit in a time, one at least   | the time                                        |
//! | `Count`       | so many                                  | nothing: valgrind counts the whole program      |
//! | `Heap`        | so many                                  | allocations, and bytes that stay in use         |
//!
//! Some rounds to warm up come before, in every plan.

use std::{
    process,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};

use crate::{
    core::operations::Operation,
    heap::{self, Count},
    statistics::Spread,
};

/// What is measured, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Time, for so long.
    For(Duration),
    /// Nothing, for so many rounds.
    Count(u64),
    /// Allocations, for so many rounds.
    Heap(u64),
}

/// By which a round is timed.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// What passes: for rounds that are so short that few of them are interrupted, and the median is of those that are not.
    Wall(Instant),
    /// What the thread runs: for rounds so long that all are interrupted where the machine has other work.
    Thread,
}

impl Clock {
    fn new(long: bool) -> Self {
        if long { Self::Thread } else { Self::Wall(Instant::now()) }
    }

    #[inline]
    fn now(self) -> Duration {
        match self {
            Self::Wall(origin) => origin.elapsed(),
            Self::Thread => {
                let time = clock_gettime(ClockId::ThreadCPUTime);
                Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
            }
        }
    }
}

/// Goes with an operation through its rounds.
#[derive(Debug)]
pub struct Meter {
    plan: Plan,
    warm_up: u64,
    rounds: u64,
    operations: u64,
    /// The time of a round that does nothing.
    idle: Duration,
    began: Option<Instant>,
    clock: Clock,
    start: Duration,
    before: Count,
    samples: Vec<f64>,
    allocations: u64,
    kept: i64,
    figures: Map<String, Value>,
}

impl Meter {
    /// For a visit of an operation.
    pub fn new(plan: Plan, operation: &Operation) -> Self {
        let before = heap::counted();
        let mut meter = Self {
            plan,
            warm_up: 0,
            rounds: 0,
            operations: 0,
            idle: Duration::ZERO,
            began: None,
            clock: Clock::new(operation.is_heavy()),
            start: Duration::ZERO,
            before,
            samples: Vec::with_capacity(1 << 16),
            allocations: 0,
            kept: 0,
            figures: Map::new(),
        };
        if let Plan::For(_) = plan {
            let idle = Spread::of((0..1001).map(|_| meter.nothing().as_nanos() as f64));
            meter.idle = Duration::from_nanos(idle.map_or(0.0, |idle| idle.low) as u64);
        }
        if let Plan::Heap(_) = plan {
            heap::count();
        }
        meter.warm_up = operation.warm_up;
        meter
    }

    /// A round without operations.
    fn nothing(&mut self) -> Duration {
        self.start = self.clock.now();
        self.clock.now() - self.start
    }

    /// Whether there is another round.
    pub fn goes_on(&mut self) -> bool {
        if self.rounds < self.warm_up {
            return true;
        }
        let measured = self.rounds - self.warm_up;
        match self.plan {
            Plan::Heap(rounds) => measured < rounds,
            Plan::Count(rounds) if measured < rounds => true,
            Plan::Count(_) => self.leave(),
            Plan::For(time) => {
                let began = *self.began.get_or_insert_with(Instant::now);
                measured == 0 || (began.elapsed() < time && self.samples.len() < 1 << 16)
            }
        }
    }

    /// Ends the program, so that what would be cleared away is not counted.
    fn leave(&mut self) -> ! {
        println!("{}", self.to_json());
        process::exit(0)
    }

    /// The operations of a round begin.
    #[inline]
    pub fn start(&mut self) {
        match self.plan {
            Plan::For(_) => self.start = self.clock.now(),
            Plan::Count(_) => {}
            Plan::Heap(_) => self.before = heap::counted(),
        }
    }

    /// So many operations are done.
    #[inline]
    pub fn stop(&mut self, operations: u64) {
        let warm = self.rounds >= self.warm_up;
        match self.plan {
            Plan::For(_) => {
                let took = self.clock.now() - self.start;
                if warm {
                    let nanos = took.saturating_sub(self.idle).as_nanos() as f64;
                    self.samples.push(nanos / operations as f64);
                }
            }
            Plan::Count(_) => {}
            Plan::Heap(_) => {
                let now = heap::counted();
                if warm {
                    self.allocations += now.allocations - self.before.allocations;
                    self.kept += now.bytes - self.before.bytes;
                }
            }
        }
        self.rounds += 1;
        self.operations += if warm { operations } else { 0 };
    }

    /// Counts bytes that a round uses, and that were there before it.
    pub fn keep(&mut self, bytes: usize) {
        if self.rounds >= self.warm_up {
            self.kept += bytes as i64;
        }
    }

    /// Whether all that the program does is counted.
    pub fn counts_all(&self) -> bool {
        matches!(self.plan, Plan::Count(_))
    }

    /// Waits until `moment`: asleep where valgrind counts, else awake, so that the processor stays warm.
    pub fn wait_until(&self, moment: Instant) {
        while let Some(rest) = moment.checked_duration_since(Instant::now()) {
            match self.plan {
                Plan::Count(_) => std::thread::sleep(rest),
                Plan::For(_) | Plan::Heap(_) => std::hint::spin_loop(),
            }
        }
    }

    /// Whether the time of a round counts.
    pub fn is_timed(&self) -> bool {
        matches!(self.plan, Plan::For(_))
    }

    /// A figure of its own.
    pub fn figure(&mut self, name: &str, value: f64) {
        self.figures.insert(name.to_owned(), json!(value));
    }

    /// What a visit says at its end.
    pub fn to_json(&mut self) -> Value {
        let operations = self.operations.max(1) as f64;
        match self.plan {
            Plan::For(_) => {
                if let Some(spread) = Spread::of(self.samples.iter().copied()) {
                    self.figure("ns", spread.median);
                }
            }
            Plan::Count(_) => {}
            Plan::Heap(_) => {
                self.figure("allocations", self.allocations as f64 / operations);
                self.figure("kept", self.kept as f64 / operations);
            }
        }
        self.figure("operations", self.operations as f64);
        Value::Object(self.figures.clone())
    }
}

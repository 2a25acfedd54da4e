//! The operations: what is measured of every contestant that can do it.

use std::sync::LazyLock;

use super::{
    parallel::{Parallel, Skill},
    part::Part,
};

/// What is done, and at what size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Spawn a task that does nothing and join it, one after the other.
    SpawnJoin,
    /// Spawn a thousand such tasks, then join them all.
    SpawnMany,
    /// So many tasks yield in turn.
    Yield(usize),
    /// Two tasks wake each other.
    PingPong,
    /// Wake every one of so many tasks, and poll them.
    Wake {
        /// How many there are.
        live: usize,
        /// Not in the order in which they were spawned.
        shuffled: bool,
    },
    /// A value is set, then read.
    Ready,
    /// A value is waited for, set, and read.
    Parked,
    /// A value is set on one thread and awaited on another.
    Threads,
    /// The first of two that is ready.
    Choose,
    /// An item goes from a task to a task, with room for so many.
    Pipe(usize),
    /// A mutex that nobody holds is locked and unlocked.
    Mutex,
    /// A timer is made, polled and dropped, and no other is there.
    TimerOne,
    /// So many timers are made and polled.
    TimerCreate(usize),
    /// So many timers are dropped before they are due.
    TimerCancel(usize),
    /// So many timers are due.
    TimerFire(usize),
    /// So many tasks sleep until some moment of a second.
    Sleepers(usize),
    /// A step of a loop of so many, each of which awaits.
    TailLoop(usize),
    /// Something with values in epochs.
    Epochs(Epochs),
    /// Something on so many workers.
    Parallel {
        /// What is done.
        work: Parallel,
        /// On how many.
        workers: usize,
    },
}

/// What is done with values in epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epochs {
    /// `x += 1`.
    Simple(Part),
    /// `x = x + 1`.
    Binary(Part),
    /// An epoch is opened and closed.
    Open,
    /// A reader enrols and leaves.
    Reader,
    /// Tasks read a value that is there.
    Ready,
    /// So many tasks wait for one value.
    FanOut(usize),
    /// So many small kernels wait for one value.
    Looks(usize),
    /// So many functions wait for one value, in no tasks of their own.
    Asks(usize),
    /// A task awaits a hundred readers of one value.
    Readers,
    /// A task awaits two values.
    All2,
    /// A task awaits eight values.
    All8,
    /// So many cancelled epochs end.
    Cancel(usize),
    /// So many changes of one value are under way.
    Pending(usize),
    /// Three values make one, in one kernel.
    Fused,
    /// Three values make one, by operators.
    Operators,
    /// A kernel for each call of a function that calls itself twice.
    Fib(u64),
    /// So many values are squared and summed by halves.
    Sum(usize),
    /// A value that is built backwards is added to.
    Reverse,
}

/// What somebody else needed, who is not measured here.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// User instructions; 0 where nobody knows.
    pub instructions: f64,
    /// Allocations.
    pub allocations: f64,
    /// Nanoseconds.
    pub ns: f64,
    /// Bytes that stay in use.
    pub bytes: Option<f64>,
}

/// What a contestant must be able to do for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Make tasks at any time, and join them.
    Spawn,
    /// Run tasks.
    Tasks,
    /// Run very many tasks.
    Crowds,
    /// Hand over a value that is there.
    Ready,
    /// Wait for a value.
    Parked,
    /// Hand a value to another thread.
    Threads,
    /// Wait for either of two values, again and again.
    Choose,
    /// Carry items from task to task.
    Pipe,
    /// Lock.
    Mutex,
    /// Wait for a moment.
    Timers,
    /// Wait for very many moments.
    ManyTimers,
    /// Keep values in epochs.
    Epochs,
    /// Have very many tasks wait for moments, in real time.
    Sleepers,
    /// Loop by steps.
    TailLoop,
    /// Work on several threads.
    Parallel(Skill),
}

/// Beyond so many live tasks or timers the processor's caches are what is measured, and runs are long.
const MANY: usize = 65_536;

/// Something that is measured.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What it is called, on the command line and in tables.
    pub name: String,
    /// What one of it is.
    pub title: &'static str,
    /// What is done.
    pub kind: Kind,
    /// The nanoseconds that ours may take at most.
    pub target: Option<f64>,
    /// The user instructions that ours may take at most.
    pub most_instructions: Option<f64>,
    /// What uni20 needs.
    pub uni20: Option<Recorded>,
    /// Rounds before the first one that counts.
    pub warm_up: u64,
    /// Rounds of the short and of the long run under valgrind, if instructions tell something.
    pub counts: Option<[u64; 2]>,
    /// Rounds in which allocations are counted.
    pub heap: u64,
    /// The operation whose instructions are taken off, because every round does that before.
    pub less: Option<String>,
}

impl Operation {
    pub(super) fn new(name: &str, title: &'static str, kind: Kind) -> Self {
        let mut it = Self {
            name: name.to_owned(),
            title,
            kind,
            target: None,
            most_instructions: None,
            uni20: None,
            warm_up: 3,
            counts: None,
            heap: 10,
            less: None,
        };
        if it.size() < MANY {
            it.counts = Some([2, 6]);
        } else {
            (it.warm_up, it.heap) = (if it.size() > MANY { 1 } else { 3 }, 1);
        }
        match kind {
            Kind::Sleepers(_) => it.warm_up = 0,
            Kind::Parallel { work, .. } if work.is_long() => (it.warm_up, it.heap) = (1, 1),
            _ => {}
        }
        it
    }

    pub(super) fn at_most(self, nanos: f64) -> Self {
        Self { target: Some(nanos), ..self }
    }

    pub(super) fn needs(self, instructions: f64) -> Self {
        Self { most_instructions: Some(instructions), ..self }
    }

    pub(super) fn beside(self, uni20: Recorded) -> Self {
        Self { uni20: Some(uni20), ..self }
    }

    fn less(self, other: &str) -> Self {
        Self { less: Some(other.to_owned()), ..self }
    }

    fn heap(self, rounds: u64) -> Self {
        Self { heap: rounds, ..self }
    }

    pub(super) fn counts(self, counts: Option<[u64; 2]>) -> Self {
        Self { counts, ..self }
    }

    /// How many there are of what it is done to.
    fn size(&self) -> usize {
        match self.kind {
            Kind::Wake { live, .. } => live,
            Kind::TimerCreate(count) | Kind::TimerCancel(count) | Kind::TimerFire(count) => count,
            Kind::Sleepers(count) | Kind::TailLoop(count) => count,
            Kind::Epochs(Epochs::Cancel(count) | Epochs::Pending(count)) => count,
            _ => 1,
        }
    }

    /// Whether a round takes long, longer than a thread has the processor to itself on a machine that has other work.
    pub fn is_heavy(&self) -> bool {
        self.size() >= MANY
    }

    /// Whether it is about more than one thread.
    pub fn needs_cores(&self) -> bool {
        matches!(self.kind, Kind::Threads | Kind::Parallel { .. })
    }

    /// Whether it is about what tasks share, which there is in forms for one thread and for all.
    pub fn is_shared(&self) -> bool {
        matches!(
            self.ability(),
            Ability::Ready
                | Ability::Parked
                | Ability::Choose
                | Ability::Pipe
                | Ability::Mutex
                | Ability::Epochs
        )
    }

    /// What a contestant must be able to do for it.
    pub fn ability(&self) -> Ability {
        match self.kind {
            Kind::SpawnJoin | Kind::SpawnMany => Ability::Spawn,
            Kind::Yield(_) | Kind::PingPong => Ability::Tasks,
            Kind::Wake { live, .. } if live < MANY => Ability::Tasks,
            Kind::Wake { .. } => Ability::Crowds,
            Kind::Ready => Ability::Ready,
            Kind::Parked => Ability::Parked,
            Kind::Threads => Ability::Threads,
            Kind::Choose => Ability::Choose,
            Kind::Pipe(_) => Ability::Pipe,
            Kind::Mutex => Ability::Mutex,
            Kind::TimerOne => Ability::Timers,
            Kind::TimerCreate(live) | Kind::TimerCancel(live) | Kind::TimerFire(live) => {
                if live < MANY { Ability::Timers } else { Ability::ManyTimers }
            }
            Kind::Sleepers(_) => Ability::Sleepers,
            Kind::TailLoop(_) => Ability::TailLoop,
            Kind::Epochs(_) => Ability::Epochs,
            Kind::Parallel { work, .. } => Ability::Parallel(work.skill()),
        }
    }
}

/// All of them, in the order of tables.
pub static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let mut all = vec![
        Operation::new("spawn_join", "spawn and join a no-op", Kind::SpawnJoin).at_most(45.0),
        Operation::new("spawn_many", "spawn 1000 and join all, each", Kind::SpawnMany)
            .at_most(35.0),
        Operation::new("yield_one", "yield, alone", Kind::Yield(1)).at_most(25.0),
        Operation::new("yield_hundred", "yield, among 100", Kind::Yield(100)).at_most(15.0),
        Operation::new("ping_pong", "round trip of two tasks that wake each other", Kind::PingPong)
            .at_most(50.0),
    ];
    for live in [1, 256, 4096, 16_384, 65_536, 1_048_576] {
        let title = "wake and poll one of so many live tasks, all in spawn order";
        all.push(Operation::new(
            &format!("wake_{live}"),
            title,
            Kind::Wake { live, shuffled: false },
        ));
    }
    for live in [256, 4096, 16_384, 65_536, 1_048_576] {
        let title = "wake and poll one of so many live tasks, all, shuffled";
        let kind = Kind::Wake { live, shuffled: true };
        all.push(Operation::new(&format!("shuffled_{live}"), title, kind));
    }
    all.extend([
        Operation::new("ivar_ready", "set a value, then read it", Kind::Ready).at_most(15.0),
        Operation::new("ivar_parked", "wait for a value, set it, read it", Kind::Parked),
        Operation::new("ivar_threads", "set a value here, await it there", Kind::Threads)
            .counts(None),
        Operation::new("choose", "the second of two is ready", Kind::Choose).heap(1000),
    ]);
    for (name, room) in [("pipe_1", 1), ("pipe_100", 100), ("pipe_all", ITEMS)] {
        all.push(Operation::new(name, "an item from task to task", Kind::Pipe(room)));
    }
    all.push(Operation::new("mutex", "lock and unlock, uncontended", Kind::Mutex));
    all.push(
        Operation::new("timer_one", "make, poll and drop a timer, alone", Kind::TimerOne)
            .at_most(60.0),
    );
    for live in [1000, 1_000_000] {
        let name = |what: &str| format!("timer_{what}_{live}");
        let million = live == 1_000_000;
        let create = Operation::new(&name("create"), "make and poll so many timers, each", {
            Kind::TimerCreate(live)
        });
        let cancel = Operation::new(&name("cancel"), "drop so many timers, each", {
            Kind::TimerCancel(live)
        });
        all.push(if million { create.at_most(100.0) } else { create });
        let cancel = cancel.less(&name("create"));
        all.push(if million { cancel.at_most(30.0) } else { cancel });
    }
    for live in [1, 1000, 1_000_000] {
        let title = "so many timers are due at a time, each";
        let fire = Operation::new(&format!("timer_fire_{live}"), title, Kind::TimerFire(live));
        all.push(if live == 1000 { fire.less("timer_create_1000") } else { fire.counts(None) });
    }
    let sleepers = "a task that sleeps until a moment within a second";
    all.push(Operation::new("sleepers", sleepers, Kind::Sleepers(100_000)));
    all.push(Operation::new(
        "tail_loop",
        "a step of a loop of 2,000,000, each awaits",
        Kind::TailLoop(2_000_000),
    ));
    all
});

/// Items of a round through a pipe.
pub const ITEMS: usize = 1000;

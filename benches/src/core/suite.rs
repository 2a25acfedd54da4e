//! A suite: the operations that one benchmark measures.

use std::sync::LazyLock;

use super::{
    epochs::EPOCHS,
    operations::{OPERATIONS, Operation},
    pools::POOLS,
};

/// The operations of a benchmark.
#[derive(Debug)]
pub struct Suite {
    /// What it is called: its results are files of that name.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// What its picture is called.
    pub title: &'static str,
    /// The powers of ten, in nanoseconds, from which and to which its picture reaches.
    pub decades: [i32; 2],
    operations: &'static LazyLock<Vec<Operation>>,
}

impl Suite {
    /// All of its operations, in the order of tables.
    pub fn operations(&self) -> &'static [Operation] {
        self.operations
    }

    /// The operation of that name.
    pub fn find(&self, name: &str) -> Option<&'static Operation> {
        self.operations().iter().find(|operation| operation.name == name)
    }
}

/// Tasks, values, pipes, locks and timers.
pub static CORE: Suite = Suite {
    name: "core",
    about: "Every operation of the core, of ours and of every peer that has it, in alternating visits.",
    title: "The core: nanoseconds of an operation",
    decades: [0, 4],
    operations: &OPERATIONS,
};

/// Values in epochs.
pub static VALUES: Suite = Suite {
    name: "epochs",
    about: "Every operation of values in epochs, in alternating visits, beside what uni20 needed.",
    title: "Values in epochs: nanoseconds of an operation",
    decades: [0, 4],
    operations: &EPOCHS,
};

/// Several threads.
pub static THREADS: Suite = Suite {
    name: "pool",
    about: "Every operation of several threads, on one worker and on two, in alternating visits, beside peers and threads by hand.",
    title: "Pools of threads: nanoseconds of an operation",
    decades: [1, 5],
    operations: &POOLS,
};

/// The operation of that name, of all suites.
pub fn find(name: &str) -> Option<&'static Operation> {
    [&CORE, &VALUES, &THREADS].into_iter().find_map(|suite| suite.find(name))
}

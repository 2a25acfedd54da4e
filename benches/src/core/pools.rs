//! The operations of several threads, on one worker and on two, and what uni20 needs for them on TBB.
//!
//! uni20's figures were taken once, of its C++ sources built with clang 19 -O3 on TBB: a chain of 100,000, built and run, the best nanoseconds on a
//! machine of two cores with other work; of its instructions there is only one count, on one thread.

use std::sync::LazyLock;

use super::{
    operations::{Kind, Operation, Recorded},
    parallel::Parallel,
    part::Part,
};

/// All of them, in the order of tables.
pub static POOLS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let each = [1, 2].into_iter();
    let chains = each.clone().flat_map(chains);
    let spawns = each.clone().flat_map(spawns);
    let sums = each.flat_map(sums);
    chains.chain(spawns).chain(wakes()).chain(sums).collect()
});

fn operation(name: &str, title: &'static str, work: Parallel, workers: usize) -> Operation {
    let it = Operation::new(&format!("{name}_{workers}"), title, Kind::Parallel { work, workers });
    // What threads do under valgrind is another thing: it runs one at a time.
    it.counts(None)
}

fn uni20(instructions: f64, ns: f64) -> Recorded {
    Recorded { instructions, allocations: 0.0, ns, bytes: None }
}

/// Values that are changed again and again, by operators that are kernels of the pool.
fn chains(workers: usize) -> Vec<Operation> {
    let tbb = match workers {
        1 => [uni20(4897.0, 606.0), uni20(5173.0, 846.0)],
        _ => [uni20(0.0, 1010.0), uni20(0.0, 1338.0)],
    };
    let parts = [
        (Part::Build, "build", "of a chain of 1000 on a paused pool, built"),
        (Part::Run, "run", "of a chain of 1000 that is built, run"),
        (Part::Whole, "chain", "of a chain of 1000, built from outside and run"),
        (Part::Step, "step", "a task makes it and awaits it, one after the other"),
    ];
    let mut all = Vec::new();
    for (part, name, title) in parts {
        let simple = operation(&format!("simple_{name}"), title, Parallel::Simple(part), workers);
        let binary = operation(&format!("binary_{name}"), title, Parallel::Binary(part), workers);
        all.extend(match part {
            Part::Whole => [simple.beside(tbb[0]), binary.beside(tbb[1])],
            Part::Build | Part::Run | Part::Step => [simple, binary],
        });
    }
    let title = "of 100 on each of 1000 values, built by ten tasks and run";
    all.push(operation("wide", title, Parallel::Wide, workers));
    let title = "of 512 values, summed by halves by operators";
    all.push(operation("values_512", title, Parallel::Values(512), workers));
    all
}

/// Tasks that are spawned, yield, and wake each other.
fn spawns(workers: usize) -> Vec<Operation> {
    let all = [
        ("storm_outside", "of 200,000 no-ops, spawned from outside", Parallel::StormOutside),
        ("storm_inside", "of 200,000 no-ops, spawned and awaited by a task", Parallel::StormInside),
        ("one_by_one", "a task spawns a no-op and awaits it", Parallel::OneByOne),
        ("yield_100", "yield, among 100", Parallel::Yield(100)),
        ("wake_chain", "of 10,000 tasks, each of which wakes the next", Parallel::Chain),
        ("in_thread", "a task has a system thread do nothing", Parallel::InThread),
    ];
    all.map(|(name, title, work)| operation(name, title, work, workers)).into()
}

/// Two who are asleep. A futex needs 39 us on the machine of the record.
fn wakes() -> Vec<Operation> {
    let thread = "round trip of a system thread and a worker, both asleep";
    let workers = "round trip of two workers, both asleep";
    vec![
        operation("wake_thread", thread, Parallel::WakeThread, 1).at_most(1.05 * 39_000.0),
        operation("wake_workers", workers, Parallel::WakeWorkers, 2).at_most(1.05 * 39_000.0),
    ]
}

/// Leaves that are summed by halves.
fn sums(workers: usize) -> Vec<Operation> {
    let small = Parallel::Sum { leaves: 512, each: 1 };
    let large = Parallel::Sum { leaves: 1 << 16, each: 128 };
    vec![
        operation("sum_512", "of 512 leaves of a number each, summed by halves", small, workers),
        operation("sum_65536", "of 65,536 leaves of 128 numbers each", large, workers),
    ]
}

//! The operations of values in epochs, and what uni20 needs for them.
//!
//! uni20's figures were taken once, of its C++ sources built with clang 19 -O3: instructions counted by callgrind, which are exact, and the best
//! nanoseconds on a machine with other work, where they swing by 1.7. Its own scheduler for tests ran them, as first in first out as it is.

use std::sync::LazyLock;

use super::{
    operations::{Epochs, Kind, Operation, Recorded},
    part::Part,
};

/// All of them, in the order of tables.
pub static EPOCHS: LazyLock<Vec<Operation>> =
    LazyLock::new(|| [chains(), steps(), crowds(), graphs()].concat());

fn operation(name: &str, title: &'static str, kind: Epochs) -> Operation {
    Operation::new(name, title, Kind::Epochs(kind))
}

fn uni20(instructions: f64, allocations: f64, ns: f64) -> Recorded {
    Recorded { instructions, allocations, ns, bytes: None }
}

/// A value that is changed again and again: uni20's `SimpleAsync` and `Binary`, built and run apart and together.
fn chains() -> Vec<Operation> {
    let titles = [
        (Part::Build, "build", "of a chain of 1000, built"),
        (Part::Run, "run", "of a chain of 1000, run"),
        (Part::Whole, "chain", "of a chain of 1000, built and run"),
        (Part::Step, "step", "built and run, one after the other"),
    ];
    let mut all = Vec::new();
    for (part, name, title) in titles {
        let simple = operation(&format!("simple_{name}"), title, Epochs::Simple(part));
        all.push(match part {
            Part::Whole => simple.needs(900.0).beside(uni20(3632.0, 4.0, 444.0)),
            Part::Step => simple.beside(uni20(2641.0, 3.0, 311.0)),
            // Each counts the other, too.
            Part::Build | Part::Run => simple.counts(None),
        });
    }
    for (part, name, title) in titles {
        let binary = operation(&format!("binary_{name}"), title, Epochs::Binary(part));
        all.push(match part {
            Part::Whole => binary.beside(uni20(3908.0, 5.0, 542.0)),
            Part::Step => binary,
            Part::Build | Part::Run => binary.counts(None),
        });
    }
    all
}

/// What a value is asked for by itself.
fn steps() -> Vec<Operation> {
    vec![
        operation("epoch", "an epoch is opened and closed", Epochs::Open).at_most(25.0),
        operation("reader", "a reader enrols and leaves", Epochs::Reader).at_most(20.0),
        operation("all_2", "a task awaits two values that come later", Epochs::All2),
        operation("all_8", "a task awaits eight values that come later", Epochs::All8),
    ]
}

/// Many at one value.
fn crowds() -> Vec<Operation> {
    let mut all = vec![
        operation("ready_1000", "of 1000 tasks that read a value that is there", Epochs::Ready)
            .beside(uni20(917.0, 1.0, 99.0)),
    ];
    for readers in [2, 16, 256, 1000] {
        let title = "of so many tasks that wait for one value";
        let fan = operation(&format!("fan_out_{readers}"), title, Epochs::FanOut(readers));
        let record = uni20(1232.0, 1.0, 211.0);
        all.push(if readers == 1000 { fan.needs(300.0).beside(record) } else { fan });
    }
    let looks = operation(
        "looks_1000",
        "of 1000 small kernels that wait for one value",
        Epochs::Looks(1000),
    );
    all.push(looks.needs(300.0).beside(uni20(1232.0, 1.0, 211.0)));
    for asks in [1, 2, 16, 256, 1000] {
        let title = "of so many functions that wait for one value, by `upon`";
        let ask = operation(&format!("upon_{asks}"), title, Epochs::Asks(asks));
        let record = uni20(1232.0, 1.0, 211.0);
        all.push(if asks == 1000 { ask.needs(300.0).beside(record) } else { ask });
    }
    all.push(operation(
        "readers_100",
        "of 100 readers of one value that one task awaits",
        Epochs::Readers,
    ));
    for epochs in [1000, 1_000_000] {
        let title = "of so many cancelled epochs that end at once";
        let chain = operation(&format!("cancel_{epochs}"), title, Epochs::Cancel(epochs));
        all.push(chain.counts(None));
    }
    let pending = operation(
        "pending_1000000",
        "of a chain of 1,000,000 that is built and has not run",
        Epochs::Pending(1_000_000),
    );
    let bytes = Some(539.0);
    all.push(pending.counts(None).beside(Recorded { bytes, ..uni20(0.0, 0.0, 0.0) }));
    all
}

/// Values of values.
fn graphs() -> Vec<Operation> {
    vec![
        operation("fused_3", "z = x * y + w in one kernel", Epochs::Fused)
            .needs(1500.0)
            .beside(uni20(5223.0, 6.1, 756.0)),
        operation("operators_3", "z = x * y + w by operators", Epochs::Operators)
            .beside(uni20(9108.0, 10.2, 1922.0)),
        operation("fib_20", "of the 10,945 kernels of fib(20)", Epochs::Fib(20)),
        operation("sum_1000", "of 1000 leaves whose squares are summed", Epochs::Sum(1000)),
        operation("reverse_add", "a gradient is added to, built and run", Epochs::Reverse)
            .needs(900.0)
            .beside(uni20(3115.0, 2.0, 404.0)),
    ]
}

//! A visit: one contestant goes through one operation, in a process of its own, and says what came of it.

#![expect(
    clippy::result_large_err,
    reason = "an `Err` hands the meter back, for the next that may know the operation"
)]

mod contract;
mod operations;
mod players;

use std::{env, process::ExitCode, time::Duration};

use tidemill_benches::{
    core::{
        meter::{Meter, Plan},
        operations::find,
        roster,
    },
    heap::Counting,
    server,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HELP: &str = "\
One contestant goes through one operation, and says what came of it in a line of JSON.

usage: core-contestant CONTESTANT OPERATION [--ms N | --count ROUNDS | --heap ROUNDS] [--core N]

  --ms N          time, for so long (100)
  --count ROUNDS  nothing: for valgrind, which counts the whole program
  --heap ROUNDS   allocations, and bytes that stay in use
  --core N        run on that core";

fn main() -> ExitCode {
    let mut given: Vec<String> = env::args().skip(1).collect();
    if given.len() < 2 || given.iter().any(|word| word == "--help") {
        eprintln!("{HELP}");
        return ExitCode::from(2);
    }
    match visit(&given.remove(0), &given.remove(0), &given) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("core-contestant: {text}");
            ExitCode::FAILURE
        }
    }
}

fn visit(contestant: &str, operation: &str, options: &[String]) -> Result<String, String> {
    let mut plan = Plan::For(Duration::from_millis(100));
    for pair in options.chunks(2) {
        let number = pair.get(1).and_then(|text| text.parse().ok());
        let number: u64 = number.ok_or(format!("{} needs a number", pair[0]))?;
        match pair[0].as_str() {
            "--ms" => plan = Plan::For(Duration::from_millis(number)),
            "--count" => plan = Plan::Count(number),
            "--heap" => plan = Plan::Heap(number),
            "--core" => server::pin(number as usize).map_err(|error| error.to_string())?,
            name => return Err(format!("unknown option {name}")),
        }
    }
    let contestant = roster::find(contestant).ok_or(format!("no such contestant: {contestant}"))?;
    let operation = find(operation).ok_or(format!("no such operation: {operation}"))?;
    server::raise_descriptors();
    let meter = Meter::new(plan, operation);
    let played = players::play(contestant.name, operation.kind, meter);
    let cannot = |_| format!("{} cannot do {}", contestant.name, operation.name);
    let mut meter = played.map_err(cannot)?;
    Ok(meter.to_json().to_string())
}

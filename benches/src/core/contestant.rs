//! A program in which contestants go through operations: one of them through one of those, in a process of its own, which says what came of it.

use std::{env, process::ExitCode, time::Duration};

use super::{
    meter::{Meter, Plan},
    operations::Kind,
    roster,
    suite::find,
};
use crate::server;

/// Has a contestant go through an operation; hands the meter back where it cannot.
pub type Play = fn(&str, Kind, Meter) -> Result<Meter, Meter>;

/// The `main` of such a program.
pub fn main(name: &str, play: Play) -> ExitCode {
    let mut given: Vec<String> = env::args().skip(1).collect();
    if given.len() < 2 || given.iter().any(|word| word == "--help") {
        eprintln!("{}", help(name));
        return ExitCode::from(2);
    }
    match visit(&given.remove(0), &given.remove(0), &given, play) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{name}: {text}");
            ExitCode::FAILURE
        }
    }
}

fn help(name: &str) -> String {
    format!(
        "\
One contestant goes through one operation, and says what came of it in a line of JSON.

usage: {name} CONTESTANT OPERATION [--ms N | --count ROUNDS | --heap ROUNDS] [--core N]

  --ms N          time, for so long (100)
  --count ROUNDS  nothing: for valgrind, which counts the whole program
  --heap ROUNDS   allocations, and bytes that stay in use
  --core N        run on that core"
    )
}

fn visit(
    contestant: &str,
    operation: &str,
    options: &[String],
    play: Play,
) -> Result<String, String> {
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
    let played = play(contestant.name, operation.kind, meter);
    let cannot = |_| format!("{} cannot do {}", contestant.name, operation.name);
    let mut meter = played.map_err(cannot)?;
    Ok(meter.to_json().to_string())
}

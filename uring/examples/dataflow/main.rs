//! Computes with values in epochs: a wide graph, a sum of squares by halves, and a deep one, a chain in which each step needs the one before.
//!
//! `dataflow [--nodes N] [--threads N] [--dot FILE]` builds each graph, runs it, checks what came out, and says how long that took. With
//! `--dot` (and feature `dag`) the graphs are written for Graphviz, as they stand before they run.

#[cfg(feature = "dag")]
mod picture;
#[cfg(not(feature = "dag"))]
#[path = "no_picture.rs"]
mod picture;

use std::{env, path::PathBuf, pin::pin, process::ExitCode, time::Instant};

use tidemill_core::{epoch::Async, error::Missing};
use tidemill_sched::debug::{DebugScheduler, Order};

const HELP: &str = "\
Computes with values in epochs: a wide graph and a deep one.

usage: dataflow [--nodes N] [--threads N] [--dot FILE]

  --nodes N    how wide and how deep (default 100000, with --dot 8)
  --threads N  threads that compute (default 1; until there is a pool, one thread
               does it all, and more are refused with a word on stderr)
  --dot FILE   write both graphs for Graphviz before they run (`dot -Tsvg FILE`);
               needs the feature: cargo run --features dag --example dataflow
  --help       this text

Status 0: what came out is right.";

/// What was asked for.
struct Asked {
    nodes: u64,
    dot: Option<PathBuf>,
}

/// A graph that was built and has not run.
struct Built {
    name: &'static str,
    result: Async<u64>,
    expected: u64,
    kernels: u64,
}

fn main() -> ExitCode {
    let asked = match arguments() {
        Ok(Some(asked)) => asked,
        Ok(None) => return ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("dataflow: {text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match compute(&asked) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("dataflow: {text}");
            ExitCode::FAILURE
        }
    }
}

/// What was asked for; `None` where help was all.
fn arguments() -> Result<Option<Asked>, String> {
    let (mut nodes, mut dot) = (None, None);
    let mut given = env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                return Ok(None);
            }
            "--nodes" => match value()?.parse() {
                Ok(number @ 1..=1_000_000) => nodes = Some(number),
                _ => return Err("--nodes takes a number from 1 to 1000000".to_owned()),
            },
            "--threads" => match value()?.parse() {
                Ok(1) => {}
                Ok(2..=1024) => eprintln!("dataflow: there is no pool yet: one thread computes"),
                _ => return Err("--threads takes a number from 1 to 1024".to_owned()),
            },
            "--dot" => dot = Some(PathBuf::from(value()?)),
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    if dot.is_some() && !picture::IS_THERE {
        return Err(
            "--dot needs the feature: cargo run --features dag --example dataflow".to_owned()
        );
    }
    let nodes = nodes.unwrap_or(if dot.is_some() { 8 } else { 100_000 });
    Ok(Some(Asked { nodes, dot }))
}

fn compute(asked: &Asked) -> Result<(), String> {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut graphs = Vec::new();
    for build in [wide, deep] {
        let begin = Instant::now();
        let built = scheduler.enter(|| build(asked.nodes));
        let each = begin.elapsed().as_nanos() / u128::from(built.kernels);
        println!("{}: {} kernels built in {each} ns each", built.name, built.kernels);
        graphs.push(built);
    }
    if let Some(file) = &asked.dot {
        picture::write(file).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("{} written", file.display());
    }
    let begin = Instant::now();
    let turns = scheduler.run_all();
    let each = begin.elapsed().as_nanos() / (turns.max(1) as u128);
    println!("{turns} turns in {each} ns each");
    graphs.into_iter().try_for_each(|built| check(&scheduler, built))
}

/// The sum of the squares of 1 to `nodes`, by halves.
fn wide(nodes: u64) -> Built {
    let leaves = (1..=nodes).map(|number| Async::<u64>::ready(number).labelled("leaf"));
    let mut level: Vec<_> = leaves.map(|leaf| &leaf * &leaf).collect();
    while level.len() > 1 {
        let half = |pair: &[Async<u64>]| match pair {
            [one, other] => one + other,
            // One that is left over goes on as it is.
            _ => &pair[0] + 0,
        };
        level = level.chunks(2).map(half).collect();
    }
    let result = level.pop().expect("there is one leaf at least").labelled("sum");
    let expected = nodes * (nodes + 1) * (2 * nodes + 1) / 6;
    Built { name: "wide", result, expected, kernels: 2 * nodes - 1 }
}

/// The sum of 1 to `nodes`, each of which is one more than the one before.
fn deep(nodes: u64) -> Built {
    let mut number = Async::<u64>::ready(0).labelled("number");
    let mut sum = Async::<u64>::ready(0).labelled("total");
    for _ in 0..nodes {
        number += 1;
        sum += &number;
    }
    Built { name: "deep", result: sum, expected: nodes * (nodes + 1) / 2, kernels: 2 * nodes }
}

/// Whether a graph has come to what it should.
fn check(scheduler: &DebugScheduler, built: Built) -> Result<(), String> {
    let Built { name, result, expected, .. } = built;
    let found = scheduler.run_with(pin!(async {
        let found = result.read().await?;
        Ok::<u64, Missing>(*found)
    }));
    match found {
        Ok(Ok(found)) if found == expected => {
            println!("{name}: {found}, as it should be");
            Ok(())
        }
        Ok(Ok(found)) => Err(format!("{name} came to {found}, and should be {expected}")),
        Ok(Err(missing)) => Err(format!("{name}: {missing}")),
        Err(stopped) => Err(format!("{name}: {stopped}")),
    }
}

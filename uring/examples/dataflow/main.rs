//! Computes with values in epochs: a wide graph, a sum of squares by halves, and a deep one, a chain in which each step needs the one before.
//!
//! `dataflow [--nodes N] [--threads N] [--dot FILE]` builds each graph, runs both on a pool, checks what came out, and says how long that took. With
//! `--dot` (and feature `dag`) the graphs are written for Graphviz, as they stand before they run.

#[cfg(feature = "dag")]
mod picture;
#[cfg(not(feature = "dag"))]
#[path = "no_picture.rs"]
mod picture;

use std::{env, path::PathBuf, process::ExitCode, time::Instant};

use tidemill_core::epoch::Async;
use tidemill_sched::pool::Pool;

const HELP: &str = "\
Computes with values in epochs: a wide graph and a deep one.

usage: dataflow [--nodes N] [--threads N] [--dot FILE]

  --nodes N    how wide and how deep (default 100000, with --dot 8)
  --threads N  threads that compute, each on a CPU as long as there are enough
               (default: one for each core)
  --dot FILE   write both graphs for Graphviz before they run (`dot -Tsvg FILE`);
               needs the feature: cargo run --features dag --example dataflow
  --help       this text

Status 0: what came out is right.";

/// What was asked for.
struct Asked {
    nodes: u64,
    threads: Option<usize>,
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
    let (mut nodes, mut threads, mut dot) = (None, None, None);
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
                Ok(number @ 1..=1024) => threads = Some(number),
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
    Ok(Some(Asked { nodes, threads, dot }))
}

fn compute(asked: &Asked) -> Result<(), String> {
    let builder = match asked.threads {
        Some(threads) => Pool::builder().workers(threads),
        None => Pool::builder(),
    };
    let pool = builder.paused().build().map_err(|error| format!("no pool: {error}"))?;
    let mut graphs = Vec::new();
    for build in [wide, deep] {
        let begin = Instant::now();
        let built = pool.enter(|| build(asked.nodes));
        let each = begin.elapsed().as_nanos() / u128::from(built.kernels);
        println!("{}: {} kernels built in {each} ns each", built.name, built.kernels);
        graphs.push(built);
    }
    if let Some(file) = &asked.dot {
        picture::write(file).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("{} written", file.display());
    }
    let begin = Instant::now();
    pool.run_all().map_err(|error| error.to_string())?;
    let passed = begin.elapsed().as_nanos();
    let stats = pool.stats();
    let turns: usize = stats.iter().map(|worker| worker.polls).sum();
    let each = passed / (turns.max(1) as u128);
    println!("{turns} turns in {each} ns each, on {} threads", stats.len());
    for (worker, (stats, place)) in stats.iter().zip(pool.places()).enumerate() {
        let (polls, steals) = (stats.polls, stats.steals);
        println!("  thread {worker} of node {}: {polls} turns, {steals} stolen", place.node);
    }
    graphs.into_iter().try_for_each(|built| check(&pool, built))
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
fn check(pool: &Pool, built: Built) -> Result<(), String> {
    let Built { name, result, expected, .. } = built;
    match result.wait_on(pool) {
        Ok(found) if *found == expected => {
            println!("{name}: {}, as it should be", *found);
            Ok(())
        }
        Ok(found) => Err(format!("{name} came to {}, and should be {expected}", *found)),
        Err(error) => Err(format!("{name}: {error}")),
    }
}

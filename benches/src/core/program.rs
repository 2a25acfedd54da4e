//! The program of a benchmark: what it is told, what it runs, where its results go.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    instructions, memory, picture,
    report::Report,
    roster::{self, CONTESTANTS},
    settings::{Pass, Settings},
    suite::Suite,
    table, time,
};
use crate::{
    arguments::{list, number},
    progress::Progress,
};

/// The `main` of a benchmark, whose visits `visitor` makes.
pub fn main(suite: &'static Suite, visitor: &str) -> ExitCode {
    let settings = match arguments(suite, visitor) {
        Ok(Some(settings)) => settings,
        Ok(None) => return ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("{}: {text}\n\n{}", suite.name, help(suite));
            return ExitCode::from(2);
        }
    };
    match run(settings) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{}: {error}", suite.name);
            ExitCode::FAILURE
        }
    }
}

fn help(suite: &Suite) -> String {
    let Suite { name, about, .. } = suite;
    format!(
        "\
{about}

usage: cargo bench -p tidemill-benches --bench {name} [-- OPTION..]

  --quick            a look at everything in two minutes; figures are rough
  --only A,B         which operations (see --list)
  --contestants A,B  whose (see --list)
  --passes A,B       of time, instructions, memory
  --cycles N         visits of each contestant for an operation (15)
  --slice-ms N       how long a visit measures (50)
  --out DIR          where {name}.json, {name}.svg and {name}.md go (target/bench)
  --list             the operations, and the contestants
  --help             this text

Each visit is a process of its own, on core 1: leave the machine alone meanwhile."
    )
}

fn arguments(suite: &'static Suite, visitor: &str) -> Result<Option<Settings>, String> {
    let given: Vec<String> = env::args().skip(1).collect();
    if given.is_empty() {
        // `cargo test --all-targets` starts benchmarks too, without the `--bench` that `cargo bench` adds.
        println!("nothing is measured in a test: see --help");
        return Ok(None);
    }
    let quick = given.iter().any(|word| word == "--quick");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from);
    let out = root.unwrap_or_default().join("target/bench");
    let mut settings = Settings::new(suite, quick, visitor.into(), out);
    let mut given = given.into_iter();
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => {
                println!("{}", help(suite));
                return Ok(None);
            }
            "--list" => {
                suite.operations().iter().for_each(|it| println!("{:<24} {}", it.name, it.title));
                println!();
                let plays = |it: &&roster::Contestant| settings.contestants.contains(it);
                let contestants = CONTESTANTS.iter().filter(plays);
                contestants.for_each(|it| println!("{:<24} {}", it.name, it.about));
                return Ok(None);
            }
            "--quick" | "--bench" => {}
            "--only" => {
                settings.operations = list(&value()?, "operation", |name| suite.find(name))?
            }
            "--contestants" => {
                settings.contestants = list(&value()?, "contestant", roster::find)?;
                settings.named = true;
            }
            "--passes" => settings.passes = list(&value()?, "pass", Pass::find)?,
            "--cycles" => settings.cycles = number(&value()?, 1..=1000)? as usize,
            "--slice-ms" => settings.slice_ms = number(&value()?, 1..=10_000)?,
            "--out" => settings.out = value()?.into(),
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    if settings.pairs().next().is_none() {
        return Err("none of these contestants can do any of these operations".to_owned());
    }
    Ok(Some(settings))
}

/// Whether all went well.
fn run(settings: Settings) -> io::Result<bool> {
    fs::create_dir_all(&settings.out)?;
    let mut progress = Progress::new(planned(&settings));
    let mut report = Report::new(settings.clone());
    if settings.has(Pass::Time) {
        let mut kept = Ok(());
        let mut keep = |report: &Report| kept = self::keep(report);
        time::measure(&settings, &mut report, &mut progress, &mut keep);
        kept?;
    }
    if settings.has(Pass::Instructions) {
        instructions::measure(&settings, &mut report, &mut progress);
    }
    if settings.has(Pass::Memory) {
        memory::measure(&settings, &mut report, &mut progress);
    }
    keep(&report)?;
    progress.note(&format!("results are in {}", settings.out.display()));
    print!("{}", table::text(&report));
    Ok(report.failures.is_empty())
}

/// Seconds that a run is planned to take.
fn planned(settings: &Settings) -> f64 {
    let seconds = |pass: &Pass| match pass {
        Pass::Time => time::planned(settings),
        Pass::Instructions => instructions::planned(settings),
        Pass::Memory => memory::planned(settings),
    };
    settings.passes.iter().map(seconds).sum()
}

/// Writes what was found so far, so that a run that is ended early leaves something.
fn keep(report: &Report) -> io::Result<()> {
    let out = &report.settings.out;
    let json = serde_json::to_string_pretty(&report.to_json())?;
    let file = |end: &str| out.join(format!("{}.{end}", report.settings.suite.name));
    fs::write(file("json"), json + "\n")?;
    fs::write(file("md"), table::text(report))?;
    fs::write(file("svg"), picture::svg(report))
}

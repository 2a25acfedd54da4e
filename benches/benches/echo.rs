//! `cargo bench -p tidemill-benches --bench echo`: our echo server beside every peer and the hand-written limit.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::Duration,
};

use tidemill_benches::{
    arguments::{list, number},
    echo::{
        calls, instructions,
        load::Load,
        memory, picture,
        process::LOAD_CORE,
        rate,
        report::Report,
        roster::{self, ROSTER},
        settings::{Cell, Pass, Settings},
        table,
    },
    progress::Progress,
    server,
};

const HELP: &str = "\
Our echo server beside every peer and the hand-written limit, in alternating slices.

usage: cargo bench -p tidemill-benches --bench echo [-- OPTION..]

  --quick          a look at everything in a few minutes; figures are rough
  --servers A,B    whom (see --list; the limit is what ratios are to)
  --cells 10x64,.. connections x bytes of a request (1 to 1000 x 1 to 16K)
  --passes A,B     of rate, calls, instructions, memory
  --cycles N       visits of each server in a cell (25)
  --slice-ms N     how long a visit is (100; twice that at 1000 connections)
  --out DIR        where echo.json, echo.svg and echo.md go (target/bench)
  --list           the servers, those that run only when named last
  --help           this text

Servers run on core 0 and the load on core 1: leave the machine alone meanwhile.";

fn main() -> ExitCode {
    let settings = match arguments() {
        Ok(Some(settings)) => settings,
        Ok(None) => return ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("echo: {text}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Option<Settings>, String> {
    let given: Vec<String> = env::args().skip(1).collect();
    if given.is_empty() {
        // `cargo test --all-targets` starts benchmarks too, without the `--bench` that `cargo bench` adds.
        println!("nothing is measured in a test: see --help");
        return Ok(None);
    }
    let quick = given.iter().any(|word| word == "--quick");
    let programs = Path::new(env!("CARGO_BIN_EXE_echo-limit")).parent().map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from);
    let out = root.unwrap_or_default().join("target/bench");
    let mut settings = Settings::new(quick, programs.unwrap_or_default(), out);
    let mut given = given.into_iter();
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                return Ok(None);
            }
            "--list" => {
                for usual in [true, false] {
                    let names = ROSTER.iter().filter(|entry| entry.usual == usual);
                    names.for_each(|entry| println!("{}", entry.name));
                }
                return Ok(None);
            }
            "--quick" | "--bench" => {}
            "--servers" => settings.servers = list(&value()?, "server", roster::find)?,
            "--cells" => settings.cells = list(&value()?, "cell", Cell::parse)?,
            "--passes" => settings.passes = list(&value()?, "pass", pass)?,
            "--cycles" => settings.cycles = number(&value()?, 1..=1000)? as usize,
            "--slice-ms" => {
                settings.slice = Duration::from_millis(number(&value()?, 10..=10_000)?);
            }
            "--out" => settings.out = value()?.into(),
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    Ok(Some(settings))
}

fn pass(name: &str) -> Option<Pass> {
    Pass::ALL.into_iter().find(|pass| pass.name() == name)
}

fn run(settings: Settings) -> io::Result<()> {
    let cores = thread::available_parallelism()?;
    if cores.get() <= LOAD_CORE {
        return Err(io::Error::other("two cores are needed: one for servers, one for the load"));
    }
    server::raise_descriptors();
    server::pin(LOAD_CORE)?;
    fs::create_dir_all(&settings.out)?;
    let mut progress = Progress::new(planned(&settings));
    let mut load = Load::new()?;
    let mut report = Report::new(settings.clone());
    if settings.has(Pass::Rate) {
        for cell in &settings.cells {
            report.cells.push(rate::measure(&settings, *cell, &mut load, &mut progress)?);
            keep(&report)?;
        }
    }
    if settings.has(Pass::Calls) {
        calls::measure(&settings, &mut load, &mut report, &mut progress)?;
        keep(&report)?;
    }
    if settings.has(Pass::Instructions) {
        instructions::measure(&settings, &mut load, &mut report, &mut progress)?;
        keep(&report)?;
    }
    if settings.has(Pass::Memory) {
        memory::measure(&settings, &mut report, &mut progress);
    }
    keep(&report)?;
    progress.note(&format!("results are in {}", settings.out.display()));
    print!("{}", table::text(&report));
    Ok(())
}

/// Seconds that a run is planned to take.
fn planned(settings: &Settings) -> f64 {
    let cells = settings.cells.iter().map(|cell| rate::planned(settings, *cell)).sum();
    [
        (Pass::Rate, cells),
        (Pass::Calls, calls::planned(settings)),
        (Pass::Instructions, instructions::planned(settings)),
        (Pass::Memory, memory::planned(settings)),
    ]
    .into_iter()
    .filter_map(|(pass, seconds)| settings.has(pass).then_some(seconds))
    .sum()
}

/// Writes what was found so far, so that a run that is ended early leaves something.
fn keep(report: &Report) -> io::Result<()> {
    let out = &report.settings.out;
    let json = serde_json::to_string_pretty(&report.to_json())?;
    fs::write(out.join("echo.json"), json + "\n")?;
    fs::write(out.join("echo.md"), table::text(report))?;
    fs::write(out.join("echo.svg"), picture::svg(report))
}

//! A visit: a contestant goes through an operation in a process of its own, alone or under valgrind.

use std::{
    io::{self, Read},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};

use super::{meter::Plan, operations::Operation, roster::Contestant, settings::Settings};
use crate::valgrind::Tool;

/// Where contestants run; the other thread of what needs two is left to the kernel.
const CORE: usize = 1;
/// How long a visit may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a visit said: figures by their names.
#[derive(Clone, Debug)]
pub struct Figures(Map<String, Value>);

impl Figures {
    /// The figure of that name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)))
    }
}

/// Has a contestant go through an operation.
///
/// # Errors
/// The program cannot be started, takes too long, or says that something is wrong.
pub fn visit(
    settings: &Settings,
    operation: &Operation,
    contestant: &Contestant,
    plan: Plan,
) -> io::Result<Figures> {
    run(Command::new(&settings.program), operation, contestant, plan)
}

/// The same under a tool of valgrind: what it said, and the tool's count.
///
/// # Errors
/// As [`visit`], or there is no count.
pub fn visit_under(
    tool: &Tool,
    settings: &Settings,
    operation: &Operation,
    contestant: &Contestant,
    rounds: u64,
) -> io::Result<(Figures, f64)> {
    let log = settings.out.join("valgrind.log");
    let words = tool.words(&log);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg(&settings.program);
    let figures = run(command, operation, contestant, Plan::Count(rounds))?;
    Ok((figures, tool.count(Path::new(&log))?))
}

fn run(
    mut command: Command,
    operation: &Operation,
    contestant: &Contestant,
    plan: Plan,
) -> io::Result<Figures> {
    let (option, number) = match plan {
        Plan::For(time) => ("--ms", time.as_millis() as u64),
        Plan::Count(rounds) => ("--count", rounds),
        Plan::Heap(rounds) => ("--heap", rounds),
    };
    command.args([contestant.name, &operation.name, option, &number.to_string()]);
    if !operation.needs_cores() {
        command.args(["--core", &CORE.to_string()]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let succeeded = wait(&mut child)?;
    let (mut said, mut complaint) = (String::new(), String::new());
    if let (Some(out), Some(error)) = (&mut child.stdout, &mut child.stderr) {
        out.read_to_string(&mut said)?;
        error.read_to_string(&mut complaint)?;
    }
    if !succeeded {
        let line =
            complaint.lines().find(|line| !line.trim().is_empty() && !line.contains("panicked at"));
        return Err(io::Error::other(line.unwrap_or("it failed without a word").to_owned()));
    }
    Ok(Figures(serde_json::from_str(&said)?))
}

/// Whether it ended well. What it says is little, and fits into its pipes.
fn wait(child: &mut Child) -> io::Result<bool> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::other("it takes too long"));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

//! Prints the machine as the pool sees it: nodes, cores, the CPUs that this process may use, and how far the nodes are from each other.

use std::{env, fs, process::ExitCode};

use tidemill_sched::pool::Topology;

const USAGE: &str = "\
Prints nodes, cores, the CPUs that this process may use, and how far the nodes are from each other.

usage: topology [--synthetic DESCRIPTION | --xml FILE]

  --synthetic DESCRIPTION   a machine that is made up, as hwloc describes them: \"node:2 core:2 pu:2\"
  --xml FILE                a machine that was recorded, as `lstopo machine.xml` does

`0+1` is a core that two CPUs share.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let topology = match arguments[..] {
        [] => Topology::detect().map_err(|error| error.to_string()),
        ["--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["--synthetic", description] => {
            Topology::synthetic(description).map_err(|error| error.to_string())
        }
        ["--xml", file] => fs::read_to_string(file)
            .and_then(|xml| Topology::from_xml(&xml))
            .map_err(|error| format!("{file}: {error}")),
        _ => {
            eprintln!("topology: unknown arguments\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match topology {
        Ok(topology) => {
            print!("{topology}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("topology: {error}");
            ExitCode::FAILURE
        }
    }
}

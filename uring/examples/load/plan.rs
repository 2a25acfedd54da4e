//! What to do, as the arguments say it.

use std::{env, net::SocketAddr, time::Duration};

use rustix::process::Pid;

pub(crate) const HELP: &str = "\
Drives load at an echo server on this machine, and checks every byte that comes back.

usage: load --to ADDR [--seconds S] [--connections N] [--size N|mixed] [--warmup S] [--pid PID]

  --to ADDR        the server, a loopback address
  --seconds S      how long to measure (default 5, at most 3600)
  --connections N  connections (default 400, at most 20000)
  --size N|mixed   bytes of a message, at most 1048576; `mixed` (default): 1 to 65536, mostly small
  --warmup S       how long to run before measuring (default 1, at most 60)
  --pid PID        the server's process: measures its CPU time per request, and sends it SIGUSR1 at
                   both ends of the window
  --help           this text

A line of progress on stderr each second, the report on stdout. Its last line is
`ok: N requests, 0 errors`, with status 0, or `failed: N requests, M errors`, with status 1.
SIGINT and SIGTERM end the window early.";

/// What to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) to: SocketAddr,
    pub(crate) seconds: Duration,
    pub(crate) warmup: Duration,
    pub(crate) connections: usize,
    /// Bytes of a message, or mixed.
    pub(crate) size: Option<usize>,
    pub(crate) pid: Option<Pid>,
}

impl Plan {
    /// The plan that the arguments ask for; `None` where help was all that was asked for.
    pub(crate) fn from_arguments() -> Result<Option<Self>, String> {
        let mut to = None;
        let mut plan = Self {
            to: SocketAddr::from(([127, 0, 0, 1], 0)),
            seconds: Duration::from_secs(5),
            warmup: Duration::from_secs(1),
            connections: 400,
            size: None,
            pid: None,
        };
        let mut given = env::args().skip(1);
        while let Some(name) = given.next() {
            if name == "--help" || name == "-h" {
                println!("{HELP}");
                return Ok(None);
            }
            let value = given.next().ok_or(format!("{name} needs a value"))?;
            match name.as_str() {
                "--to" => to = Some(loopback(&value)?),
                "--seconds" => plan.seconds = seconds(&name, &value, 0.1, 3600.0)?,
                "--warmup" => plan.warmup = seconds(&name, &value, 0.0, 60.0)?,
                "--connections" => plan.connections = count(&name, &value, 20_000)?,
                "--size" if value == "mixed" => plan.size = None,
                "--size" => plan.size = Some(count(&name, &value, 1 << 20)?),
                "--pid" => {
                    let pid = count(&name, &value, i32::MAX as usize)?;
                    plan.pid = Pid::from_raw(pid as i32);
                }
                _ => return Err(format!("unknown argument {name}")),
            }
        }
        plan.to = to.ok_or("--to ADDR is needed: the address of the server")?;
        Ok(Some(plan))
    }
}

fn loopback(value: &str) -> Result<SocketAddr, String> {
    let addr: SocketAddr =
        value.parse().map_err(|_| format!("--to takes an address and a port, not `{value}`"))?;
    if !addr.ip().is_loopback() {
        return Err(format!(
            "--to {addr} is not a loopback address: this load stays on its machine"
        ));
    }
    Ok(addr)
}

fn seconds(name: &str, value: &str, least: f64, most: f64) -> Result<Duration, String> {
    let given = value.parse().ok().filter(|given| (least..=most).contains(given));
    given
        .map(Duration::from_secs_f64)
        .ok_or(format!("{name} takes seconds from {least} to {most}, not `{value}`"))
}

fn count(name: &str, value: &str, most: usize) -> Result<usize, String> {
    let given = value.parse().ok().filter(|given| (1..=most).contains(given));
    given.ok_or(format!("{name} takes a number from 1 to {most}, not `{value}`"))
}

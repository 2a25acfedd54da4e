//! The example programs as processes: what they say, how they end.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{self, TcpListener},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Watch, assert_same, bytes};

/// An example, which cargo builds beside the tests.
pub(crate) fn example(name: &str) -> Command {
    let tests = std::env::current_exe().expect("a test has a program");
    let built: PathBuf = tests.ancestors().nth(2).expect("a folder").join("examples").join(name);
    assert!(built.exists(), "first: cargo build -p tidemill-uring --example {name}");
    let mut command = Command::new(built);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server that is ready. Killed when it is dropped.
struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    addr: String,
}

impl Server {
    fn start() -> Self {
        Self::with_workers("1")
    }

    fn with_workers(workers: &str) -> Self {
        let arguments = ["--listen", "127.0.0.1:0", "--workers", workers];
        let mut child = example("echo").args(arguments).spawn().expect("run");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let addr = line.strip_prefix("listening on ").expect("ready").trim().to_owned();
        Self { child, out, addr }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it lives");
    }

    /// A line of what it says.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        line
    }

    /// Waits for its end: success, the rest of what it said, its complaints.
    fn end(mut self) -> (bool, String, String) {
        let (mut said, mut complaints) = (String::new(), String::new());
        self.out.read_to_string(&mut said).expect("text");
        let mut err = self.child.stderr.take().expect("a pipe");
        err.read_to_string(&mut complaints).expect("text");
        let status = self.child.wait().expect("it ends");
        (status.success(), said, complaints)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn echo(addr: &str, len: usize) -> net::TcpStream {
    let mut stream = net::TcpStream::connect(addr).expect("accepted");
    stream.write_all(&bytes(1, len)).expect("written");
    let mut back = vec![0; len];
    stream.read_exact(&mut back).expect("echoed");
    assert_same(&back, &bytes(1, len));
    stream
}

#[test]
fn the_echo_server_serves_and_ends_cleanly_on_either_signal() {
    let _watch = Watch::new();
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start();
        for size in [1, 1000, 100_000] {
            drop(echo(&server.addr, size));
        }
        server.signal(signal);
        let (success, said, complaints) = server.end();
        assert!(success, "{complaints}");
        assert!(said.contains("served 3 connections, 101001 bytes, 0 failed"), "{said}");
        assert_eq!(complaints, "");
    }
}

#[test]
fn the_echo_server_serves_on_several_workers_and_tells_of_all() {
    let _watch = Watch::new();
    let mut server = Server::with_workers("3");
    // The kernel spreads them over the workers by a hash.
    let held: Vec<_> = (0..60).map(|number| echo(&server.addr, 100 + number)).collect();
    server.signal(Signal::USR1);
    let counts = server.line();
    assert!(counts.ends_with(" open 60\n"), "{counts}");
    drop(held);
    server.signal(Signal::TERM);
    let (success, said, complaints) = server.end();
    assert!(success, "{complaints}");
    assert!(said.contains("served 60 connections, 7770 bytes, 0 failed, 0 cut off"), "{said}");
    assert_eq!(complaints, "");
}

#[test]
fn a_second_echo_server_on_the_address_of_several_workers_is_refused() {
    let _watch = Watch::new();
    let server = Server::with_workers("2");
    let refused = example("echo").args(["--listen", &server.addr, "--workers", "2"]).output();
    let refused = refused.expect("run");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"));
    server.signal(Signal::INT);
    assert!(server.end().0);
}

#[test]
fn the_echo_server_ends_within_its_grace_although_connections_stay() {
    let _watch = Watch::new();
    let server = Server::start();
    let idle = echo(&server.addr, 10);
    server.signal(Signal::TERM);
    let (success, said, complaints) = server.end();
    assert!(success, "{complaints}");
    assert!(said.contains("served 1 connections"), "{said}");
    assert_eq!(complaints, "");
    drop(idle);
}

#[test]
fn the_echo_server_finishes_what_it_holds() {
    let _watch = Watch::new();
    let server = Server::start();
    let mut stream = echo(&server.addr, 10);
    server.signal(Signal::TERM);
    // Within the grace the connection still works, to its end.
    stream.write_all(b"last").expect("written");
    stream.shutdown(net::Shutdown::Write).expect("shut");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("read");
    assert_eq!(rest, "last");
    let (success, said, _) = server.end();
    assert!(success);
    assert!(said.contains("14 bytes, 0 failed, 0 cut off"), "{said}");
}

#[test]
fn the_echo_server_lives_on_whatever_its_peers_do() {
    let _watch = Watch::new();
    let mut server = Server::start();
    for round in 0..30 {
        let mut stream = net::TcpStream::connect(&server.addr).expect("accepted");
        match round % 3 {
            0 => crate::stage::reset(stream),
            1 => {
                stream.write_all(&bytes(round, 100_000)).expect("written");
                crate::stage::reset(stream);
            }
            _ => drop(stream),
        }
    }
    drop(echo(&server.addr, 100_000));
    server.signal(Signal::USR1);
    let counts = server.line();
    assert!(counts.starts_with("counts: allocations "), "{counts}");
    server.signal(Signal::TERM);
    let (success, said, complaints) = server.end();
    assert!(success, "{complaints}");
    assert!(said.contains("served 31 connections"), "{said}");
}

#[test]
fn the_echo_server_tells_why_it_cannot_start() {
    let _watch = Watch::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("bound").to_string();
    let refused: Output = example("echo").args(["--listen", &addr]).output().expect("run");
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains(&addr) && told.contains("in use"), "{told}");
    for (arguments, code) in [
        (&["--listen", "nonsense"][..], 1),
        (&["--listen"], 2),
        (&["--workers", "0"], 2),
        (&["--what"], 2),
        (&["--help"], 0),
    ] {
        let output = example("echo").args(arguments).output().expect("run");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    }
}

#[test]
fn the_load_program_checks_counts_and_reports() {
    let _watch = Watch::new();
    let mut server = Server::start();
    let pid = server.pid().as_raw_nonzero().to_string();
    let output = example("load")
        .args(["--to", &server.addr, "--seconds", "1", "--warmup", "0.2", "--connections", "50"])
        .args(["--pid", &pid])
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let last = said.lines().last().expect("a report");
    assert!(last.starts_with("ok: ") && last.ends_with(" requests, 0 errors"), "{said}");
    for line in ["window: ", "requests per second: ", "latency p99.9: ", "server CPU per request: "]
    {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert!(server.line().starts_with("counts: "));
    assert!(server.line().starts_with("counts: "));
    server.signal(Signal::TERM);
    let (success, said, complaints) = server.end();
    assert!(success, "{complaints}");
    assert!(said.contains("served 50 connections"), "{said}");
    assert!(said.contains(" 0 failed"), "{said}");
}

#[test]
fn the_load_program_fails_where_the_server_is_wrong() {
    let _watch = Watch::new();
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = closed.local_addr().expect("bound").to_string();
    drop(closed);
    let load = |addr: &str| {
        let arguments =
            ["--seconds", "0.2", "--warmup", "0", "--connections", "2", "--size", "100"];
        let output = example("load").args(["--to", addr]).args(arguments).output().expect("run");
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{out}{err}");
        let last = out.lines().last().expect("a report");
        assert!(last.starts_with("failed: "), "{out}");
        err.into_owned()
    };
    assert!(load(&addr).contains("refused"), "nobody listens");

    let liar = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = liar.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for (number, stream) in liar.incoming().enumerate() {
            let mut stream = stream.expect("accepted");
            let mut message = [0; 100];
            if stream.read_exact(&mut message).is_err() {
                continue;
            }
            message[42] ^= 1;
            // One lies, one leaves.
            let _ = stream.write_all(&message[..if number % 2 == 0 { 100 } else { 20 }]);
        }
    });
    let told = load(&addr);
    assert!(told.contains("mismatch at byte 42 of 100"), "{told}");
    assert!(told.contains("unexpected end at byte 20 of 100"), "{told}");

    let output = example("load").args(["--to", "192.0.2.1:80"]).output().expect("run");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a loopback address"));
}

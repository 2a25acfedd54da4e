//! The servers that there are.

/// A way to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called, on the command line and in tables.
    pub name: &'static str,
    /// The program.
    pub program: &'static str,
    /// Its arguments.
    pub arguments: &'static [&'static str],
    /// It holds a read buffer of its own for each connection.
    pub buffer: bool,
    /// It counts for itself, on SIGUSR1.
    pub counts: bool,
    /// It runs without being named.
    pub usual: bool,
}

/// What all others are compared with.
pub const LIMIT: &str = "limit";
/// Ours, as it comes; what begins with it and a hyphen is ours with an option.
pub const OURS: &str = "tidemill";

const fn peer(name: &'static str, arguments: &'static [&'static str]) -> Entry {
    Entry { name, program: "echo-peers", arguments, buffer: true, counts: false, usual: true }
}

const fn ours(name: &'static str, arguments: &'static [&'static str]) -> Entry {
    let usual = arguments.is_empty();
    Entry { name, program: "echo-tidemill", arguments, buffer: false, counts: true, usual }
}

const fn limit(name: &'static str, arguments: &'static [&'static str]) -> Entry {
    let usual = arguments.is_empty();
    Entry { name, program: "echo-limit", arguments, buffer: false, counts: false, usual }
}

/// All of them. A variant of ours is a line here, and an option of `servers/tidemill.rs`.
pub static ROSTER: &[Entry] = &[
    limit(LIMIT, &[]),
    ours(OURS, &[]),
    ours("tidemill-128x16k", &["--buffers", "128"]),
    ours("tidemill-4096x4k", &["--buffers", "4096", "--buffer-bytes", "4096"]),
    ours("tidemill-4096sq", &["--submissions", "4096", "--completions", "16384"]),
    ours("tidemill-direct", &["--direct", "16384"]),
    ours("tidemill-ordinary", &["--sends", "ordinary"]),
    ours("tidemill-expected", &["--sends", "expected"]),
    ours("tidemill-ticks", &["--tick", "1"]),
    ours("tidemill-ticks-enter", &["--tick", "1", "--deadline", "enter"]),
    limit("limit-128x16k", &["--buffers", "128"]),
    limit("limit-plain", &["--plain"]),
    peer("tokio", &["tokio"]),
    peer("monoio", &["monoio"]),
    peer("monoio-tuned", &["monoio", "--tuned"]),
    peer("compio", &["compio"]),
    peer("compio-tuned", &["compio", "--tuned"]),
    Entry { buffer: false, ..peer("compio-managed", &["compio", "--tuned", "--managed"]) },
    peer("glommio", &["glommio"]),
    peer("kimojio", &["kimojio"]),
    peer("tokio-uring", &["tokio-uring"]),
    peer("tokio-uring-tuned", &["tokio-uring", "--tuned"]),
];

/// The entry of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ROSTER.iter().find(|entry| entry.name == name)
}

/// What runs where nothing is named.
pub fn usual() -> Vec<&'static Entry> {
    ROSTER.iter().filter(|entry| entry.usual).collect()
}

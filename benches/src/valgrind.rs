//! Valgrind counts what a program does, to the instruction: it sees no kernel and no noise.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

/// A tool of valgrind, and what it says at the end.
#[derive(Debug)]
pub struct Tool {
    arguments: &'static [&'static str],
    before: &'static str,
    after: &'static str,
}

/// User instructions.
pub const INSTRUCTIONS: Tool = Tool {
    arguments: &["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"],
    before: "I   refs:",
    after: "",
};

/// Heap allocations.
pub const ALLOCATIONS: Tool = Tool {
    arguments: &["--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"],
    before: "total heap usage:",
    after: "allocs",
};

impl Tool {
    /// The words before those of a program that is to run under it, and whose counts go to `log`.
    pub fn words(&self, log: &Path) -> Vec<String> {
        let first = ["valgrind".to_owned(), format!("--log-file={}", log.display())];
        first.into_iter().chain(self.arguments.iter().map(|&word| word.to_owned())).collect()
    }

    /// What it counted, of the last process in `log`.
    ///
    /// # Errors
    /// There is no count.
    pub fn count(&self, log: &Path) -> io::Result<f64> {
        let text = fs::read_to_string(log)?;
        let count = text.lines().rev().find_map(|line| {
            let rest = line.split_once(self.before)?.1;
            let number = if self.after.is_empty() { rest } else { rest.split_once(self.after)?.0 };
            number.trim().replace(',', "").parse().ok()
        });
        count.ok_or_else(|| io::Error::other(format!("no count in {}", log.display())))
    }
}

/// Why it cannot be had here, if so.
pub fn missing() -> Option<String> {
    let run = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    run.err().map(|error| format!("valgrind cannot be run: {error}"))
}

//! The machine on which a benchmark runs, in words.

use std::{fs, process::Command};

/// Its processor, cores, kernel and compiler.
pub fn machine() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    // Not the cores that this thread may use: it is bound to one.
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let rust = Command::new("rustc").arg("--version").output().ok();
    let rust = rust.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    let model = model.unwrap_or("unknown processor");
    let rust = rust.unwrap_or_default();
    format!("{model}, {cores} cores, Linux {}, {rust}", kernel.trim())
}

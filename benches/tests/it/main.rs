//! What can be tested of benchmarks without measuring: their arithmetic.

mod settings;
mod statistics;
mod suites;

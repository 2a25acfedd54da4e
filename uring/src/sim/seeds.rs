//! Seeds: as many as `TIDEMILL_SEEDS` says (16 else), or the one that `TIDEMILL_SEED` names, to replay it.

use std::{env, panic};

/// How many seeds a test runs where nobody says.
const QUICK: u64 = 16;

/// Runs `test` with many seeds, or with the one to replay; a seed that fails is printed, with how to replay it.
///
/// # Panics
/// As `test`; or where one of the two variables is not a number.
pub fn seeds(test: impl Fn(u64)) {
    let number = |name| {
        let text = env::var(name).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
    };
    if let Some(seed) = number("TIDEMILL_SEED") {
        return test(seed);
    }
    for seed in 0..number("TIDEMILL_SEEDS").unwrap_or(QUICK) {
        let run = panic::catch_unwind(panic::AssertUnwindSafe(|| test(seed)));
        if let Err(told) = run {
            eprintln!("seed {seed} failed; replay it with TIDEMILL_SEED={seed}");
            panic::resume_unwind(told);
        }
    }
}

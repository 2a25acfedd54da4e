//! Differentiates a sum of many sines and products backwards, and compares with what the rules of calculus say.
//!
//!   gradient [--terms N]

use std::{env, process::ExitCode};

use tidemill_sched::debug::{DebugScheduler, Order};

use var::Var;

mod var;

const HELP: &str = "Differentiates a sum of sin(x * y * c) + x * y over N random c backwards.

  gradient [--terms N]

  --terms N   how many terms the sum has (128)

It prints the value, both gradients and how far they are from the exact ones, and fails where that is more than 1e-12 per term.";

fn main() -> ExitCode {
    match terms(env::args().skip(1)) {
        Ok(Some(terms)) => differentiate(terms),
        Ok(None) => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("gradient: {wrong}; see gradient --help");
            ExitCode::from(2)
        }
    }
}

/// How many terms are asked for; `None` where help is.
fn terms(mut arguments: impl Iterator<Item = String>) -> Result<Option<u32>, String> {
    let mut terms = 128;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-h" | "--help" => return Ok(None),
            "--terms" => {
                let number = arguments.next().ok_or("--terms asks for a number")?;
                terms = number.parse().map_err(|_| format!("'{number}' is no number of terms"))?;
            }
            other => return Err(format!("unknown argument '{other}'")),
        }
    }
    Ok(Some(terms))
}

fn differentiate(terms: u32) -> ExitCode {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let (a, b) = (0.7, -1.3);
    let (x, y) = (Var::new(a), Var::new(b));
    let mut exact = (0.0, 0.0);
    let sum = scheduler.enter(|| {
        let mut sum = Var::new(0.0);
        for term in 0..terms {
            let c = f64::from(term.wrapping_mul(2_654_435_761) >> 16) / f64::from(u16::MAX);
            let product = &x * &y;
            sum = &(&sum + &(&product * c).sin()) + &product;
            let slope = c * (a * b * c).cos() + 1.0;
            exact = (exact.0 + b * slope, exact.1 + a * slope);
        }
        sum.seed(1.0);
        sum
    });
    let value = sum.value().wait_on(&scheduler).map(|value| *value);
    drop(sum);
    let found = (x.gradient_on(&scheduler), y.gradient_on(&scheduler));
    let (Ok(value), (Ok(dx), Ok(dy))) = (value, found) else {
        eprintln!("gradient: it was not computed");
        return ExitCode::FAILURE;
    };
    let error = (*dx - exact.0).abs().max((*dy - exact.1).abs());
    println!("f = {value}, df/dx = {}, df/dy = {}, off by {error:e}", *dx, *dy);
    match error <= 1e-12 * f64::from(terms.max(1)) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

//! Very many tasks, each of which sleeps until a moment of its own within one second: how late they wake, and what that costs.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tidemill_benches::core::{dice::Dice, meter::Meter, operations::Kind};

use crate::contract::{Slept, Timers, run};

/// When the first is due: all sleep by then.
const FIRST: Duration = Duration::from_millis(200);
/// Between the first and the last, in nanoseconds.
const SPREAD: u64 = 1_000_000_000;

pub(crate) fn play<T: Timers>(kind: Kind, meter: Meter) -> Result<Meter, Meter> {
    match kind {
        Kind::Sleepers(count) => Ok(run::<T, _>(sleepers::<T>(meter, count))),
        _ => Err(meter),
    }
}

/// One round, cold: the time that it takes is that of the clock, and is not what is measured.
async fn sleepers<T: Timers>(mut meter: Meter, count: usize) -> Meter {
    let mut dice = Dice::new();
    let moment = |_| FIRST + Duration::from_nanos(dice.below(SPREAD));
    let moments: Vec<Duration> = (0..count).map(moment).collect();
    let (mut handles, mut late) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (before, start) = (cpu_time(), Instant::now());
    if !meter.is_timed() {
        meter.start();
    }
    for moment in moments {
        handles.push(T::spawn(async move {
            let slept = T::sleep(moment.saturating_sub(start.elapsed())).await.has_slept();
            // `None` is early.
            start.elapsed().checked_sub(moment).filter(|_| slept)
        }));
    }
    for handle in handles {
        late.push(T::value(handle.await).expect("nobody wakes early"));
    }
    if !meter.is_timed() {
        meter.stop(count as u64);
    }
    let cpu = cpu_time() - before;
    late.sort_unstable();
    let late_us = |part: f64| late[((count - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    meter.figure("cpu_us", cpu.as_secs_f64() * 1e6 / count as f64);
    meter.figure("late_p50_us", late_us(0.5));
    meter.figure("late_p99_us", late_us(0.99));
    meter
}

/// What the process has run, all its threads and the kernel for it.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

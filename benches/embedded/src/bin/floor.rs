//! No runtime: the same done by hand in one loop. What every contestant has beside its runtime.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "takes an interrupt")]

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use cortex_m::{asm, interrupt};
use cortex_m_rt::{entry, exception};
use tidemill_embedded_bench::{ROUNDS, SLEEP_MS, exit, mark, quiet, start_tick, stir};

static MILLIS: AtomicU32 = AtomicU32::new(0);
static PRESSED: AtomicBool = AtomicBool::new(false);
static BALL: AtomicU32 = AtomicU32::new(0);

#[entry]
fn main() -> ! {
    start_tick();
    // Signal, channel: the same here.
    for _ in 0..2 {
        mark();
        for _ in 0..ROUNDS {
            throw();
            throw();
        }
        mark();
    }
    stir();
    while !PRESSED.load(Relaxed) {
        sleep();
    }
    mark();
    mark();
    let deadline = MILLIS.load(Relaxed) + SLEEP_MS;
    while MILLIS.load(Relaxed) < deadline {
        sleep();
    }
    mark();
    exit()
}

#[inline(never)]
fn throw() {
    BALL.store(BALL.load(Relaxed) + 1, Relaxed);
}

fn sleep() {
    interrupt::disable();
    asm::wfi();
    // SAFETY: they were on.
    unsafe { interrupt::enable() };
}

#[exception]
fn SysTick() {
    MILLIS.store(MILLIS.load(Relaxed) + 1, Relaxed);
}

#[exception]
unsafe fn DefaultHandler(_: i16) {
    mark();
    quiet();
    PRESSED.store(true, Relaxed);
}

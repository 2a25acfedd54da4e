//! The board: a clock, an alarm, a doorbell and a place to sleep.
//!
//! | hook     | is                                        | called from                      | interrupts          |
//! |----------|-------------------------------------------|----------------------------------|---------------------|
//! | clock    | the machine's counter                     | anywhere                         | as they are         |
//! | alarm    | the machine's timer, shared with `stir`   | `park`, and the timer's interrupt | masked              |
//! | doorbell | a flag                                    | anywhere, interrupts above all   | as they are         |
//! | sleep    | WFI                                       | the main program                 | masked until awake  |
//!
//! [B1] From the look at the flag to the sleep interrupts are masked: whoever rings, or is the alarm, is pending then, and WFI returns at once.
//! [B2] `alarm` and `stir` change with interrupts masked.

#![expect(unsafe_code, reason = "lets interrupts come again")]

use core::{
    cell::Cell,
    sync::atomic::{
        AtomicBool, AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};

use firmware::Desk;
use riscv::{asm, interrupt};
use tidemill_core::{
    clock::{Alarm, Clock, Instant},
    wait::{Doorbell, Park, Wait},
};

use crate::{
    console::print,
    machine::{NANOS_PER_TICK, NEVER, interrupt_at, ticks, unmask},
};

/// The hooks.
pub struct Board {
    rung: AtomicBool,
    sleeps: AtomicUsize,
    /// Where the stack begins.
    top: AtomicUsize,
    /// The ticks at which the timer interrupts, for the alarm and for `stir`.
    alarm: Cell<u64>,
    stir: Cell<u64>,
}

// SAFETY: [B2], on a machine of one hart.
unsafe impl Sync for Board {}

impl Board {
    /// A board that was not started.
    #[expect(clippy::new_without_default, reason = "it belongs into a static")]
    pub const fn new() -> Self {
        let (rung, sleeps) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self {
            rung,
            sleeps,
            top: AtomicUsize::new(0),
            alarm: Cell::new(NEVER),
            stir: Cell::new(NEVER),
        }
    }

    /// Lets the interrupts of the board come.
    pub fn start(&self) {
        self.top.store(firmware::stack::paint(), Relaxed);
        self.arm();
        unmask();
        // SAFETY: this is no critical section.
        unsafe { interrupt::enable() };
    }

    /// What the timer's interrupt does: `stirred`, where it is the one that a program asked for.
    pub fn serve(&self, stirred: impl FnOnce()) {
        let now = ticks();
        // That the alarm came is what ends a sleep.
        if self.alarm.get() <= now {
            self.alarm.set(NEVER);
        }
        let is_stirred = self.stir.get() <= now;
        if is_stirred {
            self.stir.set(NEVER);
            stirred();
        }
        self.arm();
    }

    fn arm(&self) {
        interrupt_at(self.alarm.get().min(self.stir.get()));
    }
}

impl Clock for Board {
    fn now(&self) -> Instant {
        Instant::from_nanos(ticks() * NANOS_PER_TICK)
    }
}

impl Alarm for Board {
    fn set(&self, deadline: Option<Instant>) {
        let tick = deadline.map_or(NEVER, |deadline| deadline.as_nanos().div_ceil(NANOS_PER_TICK));
        interrupt::free(|| {
            self.alarm.set(tick);
            self.arm();
        });
    }
}

impl Doorbell for Board {
    fn ring(&self) {
        // ordering: Release pairs with Acquire in `park`: what was done before the bell is seen after it.
        self.rung.store(true, Release);
    }
}

impl Desk for Board {
    fn print(&self, line: &str) {
        print(line);
    }

    fn stir(&self, after: Duration) {
        let tick = ticks() + after.as_nanos() as u64 / NANOS_PER_TICK;
        interrupt::free(|| {
            self.stir.set(tick);
            self.arm();
        });
    }

    fn sleeps(&self) -> usize {
        self.sleeps.load(Relaxed)
    }

    fn stack(&self) -> usize {
        firmware::stack::used(self.top.load(Relaxed))
    }
}

/// The place to sleep, on its board: for the main program.
pub struct Sleep(pub &'static Board);

impl Park for Sleep {
    fn park(&mut self, wait: Wait) {
        let deadline = match wait {
            Wait::Poll => return,
            Wait::Until(deadline) => Some(deadline),
            Wait::Forever => None,
        };
        interrupt::disable();
        self.0.set(deadline);
        // ordering: Acquire pairs with Release in `ring`.
        if !self.0.rung.load(Acquire) {
            self.0.sleeps.store(self.0.sleeps.load(Relaxed) + 1, Relaxed);
            // [B1]
            asm::wfi();
        }
        self.0.rung.store(false, Relaxed);
        // SAFETY: they were on before this: nobody sleeps within a critical section.
        unsafe { interrupt::enable() };
    }
}

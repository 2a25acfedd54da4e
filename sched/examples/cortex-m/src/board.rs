//! The board: a clock, an alarm, a doorbell and a place to sleep.
//!
//! | hook     | is                                              | called from                     | interrupts            |
//! |----------|-------------------------------------------------|---------------------------------|-----------------------|
//! | clock    | the first timer, 32 bits wide, and its wraps      | anywhere                        | masked for five reads |
//! | alarm    | SysTick, once                                   | `park`                          | masked                |
//! | doorbell | a flag                                          | anywhere, interrupts above all  | as they are           |
//! | sleep    | WFI                                             | the main program                | masked until awake    |
//!
//! [B1] From the look at the flag to the sleep interrupts are masked: whoever rings, or is the alarm, is pending then, and WFI returns at once.
//! [B2] The timer's wrap is taken with interrupts masked, by whoever sees it first: it is counted once.

#![expect(unsafe_code, reason = "takes the core's own registers")]

use core::{
    sync::atomic::{
        AtomicBool, AtomicU32, AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
    },
    time::Duration,
};

use cortex_m::{
    asm, interrupt,
    peripheral::{NVIC, SYST, syst::SystClkSource},
};
use firmware::Desk;
use tidemill_core::{
    clock::{Alarm, Clock, Instant},
    wait::{Doorbell, Park, Wait},
};

use crate::{
    console::print,
    timer::{CLOCK, NANOS_PER_TICK, STIR},
};

/// The numbers of the timers' interrupts.
const CLOCK_INTERRUPT: i16 = 8;
const STIR_INTERRUPT: i16 = 9;
/// SysTick counts this far.
const LONGEST: u64 = 0xff_ffff;

/// The number of an interrupt, as cortex-m wants it.
#[derive(Clone, Copy)]
struct Number(i16);

// SAFETY: the numbers are those of the board's manual, and do not change.
unsafe impl cortex_m::interrupt::InterruptNumber for Number {
    fn number(self) -> u16 {
        self.0.cast_unsigned()
    }
}

/// The hooks.
pub struct Board {
    rung: AtomicBool,
    wraps: AtomicU32,
    sleeps: AtomicUsize,
    /// Where the stack begins.
    top: AtomicUsize,
}

impl Board {
    /// A board that was not started.
    #[expect(clippy::new_without_default, reason = "it belongs into a static")]
    pub const fn new() -> Self {
        Self {
            rung: AtomicBool::new(false),
            wraps: AtomicU32::new(0),
            sleeps: AtomicUsize::new(0),
            top: AtomicUsize::new(0),
        }
    }

    /// Starts the clock, and lets the interrupts of the board come.
    pub fn start(&self) {
        self.top.store(firmware::stack::paint(), Relaxed);
        CLOCK.start(u32::MAX);
        for interrupt in [CLOCK_INTERRUPT, STIR_INTERRUPT] {
            // SAFETY: no critical section relies on a single interrupt being masked.
            unsafe { NVIC::unmask(Number(interrupt)) };
        }
    }

    /// What an interrupt of this number does: `stirred`, where it is the one that a program asked for.
    pub fn serve(&self, interrupt: i16, stirred: impl FnOnce()) {
        match interrupt {
            CLOCK_INTERRUPT => drop(self.ticks()),
            STIR_INTERRUPT => {
                STIR.stop();
                stirred();
            }
            _ => {}
        }
    }

    /// What SysTick does: the alarm has rung, and is off. That it came is what ends a sleep.
    pub fn serve_alarm(&self) {
        self.set(None);
    }

    /// Sleeps until an interrupt comes, or that moment. Interrupts are masked, and no task is ready.
    pub fn sleep(&self, until: Option<Instant>) {
        self.set(until);
        self.sleeps.store(self.sleeps.load(Relaxed) + 1, Relaxed);
        asm::wfi();
    }

    /// How often the clock has ticked.
    fn ticks(&self) -> u64 {
        interrupt::free(|_| {
            let mut left = CLOCK.value();
            if CLOCK.take_end() {
                // [B2]
                self.wraps.store(self.wraps.load(Relaxed).wrapping_add(1), Relaxed);
                left = CLOCK.value();
            }
            u64::from(self.wraps.load(Relaxed)) << 32 | u64::from(u32::MAX - left)
        })
    }
}

impl Clock for Board {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.ticks() * NANOS_PER_TICK)
    }
}

impl Alarm for Board {
    fn set(&self, deadline: Option<Instant>) {
        // SAFETY: SysTick is the alarm's alone; it is reached from here, which `park` calls with interrupts masked, and from its own interrupt.
        let mut systick = unsafe { cortex_m::Peripherals::steal() }.SYST;
        systick.disable_counter();
        let Some(deadline) = deadline else { return };
        let ahead = (deadline - self.now()).as_nanos() as u64;
        // What lies further ahead is asked for again then.
        let ticks = ahead.div_ceil(NANOS_PER_TICK).clamp(1, LONGEST);
        arm(&mut systick, ticks as u32);
    }
}

fn arm(systick: &mut SYST, ticks: u32) {
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(ticks);
    systick.clear_current();
    systick.enable_interrupt();
    systick.enable_counter();
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
        STIR.start((after.as_nanos() as u64 / NANOS_PER_TICK).max(1) as u32);
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

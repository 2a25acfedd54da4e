//! No runtime: the same four tasks by hand, as flags and states in one loop. What every contestant has beside its runtime.

#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "takes an interrupt")]

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use cortex_m::{asm, interrupt};
use cortex_m_rt::{entry, exception};
use tidemill_embedded_bench::{ROUNDS, SLEEP_MS, finish, mark, quiet, start_tick, stir};

static MILLIS: AtomicU32 = AtomicU32::new(0);
static PING: Flag = Flag::new();
static PONG: Flag = Flag::new();
static PRESSED: Flag = Flag::new();
static SLEEP: Flag = Flag::new();
static TO: Slot = Slot::new();
static FRO: Slot = Slot::new();

/// Something that has happened, or has not.
struct Flag(AtomicBool);

impl Flag {
    const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    fn set(&self) {
        self.0.store(true, Relaxed);
    }

    fn take(&self) -> bool {
        let set = self.0.load(Relaxed);
        self.0.store(false, Relaxed);
        set
    }
}

/// Room for one value.
struct Slot(Flag, AtomicU32);

impl Slot {
    const fn new() -> Self {
        Self(Flag::new(), AtomicU32::new(0))
    }

    fn put(&self, value: u32) {
        self.1.store(value, Relaxed);
        self.0.set();
    }

    fn take(&self) -> Option<u32> {
        self.0.take().then(|| self.1.load(Relaxed))
    }
}

/// One that throws the ball: by flags first, then by slots.
enum Ping {
    Flags(u32),
    Slots(u32),
    Done,
}

impl Ping {
    #[inline(never)]
    fn poll(&mut self) -> bool {
        match self {
            Self::Flags(round) => {
                if !PONG.take() {
                    return false;
                }
                *round += 1;
                if *round == 2 {
                    mark();
                }
                if *round < ROUNDS + 2 {
                    PING.set();
                } else {
                    mark();
                    *self = Self::Slots(0);
                    TO.put(0);
                }
            }
            Self::Slots(round) => {
                if FRO.take().is_none() {
                    return false;
                }
                *round += 1;
                if *round == 2 {
                    mark();
                }
                if *round < ROUNDS + 2 {
                    TO.put(*round);
                } else {
                    mark();
                    stir();
                    *self = Self::Done;
                }
            }
            Self::Done => return false,
        }
        true
    }
}

/// One that throws it back.
#[inline(never)]
fn pong() -> bool {
    if PING.take() {
        PONG.set();
    } else if let Some(ball) = TO.take() {
        FRO.put(ball);
    } else {
        return false;
    }
    true
}

/// One for whom the interrupt comes.
#[inline(never)]
fn button() -> bool {
    let pressed = PRESSED.take();
    if pressed {
        mark();
        SLEEP.set();
    }
    pressed
}

/// One that sleeps, until this tick.
struct Sleeper(Option<u32>);

impl Sleeper {
    #[inline(never)]
    fn poll(&mut self) -> bool {
        if let Some(until) = self.0 {
            if MILLIS.load(Relaxed) < until {
                return false;
            }
            mark();
            finish();
            self.0 = None;
            return true;
        }
        let begins = SLEEP.take();
        if begins {
            mark();
            self.0 = Some(MILLIS.load(Relaxed) + SLEEP_MS);
        }
        begins
    }
}

#[entry]
fn main() -> ! {
    start_tick();
    let (mut ping, mut sleeper) = (Ping::Flags(0), Sleeper(None));
    PING.set();
    loop {
        if !(ping.poll() | pong() | button() | sleeper.poll()) {
            sleep();
        }
    }
}

/// Until an interrupt, unless it has come.
fn sleep() {
    interrupt::disable();
    if !PRESSED.0.load(Relaxed) {
        asm::wfi();
    }
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
    PRESSED.set();
}

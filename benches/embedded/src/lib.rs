//! The board of the bench, the same for every contestant: a tick of 1 ms, an interrupt on demand, marks, the end.
//!
//! The program: two tasks that throw a ball, one that an interrupt wakes, one that sleeps. Between two marks every instruction is counted, by
//! the emulator's log.

#![no_std]
#![expect(unsafe_code, reason = "reads and writes registers, and is called by an interrupt")]

use core::{arch::asm, panic::PanicInfo, ptr};

use cortex_m::{
    Peripherals, asm,
    peripheral::{NVIC, syst::SystClkSource},
};

/// How often the ball goes to and fro.
pub const ROUNDS: u32 = 16;
/// How long the sleeper sleeps.
pub const SLEEP_MS: u32 = 3;
/// SysTick counts this far in a millisecond.
pub const TICK: u32 = 25_000;

const TIMER: usize = 0x4000_1000;

#[derive(Clone, Copy)]
struct Number(u16);

// SAFETY: the number of the second timer's interrupt.
unsafe impl cortex_m::interrupt::InterruptNumber for Number {
    fn number(self) -> u16 {
        self.0
    }
}

/// Marks a place in the log: what is counted lies between two of them.
#[inline(never)]
#[unsafe(no_mangle)]
pub extern "C" fn mark() {
    // SAFETY: does nothing, and is not left out.
    unsafe { asm!("nop", options(nomem, nostack)) };
}

/// Starts the tick.
pub fn start_tick() {
    if let Some(mut core) = Peripherals::take() {
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(TICK - 1);
        core.SYST.clear_current();
        core.SYST.enable_interrupt();
        core.SYST.enable_counter();
    }
}

/// Has the interrupt come once, in a while.
pub fn stir() {
    // SAFETY: no critical section relies on it being masked.
    unsafe { NVIC::unmask(Number(9)) };
    for (register, value) in [(0xC, 1), (0x8, 5_000), (0x4, 5_000), (0x0, 9)] {
        write(register, value);
    }
}

/// What the interrupt does first, beside its mark.
#[inline(always)]
pub fn quiet() {
    write(0x0, 0);
    write(0xC, 1);
}

#[inline(always)]
fn write(register: usize, value: u32) {
    // SAFETY: a register of the timer; it reaches no memory.
    unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(TIMER + register), value) };
}

/// Ends the program well. The last task does this and ends, as tasks do: one that did not would have its drops left where they are rarely wanted, and not made one with what
/// comes before them.
pub fn finish() {
    // SAFETY: EXIT reads nothing.
    unsafe { asm::semihosting_syscall(0x18, 0x2_0026) };
}

/// As `finish`, for whoever cannot go on.
pub fn exit() -> ! {
    loop {
        finish();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        // SAFETY: EXIT reads nothing; this is the reason of an error.
        unsafe { asm::semihosting_syscall(0x18, 0x2_0023) };
    }
}

//! The machine timer: a counter of 64 bits, and the moment from which on it interrupts. (CLINT, the first hart.)

#![expect(unsafe_code, reason = "reads and writes registers, and lets the timer interrupt")]

use core::ptr;

use riscv::register::mie;

/// The counter ticks 10 million times a second.
pub(crate) const NANOS_PER_TICK: u64 = 100;
/// A moment that does not come.
pub(crate) const NEVER: u64 = u64::MAX;

const COMPARE: usize = 0x0200_4000;
const COUNTER: usize = 0x0200_bff8;

/// How often it has ticked. Two words: where the upper one has changed between, it is read again.
pub(crate) fn ticks() -> u64 {
    loop {
        let (high, low) = (read(COUNTER + 4), read(COUNTER));
        if read(COUNTER + 4) == high {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

/// Has it interrupt from this tick on. In between the two words it does not: the upper one is far ahead.
pub(crate) fn interrupt_at(tick: u64) {
    write(COMPARE + 4, u32::MAX);
    write(COMPARE, tick as u32);
    write(COMPARE + 4, (tick >> 32) as u32);
}

/// Lets it interrupt, where interrupts are on.
pub(crate) fn unmask() {
    // SAFETY: no critical section relies on a single interrupt being masked.
    unsafe { mie::set_mtimer() };
}

fn read(register: usize) -> u32 {
    // SAFETY: a register of the timer, and to read it changes nothing.
    unsafe { ptr::read_volatile(ptr::with_exposed_provenance(register)) }
}

fn write(register: usize, value: u32) {
    // SAFETY: a register of the timer; it reaches no memory.
    unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(register), value) };
}

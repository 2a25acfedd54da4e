//! A timer of the board: it counts down at 25 MHz, and interrupts when it comes to zero. (CMSDK APB timer.)

#![expect(unsafe_code, reason = "reads and writes registers")]

use core::ptr;

/// The board's clock ticks 25 million times a second.
pub(crate) const NANOS_PER_TICK: u64 = 40;

/// A timer, by the address of its registers.
pub(crate) struct Timer(usize);

/// Counts without end, for the clock.
pub(crate) const CLOCK: Timer = Timer(0x4000_0000);
/// Interrupts when a program asks for it.
pub(crate) const STIR: Timer = Timer(0x4000_1000);

const CONTROL: usize = 0x0;
const VALUE: usize = 0x4;
const RELOAD: usize = 0x8;
/// Reads as the interrupt, and clears it when one is written.
const INTERRUPT: usize = 0xC;

const ENABLE: u32 = 1;
const INTERRUPTS: u32 = 1 << 3;

impl Timer {
    /// Counts from `from` to zero, interrupts, and again.
    pub(crate) fn start(&self, from: u32) {
        self.write(CONTROL, 0);
        self.write(INTERRUPT, 1);
        self.write(RELOAD, from);
        self.write(VALUE, from);
        self.write(CONTROL, ENABLE | INTERRUPTS);
    }

    /// Counts no more.
    pub(crate) fn stop(&self) {
        self.write(CONTROL, 0);
        self.write(INTERRUPT, 1);
    }

    /// What is left to zero.
    #[inline]
    pub(crate) fn value(&self) -> u32 {
        self.read(VALUE)
    }

    /// Whether it came to zero since this was asked last.
    #[inline]
    pub(crate) fn take_end(&self) -> bool {
        let ended = self.read(INTERRUPT) & 1 != 0;
        if ended {
            self.write(INTERRUPT, 1);
        }
        ended
    }

    #[inline]
    fn read(&self, register: usize) -> u32 {
        // SAFETY: both timers of this board have this register, and to read it changes nothing.
        unsafe { ptr::read_volatile(ptr::with_exposed_provenance(self.0 + register)) }
    }

    #[inline]
    fn write(&self, register: usize, value: u32) {
        // SAFETY: both timers of this board have this register; it reaches no memory.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(self.0 + register), value) };
    }
}

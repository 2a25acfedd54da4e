//! The console: text through the serial port (16550), and the end of the program with its status, for which qemu has a device.

#![expect(unsafe_code, reason = "writes registers")]

use core::{panic::PanicInfo, ptr};

const SEND: usize = 0x1000_0000;
const FINISH: usize = 0x10_0000;
const PASS: u32 = 0x5555;
const FAIL: u32 = 0x1_3333;

/// Prints a text and ends the line. The port of this machine is never full.
pub fn print(text: &str) {
    for byte in text.bytes().chain([b'\n']) {
        // SAFETY: the port's register of what is to be sent; it reaches no memory.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(SEND), byte) };
    }
}

/// Ends the program: qemu returns 0 or 1.
pub fn exit(good: bool) -> ! {
    loop {
        let word = if good { PASS } else { FAIL };
        // SAFETY: the register that ends the machine.
        unsafe { ptr::write_volatile(ptr::with_exposed_provenance_mut(FINISH), word) };
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    riscv::interrupt::disable();
    print("panic");
    if let Some(place) = info.location() {
        print(place.file());
    }
    exit(false)
}

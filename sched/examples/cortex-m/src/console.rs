//! The console: text, and the end of the program with its status, through the debugger's semihosting, which qemu understands.

#![expect(unsafe_code, reason = "asks the debugger for what no instruction does")]

use core::{ffi::CStr, panic::PanicInfo};

use cortex_m::asm;

const WRITE0: u32 = 0x04;
const EXIT_EXTENDED: u32 = 0x20;
const APPLICATION_EXIT: u32 = 0x2_0026;

/// Prints a text and ends the line, some bytes at a time.
pub fn print(text: &str) {
    text.as_bytes().chunks(31).for_each(write);
    write(b"\n");
}

fn write(bytes: &[u8]) {
    let mut buffer = [0; 32];
    let room = buffer.iter_mut();
    room.zip(bytes).for_each(|(to, byte)| *to = *byte);
    let Ok(text) = CStr::from_bytes_until_nul(&buffer) else { return };
    // SAFETY: WRITE0 reads the text up to its zero.
    unsafe { asm::semihosting_syscall(WRITE0, text.as_ptr().addr() as u32) };
}

/// Ends the program: qemu returns 0 or 1.
pub fn exit(good: bool) -> ! {
    let block = [APPLICATION_EXIT, u32::from(!good)];
    loop {
        // SAFETY: EXIT_EXTENDED reads the two words.
        unsafe { asm::semihosting_syscall(EXIT_EXTENDED, block.as_ptr().addr() as u32) };
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    print("panic");
    if let Some(place) = info.location() {
        print(place.file());
    }
    exit(false)
}

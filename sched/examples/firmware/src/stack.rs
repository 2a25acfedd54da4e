//! The stack: painted at the start, so that it can be seen how far it was used. For cores on which it grows downwards.

#![expect(unsafe_code, reason = "writes and reads memory that nobody uses yet")]

use core::ptr;

const PAINT: u32 = 0x5aa5_c33c;
/// So many words are painted, below the frame that is in use.
const WORDS: usize = 16 * 1024;
/// As far as the painter's own frame may reach.
const SPARED: usize = 64;

/// Paints it, and says where it begins.
#[inline(never)]
pub fn paint() -> usize {
    let top = here();
    for word in SPARED..WORDS {
        // SAFETY: the stack has more room than this below its top (`memory.x`), and nobody uses it yet; interrupts do not come before the start.
        unsafe { ptr::write_volatile(place(top, word), PAINT) };
    }
    top
}

/// How many bytes below `top` were used.
pub fn used(top: usize) -> usize {
    let untouched = (SPARED..WORDS).rev().take_while(|&word| {
        // SAFETY: it was painted.
        let paint = unsafe { ptr::read_volatile(place(top, word)) };
        paint == PAINT
    });
    (WORDS - untouched.count()) * size_of::<u32>()
}

/// An address in the frame of whoever calls.
#[inline(always)]
fn here() -> usize {
    let mark = 0_u32;
    ptr::from_ref(core::hint::black_box(&mark)).expose_provenance()
}

fn place(top: usize, word: usize) -> *mut u32 {
    ptr::with_exposed_provenance_mut(top - word * size_of::<u32>())
}

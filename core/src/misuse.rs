//! Misuse: a caller has broken a contract in a way that must not go on.
//!
//! | build                                   | what happens                                                                     |
//! |-----------------------------------------|----------------------------------------------------------------------------------|
//! | with `std`, or with debug assertions    | a panic, which says why                                                          |
//! | firmware (neither)                      | it never returns: nobody is there to catch a panic, and what comes with one, texts and their formatting, is larger than the runtime |
//!
//! So no panic is linked into firmware for the runtime's own sake: `ci/embedded` asks the compiler. A watchdog ends such a stop, a debugger shows it.

/// Stops here.
#[cold]
#[inline(never)]
#[cfg_attr(any(feature = "std", debug_assertions), track_caller)]
pub(crate) fn stop(why: &'static str) -> ! {
    #[cfg(any(feature = "std", debug_assertions))]
    panic!("{why}");
    #[cfg(not(any(feature = "std", debug_assertions)))]
    {
        let _ = why;
        loop {
            core::hint::spin_loop();
        }
    }
}

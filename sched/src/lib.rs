//! Who runs next: the executor of one thread, of a microcontroller and of a ring worker.

#![cfg_attr(not(feature = "std"), no_std)]

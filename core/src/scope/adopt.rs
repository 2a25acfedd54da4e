//! What a caller leaves behind becomes a task of the current executor.

use core::future::Future;

use crate::{
    context::send_error,
    error::{Fault, Refused},
    scope::shield::{Shield, Shielded, shield_with},
    task::spawn,
};

/// Shields a future: where this is dropped before its end, even before it was polled, it becomes a task of the current executor and
/// runs to its end there. It costs an allocation.
///
/// Where no executor is current when it is dropped, or that is being dropped itself, nothing can run it: the monitor is told.
///
/// # Cancel safety
/// That is what it is for: dropping it loses the output, and nothing else.
///
/// Source: Eio's `Cancel.protect`. Changed: the caller does not wait.
pub fn shield<F: Future + 'static>(future: F) -> Shield<F, fn(Shielded<F>)> {
    shield_with(future, adopt)
}

fn adopt<F: Future + 'static>(rest: Shielded<F>) {
    match spawn(rest) {
        Ok(handle) => handle.detach(),
        Err(Refused(rest)) => {
            send_error(Fault::Text(
                "a shielded future was dropped: no executor is there to run it",
            ));
            drop(rest);
        }
    }
}

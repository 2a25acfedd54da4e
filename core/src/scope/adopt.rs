//! What a caller leaves behind becomes a task: of the current executor, or of one that is given.

use core::future::Future;

use crate::{
    context::{Context, Here, MaySend, send_error},
    error::{Fault, Refused},
    scope::shield::{Shield, Shielded, shield_with},
    task::{JoinHandle, spawn},
};

/// Shields a future: where this is dropped before its end, even before it was polled, it becomes a task of the current executor and
/// runs to its end there. It costs an allocation.
///
/// A [`scope`](crate::scope::scope) in which it is made waits for it.
///
/// Where no executor is current when it is dropped, or that is being dropped itself, nothing can run it: the monitor is told.
///
/// A task in a place needs no shield and no allocation: who drops its handle detaches it, and it runs to its end.
///
/// # Cancel safety
/// That is what it is for: dropping it loses the output, and nothing else.
///
/// Source: Eio's `Cancel.protect`. Changed: the caller does not wait.
pub fn shield<F>(future: F) -> Shield<F, fn(Shielded<F>)>
where
    F: Future<Output: MaySend> + MaySend + 'static,
{
    shield_with(future, |rest| settle(spawn(linger(rest))))
}

/// As [`shield`], on the executor of `here`, whichever is current when this is dropped.
///
/// # Cancel safety
/// That is what it is for: dropping it loses the output, and nothing else.
pub fn shield_on<F: Future + 'static>(
    here: &Here,
    future: F,
) -> Shield<F, impl FnOnce(Shielded<F>) + use<F>> {
    let here = here.clone();
    shield_with(future, move |rest| settle(here.spawn(linger(rest))))
}

/// What was left behind, and is waited for by the scope in whose context that was.
pub(super) fn linger<F: Future>(rest: F) -> impl Future<Output = F::Output> {
    let kept = Context::current().keep();
    async move {
        let output = rest.await;
        drop(kept);
        output
    }
}

/// Lets what was left behind go on as a task; where there is none, its monitor is told.
pub(super) fn settle<T, F: Future>(spawned: Result<JoinHandle<T>, Refused<F>>) {
    match spawned {
        Ok(handle) => handle.detach(),
        Err(Refused(rest)) => {
            send_error(Fault::Text(
                "a shielded future was dropped: no executor is there to run it",
            ));
            drop(rest);
        }
    }
}

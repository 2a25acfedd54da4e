//! A shielded future runs to its end, whether or not somebody still waits for that.
//!
//! | its caller              | it                                                                                      |
//! |-------------------------|-----------------------------------------------------------------------------------------|
//! | awaits it to the end    | runs where it is awaited                                                                |
//! | drops it before its end | becomes a task, in the context in which it was made, and its output is dropped          |
//!
//! What cancels is not held up by it: the caller is gone at once, what it shielded goes on.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context as Cx, Poll},
};

use alloc::boxed::Box;

use crate::context::{Context, Within};

/// What is left of a shielded future when its caller goes.
pub type Shielded<F> = Within<Pin<Box<F>>>;

/// Shields a future: where this is dropped before its end, even before it was polled, `spawn` gets what is left of it, to run to its end. It is
/// called in the context of this call. `shield` spawns on the current executor. It costs an allocation.
///
/// # Cancel safety
/// That is what it is for: dropping it loses the output, and nothing else.
///
/// Source: Eio's `Cancel.protect`. Changed: the caller does not wait.
pub fn shield_with<F: Future, S: FnOnce(Shielded<F>)>(future: F, spawn: S) -> Shield<F, S> {
    shield_boxed(Box::pin(future), spawn)
}

/// As [`shield_with`], of a future in its box.
pub(super) fn shield_boxed<F: Future + ?Sized, S: FnOnce(Shielded<F>)>(
    future: Pin<Box<F>>,
    spawn: S,
) -> Shield<F, S> {
    Shield { rest: Some((Context::current().within(future), spawn)) }
}

/// A shielded future. Made by `shield` and [`shield_with`].
#[must_use = "it runs at the latest when this is dropped; await it, or say so with `drop`"]
pub struct Shield<F: Future + ?Sized, S: FnOnce(Shielded<F>)> {
    rest: Option<(Shielded<F>, S)>,
}

impl<F: Future + ?Sized, S: FnOnce(Shielded<F>)> Unpin for Shield<F, S> {}

impl<F: Future + ?Sized, S: FnOnce(Shielded<F>)> Future for Shield<F, S> {
    type Output = F::Output;

    /// # Panics
    /// When polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<F::Output> {
        // Taken out meanwhile: after a panic it is not polled again.
        let (mut future, spawn) = self.rest.take().expect("it is not polled after it was ready");
        let polled = Pin::new(&mut future).poll(cx);
        if polled.is_pending() {
            self.rest = Some((future, spawn));
        }
        polled
    }
}

impl<F: Future + ?Sized, S: FnOnce(Shielded<F>)> Drop for Shield<F, S> {
    fn drop(&mut self) {
        if let Some((future, spawn)) = self.rest.take() {
            let context = future.context().clone();
            context.run(|| spawn(future));
        }
    }
}

impl<F: Future + ?Sized, S: FnOnce(Shielded<F>)> fmt::Debug for Shield<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").field("ended", &self.rest.is_none()).finish_non_exhaustive()
    }
}

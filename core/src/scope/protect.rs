//! A protected body has an end that runs exactly once, however the body ends.
//!
//! | the body           | its end runs                                                                 |
//! |--------------------|------------------------------------------------------------------------------|
//! | returns            | here, shielded; its error is combined with the body's                        |
//! | panics, is dropped | as a task of the executor; its error goes to the monitor                     |
//! | has returned, and this is dropped in its end | as a task from then on; its error goes to the monitor |
//! | was never polled   | not at all: nothing has begun                                                |

use core::future::Future;

use crate::{
    context::{Here, MaySend, send_error},
    error::{Fault, Unwound},
    scope::{
        adopt::{linger, settle},
        shield::{Shielded, shield_with},
    },
    task::spawn,
};

/// Runs `body`, then `finally`: once, also where `body` panics, or where this is dropped after it has begun.
///
/// # Errors
/// [`Unwound`]: that of the body, that of `finally`, or both.
///
/// # Cancel safety
/// `body` is dropped, and `finally` runs as a task of the current executor; its error goes to the monitor.
///
/// Source: Async's `Monitor.protect`. Changed: `finally` runs on cancellation too.
pub async fn protect<T, E, C, G>(
    body: impl Future<Output = Result<T, E>>,
    finally: C,
) -> Result<T, Unwound<E>>
where
    E: Into<Fault> + MaySend + 'static,
    C: FnOnce() -> G + MaySend + 'static,
    G: Future<Output = Result<(), E>> + MaySend + 'static,
{
    let end = |finally: C| {
        shield_with(async { finally().await }, |rest| settle(spawn(linger(tell(rest)))))
    };
    unwind(body, finally, end).await
}

/// As [`protect`], with `finally` on the executor of `here` where it runs as a task.
///
/// # Errors
/// [`Unwound`]: that of the body, that of `finally`, or both.
///
/// # Cancel safety
/// `body` is dropped, and `finally` runs as a task; its error goes to the monitor.
pub async fn protect_on<T, E, C, G>(
    here: &Here,
    body: impl Future<Output = Result<T, E>>,
    finally: C,
) -> Result<T, Unwound<E>>
where
    E: Into<Fault> + 'static,
    C: FnOnce() -> G + 'static,
    G: Future<Output = Result<(), E>> + 'static,
{
    let here = here.clone();
    let end = |finally: C| {
        shield_with(async { finally().await }, move |rest| settle(here.spawn(linger(tell(rest)))))
    };
    unwind(body, finally, end).await
}

/// What is left of an end whose caller is gone: its error is nobody's.
async fn tell<E: Into<Fault>>(rest: Shielded<impl Future<Output = Result<(), E>>>) {
    if let Err(error) = rest.await {
        send_error(error);
    }
}

/// Runs `body`, then what `end` makes of `finally`, which is shielded.
async fn unwind<T, E: Into<Fault>, C, S>(
    body: impl Future<Output = Result<T, E>>,
    finally: C,
    end: impl FnOnce(C) -> S,
) -> Result<T, Unwound<E>>
where
    S: Future<Output = Result<(), E>>,
{
    let mut guard = Guard(Some((finally, end)));
    let body = body.await;
    let (finally, end) = guard.0.take().expect("only its drop takes it besides");
    let body = body.map_err(Stray::new);
    let finally = end(finally).await;
    match (body.map_err(Stray::catch), finally) {
        (Ok(value), Ok(())) => Ok(value),
        (Err(body), Ok(())) => Err(Unwound::Body(body)),
        (Ok(_), Err(finally)) => Err(Unwound::Finally(finally)),
        (Err(body), Err(finally)) => Err(Unwound::Both { body, finally }),
    }
}

/// The error of a body, until its caller gets it: the monitor is told where the caller goes before.
struct Stray<E: Into<Fault>>(Option<E>);

impl<E: Into<Fault>> Stray<E> {
    fn new(error: E) -> Self {
        Self(Some(error))
    }

    fn catch(mut self) -> E {
        self.0.take().expect("only its drop takes it besides")
    }
}

impl<E: Into<Fault>> Drop for Stray<E> {
    fn drop(&mut self) {
        if let Some(error) = self.0.take() {
            send_error(error);
        }
    }
}

/// Has the end run where the body does not return.
struct Guard<C, S, F: FnOnce(C) -> S>(Option<(C, F)>);

impl<C, S, F: FnOnce(C) -> S> Drop for Guard<C, S, F> {
    fn drop(&mut self) {
        if let Some((finally, end)) = self.0.take() {
            // Dropped, it runs as a task.
            drop(end(finally));
        }
    }
}

//! A protected body has an end that runs exactly once, however the body ends.
//!
//! | the body           | its end runs                                                                 |
//! |--------------------|------------------------------------------------------------------------------|
//! | returns            | here, shielded; its error is combined with the body's                        |
//! | panics, is dropped | as a task of the current executor; its error goes to the monitor             |
//! | was never polled   | not at all: nothing has begun                                                |

use core::future::Future;

use crate::{
    context::send_error,
    error::{Fault, Unwound},
    scope::adopt::shield,
};

/// Runs `body`, then `finally`: once, also where `body` panics, or where this is dropped after it has begun.
///
/// # Errors
/// [`Unwound`]: that of the body, that of `finally`, or both.
///
/// # Cancel safety
/// `body` is dropped, and `finally` runs as a task.
///
/// Source: Async's `Monitor.protect`. Changed: `finally` runs on cancellation too.
pub async fn protect<T, E, C, G>(
    body: impl Future<Output = Result<T, E>>,
    finally: C,
) -> Result<T, Unwound<E>>
where
    E: Into<Fault> + 'static,
    C: FnOnce() -> G + 'static,
    G: Future<Output = Result<(), E>> + 'static,
{
    let mut end = End { finally: Some(finally) };
    let body = body.await;
    let finally = end.finally.take().expect("only its drop takes it besides");
    let finally = shield(async { finally().await }).await;
    match (body, finally) {
        (Ok(value), Ok(())) => Ok(value),
        (Err(body), Ok(())) => Err(Unwound::Body(body)),
        (Ok(_), Err(finally)) => Err(Unwound::Finally(finally)),
        (Err(body), Err(finally)) => Err(Unwound::Both { body, finally }),
    }
}

/// Runs what is left to run when the body does not return.
struct End<C, G, E>
where
    E: Into<Fault> + 'static,
    C: FnOnce() -> G + 'static,
    G: Future<Output = Result<(), E>> + 'static,
{
    finally: Option<C>,
}

impl<C, G, E> Drop for End<C, G, E>
where
    E: Into<Fault> + 'static,
    C: FnOnce() -> G + 'static,
    G: Future<Output = Result<(), E>> + 'static,
{
    fn drop(&mut self) {
        let Some(finally) = self.finally.take() else { return };
        drop(shield(async {
            if let Err(error) = finally().await {
                send_error(error);
            }
        }));
    }
}

//! A kernel is a task that computes outputs from inputs: where it fails they fail, with the same error, and so on from value to value.

use core::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

#[cfg(feature = "std")]
use crate::task::spawn;
#[cfg(feature = "alloc")]
use crate::{context::Here, error::Refused, task::JoinHandle};
use crate::{
    error::Missing,
    kernel::{
        exit::Exit,
        outputs::{Ending, KernelError, Outputs},
    },
    task::catch,
};

/// How a kernel ends.
type Ended<O> = Result<(), Missing<<O as Outputs>::Error>>;

/// Spawns a task that computes `outputs` from `inputs`, onto the current executor. It is polled first in a later turn, never here.
///
/// `body` gets the inputs, and the outputs to write: they are released when it ends, or taken out of an `Option` before. Where it returns
/// an error, with `?` on what it reads or else, and with `std` where it panics, all outputs that it has not released fail with that;
/// where an input was cancelled, or the task is, they are cancelled, whatever they held.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use tidemill_core::{epoch::{Async, all}, kernel::kernel};
///
/// fn sum(x: &Async<f64>, y: &Async<f64>) -> Async<f64> {
///     let mut sum = Async::empty();
///     let task = kernel((x.read(), y.read()), sum.write(), async |(x, y), sum| {
///         let (x, y) = all((&x, &y)).await;
///         sum.set(x? + y?).await;
///         Ok(())
///     });
///     task.expect("it is called in a task").detach();
///     sum
/// }
/// # }
/// ```
///
/// On the threads of a pool, [`spawn_send`](crate::task::spawn_send)`(`[`compute`](crate::kernel::compute)`(inputs, outputs, body))` spreads it.
///
/// Without `std` there is [`kernel_on`] alone: nobody can say of a body in general that what it waits for may go to another thread.
///
/// # Errors
/// No executor is current, or it is being dropped: what would have been the task is handed back. Dropping that cancels the outputs.
#[cfg(feature = "std")]
#[inline]
#[cfg_attr(feature = "dag", track_caller)]
pub fn kernel<I, O, B>(
    inputs: I,
    outputs: O,
    body: B,
) -> Result<JoinHandle<Ended<O>>, Refused<impl Future<Output = Ended<O>> + use<I, O, B>>>
where
    I: 'static,
    O: Outputs<Error: KernelError> + 'static,
    B: AsyncFnOnce(I, &mut O) -> Ended<O> + 'static,
{
    spawn(compute(inputs, outputs, body))
}

/// As [`kernel`](crate::kernel::compute), onto the executor of `here`.
///
/// # Errors
/// The executor is gone, or being dropped: what would have been the task is handed back. Dropping that cancels the outputs.
#[cfg(feature = "alloc")]
#[inline]
#[cfg_attr(feature = "dag", track_caller)]
pub fn kernel_on<I, O, B>(
    here: &Here,
    inputs: I,
    outputs: O,
    body: B,
) -> Result<JoinHandle<Ended<O>>, Refused<impl Future<Output = Ended<O>> + use<I, O, B>>>
where
    I: 'static,
    O: Outputs<Error: KernelError> + 'static,
    B: AsyncFnOnce(I, &mut O) -> Ended<O> + 'static,
{
    here.spawn(compute(inputs, outputs, body))
}

/// What a kernel does: for a place, or an executor, of one's own. Dropped before it has ended, also where it was never polled, it cancels
/// its outputs.
///
/// # Errors
/// Those of `body`, a panic of it, or what [`or_cancel`](crate::epoch::ReadBuffer::or_cancel) found; the outputs end with the same.
///
/// # Cancel safety
/// Dropping it cancels the outputs.
pub fn compute<I, O, B>(
    inputs: I,
    outputs: O,
    body: B,
) -> impl Future<Output = Ended<O>> + use<I, O, B>
where
    O: Outputs<Error: KernelError>,
    B: AsyncFnOnce(I, &mut O) -> Ended<O>,
{
    let mut outputs = Ending::new(outputs);
    async move {
        let ended = {
            // Pinned, and not awaited by itself, which would move it first.
            let mut body = pin!(body(inputs, outputs.lend()));
            poll_fn(|cx| poll(body.as_mut(), cx)).await
        };
        outputs.end(&ended);
        ended
    }
}

/// Polls the body of a kernel, which may panic and leave.
pub(super) fn poll<F, T, E>(body: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output>
where
    F: Future<Output = Result<T, Missing<E>>>,
    E: KernelError,
{
    let exit = Exit::<E>::new(cx.waker());
    match catch(|| exit.show(|cx| body.poll(cx))) {
        Ok(Poll::Ready(ended)) => Poll::Ready(ended),
        Ok(Poll::Pending) => match exit.left() {
            Some(missing) => Poll::Ready(Err(missing)),
            None => Poll::Pending,
        },
        Err(panic) => Poll::Ready(Err(Missing::Failed(panic.into()))),
    }
}

//! A reverse value is built from its end: each who enrols comes before all who enrolled earlier. When it is complete it runs forwards.
//!
//! | step              | while it is built                                                       | afterwards            |
//! |-------------------|-------------------------------------------------------------------------|-----------------------|
//! | `read`            | reads the last epoch: the end value                                     | as of any value       |
//! | `input`           | reads the first epoch; a new one, if the first has a writer             |                       |
//! | `output`, `adder` | writes the first epoch; a new one, if the first has a writer            |                       |
//! | `+=`, `-=`, `accumulate` | a [kernel](crate::kernel) with such an `adder`                   |                       |
//! | `seed`            | writes the first epoch, and it is complete                              |                       |
//! | `finalize`, drop  | complete; a first epoch that nobody writes is cancelled                 |                       |
//!
//! \[V1] Until it is complete nobody's time comes.

use core::fmt;

use crate::{
    epoch::{
        mutate::MutableBuffer, read::ReadBuffer, seat::Owner, slot::Content, value::Async,
        write::WriteBuffer,
    },
    error::{Fault, Missing},
    lock::{Lock, RawLock},
};

/// A value whose epochs are enrolled backwards: what is added last comes first. So gradients are summed while the reverse of a computation is
/// written down, and flow when the first one is known.
///
/// ```
/// # use core::{future::Future, pin::pin, task::{Context, Waker}};
/// use tidemill_core::epoch::ReverseValue;
///
/// let mut gradient: ReverseValue<f64> = ReverseValue::new();
/// let end = gradient.read();
/// let add = gradient.adder();
/// gradient.seed(1.0);
/// # let mut cx = Context::from_waker(Waker::noop());
/// # assert!(pin!(add.accumulate(0.5, |sum, x| *sum += x)).poll(&mut cx).is_ready());
/// assert_eq!(*end.try_get().unwrap().unwrap(), 1.5);
/// ```
pub struct ReverseValue<T, E: 'static = Fault, L: RawLock = Lock> {
    owner: Option<Owner<T, E, L>>,
}

impl<T> ReverseValue<T> {
    /// A value without epochs but the last.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn new() -> Self {
        Self::new_in()
    }
}

impl<T, E: 'static, L: RawLock> ReverseValue<T, E, L> {
    /// As [`new`](ReverseValue::new), with an error and a lock of one's choice.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn new_in() -> Self {
        let owner = Owner::boxed(Content::Nothing);
        owner.line().with(|turn| turn.state.reverse());
        Self { owner: Some(owner) }
    }

    fn owner(&self) -> &Owner<T, E, L> {
        self.owner.as_ref().expect("it is there until it is complete")
    }

    /// The same with a name, which pictures and reports show where feature `dag` is on.
    #[must_use]
    pub fn labelled(self, label: &'static str) -> Self {
        self.owner().label(label);
        self
    }

    /// Enrols a reader of the last epoch: of the end value.
    pub fn read(&self) -> ReadBuffer<T, E, L> {
        ReadBuffer(self.owner().read())
    }

    /// Enrols a reader of the first epoch, before all who enrolled earlier.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn input(&mut self) -> ReadBuffer<T, E, L> {
        ReadBuffer(self.owner().read_before())
    }

    /// Enrols a writer of the first epoch, before all who enrolled earlier.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn output(&mut self) -> WriteBuffer<T, E, L> {
        WriteBuffer(self.owner().write_before(false))
    }

    /// Enrols a writer who adds to the value as it is before all who enrolled earlier: with
    /// [`accumulate`](MutableBuffer::accumulate), what is not there counts as zero.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn adder(&mut self) -> MutableBuffer<T, E, L> {
        MutableBuffer(self.owner().write_before(true))
    }

    /// As [`adder`](Self::adder), but dropped before it was told to keep the value it cancels it.
    #[cfg_attr(feature = "dag", track_caller)]
    pub(crate) fn adjust(&mut self) -> MutableBuffer<T, E, L> {
        MutableBuffer(self.owner().write_before(false))
    }

    /// Enrols who adds `addend`, and returns what does it: to be run. An addend that was cancelled adds nothing; where there is nothing to
    /// add to either, the sum is cancelled too. A failure of the addend is one of the sum.
    ///
    /// # Cancel safety
    /// Dropping it adds nothing.
    pub fn add<F>(
        &mut self,
        addend: ReadBuffer<T, E, L>,
        add: F,
    ) -> impl Future<Output = ()> + use<T, E, L, F>
    where
        T: Clone,
        E: Clone,
        F: FnOnce(&mut T, T),
    {
        add_to(self.adder(), addend, add)
    }

    /// Completes it with `value` in its first epoch.
    #[cfg_attr(feature = "dag", track_caller)]
    pub fn seed(mut self, value: T) -> Async<T, E, L> {
        let mut first = self.output();
        let complete = self.finalize();
        if let Some(mut slot) = first.try_slot() {
            slot.set(value);
        }
        complete
    }

    /// Completes it: from now on it is a value as any other.
    pub fn finalize(mut self) -> Async<T, E, L> {
        let owner = self.owner.take().expect("it is there until it is complete");
        owner.start();
        Async { owner }
    }
}

async fn add_to<T: Clone, E: Clone, L: RawLock>(
    sum: MutableBuffer<T, E, L>,
    addend: ReadBuffer<T, E, L>,
    add: impl FnOnce(&mut T, T),
) {
    match addend.await {
        Ok(addend) => sum.accumulate(addend.take_clone(), add).await,
        Err(Missing::Cancelled) => {}
        Err(Missing::Failed(error)) => sum.fail(error),
    }
}

impl<T, E: 'static, L: RawLock> Drop for ReverseValue<T, E, L> {
    fn drop(&mut self) {
        if let Some(owner) = &self.owner {
            owner.start();
        }
    }
}

impl<T> Default for ReverseValue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E: 'static, L: RawLock> fmt::Debug for ReverseValue<T, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReverseValue")
    }
}

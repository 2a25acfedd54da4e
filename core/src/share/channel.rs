//! A channel: values in order, with room for so many in place, and one who waits on each side.
//!
//! | it holds   | `send`                             | `receive`                                  |
//! |------------|------------------------------------|--------------------------------------------|
//! | none       | adds; who waits to receive is told | waits                                      |
//! | some       | adds                               | takes the first                            |
//! | `N`        | waits                              | takes the first; who waits to send is told |
//!
//! [I1] A `Send` that is dropped has not sent: it keeps its value until there is room. A `Receive` that is dropped has received nothing.
//! [I2] Who waits is told of the next change, and waits no more. So somebody waits to send where it holds `N`, and to receive where it holds none, which is
//!      something else: never both, and both kinds may wait at one hatch.

#![expect(unsafe_code, reason = "takes values of which it is known that they are there")]

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::rack::Rack;
#[cfg(not(feature = "alloc"))]
use crate::task::Hatch;
#[cfg(feature = "alloc")]
use crate::wait::Hatch;
use crate::{
    const_new,
    error::ChannelFull,
    lock::{Lock, RawLock},
};

/// Carries values in order from who sends to who receives, at most `N` at a time. It is never closed.
///
/// It may be used from anywhere, from an interrupt too. It is made for one who waits on each side: where a second one begins to wait there, the first is
/// woken and looks again, so no value and no room is missed, but two who wait on one side keep each other awake. For many who wait, for an end, or to
/// wait until all has been read, there is a [pipe](crate::share::pipe).
///
/// ```
/// use tidemill_core::{error::ChannelFull, share::Channel};
///
/// static SAMPLES: Channel<u16, 2> = Channel::new();
///
/// async fn sum() -> u16 {
///     SAMPLES.receive().await + SAMPLES.receive().await
/// }
///
/// // In an interrupt:
/// assert_eq!(SAMPLES.try_send(19), Ok(()));
/// assert_eq!(SAMPLES.try_send(23), Ok(()));
/// assert_eq!(SAMPLES.try_send(4), Err(ChannelFull(4)));
/// # use std::{pin::pin, task::{Context, Poll, Waker}};
/// # let mut cx = Context::from_waker(Waker::noop());
/// # assert_eq!(std::future::Future::poll(pin!(sum()), &mut cx), Poll::Ready(42));
/// ```
///
/// A capacity of zero does not compile:
/// ```compile_fail,E0080
/// let channel = tidemill_core::share::Channel::<u32, 0>::new();
/// ```
pub struct Channel<T, const N: usize, L: RawLock = Lock> {
    hatch: Hatch<Rack<T, N>, L>,
}

impl<T, const N: usize> Channel<T, N> {
    const_new! {
        /// Without values.
        pub fn new() -> Self {
            Self::new_in()
        }
    }
}

impl<T, const N: usize, L: RawLock> Channel<T, N, L> {
    const_new! {
        /// Without values, with the lock `L`. Without `alloc` that only says whether it may be shared.
        pub fn new_in() -> Self {
            const { assert!(N > 0, "a channel has room for one value at least") }
            Self { hatch: Hatch::new(Rack::new()) }
        }
    }

    /// Waits for room, and adds `value` behind the others.
    ///
    /// # Cancel safety
    /// Nothing is sent where the future is dropped; `value` is dropped with it.
    #[inline]
    pub fn send(&self, value: T) -> Send<'_, T, N, L> {
        Send { value: Some((self, value)) }
    }

    /// Waits for a value, and takes the first.
    ///
    /// # Cancel safety
    /// Strict: a value that is not returned stays there.
    #[inline]
    pub fn receive(&self) -> Receive<'_, T, N, L> {
        Receive { channel: self }
    }

    /// Adds `value` behind the others, if there is room.
    ///
    /// # Errors
    /// [`ChannelFull`] hands it back.
    pub fn try_send(&self, value: T) -> Result<(), ChannelFull<T>> {
        let mut value = Some(value);
        self.hatch.change(|rack| {
            rack.add(|| {
                // SAFETY: it is some, and this is called once.
                unsafe { value.take().unwrap_unchecked() }
            })
        });
        value.map_or(Ok(()), |value| Err(ChannelFull(value)))
    }

    /// Takes the first value, if there is one.
    pub fn try_receive(&self) -> Option<T> {
        self.hatch.change(Rack::take)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.hatch.with(|rack| rack.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room.
    pub fn is_full(&self) -> bool {
        self.hatch.with(|rack| rack.is_full())
    }

    /// How many values have room.
    pub const fn capacity(&self) -> usize {
        N
    }
}

/// Waits for room in a [`Channel`]. Made by [`Channel::send`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Send<'a, T, const N: usize, L: RawLock = Lock> {
    /// Until it is sent.
    value: Option<(&'a Channel<T, N, L>, T)>,
}

impl<T, const N: usize, L: RawLock> Unpin for Send<'_, T, N, L> {}

impl<T, const N: usize, L: RawLock> Future for Send<'_, T, N, L> {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some((channel, _)) = self.value else { return Poll::Ready(()) };
        channel.hatch.look(cx.waker(), |rack| {
            rack.add(|| {
                // SAFETY: it is some, as found above, and this is called once.
                unsafe { self.value.take().unwrap_unchecked() }.1
            })
        })
    }
}

/// Waits for a value of a [`Channel`]. Made by [`Channel::receive`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Receive<'a, T, const N: usize, L: RawLock = Lock> {
    channel: &'a Channel<T, N, L>,
}

impl<T, const N: usize, L: RawLock> Future for Receive<'_, T, N, L> {
    type Output = T;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.channel.hatch.look(cx.waker(), Rack::take)
    }
}

impl<T, const N: usize, L: RawLock> Default for Channel<T, N, L> {
    fn default() -> Self {
        Self::new_in()
    }
}

impl<T, const N: usize, L: RawLock> fmt::Debug for Channel<T, N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({} of {N})", self.len())
    }
}

impl<T, const N: usize, L: RawLock> fmt::Debug for Send<'_, T, N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Send")
    }
}

impl<T, const N: usize, L: RawLock> fmt::Debug for Receive<'_, T, N, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receive")
    }
}

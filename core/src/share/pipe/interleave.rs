//! Pipes into one, as their values come.

use alloc::{boxed::Box, vec::Vec};
use core::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
};

use crate::{
    lock::RawLock,
    share::pipe::{
        buffer::Buffer,
        reader::Reader,
        transfer::{End, transfer},
        writer::Writer,
    },
};

/// When the output of an [`interleave`] is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CloseOn {
    /// At the end of all inputs.
    #[default]
    All,
    /// At the end of any input.
    Any,
}

type Flow<'a> = Pin<Box<dyn Future<Output = End> + 'a>>;

/// Transfers under way.
#[derive(Default)]
struct Flows<'a> {
    flows: Vec<Flow<'a>>,
    first: usize,
}

impl<'a> Flows<'a> {
    fn add<B: Buffer, K: RawLock, L: RawLock>(
        &mut self,
        from: Reader<'a, B, K>,
        to: Writer<'a, B, L>,
    ) {
        self.flows.push(Box::pin(transfer(from, to, |value| value)));
    }

    /// Polls all of them, another one first each time. Answers with the end of one, which is gone then.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let count = self.flows.len();
        self.first = self.first.wrapping_add(1);
        for step in 0..count {
            let at = (self.first + step) % count;
            if let Poll::Ready(end) = self.flows[at].as_mut().poll(cx) {
                drop(self.flows.swap_remove(at));
                return Poll::Ready(end);
            }
        }
        Poll::Pending
    }
}

/// Writes the values of all inputs to `to` as they come, those of each in order, and then closes `to`. Where `to` is closed before, all inputs are
/// closed for reading.
///
/// Source: Async's `Pipe.interleave`.
///
/// # Cancel safety
/// As that of [`transfer`], for each input.
pub async fn interleave<'a, B: Buffer + 'a, K: RawLock + 'a, L: RawLock + 'a>(
    inputs: impl IntoIterator<Item = Reader<'a, B, K>>,
    to: Writer<'a, B, L>,
    close_on: CloseOn,
) -> End {
    let inputs: Vec<_> = inputs.into_iter().collect();
    let mut flows = Flows::default();
    for &from in &inputs {
        flows.add(from, to);
    }
    while !flows.flows.is_empty() {
        let end = poll_fn(|cx| flows.poll(cx)).await;
        if end == End::Closed {
            inputs.into_iter().for_each(Reader::close);
            return end;
        }
        if close_on == CloseOn::Any {
            break;
        }
    }
    to.close();
    End::Eof
}

/// As [`interleave`], for inputs that come by a pipe: `to` is closed at the end of that pipe and of all that came by it.
///
/// Source: Async's `Pipe.interleave_pipe`.
///
/// # Cancel safety
/// As that of [`transfer`], for each input.
pub async fn interleave_pipe<'a, B, K, L, C, M>(
    inputs: Reader<'_, C, M>,
    to: Writer<'a, B, L>,
) -> End
where
    B: Buffer + 'a,
    K: RawLock + 'a,
    L: RawLock + 'a,
    C: Buffer<Item = Reader<'a, B, K>>,
    M: RawLock,
{
    let (mut flows, mut all, mut open) = (Flows::default(), Vec::new(), true);
    while open || !flows.flows.is_empty() {
        let mut read = pin!(inputs.read());
        let mut closed = pin!(to.closed());
        let step = poll_fn(|cx| {
            if closed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(End::Closed));
            }
            if open && let Poll::Ready(next) = read.as_mut().poll(cx) {
                return Poll::Ready(Ok(Some(next)));
            }
            flows.poll(cx).map(|end| if end == End::Closed { Err(end) } else { Ok(None) })
        });
        match step.await {
            Err(end) => {
                inputs.close();
                all.into_iter().for_each(Reader::close);
                return end;
            }
            Ok(Some(Some(from))) => {
                all.push(from);
                flows.add(from, to);
            }
            Ok(Some(None)) => open = false,
            Ok(None) => {}
        }
    }
    to.close();
    End::Eof
}

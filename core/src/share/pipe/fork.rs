//! A pipe into two.

use core::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use crate::{
    error::WriteError,
    lock::RawLock,
    share::pipe::{
        buffer::Buffer, reader::Reader, state::Event, transfer::End, turns::Turns, watch::Watch,
        writer::Writer,
    },
};

/// Who pushes back on a [`fork`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Pushback {
    /// The slower of the two.
    #[default]
    Both,
    /// The faster of the two: values for the slower gather in its pipe, up to its capacity.
    Fast,
}

/// Writes every value of `from` to both. Where one is closed, the other gets its values all the same; where both are, `from` is closed for
/// reading. At the end of `from` both are closed.
///
/// Source: Async's `Pipe.fork`.
///
/// # Cancel safety
/// A value that waits for room may have come to one side alone.
pub async fn fork<A, K: RawLock, B, L: RawLock>(
    from: Reader<'_, A, K>,
    left: Writer<'_, B, L>,
    right: Writer<'_, B, L>,
    pushback: Pushback,
) -> End
where
    A: Buffer<Item: Clone>,
    B: Buffer<Item = A::Item>,
{
    let mut turns = Turns::default();
    loop {
        let next = {
            let mut gone = [
                pin!(Watch::new(left.pipe, Event::Closed)),
                pin!(Watch::new(right.pipe, Event::Closed)),
            ];
            let mut read = pin!(from.read());
            poll_fn(|cx| {
                let [left, right] = &mut gone;
                if left.as_mut().poll(cx).is_ready() && right.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                read.as_mut().poll(cx).map(Some)
            })
            .await
        };
        let value = match next {
            None => {
                from.close();
                return End::Closed;
            }
            Some(None) => break,
            Some(Some(value)) => value,
        };
        if pushback == Pushback::Fast {
            room_in_either(left, right).await;
        }
        give(left, value.clone(), pushback).await;
        give(right, value, pushback).await;
        turns.pass().await;
    }
    left.close();
    right.close();
    End::Eof
}

/// Writes a value, or drops it where the pipe is closed.
async fn give<B: Buffer, L: RawLock>(to: Writer<'_, B, L>, value: B::Item, pushback: Pushback) {
    let value = match pushback {
        Pushback::Both => value,
        Pushback::Fast => match to.write_now(value) {
            Err(WriteError::Full(value)) => value,
            Ok(()) | Err(WriteError::Closed(_)) => return,
        },
    };
    // Where it is closed, the value goes: the other side has its own.
    drop(to.write(value).await);
}

/// Waits until one of two that are open has room.
async fn room_in_either<B: Buffer, L: RawLock>(left: Writer<'_, B, L>, right: Writer<'_, B, L>) {
    let mut rooms =
        [pin!(Watch::new(left.pipe, Event::Room)), pin!(Watch::new(right.pipe, Event::Room))];
    poll_fn(|cx| {
        let mut closed = 0;
        for room in &mut rooms {
            match room.as_mut().poll(cx) {
                Poll::Ready(true) => return Poll::Ready(()),
                Poll::Ready(false) => closed += 1,
                Poll::Pending => {}
            }
        }
        if closed == rooms.len() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

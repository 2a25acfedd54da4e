//! Sorted pipes into one that is sorted.

use core::{cmp::Ordering, pin::pin};

use crate::{
    lock::RawLock,
    share::pipe::{
        buffer::Buffer,
        reader::Reader,
        state::Event,
        transfer::{End, map, until},
        turns::Turns,
        watch::Watch,
        writer::Writer,
    },
};

/// Writes the values of pipes that are sorted by `order` to `to`, sorted; of equal ones, that of the first pipe comes first. At the end of all of
/// them `to` is closed. Where `to` is closed before, all of them are closed for reading.
///
/// Source: Async's `Pipe.merge`.
///
/// # Cancel safety
/// One value of each pipe may have been read, and is dropped.
pub async fn merge<const N: usize, A: Buffer, K: RawLock, B, L: RawLock>(
    inputs: [Reader<'_, A, K>; N],
    to: Writer<'_, B, L>,
    mut order: impl FnMut(&A::Item, &A::Item) -> Ordering,
) -> End
where
    B: Buffer<Item = A::Item>,
{
    if let [only] = inputs[..] {
        return map(only, to, |value| value).await;
    }
    let mut closed = pin!(Watch::new(to.pipe, Event::Closed));
    let mut heads: [Option<A::Item>; N] = [const { None }; N];
    let mut turns = Turns::default();
    let end = 'all: {
        for (head, from) in heads.iter_mut().zip(&inputs) {
            let Some(next) = until(closed.as_mut(), from.read()).await else {
                break 'all End::Closed;
            };
            *head = next;
        }
        while let Some(least) = least(&heads, &mut order) {
            let Some(value) = heads[least].take() else { break };
            if to.write(value).await.is_err() {
                break 'all End::Closed;
            }
            let next = until(closed.as_mut(), inputs[least].read()).await;
            let Some(next) = next else { break 'all End::Closed };
            heads[least] = next;
            turns.pass().await;
        }
        End::Eof
    };
    match end {
        End::Eof => to.close(),
        End::Closed => inputs.into_iter().for_each(Reader::close),
    }
    end
}

/// Which is the first of the least.
fn least<T>(heads: &[Option<T>], order: &mut impl FnMut(&T, &T) -> Ordering) -> Option<usize> {
    let mut least: Option<(usize, &T)> = None;
    for (at, head) in heads.iter().enumerate() {
        let Some(head) = head else { continue };
        if least.is_none_or(|(_, known)| order(head, known) == Ordering::Less) {
            least = Some((at, head));
        }
    }
    least.map(|(at, _)| at)
}

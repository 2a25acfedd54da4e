//! Pipes allocate nothing: those that lie in place never, those that grow not once they have grown.

use std::{
    future::Future,
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::share::pipe::{
    Buffer, End, Exactly, FixedPipe, Flush, GrowingPipe, OnFailure, Pipe, Pushback, channel,
    concat, consume, filter_map, fold, for_each_or, fork, map, merge, pour, produce, transfer,
    try_for_each, unfold,
};

use crate::{alloc::allocations, bell::poll};

fn now<F: Future>(future: F) -> Poll<F::Output> {
    poll(pin!(future), Waker::noop())
}

/// Every operation of both sides, waiting included. The pipe has room for four.
fn operate<B: Buffer<Item = u32>>(pipe: &Pipe<B>, into: &mut Vec<u32>) {
    let (writer, reader) = (pipe.writer(), pipe.reader());
    into.clear();
    {
        let (mut first, mut second) = (pin!(reader.read()), pin!(reader.read()));
        let mut values = pin!(reader.values_available());
        assert!(poll(first.as_mut(), Waker::noop()).is_pending());
        assert!(poll(second.as_mut(), Waker::noop()).is_pending());
        assert!(poll(values.as_mut(), Waker::noop()).is_pending());
        assert!(now(writer.write(1)).is_ready() && writer.try_write(2).is_ok());
        assert_eq!(poll(second, Waker::noop()), Poll::Ready(Some(2)));
    }
    // The first has gone with what it was handed.
    assert_eq!((reader.peek(), reader.try_read()), (Some(1), Ok(1)));
    (0..4).for_each(|value| writer.write_now(value).unwrap());
    {
        let (mut write, mut room) = (pin!(writer.write(4)), pin!(writer.pushback()));
        let mut flushed = pin!(writer.flushed());
        assert!(
            poll(write.as_mut(), Waker::noop()).is_pending() && now(writer.write(5)).is_pending()
        );
        assert!(poll(room.as_mut(), Waker::noop()).is_pending());
        assert!(poll(flushed.as_mut(), Waker::noop()).is_pending());
        assert_eq!(now(reader.read_batch(2, into)), Poll::Ready(2));
        assert!(poll(write, Waker::noop()).is_ready() && poll(room, Waker::noop()).is_ready());
        assert_eq!(now(reader.read_exactly(3, into)), Poll::Ready(Exactly::Exactly));
        assert_eq!(poll(flushed, Waker::noop()), Poll::Ready(Ok(())));
    }
    assert!(now(writer.closed()).is_pending() && pipe.is_empty());
    assert_eq!(*into, [0, 1, 2, 3, 4]);
}

#[test]
fn a_pipe_in_place_never_allocates() {
    let mut into = Vec::with_capacity(8);
    let count = allocations(|| {
        for _ in 0..100 {
            let pipe = FixedPipe::<u32, 4>::fixed();
            operate(&pipe, &mut into);
            pipe.writer().close();
            pipe.reader().close();
        }
    });
    assert_eq!(count, 0);
}

type Four = FixedPipe<u32, 4>;

/// A pipe with three values and an end.
fn three() -> Four {
    let pipe = Four::fixed();
    assert_eq!(now(pour(pipe.writer(), 1..=3)), Poll::Ready(End::Eof));
    pipe
}

fn sum(pipe: &Four) -> u32 {
    std::iter::from_fn(|| pipe.reader().try_read().ok()).sum()
}

/// A flow of three values and an end into a pipe, and what comes out.
fn flow(flow: impl AsyncFnOnce(&Four, &Four) -> End) -> u32 {
    let (from, to) = (three(), Four::fixed());
    assert!(now(flow(&from, &to)).is_ready());
    sum(&to)
}

#[test]
fn what_flows_between_pipes_in_place_never_allocates() {
    let count = allocations(|| {
        for _ in 0..100 {
            let sum = flow(async |from, to| transfer(from.reader(), to.writer(), |n| n).await);
            assert_eq!(sum, 6);
            let sum = flow(async |from, to| map(from.reader(), to.writer(), |n| 2 * n).await);
            assert_eq!(sum, 12);
            let odd = |n| (n % 2 == 1).then_some(n);
            let sum = flow(async |from, to| filter_map(from.reader(), to.writer(), odd).await);
            assert_eq!(sum, 4);
            let sum = flow(async |from, to| concat([from.reader()], to.writer()).await);
            assert_eq!(sum, 6);
            let fast = Pushback::Fast;
            let sum = flow(async |from, to| {
                let other = Four::fixed();
                fork(from.reader(), to.writer(), other.writer(), fast).await
            });
            assert_eq!(sum, 6);
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn sorted_pipes_in_place_are_merged_without_allocating() {
    let count = allocations(|| {
        for _ in 0..100 {
            let (one, other, to) = (three(), three(), Four::fixed());
            let mut merged = pin!(merge([one.reader(), other.reader()], to.writer(), u32::cmp));
            assert!(poll(merged.as_mut(), Waker::noop()).is_pending(), "it waits for room");
            assert_eq!(sum(&to), 1 + 1 + 2 + 2 + 3);
            assert!(poll(merged, Waker::noop()).is_ready());
            assert_eq!(sum(&to), 3);
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn what_comes_from_functions_and_goes_to_them_through_pipes_in_place_never_allocates() {
    let count = allocations(|| {
        for _ in 0..100 {
            let from = three();
            let added = fold(from.reader(), Flush::Processed, 0, async |sum, n| sum + n);
            assert_eq!(now(added), Poll::Ready(6));
            let from = three();
            let failed = try_for_each(from.reader(), Flush::Read, async |n| Err::<(), _>(n));
            assert_eq!(now(failed), Poll::Ready(Err(1)));
            let (from, mut last) = (three(), 0);
            let all = for_each_or(from.reader(), Flush::Read, async |n| Err(n), |n| last = n);
            assert!(now(all).is_ready());
            let to = Four::fixed();
            let made = unfold(to.writer(), 1, async |n| (n < 3).then_some((n, n + 1)));
            assert!(now(made).is_ready());
            let first = consume(to.reader(), async |from| from.read().await);
            assert_eq!((now(first), last), (Poll::Ready(Some(1)), 3));
            let to = Four::fixed();
            let made = produce(to.writer(), OnFailure::Close, async |to| to.write(1).await);
            assert!(now(made).is_ready());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_pipe_that_has_grown_allocates_no_more() {
    let (grown, mut into) = (GrowingPipe::growing(4).unwrap(), Vec::with_capacity(8));
    let (write, read) = channel(4).unwrap();
    assert!(allocations(|| operate(&grown, &mut into)) > 0, "it grows");
    (0..4).for_each(|value| write.writer().try_write(value).unwrap());
    let count = allocations(|| {
        for value in 0..100 {
            operate(&grown, &mut into);
            let (other_write, other_read) = (write.clone(), read.clone());
            assert_eq!(other_read.reader().try_read(), Ok(value));
            other_write.writer().try_write(value + 4).unwrap();
        }
    });
    assert_eq!(count, 0);
}

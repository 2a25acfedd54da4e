//! Wakers, values and functions of pipes whose code calls the very pipe that it came from.

use std::{cell::Cell, future::Future, pin::pin, task::Waker};

use tidemill_core::{
    local,
    lock::RawLock,
    share::pipe::{
        Buffer, FixedPipe, Flush, OnFailure, Pipe, Pushback, fold, fork, map, merge, produce,
        transfer,
    },
    wait::WakeBatch,
};

use crate::{
    bell::{Event, hooked, poll},
    nested::{assert_all_ran, at_the_bottom, nested, whole_life},
};

/// Everything that can be done at a pipe, with wakers that do it again.
fn meddle<B: Buffer, L: RawLock>(pipe: &Pipe<B, L>, make: fn() -> B::Item, again: fn(Event)) {
    let (writer, reader) = (pipe.writer(), pipe.reader());
    let fill = || while writer.write_now(make()).is_ok() {};
    let empty = || while reader.try_read().is_ok() {};
    empty();
    whole_life(|| reader.read(), || drop(writer.try_write(make())), again);
    whole_life(|| reader.values_available(), || drop(writer.try_write(make())), again);
    fill();
    whole_life(|| writer.write(make()), || drop(reader.try_read()), again);
    fill();
    whole_life(|| writer.pushback(), || drop(reader.try_read()), again);
    fill();
    whole_life(|| writer.flushed(), empty, again);
    whole_life(|| writer.closed(), || (), again);
}

/// Writes, reads and looks.
fn touch<B: Buffer, L: RawLock>(pipe: &Pipe<B, L>, make: fn() -> B::Item) {
    assert!(pipe.len() <= 4);
    drop(pipe.writer().try_write(make()));
    drop(pipe.reader().try_read());
    let _ = pipe.is_closed();
}

#[test]
fn a_pipe_is_entered_from_its_wakers() {
    static PIPE: FixedPipe<u32, 2> = FixedPipe::fixed();
    fn again(event: Event) {
        nested(event, || meddle(&PIPE, || 1, again));
    }
    meddle(&PIPE, || 1, again);
    assert_all_ran();
    assert!(!PIPE.is_closed());
}

#[test]
fn a_pipe_without_a_lock_is_entered_from_its_wakers_and_the_drop_of_its_values() {
    thread_local!(static PIPE: local::FixedPipe<Meddler, 2> = const { local::FixedPipe::fixed_in() });
    struct Meddler;
    impl Drop for Meddler {
        fn drop(&mut self) {
            nested(Event::Drop, lives);
        }
    }
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        // At the end of its thread it is gone.
        let _ = PIPE.try_with(|pipe| meddle(pipe, || Meddler, again));
    }
    lives();
    assert_all_ran();
    assert!(PIPE.with(|pipe| !pipe.is_closed()));
    at_the_bottom(|| PIPE.with(|pipe| pipe.reader().close()));
}

#[test]
fn a_pipe_is_closed_from_the_wakers_of_those_whom_that_ends_and_the_drop_of_what_is_left() {
    static WRITERS: FixedPipe<Meddler, 1> = FixedPipe::fixed();
    static READERS: FixedPipe<Meddler, 1> = FixedPipe::fixed();
    static HANDED: FixedPipe<Meddler, 1> = FixedPipe::fixed();
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Meddler;
    impl Drop for Meddler {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
            again(Event::Drop);
        }
    }
    fn again(event: Event) {
        nested(event, || {
            touch(&HANDED, || Meddler);
            for pipe in [&WRITERS, &READERS] {
                if event == Event::Wake {
                    pipe.writer().close();
                    pipe.reader().close();
                }
                touch(pipe, || Meddler);
            }
        });
    }
    // A value in the hand of a reader that goes when nobody reads any more.
    let mut read = Box::pin(HANDED.reader().read());
    assert!(poll(read.as_mut(), Waker::noop()).is_pending());
    assert!(HANDED.writer().try_write(Meddler).is_ok());
    HANDED.reader().close();
    drop(read);
    assert!(DROPS.replace(0) > 0);
    // More than a batch on each side, so that wakers run between batches too.
    let many = 2 * WakeBatch::CAPACITY + 1;
    let mut writes: Vec<_> = (0..many).map(|_| Box::pin(WRITERS.writer().write(Meddler))).collect();
    let mut reads: Vec<_> = (0..many).map(|_| Box::pin(READERS.reader().read())).collect();
    at_the_bottom(|| {
        assert!(WRITERS.writer().try_write(Meddler).is_ok());
        writes
            .iter_mut()
            .for_each(|write| assert!(poll(write.as_mut(), &hooked(again)).is_pending()));
        reads.iter_mut().for_each(|read| assert!(poll(read.as_mut(), &hooked(again)).is_pending()));
    });
    READERS.writer().close();
    WRITERS.reader().close();
    assert_all_ran();
    assert!(DROPS.get() > 0);
    assert!(reads.iter_mut().all(|read| poll(read.as_mut(), Waker::noop()).is_ready()));
    drop(writes);
    assert!(DROPS.get() > many, "each of the writers had one");
}

#[test]
fn pipes_are_entered_from_the_functions_between_them() {
    static FROM: FixedPipe<u32, 4> = FixedPipe::fixed();
    static TO: FixedPipe<u32, 4> = FixedPipe::fixed();
    thread_local!(static CALLS: Cell<u32> = const { Cell::new(0) });
    fn again(event: Event) {
        nested(event, || {
            touch(&FROM, || 1);
            touch(&TO, || 1);
        });
    }
    fn call(value: u32) -> u32 {
        CALLS.set(CALLS.get() + 1);
        nested(Event::Drop, || {
            meddle(&FROM, || 1, again);
            meddle(&TO, || 1, again);
        });
        value
    }
    fn run(flow: impl Future) {
        let mut flow = pin!(flow);
        for _ in 0..4 {
            for pipe in [&FROM, &TO] {
                while pipe.reader().try_read().is_ok() {}
            }
            let _ = FROM.writer().try_write(1);
            if poll(flow.as_mut(), &hooked(again)).is_ready() {
                return;
            }
        }
    }
    let (from, to) = (FROM.reader(), TO.writer());
    run(transfer(from, to, call));
    run(map(from, to, call));
    run(fold(from, Flush::Processed, 0, async |made, value| made + call(value)));
    run(fork(from, to, to, Pushback::Both));
    run(produce(to, OnFailure::LeaveOpen, async |to| {
        to.write(call(1)).await.map_err(drop)?;
        Err::<(), ()>(())
    }));
    let (left, right) = (FROM.reader(), FROM.reader());
    run(merge([left, right], to, |one, other| call(*one).cmp(other)));
    assert_all_ran();
    assert!(CALLS.get() >= 5);
}

//! Pipes, polled by hand: who is served, who is woken, and what becomes of those who go.

use std::{
    num::NonZeroUsize,
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::{
    error::{Closed, ReaderClosed, TryReadError, WriteError, ZeroCapacity},
    local,
    share::pipe::{Exactly, FixedPipe, GrowingPipe, channel},
};

use crate::{
    alloc::allocations,
    bell::{Event, Log, hooked, poll},
};

const WRITTEN: Poll<Result<(), Closed<u32>>> = Poll::Ready(Ok(()));

fn some<T>(value: T) -> Poll<Option<T>> {
    Poll::Ready(Some(value))
}

// async 93
#[test]
fn a_write_after_close_hands_its_value_back_and_close_may_be_repeated() {
    let pipe = FixedPipe::<u32, 2>::fixed();
    let (writer, reader) = (pipe.writer(), pipe.reader());
    writer.close();
    writer.close();
    assert_eq!(writer.try_write(1), Err(WriteError::Closed(1)));
    assert_eq!(writer.write_now(2), Err(WriteError::Closed(2)));
    assert_eq!(poll(pin!(writer.write(3)), Waker::noop()), Poll::Ready(Err(Closed(3))));
    assert!(!reader.is_closed());
    let other = FixedPipe::<u32, 2>::fixed();
    other.reader().close();
    other.reader().close();
    assert!(other.writer().is_closed(), "closing for reading closes for writing");
    assert_eq!(GrowingPipe::<u32>::growing(0).err(), Some(ZeroCapacity));
}

// async 94
#[test]
fn close_leaves_what_is_there_and_ends_all_who_wait_for_more() {
    let (pipe, log) = (FixedPipe::<u32, 4>::fixed(), Log::default());
    let (writer, reader) = (pipe.writer(), pipe.reader());
    writer.try_write(1).unwrap();
    writer.try_write(2).unwrap();
    writer.close();
    assert_eq!((reader.try_read(), reader.peek()), (Ok(1), Some(2)));
    assert_eq!(poll(pin!(reader.read()), Waker::noop()), some(2));
    assert_eq!(reader.try_read(), Err(TryReadError::Eof));
    assert_eq!(poll(pin!(reader.read()), Waker::noop()), Poll::Ready(None));

    let empty = FixedPipe::<u32, 4>::fixed();
    assert_eq!(empty.reader().try_read(), Err(TryReadError::Empty));
    let mut reads: Vec<_> = (0..20).map(|_| Box::pin(empty.reader().read())).collect();
    let mut values = pin!(empty.reader().values_available());
    for read in &mut reads {
        assert!(poll(read.as_mut(), &log.bell("end")).is_pending());
    }
    assert!(poll(values.as_mut(), &log.bell("end")).is_pending());
    empty.writer().close();
    assert_eq!(log.take(), ["end"; 21]);
    assert!(reads.iter_mut().all(|read| poll(read.as_mut(), Waker::noop()) == Poll::Ready(None)));
    assert_eq!(poll(values, Waker::noop()), Poll::Ready(false));
}

// async 95
#[test]
fn the_first_to_read_gets_the_first_value_whoever_is_polled_first() {
    let (pipe, log) = (FixedPipe::<u32, 4>::fixed(), Log::default());
    let (writer, reader) = (pipe.writer(), pipe.reader());
    let (mut first, mut second) = (pin!(reader.read()), pin!(reader.read()));
    assert!(poll(first.as_mut(), &log.bell("first")).is_pending());
    assert!(poll(second.as_mut(), &log.bell("second")).is_pending());
    for value in [1, 2, 3] {
        writer.try_write(value).unwrap();
    }
    assert_eq!(log.take(), ["first", "second"]);
    assert_eq!(reader.try_read(), Ok(3), "the other two are handed already");
    assert_eq!(poll(second, Waker::noop()), some(2));
    assert_eq!(poll(first, Waker::noop()), some(1));
}

#[test]
fn a_value_in_the_hand_of_a_reader_that_goes_comes_to_the_next_or_back_to_the_front() {
    let (pipe, log) = (FixedPipe::<u32, 2>::fixed(), Log::default());
    let (writer, reader) = (pipe.writer(), pipe.reader());
    let mut first = Box::pin(reader.read());
    let mut second = Box::pin(reader.read());
    assert!(poll(first.as_mut(), &log.bell("first")).is_pending());
    assert!(poll(second.as_mut(), &log.bell("second")).is_pending());
    writer.try_write(1).unwrap();
    assert_eq!(log.take(), ["first"]);
    drop(first);
    assert_eq!(log.take(), ["second"]);
    // It still takes its room: so it can go back, and is in front there.
    writer.try_write(2).unwrap();
    assert_eq!(writer.try_write(3), Err(WriteError::Full(3)));
    assert_eq!(writer.write_now(3), Err(WriteError::Full(3)));
    drop(second);
    assert_eq!((reader.try_read(), reader.try_read()), (Ok(1), Ok(2)));
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn a_reader_at_the_end_waits_for_a_value_that_may_come_back() {
    let (pipe, log) = (FixedPipe::<u32, 1>::fixed(), Log::default());
    let (writer, reader) = (pipe.writer(), pipe.reader());
    let mut first = Box::pin(reader.read());
    let mut second = pin!(reader.read());
    assert!(poll(first.as_mut(), &log.bell("first")).is_pending());
    writer.try_write(1).unwrap();
    writer.close();
    assert!(poll(second.as_mut(), &log.bell("second")).is_pending());
    drop(first);
    assert_eq!(log.take(), ["first", "second"]);
    assert_eq!(poll(second, Waker::noop()), some(1));
    assert_eq!(poll(pin!(reader.read()), Waker::noop()), Poll::Ready(None));

    // The other way: it is taken, and the one behind is at the end.
    let pipe = FixedPipe::<u32, 1>::fixed();
    let (mut first, mut second) = (pin!(pipe.reader().read()), pin!(pipe.reader().read()));
    assert!(poll(first.as_mut(), &log.bell("first")).is_pending());
    assert!(poll(second.as_mut(), &log.bell("second")).is_pending());
    pipe.writer().try_write(1).unwrap();
    pipe.writer().close();
    assert_eq!((log.take(), poll(first, Waker::noop())), (vec!["first".into()], some(1)));
    assert_eq!(
        (log.take(), poll(second, Waker::noop())),
        (vec!["second".into()], Poll::Ready(None))
    );
}

// async 96
#[test]
fn writers_wait_beyond_the_budget_and_come_in_in_their_order() {
    let (pipe, log) = (FixedPipe::<u32, 4>::fixed(), Log::default());
    let (writer, reader) = (pipe.writer(), pipe.reader());
    pipe.set_budget(NonZeroUsize::MIN);
    assert_eq!(poll(pin!(writer.write(1)), Waker::noop()), WRITTEN);
    let mut room = pin!(writer.pushback());
    assert!(poll(room.as_mut(), &log.bell("room")).is_pending());
    assert_eq!(reader.try_read(), Ok(1));
    assert_eq!(log.take(), ["room"]);
    assert_eq!(poll(room, Waker::noop()), Poll::Ready(()));

    pipe.set_budget(NonZeroUsize::new(2).unwrap());
    assert_eq!(poll(pin!(writer.write(2)), Waker::noop()), WRITTEN);
    assert_eq!(poll(pin!(writer.write(3)), Waker::noop()), WRITTEN);
    let (mut third, mut fourth) = (pin!(writer.write(4)), pin!(writer.write(5)));
    assert!(poll(third.as_mut(), &log.bell("third")).is_pending());
    assert!(poll(fourth.as_mut(), &log.bell("fourth")).is_pending());
    assert_eq!(writer.write_now(9), Ok(()), "beyond the budget, within the capacity");
    assert_eq!((reader.try_read(), log.take()), (Ok(2), vec![]), "still two are there");
    assert_eq!((reader.try_read(), log.take()), (Ok(3), vec!["third".into()]));
    assert_eq!(writer.try_write(6), Err(WriteError::Full(6)), "nobody comes before the fourth");
    assert_eq!((reader.try_read(), log.take()), (Ok(9), vec!["fourth".into()]));
    assert_eq!(poll(fourth, Waker::noop()), WRITTEN);
    assert_eq!(poll(third, Waker::noop()), WRITTEN);
    assert_eq!((reader.try_read(), reader.try_read()), (Ok(4), Ok(5)));
    assert_eq!(writer.try_write(7), Ok(()), "nobody is in line any more");
}

#[test]
fn a_writer_that_goes_takes_its_value_with_it_and_lets_the_next_in() {
    let (pipe, log) = (FixedPipe::<u32, 1>::fixed(), Log::default());
    let (writer, reader) = (pipe.writer(), pipe.reader());
    writer.try_write(1).unwrap();
    let mut goes = Box::pin(writer.write(2));
    let mut stays = pin!(writer.write(3));
    assert!(poll(goes.as_mut(), &log.bell("goes")).is_pending());
    assert!(poll(stays.as_mut(), &log.bell("stays")).is_pending());
    drop(goes);
    assert_eq!((reader.try_read(), log.take()), (Ok(1), vec!["stays".into()]));
    assert_eq!((reader.try_read(), poll(stays, Waker::noop())), (Ok(3), WRITTEN));
    // The last in line goes: the line is empty, and a later writer need not wait.
    writer.try_write(4).unwrap();
    let mut goes = Box::pin(writer.write(5));
    assert!(poll(goes.as_mut(), Waker::noop()).is_pending());
    drop(goes);
    assert_eq!((reader.try_read(), writer.try_write(6)), (Ok(4), Ok(())));
}

// async 97
#[test]
fn who_waits_for_room_is_released_by_either_close_with_its_value() {
    for read_side in [true, false] {
        let (pipe, log) = (FixedPipe::<u32, 1>::fixed(), Log::default());
        let (writer, reader) = (pipe.writer(), pipe.reader());
        writer.try_write(1).unwrap();
        let (mut room, mut write) = (pin!(writer.pushback()), pin!(writer.write(2)));
        let mut closed = pin!(writer.closed());
        assert!(poll(room.as_mut(), &log.bell("room")).is_pending());
        assert!(poll(closed.as_mut(), &log.bell("closed")).is_pending());
        assert!(poll(write.as_mut(), &log.bell("write")).is_pending());
        if read_side {
            reader.close();
        } else {
            writer.close();
        }
        let mut words = log.take();
        words.sort();
        assert_eq!(words, ["closed", "room", "write"]);
        assert_eq!(poll(room, Waker::noop()), Poll::Ready(()));
        assert_eq!(poll(closed, Waker::noop()), Poll::Ready(()));
        assert_eq!(poll(write, Waker::noop()), Poll::Ready(Err(Closed(2))));
        let left = if read_side { Err(TryReadError::Eof) } else { Ok(1) };
        assert_eq!(reader.try_read(), left);
    }
}

#[test]
fn flushed_says_whether_all_was_read() {
    let (pipe, log) = (FixedPipe::<u32, 4>::fixed(), Log::default());
    let (writer, reader) = (pipe.writer(), pipe.reader());
    assert_eq!(poll(pin!(writer.flushed()), Waker::noop()), Poll::Ready(Ok(())));
    writer.try_write(1).unwrap();
    let mut one = pin!(writer.flushed());
    writer.try_write(2).unwrap();
    let mut two = pin!(writer.flushed());
    assert!(poll(two.as_mut(), &log.bell("two")).is_pending());
    assert!(poll(one.as_mut(), &log.bell("one")).is_pending());
    assert_eq!(reader.try_read(), Ok(1));
    assert!(log.take().contains(&"one".into()));
    assert_eq!(poll(one, Waker::noop()), Poll::Ready(Ok(())));
    assert!(poll(two.as_mut(), &log.bell("two")).is_pending());
    reader.close();
    assert_eq!(log.take(), ["two"]);
    assert_eq!(poll(two, Waker::noop()), Poll::Ready(Err(ReaderClosed)));
}

// async 100
#[test]
fn values_are_read_in_batches_and_in_given_numbers() {
    let pipe = FixedPipe::<u32, 64>::fixed();
    let (writer, reader) = (pipe.writer(), pipe.reader());
    (0..5).for_each(|value| writer.try_write(value).unwrap());
    let mut values = Vec::new();
    assert_eq!(poll(pin!(reader.read_batch(2, &mut values)), Waker::noop()), Poll::Ready(2));
    let rest = poll(pin!(reader.read_exactly(3, &mut values)), Waker::noop());
    assert_eq!((rest, values), (Poll::Ready(Exactly::Exactly), vec![0, 1, 2, 3, 4]));

    let mut values = Vec::new();
    (0..40).for_each(|value| writer.try_write(value).unwrap());
    {
        let mut read = pin!(reader.read_exactly(50, &mut values));
        assert!(poll(read.as_mut(), Waker::noop()).is_pending());
        writer.try_write(40).unwrap();
        assert!(poll(read.as_mut(), Waker::noop()).is_pending());
        writer.close();
        assert_eq!(poll(read, Waker::noop()), Poll::Ready(Exactly::Fewer(41)));
    }
    assert_eq!(values, (0..41).collect::<Vec<_>>());
    let end = poll(pin!(reader.read_exactly(1, &mut values)), Waker::noop());
    assert_eq!(end, Poll::Ready(Exactly::Eof));
    assert_eq!(poll(pin!(reader.read_batch(9, &mut values)), Waker::noop()), Poll::Ready(0));
}

#[test]
fn the_last_of_each_end_closes_its_side() {
    let (write, read) = channel::<u32>(4).unwrap();
    let other = write.clone();
    drop(write);
    assert_eq!(other.writer().try_write(1), Ok(()));
    drop(other);
    assert_eq!(read.reader().try_read(), Ok(1));
    assert_eq!(read.reader().try_read(), Err(TryReadError::Eof));
    let (write, read) = channel::<u32>(4).unwrap();
    write.writer().try_write(1).unwrap();
    drop(read);
    let flushed = poll(pin!(write.writer().flushed()), Waker::noop());
    assert_eq!(flushed, Poll::Ready(Err(ReaderClosed)));
}

#[test]
fn a_pipe_is_entered_from_its_wakers_and_values() {
    struct Uses(Rc<local::GrowingPipe<Uses>>);
    impl Drop for Uses {
        fn drop(&mut self) {
            assert!(self.0.reader().is_closed());
            assert!(self.0.writer().is_closed());
        }
    }
    static SHARED: FixedPipe<u32, 1> = FixedPipe::fixed();
    fn again(_: Event) {
        assert!(SHARED.len() <= 1);
        let _ = SHARED.reader().peek();
    }
    let waker = hooked(again);
    let mut read = pin!(SHARED.reader().read());
    assert!(poll(read.as_mut(), &waker).is_pending());
    SHARED.writer().try_write(1).unwrap();
    assert_eq!(poll(read, &waker), some(1));
    SHARED.writer().try_write(2).unwrap();
    let mut write = pin!(SHARED.writer().write(3));
    assert!(poll(write.as_mut(), &waker).is_pending());
    assert_eq!(SHARED.reader().try_read(), Ok(2));
    SHARED.reader().close();

    let pipe = Rc::new(local::GrowingPipe::growing_in(2).unwrap());
    assert!(pipe.writer().try_write(Uses(pipe.clone())).is_ok());
    pipe.reader().close();
}

#[test]
fn a_pipe_allocates_nothing_once_it_has_its_room() {
    let (fixed, grown) = (FixedPipe::<u32, 2>::fixed(), GrowingPipe::growing(8).unwrap());
    (0..8).for_each(|value| grown.writer().try_write(value).unwrap());
    let count = allocations(|| {
        for value in 0..1000 {
            assert!(grown.reader().try_read().is_ok());
            grown.writer().try_write(value).unwrap();
            let mut read = pin!(fixed.reader().read());
            assert!(poll(read.as_mut(), Waker::noop()).is_pending());
            fixed.writer().try_write(value).unwrap();
            fixed.writer().try_write(value).unwrap();
            let mut write = pin!(fixed.writer().write(value));
            assert!(poll(write.as_mut(), Waker::noop()).is_pending());
            assert_eq!(poll(read, Waker::noop()), some(value));
            assert_eq!(poll(write, Waker::noop()), WRITTEN);
            assert_eq!(
                (fixed.reader().try_read(), fixed.reader().try_read()),
                (Ok(value), Ok(value))
            );
        }
    });
    assert_eq!(count, 0);
}

//! What is forgotten at a pipe: the pipe may move, end or die, and nobody else is harmed.

use std::{
    future::Future,
    mem,
    pin::{Pin, pin},
    task::{Poll, Waker},
};

use tidemill_core::{
    error::{Closed, ReaderClosed, TryReadError, WriteError},
    local,
    share::pipe::{End, FixedPipe, transfer},
};

use crate::bell::{Log, poll};

/// In boxes, so that the sanitizer sees who touches what is gone.
type Boxes<const N: usize> = FixedPipe<Box<u32>, N>;

/// Has `future` wait for ever.
fn forget_waiting<F: Future>(future: F, waker: &Waker) {
    let mut future = Box::pin(future);
    assert!(poll(future.as_mut(), waker).is_pending());
    mem::forget(future);
}

fn pending<F: Future>(future: Pin<&mut F>) -> bool {
    poll(future, Waker::noop()).is_pending()
}

#[test]
fn a_pipe_moves_with_forgotten_readers_who_keep_what_they_are_handed_and_its_room() {
    let log = Log::default();
    let pipe = Box::new(Boxes::<3>::fixed());
    forget_waiting(pipe.reader().read(), &log.bell("forgotten"));
    {
        let mut read = pin!(pipe.reader().read());
        assert!(poll(read.as_mut(), &log.bell("dropped")).is_pending());
        forget_waiting(pipe.reader().read(), &log.bell("forgotten too"));
    }
    // Moves out of the box, which is freed.
    let pipe = *pipe;
    let (writer, reader) = (pipe.writer(), pipe.reader());
    let mut read = pin!(reader.read());
    assert!(poll(read.as_mut(), &log.bell("reader")).is_pending());
    for value in 1..=3 {
        writer.try_write(Box::new(value)).unwrap();
    }
    assert_eq!(log.take(), ["forgotten", "forgotten too", "reader"]);
    assert_eq!(poll(read, Waker::noop()), Poll::Ready(Some(Box::new(3))));
    // Two of three places are gone, the third one is as good as ever.
    for value in 4..10 {
        writer.try_write(Box::new(value)).unwrap();
        assert_eq!(writer.try_write(Box::new(0)), Err(WriteError::Full(Box::new(0))));
        assert_eq!(reader.try_read(), Ok(Box::new(value)));
    }
    // At the end it is as if they still might give back what they have, until nobody wants it any more.
    let (mut late, mut flushed) = (pin!(reader.read()), pin!(writer.flushed()));
    writer.close();
    assert!(pending(late.as_mut()) && pending(flushed.as_mut()));
    reader.close();
    assert_eq!(poll(late, Waker::noop()), Poll::Ready(None));
    assert_eq!(poll(flushed, Waker::noop()), Poll::Ready(Err(ReaderClosed)));
}

#[test]
fn what_forgotten_writers_offered_comes_in_as_if_they_were_there() {
    let log = Log::default();
    let pipe = Box::new(Boxes::<1>::fixed());
    pipe.writer().try_write(Box::new(1)).unwrap();
    forget_waiting(pipe.writer().write(Box::new(2)), &log.bell("forgotten"));
    forget_waiting(pipe.writer().write(Box::new(3)), &log.bell("forgotten"));
    let pipe = *pipe;
    let mut write = pin!(pipe.writer().write(Box::new(4)));
    assert!(poll(write.as_mut(), &log.bell("writer")).is_pending());
    for value in 1..=4 {
        assert_eq!(pipe.reader().try_read(), Ok(Box::new(value)));
    }
    assert_eq!(log.take(), ["forgotten", "forgotten", "writer"]);
    assert_eq!(poll(write, Waker::noop()), Poll::Ready(Ok(())));
    // Closed, it hands nothing back to who is forgotten; who waits behind is told.
    pipe.writer().try_write(Box::new(5)).unwrap();
    forget_waiting(pipe.writer().write(Box::new(6)), &log.bell("forgotten"));
    let mut write = pin!(pipe.writer().write(Box::new(7)));
    assert!(pending(write.as_mut()));
    pipe.writer().close();
    assert_eq!(poll(write, Waker::noop()), Poll::Ready(Err(Closed(Box::new(7)))));
    assert_eq!(pipe.reader().try_read(), Ok(Box::new(5)));
    assert_eq!(pipe.reader().try_read(), Err(TryReadError::Eof));
}

#[test]
fn forgotten_watchers_keep_no_other_from_seeing_what_comes() {
    let log = Log::default();
    let pipe = Box::new(Boxes::<1>::fixed());
    forget_waiting(pipe.reader().values_available(), &log.bell("forgotten"));
    let pipe = *pipe;
    let mut values = pin!(pipe.reader().values_available());
    assert!(poll(values.as_mut(), &log.bell("values")).is_pending());
    pipe.writer().try_write(Box::new(1)).unwrap();
    assert_eq!(log.take(), ["forgotten", "values"]);
    assert_eq!(poll(values, Waker::noop()), Poll::Ready(true));

    forget_waiting(pipe.writer().pushback(), &log.bell("forgotten"));
    forget_waiting(pipe.writer().flushed(), &log.bell("forgotten"));
    forget_waiting(pipe.writer().closed(), &log.bell("forgotten"));
    let (mut room, mut flushed) = (pin!(pipe.writer().pushback()), pin!(pipe.writer().flushed()));
    let mut closed = pin!(pipe.writer().closed());
    assert!(pending(room.as_mut()) && pending(flushed.as_mut()) && pending(closed.as_mut()));
    assert_eq!(pipe.reader().try_read(), Ok(Box::new(1)));
    assert_eq!(poll(room, Waker::noop()), Poll::Ready(()));
    assert_eq!(poll(flushed, Waker::noop()), Poll::Ready(Ok(())));
    assert!(poll(closed.as_mut(), &log.bell("closed")).is_pending());
    log.take();
    pipe.writer().close();
    assert_eq!(log.take(), ["closed"], "those who were forgotten were woken before");
    assert_eq!(poll(closed, Waker::noop()), Poll::Ready(()));
}

#[test]
fn a_pipe_dies_with_all_who_are_forgotten_there() {
    let log = Log::default();
    let empty = Box::new(local::FixedPipe::<Box<u32>, 1>::fixed_in());
    forget_waiting(empty.reader().read(), &log.bell("read"));
    forget_waiting(empty.reader().values_available(), &log.bell("values"));
    drop(empty);
    let full = Box::new(local::FixedPipe::<Box<u32>, 1>::fixed_in());
    full.writer().try_write(Box::new(1)).unwrap();
    forget_waiting(full.writer().write(Box::new(2)), &log.bell("write"));
    forget_waiting(full.writer().pushback(), &log.bell("pushback"));
    forget_waiting(full.writer().flushed(), &log.bell("flushed"));
    drop(full);
    assert_eq!(log.take(), [""; 0]);
}

#[cfg(feature = "alloc")]
#[test]
fn an_end_that_is_forgotten_keeps_its_side_open_and_the_other_as_it_is() {
    let (write, read) = tidemill_core::share::pipe::channel(2).unwrap();
    write.writer().try_write(Box::new(1)).unwrap();
    mem::forget(write);
    assert_eq!(read.reader().try_read(), Ok(Box::new(1)));
    assert_eq!(read.reader().try_read(), Err(TryReadError::Empty));
    forget_waiting(read.reader().read(), Waker::noop());
    drop(read);
    let (write, read) = tidemill_core::share::pipe::channel(1).unwrap();
    write.writer().try_write(Box::new(1)).unwrap();
    mem::forget(read);
    assert!(write.writer().try_write(Box::new(2)).is_err() && !write.writer().is_closed());
}

#[test]
fn a_forgotten_transfer_leaves_both_pipes_to_the_others() {
    let (from, to) = (Boxes::<4>::fixed(), Boxes::<1>::fixed());
    for value in 1..=3 {
        from.writer().try_write(Box::new(value)).unwrap();
    }
    forget_waiting(transfer(from.reader(), to.writer(), |value| value), Waker::noop());
    // It has written one, offers the second, and has left the third.
    let mut flushed = pin!(from.writer().flushed());
    assert!(pending(flushed.as_mut()));
    let mut goes_on = Box::pin(transfer(from.reader(), to.writer(), |value| value));
    assert!(pending(goes_on.as_mut()));
    for value in 1..=3 {
        assert_eq!(to.reader().try_read(), Ok(Box::new(value)));
        assert!(pending(goes_on.as_mut()));
    }
    from.writer().close();
    assert_eq!(poll(goes_on.as_mut(), Waker::noop()), Poll::Ready(End::Eof));
    assert!(pending(flushed.as_mut()), "two of the values are with who is forgotten");
    from.reader().close();
    assert_eq!(poll(flushed, Waker::noop()), Poll::Ready(Err(ReaderClosed)));
}

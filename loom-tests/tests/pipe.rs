//! Models of `Pipe`: its two lines, and those who watch.
#![cfg(loom)]

use std::{boxed::Box, pin::pin, sync::Arc, task::Poll};

use loom::thread;
use tidemill_core::{
    error::{TryReadError, WriteError},
    share::pipe::FixedPipe,
};
use tidemill_loom_tests::{Bell, poll};

/// **A value that was taken in is read before the end, whoever closes meanwhile; and who waits is woken for either.**
///
/// Seen to fail where closing does not wake the readers in line, and where `put` leaves the value in the buffer when a reader is in line.
#[test]
fn write_against_read_against_close() {
    loom::model(|| {
        let pipe = Arc::new(FixedPipe::<u32, 1>::fixed());
        let writes = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || pipe.writer().try_write(7)
        });
        let closes = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || pipe.writer().close()
        });
        let (bell, waker) = Bell::new();
        let mut read = pin!(pipe.reader().read());
        let first = poll(read.as_mut(), &waker);
        let written = writes.join().unwrap();
        closes.join().unwrap();
        let end = match first {
            Poll::Ready(end) => end,
            Poll::Pending => {
                assert!(bell.rung() > 0, "nobody woke the reader");
                let Poll::Ready(end) = poll(read, &waker) else { panic!("woken for nothing") };
                end
            }
        };
        match written {
            Ok(()) => assert_eq!(end, Some(7)),
            Err(refused) => assert_eq!((refused, end), (WriteError::Closed(7), None)),
        }
        assert_eq!(pipe.reader().try_read(), Err(TryReadError::Eof));
    });
}

/// **A reader that goes as it is handed a value passes it on: to the reader behind it, who is woken.**
///
/// Seen to fail where `give_back` puts the value into the buffer though a reader is in line, and where the drop of a `Read` gives
/// nothing back.
#[test]
fn a_reader_goes_as_it_is_handed_a_value() {
    loom::model(|| {
        let pipe = Arc::new(FixedPipe::<u32, 1>::fixed());
        let ((goes_bell, goes_waker), (bell, waker)) = (Bell::new(), Bell::new());
        let mut goes = Box::pin(pipe.reader().read());
        let mut stays = pin!(pipe.reader().read());
        assert!(poll(goes.as_mut(), &goes_waker).is_pending());
        assert!(poll(stays.as_mut(), &waker).is_pending());
        let writes = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || pipe.writer().try_write(7).unwrap()
        });
        drop(goes);
        writes.join().unwrap();
        assert!(goes_bell.rung() <= 1);
        assert_eq!(bell.rung(), 1, "the next in line is woken");
        assert_eq!(poll(stays, &waker), Poll::Ready(Some(7)));
    });
}

/// **A writer that finds no room as room is made is let in, and woken.**
///
/// Seen to fail where a writer joins its line without setting `crowded`.
#[test]
fn a_writer_joins_as_room_is_made() {
    loom::model(|| {
        let pipe = Arc::new(FixedPipe::<u32, 1>::fixed());
        pipe.writer().try_write(1).unwrap();
        let reads = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || assert_eq!(pipe.reader().try_read(), Ok(1))
        });
        let (bell, waker) = Bell::new();
        let mut write = pin!(pipe.writer().write(2));
        let ready = poll(write.as_mut(), &waker).is_ready();
        reads.join().unwrap();
        if !ready {
            assert_eq!(bell.rung(), 1, "nobody let the writer in");
            assert_eq!(poll(write, &waker), Poll::Ready(Ok(())));
        }
        assert_eq!(pipe.reader().try_read(), Ok(2));
    });
}

/// **Who waits for all to be read finds it so, or is woken when it is.**
///
/// Seen to fail where a `Watch` joins its line without saying what it waits for (`want`).
#[test]
fn flushed_against_read() {
    loom::model(|| {
        let pipe = Arc::new(FixedPipe::<u32, 1>::fixed());
        pipe.writer().try_write(1).unwrap();
        let reads = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || pipe.reader().try_read().unwrap()
        });
        let (bell, waker) = Bell::new();
        let mut flushed = pin!(pipe.writer().flushed());
        let ready = poll(flushed.as_mut(), &waker).is_ready();
        reads.join().unwrap();
        if !ready {
            assert!(bell.rung() > 0, "nobody woke the watcher");
            assert_eq!(poll(flushed, &waker), Poll::Ready(Ok(())));
        }
    });
}

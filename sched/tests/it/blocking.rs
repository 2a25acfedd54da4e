//! System threads that wait for values and pipes of tasks.

use std::{
    future::pending,
    pin::pin,
    sync::{Arc, mpsc},
    task::Poll,
    thread,
    time::Duration,
};

use tidemill_core::{
    ivar::{self, Ivar},
    share::pipe,
};
use tidemill_sched::{
    Local,
    bridge::{
        BlockedWrite, BlockingReader, BlockingWriter, OnExecutor, ReadError, WaitError, read,
        read_timeout, wait, wait_timeout,
    },
    spawn,
};

use crate::board::Board;

// async 155
#[test]
fn a_thread_reads_a_value_that_a_task_fills() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (filler, answer) = ivar::channel();
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let answer = answer.clone();
            thread::spawn(move || read(&answer).copied())
        })
        .collect();
    local.run_with(pin!(async { filler.fill(7).unwrap() }), &mut board.bell());
    for reader in readers {
        assert_eq!(reader.join().unwrap(), Ok(7));
    }
    assert_eq!(read_timeout(&answer, Duration::ZERO), Ok(&7));
}

// async 155
#[test]
fn a_thread_whose_sleep_ends_for_nothing_sleeps_on() {
    let answer = Arc::new(Ivar::new());
    let (polls, polled) = mpsc::channel();
    let reader = thread::spawn({
        let answer = answer.clone();
        move || {
            let mut value = pin!(answer.read());
            let watched = std::future::poll_fn(|cx| {
                polls.send(()).unwrap();
                value.as_mut().poll(cx).map(|value| value.copied())
            });
            wait(watched)
        }
    });
    polled.recv().unwrap();
    for _ in 0..1000 {
        reader.thread().unpark();
        thread::yield_now();
    }
    assert!(polled.try_recv().is_err(), "nobody has woken it");
    answer.fill(3).unwrap();
    assert_eq!(reader.join().unwrap(), Ok(Ok(3)));
    assert!(polled.recv().is_ok() && polled.recv().is_err(), "one wake, one more poll");
}

#[test]
fn a_wake_before_the_sleep_is_not_lost_and_a_wake_by_itself_is_one() {
    let mut turns = 0;
    let counted = std::future::poll_fn(|cx| {
        turns += 1;
        cx.waker().wake_by_ref();
        if turns == 100 { Poll::Ready(()) } else { Poll::Pending }
    });
    assert_eq!(wait(counted), Ok(()));
    assert_eq!(turns, 100);
}

#[test]
fn a_read_ends_with_its_time_or_when_nobody_is_left_to_fill() {
    let (filler, answer) = ivar::channel::<u32>();
    assert_eq!(read_timeout(&answer, Duration::from_millis(1)), Err(ReadError::Elapsed));
    assert_eq!(wait_timeout(pending::<()>(), Duration::ZERO), Err(WaitError::Elapsed));
    let reader = thread::spawn({
        let answer = answer.clone();
        move || read(&answer).copied()
    });
    drop(filler);
    assert_eq!(reader.join().unwrap(), Err(ReadError::Abandoned));
    assert_eq!(read_timeout(&answer, Duration::MAX), Err(ReadError::Abandoned));
}

// async 154
#[test]
fn a_hundred_values_pass_a_pipe_from_a_thread_to_a_task_in_order() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (write, end) = pipe::channel(3).unwrap();
    let writer = thread::spawn(move || {
        let write = BlockingWriter::new(write);
        (0..100).try_for_each(|n| write.write(n))
    });
    let seen = local.run_with(
        pin!(async {
            let mut seen = Vec::new();
            while let Some(n) = end.reader().read().await {
                seen.push(n);
            }
            seen
        }),
        &mut board.bell(),
    );
    assert_eq!(writer.join().unwrap(), Ok(()));
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

// async 154
#[test]
fn a_hundred_values_pass_a_pipe_from_a_task_to_a_thread_in_order() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (end, read) = pipe::channel(3).unwrap();
    let reader = thread::spawn(move || {
        let (read, mut seen) = (BlockingReader::new(read), Vec::new());
        while let Some(n) = read.read().unwrap() {
            seen.push(n);
        }
        seen
    });
    local.run_with(
        pin!(async move {
            for n in 0..100 {
                end.writer().write(n).await.unwrap();
            }
        }),
        &mut board.bell(),
    );
    assert_eq!(reader.join().unwrap(), (0..100).collect::<Vec<_>>());
}

// async 154
#[test]
fn what_blocks_is_an_error_at_once_in_a_turn() {
    let board = Board::default();
    let local = Local::new(board.clone());
    let (write, read_end) = pipe::channel(1).unwrap();
    let (writer, reader) = (BlockingWriter::new(write), BlockingReader::new(read_end));
    let answer = ivar::Deferred::<u32>::never();
    let task = async {
        // There is room, and it is an error all the same: it would not always be one otherwise.
        let written = writer.write("kept");
        assert_eq!(written, Err(BlockedWrite::OnExecutor("kept")));
        assert_eq!(reader.read(), Err(OnExecutor));
        assert_eq!(read(&answer), Err(ReadError::OnExecutor));
        assert_eq!(read_timeout(&answer, Duration::MAX), Err(ReadError::OnExecutor));
        assert_eq!(wait(async {}), Err(OnExecutor));
        spawn(async {}).unwrap().await.unwrap();
        "ended"
    };
    assert_eq!(local.run_with(pin!(task), &mut board.bell()), "ended");
    assert_eq!(writer.write("outside"), Ok(()));
    assert_eq!(reader.read(), Ok(Some("outside")));
}

#[test]
fn a_thread_that_writes_to_a_closed_pipe_gets_its_value_back() {
    let (write, read) = pipe::channel(1).unwrap();
    let writer = BlockingWriter::new(write);
    assert_eq!(writer.write("in it"), Ok(()));
    let waits = thread::spawn(move || {
        let refused = writer.write("waits");
        (refused, writer.get().writer().is_closed())
    });
    // It waits, or it will find it closed.
    drop(BlockingReader::new(read).clone().into_inner());
    assert_eq!(waits.join().unwrap(), (Err(BlockedWrite::Closed("waits")), true));
}

//! Bodies at one side of a pipe, and pipes of what a function makes: how they end, and who is told.

use std::{cell::Cell, pin::pin, rc::Rc};

use tidemill_core::{
    context::{Context, Monitor},
    error::{Closed, JoinError, ReaderClosed, TryReadError},
    share::pipe::{
        End, GrowingPipe, OnFailure, consume, create_reader, create_writer, pour, produce, unfold,
    },
};
use tidemill_sched::spawn;

use crate::{
    everywhere::{rest, within},
    pace::poll,
    pipes::{pipe, read_all, task, write_all},
};

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Well,
    Fails,
    Panics,
    IsDropped,
}

const WAYS: [Way; 4] = [Way::Well, Way::Fails, Way::Panics, Way::IsDropped];

async fn ends(way: Way) -> Result<(), &'static str> {
    match way {
        Way::Well => Ok(()),
        Way::Fails => Err("failed"),
        Way::Panics => panic!("of the test"),
        Way::IsDropped => std::future::pending().await,
    }
}

// async 106
#[test]
fn a_body_that_fails_makes_no_false_end_unless_it_is_to() {
    within(async |_| {
        for (way, on_failure) in
            WAYS.map(|way| [(way, OnFailure::LeaveOpen), (way, OnFailure::Close)]).concat()
        {
            let (read, body) = create_reader(4, on_failure, async move |to| {
                to.write(1).await.unwrap();
                ends(way).await
            })
            .unwrap();
            let runs = task(body);
            assert_eq!(read.reader().read().await, Some(1));
            if way == Way::IsDropped {
                rest().await;
                runs.cancel();
            }
            match runs.await {
                Ok(result) => assert_eq!(result.is_ok(), way == Way::Well),
                Err(error) => {
                    assert_eq!(matches!(error, JoinError::Panicked(_)), way == Way::Panics);
                }
            }
            let over = way == Way::Well || on_failure == OnFailure::Close;
            let left = if over { TryReadError::Eof } else { TryReadError::Empty };
            assert_eq!(read.reader().try_read(), Err(left), "{way:?}, {on_failure:?}");
        }
    });
}

// async 106
#[test]
fn a_body_that_panics_is_told_to_the_monitor_under_which_it_was_spawned() {
    within(async |_| {
        let monitor = Monitor::top();
        let mut errors = monitor.detach();
        let (read, body) = create_reader(4, OnFailure::LeaveOpen, async |to| {
            to.write(1).await.unwrap();
            ends(Way::Panics).await
        })
        .unwrap();
        Context::current().with_monitor(monitor).run(|| spawn(body).unwrap().detach());
        assert!(errors.next().await.is_some());
        assert_eq!(read.reader().read().await, Some(1));
        assert_eq!(read.reader().try_read(), Err(TryReadError::Empty), "no false end");
    });
}

#[test]
fn a_body_that_was_never_polled_leaves_its_pipe_as_it_is_said_to() {
    for on_failure in [OnFailure::LeaveOpen, OnFailure::Close] {
        let made = create_reader::<u32, (), ()>(1, on_failure, async |_| unreachable!());
        let (read, body) = made.unwrap();
        drop(body);
        let over = on_failure == OnFailure::Close;
        let left = if over { TryReadError::Eof } else { TryReadError::Empty };
        assert_eq!(read.reader().try_read(), Err(left));
    }
    let (write, body) = create_writer::<u32, ()>(1, async |_| unreachable!()).unwrap();
    drop(body);
    assert!(write.writer().is_closed());
    let pipe = pipe::<1>();
    drop(produce(pipe.writer(), OnFailure::Close, async |_| Ok::<(), ()>(())));
    drop(consume(pipe.reader(), async |_| ()));
    assert!(!pipe.is_closed(), "where the pipe is lent, nothing was called");
}

#[test]
fn a_body_that_reads_closes_its_pipe_however_it_ends() {
    within(async |_| {
        for way in WAYS {
            let (write, body) = create_writer(1, async move |from| {
                assert_eq!(from.read().await, Some(1));
                ends(way).await
            })
            .unwrap();
            let runs = task(body);
            write.writer().write(1).await.unwrap();
            rest().await;
            if way == Way::IsDropped {
                write.writer().try_write(2).unwrap();
                runs.cancel();
            }
            let waits = {
                let write = write.clone();
                task(async move {
                    let flushed = write.writer().flushed().await;
                    (flushed, write.writer().write(3).await)
                })
            };
            assert_eq!(runs.await.is_ok_and(|result| result.is_ok()), way == Way::Well);
            let (flushed, third) = waits.await.unwrap();
            let lost = way == Way::IsDropped;
            assert_eq!(flushed, if lost { Err(ReaderClosed) } else { Ok(()) });
            assert_eq!(third, Err(Closed(3)));
        }
    });
}

#[test]
fn what_a_function_makes_is_written_as_there_is_room_and_no_further_than_somebody_reads() {
    within(async |_| {
        let (to, calls) = (pipe::<2>(), Rc::new(Cell::new(0)));
        let flow = task({
            let (to, calls) = (to.clone(), calls.clone());
            async move {
                let made = unfold(to.writer(), 0, async |n| {
                    calls.set(calls.get() + 1);
                    (n < 5).then_some((n * n, n + 1))
                });
                made.await
            }
        });
        rest().await;
        assert_eq!((to.len(), calls.get()), (2, 3), "the third waits for room");
        let mut all = Vec::new();
        while let Some(value) = to.reader().read().await {
            all.push(value);
        }
        assert_eq!((flow.await.unwrap(), all), (End::Eof, vec![0, 1, 4, 9, 16]));
        assert_eq!(calls.get(), 6);

        let to = pipe::<2>();
        let flow = task({
            let to = to.clone();
            async move { unfold(to.writer(), 0, async |n| Some((n, n + 1))).await }
        });
        rest().await;
        to.reader().close();
        assert_eq!(flow.await.unwrap(), End::Closed);
        let made = unfold(to.writer(), 0, async |_| unreachable!("it is closed"));
        assert_eq!(made.await, End::Closed);
    });
}

#[test]
fn what_is_poured_into_a_pipe_comes_out_of_it_and_then_its_end() {
    within(async |_| {
        let to = pipe::<4>();
        let flow = task({
            let to = to.clone();
            async move { pour(to.writer(), 0..1000).await }
        });
        let mut all = Vec::new();
        while let Some(value) = to.reader().read().await {
            all.push(value);
        }
        assert_eq!((flow.await.unwrap(), all), (End::Eof, (0..1000).collect()));
        assert_eq!(pour(to.writer(), 0..).await, End::Closed);

        let list = GrowingPipe::of(0..3);
        assert_eq!(list.writer().try_write(9).ok(), None);
        let mut flushed = pin!(list.writer().flushed());
        assert!(poll(flushed.as_mut()).is_pending());
        let mut all = Vec::new();
        assert_eq!(list.reader().try_read_batch(usize::MAX, &mut all), 3);
        assert_eq!((all, list.reader().try_read()), (vec![0, 1, 2], Err(TryReadError::Eof)));
        assert_eq!(flushed.await, Ok(()));
        assert_eq!(GrowingPipe::<u32>::of([]).reader().try_read(), Err(TryReadError::Eof));
    });
}

#[test]
fn a_body_of_a_pipe_that_is_lent_closes_its_own_side_alone() {
    within(async |_| {
        let to = pipe::<4>();
        write_all(&to, [1]);
        let made = produce(to.writer(), OnFailure::LeaveOpen, async |to| {
            to.write(2).await.map_err(|_| "closed")
        });
        assert_eq!(made.await, Ok(()));
        assert!(to.is_closed() && !to.reader().is_closed());
        assert_eq!(consume(to.reader(), async |from| from.read().await).await, Some(1));
        assert!(to.reader().is_closed());
        assert_eq!(read_all(&to), [0; 0]);
        for (on_failure, closed) in [(OnFailure::LeaveOpen, false), (OnFailure::Close, true)] {
            let to = pipe::<1>();
            let made = produce(to.writer(), on_failure, async |_| ends(Way::Fails).await);
            assert_eq!((made.await, to.is_closed()), (Err("failed"), closed));
            let to = pipe::<1>();
            let mut made =
                Box::pin(produce(to.writer(), on_failure, async |_| ends(Way::IsDropped).await));
            assert!(poll(made.as_mut()).is_pending());
            drop(made);
            assert_eq!(to.is_closed(), closed);
        }
    });
}

//! Pipes between tasks: how values flow through several, and how each combination ends.

use std::{pin::pin, rc::Rc};

use tidemill_core::{
    error::{ReaderClosed, TryReadError, WriteError},
    share::pipe::{
        End, FixedPipe, Flush, filter_map, fold, for_each, for_each_or, map, transfer, try_for_each,
    },
    task::JoinHandle,
};
use tidemill_sched::spawn;

use crate::{
    board::Log,
    everywhere::{in_order, rest, within},
};

pub(crate) type Numbers<const N: usize = 4> = FixedPipe<u32, N>;

pub(crate) fn pipe<const N: usize>() -> Rc<Numbers<N>> {
    Rc::new(FixedPipe::fixed())
}

pub(crate) fn task<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<F::Output> {
    spawn(future).unwrap()
}

pub(crate) fn write_all<const N: usize>(pipe: &Numbers<N>, values: impl IntoIterator<Item = u32>) {
    values.into_iter().for_each(|value| pipe.writer().try_write(value).unwrap());
}

pub(crate) fn read_all<const N: usize>(pipe: &Numbers<N>) -> Vec<u32> {
    std::iter::from_fn(|| pipe.reader().try_read().ok()).collect()
}

/// Two pipes with a map between them.
fn mapped() -> (Rc<Numbers>, Rc<Numbers>, JoinHandle<End>) {
    let (from, to) = (pipe(), pipe());
    let flow = task({
        let (from, to) = (from.clone(), to.clone());
        async move { map(from.reader(), to.writer(), |value| value + 10).await }
    });
    (from, to, flow)
}

// async 99
#[test]
fn flushed_waits_for_the_last_consumer_of_a_chain() {
    within(async |_| {
        let log = Log::default();
        let (first, middle, flow) = mapped();
        let last = pipe::<4>();
        let flow2 = task({
            let (middle, last) = (middle.clone(), last.clone());
            async move { map(middle.reader(), last.writer(), |value| value * 2).await }
        });
        first.writer().write(1).await.unwrap();
        let flush = task({
            let (first, log) = (first.clone(), log.clone());
            async move {
                log.say(format!("{:?}", first.writer().flushed().await));
            }
        });
        rest().await;
        assert_eq!((first.len(), middle.len(), last.len()), (0, 0, 1));
        assert_eq!(log.take(), [""; 0], "it lies in the last pipe");
        first.writer().close();
        rest().await;
        assert_eq!(log.take(), [""; 0], "the end of the first is no reason");
        assert_eq!(last.reader().read().await, Some(22));
        flush.await.unwrap();
        assert_eq!(log.take(), ["Ok(())"]);
        assert_eq!((flow.await.unwrap(), flow2.await.unwrap()), (End::Eof, End::Eof));
        assert_eq!(last.reader().read().await, None, "the end came all the way");
    });
}

// async 99
#[test]
fn flushed_waits_for_what_is_processed_where_that_is_asked_for() {
    for (flush, before) in [(Flush::Read, vec!["flushed"]), (Flush::Processed, vec![])] {
        within(async |_| {
            let log = Log::default();
            let (pipe, gate) = (pipe::<4>(), Rc::new(FixedPipe::<(), 1>::fixed()));
            let consumer = task({
                let (pipe, gate) = (pipe.clone(), gate.clone());
                async move {
                    for_each(pipe.reader(), flush, async |_| {
                        gate.reader().read().await;
                    })
                    .await;
                }
            });
            write_all(&pipe, [1]);
            let flushed = task({
                let (pipe, log) = (pipe.clone(), log.clone());
                async move {
                    pipe.writer().flushed().await.unwrap();
                    log.say("flushed");
                }
            });
            rest().await;
            assert_eq!(log.take(), before);
            gate.writer().write(()).await.unwrap();
            flushed.await.unwrap();
            // A consumer that is dropped in the middle of a value counts as done with it.
            write_all(&pipe, [2]);
            rest().await;
            consumer.cancel();
            assert!(consumer.await.is_err());
            assert_eq!(pipe.writer().flushed().await, Ok(()));
        });
    }
}

#[test]
fn flushed_fails_where_the_chain_is_cut_before() {
    within(async |_| {
        let (first, middle, flow) = mapped();
        write_all(&middle, 0..4);
        first.writer().write(1).await.unwrap();
        rest().await;
        // One is on its way, one waits in the first pipe.
        first.writer().write(2).await.unwrap();
        let flush = task({
            let first = first.clone();
            async move { first.writer().flushed().await }
        });
        rest().await;
        middle.reader().close();
        assert_eq!(flush.await.unwrap(), Err(ReaderClosed));
        assert_eq!(flow.await.unwrap(), End::Closed);
    });
}

// async 102
#[test]
fn an_error_stops_a_loop_unless_it_is_to_go_on() {
    within(async |_| {
        let log = Log::default();
        let odd = async |value: u32| {
            log.say(format!("{value}"));
            if value % 2 == 1 { Err(value) } else { Ok(()) }
        };
        let stops = pipe::<4>();
        write_all(&stops, [0, 1, 2]);
        stops.writer().close();
        assert_eq!(try_for_each(stops.reader(), Flush::Read, odd).await, Err(1));
        assert_eq!((log.take(), read_all(&stops)), (vec!["0".into(), "1".into()], vec![2]));
        let goes_on = pipe::<4>();
        write_all(&goes_on, [1, 2, 3]);
        goes_on.writer().close();
        let mut errors = Vec::new();
        for_each_or(goes_on.reader(), Flush::Read, odd, |error| errors.push(error)).await;
        assert_eq!((log.take(), errors), (["1", "2", "3"].map(String::from).into(), vec![1, 3]));
    });
}

// async 102
#[test]
fn nothing_is_called_after_the_pipe_was_closed_for_reading_from_inside() {
    within(async |_| {
        let pipe1 = pipe::<4>();
        write_all(&pipe1, [1, 2, 3]);
        let seen = fold(pipe1.reader(), Flush::Read, vec![], async |mut seen, value| {
            pipe1.reader().close();
            seen.push(value);
            seen
        })
        .await;
        assert_eq!(seen, [1]);
        let (pipe2, mut count) = (pipe::<4>(), 0);
        write_all(&pipe2, [1, 2, 3]);
        let close = async |_| {
            count += 1;
            pipe2.reader().close();
        };
        for_each(pipe2.reader(), Flush::Processed, close).await;
        assert_eq!(count, 1);
        for closes in [false, true] {
            let (from, to) = (pipe::<4>(), pipe::<4>());
            write_all(&from, [1, 2, 3]);
            let close = |value| {
                from.reader().close();
                value
            };
            let end = if closes {
                map(from.reader(), to.writer(), close).await
            } else {
                transfer(from.reader(), to.writer(), close).await
            };
            assert_eq!((end, read_all(&to), to.is_closed()), (End::Eof, vec![1], closes));
        }
    });
}

// async 103
#[test]
fn a_transfer_leaves_its_output_open_and_closes_its_input_when_nobody_takes_the_values() {
    within(async |_| {
        let (from, to) = (pipe::<4>(), pipe::<4>());
        write_all(&from, [1, 2]);
        from.writer().close();
        assert_eq!(transfer(from.reader(), to.writer(), |value| value).await, End::Eof);
        assert!(!to.is_closed());
        assert_eq!(read_all(&to), [1, 2]);

        // The output is closed while the input is empty: the transfer notices at once.
        let from = pipe::<4>();
        let flow = task({
            let (from, to) = (from.clone(), to.clone());
            async move { transfer(from.reader(), to.writer(), |value| value).await }
        });
        rest().await;
        to.reader().close();
        assert_eq!(flow.await.unwrap(), End::Closed);
        assert!(from.reader().is_closed());
        assert_eq!(from.writer().try_write(1), Err(WriteError::Closed(1)));
        assert_eq!(Rc::strong_count(&from), 1, "nothing holds on to the input");
    });
}

#[test]
fn a_map_that_is_dropped_keeps_no_flush_waiting() {
    within(async |_| {
        let (from, to, flow) = mapped();
        write_all(&from, [1, 2]);
        rest().await;
        flow.cancel();
        assert!(flow.await.is_err());
        assert_eq!(from.writer().flushed().await, Ok(()));
        assert_eq!(read_all(&to), [11, 12]);
    });
}

/// Filters a thousand values beside another task. Says who was through first.
async fn a_long_pipe() -> Vec<String> {
    let (from, to, log) = (pipe::<1024>(), pipe::<1024>(), Log::default());
    write_all(&from, 0..1000);
    from.writer().close();
    let flow = task({
        let (from, to, log) = (from.clone(), to.clone(), log.clone());
        async move {
            let even = |value| (value % 2 == 0).then_some(value);
            filter_map(from.reader(), to.writer(), even).await;
            log.say("through");
        }
    });
    let other = task({
        let log = log.clone();
        async move { log.say("other") }
    });
    flow.await.unwrap();
    other.await.unwrap();
    assert_eq!(read_all(&to), (0..1000).step_by(2).collect::<Vec<_>>());
    assert_eq!(to.reader().try_read(), Err(TryReadError::Eof));
    log.take()
}

#[test]
fn a_filter_drops_what_it_does_not_want_and_a_long_pipe_lets_others_run() {
    within(async |_| assert_eq!(a_long_pipe().await.len(), 2));
    // It gives up its turn; who has the next one is for the scheduler to say, here the one who has waited for longest.
    in_order(|place| {
        assert_eq!(place.run_with(pin!(a_long_pipe())), ["other", "through"]);
    });
}

//! Pipes between tasks: how values flow through several, and how each combination ends.

use std::{
    cell::Cell,
    pin::{Pin, pin},
    rc::Rc,
};

use tidemill_core::{
    error::{ReaderClosed, TryReadError, WriteError},
    share::pipe::{
        CloseOn, End, FixedPipe, Flush, Pushback, concat, filter_map, fold, for_each, for_each_or,
        fork, interleave, interleave_pipe, map, merge, transfer, try_for_each,
    },
    task::JoinHandle,
};
use tidemill_sched::{Local, spawn};

use crate::board::{Board, Log, yield_now};

type Numbers<const N: usize = 4> = FixedPipe<u32, N>;

/// Runs a body with a fresh log on every executor there is.
fn everywhere(body: impl AsyncFn(Log)) {
    let (board, runs) = (Board::default(), Cell::new(0));
    let local = Local::new(board.clone());
    let run = async {
        body(Log::default()).await;
        runs.set(runs.get() + 1);
    };
    local.run_with(pin!(run), &mut board.virtual_time());
    assert_eq!(runs.get(), 1, "the body ran");
}

fn pipe<const N: usize>() -> Rc<Numbers<N>> {
    Rc::new(FixedPipe::fixed())
}

/// Lets every task come as far as it can.
async fn rest() {
    for _ in 0..32 {
        yield_now().await;
    }
}

fn task<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<F::Output> {
    spawn(future).unwrap()
}

fn write_all<const N: usize>(pipe: &Numbers<N>, values: impl IntoIterator<Item = u32>) {
    values.into_iter().for_each(|value| pipe.writer().try_write(value).unwrap());
}

fn read_all<const N: usize>(pipe: &Numbers<N>) -> Vec<u32> {
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
    everywhere(async |log| {
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
        everywhere(async |log| {
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
    everywhere(async |_| {
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
    everywhere(async |log| {
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
    everywhere(async |_| {
        let pipe1 = pipe::<4>();
        write_all(&pipe1, [1, 2, 3]);
        let seen = fold(pipe1.reader(), Flush::Read, vec![], async |mut seen, value| {
            pipe1.reader().close();
            seen.push(value);
            seen
        })
        .await;
        assert_eq!(seen, [1]);
        let (from, to) = (pipe::<4>(), pipe::<4>());
        write_all(&from, [1, 2, 3]);
        let end = map(from.reader(), to.writer(), |value| {
            from.reader().close();
            value
        })
        .await;
        assert_eq!((end, read_all(&to)), (End::Eof, vec![1]));
    });
}

// async 103
#[test]
fn a_transfer_leaves_its_output_open_and_closes_its_input_when_nobody_takes_the_values() {
    everywhere(async |_| {
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
    everywhere(async |_| {
        let (from, to, flow) = mapped();
        write_all(&from, [1, 2]);
        rest().await;
        flow.cancel();
        assert!(flow.await.is_err());
        assert_eq!(from.writer().flushed().await, Ok(()));
        assert_eq!(read_all(&to), [11, 12]);
    });
}

#[test]
fn a_filter_drops_what_it_does_not_want_and_a_long_pipe_lets_others_run() {
    everywhere(async |log| {
        let (from, to) = (pipe::<1024>(), pipe::<1024>());
        write_all(&from, 0..1000);
        from.writer().close();
        let flow = task({
            let (from, to, log) = (from.clone(), to.clone(), log.clone());
            async move {
                filter_map(from.reader(), to.writer(), |value| (value % 2 == 0).then_some(value))
                    .await;
                log.say("through");
            }
        });
        let other = task({
            let log = log.clone();
            async move { log.say("other") }
        });
        flow.await.unwrap();
        other.await.unwrap();
        assert_eq!(log.take(), ["other", "through"]);
        assert_eq!(read_all(&to), (0..1000).step_by(2).collect::<Vec<_>>());
        assert_eq!(to.reader().try_read(), Err(TryReadError::Eof));
    });
}

// async 104
#[test]
fn sorted_pipes_are_merged_in_order_and_end_together() {
    everywhere(async |_| {
        let inputs = [pipe::<4>(), pipe::<4>(), pipe::<4>()];
        let to = pipe::<4>();
        let flow = task({
            let (inputs, to) = (inputs.clone(), to.clone());
            async move {
                let readers = inputs.each_ref().map(|pipe| pipe.reader());
                merge(readers, to.writer(), |one, other| (one / 10).cmp(&(other / 10))).await
            }
        });
        write_all(&inputs[0], [10, 40]);
        write_all(&inputs[2], [12, 13]);
        rest().await;
        assert!(to.is_empty(), "one of them may yet have less");
        write_all(&inputs[1], [11, 31, 51]);
        inputs.iter().for_each(|pipe| pipe.writer().close());
        let mut all = Vec::new();
        while let Some(value) = to.reader().read().await {
            all.push(value);
        }
        assert_eq!(all, [10, 11, 12, 13, 31, 40, 51], "of equal ones the first pipe comes first");
        assert_eq!(flow.await.unwrap(), End::Eof);

        let (only, to) = (pipe::<4>(), pipe::<4>());
        write_all(&only, [3, 1, 2]);
        only.writer().close();
        assert_eq!(merge([only.reader()], to.writer(), u32::cmp).await, End::Eof);
        assert_eq!(read_all(&to), [3, 1, 2], "a single one is passed on as it is");
    });
}

// async 104
#[test]
fn a_merge_closes_its_inputs_when_its_output_is_closed() {
    everywhere(async |_| {
        let (inputs, to) = ([pipe::<4>(), pipe::<4>()], pipe::<4>());
        let flow = task({
            let (inputs, to) = (inputs.clone(), to.clone());
            async move {
                let readers = inputs.each_ref().map(|pipe| pipe.reader());
                merge(readers, to.writer(), u32::cmp).await
            }
        });
        write_all(&inputs[0], [1]);
        rest().await;
        to.reader().close();
        assert_eq!(flow.await.unwrap(), End::Closed);
        assert!(inputs.iter().all(|pipe| pipe.reader().is_closed()));
    });
}

/// An interleave of two pipes into a third.
fn interleaved(close_on: CloseOn) -> ([Rc<Numbers>; 2], Rc<Numbers>, JoinHandle<End>) {
    let (inputs, to) = ([pipe(), pipe()], pipe());
    let flow = task({
        let (inputs, to) = (inputs.clone(), to.clone());
        async move { interleave(inputs.iter().map(|pipe| pipe.reader()), to.writer(), close_on).await }
    });
    (inputs, to, flow)
}

// async 105
#[test]
fn an_interleave_ends_with_all_or_with_any() {
    everywhere(async |_| {
        for (close_on, stays_open) in [(CloseOn::All, true), (CloseOn::Any, false)] {
            let ([one, other], to, flow) = interleaved(close_on);
            write_all(&one, [1]);
            rest().await;
            write_all(&other, [2]);
            rest().await;
            assert_eq!(read_all(&to), [1, 2]);
            one.writer().close();
            rest().await;
            assert_eq!(!to.is_closed(), stays_open);
            other.writer().close();
            assert_eq!((flow.await.unwrap(), to.is_closed()), (End::Eof, true));
        }
        let ([one, other], to, flow) = interleaved(CloseOn::All);
        rest().await;
        to.reader().close();
        assert_eq!(flow.await.unwrap(), End::Closed);
        assert!(one.reader().is_closed() && other.reader().is_closed());
    });
}

// async 105
#[test]
fn a_pipe_of_pipes_is_open_while_one_that_came_by_it_is() {
    everywhere(async |_| {
        let (inner, to) = (pipe::<4>(), pipe::<4>());
        let done = Rc::new(Cell::new(false));
        let flow = task({
            let (inner, to, done) = (inner.clone(), to.clone(), done.clone());
            async move {
                let outer = FixedPipe::<_, 2>::fixed();
                outer.writer().try_write(inner.reader()).unwrap();
                outer.writer().close();
                let end = interleave_pipe(outer.reader(), to.writer()).await;
                done.set(true);
                end
            }
        });
        write_all(&inner, [1]);
        rest().await;
        assert_eq!((read_all(&to), to.is_closed(), done.get()), (vec![1], false, false));
        inner.writer().close();
        assert_eq!((flow.await.unwrap(), to.is_closed()), (End::Eof, true));
    });
}

#[test]
fn pipes_are_read_one_after_the_other() {
    everywhere(async |_| {
        let (inputs, to) = ([pipe::<4>(), pipe::<4>()], pipe::<4>());
        write_all(&inputs[1], [3, 4]);
        write_all(&inputs[0], [1, 2]);
        inputs.iter().for_each(|pipe| pipe.writer().close());
        let end = concat(inputs.iter().map(|pipe| pipe.reader()), to.writer()).await;
        assert_eq!((end, read_all(&to), to.is_closed()), (End::Eof, vec![1, 2, 3, 4], true));
        let (inputs, to) = ([pipe::<4>(), pipe::<4>()], pipe::<4>());
        to.reader().close();
        let end = concat(inputs.iter().map(|pipe| pipe.reader()), to.writer()).await;
        assert_eq!(end, End::Closed);
        assert!(inputs.iter().all(|pipe| pipe.reader().is_closed()));
    });
}

/// A fork of a pipe, whose branches have a budget of one.
fn forked(pushback: Pushback) -> (Rc<Numbers<8>>, [Rc<Numbers<8>>; 2], JoinHandle<End>) {
    let (from, to) = (pipe::<8>(), [pipe::<8>(), pipe::<8>()]);
    to.iter().for_each(|pipe| pipe.set_budget(std::num::NonZeroUsize::MIN));
    let flow = task({
        let (from, to) = (from.clone(), to.clone());
        async move { fork(from.reader(), to[0].writer(), to[1].writer(), pushback).await }
    });
    (from, to, flow)
}

// async 105
#[test]
fn a_fork_heeds_the_slower_branch_or_the_faster() {
    everywhere(async |_| {
        let (from, [fast, slow], flow) = forked(Pushback::Both);
        write_all(&from, 0..6);
        rest().await;
        assert_eq!((fast.len(), slow.len()), (1, 1));
        assert_eq!(read_all(&fast), [0, 1], "the second waited for room");
        rest().await;
        assert_eq!((read_all(&fast), slow.len()), (vec![], 1), "the slow one holds it up");
        assert_eq!(slow.reader().try_read(), Ok(0));
        rest().await;
        assert_eq!((read_all(&fast), slow.len()), (vec![2], 1));
        flow.cancel();
        let (from, [fast, slow], flow) = forked(Pushback::Fast);
        write_all(&from, 0..6);
        let mut seen = Vec::new();
        while seen.len() < 6 {
            rest().await;
            seen.extend(read_all(&fast));
        }
        assert_eq!((seen, read_all(&slow)), ((0..6).collect(), (0..6).collect()));
        from.writer().close();
        assert_eq!(
            (flow.await.unwrap(), fast.is_closed(), slow.is_closed()),
            (End::Eof, true, true)
        );
    });
}

// async 105
#[test]
fn a_fork_goes_on_with_one_branch_and_ends_without_any() {
    everywhere(async |_| {
        for pushback in [Pushback::Both, Pushback::Fast] {
            let (from, [one, other], flow) = forked(pushback);
            one.reader().close();
            write_all(&from, [1, 2]);
            let mut seen = Vec::new();
            while seen.len() < 2 {
                rest().await;
                seen.extend(read_all(&other));
            }
            assert_eq!(seen, [1, 2]);
            assert!(!from.is_closed());
            other.reader().close();
            assert_eq!(flow.await.unwrap(), End::Closed);
            assert!(from.reader().is_closed());
        }
    });
}

// async 106
#[test]
fn a_body_that_fails_makes_no_false_end() {
    everywhere(async |_| {
        let pipe = pipe::<4>();
        let body: Pin<Box<dyn Future<Output = Result<(), &str>>>> = Box::pin({
            let pipe = pipe.clone();
            async move {
                pipe.writer().write(1).await.unwrap();
                Err("failed")
            }
        });
        // A pipe by reference is closed by who says so alone: an error goes to who awaits the body.
        assert_eq!(task(body).await.unwrap(), Err("failed"));
        assert_eq!(pipe.reader().read().await, Some(1));
        assert_eq!(pipe.reader().try_read(), Err(TryReadError::Empty));
    });
}

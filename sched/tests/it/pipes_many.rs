//! Several pipes into one, and one into several.

use std::{cell::Cell, rc::Rc};

use tidemill_core::{
    share::pipe::{
        CloseOn, End, FixedPipe, Pushback, concat, fork, interleave, interleave_pipe, merge,
    },
    task::JoinHandle,
};

use crate::{
    everywhere::{rest, within},
    pipes::{Numbers, pipe, read_all, task, write_all},
};

// async 104
#[test]
fn sorted_pipes_are_merged_in_order_and_end_together() {
    within(async |_| {
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
    within(async |_| {
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
    within(async |_| {
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
    within(async |_| {
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
    within(async |_| {
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
    within(async |_| {
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
    within(async |_| {
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

//! `repeat` and `forever`: step after step, with a turn for others in between.

use std::{
    cell::Cell,
    future::poll_fn,
    ops::ControlFlow::{Break, Continue},
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::ivar::{Ivar, forever, repeat};

use crate::{
    alloc::allocations,
    bell::{Log, poll},
};

// async 28
#[test]
fn the_first_step_begins_at_once_and_each_later_one_at_a_turn_of_its_own() {
    let (log, said) = (Log::default(), Log::default());
    let mut steps = pin!(repeat(1, |n| {
        said.add(format!("step {n}"));
        async move { if n < 3 { Continue(n + 1) } else { Break("end") } }
    }));
    for n in 1..3 {
        assert!(poll(steps.as_mut(), &log.bell("turn")).is_pending());
        assert_eq!(
            (said.take(), log.take()),
            (vec![format!("step {n}")], vec!["turn".to_string()])
        );
    }
    assert_eq!(poll(steps, &log.bell("turn")), Poll::Ready("end"));
    assert_eq!((said.take(), log.take()), (vec!["step 3".to_string()], vec![]));
}

#[test]
fn a_step_that_waits_is_begun_once() {
    let (ivar, begun, log) = (Ivar::new(), Cell::new(0), Log::default());
    let mut steps = pin!(repeat((), |()| {
        begun.set(begun.get() + 1);
        async { ivar.read().await.map_or(Continue(()), |&value| Break(value)) }
    }));
    assert!(poll(steps.as_mut(), &log.bell("turn")).is_pending());
    assert!(poll(steps.as_mut(), &log.bell("turn")).is_pending());
    assert!(log.take().is_empty());
    ivar.fill(5).unwrap();
    assert_eq!((poll(steps, Waker::noop()), begun.get()), (Poll::Ready(5), 1));
}

// async 29
#[test]
fn for_ever_ends_with_the_first_error_and_steps_no_more() {
    let begun = Cell::new(0);
    let mut steps = pin!(forever(1, |n| {
        begun.set(n);
        async move { if n < 3 { Ok(n + 1) } else { Err("failed") } }
    }));
    assert!(poll(steps.as_mut(), Waker::noop()).is_pending());
    assert!(poll(steps.as_mut(), Waker::noop()).is_pending());
    assert_eq!((poll(steps, Waker::noop()), begun.get()), (Poll::Ready("failed"), 3));
}

// async 12
#[test]
fn a_loop_of_two_million_awaits_needs_the_memory_of_one() {
    let allocated = allocations(|| {
        let mut steps = pin!(repeat(0, |n| async move {
            let ivar = Ivar::new();
            let mut filled = false;
            poll_fn(|cx| {
                if !std::mem::replace(&mut filled, true) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
            .await;
            ivar.fill(n + 1).unwrap();
            match ivar.read().await {
                Ok(&2_000_000) => Break(()),
                Ok(&n) => Continue(n),
                Err(_) => unreachable!("it is filled"),
            }
        }));
        let mut polls = 0_u32;
        while poll(steps.as_mut(), Waker::noop()).is_pending() {
            polls += 1;
        }
        assert_eq!(polls, 3_999_999);
    });
    assert_eq!(allocated, 0);
}

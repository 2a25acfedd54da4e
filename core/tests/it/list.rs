//! `WaitList`: a line beside a state, with marks, as semaphores and epochs use it.

use std::{
    pin::{Pin, pin},
    task::{Poll, Waker},
};

use tidemill_core::{
    lock::{Lock, Unlocked},
    wait::{WaitList, Waiter, WakeBatch},
};

use crate::bell::Log;

/// A semaphore in small: the state counts permits, each mark says how many its waiter wants; nobody overtakes.
type Permits = WaitList<Unlocked, usize, usize>;

fn acquire(waiter: Pin<&mut Waiter<'_, Unlocked, usize, usize>>, waker: &Waker) -> Poll<()> {
    let joined = waiter.is_waiting();
    waiter.poll_with(waker, |turn| {
        let wanted = *turn.mark()?;
        (wanted <= *turn.state && (turn.is_empty() || joined)).then(|| *turn.state -= wanted)
    })
}

fn release(permits: &Permits, n: usize) {
    let mut batch = WakeBatch::new();
    permits.with(|turn| {
        assert_eq!(turn.mark(), None);
        *turn.state += n;
        let mut free = *turn.state;
        while let Some(&mut wanted) = turn.first() {
            if wanted > free || !turn.take(&mut batch) {
                break;
            }
            free -= wanted;
            // The permits go to the waiter that was taken out: nobody else gets them meanwhile.
            *turn.state -= wanted;
        }
    });
    batch.wake();
}

#[test]
fn the_first_in_line_is_served_first_by_its_mark() {
    let (permits, log) = (Permits::new_in(1), Log::default());
    let mut two = pin!(Waiter::new(&permits, 2));
    let mut one = pin!(Waiter::new(&permits, 1));
    assert_eq!(acquire(two.as_mut(), &log.bell("two")), Poll::Pending);
    // One is free, and yet it waits: nobody overtakes.
    assert_eq!(acquire(one.as_mut(), &log.bell("one")), Poll::Pending);

    release(&permits, 1);
    assert_eq!(
        (log.take(), two.is_waiting(), one.is_waiting()),
        (vec!["two".to_string()], false, true)
    );
    release(&permits, 1);
    assert_eq!((log.take(), one.is_waiting()), (vec!["one".to_string()], false));
    assert_eq!(permits.with(|turn| (*turn.state, turn.is_empty())), (0, true));
}

#[test]
fn a_waiter_that_gets_its_answer_leaves_the_line() {
    let permits = Permits::new_in(0);
    let mut waiter = pin!(Waiter::new(&permits, 1));
    assert_eq!(acquire(waiter.as_mut(), Waker::noop()), Poll::Pending);
    assert!(waiter.is_waiting());
    permits.with(|turn| *turn.state = 1);
    assert_eq!(acquire(waiter.as_mut(), Waker::noop()), Poll::Ready(()));
    assert!(!waiter.is_waiting() && permits.with(|turn| turn.is_empty()));
}

#[test]
fn leaving_sees_the_state_and_the_mark_under_the_same_lock() {
    let permits = Permits::new_in(0);
    let mut waiter = pin!(Waiter::new(&permits, 5));
    assert_eq!(acquire(waiter.as_mut(), Waker::noop()), Poll::Pending);
    let seen = waiter.as_mut().leave(|turn| {
        *turn.state += 1;
        (turn.mark().copied(), turn.is_empty(), turn.first().copied())
    });
    assert_eq!(seen, (Some(5), true, None));
    assert_eq!(waiter.as_mut().leave(|turn| *turn.state), 1);
}

#[test]
fn whoever_joins_again_stands_last() {
    let (list, log) = (WaitList::<Lock, (), &str>::new_in(()), Log::default());
    let mut first = pin!(Waiter::new(&list, "first"));
    let mut second = pin!(Waiter::new(&list, "second"));
    let join = |waiter: Pin<&mut Waiter<'_, Lock, (), &'static str>>, word| {
        assert!(waiter.poll_with(&log.bell(word), |_| None::<()>).is_pending());
    };
    join(first.as_mut(), "first");
    join(second.as_mut(), "second");
    // Polled again in line: keeps its place.
    join(first.as_mut(), "first again");
    assert_eq!(list.with(|turn| turn.first().copied()), Some("first"));
    first.as_mut().leave(|_| ());
    join(first.as_mut(), "first at last");
    assert_eq!(list.with(|turn| turn.first().copied()), Some("second"));
    list.wake_all();
    assert_eq!(log.take(), ["second", "first at last"]);
}

#[test]
fn anyone_may_leave_from_anywhere_in_line() {
    // All orders in which three can leave, then a fourth who stayed is found.
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for stays_at in 0..4 {
            let (list, log) = (WaitList::<Unlocked>::new_in(()), Log::default());
            let mut waiters: Vec<_> =
                (0..4).map(|_| Some(Box::pin(Waiter::new(&list, ())))).collect();
            for (n, waiter) in waiters.iter_mut().flatten().enumerate() {
                let word = if n == stays_at { "stayed" } else { "left" };
                assert!(waiter.as_mut().poll_with(&log.bell(word), |_| None::<()>).is_pending());
            }
            let stayed = waiters.remove(stays_at);
            order.into_iter().for_each(|n| waiters[n] = None);
            list.wake_all();
            assert_eq!(log.take(), ["stayed"]);
            assert!(list.with(|turn| turn.is_empty()) && !stayed.unwrap().is_waiting());
        }
    }
}

#[test]
fn a_full_batch_takes_nobody_out() {
    let list = WaitList::<Unlocked>::new_in(());
    let mut waiter = pin!(Waiter::new(&list, ()));
    assert!(waiter.as_mut().poll_with(Waker::noop(), |_| None::<()>).is_pending());
    let mut batch = WakeBatch::new();
    (0..WakeBatch::CAPACITY).for_each(|_| batch.push(Waker::noop().clone()));
    assert!(!list.with(|turn| turn.take(&mut batch)));
    assert!(waiter.is_waiting());
}

#[test]
fn who_joins_in_order_stands_before_greater_marks_and_behind_equal_ones() {
    let marks = [3, 1, 4, 1, 5, 9, 2, 6, 0, 9];
    let (list, log) = (WaitList::<Lock, (), u32>::new_in(()), Log::default());
    let mut waiters: Vec<_> =
        marks.iter().map(|&mark| Box::pin(Waiter::new(&list, mark))).collect();
    for (at, waiter) in waiters.iter_mut().enumerate() {
        let bell = log.bell(format!("{} at {at}", marks[at]));
        assert!(waiter.as_mut().poll_in_order(&bell, |_| None::<()>).is_pending());
    }
    // One leaves from the middle, one from each end.
    for gone in [6, 8, 9] {
        waiters[gone].as_mut().leave(|_| ());
    }
    list.wake_all();
    let order = ["1 at 1", "1 at 3", "3 at 0", "4 at 2", "5 at 4", "6 at 7", "9 at 5"];
    assert_eq!(log.take(), order);
}

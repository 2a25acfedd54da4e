//! `both`, `all`, `any`, `choose`, `enabled`: several at once, in list order.

use std::{
    cell::Cell,
    future::{Future, pending, poll_fn, ready},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use tidemill_core::{
    choose,
    error::Abandoned,
    ivar::{self, Ivar, all, all_vec, any, any_vec, both, choose_vec, enabled},
    local,
    share::Semaphore,
};

use crate::{
    alloc::allocations,
    bell::{Log, poll},
};

fn now<F: Future>(future: F) -> Poll<F::Output> {
    poll(pin!(future), Waker::noop())
}

/// A future that says its word when it is dropped.
struct Says<F>(F, Log, &'static str);

impl<F: Future + Unpin> Future for Says<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<F> Drop for Says<F> {
    fn drop(&mut self) {
        self.1.add(self.2);
    }
}

// async 17
#[test]
fn both_waits_for_both_in_whatever_order_they_come() {
    let (a, b, log) = (Ivar::new(), Ivar::new(), Log::default());
    let mut waits = pin!(both(&a, &b));
    assert!(poll(waits.as_mut(), &log.bell("woken")).is_pending());
    b.fill('b').unwrap();
    assert_eq!(log.take(), ["woken"]);
    assert!(poll(waits.as_mut(), &log.bell("woken")).is_pending());
    a.fill('a').unwrap();
    assert_eq!(log.take(), ["woken"]);
    assert_eq!(poll(waits, Waker::noop()), Poll::Ready((Ok(&'a'), Ok(&'b'))));
}

// async 18
#[test]
fn all_gives_values_in_list_order_and_of_none_at_once() {
    assert_eq!(now(all::<Ready, 0>([])), Poll::Ready([]));
    assert_eq!(now(all_vec::<Ready>(vec![])), Poll::Ready(vec![]));
    let ivars: Vec<_> = (0..5).map(|_| local::Ivar::new_in()).collect();
    let mut array = pin!(all([&ivars[0], &ivars[1], &ivars[2], &ivars[3], &ivars[4]]));
    let mut boxed = pin!(all_vec(ivars.iter().collect()));
    for (n, ivar) in ivars.iter().enumerate().rev() {
        assert!(poll(array.as_mut(), Waker::noop()).is_pending());
        assert!(poll(boxed.as_mut(), Waker::noop()).is_pending());
        ivar.fill(n).unwrap();
    }
    assert_eq!(poll(array, Waker::noop()), Poll::Ready([0, 1, 2, 3, 4].each_ref().map(Ok)));
    let values = poll(boxed, Waker::noop()).map(|all| all.into_iter().copied_all());
    assert_eq!(values, Poll::Ready(vec![0, 1, 2, 3, 4]));
}

type Ready = std::future::Ready<u32>;

trait CopiedAll {
    fn copied_all(self) -> Vec<usize>;
}

impl<'a, I: Iterator<Item = Result<&'a usize, Abandoned>>> CopiedAll for I {
    fn copied_all(self) -> Vec<usize> {
        self.map(|value| *value.unwrap()).collect()
    }
}

#[test]
fn each_of_all_is_dropped_as_soon_as_it_is_ready_and_polled_no_more() {
    let (ivar, log, polls) = (Ivar::new(), Log::default(), Cell::new(0));
    let first = poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::Ready(1)
    });
    let mut waits = pin!(both(Says(first, log.clone(), "first dropped"), &ivar));
    assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
    assert_eq!(log.take(), ["first dropped"]);
    assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
    assert_eq!(polls.get(), 1);
    ivar.fill(2).unwrap();
    assert_eq!(poll(waits, Waker::noop()), Poll::Ready((1, Ok(&2))));
}

// async 19
#[test]
fn any_is_the_first_that_is_filled_and_of_none_nothing() {
    assert!(now(any::<Ready, 0>([])).is_pending());
    assert!(now(any_vec::<Ready>(vec![])).is_pending());
    let (one, two) = (Ivar::new(), Ivar::new());
    let mut waits = pin!(any([&one, &two]));
    assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
    two.fill(13).unwrap();
    let chosen = poll(waits, Waker::noop());
    one.fill(14).unwrap();
    assert_eq!(chosen, Poll::Ready(Ok(&13)));
}

// async 20
#[test]
fn enabled_gives_all_that_are_ready_in_their_places() {
    let ivars = [Ivar::new(), Ivar::new(), Ivar::new()];
    let mut waits = pin!(enabled(ivars.each_ref()));
    assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
    ivars[2].fill(14).unwrap();
    ivars[0].fill(13).unwrap();
    let values = poll(waits, Waker::noop());
    assert_eq!(values, Poll::Ready([Some(Ok(&13)), None, Some(Ok(&14))]));
    assert!(!ivars[1].has_readers());
    assert!(now(enabled::<Ready, 0>([])).is_pending());
}

// async 21
#[test]
fn of_what_becomes_ready_without_a_turn_in_between_the_first_in_the_list_wins() {
    let (one, two) = (Ivar::new(), Ivar::new());
    let mut array = pin!(ivar::choose([&one, &two]));
    let mut arms = pin!(async {
        choose! { value = &one => ("one", *value.unwrap()), value = &two => ("two", *value.unwrap()) }
    });
    assert!(poll(array.as_mut(), Waker::noop()).is_pending());
    assert!(poll(arms.as_mut(), Waker::noop()).is_pending());
    two.fill(2).unwrap();
    one.fill(1).unwrap();
    assert_eq!(poll(array, Waker::noop()), Poll::Ready((0, Ok(&1))));
    assert_eq!(poll(arms, Waker::noop()), Poll::Ready(("one", 1)));
}

// async 23
#[test]
fn of_two_that_are_ready_one_arm_runs() {
    let log = Log::default();
    let chosen = now(async {
        choose! {
            n = ready(1) => { log.add("first arm"); n },
            n = ready(2) => { log.add("second arm"); n },
        }
    });
    assert_eq!((chosen, log.take()), (Poll::Ready(1), vec!["first arm".to_string()]));
}

#[test]
fn every_loser_is_dropped_and_out_of_line_before_the_arm_runs() {
    let (log, long, short) = (Log::default(), Ivar::<u32>::new(), Ivar::<u32>::new());
    let mut task = pin!(async {
        choose! {
            _ = Says(pending::<()>(), log.clone(), "first dropped") => unreachable!("it is never ready"),
            _ = &long => unreachable!("it is never filled"),
            n = &short => {
                log.add("arm");
                (*n.unwrap(), long.has_readers())
            },
            _ = Says(ready(()), log.clone(), "last dropped") => unreachable!("it stands behind"),
        }
    });
    short.fill(7).unwrap();
    assert_eq!(poll(task.as_mut(), Waker::noop()), Poll::Ready((7, false)));
    let mut words = log.take();
    // In which order they go is nobody's promise.
    words[..2].sort();
    assert_eq!(words, ["first dropped", "last dropped", "arm"]);

    // In the array form the losers are gone before the value is there, though the future is kept.
    let mut array = pin!(ivar::choose([&long, &long]));
    assert!(poll(array.as_mut(), Waker::noop()).is_pending() && long.has_readers());
    long.fill(1).unwrap();
    assert!(poll(array, Waker::noop()).is_ready());
    let other = Ivar::<u32>::new();
    let mut kept = pin!(any([&other, &long]));
    assert!(poll(kept.as_mut(), Waker::noop()).is_ready());
    assert!(!other.has_readers());
    let mut kept = pin!(ivar::or(&other, &long));
    assert!(poll(kept.as_mut(), Waker::noop()).is_ready());
    assert!(!other.has_readers());
}

// async 25
#[test]
fn a_million_choices_leave_nobody_in_the_line_of_the_loser() {
    let long = Ivar::<u32>::new();
    let allocated = allocations(|| {
        for round in 0..1_000_000 {
            let short = Ivar::<u32>::new();
            let mut task = pin!(async {
                choose! { _ = &long => 0, n = &short => *n.unwrap() }
            });
            assert!(poll(task.as_mut(), Waker::noop()).is_pending());
            assert!(long.has_readers());
            short.fill(round).unwrap();
            assert_eq!(poll(task, Waker::noop()), Poll::Ready(round));
            assert!(!long.has_readers());
        }
    });
    assert_eq!(allocated, 0);
}

// async 27
#[test]
fn the_same_deferred_twice_is_the_first_arm() {
    let (filler, deferred) = ivar::channel::<u32>();
    let mut task = pin!(async {
        choose! { _ = &deferred => "first", _ = &deferred => "second" }
    });
    let mut owned = pin!(ivar::choose([deferred.clone(), deferred.clone()]));
    assert!(poll(task.as_mut(), Waker::noop()).is_pending());
    assert!(poll(owned.as_mut(), Waker::noop()).is_pending());
    filler.fill(1).unwrap();
    assert_eq!(poll(task, Waker::noop()), Poll::Ready("first"));
    assert_eq!(poll(owned, Waker::noop()), Poll::Ready((0, Ok(1))));
    assert!(!deferred.has_readers());
}

#[test]
fn a_choice_that_is_dropped_drops_all_of_it() {
    let (one, two, rc) = (Ivar::<u32>::new(), Ivar::<u32>::new(), Rc::new(()));
    {
        let kept = rc.clone();
        let mut task = pin!(async move {
            let _kept = kept;
            choose! { _ = &one => (), _ = &two => () };
            (one, two)
        });
        assert!(poll(task.as_mut(), Waker::noop()).is_pending());
        assert_eq!(Rc::strong_count(&rc), 2);
    }
    assert_eq!(Rc::strong_count(&rc), 1);
}

#[test]
fn a_loser_that_had_been_handed_a_permit_passes_it_on() {
    let (semaphore, ivar) = (Semaphore::new(0), Ivar::<u32>::new());
    let mut task = pin!(async {
        choose! { _ = &ivar => semaphore.permits(), _ = semaphore.acquire(1) => usize::MAX }
    });
    assert!(poll(task.as_mut(), Waker::noop()).is_pending());
    semaphore.release(1);
    ivar.fill(1).unwrap();
    assert_eq!(poll(task, Waker::noop()), Poll::Ready(1));
}

#[test]
fn what_is_lent_goes_on_and_keeps_its_place() {
    let (semaphore, ivar) = (Semaphore::new(0), Ivar::<u32>::new());
    let mut first = pin!(semaphore.acquire(1));
    ivar.fill(1).unwrap();
    let lost = now(async {
        choose! { _ = first.as_mut() => false, _ = &ivar => true }
    });
    assert_eq!(lost, Poll::Ready(true));
    let mut second = pin!(semaphore.acquire(1));
    assert!(poll(second.as_mut(), Waker::noop()).is_pending());
    semaphore.release(1);
    assert!(poll(second, Waker::noop()).is_pending());
    assert!(poll(first, Waker::noop()).is_ready());
}

#[test]
fn arms_take_patterns_and_may_leave_their_function() {
    async fn leaves(ivar: &Ivar<(u32, &'static str)>) -> Result<u32, Abandoned> {
        let n = choose! {
            (n, _) = pending::<(u32, ())>() => n,
            value = ivar => { let &(n, word) = value?; assert_eq!(word, "two"); n }
        };
        Ok(n + 1)
    }
    let ivar = Ivar::new();
    ivar.fill((2, "two")).unwrap();
    assert_eq!(now(leaves(&ivar)), Poll::Ready(Ok(3)));
    let ivar = Ivar::new();
    ivar.close();
    assert_eq!(now(leaves(&ivar)), Poll::Ready(Err(Abandoned)));
    assert_eq!(
        now(async {
            choose! { n = ready(1) => n }
        }),
        Poll::Ready(1)
    );
    assert_eq!(now(choose_vec(vec![ready(4)])), Poll::Ready((0, 4)));
}

#[test]
fn waiting_for_several_allocates_nothing() {
    let count = allocations(|| {
        let (a, b) = (Ivar::<u32>::new(), Ivar::<u32>::new());
        let (mut both, mut all) = (pin!(both(&a, &b)), pin!(all([&a, &b])));
        let (mut any, mut enabled) = (pin!(any([&a, &b])), pin!(enabled([&a, &b])));
        let waker = Waker::noop();
        assert!(poll(both.as_mut(), waker).is_pending() && poll(all.as_mut(), waker).is_pending());
        assert!(
            poll(any.as_mut(), waker).is_pending() && poll(enabled.as_mut(), waker).is_pending()
        );
        a.fill(1).unwrap();
        b.fill(1).unwrap();
        assert!(poll(both, waker).is_ready() && poll(all, waker).is_ready());
        assert!(poll(any, waker).is_ready() && poll(enabled, waker).is_ready());
    });
    assert_eq!(count, 0);
}

//! `ReverseValue`: enrolled from the end, run from the beginning.

use std::{
    pin::pin,
    task::{Poll, Waker},
};

use tidemill_core::{
    epoch::{MutableBuffer, ReverseValue},
    error::Missing,
};

use crate::{
    bell::{Log, poll},
    epoch_order::{Worded, now, ready, waits},
};

type Reverse<T> = ReverseValue<T, &'static str>;

fn add(buffer: MutableBuffer<i32, &'static str>, value: i32) {
    now(buffer.accumulate(value, |sum, value| *sum += value));
}

// epochs 97, 98
#[test]
fn a_reader_that_came_before_any_writer_reads_the_seed() {
    let value: Reverse<Box<u32>> = ReverseValue::new_in();
    let (end, log) = (value.read(), Log::default());
    let mut wait = pin!(end.get());
    assert!(poll(wait.as_mut(), &log.bell("end")).is_pending());
    let _complete = value.seed(Box::new(42));
    assert_eq!(log.take(), ["end"]);
    assert!(poll(wait, Waker::noop()).map(|seen| seen == Ok(&Box::new(42))) == Poll::Ready(true));
}

#[test]
fn what_is_enrolled_later_comes_earlier() {
    let mut value: Reverse<Vec<&str>> = ReverseValue::new_in();
    let end = value.read();
    let last = value.adder();
    let middle = value.input();
    let first = value.adder();
    let push = |list: &mut Vec<&'static str>, more: Vec<&'static str>| list.extend(more);
    let mut last = pin!(last.accumulate(vec!["last"], push));
    let mut first = pin!(first.accumulate(vec!["first"], push));
    assert!(poll(last.as_mut(), Waker::noop()).is_pending());
    assert!(poll(first.as_mut(), Waker::noop()).is_pending());
    assert!(middle.try_get().is_none() && end.try_get().is_none());
    let mut complete = value.seed(vec!["seed"]);
    assert!(poll(last.as_mut(), Waker::noop()).is_pending());
    assert!(poll(first, Waker::noop()).is_ready());
    assert_eq!(now(&middle), Ok(&vec!["seed", "first"]));
    assert!(poll(last.as_mut(), Waker::noop()).is_pending());
    middle.release();
    assert!(poll(last, Waker::noop()).is_ready());
    assert_eq!(now(&end), Ok(&vec!["seed", "first", "last"]));
    end.release();
    now(complete.mutate()).unwrap().clear();
    assert_eq!(now(&complete.read()), Ok(&vec![]));
}

// epochs 99, 101
#[test]
fn an_addend_is_added_when_it_comes_and_one_that_was_cancelled_adds_nothing() {
    let sum = |seed: Option<i32>, addends: [Option<i32>; 2]| {
        let mut value: Reverse<i32> = ReverseValue::new_in();
        let end = value.read();
        let sources: Vec<Worded<i32>> = addends
            .map(|addend| match addend {
                Some(addend) => ready(addend),
                None => Worded::empty_in(),
            })
            .into();
        let adding: Vec<_> = sources
            .iter()
            .map(|source| value.add(source.read(), |sum: &mut i32, addend| *sum += addend))
            .collect();
        drop(sources);
        match seed {
            Some(seed) => drop(value.seed(seed)),
            None => drop(value),
        }
        // The last one that was enrolled comes first.
        adding.into_iter().rev().for_each(now);
        now(&end).copied()
    };
    assert_eq!(sum(Some(1), [Some(10), Some(100)]), Ok(111));
    assert_eq!(sum(Some(1), [None, Some(100)]), Ok(101));
    assert_eq!(sum(None, [Some(10), Some(100)]), Ok(110));
    assert_eq!(sum(None, [Some(10), None]), Ok(10));
    assert_eq!(sum(None, [None, None]), Err(Missing::Cancelled));
}

#[test]
fn a_failure_goes_to_the_end_unless_a_later_write_ends_it() {
    let mut value: Reverse<i32> = ReverseValue::new_in();
    let end = value.read();
    let (adder, mut broken) = (value.adder(), ready(1));
    broken.write().fail("broken");
    let adding = value.add(broken.read(), |sum, addend| *sum += addend);
    let _complete = value.seed(1);
    now(adding);
    add(adder, 5);
    assert_eq!(now(&end), Err(Missing::Failed("broken")));
    let mut value: Reverse<i32> = ReverseValue::new_in();
    let (end, output) = (value.read(), value.output());
    value.adder().fail("early");
    drop(value);
    now(output.put(7));
    assert_eq!(now(&end), Ok(&7));
}

#[test]
fn a_chain_of_a_hundred_thousand_is_built_backwards_and_run_forwards() {
    let mut value: Reverse<i32> = ReverseValue::new_in();
    let end = value.read();
    let mut adders: Vec<_> = (0..100_000).map(|_| value.adder()).collect();
    let dropped = adders.split_off(50_000);
    let _complete = value.seed(1);
    assert!(waits(&end));
    drop(dropped);
    adders.into_iter().rev().for_each(|adder| add(adder, 2));
    assert_eq!(now(&end), Ok(&100_001));
}

//! Many jobs of one kind, so many at a time.

use std::cell::{Cell, RefCell};

use tidemill_core::scope::after;
use tidemill_sched::{
    pace::{How, for_each, map, try_for_each, try_map},
    spawn,
};

use crate::{
    board::{Log, Says, yield_now},
    everywhere::within,
    pace::{SPAN, most},
};

/// Waits for a task that takes one turn: when that is, the order of the tasks says.
async fn turn() {
    spawn(yield_now()).unwrap().await.unwrap();
}

// async 30
#[test]
fn many_jobs_run_so_many_at_a_time_and_their_results_are_in_order() {
    within(async |_| {
        let hows = [How::Sequential, How::Parallel];
        let hows = hows.into_iter().chain((1..=10).map(|limit| How::Max(most(limit))));
        for (how, len) in hows.flat_map(|how| (0..=8_usize).map(move |len| (how, len))) {
            let (now, peak, starts) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
            let job = async |number: usize| {
                starts.borrow_mut().push(number);
                now.set(now.get() + 1);
                peak.set(peak.get().max(now.get()));
                turn().await;
                after(SPAN * (len - number) as u32).await.expect("a clock");
                now.set(now.get() - 1);
                number * 10
            };
            let values = map(how, 0..len, job).await;
            let limit = match how {
                How::Sequential => 1,
                How::Parallel => len,
                How::Max(limit) => limit.get(),
            };
            assert_eq!(values, (0..len).map(|number| number * 10).collect::<Vec<_>>());
            assert_eq!(peak.get(), limit.min(len), "{how:?} of {len}");
            assert_eq!(*starts.borrow(), (0..len).collect::<Vec<_>>());
        }
    });
}

// async 31
#[test]
fn the_first_failure_of_many_ends_them_and_no_other_starts() {
    within(async |_| {
        for how in [How::Sequential, How::Max(most(2)), How::Parallel] {
            let (starts, log) = (RefCell::new(Vec::new()), Log::default());
            let job = async |number: usize| {
                let _ends = Says(log.clone(), "ended");
                starts.borrow_mut().push(number);
                turn().await;
                if number == 2 { Err(number) } else { Ok(()) }
            };
            assert_eq!(try_map(how, 0..10, job).await, Err(2));
            let begun = starts.take();
            assert_eq!(begun, (0..begun.len()).collect::<Vec<_>>());
            let fewest = if how == How::Parallel { 10 } else { 3 };
            assert!(begun.len() >= fewest, "{how:?}: {begun:?}");
            assert!(how != How::Sequential || begun.len() == 3);
            assert_eq!(log.take().len(), begun.len(), "all that began have ended");
            turn().await;
            assert_eq!(starts.take(), [0; 0], "and no other began");
            assert_eq!(try_for_each(how, 0..10, job).await, Err(2));
        }
    });
}

#[test]
fn each_of_many_is_visited_once() {
    within(async |_| {
        let sum = Cell::new(0);
        let visit = async |number| {
            turn().await;
            sum.set(sum.get() + number);
        };
        for_each(How::Parallel, 1..=4, visit).await;
        assert_eq!(sum.get(), 10);
    });
}

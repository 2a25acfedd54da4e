//! What is asked for wrongly is a typed error, which hands back what it was given. Runs with and without `std`.

use std::{pin::pin, time::Duration};

use tidemill_core::{
    error::{Closed, Fault, Filled, LockedTwice, ScopeError, WriteError, ZeroCapacity, ZeroSpan},
    ivar::Ivar,
    scope::{Scope, scope},
    share::{Mutex, pipe::GrowingPipe},
};
use tidemill_sched::pace::{every, intervals};

use crate::{board::yield_now, everywhere::everywhere};

#[test]
fn a_second_fill_hands_its_value_back() {
    let ivar = Ivar::new();
    ivar.fill("first".to_string()).unwrap();
    let Err(Filled(back)) = ivar.fill("second".to_string()) else { panic!("it is full") };
    assert_eq!((back.as_str(), ivar.peek().unwrap().as_str()), ("second", "first"));
}

#[test]
fn a_pipe_for_nothing_and_a_period_of_nothing_are_refused() {
    assert_eq!(GrowingPipe::<u8>::growing(0).err(), Some(ZeroCapacity));
    assert_eq!(every(Duration::ZERO).err(), Some(ZeroSpan));
    assert_eq!(intervals(Duration::ZERO).err(), Some(ZeroSpan));
}

#[test]
fn a_task_that_locks_twice_is_told_instead_of_waiting_for_itself() {
    everywhere(|place| {
        static TOTAL: Mutex<u32> = Mutex::new(0);
        let tasks = [0; 4].map(|_| {
            place.spawn(async {
                let mut total = TOTAL.lock_once().await.unwrap();
                yield_now().await;
                let again = TOTAL.lock_once().await.err();
                *total += 1;
                again
            })
        });
        for task in tasks {
            assert_eq!(place.run_with(pin!(task)).unwrap(), Some(LockedTwice));
        }
        *TOTAL.try_lock().unwrap() -= 4;
    });
}

#[test]
fn a_scope_after_its_end_hands_its_child_back() {
    everywhere(|place| {
        place.run_with(pin!(async {
            let mut kept = None;
            let ended = scope(async |scope: Scope| {
                kept = Some(scope);
                Ok(())
            });
            ended.await.unwrap();
            let child = async { Err(Fault::Code(7)) };
            let Err(ScopeError::Ended(back)) = kept.unwrap().spawn(child) else {
                panic!("it has ended")
            };
            assert!(matches!(back.await, Err(Fault::Code(7))));
        }));
    });
}

#[test]
fn a_send_after_close_hands_its_value_back() {
    everywhere(|place| {
        let pipe = GrowingPipe::growing(1).unwrap();
        pipe.writer().close();
        assert_eq!(pipe.writer().try_write(7), Err(WriteError::Closed(7)));
        assert_eq!(place.run_with(pin!(pipe.writer().write(8))), Err(Closed(8)));
    });
}

//! Wakers and values of shared cells whose code calls the very cell that it came from.

use std::cell::Cell;

use tidemill_core::share::{Bvar, Condition, Mutex, Mvar, Semaphore};

use crate::{
    bell::Event,
    nested::{assert_all_ran, nested, whole_life},
};

#[test]
fn a_semaphore_is_entered_from_its_wakers() {
    static SEMAPHORE: Semaphore = Semaphore::new(0);
    fn again(event: Event) {
        nested(event, || whole_life(|| SEMAPHORE.acquire(1), || SEMAPHORE.release(1), again));
    }
    whole_life(|| SEMAPHORE.acquire(1), || SEMAPHORE.release(1), again);
    assert_all_ran();
    SEMAPHORE.close();
}

#[test]
fn a_mutex_is_entered_from_its_wakers() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        let guard = Cell::new(MUTEX.try_lock().ok());
        whole_life(|| MUTEX.lock(), || drop(guard.take()), again);
    }
    lives();
    assert_all_ran();
    assert!(MUTEX.try_lock().is_ok());
}

#[test]
fn a_condition_is_entered_from_its_wakers() {
    static CONDITION: Condition = Condition::new();
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        whole_life(|| CONDITION.wait(), || CONDITION.signal(), again);
        whole_life(|| CONDITION.wait(), || CONDITION.broadcast(), again);
    }
    lives();
    assert_all_ran();
}

#[test]
fn an_mvar_is_entered_from_its_wakers_and_the_drop_of_its_values() {
    static MVAR: Mvar<Meddler> = Mvar::new();
    struct Meddler;
    impl Drop for Meddler {
        fn drop(&mut self) {
            nested(Event::Drop, lives);
        }
    }
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        whole_life(|| MVAR.take(), || drop(MVAR.try_put(Meddler)), again);
        whole_life(|| MVAR.put(Meddler), || drop(MVAR.try_take()), again);
    }
    lives();
    assert_all_ran();
    drop(MVAR.try_take());
}

#[test]
fn a_bvar_is_entered_from_its_wakers_and_the_clone_and_drop_of_its_values() {
    static BVAR: Bvar<Meddler> = Bvar::new();
    struct Meddler;
    impl Clone for Meddler {
        fn clone(&self) -> Self {
            // At every depth: the broadcasts inside leave nobody to the one outside.
            BVAR.has_waiters();
            nested(Event::Clone, lives);
            Self
        }
    }
    impl Drop for Meddler {
        fn drop(&mut self) {
            BVAR.has_waiters();
            nested(Event::Drop, lives);
        }
    }
    fn again(event: Event) {
        nested(event, lives);
    }
    fn lives() {
        whole_life(|| BVAR.wait(), || BVAR.broadcast(Meddler), again);
    }
    lives();
    assert_all_ran();
    assert!(!BVAR.has_waiters());
}

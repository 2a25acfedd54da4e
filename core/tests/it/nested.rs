//! Code that runs inside the events of wakers and values, and brings about such events itself, a few levels deep.

use std::{cell::Cell, future::Future, pin::pin, task::Waker};

use crate::bell::{Event, hooked, poll};

/// How deep it goes.
const DEEPEST: usize = 3;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static CALLS: Cell<[usize; 3]> = const { Cell::new([0; 3]) };
}

/// Runs `again` inside an event, a few levels deep.
pub(crate) fn nested(event: Event, again: impl FnOnce()) {
    let mut calls = CALLS.get();
    calls[event as usize] += 1;
    CALLS.set(calls);
    if DEPTH.get() < DEEPEST {
        DEPTH.set(DEPTH.get() + 1);
        again();
        DEPTH.set(DEPTH.get() - 1);
    }
}

/// Runs `f` such that nothing runs inside its events.
pub(crate) fn at_the_bottom<R>(f: impl FnOnce() -> R) -> R {
    let depth = DEPTH.replace(DEEPEST);
    let result = f();
    DEPTH.set(depth);
    result
}

/// Each of the three events has come since the last time.
pub(crate) fn assert_all_ran() {
    let calls = CALLS.replace([0; 3]);
    assert!(calls.iter().all(|&calls| calls > 0), "clone, wake, drop ran {calls:?} times");
}

/// Waits, has its waker replaced, and either leaves in line or is woken by `wake`.
pub(crate) fn whole_life<F: Future>(make: impl Fn() -> F, wake: impl FnOnce(), again: fn(Event)) {
    let waker = hooked(again);
    let (mut stays, mut second) = (pin!(Some(make())), pin!(Some(make())));
    for (one, waker) in [(0, &waker), (1, &waker), (0, Waker::noop()), (0, &waker)] {
        let mut life = if one == 0 { stays.as_mut() } else { second.as_mut() };
        // One that has ended is not polled again.
        if life.as_mut().as_pin_mut().is_some_and(|life| poll(life, waker).is_ready()) {
            life.set(None);
        }
    }
    {
        let _ = poll(pin!(make()), &waker);
    }
    wake();
    let _ = stays.as_pin_mut().map(|stays| poll(stays, &waker));
}

//! Epochs that nobody wrote, or whose writer failed: who finds that, and how it ends.

use std::{
    cell::RefCell,
    future::{Future, IntoFuture},
    mem,
    pin::{Pin, pin},
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::{
    epoch::{Async, MutableBuffer, ReadBuffer, WriteBuffer},
    error::Missing,
    local,
};

use crate::{
    bell::{Event, Log, hooked, poll},
    epoch_order::{Worded, now, ready, waits},
};

type Cancelled = Missing<&'static str>;

/// How a write ends.
type End = fn(WriteBuffer<i32, &'static str>);

/// Somebody who waits.
type Wait<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
const CANCELLED: Cancelled = Missing::Cancelled;

// epochs 19, 32
#[test]
fn a_writer_that_is_dropped_unwritten_cancels_its_epoch_unless_it_keeps_the_value() {
    let mut x = ready(10);
    let (keep, kept, gone, after) = (x.write(), x.read(), x.write(), x.read());
    keep.keep();
    assert_eq!(now(&kept), Ok(&10));
    drop(kept);
    drop(gone);
    assert_eq!((now(&after), now(after.maybe())), (Err(CANCELLED), Ok(None)));
    assert_eq!(now(after.into_maybe()).map(|seen| seen.is_none()), Ok(true));
}

#[test]
fn a_mutation_that_is_dropped_untouched_leaves_the_value() {
    let mut x = ready(10);
    drop(x.mutate());
    assert_eq!(*now(x.read()).unwrap(), 10);
    let held = x.read();
    drop(x.mutate());
    drop(held);
    assert_eq!(*now(x.read()).unwrap(), 10);
}

#[test]
fn cancellation_is_inherited_by_mutations_and_ended_by_a_write() {
    let mut x = ready(1);
    drop(x.write());
    assert_eq!(now(&mut x.mutate()), Err(CANCELLED));
    assert_eq!(now(&x.read()), Err(CANCELLED));
    now(x.write()).keep();
    assert_eq!(now(&x.read()), Err(CANCELLED));
    now(x.write().put(2));
    assert_eq!(now(&x.read()), Ok(&2));
}

// epochs 12
#[test]
fn a_mutation_of_a_value_that_is_not_there_finds_that_and_leaves_it_so() {
    let mut x: Worded<u32> = Async::empty_in();
    let (early, mut change) = (x.read(), x.mutate());
    assert_eq!(now(&mut change), Err(CANCELLED));
    assert!(waits(&early));
    drop(change);
    assert_eq!(now(&early), Err(CANCELLED));
}

// epochs 13
#[test]
fn a_failure_is_found_by_readers_and_mutations_with_its_cause_and_ended_by_a_write() {
    let mut x = ready(1);
    let (fail, first, change, then, write, last) =
        (x.write(), x.read(), x.mutate(), x.read(), x.write(), x.read());
    // Before its turn, too.
    let held = x.read();
    fail.fail("broken");
    assert_eq!(
        (now(&first), first.try_get()),
        (Err(Missing::Failed("broken")), Some(Err(Missing::Failed("broken"))))
    );
    assert_eq!(now(first.maybe()), Err("broken"));
    drop(first);
    assert_eq!(now(change).map(|_| ()).unwrap_err(), Missing::Failed("broken"));
    assert_eq!(now(&then), Err(Missing::Failed("broken")));
    drop(then);
    now(write.put(7));
    assert_eq!((now(&last), now(&held)), (Ok(&7), Ok(&7)));
}

#[test]
fn ends_that_come_before_their_turn_are_kept_until_it_comes() {
    let ends: [(End, Result<&i32, Cancelled>); 3] = [
        (|write| write.fail("early"), Err(Missing::Failed("early"))),
        (drop, Err(CANCELLED)),
        (WriteBuffer::keep, Ok(&1)),
    ];
    for (end, seen) in ends {
        let (mut x, log) = (ready(1), Log::default());
        let held = x.read();
        let (write, reader) = (x.write(), x.read());
        end(write);
        assert!(reader.try_get().is_none());
        let mut wait = pin!(reader.get());
        assert!(poll(wait.as_mut(), &log.bell("reader")).is_pending());
        assert_eq!(now(&held), Ok(&1));
        drop(held);
        assert_eq!(log.take(), ["reader"]);
        assert_eq!(poll(wait, Waker::noop()), Poll::Ready(seen));
    }
}

// epochs 152
#[test]
fn a_failure_after_a_writer_left_changes_no_epoch_that_was_published() {
    let mut x = ready(1);
    let write = x.write();
    let (seen, next) = (x.read(), x.mutate());
    now(write.put(2));
    next.fail("late");
    assert_eq!((now(&seen), waits(x.read())), (Ok(&2), true));
    drop(seen);
    assert_eq!(now(&x.read()), Err(Missing::Failed("late")));
}

#[test]
fn readers_of_a_value_that_nobody_can_write_any_more_are_cancelled() {
    let log = Log::default();
    let x: Worded<u32> = Async::empty_in();
    let reader = x.read();
    let mut wait = pin!(reader.get());
    assert!(poll(wait.as_mut(), &log.bell("orphan")).is_pending());
    drop(x);
    assert_eq!(log.take(), ["orphan"]);
    assert_eq!(poll(wait, Waker::noop()), Poll::Ready(Err(CANCELLED)));
    // A writer that is enrolled still writes.
    let mut x: Worded<u32> = Async::empty_in();
    let (reader, write) = (x.read(), x.write());
    drop(x);
    assert!(waits(&reader));
    now(write.put(5));
    assert_eq!(now(&reader), Ok(&5));
}

#[test]
fn dropping_a_wait_at_any_point_leaves_the_line_and_harms_nobody() {
    for dropped in 0..4 {
        let (mut x, log) = (ready(0), Log::default());
        let held = x.read();
        let (mut write, readers) = (x.write(), [x.read(), x.read()]);
        let mut rest = x.mutate();
        let mut waits: Vec<Wait<'_>> = vec![
            Box::pin(async {
                let _ = write.slot().await;
            }),
            Box::pin(async { assert!(readers[0].get().await.is_ok()) }),
            Box::pin(async { assert!(readers[1].get().await.is_ok()) }),
            Box::pin(async { assert!(rest.get().await.is_ok()) }),
        ];
        for (at, wait) in waits.iter_mut().enumerate().rev() {
            assert!(poll(Pin::new(wait), &log.bell(format!("{at}"))).is_pending());
        }
        drop(waits.remove(dropped));
        drop(held);
        assert_eq!(log.take(), if dropped == 0 { vec![] } else { vec!["0"] });
        drop(waits);
        now(write.put(1));
        assert_eq!((now(&readers[0]), now(&readers[1])), (Ok(&1), Ok(&1)));
    }
}

#[test]
fn owned_waits_keep_their_value_and_cancel_when_they_are_dropped() {
    let mut x = ready(String::from("old"));
    let held = x.read();
    let (put, seen) = (x.write().put("new".into()), x.read());
    let mut put = Box::pin(put);
    assert!(poll(put.as_mut(), Waker::noop()).is_pending());
    let mut wait = Box::pin(seen.into_future());
    assert!(poll(wait.as_mut(), Waker::noop()).is_pending());
    drop(x);
    drop(put);
    drop(held);
    assert_eq!(
        poll(wait.as_mut(), Waker::noop()).map(|seen| seen.unwrap_err()),
        Poll::Ready(CANCELLED)
    );
}

#[test]
fn forgotten_waits_leave_their_node_behind_and_harm_nobody() {
    let log = Log::default();
    let mut x = ready(Box::new(1));
    let held = x.read();
    let mut write = x.write();
    let reader = x.read();
    // Borrowed ones: the buffers, and so the value, may go before them.
    let mut forgotten = Box::pin(write.slot());
    assert!(poll(forgotten.as_mut(), &log.bell("writer")).is_pending());
    mem::forget(forgotten);
    let mut forgotten = Box::pin(reader.get());
    assert!(poll(forgotten.as_mut(), &log.bell("reader")).is_pending());
    mem::forget(forgotten);
    drop(held);
    assert_eq!(log.take(), ["writer"]);
    now(write.put(Box::new(2)));
    assert_eq!(log.take(), ["reader"]);
    let held = x.read();
    let mut last = x.mutate();
    let mut forgotten = Box::pin(last.get());
    drop(reader);
    assert!(poll(forgotten.as_mut(), &log.bell("last")).is_pending());
    mem::forget(forgotten);
    drop((x, last, held));
    assert_eq!(log.take(), ["last"]);
}

#[test]
fn a_forgotten_owned_wait_or_buffer_keeps_its_value_for_ever_and_nothing_else() {
    let mut x = ready(Box::new(1));
    let held = x.read();
    let mut forgotten = Box::pin(x.read().into_future());
    assert!(poll(forgotten.as_mut(), Waker::noop()).is_ready());
    let mut forgotten = Box::pin(x.mutate().into_future());
    assert!(poll(forgotten.as_mut(), Waker::noop()).is_pending());
    mem::forget(forgotten);
    drop(held);
    let waiting = x.read();
    assert!(waits(&waiting));
    mem::forget(waiting.clone());
    drop((x, waiting));
}

/// What is left to end without recursion.
const CHAIN: usize = 1_000_000;

// epochs 123
#[test]
fn a_million_epochs_that_wait_are_released_and_dropped_in_constant_stack() {
    for (ends, seen) in [(false, Ok(&1)), (true, Err(CANCELLED))] {
        let mut x = local::Async::<i32, &'static str>::ready_in(1);
        let held = x.read();
        if ends {
            drop((0..CHAIN).map(|_| x.write()).collect::<Vec<_>>());
        } else {
            drop((0..CHAIN).map(|_| x.mutate()).collect::<Vec<_>>());
        }
        let last = x.read();
        assert!(last.try_get().is_none());
        drop(held);
        assert_eq!(now(&last), seen);
    }
    let mut x = ready(1);
    let writes: Vec<MutableBuffer<i32, _>> = (0..CHAIN).map(|_| x.mutate()).collect();
    drop(x);
    drop(writes);
}

/// A value whose drop, and wakers whose every step, go on with the very value that they came from.
struct Meddler(Rc<RefCell<Option<Async<Meddler, Meddled>>>>);

/// An error whose clone and drop do the same.
struct Meddled(Rc<RefCell<Option<Async<Meddler, Meddled>>>>);

thread_local! {
    static MEDDLE: RefCell<Vec<Box<dyn Fn()>>> = const { RefCell::new(Vec::new()) };
    static DEPTH: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    static CALLS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn meddle(own: &Rc<RefCell<Option<Async<Meddler, Meddled>>>>) {
    CALLS.set(CALLS.get() + 1);
    if DEPTH.get() >= 3 {
        return;
    }
    DEPTH.set(DEPTH.get() + 1);
    if let Ok(mut own) = own.try_borrow_mut()
        && let Some(x) = own.as_mut()
    {
        let (read, write) = (x.read(), x.write());
        drop(read.try_get());
        drop(read.clone());
        drop(write);
        drop(read);
        x.mutate().release();
    }
    DEPTH.set(DEPTH.get() - 1);
}

impl Drop for Meddler {
    fn drop(&mut self) {
        meddle(&self.0);
    }
}

impl Drop for Meddled {
    fn drop(&mut self) {
        meddle(&self.0);
    }
}

impl Clone for Meddled {
    fn clone(&self) -> Self {
        meddle(&self.0);
        Self(self.0.clone())
    }
}

#[test]
fn a_value_is_entered_from_the_drops_of_its_values_and_the_clones_of_its_errors() {
    let own = Rc::new(RefCell::new(None));
    *own.borrow_mut() = Some(Async::ready_in(Meddler(own.clone())));
    let enrol = |own: &Rc<RefCell<Option<Async<Meddler, Meddled>>>>| {
        let mut own = own.borrow_mut();
        let x = own.as_mut().expect("it is there");
        (x.read(), x.write(), x.write(), x.read(), x.write(), x.write())
    };
    let (held, put, fail, reader, cancel, last) = enrol(&own);
    fail.fail(Meddled(own.clone()));
    drop(cancel);
    drop(held);
    now(put.put(Meddler(own.clone())));
    assert!(matches!(now(&reader), Err(Missing::Failed(_))));
    drop(reader);
    now(last.put(Meddler(own.clone())));
    let x = own.borrow_mut().take();
    drop(x);
    assert!(CALLS.get() >= 5, "{}", CALLS.get());
}

#[test]
fn a_value_is_entered_from_its_wakers() {
    thread_local!(static X: RefCell<Option<Worded<u32>>> = const { RefCell::new(None) });
    fn again(_: Event) {
        CALLS.set(CALLS.get() + 1);
        let reader = X.with_borrow_mut(|x| x.as_mut().map(|x| (x.read(), x.mutate())));
        if let Some((reader, _change)) = reader {
            assert!(reader.try_get().is_none_or(|seen| seen.is_ok()));
        }
    }
    let mut x = ready(1);
    let held = x.read();
    let (mut change, reader): (_, ReadBuffer<u32, _>) = (x.mutate(), x.read());
    X.set(Some(x));
    let mut turn = pin!(change.get());
    let mut read = pin!(reader.get());
    for waker in [hooked(again), Waker::noop().clone(), hooked(again)] {
        assert!(poll(turn.as_mut(), &waker).is_pending());
        assert!(poll(read.as_mut(), &waker).is_pending());
    }
    drop(held);
    assert!(poll(turn, Waker::noop()).is_ready());
    drop(change);
    assert!(poll(read, Waker::noop()).is_ready());
    assert!(CALLS.get() >= 6, "{}", CALLS.get());
    X.set(None);
}

// epochs 50
#[test]
fn readers_on_many_threads_see_one_value() {
    let mut x = Async::empty();
    let readers: Vec<_> = (0..8).map(|_| x.read()).collect();
    let write = x.write();
    std::thread::scope(|scope| {
        for reader in readers {
            scope.spawn(move || {
                let again = reader.clone();
                while again.try_get().is_none() {
                    std::hint::spin_loop();
                }
                assert_eq!(*now(reader).unwrap(), "once");
            });
        }
        scope.spawn(move || now(write.put(String::from("once"))));
    });
    assert_eq!(*now(x.read()).unwrap(), "once");
}

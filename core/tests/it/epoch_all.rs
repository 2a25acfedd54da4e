//! Several buffers awaited at once, and views: parts of a value on its timeline.

use std::{
    cell::RefCell,
    mem,
    pin::pin,
    sync::Arc,
    task::{Poll, Wake, Waker},
    thread::{self, Thread},
};

use tidemill_core::{
    epoch::{Async, AsyncCell, View, all},
    error::Missing,
    local,
};

use crate::{
    alloc::allocations,
    bell::{Event, Log, hooked, poll},
    epoch_order::{Worded, now, ready, waits},
};

// epochs 24, 27
#[test]
fn buffers_that_are_ready_come_at_once_and_in_their_places() {
    let (mut a, b) = (ready(10), ready("b"));
    let (x, y, z) = (a.read(), b.read(), a.read());
    assert_eq!(now(all((&x, &y, [&z, &z]))), (Ok(&10), Ok(&"b"), [Ok(&10), Ok(&10)]));
    assert_eq!(now(all(vec![(&x, &y)])), [(Ok(&10), Ok(&"b"))]);
    assert!(now(all(Vec::<&tidemill_core::epoch::ReadBuffer<u8>>::new())).is_empty());
    drop((x, z));
    let mut write = ready(0).write();
    let (sum, mut slot) = now(all((a.mutate(), &mut write)));
    *sum.unwrap() += *slot.set(32);
    assert_eq!((*now(a.read()).unwrap(), now(&b.read())), (42, Ok(&"b")));
}

// epochs 25, 26, 155
#[test]
fn who_waits_for_several_is_woken_once_when_the_last_has_come() {
    for first in [0, 1, 2] {
        let (mut a, mut b, c, log) = (ready(0), Worded::empty_in(), ready(5), Log::default());
        let (held, mut change) = (a.read(), a.mutate());
        let (early, write) = (b.read(), b.write());
        let (here, again) = (c.read(), early.clone());
        {
            let mut wait = pin!(all((&mut change, (&early, &here), [&again])));
            assert!(poll(wait.as_mut(), &log.bell("before")).is_pending());
            assert!(poll(wait.as_mut(), &log.bell("all")).is_pending());
            if first == 0 {
                drop(held);
                assert!(log.take().is_empty());
                now(write.put(77));
            } else {
                now(write.put(77));
                assert!(log.take().is_empty());
                if first == 2 {
                    assert!(poll(wait.as_mut(), &log.bell("renewed")).is_pending());
                }
                drop(held);
            }
            assert_eq!(log.take(), [if first == 2 { "renewed" } else { "all" }]);
            let Poll::Ready((sum, (seen, five), [same])) = poll(wait, Waker::noop()) else {
                panic!("it was woken")
            };
            assert_eq!((seen, five, same), (Ok(&77), Ok(&5), Ok(&77)));
            *sum.unwrap() = 42;
        }
        drop(change);
        assert_eq!(*now(a.read()).unwrap(), 42);
        assert!(log.take().is_empty());
    }
}

#[test]
fn waiting_for_several_allocates_nothing_and_leaves_every_line_when_it_is_dropped() {
    let (mut a, mut b) = (ready(0), ready(0));
    let held = (a.read(), b.read());
    let (mut x, mut y) = (a.mutate(), b.mutate());
    assert_eq!(allocations(|| assert!(waits(all((&mut x, &mut y))))), 0);
    thread_local!(static CALLS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) });
    {
        let mut wait = pin!(all((&mut x, &mut y)));
        assert!(
            poll(wait.as_mut(), &hooked(|event| CALLS.with_borrow_mut(|calls| calls.push(event))))
                .is_pending()
        );
    }
    drop(held);
    assert_eq!(CALLS.take(), [Event::Clone, Event::Drop, Event::Drop]);
    assert!(now(&mut x).is_ok() && now(&mut y).is_ok());
}

#[test]
fn a_forgotten_wait_for_several_harms_nobody() {
    let (mut a, mut b, log) = (ready(Box::new(0)), ready(Box::new(0)), Log::default());
    let held = (a.read(), b.read());
    let (mut x, mut y) = (a.mutate(), b.mutate());
    let mut forgotten = Box::pin(all((&mut x, &mut y)));
    assert!(poll(forgotten.as_mut(), &log.bell("forgotten")).is_pending());
    mem::forget(forgotten);
    drop(held.1);
    assert!(log.take().is_empty());
    drop((held.0, b, y));
    assert_eq!(log.take(), ["forgotten"]);
    assert!(now(&mut x).is_ok());
}

#[test]
fn a_failure_among_several_is_told_in_its_place() {
    let (mut a, mut b) = (ready(0), ready(0));
    a.write().fail("broken");
    drop(b.write());
    let seen = now(all((&a.read(), &b.read())))
        == (Err(Missing::Failed("broken")), Err(Missing::Cancelled));
    assert!(seen);
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

// epochs 155
#[test]
fn several_that_come_from_several_threads_are_awaited_with_no_wake_lost() {
    for round in 0..300 {
        let mut values: Vec<Async<usize>> = (0..4).map(|_| Async::empty()).collect();
        let readers: Vec<_> = values.iter().map(Async::read).collect();
        thread::scope(|scope| {
            for (at, value) in values.iter_mut().enumerate() {
                let write = value.write();
                scope.spawn(move || now(write.put(at + round)));
            }
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let mut wait = pin!(all(readers.iter().collect::<Vec<_>>()));
            let seen = loop {
                match poll(wait.as_mut(), &waker) {
                    Poll::Ready(seen) => break seen,
                    Poll::Pending => thread::park(),
                }
            };
            let sum: usize = seen.into_iter().map(|seen| *seen.unwrap()).sum();
            assert_eq!(sum, 4 * round + 6);
        });
    }
}

// epochs 51, 53, 144
#[test]
fn a_part_is_read_and_changed_on_the_timeline_of_the_whole_and_outlives_its_handle() {
    let mut whole = ready((1, "kept"));
    let mut part = whole.project(|pair| &pair.0, |pair| &mut pair.0);
    let (before, change) = (whole.read(), part.mutate());
    let (seen, rewrite, last) = (part.read(), whole.write(), part.read());
    assert!(seen.try_get().is_none() && waits(&last));
    let mut change = pin!(change.into_future());
    assert!(poll(change.as_mut(), Waker::noop()).is_pending());
    drop(before);
    let Poll::Ready(Ok(mut guard)) = poll(change, Waker::noop()) else { panic!("its turn") };
    *guard += 10;
    guard.release();
    assert_eq!((now(&seen), *now(seen.clone()).unwrap()), (Ok(&11), 11));
    seen.release();
    drop(whole);
    now(rewrite.put((3, "new")));
    assert_eq!((now(&last), last.try_get()), (Ok(&3), Some(Ok(&3))));
    drop(last);
    *now(&mut part.mutate()).unwrap() = 4;
    part.mutate().fail("part");
    assert_eq!(now(&part.read()), Err(Missing::Failed("part")));
}

// epochs 54
#[test]
fn what_is_owned_elsewhere_is_kept_alive_by_its_readers() {
    let owner = Box::new(5);
    let at = std::ptr::from_ref(&*owner).addr();
    let mut view: View<Box<i32>, i32, &'static str> = View::deferred_in(owner);
    let reader = view.read();
    let mut change = view.mutate();
    drop(view);
    let seen = now(&reader).unwrap();
    assert_eq!((*seen, std::ptr::from_ref(seen).addr()), (5, at));
    reader.release();
    assert_eq!(
        change.try_get().map(|found| found.map(|value| mem::replace(value, 6))),
        Some(Ok(5))
    );
    // A view that could still write keeps readers waiting; when it goes they are cancelled.
    let empty = local::Async::<(u8, u8), &'static str>::empty_in();
    let part = empty.project(|pair| &pair.1, |pair| &mut pair.1);
    let reader = empty.read();
    drop(empty);
    assert!(waits(&reader));
    drop(part);
    assert_eq!(now(&reader), Err(Missing::Cancelled));
}

#[test]
fn who_waits_for_room_that_a_part_took_is_woken_when_the_next_epoch_ends_and_not_before() {
    static CELL: AsyncCell<(u32, u32), 1, &str> = AsyncCell::ready_in((1, 2));
    let (mut x, log) = (CELL.claim().unwrap(), Log::default());
    let mut part = x.project(|pair| &pair.0, |pair| &mut pair.0);
    let (before, write, seen) = (x.read(), x.try_write().unwrap(), part.read());
    let mut room = pin!(x.room());
    assert!(poll(room.as_mut(), &log.bell("room")).is_pending());
    drop(before);
    assert_eq!(log.take(), ["room"]);
    let taken = part.try_mutate().unwrap();
    assert!(part.try_write().is_err());
    assert!(poll(room.as_mut(), &log.bell("room again")).is_pending());
    // It is written, and still read: no epoch has ended.
    now(write.put((3, 4)));
    assert_eq!(now(&seen), Ok(&3));
    assert!(log.take().is_empty());
    seen.release();
    assert_eq!(log.take(), ["room again"]);
    assert!(poll(room, Waker::noop()).is_ready());
    taken.release();
    assert!(part.try_emplace().is_ok());
}

//! Epochs: who enrolled first is served first, whoever is polled first; and what each buffer gives.

use std::{
    cell::Cell,
    future::{Future, IntoFuture},
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
};

use tidemill_core::{
    epoch::{Async, AsyncCell, EmplaceBuffer, MutableBuffer, ReadBuffer, ReadGuard, WriteBuffer},
    error::{Fault, Missing, WindowFull},
    local,
};

use crate::{
    alloc::{allocations, frees},
    bell::{Log, poll},
};

/// What comes of a future that is ready at once.
#[track_caller]
pub(crate) fn now<F: IntoFuture>(future: F) -> F::Output {
    match poll(pin!(future.into_future()), Waker::noop()) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Whether a future waits.
pub(crate) fn waits<F: IntoFuture>(future: F) -> bool {
    poll(pin!(future.into_future()), Waker::noop()).is_pending()
}

/// A value whose failures are words.
pub(crate) type Worded<T> = Async<T, &'static str>;

pub(crate) fn ready<T>(value: T) -> Worded<T> {
    Async::ready_in(value)
}

fn empty<T>() -> Worded<T> {
    Async::empty_in()
}

// epochs 2, 3, 4
#[test]
fn all_readers_of_an_epoch_read_at_once() {
    let x = ready("x".repeat(10));
    let readers: Vec<_> = (0..3).map(|_| x.read()).collect();
    let seen: Vec<&String> = readers.iter().map(|reader| now(reader).unwrap()).collect();
    assert_eq!(seen, [&"xxxxxxxxxx"; 3]);
    assert_eq!(now(ready(vec![1, 2, 3, 4]).read()).unwrap().len(), 4);
}

// epochs 5
#[test]
fn a_writer_waits_for_the_readers_before_it_and_is_waited_for_by_those_after_it() {
    let (mut x, log) = (ready(7), Log::default());
    let (first, second) = (x.read(), x.read());
    let mut write = x.write();
    let after = [x.read(), x.read()];
    let mut late = pin!(after[1].get());
    assert!(poll(late.as_mut(), &log.bell("reader")).is_pending());
    {
        let mut slot = pin!(write.slot());
        assert!(poll(slot.as_mut(), &log.bell("writer")).is_pending());
        assert_eq!((now(&second), first.try_get()), (Ok(&7), Some(Ok(&7))));
        drop(second);
        assert!(log.take().is_empty());
        first.release();
        assert_eq!(log.take(), ["writer"]);
        assert!(poll(slot, Waker::noop()).map(|mut slot| *slot.set(8)).is_ready());
    }
    // What was set is seen when the writer leaves.
    assert!(log.take().is_empty() && after[0].try_get().is_none());
    write.release();
    assert_eq!(log.take(), ["reader"]);
    assert_eq!(poll(late, Waker::noop()), Poll::Ready(Ok(&8)));
    assert_eq!(now(&after[0]), Ok(&8));
}

// epochs 1, 9, 97
#[test]
fn readers_that_enrol_before_the_first_writer_wait_for_it() {
    let mut x = empty();
    let early = x.read();
    assert!(early.try_get().is_none() && waits(&early));
    let write = x.write();
    assert!(waits(&early));
    now(write.put(42));
    assert_eq!((now(&early), now(&x.read())), (Ok(&42), Ok(&42)));
}

#[test]
fn the_order_of_the_calls_counts_and_not_that_of_the_awaits() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (mut x, log) = (ready(0), Log::default());
        let said = |word: &'static str| log.add(word);
        let (a, r, b) = (x.mutate(), x.read(), x.mutate());
        let step =
            async |mut buffer: MutableBuffer<i32, &'static str>, word, by: fn(i32) -> i32| {
                let value = buffer.get().await.unwrap();
                *value = by(*value);
                said(word);
            };
        let read = async |reader: ReadBuffer<i32, &'static str>| {
            assert_eq!(reader.get().await, Ok(&5));
            said("read");
        };
        let mut a = pin!(step(a, "add", |x| x + 5));
        let mut b = pin!(step(b, "times", |x| x * 3));
        let mut r = pin!(read(r));
        let mut done = [false; 3];
        for round in 0..3 {
            for at in order {
                done[at] = done[at]
                    || match at {
                        0 => poll(a.as_mut(), Waker::noop()).is_ready(),
                        1 => poll(r.as_mut(), Waker::noop()).is_ready(),
                        _ => poll(b.as_mut(), Waker::noop()).is_ready(),
                    };
            }
            assert!(round < 2 || done == [true; 3]);
        }
        assert_eq!(log.take(), ["add", "read", "times"]);
        assert_eq!(now(x.read()).map(|guard| *guard).unwrap(), 15);
    }
}

// epochs 21, 22, 23
#[test]
fn who_tries_does_not_wait_and_keeps_its_place() {
    let mut x = empty();
    let (reader, mut write) = (x.read(), x.write());
    assert!(reader.try_get().is_none());
    write.try_slot().expect("its turn").set(42);
    assert!(reader.try_get().is_none());
    drop(write);
    assert_eq!(
        (reader.try_get(), now(&reader), reader.try_get()),
        (Some(Ok(&42)), Ok(&42), Some(Ok(&42)))
    );
    let (mut next, ready) = (x.mutate(), ready(123));
    assert!(next.try_get().is_none());
    drop(reader);
    *next.try_get().expect("its turn").unwrap() += 1;
    drop(next);
    assert_eq!(x.read().try_get(), Some(Ok(&43)));
    assert_eq!(ready.read().try_get(), Some(Ok(&123)));
}

// epochs 29, 31, 33
#[test]
fn a_guard_holds_its_epoch_until_it_is_dropped() {
    let mut x = ready(19);
    let guard: ReadGuard<i32, _> = now(x.read()).unwrap();
    let (mut write, twin) = (x.write(), guard.clone());
    assert_eq!((*guard, *twin, guard.take_clone()), (19, 19, 19));
    assert!(write.try_slot().is_none());
    twin.release();
    assert!(write.try_slot().is_some());
    now(write.put(27));
    assert_eq!(now(x.read().into_maybe()).map(|seen| seen.map(|guard| *guard)).unwrap(), Some(27));
    let mut guard = now(x.mutate()).unwrap();
    *guard += 4;
    let after = x.read();
    assert!((*guard, after.try_get().is_none()) == (31, true));
    guard.release();
    assert_eq!(now(&after), Ok(&31));
}

// epochs 40, 41, 42, 43
#[test]
fn a_value_that_is_taken_is_gone_for_readers_and_the_next_writer_goes_on() {
    let mut x = ready(Box::new(1));
    let (take, seen, next, last) = (x.write(), x.read(), x.write(), x.read());
    assert_eq!(now(take.take()), Some(Box::new(1)));
    assert_eq!(now(&seen), Err(Missing::Cancelled));
    drop(seen);
    now(next.put(Box::new(2)));
    assert_eq!(now(&last), Ok(&Box::new(2)));
    drop(last);
    let mut guard = now(x.write());
    assert_eq!(guard.slot().take(), Some(Box::new(2)));
    guard.put(Box::new(3));
    assert_eq!(now(x.write()).take(), Some(Box::new(3)));
    assert_eq!(now(x.mutate().take()), Err(Missing::Cancelled));
    now(x.write().put(Box::new(4)));
    assert_eq!(now(x.mutate()).unwrap().take(), Box::new(4));
}

// epochs 45, 46, 47, 48, 131
#[test]
fn an_emplaced_value_is_made_once_in_its_turn() {
    struct Counted(
        #[expect(dead_code, reason = "a payload that only moves")] Box<u32>,
        Rc<Cell<[u32; 2]>>,
    );
    impl Drop for Counted {
        fn drop(&mut self) {
            let [made, gone] = self.1.get();
            self.1.set([made, gone + 1]);
        }
    }
    let count = Rc::new(Cell::new([0; 2]));
    let mut x: Worded<Counted> = empty();
    let early = x.read();
    let payload = Box::new(99);
    let make = {
        let count = count.clone();
        move || {
            let [made, gone] = count.get();
            count.set([made + 1, gone]);
            Counted(payload, count)
        }
    };
    let buffer: EmplaceBuffer<Counted, _> = x.emplace();
    let init = buffer.init_with(make);
    assert_eq!(count.get(), [0, 0]);
    now(init);
    assert_eq!(count.get(), [1, 0]);
    assert!(now(&early).is_ok());
    drop(x);
    assert_eq!(count.get(), [1, 0]);
    drop(early);
    assert_eq!(count.get(), [1, 1]);
}

// epochs 44
#[test]
fn a_value_stays_in_its_place_from_epoch_to_epoch() {
    let mut x = empty();
    now(x.emplace().init_with(|| 123));
    let at = |x: &Worded<i32>| std::ptr::from_ref(now(&x.read()).unwrap()).addr();
    let first = at(&x);
    *now(&mut x.mutate()).unwrap() += 1;
    assert_eq!((at(&x), *now(x.read()).unwrap()), (first, 124));
}

// epochs 55, 56, 57, 58, 59
#[test]
fn a_value_that_is_moved_keeps_its_timeline_and_one_that_is_replaced_leaves_its_own_to_its_buffers()
{
    let mut x = ready(7);
    let (before, write) = (x.read(), x.write());
    let mut moved = x;
    let last = moved.mutate();
    before.release();
    now(write.put(8));
    *now(last).unwrap() += 1;
    assert_eq!(*now(moved.read()).unwrap(), 9);
    let old = moved.read();
    moved = ready(11);
    assert_eq!((now(&old), now(&moved.read())), (Ok(&9), Ok(&11)));
}

// epochs 6
#[test]
fn a_value_that_is_replaced_begins_a_timeline_of_its_own() {
    let mut x = ready(5);
    let first = [x.read()];
    let add = x.mutate();
    let then = x.read();
    x = ready(10);
    let second = x.read();
    let more = x.mutate();
    let end = x.read();
    assert_eq!((now(&second), now(&first[0])), (Ok(&10), Ok(&5)));
    drop((first, second));
    *now(more).unwrap() += 20;
    *now(add).unwrap() += 10;
    assert_eq!((now(&then), now(&end)), (Ok(&15), Ok(&30)));
}

#[test]
fn an_epoch_allocates_nothing_and_a_value_once() {
    let mut made = None;
    assert_eq!(allocations(|| made = Some(ready(1))), 1);
    let mut x = made.expect("made above");
    let epochs = |x: &mut Worded<i32>| {
        for _ in 0..100 {
            let (read, write, change, last) = (x.read(), x.write(), x.mutate(), x.read());
            assert_eq!(now(&read), Ok(&1));
            drop(read);
            now(write.put(2));
            *now(change).unwrap() = 1;
            assert_eq!(now(last).map(|guard| *guard).unwrap(), 1);
            drop(x.write());
            drop(x.read().clone());
            now(x.write().put(1));
        }
    };
    assert_eq!(allocations(|| epochs(&mut x)), 0);
    // Once it has grown it stays: a long queue allocates no more.
    let long = |x: &mut Worded<i32>| {
        let writes: Vec<_> = (0..40).map(|_| x.mutate()).collect();
        writes.into_iter().for_each(|write| *now(write).unwrap() += 1);
    };
    long(&mut x);
    assert_eq!(allocations(|| long(&mut x)), 1);
    assert_eq!(*now(x.read()).unwrap(), 81);
    assert_eq!(frees(|| drop(x)), 2);
}

#[test]
fn a_value_in_a_static_is_claimed_once_and_never_allocates() {
    static CELL: AsyncCell<u32, 2, &str> = AsyncCell::ready_in(1);
    let ran = allocations(|| {
        let mut x = CELL.claim().expect("nobody else claims it");
        assert!(CELL.claim().is_none());
        let before = x.read();
        let first = x.try_write().unwrap();
        let second = x.try_mutate().unwrap();
        assert_eq!(x.try_emplace().err(), Some(WindowFull));
        let last = x.try_read().unwrap();
        assert!(waits(x.room()));
        drop(before);
        now(x.room());
        let third = x.try_write().unwrap();
        now(first.put(5));
        *now(second).unwrap() *= 2;
        assert_eq!(now(&last), Ok(&10));
        drop(x);
        assert!(CELL.claim().is_none());
        third.keep();
    });
    assert_eq!(ran, 0);
}

#[test]
fn who_waits_for_room_is_woken_when_an_epoch_ends() {
    static CELL: AsyncCell<u32, 1> = AsyncCell::empty();
    let log = Log::default();
    let mut x = CELL.claim().unwrap();
    let first = x.try_write().unwrap();
    let second = x.try_write().unwrap();
    {
        let mut room = pin!(x.room());
        assert!(poll(room.as_mut(), &log.bell("room before")).is_pending());
        assert!(poll(room.as_mut(), &log.bell("room")).is_pending());
        assert!(log.take().is_empty());
        now(first.put(1));
        assert_eq!(log.take(), ["room"]);
        assert!(poll(room, Waker::noop()).is_ready());
    }
    let third = x.try_write().unwrap();
    now(second.put(2));
    now(third.put(3));
    assert_eq!(*now(x.read()).unwrap(), 3);
}

#[test]
fn a_bound_is_an_error_for_who_tries_and_a_panic_for_who_does_not() {
    let mut x = ready(0);
    x.set_window(3.try_into().unwrap());
    let held = x.read();
    let writes: Vec<_> = (0..3).map(|_| x.try_mutate().unwrap()).collect();
    assert_eq!(x.try_write().err(), Some(WindowFull));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(x.write())));
    assert!(panicked.is_err());
    drop((held, writes));
    assert!(x.try_write().is_ok());
}

// epochs 88, 89, 90, 91, 92
#[test]
fn values_and_buffers_go_where_their_values_may_go() {
    fn goes<T: Send + Sync + Unpin>() {}
    goes::<Async<u32>>();
    goes::<ReadBuffer<u32>>();
    goes::<WriteBuffer<u32>>();
    goes::<MutableBuffer<u32>>();
    goes::<EmplaceBuffer<u32>>();
    goes::<ReadGuard<u32>>();
    fn stays<F: Future>(_: F) {}
    let mut x = local::Async::<u32>::ready_in(1);
    stays(x.write().put(2));
    let reader = x.read();
    let fault: Option<Fault> = now(&reader).err().and_then(Missing::failure);
    assert!(fault.is_none());
}

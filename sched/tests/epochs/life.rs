//! Values of epochs among tasks: when they are made and dropped, who has them, and where tasks run.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, Mutex, mpsc},
    thread,
};

use tidemill_core::{
    epoch::{Async, View},
    error::{JoinError, Missing},
    task::{Drive, spawn_send},
};
use tidemill_sched::{
    Local,
    debug::{DebugScheduler, Order},
};

use crate::{
    anywhere::anywhere,
    board::{Board, yield_now},
    kernels::{CANCELLED, SAID, Seen, Value, Why, end, start},
};

/// How many were made and dropped.
#[derive(Clone, Default)]
struct Tally(Arc<Mutex<(u32, u32)>>);

/// One that is counted.
struct Counted(Tally, i32);

impl Tally {
    /// How many were made, and dropped.
    fn counts(&self) -> (u32, u32) {
        *self.0.lock().unwrap()
    }

    fn make(&self, number: i32) -> Counted {
        self.0.lock().unwrap().0 += 1;
        Counted(self.clone(), number)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().1 += 1;
    }
}

// epochs 10
#[test]
fn a_copy_of_a_value_goes_ways_of_its_own() {
    anywhere(|place| {
        let mut x = Value::ready_in(42);
        let mut copy = place.enter(|| x.map_send(i32::clone));
        place.enter(|| {
            copy += 57;
            x += 1;
        });
        assert_eq!((end(place, &x), end(place, &copy)), (Ok(43), Ok(99)));
    });
}

// epochs 35, 36, 37, 38, 39
#[test]
fn a_value_lives_as_long_as_somebody_may_read_or_write_it_and_is_dropped_once() {
    anywhere(|place| {
        let tally = Tally::default();
        let made = tally.clone();
        let mut x = Value::ready_in(tally.make(5));
        let (one, two, three, write) = (x.read(), x.read(), x.read(), x.write());
        drop(x);
        let task = place.spawn(async move {
            let guard = one.await.unwrap();
            let (other, maybe) = (guard.clone(), two.into_maybe().await.unwrap().unwrap());
            let owned = three.into_or_cancel().await.unwrap();
            yield_now().await;
            assert_eq!((guard.1, other.1, maybe.1, owned.1), (5, 5, 5, 5));
            made.counts()
        });
        assert_eq!(place.run(task).unwrap(), (1, 0));
        let made = tally.clone();
        let task = place.spawn(async move {
            let mut guard = write.await;
            assert_eq!(guard.slot().value().unwrap().1, 5);
            guard.slot().set(made.make(6));
            made.counts()
        });
        assert_eq!(place.run(task).unwrap(), (2, 1));
        place.run_all();
        assert_eq!(tally.counts(), (2, 2));
    });
}

// epochs 63, 64, 65, 66, 67, 130
#[test]
fn a_value_is_made_by_who_writes_it_and_by_nobody_else() {
    anywhere(|place| {
        let tally = Tally::default();
        let mut x = Value::empty_in();
        let make = |number| {
            let tally = tally.clone();
            move || tally.make(number)
        };
        // Without content it makes none by itself: a reader before the first writer waits, a change finds none.
        let waits = x.read();
        let change = Value::<i32>::empty_in().mutate();
        let task = place.spawn(async move { change.await.map(drop) });
        assert_eq!(place.run(task).unwrap(), Err(CANCELLED));
        let (first, second) = (x.emplace(), x.emplace());
        assert!(waits.try_get().is_none());
        drop(place.spawn(first.init_with(make(1))));
        place.run_all();
        assert_eq!((tally.counts(), waits.try_get().unwrap().unwrap().1), ((1, 0), 1));
        drop(waits);
        drop(place.spawn(second.init_with(make(2))));
        place.run_all();
        assert_eq!(tally.counts(), (2, 1));
        // Moved out, it is not there, and can be made again.
        let taken = x.take_on(place).ok().unwrap();
        assert_eq!((taken.1, tally.counts()), (2, (2, 1)));
        assert!(matches!(x.read().try_get(), Some(Err(Missing::Cancelled))));
        drop(place.spawn(x.write().put(taken)));
        place.run_all();
        assert_eq!((tally.counts(), x.wait_on(place).unwrap().1), ((2, 1), 2));
        drop(x.write());
        assert_eq!(tally.counts(), (2, 2));
        drop(place.spawn(x.emplace().init_with(make(3))));
        place.run_all();
        drop(x);
        assert_eq!(tally.counts(), (3, 3));
    });
}

// epochs 68, 69, 70, 134
#[test]
fn a_write_puts_another_in_place_and_a_change_keeps_the_one_that_is_there() {
    anywhere(|place| {
        let tally = Tally::default();
        let mut x = Value::ready_in(tally.make(5));
        let (change, seen) = (x.mutate(), x.read());
        drop(place.spawn(async move { change.await.unwrap().1 += 42 }));
        place.run_all();
        assert_eq!((seen.try_get().unwrap().unwrap().1, tally.counts()), (47, (1, 0)));
        drop(seen);
        let (write, made) = (x.write(), tally.clone());
        drop(place.spawn(async move {
            let mut guard = write.await;
            guard.slot().value().unwrap().1 = 3;
            assert_eq!((made.counts(), guard.slot().value().unwrap().1), ((1, 0), 3));
            guard.put(made.make(77));
        }));
        assert_eq!(x.wait_on(place).map(|seen| seen.1).ok(), Some(77));
        assert_eq!(tally.counts(), (2, 1));
    });
}

// epochs 93, 94, 95
#[test]
fn a_writer_that_is_reserved_where_the_value_is_made_is_fulfilled_later() {
    anywhere(|place| {
        let mut future = Value::empty_in();
        let promise = future.write();
        let reader = future.read();
        let task = place.spawn(async move { reader.await.map(|seen: _| *Box::clone(&*seen)) });
        place.run_all();
        drop(place.spawn(promise.put(Box::new(42))));
        assert_eq!(place.run(task).unwrap(), Ok(42));
        let (source, mut later) = (Value::ready_in(99), Value::empty_in());
        let (from, reserved) = (source.read(), later.write());
        place.enter(|| later += 1);
        drop(place.spawn(async move { reserved.put(from.await.unwrap().take_clone()).await }));
        assert_eq!(end(place, &later), Ok(100));
    });
}

// epochs 128
#[test]
fn a_reader_may_be_tried_where_it_is_made() {
    anywhere(|place| {
        let mut x = Value::ready_in(7);
        assert_eq!(x.read().try_get(), Some(Ok(&7)));
        let write = x.write();
        assert_eq!(x.read().try_get(), None);
        drop(write);
        assert_eq!(end(place, &x), Err(CANCELLED));
    });
}

// epochs 135
#[test]
fn values_are_computed_on_one_thread_and_waited_for_on_another() {
    let (mut x, mut y) = (Async::<u64, Why>::ready_in(1), Async::<u64, Why>::empty_in());
    let (input, output) = (x.mutate(), y.write());
    let (done, told) = mpsc::channel();
    let worker = thread::spawn(move || {
        let local = Local::new(Board::default());
        let task = local.spawn(async move {
            let mut input = input.await.unwrap();
            *input += 1;
            output.put(*input * 10).await;
        });
        local.run_with(std::pin::pin!(task), &mut local.hooks().clone().bell()).unwrap();
        done.send(()).unwrap();
    });
    let here = Local::new(Board::default());
    let mut bell = here.hooks().clone().bell();
    let both = async { (x.read().await.map(|x| *x), y.read().await.map(|y| *y)) };
    assert_eq!(here.run_with(std::pin::pin!(both), &mut bell), (Ok(2), Ok(20)));
    told.recv().unwrap();
    worker.join().unwrap();
    // What another thread would have to bring is not waited for by a wait.
    let mut z = Async::<u64, Why>::empty_in();
    let write = z.write();
    assert!(z.wait_on(&here).is_err());
    drop(write);
}

// epochs 137, 138
#[test]
fn a_child_keeps_to_its_own_scheduler_and_its_parent_goes_on_on_its_own() {
    let (outer, inner) = (DebugScheduler::new(Order::Fifo), DebugScheduler::new(Order::Reverse));
    let log = Rc::new(RefCell::new(Vec::new()));
    let (there, ours, theirs) = (inner.here(), log.clone(), log.clone());
    let parent = outer.spawn(async move {
        ours.borrow_mut().push("parent");
        let child = there.spawn(async move {
            theirs.borrow_mut().push("child");
            yield_now().await;
            5
        });
        let found = start(child).await.unwrap();
        ours.borrow_mut().push("parent again");
        found
    });
    outer.run_all();
    assert_eq!(log.take(), ["parent"]);
    inner.run_all();
    assert_eq!(log.take(), ["child"]);
    assert_eq!(outer.run_with(std::pin::pin!(parent)).unwrap().unwrap(), 5);
    assert_eq!(log.take(), ["parent again"]);
}

// epochs 139
#[test]
fn what_goes_wrong_in_a_child_is_what_its_parent_awaits() {
    anywhere(|place| {
        let parent = place.spawn(async move {
            let failed: Seen<i32> = start(spawn_send(async { Err(SAID) })).await.unwrap();
            let panicked = start(spawn_send(async { panic!("child") })).await;
            let panicked: Result<(), JoinError> = panicked;
            (failed, panicked.map_err(|error| error.to_string()))
        });
        let (failed, panicked) = place.run(parent).unwrap();
        assert_eq!(failed, Err(SAID));
        assert_eq!(panicked, Err("the task panicked: child".into()));
    });
}

// epochs 51, 53
#[test]
fn a_part_is_written_anew_in_turn_with_the_whole_and_not_without_it() {
    anywhere(|place| {
        let mut whole = Value::ready_in((1, String::from("a")));
        let mut name = whole.project(|pair| &pair.1, |pair| &mut pair.1);
        let (write, seen, emplace) = (name.write(), whole.read(), name.emplace());
        let (later, lost, after) = (whole.read(), name.write(), whole.read());
        drop(place.spawn(async move { emplace.init_with(|| "c".into()).await.unwrap() }));
        place.run_all();
        assert!(seen.try_get().is_none());
        drop(place.spawn(async move { write.put("b".into()).await.unwrap() }));
        place.run_all();
        assert_eq!(seen.try_get(), Some(Ok(&(1, "b".into()))));
        drop(seen);
        place.run_all();
        assert_eq!(later.try_get(), Some(Ok(&(1, "c".into()))));
        drop((later, lost));
        assert_eq!(after.try_get(), Some(Err(CANCELLED)));
        drop(after);
        // Without a whole there is no part to write.
        let (put, made) = (name.write(), name.emplace());
        let task = place.spawn(async move {
            let made = made.init_with(|| unreachable!("there is no place for it"));
            (put.put("d".into()).await, made.await)
        });
        assert_eq!(place.run(task).unwrap(), (Err(CANCELLED), Err(CANCELLED)));
        whole.write().fail(Why::Said("broken"));
        let put = name.write();
        let task = place.spawn(put.put("e".into()));
        assert_eq!(place.run(task).unwrap(), Err(SAID));
        assert_eq!(end(place, &whole).map(drop), Err(SAID));
    });
}

#[test]
fn a_writer_of_a_part_leaves_as_it_says() {
    anywhere(|place| {
        let mut whole = Value::ready_in([1, 2]);
        let mut first = whole.project(|pair| &pair[0], |pair| &mut pair[0]);
        first.write().keep();
        assert_eq!(end(place, &whole), Ok([1, 2]));
        first.emplace().keep();
        let mut write = first.write();
        let task = place.spawn(async move {
            let mut slot = write.slot().await.unwrap();
            assert_eq!(*slot.value(), 1);
            assert_eq!(*slot.set(5), 5);
            write
        });
        drop(place.run(task).unwrap());
        assert_eq!(end(place, &whole), Ok([5, 2]));
        let mut write = first.write();
        let task = place.spawn(async move {
            write.slot().await.unwrap().set(6);
            write.cancel();
        });
        place.run(task).unwrap();
        assert_eq!(end(place, &whole), Err(CANCELLED));
        drop(place.spawn(whole.write().put([7, 8])));
        first.emplace().fail(Why::Said("broken"));
        assert_eq!(end(place, &whole), Err(SAID));
    });
}

// epochs 54
#[test]
fn what_lies_elsewhere_is_written_there_and_kept_by_who_may_still_do_so() {
    anywhere(|place| {
        let tally = Tally::default();
        let mut view: View<Box<Counted>, Counted, Why> = View::deferred_in(Box::new(tally.make(1)));
        let (write, seen) = (view.write(), view.read());
        drop(view);
        let made = tally.clone();
        drop(place.spawn(async move { write.put(made.make(2)).await.is_ok() }));
        place.run_all();
        assert_eq!((seen.try_get().unwrap().ok().unwrap().1, tally.counts()), (2, (2, 1)));
        drop(seen);
        assert_eq!(tally.counts(), (2, 2));
        let drive: &dyn Drive = place;
        assert_eq!(drive.drive(&mut |_| true), Ok(()));
    });
}

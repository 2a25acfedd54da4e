//! Looks, and those who are woken together: by one value, at once.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use tidemill_core::{
    epoch::{self, all},
    error::JoinError,
};

use crate::{
    everywhere::{Place, everywhere, in_order},
    kernels::{CANCELLED, Value, Why},
};

type Arrival<'a> = Pin<Box<epoch::Arrival<&'a epoch::ReadBuffer<usize, Why>>>>;

/// Somebody who is no task.
struct Outsider {
    wakes: AtomicUsize,
    panics: bool,
}

impl Outsider {
    fn new(panics: bool) -> Arc<Self> {
        Arc::new(Self { wakes: AtomicUsize::new(0), panics })
    }

    fn wakes(&self) -> usize {
        self.wakes.load(SeqCst)
    }
}

impl Wake for Outsider {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, SeqCst);
        assert!(!self.panics, "it is seen");
    }
}

fn poll_by<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn a_look_behind_a_writer_waits_for_him_and_sees_what_he_wrote() {
    everywhere(|place| {
        let mut x = Value::<i32>::ready_in(0);
        for n in 1..4 {
            let mut first = x.write();
            let early = place.enter(|| x.inspect(|x| *x)).unwrap();
            let given = x.inspect_on(&place.here(), |x| *x).unwrap();
            let mut second = x.write();
            let late = place.enter(|| x.inspect(|x| *x)).unwrap();
            place.run_all();
            assert!(!early.is_finished() && !given.is_finished(), "nothing is written yet");
            first.try_slot().unwrap().set(n);
            drop(first);
            place.run_all();
            assert!(!late.is_finished(), "it comes behind the other writer");
            assert_eq!((place.run(early).unwrap(), place.run(given).unwrap()), (Ok(n), Ok(n)));
            second.try_slot().unwrap().set(10 * n);
            drop(second);
            assert_eq!(place.run(late).unwrap(), Ok(10 * n));
            let there = place.enter(|| x.inspect(|x| *x)).unwrap();
            assert_eq!(place.run(there).unwrap(), Ok(10 * n));
        }
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_look_that_panics_or_is_cancelled_before_its_turn_leaves_the_value() {
    everywhere(|place| {
        for sleeps in [true, false] {
            let mut x = if sleeps { Value::<i32>::empty_in() } else { Value::ready_in(1) };
            let kept = Arc::new(());
            let (one, two) = (kept.clone(), kept.clone());
            let (panics, cancelled) = place.enter(|| {
                let panics = x.inspect(move |_| {
                    assert_eq!(Arc::strong_count(&one), 0, "it is seen");
                });
                (panics.unwrap(), x.inspect(move |_| drop(two)).unwrap())
            });
            cancelled.cancel();
            if sleeps {
                x.write().try_slot().unwrap().set(1);
            }
            assert!(matches!(place.run(panics), Err(JoinError::Panicked(_))));
            assert!(matches!(place.run(cancelled), Err(JoinError::Cancelled)));
            assert_eq!(Arc::strong_count(&kept), 1, "the functions were dropped");
            assert!(x.write().try_slot().is_some(), "the readers are gone");
        }
    });
}

/// Readers of a value wait, tasks and others in turn; then it is written, from a turn of the executor or from outside.
fn read_in_order(place: &Place, x: &mut Value<usize>, inside: bool) {
    let (order, turns) = (Arc::new(Mutex::new(Vec::new())), place.stats().turns);
    let others: Vec<_> = (0..40).map(|_| Outsider::new(false)).collect();
    let mut write = x.write();
    let buffers: Vec<_> = (0..40).map(|_| x.read()).collect();
    let mut waits: Vec<Arrival<'_>> = buffers.iter().map(|read| Box::pin(read.get())).collect();
    for (n, (wait, other)) in waits.iter_mut().zip(&others).enumerate() {
        let (read, order) = (x.read(), order.clone());
        let task = async move {
            let seen = *read.get().await.unwrap();
            order.lock().unwrap().push(n + seen);
        };
        drop(place.spawn(task));
        place.settle();
        assert!(poll_by(wait.as_mut(), &Waker::from(other.clone())).is_pending());
    }
    let before = place.stats().turns;
    write.try_slot().unwrap().set(7);
    if inside {
        place.enter(|| drop(write));
    } else {
        drop(write);
    }
    place.settle();
    assert_eq!(*order.lock().unwrap(), (7..47).collect::<Vec<_>>());
    assert_eq!((before - turns, place.stats().turns - before), (40, 40), "one turn each");
    assert!(others.iter().all(|other| other.wakes() == 1));
    assert!(waits.into_iter().all(|mut wait| poll_by(wait.as_mut(), Waker::noop()).is_ready()));
}

#[test]
fn readers_of_one_value_are_woken_in_their_order_whoever_waits_between_them() {
    in_order(|place| {
        let mut x = Value::<usize>::empty_in();
        for inside in [true, false, true, true] {
            read_in_order(place, &mut x, inside);
        }
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_waker_that_panics_costs_no_task_beside_it_the_wake() {
    in_order(|place| {
        let mut x = Value::<usize>::empty_in();
        let (panics, buffer) = (Outsider::new(true), x.read());
        let wait = buffer.get();
        {
            let mut wait = pin!(wait);
            let look = |x: &Value<usize>| place.enter(|| x.inspect(|x| *x)).unwrap();
            let mut looks: Vec<_> = (0..20).map(|_| look(&x)).collect();
            assert!(poll_by(wait.as_mut(), &Waker::from(panics.clone())).is_pending());
            looks.extend((0..20).map(|_| look(&x)));
            let mut write = x.write();
            write.try_slot().unwrap().set(7);
            let leaves = AssertUnwindSafe(|| place.enter(|| drop(write)));
            assert!(catch_unwind(leaves).is_err());
            assert_eq!(panics.wakes(), 1);
            for look in looks {
                assert_eq!(place.run(look).unwrap(), Ok(7));
            }
        }
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_task_that_has_ended_is_woken_in_vain_and_one_that_waits_twice_has_one_turn() {
    let homes = RefCell::new(Vec::new());
    in_order(|place| {
        homes.borrow_mut().push(Arc::downgrade(&place.shared()));
        let (mut x, mut y) = (Value::<usize>::empty_in(), Value::<usize>::empty_in());
        // It leaves its waker, and ends.
        let left = place.run(place.spawn(poll_fn(|cx| Poll::Ready(cx.waker().clone())))).unwrap();
        let buffers = [x.read(), x.read()];
        {
            let mut waits: Vec<Arrival<'_>> = buffers.iter().map(|x| Box::pin(x.get())).collect();
            assert!(waits.iter_mut().all(|wait| poll_by(wait.as_mut(), &left).is_pending()));
            drop(left);
            let (two, seen) = ([x.read(), y.read()], Arc::new(AtomicUsize::new(0)));
            let sees = seen.clone();
            drop(place.spawn(async move {
                let mut waits: Vec<Arrival<'_>> = two.iter().map(|x| Box::pin(x.get())).collect();
                poll_fn(|cx| {
                    sees.fetch_add(1, SeqCst);
                    let come =
                        |wait: &mut Arrival<'_>| poll_by(wait.as_mut(), cx.waker()).is_ready();
                    if waits.iter_mut().all(come) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }));
            place.settle();
            assert_eq!(seen.load(SeqCst), 1);
            place.enter(|| {
                x.write().cancel();
                y.write().cancel();
            });
            place.settle();
            assert_eq!(seen.load(SeqCst), 2);
            assert!(waits.iter_mut().all(|wait| {
                poll_by(wait.as_mut(), Waker::noop()) == Poll::Ready(Err(CANCELLED))
            }));
        }
        assert_eq!(place.live(), 0);
    });
    let is_gone = |home: &Weak<_>| home.upgrade().is_none();
    assert!(homes.borrow().iter().all(is_gone), "its last reference was given up");
}

#[test]
fn a_group_waits_once_for_readers_of_one_epoch_and_has_one_turn_when_all_have_come() {
    in_order(|place| {
        let (mut x, mut y) = (Value::<usize>::empty_in(), Value::<usize>::empty_in());
        let [many, few]: [[_; 35]; 2] = [(); 2].map(|()| std::array::from_fn(|_| x.read()));
        let between = y.read();
        let task = place.spawn(async move {
            let (many, between, few) = all((many.each_ref(), &between, few.each_ref())).await;
            let sum = |seen: [Result<&usize, _>; 35]| {
                seen.into_iter().map(|x| *x.unwrap()).sum::<usize>()
            };
            (sum(many), *between.unwrap(), sum(few))
        });
        place.settle();
        let turns = place.stats().turns;
        x.write().try_slot().unwrap().set(2);
        place.settle();
        assert_eq!(place.stats().turns, turns, "one has not come yet");
        y.write().try_slot().unwrap().set(1);
        assert_eq!(place.run(task).unwrap(), (70, 1, 70));
        assert!(x.write().try_slot().is_some());
    });
}

#[test]
fn a_group_over_two_epochs_of_a_value_is_not_let_in_when_the_first_has_come() {
    everywhere(|place| {
        let mut x = Value::<usize>::empty_in();
        let first = [x.read(), x.read()];
        let mut one = x.write();
        let mut two = x.write();
        let second = [x.read(), x.read()];
        let task = place.spawn(async move {
            all((first.each_ref(), second.each_ref())).await.1.map(|x| *x.unwrap())
        });
        place.settle();
        one.try_slot().unwrap().set(1);
        drop(one);
        place.settle();
        assert!(!task.is_finished() && two.try_slot().is_none(), "it holds the first");
        task.cancel();
        place.settle();
        assert!(two.try_slot().is_some(), "it has left");
    });
}

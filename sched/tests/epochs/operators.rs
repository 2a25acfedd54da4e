//! Operators between values, and the small kernels behind them.

use std::{
    ops::{Add, AddAssign},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tidemill_sched::{Local, debug::Virtual};

use crate::{
    anywhere::anywhere,
    kernels::{CANCELLED, SAID, Value, Why, end},
};

// epochs 71, 72, 74, 75, 76
#[test]
fn operators_compute_new_values_and_change_values_in_place() {
    anywhere(|place| {
        let (a, b, half) = (Value::ready_in(5), Value::ready_in(7), Value::ready_in(0.5));
        let (mut x, mut y) = (Value::ready_in(10.0_f64), Value::ready_in(1_u64));
        let (sum, negative) = place.enter(|| (&a + &b, -&(&(&a * &b) - 14)));
        let (right, left) = place.enter(|| (&half + 12.0, 4.0 + &half));
        place.enter(|| {
            x += 10.0;
            x *= &half;
            x -= 6.0;
            x /= 0.2;
            y += 1;
            y *= 300;
        });
        assert_eq!((end(place, &sum), end(place, &negative)), (Ok(12), Ok(-21)));
        assert_eq!((end(place, &right), end(place, &left)), (Ok(12.5), Ok(4.5)));
        assert_eq!((end(place, &x), end(place, &y)), (Ok(20.0), Ok(600)));
    });
}

/// A number of another kind than those it is added to.
#[derive(Clone, Debug, PartialEq)]
struct Metres(f64);

impl Add<&Metres> for &i32 {
    type Output = Metres;

    fn add(self, metres: &Metres) -> Metres {
        Metres(f64::from(*self) + metres.0)
    }
}

// epochs 73
#[test]
fn operators_are_those_of_the_values_whatever_their_types() {
    anywhere(|place| {
        let (a, b) = (Value::ready_in(3), Value::ready_in(Metres(2.5)));
        let sum = place.enter(|| &a + &b);
        assert_eq!(end(place, &sum), Ok(Metres(5.5)));
    });
}

/// What is neither copied nor cloned.
#[derive(Debug)]
struct Tensor(Vec<i64>, Arc<AtomicUsize>);

impl AddAssign<&Tensor> for Tensor {
    fn add_assign(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(to, from)| *to += from);
        self.1.fetch_add(1, SeqCst);
    }
}

impl AddAssign<i64> for Tensor {
    fn add_assign(&mut self, number: i64) {
        self.0.iter_mut().for_each(|to| *to += number);
        self.1.fetch_add(1, SeqCst);
    }
}

// epochs 77
#[test]
fn what_only_moves_is_changed_in_place() {
    anywhere(|place| {
        let added = Arc::new(AtomicUsize::new(0));
        let mut x = Value::ready_in(Tensor(vec![1, 2], added.clone()));
        let y = Value::ready_in(Tensor(vec![10, 20], added.clone()));
        let before = x.read().try_get().unwrap().unwrap().0.as_ptr();
        place.enter(|| {
            x += &y;
            x += 100;
        });
        place.run_all();
        let seen = x.read();
        let seen = seen.try_get().unwrap().unwrap();
        assert_eq!((&seen.0, added.load(SeqCst)), (&vec![111, 122], 2));
        assert_eq!(seen.0.as_ptr(), before);
    });
}

// epochs 84, 85
#[test]
fn functions_of_values_are_those_of_the_language() {
    anywhere(|place| {
        let (x, z) = (Value::ready_in(0.7_f64), Value::ready_in((3.0_f64, -4.0_f64)));
        let (sin, cos) = place.enter(|| (x.map_send(|x| x.sin()), x.map_send(|x| x.cos())));
        assert_eq!((end(place, &sin), end(place, &cos)), (Ok(0.7_f64.sin()), Ok(0.7_f64.cos())));
        let conjugate = place.enter(|| z.map_send(|(re, im)| (*re, -im)));
        let (norm, real) =
            place.enter(|| (z.map_send(|(re, im)| re.hypot(*im)), z.map_send(|(re, _)| *re)));
        let product = place.enter(|| z.combine_send(&conjugate, |a, b| a.0 * b.0 - a.1 * b.1));
        assert_eq!((end(place, &norm), end(place, &real)), (Ok(5.0), Ok(3.0)));
        assert_eq!(end(place, &product), Ok(25.0));
    });
}

#[test]
fn a_change_whose_value_or_operand_is_missing_is_not_made() {
    anywhere(|place| {
        let calls = Arc::new(AtomicUsize::new(0));
        let (mut x, mut y, z) = (Value::ready_in(1), Value::ready_in(2), Value::<i32>::empty_in());
        x.write().fail(Why::Said("broken"));
        let count = |calls: &Arc<AtomicUsize>| {
            let calls = calls.clone();
            move |_: &mut i32, _: &i32| {
                calls.fetch_add(1, SeqCst);
            }
        };
        place.enter(|| {
            x += 1;
            x.change_send_with(&y, count(&calls));
            y.change_send_with(&x, count(&calls));
        });
        drop(x);
        assert_eq!(end(place, &y), Err(SAID));
        let mut y = Value::ready_in(2);
        place.enter(|| y.change_send_with(&z, count(&calls)));
        drop(z);
        assert_eq!((end(place, &y), calls.load(SeqCst)), (Err(CANCELLED), 0));
    });
}

#[test]
fn a_change_that_is_dropped_with_its_executor_cancels_its_value() {
    anywhere(|place| {
        let scheduler = Local::new(Virtual::new());
        let (mut x, mut y, mut z) = (Value::ready_in(1), Value::ready_in(2), Value::ready_in(3));
        let held = (x.read(), y.read());
        scheduler.enter(|| {
            x += 1;
            y += &x;
            z += 1;
        });
        scheduler.tick();
        drop(scheduler);
        drop(held);
        assert_eq!((end(place, &x), end(place, &y)), (Err(CANCELLED), Err(CANCELLED)));
        assert_eq!(end(place, &z), Ok(4));
    });
}

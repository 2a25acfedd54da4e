//! Reverse values among tasks: gradients that are added while the reverse of a computation is written down, and flow when it is seeded.

use std::{
    ops::AddAssign,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tidemill_core::{
    epoch::{Async, ReverseValue},
    error::{Fault, Missing},
    kernel::WaitError,
    task::Undone,
};

use self::var::Var;
use crate::{
    anywhere::{Place, anywhere},
    kernels::{CANCELLED, SAID, Seen, Value, Why, end},
};

#[path = "../../../uring/examples/gradient/var.rs"]
#[allow(dead_code, reason = "tests use less of it")]
mod var;

type Reverse<T> = ReverseValue<T, Why>;

/// Asserts that two numbers are the same, but for rounding.
#[track_caller]
fn close(found: f64, exact: f64) {
    assert!((found - exact).abs() <= 1e-12 * exact.abs().max(1.0), "{found} is not {exact}");
}

#[track_caller]
fn gradient(place: &Place<'_>, x: &Var<f64>) -> f64 {
    *x.gradient_on(place).expect("it is there")
}

// epochs 97, 98, 99, 101
#[test]
fn addends_are_summed_backwards_and_what_is_missing_counts_as_zero() {
    anywhere(|place| {
        let sum = |seed: Option<i32>, plus: &Value<i32>, minus: &Value<i32>| {
            let mut sum: Reverse<i32> = ReverseValue::new_in();
            let last = sum.read();
            place.enter(|| {
                sum += plus;
                sum -= minus;
                sum += plus.read();
            });
            let complete = match seed {
                Some(seed) => sum.seed(seed),
                None => sum.finalize(),
            };
            let found = end(place, &complete);
            assert_eq!(last.try_get().map(|last| last.copied()), Some(found.clone()));
            found
        };
        let (two, five, mut none, mut bad) =
            (Value::ready_in(2), Value::ready_in(5), Value::ready_in(0), Value::ready_in(0));
        drop(none.write());
        bad.write().fail(Why::Said("broken"));
        assert_eq!(sum(Some(17), &two, &five), Ok(16));
        assert_eq!(sum(None, &two, &five), Ok(-1));
        assert_eq!(sum(None, &none, &five), Ok(-5));
        assert_eq!(sum(Some(17), &none, &none), Ok(17));
        assert_eq!(sum(None, &none, &none), Err(CANCELLED));
        assert_eq!(sum(Some(17), &two, &bad), Err(SAID));
        let complete: Reverse<i32> = ReverseValue::new_in();
        assert_eq!(complete.wait_on(place).map(drop), Err(WaitError::Cancelled));
        let mut complete: Reverse<i32> = ReverseValue::new_in();
        place.enter(|| complete += &two);
        assert_eq!(complete.wait_on(place).map(|sum| *sum), Ok(2));
    });
}

#[test]
fn an_addend_that_panics_or_is_cancelled_ends_the_sum_like_that() {
    anywhere(|place| {
        let found = |sum: Reverse<i32>| -> Seen<i32> { end(place, &sum.seed(1)) };
        let mut sum: Reverse<i32> = ReverseValue::new_in();
        place.enter(|| {
            sum.accumulate_send(async { panic!("boom") }, |sum, more: i32| *sum += more);
        });
        let panicked = |word: &str| Err(Missing::Failed(Why::Panicked(word.into())));
        assert_eq!(found(sum), panicked("boom"));
        let mut sum: Reverse<i32> = ReverseValue::new_in();
        place.enter(|| sum.accumulate_send(async { Ok(1) }, |_, _| panic!("bang")));
        assert_eq!(found(sum), panicked("bang"));
        let mut sum: Reverse<i32> = ReverseValue::new_in();
        sum.accumulate_send(async { Ok(1) }, |sum, more| *sum += more);
        assert_eq!(found(sum), Err(Missing::Failed(Why::Nobody)));
        let mut sum: Reverse<i32> = ReverseValue::new_in();
        let (x, mut y) = (Value::ready_in(3), Value::ready_in(1));
        drop(y.write());
        let (one, two) = (x.read(), y.read());
        place.enter(|| {
            sum.accumulate_send(async move { Ok(*one.or_cancel().await?) }, |sum, more| {
                *sum += more
            });
            sum.accumulate_send(async move { Ok(*two.or_cancel().await?) }, |sum, more| {
                *sum += more
            });
        });
        assert_eq!(found(sum), Ok(4));
        let other = tidemill_sched::debug::DebugScheduler::new(tidemill_sched::debug::Order::Fifo);
        let mut sum: Reverse<i32> = ReverseValue::new_in();
        other.enter(|| sum += &x);
        let complete = sum.seed(1);
        drop(other);
        assert_eq!(end(place, &complete), Err(CANCELLED));
    });
}

// epochs 102, 103, 104
#[test]
fn gradients_of_sine_and_cosine_are_those_of_calculus() {
    anywhere(|place| {
        let (x, y) = (Var::new(0.3), Var::new(0.4));
        place.enter(|| x.sin().seed(1.0));
        place.enter(|| y.cos().seed(2.0));
        close(gradient(place, &x), 0.3_f64.cos());
        close(gradient(place, &y), -2.0 * 0.4_f64.sin());
    });
}

// epochs 106, 107, 108
#[test]
fn gradients_of_products_sums_and_differences_are_those_of_calculus() {
    anywhere(|place| {
        let (x, y) = (Var::new(3.0), Var::new(-2.0));
        // (2xy + x - y) - (-x + 7) y, written through a clone of x.
        place.enter(|| {
            let (product, same) = (&x * &y, x.clone());
            let left = &(&(&product * 2.0) + &same) - &y;
            let z = &left - &(&(&-&x + 7.0) * &y);
            z.seed(1.0);
        });
        close(gradient(place, &x), 2.0 * -2.0 + 1.0 + -2.0);
        close(gradient(place, &y), 2.0 * 3.0 - 1.0 - (-3.0 + 7.0));
    });
}

// epochs 105, 145
#[test]
fn branches_that_nobody_uses_are_pruned_whether_they_are_well_or_have_failed() {
    anywhere(|place| {
        let pulls = Arc::new(AtomicUsize::new(0));
        let counted = |pulls: &Arc<AtomicUsize>| {
            let pulls = pulls.clone();
            move |flows: &f64, _: &f64| {
                pulls.fetch_add(1, SeqCst);
                *flows
            }
        };
        let x = Var::new(0.3);
        place.enter(|| {
            drop(x.map(|x| x + 1.0, counted(&pulls)));
            let failed = x.map(|_| panic!("an unused branch"), counted(&pulls));
            drop(failed.map(|x: &f64| x * 2.0, counted(&pulls)));
            drop(failed);
            let used = x.map(|x| x * 3.0, counted(&pulls));
            used.seed(3.0);
        });
        close(gradient(place, &x), 3.0);
        assert_eq!(pulls.load(SeqCst), 1);
        let unused = Var::new(0.3);
        place.enter(|| drop(unused.sin()));
        assert!(matches!(unused.gradient_on(place), Err(WaitError::Cancelled)));
        place.run_all();
        assert_eq!(place.live(), 0);
    });
}

// epochs 145
#[test]
fn a_failure_that_is_used_is_seen_beside_branches_that_are_pruned() {
    anywhere(|place| {
        let (x, broken) = (Var::new(0.3), Var::of(failed()));
        let product = place.enter(|| {
            drop(x.sin());
            let product = &x * &broken;
            drop(&product * &x);
            product.seed(1.0);
            product
        });
        let reader = product.value().read();
        drop(product);
        let gone = |fault: &Fault| matches!(fault, Fault::Text("broken"));
        let found = x.gradient_on(place);
        assert!(matches!(&found, Err(WaitError::Failed(fault)) if gone(fault)), "{found:?}");
        place.run_all();
        let seen = reader.try_get();
        assert!(matches!(&seen, Some(Err(Missing::Failed(fault))) if gone(fault)), "{seen:?}");
        // What x contributes to the other one needs x alone.
        close(gradient(place, &broken), 0.3);
        let (y, z) = (Var::new(5.0), Var::new(7.0));
        let reader = place.enter(|| (&y * &z).value().read());
        place.run_all();
        assert_eq!(reader.try_get().unwrap().unwrap(), &35.0);
    });
}

fn failed() -> Async<f64> {
    let mut value = Async::empty();
    value.write().fail(Fault::Text("broken"));
    value
}

/// A complex number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Complex(f64, f64);

impl AddAssign<&Self> for Complex {
    fn add_assign(&mut self, other: &Self) {
        self.0 += other.0;
        self.1 += other.1;
    }
}

// epochs 109, 110, 111
#[test]
fn gradients_of_parts_add_up_in_whatever_order_they_are_seeded() {
    anywhere(|place| {
        let parts = |z: &Var<Complex>| {
            let re = z.map(|z| z.0, |flows, _| Complex(*flows, 0.0));
            (re, z.map(|z| z.1, |flows, _| Complex(0.0, *flows)))
        };
        for order in 0..3 {
            let z = Var::new(Complex(3.0, 4.0));
            place.enter(|| {
                let (re, im) = parts(&z);
                match order {
                    0 => (re.seed(2.0), im.seed(5.0)),
                    1 => (im.seed(5.0), re.seed(2.0)),
                    _ => ((&(&re * 2.0) + &(&im * 5.0)).seed(1.0), ()),
                }
            });
            assert_eq!(*z.gradient_on(place).unwrap(), Complex(2.0, 5.0));
        }
    });
}

// epochs 112
#[test]
fn the_gradients_of_a_large_sum_match_the_exact_ones() {
    anywhere(|place| {
        let (a, b) = (0.7, -1.3);
        let (x, y) = (Var::new(a), Var::new(b));
        let mut exact = (0.0, 0.0);
        place.enter(|| {
            let mut sum = Var::new(0.0);
            for term in 0..128 {
                let c = f64::from(term) / 31.0 - 2.0;
                let product = &x * &y;
                sum = &(&sum + &(&product * c).sin()) - &(&product + c);
                let slope = c * (a * b * c).cos() - 1.0;
                exact = (exact.0 + b * slope, exact.1 + a * slope);
            }
            sum.seed(1.0);
        });
        assert!((gradient(place, &x) - exact.0).abs() <= 1e-12);
        assert!((gradient(place, &y) - exact.1).abs() <= 1e-12);
        place.run_all();
        assert_eq!(place.live(), 0);
    });
}

#[test]
fn a_gradient_is_not_there_while_something_that_may_add_to_it_is_open() {
    anywhere(|place| {
        let x = Var::new(1.0);
        let y = place.enter(|| x.sin());
        let found = x.gradient_on(place);
        assert!(matches!(found, Err(WaitError::Undone(Undone::Deadlock(_)))), "{found:?}");
        drop(y);
        place.run_all();
        assert_eq!(place.live(), 0);
    });
}

//! One value that leads to the next: what Async's `bind` does, and `await` does here.

use std::{cell::Cell, rc::Rc};

use tidemill_core::{choose, ivar, local::Ivar};

use crate::everywhere::everywhere;

// async 10
#[test]
fn whatever_is_full_before_and_whoever_waits_two_values_lead_to_a_third() {
    everywhere(|place| {
        for (left_full, right_full) in [(false, false), (false, true), (true, false), (true, true)]
        {
            for (on_right, on_result) in [0, 1, 3].map(|n| [0, 1, 3].map(|m| (n, m))).concat() {
                let (left, right) = (Rc::new(Ivar::new_in()), Rc::new(Ivar::new_in()));
                let (filler, result) = ivar::channel();
                if left_full {
                    left.fill(3).unwrap();
                }
                if right_full {
                    right.fill(4).unwrap();
                }
                let (first, second, seen) = (left.clone(), right.clone(), Rc::new(Cell::new(0)));
                drop(place.spawn(async move {
                    let left = *first.read().await.unwrap();
                    filler.fill(10 * left + *second.read().await.unwrap()).unwrap();
                }));
                for _ in 0..on_right {
                    let (right, seen) = (right.clone(), seen.clone());
                    drop(place.spawn(async move {
                        let value = *right.read().await.unwrap();
                        seen.set(seen.get() + value);
                    }));
                }
                for _ in 0..on_result {
                    let (result, seen) = (result.clone(), seen.clone());
                    drop(place.spawn(async move {
                        let value = result.await.unwrap();
                        seen.set(seen.get() + value);
                    }));
                }
                place.run_all();
                assert_eq!(result.peek().is_some(), left_full && right_full);
                // What is empty is filled: the second value may be there before the first.
                if !right_full {
                    right.fill(4).unwrap();
                }
                place.run_all();
                assert_eq!(result.peek().is_some(), left_full);
                if !left_full {
                    left.fill(3).unwrap();
                }
                place.run_all();
                assert_eq!((result.peek(), seen.get()), (Some(&34), 4 * on_right + 34 * on_result));
                assert_eq!(place.live(), 0);
            }
        }
    });
}

// async 11
#[test]
fn a_choice_that_has_moved_on_to_the_second_value_leaves_nobody_in_either_line() {
    everywhere(|place| {
        for (moved_on, others) in [false, true].map(|moved| [0, 1, 2].map(|n| (moved, n))).concat()
        {
            let (left, right) = (Rc::new(Ivar::new_in()), Rc::new(Ivar::new_in()));
            let (ends, chosen) = (Rc::new(Ivar::new_in()), Rc::new(Cell::new("")));
            let (one, two, end) = (left.clone(), right.clone(), ends.clone());
            let say = chosen.clone();
            drop(place.spawn(async move {
                let both = async {
                    one.read().await.unwrap();
                    *two.read().await.unwrap()
                };
                say.set(choose! { _value = both => "both", _ = &*end => "the end" });
            }));
            let woken = Rc::new(Cell::new(0));
            for _ in 0..others {
                let (right, woken) = (right.clone(), woken.clone());
                drop(place.spawn(async move {
                    right.read().await.unwrap();
                    woken.set(woken.get() + 1);
                }));
            }
            place.run_all();
            assert_eq!((left.has_readers(), right.has_readers()), (true, others > 0));
            if moved_on {
                left.fill(()).unwrap();
                place.run_all();
                assert_eq!((left.has_readers(), right.has_readers()), (false, true));
            }
            ends.fill(()).unwrap();
            place.run_all();
            assert_eq!(chosen.get(), "the end");
            assert_eq!((left.has_readers(), right.has_readers()), (false, others > 0));
            right.fill(7).unwrap();
            place.run_all();
            assert_eq!((chosen.get(), woken.get(), place.live()), ("the end", others, 0));
        }
    });
}

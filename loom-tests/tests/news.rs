//! Models of `Condition`, `Bvar` and `Mvar`: news and values on their way to a waiter that goes.
#![cfg(loom)]

use std::{boxed::Box, pin::pin, sync::Arc, task::Poll};

use loom::thread;
use tidemill_core::share::{Bvar, Condition, Mvar};
use tidemill_loom_tests::{Bell, poll};

/// **News for one that comes as that one goes is told to the next in line.**
///
/// Seen to fail where the drop of a `Told` that was told alone does not signal.
#[test]
fn a_waiter_goes_as_it_is_told_alone() {
    loom::model(|| {
        let condition = Arc::new(Condition::new());
        let ((_, gone), (bell, waker)) = (Bell::new(), Bell::new());
        let mut goes = Box::pin(condition.wait());
        assert!(poll(goes.as_mut(), &gone).is_pending());
        let mut stays = pin!(condition.wait());
        assert!(poll(stays.as_mut(), &waker).is_pending());
        let signals = thread::spawn({
            let condition = Arc::clone(&condition);
            move || condition.signal()
        });
        drop(goes);
        signals.join().unwrap();
        assert_eq!(bell.rung(), 1, "the news was lost with its waiter");
        assert!(poll(stays, &waker).is_ready());
    });
}

/// **News for all is told once to each who waits, and not again to one that waits for the next news, or goes.**
///
/// Seen to fail where a broadcast tells whoever is in line, whenever it joined.
#[test]
fn a_waiter_waits_again_as_all_are_told() {
    loom::model(|| {
        let condition = Arc::new(Condition::new());
        let ((_, first_waker), (bell, waker)) = (Bell::new(), Bell::new());
        let mut first = Box::pin(condition.wait());
        assert!(poll(first.as_mut(), &first_waker).is_pending());
        // More than a batch can hold: the broadcast lets go of its lock in between.
        let mut many: Vec<_> = (0..16).map(|_| Box::pin(condition.wait())).collect();
        for waits in &mut many {
            assert!(poll(waits.as_mut(), &waker).is_pending());
        }
        let tells = thread::spawn({
            let condition = Arc::clone(&condition);
            move || condition.broadcast()
        });
        let told = poll(first.as_mut(), &first_waker).is_ready();
        let mut again = pin!(condition.wait());
        let (again_bell, again_waker) = Bell::new();
        if told {
            assert!(poll(again.as_mut(), &again_waker).is_pending());
        }
        drop(first);
        tells.join().unwrap();
        assert_eq!((bell.rung(), again_bell.rung()), (16, 0));
        assert!(many.iter_mut().all(|waits| poll(waits.as_mut(), &waker).is_ready()));
        if told {
            assert!(poll(again, &again_waker).is_pending());
        }
    });
}

/// **A value is given once to each who waits, though one of them waits again meanwhile, and another goes.**
///
/// Seen to fail where a broadcast gives to whoever is in line, whenever it joined; and where it looks who is next before it clones the
/// value, and not again before it gives it.
#[test]
fn a_waiter_waits_again_and_another_goes_as_all_are_given_a_value() {
    loom::model(|| {
        let bvar = Arc::new(Bvar::<u32>::new());
        let ((_, other), (bell, waker)) = (Bell::new(), Bell::new());
        let mut first = pin!(bvar.wait());
        assert!(poll(first.as_mut(), &other).is_pending());
        let mut stays = pin!(bvar.wait());
        assert!(poll(stays.as_mut(), &waker).is_pending());
        let mut goes = Box::pin(bvar.wait());
        assert!(poll(goes.as_mut(), &other).is_pending());
        let gives = thread::spawn({
            let bvar = Arc::clone(&bvar);
            move || bvar.broadcast(7)
        });
        let mut again = pin!(bvar.wait());
        let given = poll(first, &other) == Poll::Ready(7);
        if given {
            assert!(poll(again.as_mut(), &other).is_pending());
        }
        drop(goes);
        gives.join().unwrap();
        assert_eq!(bell.rung(), 1);
        assert_eq!(poll(stays, &waker), Poll::Ready(7));
        assert!(!given || poll(again, &other).is_pending(), "given to who came later");
    });
}

/// **A value that is put as its taker goes is taken by the next, whole.**
///
/// Seen to fail where `fill` releases the value before it has put it there.
#[test]
fn a_taker_goes_as_a_value_is_put() {
    loom::model(|| {
        let mvar = Arc::new(Mvar::<Box<u32>>::new());
        let ((_, gone), (bell, waker)) = (Bell::new(), Bell::new());
        let mut goes = Box::pin(mvar.take());
        assert!(poll(goes.as_mut(), &gone).is_pending());
        let puts = thread::spawn({
            let mvar = Arc::clone(&mvar);
            move || mvar.try_put(Box::new(7)).unwrap()
        });
        let mut stays = pin!(mvar.take());
        let first = poll(stays.as_mut(), &waker);
        drop(goes);
        let first = match first {
            Poll::Pending if bell.rung() > 0 => poll(stays.as_mut(), &waker),
            first => first,
        };
        puts.join().unwrap();
        let value = match first {
            Poll::Ready(value) => value,
            Poll::Pending => {
                assert_eq!(bell.rung(), 1, "the value was lost with its taker");
                let Poll::Ready(value) = poll(stays, &waker) else { panic!("woken for nothing") };
                value
            }
        };
        assert_eq!((*value, mvar.try_take()), (7, None));
    });
}

/// **Who puts where there is a value is let in when it is taken, and two values never meet.**
///
/// Seen to fail where `empty` makes room before it has taken the value.
#[test]
fn a_value_is_put_as_another_is_taken() {
    loom::model(|| {
        let mvar = Arc::new(Mvar::<u32>::new());
        mvar.try_put(1).unwrap();
        let takes = thread::spawn({
            let mvar = Arc::clone(&mvar);
            move || mvar.try_take()
        });
        let (bell, waker) = Bell::new();
        let mut put = pin!(mvar.put(2));
        let mut polled = poll(put.as_mut(), &waker);
        if polled.is_pending() && bell.rung() > 0 {
            polled = poll(put.as_mut(), &waker);
        }
        assert_eq!(takes.join().unwrap(), Some(1));
        if polled.is_pending() {
            assert_eq!(bell.rung(), 1, "nobody let it in");
            assert!(poll(put, &waker).is_ready());
        }
        assert_eq!(mvar.try_take(), Some(2));
    });
}

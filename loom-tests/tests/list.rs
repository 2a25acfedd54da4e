//! Models of `WaitList`: the line, and the flag that says who is in it.
#![cfg(loom)]

use std::{boxed::Box, pin::pin, sync::Arc};

use loom::thread;
use tidemill_core::{
    lock::Lock,
    sync::UnsafeCell,
    wait::{WaitList, Waiter, WakeBatch},
};
use tidemill_loom_tests::Bell;

/// A mark that loom watches: the taker touches it, and so does the drop of its node.
struct Mark(UnsafeCell<()>);

impl Mark {
    fn touch(&self) {
        self.0.with_mut(|_| ());
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.touch();
    }
}

/// **A waiter that was taken out frees its node without the lock, after all that the taker did with it.**
///
/// Seen to fail with Relaxed in `Line::unlink` or in `Waiter::is_waiting`, and where a drop does not leave the line.
#[test]
fn a_waiter_goes_while_it_is_taken_out() {
    loom::model(|| {
        let list = Arc::new(WaitList::<Lock, (), Mark>::new_in(()));
        let (bell, waker) = Bell::new();
        let mut goes = Box::pin(Waiter::new(&list, Mark(UnsafeCell::new(()))));
        assert!(goes.as_mut().poll_with(&waker, |_| None::<()>).is_pending());
        let takes = thread::spawn({
            let list = Arc::clone(&list);
            move || {
                let mut batch = WakeBatch::new();
                let taken = list.with(|turn| {
                    turn.first().into_iter().for_each(|mark| mark.touch());
                    turn.take(&mut batch)
                });
                batch.wake();
                taken
            }
        });
        drop(goes);
        assert_eq!(takes.join().unwrap(), bell.rung() == 1);
        assert!(list.with(|turn| turn.is_empty()));
    });
}

/// **Neighbours come and go at the same time, and the line stays whole: who is left is woken.**
///
/// Seen to fail where who leaves last in line is still taken for the last.
#[test]
fn neighbours_leave_and_join_at_the_same_time() {
    loom::model(|| {
        let list = Arc::new(WaitList::<Lock>::new_in(()));
        let (bell, waker) = Bell::new();
        let mut stays = pin!(Waiter::new(&list, ()));
        let other = thread::spawn({
            let (list, waker) = (Arc::clone(&list), waker.clone());
            move || {
                let mut goes = pin!(Waiter::new(&list, ()));
                assert!(goes.as_mut().poll_with(&waker, |_| None::<()>).is_pending());
            }
        });
        assert!(stays.as_mut().poll_with(&waker, |_| None::<()>).is_pending());
        other.join().unwrap();
        list.wake_all();
        assert_eq!(bell.rung(), 1);
        assert!(!stays.is_waiting() && list.with(|turn| turn.is_empty()));
    });
}

/// **Who is not answered is woken by a change that comes later, also when its waker is being renewed.**
///
/// Seen to fail where polling again keeps the waker of the poll before.
#[test]
fn a_change_wakes_whoever_did_not_see_it() {
    loom::model(|| {
        let gate = Arc::new(WaitList::<Lock, bool>::new_in(false));
        let opens = thread::spawn({
            let gate = Arc::clone(&gate);
            move || {
                gate.with(|turn| *turn.state = true);
                gate.wake_all();
            }
        });
        let ((old, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
        let mut waiter = pin!(Waiter::new(&gate, ()));
        let mut passes =
            |waker| waiter.as_mut().poll_with(waker, |turn| turn.state.then_some(())).is_ready();
        if !passes(&old_waker) && !passes(&new_waker) {
            opens.join().unwrap();
            assert_eq!(
                (old.rung(), new.rung()),
                (0, 1),
                "the waker of the last poll is the one to wake"
            );
            assert!(passes(&new_waker));
        }
    });
}

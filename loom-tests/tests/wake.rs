//! Models of `WakeCell`: its word and its slot.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use tidemill_core::{
    sync::{AtomicUsize, Ordering::Relaxed},
    wait::WakeCell,
};
use tidemill_loom_tests::Bell;

/// What is waited for: a few signs, set before a wake each.
#[derive(Default)]
struct Signs {
    cell: WakeCell,
    seen: [Sign; 2],
}

struct Sign(AtomicUsize);

impl Default for Sign {
    fn default() -> Self {
        Self(AtomicUsize::new(0))
    }
}

impl Signs {
    fn give(&self, n: usize) {
        self.seen[n].0.store(1, Relaxed);
        self.cell.wake();
    }

    fn count(&self) -> usize {
        self.seen.iter().map(|sign| sign.0.load(Relaxed)).sum()
    }
}

fn giver(signs: &Arc<Signs>, n: usize) -> thread::JoinHandle<()> {
    let signs = Arc::clone(signs);
    thread::spawn(move || signs.give(n))
}

/// **Who registers and then looks sees the sign, or is woken.**
///
/// Seen to fail with Relaxed at the start of `renew`, at its HELD, or at the end of `take`; and where a registrant that finds WAKING
/// does not wake itself.
#[test]
fn no_wake_is_lost() {
    loom::model(|| {
        let signs = Arc::new(Signs::default());
        let gives = giver(&signs, 0);
        let (bell, waker) = Bell::new();
        signs.cell.register(&waker);
        let looked = signs.count();
        gives.join().unwrap();
        assert!(looked == 1 || bell.rung() > 0, "a wake was lost");
    });
}

/// **So it is with two who wake at the same time, one of which may leave the wake to the other.**
///
/// Seen to fail with a store in place of the exchange that ends a `take`, or a registration that was woken: it hides what the other
/// waking side had published. Also with Acquire alone at the start of `take`. (At full depth this one takes minutes.)
#[test]
fn no_wake_is_lost_between_two() {
    loom::model(|| {
        let signs = Arc::new(Signs::default());
        let gives = [giver(&signs, 0), giver(&signs, 1)];
        let (bell, waker) = Bell::new();
        signs.cell.register(&waker);
        let looked = signs.count();
        // Woken before all the signs were there, it registers and looks again.
        let rung = bell.rung();
        let looked = if looked < 2 && rung > 0 {
            signs.cell.register(&waker);
            signs.count()
        } else {
            looked
        };
        gives.into_iter().for_each(|gives| gives.join().unwrap());
        assert!(looked == 2 || bell.rung() > rung, "a wake was lost");
    });
}

/// **A change of waker loses no wake: the new one is woken, or the sign is seen.**
///
/// Seen to fail with Release alone at the start of `take` (the slot is read before it is written).
#[test]
fn no_wake_is_lost_to_the_waker_before() {
    loom::model(|| {
        let signs = Arc::new(Signs::default());
        let ((_old, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
        signs.cell.register(&old_waker);
        let gives = giver(&signs, 0);
        signs.cell.register(&new_waker);
        let looked = signs.count();
        gives.join().unwrap();
        assert!(looked == 1 || new.rung() > 0, "a wake was lost");
    });
}

/// **Two who register at the same time, against the rules: each is woken or replaced, and the slot has one owner.**
///
/// Seen to fail with Relaxed at the start of `renew`, or at its HELD (two in the slot).
#[test]
fn two_registrants_share_no_slot() {
    loom::model(|| {
        let signs = Arc::new(Signs::default());
        let (bell, waker) = Bell::new();
        let registers = thread::spawn({
            let (signs, waker) = (Arc::clone(&signs), waker.clone());
            move || signs.cell.register(&waker)
        });
        signs.cell.register(&waker);
        registers.join().unwrap();
        signs.cell.wake();
        assert!(bell.rung() > 0);
    });
}

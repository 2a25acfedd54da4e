//! Wakers that meddle with the very wheel that wakes or drops them.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Wake, Waker},
};

use tidemill_core::time::Wheel;

use crate::wheel::{Log, Shared, armed, at, shared};

/// A waker that does `on_wake` when woken and `on_drop` when its last clone goes.
struct Meddler {
    on_wake: Box<dyn Fn() + Send + Sync>,
    on_drop: Box<dyn Fn() + Send + Sync>,
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        (self.on_wake)();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        (self.on_drop)();
    }
}

fn meddler(
    on_wake: impl Fn() + Send + Sync + 'static,
    on_drop: impl Fn() + Send + Sync + 'static,
) -> Waker {
    Arc::new(Meddler { on_wake: Box::new(on_wake), on_drop: Box::new(on_drop) }).into()
}

/// What a meddler does: takes one entry out, arms another, moves a third, fires and asks.
fn meddle(wheel: &Arc<Wheel>, victims: &Mutex<Vec<Shared>>, log: &Log, runs: &AtomicUsize) {
    let run = runs.fetch_add(1, SeqCst);
    assert!(wheel.next_deadline().is_none_or(|next| next >= at(0)));
    // Out of the mutex first, since firing may meddle again.
    let mut mine = victims.lock().unwrap().pop();
    if let Some(entry) = &mut mine {
        entry.as_mut().disarm();
        entry.as_mut().arm(at(40 + run as u64), &log.waker(100 + run)).unwrap();
        entry.as_mut().rearm(at(30 + run as u64));
    }
    wheel.fire(at(20));
    let _ = wheel.len();
    drop(mine);
    let mut fresh = shared(wheel);
    fresh.as_mut().arm(at(50 + run as u64), &log.waker(200 + run)).unwrap();
    victims.lock().unwrap().insert(0, fresh);
}

#[test]
fn wakers_may_meddle_with_the_wheel_that_wakes_or_drops_them() {
    let (wheel, log) = (Arc::new(Wheel::new()), Log::default());
    let victims = Arc::new(Mutex::new(Vec::new()));
    let (wakes, drops) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let act = |runs: &Arc<AtomicUsize>| {
        let (wheel, log, runs) = (wheel.clone(), log.clone(), runs.clone());
        let victims = Arc::clone(&victims);
        move || meddle(&wheel, &victims, &log, &runs)
    };
    let mut entries: Vec<_> = (0..60).map(|_| shared(&wheel)).collect();
    for (index, entry) in entries.iter_mut().enumerate() {
        let waker = meddler(act(&wakes), act(&drops));
        entry.as_mut().arm(at(10 + index as u64 % 5), &waker).unwrap();
    }
    // Those that fire inside of a waker count there.
    assert!((16..=60).contains(&wheel.fire(at(14))));
    assert_eq!((wakes.load(SeqCst), drops.load(SeqCst)), (60, 60));
    // Wakers dropped by arming anew, by taking out, by dropping the entry, and by closing.
    for entry in &mut entries {
        entry.as_mut().arm(at(25), &meddler(act(&wakes), act(&drops))).unwrap();
    }
    entries[0].as_mut().arm(at(26), &log.waker(0)).unwrap();
    entries[1].as_mut().disarm();
    drop(entries.swap_remove(2));
    assert_eq!((wakes.load(SeqCst), drops.load(SeqCst)), (60, 63));
    wheel.fire(at(1000));
    assert_eq!((wakes.load(SeqCst), drops.load(SeqCst)), (117, 120));
    victims.lock().unwrap().clear();
    drop(entries);
    assert!(wheel.is_empty());
}

#[test]
fn closing_may_be_met_by_wakers_that_arm_close_and_drop() {
    let (wheel, log) = (Arc::new(Wheel::new()), Log::default());
    let refused = Arc::new(AtomicUsize::new(0));
    let mut entries: Vec<_> = (0..40).map(|_| shared(&wheel)).collect();
    for entry in &mut entries {
        let act = {
            let (wheel, log, refused) = (wheel.clone(), log.clone(), refused.clone());
            move || {
                let mut late = shared(&wheel);
                if late.as_mut().arm(at(1), &log.waker(1)).is_err() {
                    refused.fetch_add(1, SeqCst);
                }
                wheel.close();
            }
        };
        entry.as_mut().arm(at(9), &meddler(act.clone(), act)).unwrap();
    }
    wheel.close();
    assert_eq!((refused.load(SeqCst), wheel.len()), (80, 0));
    assert!(log.take().is_empty());
}

#[test]
fn a_waker_that_panics_costs_nobody_else_a_wake() {
    let (wheel, log) = (Wheel::new(), Log::default());
    let mut entries = armed(&wheel, &log, &[5; 40]);
    let panics = meddler(|| panic!("on purpose"), || ());
    entries[3].as_mut().arm(at(4), &panics).unwrap();
    drop(panics);
    assert!(panic::catch_unwind(AssertUnwindSafe(|| wheel.fire(at(5)))).is_err());
    assert_eq!(log.take(), (0..16).filter(|&name| name != 3).collect::<Vec<_>>());
    assert_eq!((wheel.len(), wheel.fire(at(5)), log.take()), (24, 24, (16..40).collect()));
}

/// A waker that arms its own entry for the very same moment.
struct Again {
    entry: Mutex<Option<Shared>>,
    runs: AtomicUsize,
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.runs.fetch_add(1, SeqCst);
        let mut entry = self.entry.lock().unwrap().take().unwrap();
        entry.as_mut().arm(at(5), &self.clone().into()).unwrap();
        *self.entry.lock().unwrap() = Some(entry);
    }
}

#[test]
fn wakers_that_arm_themselves_for_now_do_not_hold_fire_up() {
    let wheel = Arc::new(Wheel::new());
    let make = |_| Again { entry: Mutex::new(Some(shared(&wheel))), runs: AtomicUsize::new(0) };
    let all: Vec<_> = (0..40).map(make).map(Arc::new).collect();
    all.iter().cloned().for_each(Wake::wake);
    assert_eq!((wheel.fire(at(5)), wheel.fire(at(9))), (40, 40));
    assert!(all.iter().all(|again| again.runs.load(SeqCst) == 3));
    assert_eq!((wheel.len(), wheel.next_deadline()), (40, Some(at(5))));
    all.iter().for_each(|again| *again.entry.lock().unwrap() = None);
    assert!(wheel.is_empty());
}

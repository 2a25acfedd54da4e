//! The timing wheel: order, exactness, ends.

use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Wake, Waker},
    thread,
};

use tidemill_core::{
    clock::Instant,
    error::WheelClosed,
    lock::{Lock, Unlocked},
    time::{Entry, Status, Wheel},
};

/// Names in the order in which they were woken.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<usize>>>);

impl Log {
    pub(crate) fn waker(&self, name: usize) -> Waker {
        Arc::new(Named { log: self.clone(), name }).into()
    }

    pub(crate) fn take(&self) -> Vec<usize> {
        mem::take(&mut self.0.lock().unwrap())
    }
}

struct Named {
    log: Log,
    name: usize,
}

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.log.0.lock().unwrap().push(self.name);
    }
}

/// xorshift64*
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Of any magnitude below 2^`bits`, each equally likely.
    pub(crate) fn magnitude(&mut self, bits: u64) -> u64 {
        let bits = self.below(bits + 1);
        self.next().checked_shr(64 - bits as u32).unwrap_or(0)
    }
}

pub(crate) fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

pub(crate) type Shared = Pin<Box<Entry<Arc<Wheel>>>>;

pub(crate) fn shared(wheel: &Arc<Wheel>) -> Shared {
    Box::pin(Entry::new(wheel.clone()))
}

/// Arms one entry per deadline, named by its index.
pub(crate) fn armed<'w>(
    wheel: &'w Wheel,
    log: &Log,
    deadlines: &[u64],
) -> Vec<Pin<Box<Entry<&'w Wheel>>>> {
    let arm = |(name, &deadline)| {
        let mut entry = Box::pin(Entry::new(wheel));
        entry.as_mut().arm(at(deadline), &log.waker(name)).unwrap();
        entry
    };
    deadlines.iter().enumerate().map(arm).collect()
}

// async 69
#[test]
fn an_entry_fires_at_its_deadline_to_the_nanosecond_and_never_early() {
    let mut random = Random::new(69);
    let log = Log::default();
    for _ in 0..20_000 {
        let wheel = Wheel::<Unlocked>::new_in();
        let start = random.magnitude(63);
        let deadline = start + random.magnitude(62);
        wheel.fire(at(start));
        let mut entry = Box::pin(Entry::new(&wheel));
        entry.as_mut().arm(at(deadline), &log.waker(1)).unwrap();
        assert_eq!(wheel.next_deadline(), Some(at(deadline)));
        if deadline > start {
            wheel.fire(at(start + random.below(deadline - start)));
            assert_eq!(wheel.fire(at(deadline - 1)), 0);
            assert_eq!(entry.as_ref().status(), Status::Armed);
        }
        assert_eq!(wheel.fire(at(deadline)), 1);
        assert_eq!((entry.as_ref().status(), log.take()), (Status::Fired, vec![1]));
        assert!(wheel.is_empty());
    }
}

// async 71
#[test]
fn entries_of_one_deadline_fire_in_the_order_of_arming() {
    let (wheel, log) = (Wheel::new(), Log::default());
    let deadline = 5_000_000_000;
    let mut entries = armed(&wheel, &log, &[deadline; 40]);
    wheel.fire(at(4_999_000_000));
    entries.extend(armed(&wheel, &log, &[deadline; 3]));
    wheel.fire(at(4_999_999_990));
    // One for an earlier moment than the last fire: the wheel turns back.
    entries.extend(armed(&wheel, &log, &[17]));
    entries.extend(armed(&wheel, &log, &[deadline; 2]));
    assert_eq!(wheel.next_deadline(), Some(at(17)));
    assert_eq!(wheel.fire(at(deadline)), 46);
    let expected: Vec<_> = [0].into_iter().chain(0..40).chain(0..3).chain(0..2).collect();
    assert_eq!(log.take(), expected);
}

#[test]
fn entries_fire_in_the_order_of_their_deadlines_over_any_leap() {
    let (wheel, log) = (Wheel::new(), Log::default());
    let deadlines = [u64::MAX - 1, 1 << 40, 3, 1 << 62, (1 << 40) - 1, 0, (1 << 40) + 1, 64, 63];
    let _entries = armed(&wheel, &log, &deadlines);
    assert_eq!(wheel.fire(at(u64::MAX - 2)), 8);
    assert_eq!(log.take(), [5, 2, 8, 7, 4, 1, 6, 3]);
    assert_eq!(wheel.fire(at(u64::MAX - 1)), 1);
    assert_eq!(log.take(), [0]);
}

#[test]
fn a_deadline_that_has_passed_fires_next_and_before_later_ones() {
    let (wheel, log) = (Wheel::new(), Log::default());
    wheel.fire(at(1_000_000));
    let _entries = armed(&wheel, &log, &[2_000_000, 1_000_000, 500, 1_000_001, 500, 0]);
    assert_eq!(wheel.next_deadline(), Some(at(0)));
    assert_eq!(wheel.fire(at(400)), 1, "a clock that went back is believed");
    assert_eq!(wheel.fire(at(1_000_000)), 3);
    assert_eq!(log.take(), [5, 2, 4, 1]);
    assert_eq!(wheel.fire(at(1_000_000)), 0, "the clock stands still");
    assert_eq!(wheel.fire(at(3_000_000)), 2);
    assert_eq!(log.take(), [3, 0]);
}

#[test]
fn far_never_comes() {
    let (wheel, log) = (Wheel::new(), Log::default());
    let entries = armed(&wheel, &log, &[u64::MAX, u64::MAX, 9]);
    assert_eq!(wheel.next_deadline(), Some(at(9)));
    assert_eq!(wheel.fire(Instant::FAR), 1);
    assert_eq!(wheel.next_deadline(), None);
    assert_eq!((wheel.len(), log.take()), (2, vec![2]));
    drop(entries);
    assert!(wheel.is_empty());
}

#[test]
fn an_entry_can_be_taken_out_from_anywhere_in_its_slot() {
    for victim in 0..4 {
        let (wheel, log) = (Wheel::new(), Log::default());
        let mut entries = armed(&wheel, &log, &[1 << 30; 4]);
        entries[victim].as_mut().disarm();
        assert_eq!(entries[victim].as_ref().status(), Status::Idle);
        entries[victim].as_mut().disarm();
        assert_eq!((wheel.len(), wheel.fire(at(1 << 30))), (3, 3));
        assert_eq!(log.take(), (0..4).filter(|&name| name != victim).collect::<Vec<_>>());
    }
}

#[test]
fn arming_again_moves_an_entry_and_drops_its_old_waker() {
    let (wheel, log) = (Wheel::new(), Log::default());
    let mut entries = armed(&wheel, &log, &[50, 60]);
    let old = Arc::new(Named { log: log.clone(), name: 6 });
    entries[0].as_mut().arm(at(40), &old.clone().into()).unwrap();
    assert_eq!(Arc::strong_count(&old), 2);
    let (first, second) = (log.waker(7), log.waker(8));
    entries[0].as_mut().arm(at(70), &first).unwrap();
    assert_eq!(Arc::strong_count(&old), 1);
    entries[0].as_mut().arm(at(70), &first).unwrap();
    entries[1].as_mut().arm(at(60), &second).unwrap();
    assert!(entries[0].as_mut().rearm(at(80)));
    assert_eq!((wheel.len(), wheel.next_deadline()), (2, Some(at(60))));
    assert_eq!(wheel.fire(at(79)), 1);
    assert!(!entries[1].as_mut().rearm(at(90)), "a fired entry has no waker to wait with");
    assert_eq!(entries[1].as_ref().status(), Status::Idle);
    assert_eq!(wheel.fire(at(80)), 1);
    assert_eq!(log.take(), [8, 7]);
}

#[test]
fn the_next_deadline_is_exact_for_a_few_and_costs_few_idle_fires_for_many() {
    let (wheel, log) = (Wheel::new(), Log::default());
    let mut random = Random::new(3);
    let few: Vec<_> = (0..16).map(|_| (1 << 50) + random.below(1 << 48)).collect();
    let entries = armed(&wheel, &log, &few);
    assert_eq!(wheel.next_deadline().map(Instant::as_nanos), few.iter().min().copied());
    drop(entries);
    let entries = armed(&wheel, &log, &[1 << 50 | 1; 100]);
    assert_eq!(wheel.next_deadline(), Some(at(1 << 50 | 1)));
    drop(entries);
    let many: Vec<_> = (0..20_000).map(|_| random.below(1 << 40)).collect();
    let _entries = armed(&wheel, &log, &many);
    let (mut fires, mut fired, mut now) = (0, 0, 0);
    while let Some(next) = wheel.next_deadline() {
        assert!(next.as_nanos() >= now, "time goes on");
        now = next.as_nanos();
        fired += wheel.fire(next);
        fires += 1;
    }
    assert_eq!(fired, 20_000);
    assert!(fires < 40_000, "{fires} fires for 20000 entries");
}

#[test]
fn a_closed_wheel_wakes_all_and_takes_nobody() {
    let (wheel, log) = (Wheel::new(), Log::default());
    let mut entries = armed(&wheel, &log, &[9; 40]);
    wheel.fire(at(3));
    wheel.close();
    wheel.close();
    assert_eq!(log.take(), (0..40).collect::<Vec<_>>());
    assert!(entries.iter().all(|entry| entry.as_ref().status() == Status::Closed));
    assert_eq!(entries[0].as_mut().arm(at(10), &log.waker(0)), Err(WheelClosed));
    assert_eq!(entries[0].as_ref().status(), Status::Closed);
    let mut fresh = Box::pin(Entry::new(&wheel));
    assert_eq!(fresh.as_mut().arm(at(10), &log.waker(0)), Err(WheelClosed));
    assert_eq!((wheel.fire(at(10)), wheel.next_deadline(), log.take()), (0, None, vec![]));
}

/// Forgets an entry and notes where it is, so that a leak checker finds it.
fn forget(entry: Pin<Box<Entry<&Wheel>>>) {
    static KEPT: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push((&raw const *entry).addr());
    mem::forget(entry);
}

#[test]
fn a_forgotten_entry_fires_and_one_that_outlives_its_wheel_is_detached() {
    let log = Log::default();
    {
        let mut wheel = Wheel::new();
        let mut entries = armed(&wheel, &log, &[10, 20, 20, 30]);
        forget(entries.remove(1));
        forget(entries.remove(2));
        drop(entries.pop());
        drop(entries);
        assert_eq!((wheel.len(), wheel.fire(at(25))), (2, 1));
        assert_eq!(log.take(), [1]);
        // All who borrowed it are gone or forgotten: it may move.
        let moved = mem::take(&mut wheel);
        assert_eq!((moved.len(), wheel.len()), (1, 0));
    }
    assert_eq!(log.take(), [3], "dropping the wheel wakes whom it detaches");
}

#[test]
fn a_counted_wheel_lives_as_long_as_its_entries() {
    let log = Log::default();
    let wheel = Arc::new(Wheel::new());
    let weak = Arc::downgrade(&wheel);
    let mut entry = shared(&wheel);
    entry.as_mut().arm(at(5), &log.waker(1)).unwrap();
    wheel.close();
    drop(wheel);
    assert_eq!((entry.as_ref().status(), log.take()), (Status::Closed, vec![1]));
    drop(entry);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_locked_wheel_is_used_from_many_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Wheel<Lock>>();
    is_shared::<Entry<Arc<Wheel<Lock>>>>();
    static WHEEL: Wheel = Wheel::new();
    let log = Log::default();
    thread::scope(|scope| {
        for seed in 0..4 {
            let log = &log;
            scope.spawn(move || {
                let mut random = Random::new(seed);
                let mut entries: Vec<_> = (0..64).map(|_| Box::pin(Entry::new(&WHEEL))).collect();
                for _ in 0..20_000 {
                    let index = random.below(64) as usize;
                    match random.below(8) {
                        0 => drop(mem::replace(&mut entries[index], Box::pin(Entry::new(&WHEEL)))),
                        1 => entries[index].as_mut().disarm(),
                        2 => _ = WHEEL.fire(at(random.magnitude(40))),
                        _ => {
                            let deadline = at(random.magnitude(41));
                            entries[index].as_mut().arm(deadline, &log.waker(0)).unwrap();
                        }
                    }
                }
            });
        }
    });
    assert!(WHEEL.is_empty());
    assert!(!log.take().is_empty());
}

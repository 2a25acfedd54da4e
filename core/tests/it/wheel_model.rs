//! The timing wheel against an ordered map, and in storms.

use std::{collections::BTreeMap, pin::Pin, task::Waker};

use tidemill_core::{
    clock::Instant,
    lock::Unlocked,
    time::{Entry, Status, Wheel},
};

use crate::wheel::{Log, Random, at};

type Timer<'w> = Pin<Box<Entry<&'w Wheel<Unlocked>>>>;

/// What a wheel should be: the names by deadline and turn.
#[derive(Default)]
struct Model {
    order: BTreeMap<(u64, u64), usize>,
    keys: Vec<Option<(u64, u64)>>,
    turns: u64,
}

impl Model {
    fn set(&mut self, name: usize, deadline: Option<u64>) {
        if let Some(key) = self.keys[name].take() {
            self.order.remove(&key);
        }
        if let Some(deadline) = deadline {
            self.turns += 1;
            self.keys[name] = Some((deadline, self.turns));
            self.order.insert((deadline, self.turns), name);
        }
    }

    fn fire(&mut self, now: u64) -> Vec<usize> {
        let later = self.order.split_off(&(now.min(u64::MAX - 1) + 1, 0));
        let due: Vec<_> = std::mem::replace(&mut self.order, later).into_values().collect();
        due.iter().for_each(|&name| self.keys[name] = None);
        due
    }
}

/// One run: `timers` entries, spans below 2^`bits`, time from `start` on.
fn run(seed: u64, operations: usize, timers: usize, bits: u64, start: u64) {
    let mut random = Random::new(seed);
    let (wheel, log) = (Wheel::<Unlocked>::new_in(), Log::default());
    let wakers: Vec<_> = (0..timers).map(|name| log.waker(name)).collect();
    let mut model = Model { keys: vec![None; timers], ..Model::default() };
    let mut entries: Vec<Timer<'_>> = (0..timers).map(|_| Box::pin(Entry::new(&wheel))).collect();
    let (mut now, mut fired) = (start, 0);
    for _ in 0..operations {
        let name = random.below(timers as u64) as usize;
        let deadline = match random.below(16) {
            0 => now.saturating_sub(random.magnitude(bits)),
            // Equal deadlines are common: near, and in crowds far from here.
            1..4 => (now | 0xFF).saturating_add(random.below(4)),
            4 => u64::MAX - random.below(2),
            5..8 => ((now >> 20) + 1 + random.below(2)).saturating_mul(1 << 20),
            _ => now.saturating_add(random.magnitude(bits)),
        };
        match random.below(16) {
            0..9 => {
                // Arming for the same deadline with the same waker keeps the turn.
                let same = model.keys[name].is_some_and(|key| key.0 == deadline);
                entries[name].as_mut().arm(at(deadline), &wakers[name]).unwrap();
                if !same {
                    model.set(name, Some(deadline));
                }
            }
            9 => {
                if entries[name].as_mut().rearm(at(deadline)) {
                    model.set(name, Some(deadline));
                }
            }
            10 => {
                entries[name].as_mut().disarm();
                model.set(name, None);
            }
            11 => {
                entries[name] = Box::pin(Entry::new(&wheel));
                model.set(name, None);
            }
            step => {
                now = match step {
                    12 => now,
                    13 => wheel.next_deadline().map_or(now, |next| now.max(next.as_nanos())),
                    // A clock that misbehaves.
                    14 if random.below(8) == 0 => now.saturating_sub(random.magnitude(bits)),
                    _ => now.saturating_add(random.magnitude(bits)).min(u64::MAX - 5),
                };
                let due = model.fire(now);
                assert_eq!(wheel.fire(at(now)), due.len());
                assert_eq!(log.take(), due, "seed {seed}");
                fired += due.len();
            }
        }
        compare(&wheel, &model, seed);
    }
    for (entry, key) in entries.iter().zip(&model.keys) {
        assert_eq!(entry.as_ref().status() == Status::Armed, key.is_some());
    }
    assert!(fired > 100, "seed {seed} fired {fired}");
}

/// What the wheel says of its next deadline and its length, beside the model.
fn compare(wheel: &Wheel<Unlocked>, model: &Model, seed: u64) {
    let next = model.order.keys().next().map(|key| key.0);
    let told = wheel.next_deadline().map(Instant::as_nanos);
    assert!(told.unwrap_or(u64::MAX) <= next.unwrap_or(u64::MAX), "seed {seed}");
    assert!(told.is_some() || next.is_none_or(|next| next == u64::MAX), "seed {seed}");
    if model.keys.len() <= 16 {
        assert_eq!(told, next.filter(|&next| next != u64::MAX), "seed {seed}");
    }
    assert_eq!(wheel.len(), model.order.len());
}

#[test]
fn a_wheel_does_what_an_ordered_map_does() {
    for seed in 1..=8 {
        let mut random = Random::new(seed);
        let timers = [1, 3, 16, 100, 2000][random.below(5) as usize];
        run(seed, 100_000, timers, [12, 24, 34, 44][seed as usize % 4], random.magnitude(62));
    }
    // Leaps over centuries: time ends soon.
    for seed in 100..200 {
        run(seed, 3_000, 50, 58, 0);
    }
}

#[test]
fn very_many_timers_are_armed_cancelled_at_random_and_fired_in_order() {
    // Without `std` a wheel is one line, for the timers of firmware.
    const TIMERS: usize = if cfg!(feature = "std") { 1_000_000 } else { 3_000 };
    let mut random = Random::new(6);
    let wheel = Wheel::<Unlocked>::new_in();
    wheel.fire(at(1 << 50));
    let mut timers: Vec<Timer<'_>> = (0..TIMERS).map(|_| Box::pin(Entry::new(&wheel))).collect();
    let mut deadlines = Vec::with_capacity(TIMERS);
    for timer in &mut timers {
        let deadline = (1 << 50) + random.below(1 << 32);
        timer.as_mut().arm(at(deadline), Waker::noop()).unwrap();
        deadlines.push(Some(deadline));
    }
    assert_eq!(wheel.len(), TIMERS);
    for (timer, deadline) in timers.iter_mut().zip(&mut deadlines) {
        if random.below(2) == 0 {
            timer.as_mut().disarm();
            *deadline = None;
        }
    }
    let mut left: Vec<_> = deadlines.iter().flatten().copied().collect();
    left.sort_unstable();
    assert_eq!(wheel.len(), left.len());
    let mut fired = 0;
    let mut now = 1 << 50;
    while fired < left.len() {
        now += random.magnitude(26);
        let due = left[fired..].partition_point(|&deadline| deadline <= now);
        assert_eq!(wheel.fire(at(now)), due);
        fired += due;
    }
    assert!(wheel.is_empty());
    let is_right = |(timer, deadline): (&Timer<'_>, &Option<u64>)| {
        timer.as_ref().status() == if deadline.is_some() { Status::Fired } else { Status::Idle }
    };
    assert!(timers.iter().zip(&deadlines).all(is_right));
}

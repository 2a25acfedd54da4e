//! Every executor on which a scenario has to hold: a Local, and DebugSchedulers of every order and many seeds.
//!
//! As many seeds as `TIDEMILL_SEEDS` says (64 else), or the one that `TIDEMILL_SEED` names, to replay it.

#![cfg_attr(not(feature = "std"), allow(dead_code, reason = "fewer tests use it then"))]

use std::{
    env,
    ops::Deref,
    panic,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant},
    scope::after,
    task::{Done, Drive, Undone},
    wait::{Park, Wait},
};
use tidemill_sched::{
    Home, Local,
    debug::{DebugScheduler, Order, Virtual},
};

use crate::board::alone;

/// How many seeds a test runs where nobody says.
const SEEDS: u64 = 64;

/// One executor in virtual time.
pub(crate) struct Place {
    home: Arc<Home<Virtual>>,
    way: Way,
}

enum Way {
    Local(Local<Virtual>),
    Debug(DebugScheduler),
}

impl Deref for Place {
    type Target = Local<Virtual>;

    fn deref(&self) -> &Local<Virtual> {
        match &self.way {
            Way::Local(local) => local,
            Way::Debug(scheduler) => scheduler,
        }
    }
}

impl Place {
    fn local() -> Self {
        let home = Arc::new(Home::new(Virtual::new()));
        let local = Home::claim_shared(&home).expect("nobody else knows this Home");
        Self { home, way: Way::Local(local) }
    }

    fn debug(order: Order) -> Self {
        let home = Arc::new(Home::new(Virtual::new()));
        let scheduler = DebugScheduler::claim_shared(&home, order);
        Self { home, way: Way::Debug(scheduler.expect("nobody else knows this Home")) }
    }

    /// For tasks: the clock, and the pause.
    pub(crate) fn shared(&self) -> Arc<Home<Virtual>> {
        self.home.clone()
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Instant {
        self.hooks().now()
    }

    /// One turn of a task, if one is ready or a timer waits.
    pub(crate) fn one_turn(&self) {
        match &self.way {
            Way::Local(local) => {
                local.set_budget(1);
                local.tick();
                local.set_budget(256);
            }
            Way::Debug(scheduler) => {
                scheduler.run_one();
            }
        }
    }

    /// One cycle, without its wait.
    pub(crate) fn one_cycle(&self) {
        match &self.way {
            Way::Local(local) => {
                local.tick();
            }
            Way::Debug(scheduler) => {
                scheduler.run();
            }
        }
    }

    /// Runs all that is ready or due until `moment`, which it is then.
    pub(crate) fn run_until(&self, moment: Instant) {
        match &self.way {
            Way::Local(local) => {
                loop {
                    match local.tick() {
                        Wait::Poll => {}
                        Wait::Until(next) if next <= moment => {
                            local.hooks().clock().advance_to(next);
                        }
                        Wait::Until(_) | Wait::Forever => break,
                    }
                }
                local.hooks().clock().advance_to(moment);
            }
            Way::Debug(scheduler) => {
                scheduler.run_until(moment);
            }
        }
    }

    /// Runs all, timers in virtual time; what waits for something else stays.
    pub(crate) fn run_all(&self) {
        match &self.way {
            Way::Local(local) => {
                while let Some(next) = self.next_moment() {
                    local.hooks().clock().advance_to(next);
                }
            }
            Way::Debug(scheduler) => {
                scheduler.run_all();
            }
        }
    }

    /// Runs all that is ready, and says when the next timer is due.
    fn next_moment(&self) -> Option<Instant> {
        loop {
            match self.tick() {
                Wait::Poll => {}
                Wait::Until(next) => return Some(next),
                Wait::Forever => return None,
            }
        }
    }

    /// Runs all that is ready. Time stands still.
    pub(crate) fn settle(&self) {
        self.run_until(self.hooks().clock().now());
    }

    /// Runs `future` and the tasks beside it until it has ended.
    #[track_caller]
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.run_with(pin!(future))
    }

    /// As `run`.
    #[track_caller]
    pub(crate) fn run_with<F: Future>(&self, future: Pin<&mut F>) -> F::Output {
        match &self.way {
            Way::Local(local) => local.run_with(future, &mut Jumps(local)),
            Way::Debug(scheduler) => {
                scheduler.run_with(future).unwrap_or_else(|stopped| panic!("{stopped}"))
            }
        }
    }
}

impl Drive for Place {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        match &self.way {
            Way::Local(local) => local.drive(done),
            Way::Debug(scheduler) => scheduler.drive(done),
        }
    }
}

/// Parks in virtual time: a moment comes as soon as it is waited for; to wait for nothing is a failure.
struct Jumps<'l>(&'l Local<Virtual>);

impl Park for Jumps<'_> {
    fn park(&mut self, wait: Wait) {
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => self.0.hooks().clock().advance_to(moment),
            Wait::Forever => {
                let waiting: Vec<_> = self.0.tasks().map(|task| task.to_string()).collect();
                panic!("nothing is left to wait for; these wait: {waiting:?}");
            }
        }
    }
}

/// Runs `test` on those that are first in first out: a Local, and a DebugScheduler.
pub(crate) fn in_order(test: impl Fn(&Place)) {
    told("a Local", || test(&Place::local()));
    told("first in first out", || test(&Place::debug(Order::Fifo)));
}

/// Runs `test` on a Local and on DebugSchedulers of every order. An order under which it fails is printed, with how to replay it.
pub(crate) fn everywhere(test: impl Fn(&Place)) {
    let random = |seed| test(&Place::debug(Order::Random(seed)));
    if let Some(seed) = number("TIDEMILL_SEED") {
        let _alone = alone();
        return random(seed);
    }
    in_order(&test);
    told("in reverse", || test(&Place::debug(Order::Reverse)));
    for seed in 0..number("TIDEMILL_SEEDS").unwrap_or(SEEDS) {
        told(&format!("TIDEMILL_SEED={seed}"), || random(seed));
    }
}

/// Runs `body` on all of these, beside the tasks that it makes. It leaves no timer behind.
pub(crate) fn within(body: impl AsyncFn(&Place)) {
    everywhere(|place| {
        place.run_with(pin!(body(place)));
        assert_eq!(place.next_moment(), None, "no timer is left");
    });
}

/// Waits until nobody else can go on: virtual time moves only then.
pub(crate) async fn rest() {
    after(Duration::from_nanos(1)).await.expect("a clock");
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn told(what: &str, test: impl FnOnce()) {
    let _alone = alone();
    if let Err(told) = panic::catch_unwind(panic::AssertUnwindSafe(test)) {
        eprintln!("it failed under: {what}");
        panic::resume_unwind(told);
    }
}

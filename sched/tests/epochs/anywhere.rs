//! Every executor on which a scenario of epochs has to hold: those of [one thread](crate::everywhere), and pools of 1, 2 and 4 workers.
//!
//! What tasks say in their epochs is in order on all of them. Scenarios that look at single turns are for one thread alone: they ask for
//! [`everywhere`].

use std::{
    pin::{Pin, pin},
    thread,
};

use tidemill_core::task::{Attributes, Done, Drive, JoinHandle, Name, Undone};
use tidemill_sched::pool::Pool;

use crate::everywhere::{self, everywhere};

/// How many workers the pools have.
pub(crate) const SIZES: [usize; 3] = [1, 2, 4];

/// One executor.
pub(crate) enum Place<'p> {
    One(&'p everywhere::Place),
    Pool(&'p Pool),
}

impl Place<'_> {
    /// Tasks have their turns without being asked to.
    pub(crate) fn is_pool(&self) -> bool {
        matches!(self, Self::Pool(_))
    }

    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.spawn_with(Attributes::new(), future)
    }

    pub(crate) fn spawn_with<F, N: Name>(
        &self,
        attributes: Attributes<N>,
        future: F,
    ) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match self {
            Self::One(place) => place.spawn_with(attributes, future),
            Self::Pool(pool) => match pool.spawn_with(attributes, future) {
                Ok(task) => task,
                Err(_) => unreachable!("it takes tasks until it is dropped"),
            },
        }
    }

    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        match self {
            Self::One(place) => place.enter(f),
            Self::Pool(pool) => pool.enter(f),
        }
    }

    /// How many tasks have not ended.
    pub(crate) fn live(&self) -> usize {
        match self {
            Self::One(place) => place.live(),
            Self::Pool(pool) => pool.live(),
        }
    }

    /// One turn of a task, if one is ready; a pool has as many as it likes.
    pub(crate) fn one_turn(&self) {
        match self {
            Self::One(place) => place.one_turn(),
            Self::Pool(_) => thread::yield_now(),
        }
    }

    /// Runs all; what waits for something else stays.
    #[track_caller]
    pub(crate) fn run_all(&self) {
        match self {
            Self::One(place) => place.run_all(),
            Self::Pool(pool) => pool.run_all().expect("no executor runs on this thread"),
        }
    }

    /// Runs `future` and the tasks beside it until it has ended.
    #[track_caller]
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.run_with(pin!(future))
    }

    /// As `run`.
    #[track_caller]
    pub(crate) fn run_with<F: Future>(&self, future: Pin<&mut F>) -> F::Output {
        match self {
            Self::One(place) => place.run_with(future),
            Self::Pool(pool) => pool.block_on(future).unwrap_or_else(|undone| panic!("{undone}")),
        }
    }
}

impl Drive for Place<'_> {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        match self {
            Self::One(place) => place.drive(done),
            Self::Pool(pool) => pool.drive(done),
        }
    }
}

/// Runs `test` on pools of every size, each of which has nothing left to do then.
pub(crate) fn on_pools(test: impl Fn(&Pool)) {
    for workers in SIZES {
        let pool = Pool::new(workers).expect("there are threads");
        test(&pool);
        pool.run_all().expect("no executor runs on this thread");
        assert_eq!(pool.live(), 0, "with {workers} workers somebody waits still");
    }
}

/// Runs `test` on the executors of one thread, in every order, and on pools.
pub(crate) fn anywhere(test: impl Fn(&Place<'_>)) {
    everywhere(|place| test(&Place::One(place)));
    for workers in SIZES {
        let pool = Pool::new(workers).expect("there are threads");
        let _told = Told(workers);
        (0..rounds()).for_each(|_| test(&Place::Pool(&pool)));
    }
}

/// How often a scenario is run on each pool: no two runs are the same.
fn rounds() -> u32 {
    const ROUNDS: u32 = 8;
    std::env::var("TIDEMILL_ROUNDS")
        .map_or(ROUNDS, |text| text.parse().expect("a number of rounds"))
}

/// Says where a scenario failed.
struct Told(usize);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("it failed on a pool of {} workers", self.0);
        }
    }
}

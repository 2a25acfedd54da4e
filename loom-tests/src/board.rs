//! A board is a platform in loom's sight: a clock that stands still, and a doorbell to wait for.

use loom::sync::{Arc, Condvar, Mutex};
use tidemill_core::{
    clock::{Clock, Instant},
    wait::{Doorbell, Park, Wait},
};

/// Counts rings and sleeps. Clones are the same board.
#[derive(Clone)]
pub struct Board(Arc<(Mutex<Count>, Condvar)>);

/// What a [`Board`] has counted.
#[derive(Clone, Copy, Default, Debug)]
pub struct Count {
    /// How often it was rung.
    pub rings: usize,
    /// How often somebody parked to wait for a ring.
    pub sleeps: usize,
    heard: usize,
}

impl Board {
    /// A board that nobody has rung.
    #[expect(clippy::new_without_default, reason = "a model makes it by hand")]
    pub fn new() -> Self {
        Self(Arc::new((Mutex::new(Count::default()), Condvar::new())))
    }

    /// What it has counted.
    pub fn count(&self) -> Count {
        *self.0.0.lock().unwrap()
    }
}

impl Clock for Board {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }
}

impl Doorbell for Board {
    fn ring(&self) {
        self.0.0.lock().unwrap().rings += 1;
        self.0.1.notify_one();
    }
}

impl Park for Board {
    fn park(&mut self, wait: Wait) {
        if wait == Wait::Poll {
            return;
        }
        let mut count = self.0.0.lock().unwrap();
        count.sleeps += 1;
        while count.rings == count.heard {
            count = self.0.1.wait(count).unwrap();
        }
        count.heard = count.rings;
    }
}

//! The test platform: a manual clock, a doorbell that counts, and ways to park.

#![cfg_attr(not(feature = "std"), allow(dead_code, reason = "fewer tests use it then"))]

use std::{
    future::poll_fn,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

use tidemill_core::{
    clock::{Clock, Instant, ManualClock},
    context::HOME_IS_KNOWN,
    wait::{Doorbell, Park, Wait},
};

/// Hooks of which tests keep a clone.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Parts>);

#[derive(Default)]
struct Parts {
    clock: ManualClock,
    rings: AtomicUsize,
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Board {
    pub(crate) fn rings(&self) -> usize {
        self.0.rings.load(SeqCst)
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.0.clock.advance(span);
    }

    /// Parks in virtual time: a moment comes as soon as it is waited for; to wait for nothing is a failure.
    pub(crate) fn virtual_time(&self) -> VirtualTime {
        VirtualTime { board: self.clone(), waits: Vec::new() }
    }

    /// Parks until somebody rings.
    pub(crate) fn bell(&self) -> Bell {
        Bell(self.clone())
    }
}

impl Clock for Board {
    fn now(&self) -> Instant {
        self.0.clock.now()
    }
}

impl Doorbell for Board {
    fn ring(&self) {
        self.0.rings.fetch_add(1, SeqCst);
        *self.0.rung.lock().unwrap() = true;
        self.0.bell.notify_one();
    }
}

pub(crate) struct VirtualTime {
    board: Board,
    pub(crate) waits: Vec<Wait>,
}

impl Park for VirtualTime {
    fn park(&mut self, wait: Wait) {
        self.waits.push(wait);
        match wait {
            Wait::Poll => {}
            Wait::Until(moment) => self.board.advance(moment - self.board.now()),
            Wait::Forever => panic!("nothing is left to wait for"),
        }
    }
}

pub(crate) struct Bell(Board);

impl Park for Bell {
    fn park(&mut self, wait: Wait) {
        let parts = &self.0.0;
        let mut rung = parts.rung.lock().unwrap();
        while wait != Wait::Poll && !*rung {
            rung = parts.bell.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// Without `std` there is one current Home for the whole program: a test at a time has it.
pub(crate) fn alone() -> Option<MutexGuard<'static, ()>> {
    static ALONE: Mutex<()> = Mutex::new(());
    (!HOME_IS_KNOWN).then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A trace of words.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn say(&self, word: impl Into<String>) {
        self.0.lock().unwrap().push(word.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Says its word when it is dropped.
pub(crate) struct Says(pub(crate) Log, pub(crate) &'static str);

impl Drop for Says {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

/// Gives up one turn.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A waker that leaves a mark, and for which one can wait.
#[derive(Default)]
pub(crate) struct Flag(Mutex<bool>, Condvar);

impl Flag {
    pub(crate) fn is_set(&self) -> bool {
        *self.0.lock().unwrap()
    }

    pub(crate) fn wait(&self) {
        let mut set = self.0.lock().unwrap();
        while !std::mem::take(&mut *set) {
            set = self.1.wait(set).unwrap();
        }
    }
}

impl std::task::Wake for Flag {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }
}

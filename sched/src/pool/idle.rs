//! Idle workers: who sleeps, who searches, and who is woken when there is more to do.
//!
//! | a worker        | does                                            | counts as          |
//! |-----------------|-------------------------------------------------|--------------------|
//! | at work         | gives turns                                     |                    |
//! | `search`        | looks for work everywhere                       | searching          |
//! | `found`         | is at work; the last to search wakes another    |                    |
//! | `lie_down`      | looks once more, and sleeps                     | asleep             |
//! | woken, `rise`   | searches                                        | searching          |
//!
//! Whoever queues work calls `wake_one` then, which wakes nobody while somebody searches: who searches finds it, or looks once more.
//!
//! [I1] No wake is lost: who queues work puts a fence between that and its look at who searches and sleeps; who lies down puts one between
//!      saying that it sleeps, and searches no more, and its last look for work. One of the two sees the other.
//! [I2] Whoever takes a sleeper out of the set wakes it. It counts as searching when it has risen; until then others may be woken too.
//! [I3] Whoever asks whether all are still looks at one after the other, and so counts who gets up: where the count is the same before and after, nobody
//!      was in between who took work. It is raised when a worker is out of the set, and before it takes any.

use tidemill_core::sync::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, SeqCst},
    fence,
};

use super::set::Set;

/// Which workers of a pool sleep and which search, so that whoever queues work wakes one, and no more than it takes.
#[derive(Debug)]
pub struct Idle {
    asleep: Set,
    /// Who sleeps and takes nothing: it waits on top of so many turns that it gives no more.
    full: Set,
    searching: AtomicUsize,
    /// How often somebody got up: who looks at everybody in turn sees by it that nobody moved meanwhile.
    rises: AtomicUsize,
}

impl Idle {
    /// Of so many workers, all of them at work.
    pub fn new(workers: usize) -> Self {
        Self {
            asleep: Set::new(workers),
            full: Set::new(workers),
            searching: AtomicUsize::new(0),
            rises: AtomicUsize::new(0),
        }
    }

    /// A worker has no work of its own any more, and looks for some.
    pub fn search(&self) {
        // ordering: AcqRel, see [I1].
        self.searching.fetch_add(1, AcqRel);
    }

    /// Whether the worker that asks, and searches, is the only one.
    pub(super) fn is_alone(&self) -> bool {
        // ordering: Relaxed, at worst two of them are, or none.
        self.searching.load(Relaxed) == 1
    }

    /// A worker that searches has found work. `true`: nobody searches any more, so that somebody should be woken if there is more.
    #[must_use]
    pub fn found(&self) -> bool {
        // ordering: AcqRel, see [I1].
        self.searching.fetch_sub(1, AcqRel) == 1
    }

    /// A worker that searches has found nothing, and is to sleep: it looks once more after this.
    pub fn lie_down(&self, worker: usize) {
        self.asleep.add(worker);
        // ordering: AcqRel, see below.
        self.searching.fetch_sub(1, AcqRel);
        // ordering: [I1] pairs with the fence in `wake_one`.
        fence(SeqCst);
    }

    /// Whether a worker that lay down was not woken yet.
    pub fn is_asleep(&self, worker: usize) -> bool {
        self.asleep.has(worker)
    }

    /// A worker that lay down gets up, woken or not, and searches.
    pub fn rise(&self, worker: usize) {
        // Before it is out of the set, lest it seems at work.
        self.search();
        self.asleep.remove(worker);
        self.stir();
    }

    /// A worker sleeps that takes nothing: it looks once more whether it was rung after this.
    pub(super) fn fill(&self, worker: usize) {
        self.full.add(worker);
        // ordering: pairs with the fence in `wake`, and with those of who asks whether all are still.
        fence(SeqCst);
    }

    /// It gets up.
    pub(super) fn clear(&self, worker: usize) {
        self.full.remove(worker);
        self.stir();
    }

    /// Whether a worker sleeps and takes nothing.
    pub(super) fn is_full(&self, worker: usize) -> bool {
        self.full.has(worker)
    }

    /// Somebody is out of the sets who was in one, and takes work only after this.
    fn stir(&self) {
        // ordering: AcqRel, and the fence pairs with that in `is_still`: who sees what is taken after this sees this. Who has still found them in a
        // set has looked at this count before.
        self.rises.fetch_add(1, AcqRel);
        fence(SeqCst);
    }

    /// Whether all slept for as long as `look` looked, and it said yes.
    pub fn is_still(&self, look: impl FnOnce() -> bool) -> bool {
        // ordering: Acquire, what they do after this is seen below.
        let rises = self.rises.load(Acquire);
        let still = self.asleep.covers_with(&self.full) && look();
        // ordering: pairs with the fence in `stir`.
        fence(SeqCst);
        // ordering: Acquire, as above.
        still && self.rises.load(Acquire) == rises
    }

    /// Work was queued: takes a sleeper out that is to be woken, the first of these; none, where somebody searches or nobody sleeps.
    #[must_use]
    pub fn wake_one(&self, workers: impl IntoIterator<Item = usize>) -> Option<usize> {
        // ordering: [I1] pairs with the fence in `lie_down`.
        fence(SeqCst);
        // ordering: Acquire, see [I1].
        if self.asleep.is_empty() || self.searching.load(Acquire) > 0 {
            return None;
        }
        workers.into_iter().find(|worker| self.call(*worker))
    }

    /// Work was queued that these workers alone may take: as `wake_one`, whoever searches.
    #[must_use]
    pub fn wake_one_of(&self, workers: impl IntoIterator<Item = usize>) -> Option<usize> {
        // ordering: as in `wake_one`.
        fence(SeqCst);
        workers.into_iter().find(|worker| self.call(*worker))
    }

    /// Takes this worker out, if it sleeps: then it is to be woken.
    #[must_use]
    pub fn wake(&self, worker: usize) -> bool {
        // ordering: as in `wake_one`.
        fence(SeqCst);
        self.call(worker)
    }

    fn call(&self, worker: usize) -> bool {
        self.asleep.has(worker) && self.asleep.remove(worker)
    }
}

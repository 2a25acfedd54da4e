//! A wake cell holds the waker of one waiter, without a lock.
//!
//! The cell is one word and one slot:
//!
//! | word                   | slot belongs to | `register`                        | `take`, `wake`                  |
//! |------------------------|-----------------|-----------------------------------|---------------------------------|
//! | EMPTY                  | nobody, `None`  | -> REGISTERING -> HELD            | -> WAKING -> EMPTY              |
//! | HELD                   | nobody, `Some`  | -> REGISTERING -> HELD            | -> HELD + WAKING -> EMPTY       |
//! | REGISTERING            | the registrant  | wakes its waker at once           | -> REGISTERING + WAKING         |
//! | REGISTERING + WAKING   | the registrant  | wakes its waker at once           | nothing                         |
//! | WAKING, HELD + WAKING  | the taker       | wakes its waker at once           | nothing                         |
//!
//! A registrant that finds WAKING beside REGISTERING when it is done takes its waker out again, moves to EMPTY and wakes it.
//!
//! [I1] The slot is touched only by who moved EMPTY or HELD to REGISTERING, or added WAKING to EMPTY or HELD. Only that one moves the
//!      word back to HELD or EMPTY; until then it is neither, and nobody else becomes owner.
//! [I2] The owner of the slot moves wakers and compares them, and runs no code of theirs: clones are made before, wakes and drops
//!      follow after. A waker may therefore call the same cell from its clone, wake and drop.
//! [I3] A wake is never lost: it comes before REGISTERING (then what the waking side did before is visible to who registered), or
//!      falls beside it (the registrant wakes itself), or comes after (it finds HELD).
//!
//! Source: the three states are those of `AtomicWaker` in futures-rs. Deviations: [I2]; HELD, which tells whether comparing before
//! cloning can pay; two registrants at a time wake the later one, where the original drops it.

#![expect(unsafe_code, reason = "owns a slot by the state of a word")]

use core::{fmt, task::Waker};

use crate::{
    const_new,
    sync::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
        UnsafeCell,
    },
};

const EMPTY: usize = 0;
const HELD: usize = 1;
const REGISTERING: usize = 2;
const WAKING: usize = 4;

/// The waker of one waiter, set by that waiter and woken from anywhere, without a lock.
///
/// Register first, then look whether what you wait for is there: a wake that follows a change which the look did not see finds the
/// waker.
pub struct WakeCell {
    word: AtomicUsize,
    slot: UnsafeCell<Option<Waker>>,
}

// SAFETY: [I1] gives the slot one owner at a time, and `Waker` is `Send`.
unsafe impl Sync for WakeCell {}

impl WakeCell {
    const_new! {
        /// A cell without a waker.
        pub fn new() -> Self {
            Self { word: AtomicUsize::new(EMPTY), slot: UnsafeCell::new(None) }
        }
    }

    /// Has `waker` woken by the next [`wake`](Self::wake), in place of the one before. A wake that comes at the same time, or a second
    /// registrant, has it woken at once.
    pub fn register(&self, waker: &Waker) {
        // ordering: Relaxed, a hint: it tells whether comparing before cloning can pay, and either way is right.
        let held = self.word.load(Relaxed) & HELD != 0;
        let mut fresh = if held { None } else { Some(waker.clone()) };
        loop {
            match self.renew(waker, &mut fresh) {
                Renewed::Done => return,
                Renewed::Missing => fresh = Some(waker.clone()),
                Renewed::Woken => return waker.wake_by_ref(),
            }
        }
    }

    /// Wakes the registered waker, if there is one, and forgets it.
    pub fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }

    /// Takes the registered waker out. `None` also where a registration or another `take` is under way, which then sees to the wake.
    #[must_use = "a waker that was taken out is woken by nobody else"]
    pub fn take(&self) -> Option<Waker> {
        // ordering: AcqRel. Acquire pairs with Release of the registrant's HELD: the slot. Release pairs with Acquire of REGISTERING:
        // what this thread did before becomes visible to who registers after it [I3].
        let found = self.word.fetch_or(WAKING, AcqRel);
        if found & (REGISTERING | WAKING) != 0 {
            return None;
        }
        // SAFETY: [I1], we added WAKING to EMPTY or HELD.
        let waker = self.slot.with_mut(|slot| unsafe { (*slot).take() });
        // ordering: Release pairs with Acquire of REGISTERING: the slot. It is an exchange and no store, so that it carries on
        // the Release of a `take` that came meanwhile and left the wake to us [I3].
        self.word.swap(EMPTY, Release);
        waker
    }

    /// One turn as owner of the slot: it holds `fresh` afterwards, or what wakes the same as `waker`.
    fn renew(&self, waker: &Waker, fresh: &mut Option<Waker>) -> Renewed {
        // ordering: Relaxed, a guess that the exchange checks.
        let mut found = self.word.load(Relaxed);
        loop {
            if found & (REGISTERING | WAKING) != 0 {
                return Renewed::Woken;
            }
            // ordering: Acquire pairs with Release of whoever owned the slot before (its content), and of every earlier `take` [I3].
            match self.word.compare_exchange(found, REGISTERING, Acquire, Relaxed) {
                Ok(_) => break,
                Err(now) => found = now,
            }
        }
        // [I2] `_before` and `_ours` are dropped at the end, when the word has moved on.
        let (missing, _before) = self.slot.with_mut(|slot| {
            // SAFETY: [I1], we moved EMPTY or HELD to REGISTERING.
            replace(unsafe { &mut *slot }, waker, fresh)
        });
        // ordering: Release pairs with Acquire in `take` and above: the slot. Relaxed: the exchange below acquires.
        if self.word.compare_exchange(REGISTERING, HELD, Release, Relaxed).is_ok() {
            return if missing { Renewed::Missing } else { Renewed::Done };
        }
        // SAFETY: [I1], a `take` added WAKING to REGISTERING and left the slot to us.
        let _ours = self.slot.with_mut(|slot| unsafe { (*slot).take() });
        // ordering: Release pairs with Acquire above: the slot. As in `take` an exchange, which carries on the Release of the `take`
        // beside us; who registered is woken, and acquires it when it registers again [I3].
        self.word.swap(EMPTY, Release);
        Renewed::Woken
    }
}

/// What came of a turn as owner of the slot.
#[must_use]
enum Renewed {
    /// The slot holds a waker that wakes the same.
    Done,
    /// The slot holds another waker, and there was no clone to put there.
    Missing,
    /// A wake or another registrant came at the same time: the waker is to be woken.
    Woken,
}

/// Puts `fresh` into the slot unless what is there wakes the same. Returns whether `fresh` was needed and missing, and what was replaced.
fn replace(
    slot: &mut Option<Waker>,
    waker: &Waker,
    fresh: &mut Option<Waker>,
) -> (bool, Option<Waker>) {
    if slot.as_ref().is_some_and(|held| held.will_wake(waker)) {
        return (false, None);
    }
    match fresh.take() {
        Some(fresh) => (false, slot.replace(fresh)),
        None => (true, None),
    }
}

impl Default for WakeCell {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WakeCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WakeCell")
    }
}

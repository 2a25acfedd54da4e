//! The state of a task, on which its executor, its wakers and its handle agree without a lock: a word for everybody, and beside it the
//! [home thread's half](super::own), which spares that thread almost every atomic change.
//!
//! | bit        | set by                                          | means                                                           |
//! |------------|-------------------------------------------------|-----------------------------------------------------------------|
//! | SENT       | `wake`, `cancel`; cleared by `receive`          | it is in the inbox, or one thread is putting it there           |
//! | COMPLETE   | `complete`                                      | the future is dropped; the output, if JOIN, is the handle's     |
//! | CANCELLED  | `cancel`, `cancel_here`                         | the next turn drops the future instead of polling it            |
//! | JOIN       | birth; cleared by `detach`                      | a handle wants the output                                       |
//! | AWAITED    | `await_end`; cleared by `take_back`, `detach`   | the handle has left a waker                                     |
//! | RETAKEN    | `take_back`                                     | the handle has had its slot back, so what was copied of it before says nothing |
//! | RUNNING    | `begin`, `seize`; cleared by `pause`            | it is in its turn: for [pooled](super::pooled) tasks alone      |
//! | references | the rest of the word                            | the list of all tasks 1, the handle 1, each waker 1; until COMPLETE without those counted by the home thread, and with BIAS |
//!
//! An executor of one thread knows which task it is at, and a task that is woken in its turn is queued at once. A pooled task may be taken by any
//! thread, and needs the bit: who wakes it in its turn leaves SENT to whoever gives the turn, who queues it afterwards.
//!
//! [S1] The home thread puts a task into a queue of its Local when it moves QUEUED from clear to set, and clears it when it takes it out.
//!      Any other thread puts it into the inbox, by another link, when it moves SENT from clear to set on a task that is not complete. A pooled
//!      task has one queue at a time, into which it is put by whoever moves SENT while RUNNING is clear, or by `pause` RUNNING while SENT is set.
//! [S2] A queue holds no reference, and neither does the inbox. The list of all tasks keeps its own until the task is complete and in
//!      none of them (or they are gone), so what is queued is alive.
//! [S3] COMPLETE is final. Future and output are the executor's before it; the output is the handle's after it, if JOIN was set.
//! [S4] The header lives while there are references. Until COMPLETE the word has BIAS, so that it never counts none.
//! [S5] The [slot](super::slot) is the handle's while AWAITED is clear, and for good if it was when COMPLETE came; it is the executor's for good if AWAITED
//!      was set when COMPLETE came; else nobody's. Only the handle writes. The executor copies the waker before COMPLETE, and gives up the list's reference
//!      with it: a word that has not changed, RETAKEN clear, says that nothing was written since AWAITED. Where RETAKEN is set, it keeps the reference
//!      until it has taken the waker out.
//! [S6] What ends in `_here`, and `start`, `receive`, `complete` and `retire`, is for the home thread. A pooled task has none, and what it has
//!      [instead](super::handover) is for whoever has set RUNNING.

use super::{
    own::{Begun, Left, MANY, Own},
    slot::{Copied, Slot},
};
use crate::{
    const_new,
    misuse::stop,
    sync::{
        AtomicUsize,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
};

pub(super) const SENT: usize = 1;
pub(super) const COMPLETE: usize = 1 << 1;
pub(super) const CANCELLED: usize = 1 << 2;
pub(super) const JOIN: usize = 1 << 3;
pub(super) const AWAITED: usize = 1 << 4;
pub(super) const RUNNING: usize = 1 << 5;
pub(super) const RETAKEN: usize = 1 << 6;
pub(super) const REFERENCE: usize = 1 << 7;
/// More references than the home thread's half ever lacks.
pub(super) const BIAS: usize = 4 * MANY * REFERENCE;

/// The word of a task that is waited for by nobody, and known to its list and its handle alone.
pub(super) const NEW: usize = JOIN + 2 * REFERENCE + BIAS;
/// The word of one that has ended, and is known to its handle alone.
const LEFT: usize = COMPLETE + JOIN + REFERENCE;

/// Whether a task that was woken has to be queued.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wake {
    /// Queue it; nobody else will.
    Enqueue,
    /// It is queued, or has ended.
    Nothing,
}

/// What to do with a task that is to have its turn.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// Poll it.
    Poll,
    /// Drop its future.
    Cancel,
    /// Nothing: it is in its turn already.
    Within,
    /// Nothing: it ended while it was queued. The list's reference is still held: to be given up now, if `last`; else when it leaves the inbox.
    Ended {
        /// Whether it stands in the inbox no more.
        last: bool,
    },
}

/// What to do with a task that left the inbox.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Receive {
    /// Queue it.
    Enqueue,
    /// Give up the list's reference, which is still held: it ended while it was there.
    Bury,
    /// Nothing: it is queued.
    Nothing,
}

/// What to do with a task that has its output.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Complete {
    /// Not complete yet: nobody wants the output. Drop it, then ask again.
    DropOutput,
    /// Tell the handle, whose waker this is. The list's reference is given up.
    Tell(Copied),
    /// Tell the handle, whose waker is in the slot. The list's reference is still held: to be given up then, unless the task is queued.
    TellSlowly {
        /// Whether it is.
        queued: bool,
    },
    /// Nothing; the list's reference is still held, until the task leaves its queue.
    Queued,
    /// Nothing; the list's reference is given up.
    Nothing,
    /// Free it; that was the last reference.
    Free,
}

/// What to do after a reference went.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// Free it; that was the last one.
    Free,
    /// Others hold it.
    Nothing,
}

/// See the [module](self).
pub(crate) struct State(pub(super) AtomicUsize);

impl State {
    const_new! {
        /// A new task, with a handle.
        pub(crate) fn spawned() -> Self {
            Self(AtomicUsize::new(JOIN | (2 * REFERENCE + BIAS)))
        }
    }

    const_new! {
        /// A new task without a handle; and the root of a Home, which never completes while its Local lives.
        pub(crate) fn alone() -> Self {
            Self(AtomicUsize::new(REFERENCE + BIAS))
        }
    }

    /// A new pooled task without a handle, in its turn, with a waker already.
    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn in_turn() -> Self {
        Self(AtomicUsize::new(RUNNING | (2 * REFERENCE + BIAS)))
    }

    /// Wakes the task, from its home thread.
    #[inline]
    pub(super) fn wake_here(own: &Own) -> Wake {
        if own.queue() { Wake::Enqueue } else { Wake::Nothing }
    }

    /// Wakes the task, from elsewhere.
    #[inline]
    pub(super) fn wake(&self) -> Wake {
        self.send(SENT)
    }

    /// Asks for its end, from its home thread.
    pub(super) fn cancel_here(&self, own: &Own) -> Wake {
        // ordering: Relaxed, `start` reads it on this thread.
        self.0.fetch_or(CANCELLED, Relaxed);
        Self::wake_here(own)
    }

    /// Asks for its end, from elsewhere.
    pub(super) fn cancel(&self) -> Wake {
        self.send(SENT | CANCELLED)
    }

    #[inline]
    fn send(&self, bits: usize) -> Wake {
        // ordering: Release pairs with Acquire in `receive`: the poll sees what its waker did before. Also when the bit was set
        // already, hence no look before this. Acquire pairs with Release in `receive`: the inbox is done with the link.
        let before = self.0.fetch_or(bits, AcqRel);
        if before & (SENT | RUNNING | COMPLETE) == 0 { Wake::Enqueue } else { Wake::Nothing }
    }

    /// Wakes the task and gives up a reference, on its home thread. `None`: it has ended, and the reference is still held.
    #[inline]
    pub(super) fn wake_here_and_release(&self, own: &Own) -> Option<Wake> {
        let moved = own.count(-1)?;
        self.add(moved);
        Some(Self::wake_here(own))
    }

    /// It is new, and sent instead of queued. Nobody else has seen it.
    pub(super) fn count_as_sent(&self, own: &Own) {
        own.leave_queue();
        // ordering: Relaxed, the inbox publishes it.
        self.0.fetch_or(SENT, Relaxed);
    }

    /// It has left the inbox.
    #[inline]
    pub(super) fn receive(&self, own: &Own) -> Receive {
        // ordering: Acquire pairs with Release in `send`, Release with Acquire there: whoever sends it next owns the link.
        self.0.fetch_and(!SENT, AcqRel);
        match own.receive() {
            Left::Alive => Receive::Enqueue,
            Left::Ended => Receive::Bury,
            Left::Elsewhere => Receive::Nothing,
        }
    }

    /// Begins a turn. The task has just left its queue.
    #[inline(always)]
    pub(super) fn start(&self, own: &Own) -> Start {
        match own.begin() {
            // ordering: Relaxed, who cancels elsewhere sends it too, and `receive` has acquired that.
            Begun::Alive if self.0.load(Relaxed) & CANCELLED == 0 => Start::Poll,
            Begun::Alive => Start::Cancel,
            Begun::Within => Start::Within,
            Begun::Ended { last } => Start::Ended { last },
        }
    }

    /// Ends the task. The future is dropped, its output stands in the cell unless `output_dropped`.
    #[inline(always)] // Each of its callers is one place, which ends every task.
    pub(super) fn complete(&self, own: &Own, slot: &Slot, output_dropped: bool) -> Complete {
        // ordering: Acquire as in `complete_any`.
        let word = self.0.load(Acquire);
        if own.is_plain() && word & !AWAITED == NEW {
            // As most tasks end: the list and the handle know it, and perhaps the handle waits.
            let _ = own.end();
            let waker = slot.copy();
            // ordering: as in `complete_any`.
            if self.0.compare_exchange(word, word - NEW + LEFT, AcqRel, Relaxed).is_ok() {
                return if word & AWAITED == 0 { Complete::Nothing } else { Complete::Tell(waker) };
            }
            own.go_on(0);
        }
        self.complete_any(own, slot, output_dropped)
    }

    /// As `complete`, whoever knows the task.
    fn complete_any(&self, own: &Own, slot: &Slot, output_dropped: bool) -> Complete {
        // ordering: Acquire pairs with Release in `release` and `detach`, where it finds that nobody else is left: whatever they did.
        let mut word = self.0.load(Acquire);
        // Before the word, since afterwards others may free it.
        let (counted_here, queued_here) = own.end();
        if word == BIAS + REFERENCE && output_dropped && counted_here == 0 && !queued_here {
            // The list's reference is the only one, and nobody else can make another.
            return Complete::Free;
        }
        loop {
            if word & JOIN == 0 && !output_dropped {
                own.go_on(counted_here);
                return Complete::DropOutput;
            }
            let told = word & AWAITED != 0;
            let kept = queued_here || word & SENT != 0 || (told && word & RETAKEN != 0);
            let waker = slot.copy();
            let counted = (word | COMPLETE).wrapping_add_signed(references(counted_here));
            let next = counted - BIAS - if kept { 0 } else { REFERENCE };
            // ordering: Release pairs with Acquire in `is_complete`, publishing the output; and keeps the copy before it [S5].
            // Acquire pairs with Release in `await_end` (its waker) and in `release` (whatever other references did).
            match self.0.compare_exchange_weak(word, next, AcqRel, Acquire) {
                Ok(_) if kept => return self.kept(own, word, queued_here),
                Ok(_) if told => return Complete::Tell(waker),
                Ok(_) if next < REFERENCE => return Complete::Free,
                Ok(_) => return Complete::Nothing,
                Err(now) => word = now,
            }
        }
    }

    /// What to do with a task that is complete, where the list's reference is still held.
    fn kept(&self, own: &Own, before: usize, queued_here: bool) -> Complete {
        let sent = before & SENT != 0;
        if sent {
            own.note_sent();
        }
        match before & AWAITED != 0 {
            true => Complete::TellSlowly { queued: queued_here || sent },
            false => Complete::Queued,
        }
    }

    /// Gives up the root's reference of its Local, which goes.
    pub(super) fn retire(&self, own: &Own) -> Rest {
        let counted = references(own.references());
        let _ = own.end();
        let change = counted.wrapping_sub_unsigned(BIAS + REFERENCE);
        // ordering: as in `release`.
        let before = self.0.fetch_add(change.cast_unsigned(), AcqRel);
        if before.wrapping_add_signed(change) < REFERENCE { Rest::Free } else { Rest::Nothing }
    }

    /// One more reference, on the home thread.
    #[inline]
    pub(super) fn retain_here(&self, own: &Own) {
        match own.count(1) {
            Some(moved) => self.add(moved),
            None => self.retain(),
        }
    }

    /// One more reference.
    #[inline]
    pub(super) fn retain(&self) {
        // ordering: Relaxed, who has a reference makes another.
        let before = self.0.fetch_add(REFERENCE, Relaxed);
        if before > usize::MAX / 2 {
            self.overflow();
        }
    }

    #[cold]
    fn overflow(&self) -> ! {
        // ordering: Relaxed, takes back what `retain` did; wakers by the million million must have been forgotten.
        self.0.fetch_sub(REFERENCE, Relaxed);
        stop("too many wakers of one task");
    }

    /// One reference less, on the home thread.
    #[inline]
    pub(super) fn release_here(&self, own: &Own) -> Rest {
        let Some(moved) = own.count(-1) else { return self.release() };
        // [S2] Not complete: the list holds a reference, so ours was not the last.
        self.add(moved);
        Rest::Nothing
    }

    /// One reference less.
    #[inline]
    pub(super) fn release(&self) -> Rest {
        // ordering: Acquire as below. Where only our own reference is left nobody can make another, and no change is needed.
        if self.0.load(Acquire) < 2 * REFERENCE {
            return Rest::Free;
        }
        // ordering: Release makes what this reference did visible to who frees; Acquire pairs with it in the last one.
        let before = self.0.fetch_sub(REFERENCE, AcqRel);
        if before < 2 * REFERENCE { Rest::Free } else { Rest::Nothing }
    }

    /// Counts references here that the home thread counted so far.
    #[inline]
    fn add(&self, moved: isize) {
        if moved != 0 {
            self.add_many(moved);
        }
    }

    #[cold]
    fn add_many(&self, moved: isize) {
        // ordering: Relaxed, the list's reference goes later, from this thread, with Release.
        let before = self.0.fetch_add(references(moved).cast_unsigned(), Relaxed);
        if moved > 0 && before > usize::MAX / 2 {
            // The newest of them does not come to be; the others are counted.
            self.overflow();
        }
    }
}

/// So many references, as the word counts them.
const fn references(number: isize) -> isize {
    number * REFERENCE.cast_signed()
}

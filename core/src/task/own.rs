//! The home thread's half of a task's state: what changes at every turn and with every waker, and needs no atomic change there.
//!
//! | flag    | set by                                   | cleared by | means                                                      |
//! |---------|------------------------------------------|------------|------------------------------------------------------------|
//! | QUEUED  | birth, `queue`, `receive`                | `begin`    | it is in a queue of its Local                              |
//! | ENDED   | `end`                                    | `go_on`    | the word says COMPLETE, and all references are counted there |
//! | SENT    | `note_sent`, where it was in the inbox at its end | `receive`  | it still is                                       |
//! | AWAY    | `go_away`, where it was made elsewhere   | `arrive`   | it is on its way to its home, and in no list               |
//! | RUNNING | `begin`                                  | `pause`    | it is in its turn                                          |
//! | AGAIN   | `begin`, in a turn within its turn       | `pause`    | it was taken out of its queue, where it belongs again afterwards |
//!
//! References that come and go on the home thread are counted here, the others in the word: after biased reference counting (Choi, Shull,
//! Torrellas 2018). This half may fall below zero, and is moved to the word when it grows too large, and when the task ends.
//!
//! [O1] All of it is for the home thread.
//! [O2] Until ENDED the list of all tasks has its reference, so neither half alone says that there is none.

#![expect(unsafe_code, reason = "is shared with threads that keep away from it")]

use crate::{const_new, sync::UnsafeCell};

const QUEUED: u8 = 1;
const ENDED: u8 = 1 << 1;
const SENT: u8 = 1 << 2;
const AWAY: u8 = 1 << 3;
const RUNNING: u8 = 1 << 4;
const AGAIN: u8 = 1 << 5;

/// So many references at most are moved to the word at once.
pub(super) const MANY: usize = 1 << (i8::BITS - 1);

/// What to do with a task that leaves a queue.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    /// It lives.
    Alive,
    /// Bury it: it has ended, and stands in no other queue. The list's reference is still held.
    Ended,
    /// Nothing: it has ended, or is queued, and stands in another queue.
    Elsewhere,
}

/// What to do with a task that is to have its turn.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Begun {
    /// It is in its turn.
    Alive,
    /// Nothing: it was in its turn already.
    Within,
    /// Nothing: it has ended while it was queued, and is in no queue now.
    Ended {
        /// Whether it stands in the inbox no more.
        last: bool,
    },
}

/// See the [module](self).
pub(super) struct Own(UnsafeCell<Parts>);

struct Parts {
    flags: u8,
    references: i8,
}

impl Own {
    const_new! {
        /// Of a new task, which is to be queued.
        pub(super) fn queued() -> Self {
            Self(UnsafeCell::new(Parts { flags: QUEUED, references: 0 }))
        }
    }

    const_new! {
        /// Of a root, which is not.
        pub(super) fn idle() -> Self {
            Self(UnsafeCell::new(Parts { flags: 0, references: 0 }))
        }
    }

    /// Of a new task that is not queued, and has a waker already.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) fn wakeable() -> Self {
        Self(UnsafeCell::new(Parts { flags: 0, references: 1 }))
    }

    #[inline(always)]
    fn change<R>(&self, change: impl FnOnce(&mut Parts) -> R) -> R {
        self.0.with_mut(|parts| {
            // SAFETY: [O1] this is the home thread; and what changes the parts leads nowhere else.
            change(unsafe { &mut *parts })
        })
    }

    /// Notes that it is queued. `false`: it was, or has ended.
    #[inline]
    pub(super) fn queue(&self) -> bool {
        self.change(|own| {
            let fresh = own.flags & (QUEUED | ENDED) == 0;
            own.flags |= if fresh { QUEUED } else { 0 };
            fresh
        })
    }

    /// A new task that was [wakeable](Self::wakeable) is to be queued after all, and has no waker.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) fn queue_new(&self) {
        self.change(|own| *own = Parts { flags: QUEUED, references: 0 });
    }

    /// Queues it for a reference that is counted here, and given up, in one step. `false`: that takes more than one, or it is queued, or has ended.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(super) fn queue_and_release(&self) -> bool {
        self.change(|own| {
            let simple = own.flags & (QUEUED | ENDED) == 0 && own.references > 0;
            if simple {
                own.flags |= QUEUED;
                own.references -= 1;
            }
            simple
        })
    }

    /// Begins a turn of a task that has just left its queue.
    #[inline(always)]
    pub(super) fn begin(&self) -> Begun {
        self.change(|own| {
            if own.flags != QUEUED {
                return own.begin_otherwise();
            }
            own.flags = RUNNING;
            Begun::Alive
        })
    }

    /// Ends a turn. `true`: the task was taken out of its queue meanwhile, where it belongs again.
    #[inline(always)]
    pub(super) fn pause(&self) -> bool {
        self.change(|own| {
            let before = own.flags;
            own.flags &= !(RUNNING | AGAIN);
            before & AGAIN != 0
        })
    }

    /// Notes that it is not queued after all.
    pub(super) fn leave_queue(&self) {
        self.change(|own| own.flags &= !QUEUED);
    }

    /// Notes that it is on its way to its home.
    pub(super) fn go_away(&self) {
        self.change(|own| own.flags |= AWAY);
    }

    /// Notes that it is at its home. `false`: it was.
    pub(super) fn arrive(&self) -> bool {
        self.change(|own| {
            let was_away = own.flags & AWAY != 0;
            own.flags &= !AWAY;
            was_away
        })
    }

    /// Notes that it has left the inbox, and is queued now if it lives.
    #[inline]
    pub(super) fn receive(&self) -> Left {
        self.change(|own| {
            if own.flags & ENDED != 0 {
                own.flags &= !SENT;
                return own.end();
            }
            let fresh = own.flags & QUEUED == 0;
            own.flags |= QUEUED;
            if fresh { Left::Alive } else { Left::Elsewhere }
        })
    }

    /// Whether there is nothing to say of it: it is in no queue and in no turn, has not ended, and no reference is counted here.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.change(|own| own.flags | own.references.cast_unsigned() == 0)
    }

    /// Whether it has ended.
    #[inline]
    pub(super) fn has_ended(&self) -> bool {
        self.change(|own| own.flags & ENDED != 0)
    }

    /// How many references are counted here.
    #[inline]
    pub(super) fn references(&self) -> isize {
        self.change(|own| own.references.into())
    }

    /// Notes the end: no reference is counted here from now on. How many were, and whether the task is queued.
    #[inline(always)]
    pub(super) fn end(&self) -> (isize, bool) {
        self.change(|own| {
            let before = (own.references.into(), own.flags & QUEUED != 0);
            own.flags |= ENDED;
            own.references = 0;
            before
        })
    }

    /// Notes that it is in the inbox at its end.
    #[inline]
    pub(super) fn note_sent(&self) {
        self.change(|own| own.flags |= SENT);
    }

    /// It has not ended yet after all, and so many references are counted here, as before.
    #[inline]
    pub(super) fn go_on(&self, references: isize) {
        self.change(|own| {
            own.flags &= !ENDED;
            // There are no more than fit.
            own.references = references as i8;
        });
    }

    /// Counts so many references more, if the task has not ended; otherwise `None`. `Some(n)`: so many are for the word, and not here any more.
    #[inline]
    pub(super) fn count(&self, more: i8) -> Option<isize> {
        self.change(|own| {
            if own.flags & ENDED != 0 {
                return None;
            }
            if let Some(references) = own.references.checked_add(more) {
                own.references = references;
                return Some(0);
            }
            Some(isize::from(core::mem::take(&mut own.references)) + isize::from(more))
        })
    }
}

impl Parts {
    #[cold]
    fn begin_otherwise(&mut self) -> Begun {
        debug_assert_ne!(self.flags & QUEUED, 0, "[S1] of `state`");
        if self.flags & RUNNING != 0 {
            // It stays QUEUED, and is queued again when that is over.
            self.flags |= AGAIN;
            return Begun::Within;
        }
        self.flags &= !QUEUED;
        if self.flags & ENDED != 0 {
            return Begun::Ended { last: self.end() == Left::Ended };
        }
        self.flags |= RUNNING;
        Begun::Alive
    }

    #[cold]
    fn end(&self) -> Left {
        if self.flags & (QUEUED | SENT) == 0 { Left::Ended } else { Left::Elsewhere }
    }
}
